#include "inv.h"

#include <stddef.h>

#include "model.h"

/* Offsets are below 2^62 when the invariant holds; each predicate bounds them before it computes with them. */
#define HOLDS(predicate, clause)                                                                                       \
  do {                                                                                                                 \
    if (!(clause)) return predicate ": " #clause;                                                                      \
  } while (false)
#define ALSO(call)                                                                                                     \
  do {                                                                                                                 \
    const char *broken = (call);                                                                                       \
    if (broken != NULL) return broken;                                                                                 \
  } while (false)

static int64_t snd_end(const struct vtcp *c) { return c->snd.base + c->snd.len; }
static int64_t snd_all(const struct vtcp *c) { return snd_end(c) + (c->fin ? 1 : 0); }

/* ---- spec/ring.acsl ---- */

static const char *ring_inv(const struct vtcp_ring *r) {
  HOLDS("vtcp_ring_inv", 0 < r->cap && r->cap <= VTCP_BUFFER_MAX);
  HOLDS("vtcp_ring_inv", r->head < r->cap);
  HOLDS("vtcp_ring_inv", r->len <= r->cap);
  HOLDS("vtcp_ring_inv", 0 <= r->base && r->base <= VTCP_OFFSET_MAX);
  HOLDS("vtcp_ring_inv", r->base + r->len <= VTCP_OFFSET_MAX);
  return NULL;
}

/* ---- spec/reassembly.acsl ---- */

static const char *reassembly_shape(const struct vtcp_reassembly *r) {
  HOLDS("vtcp_reassembly_shape", 0 < r->cap && r->cap <= VTCP_BUFFER_MAX);
  HOLDS("vtcp_reassembly_shape", r->head < r->cap);
  HOLDS("vtcp_reassembly_shape", r->len <= r->cap);
  HOLDS("vtcp_reassembly_shape", r->len <= r->nxt && r->nxt <= VTCP_OFFSET_MAX);
  return NULL;
}

static const char *reassembly_slots(const struct vtcp_reassembly *r) {
  int64_t limit = r->nxt - r->len + r->cap;
  if (limit > VTCP_OFFSET_MAX) limit = VTCP_OFFSET_MAX;
  for (int i = 0; i < VTCP_RANGES; i++) {
    if (r->lo[i] == r->hi[i]) continue;
    HOLDS("vtcp_reassembly_slots", r->nxt < r->lo[i]);
    HOLDS("vtcp_reassembly_slots", r->lo[i] < r->hi[i]);
    HOLDS("vtcp_reassembly_slots", r->hi[i] <= limit);
  }
  return NULL;
}

static bool reassembly_apart(int64_t a, int64_t b, int64_t c, int64_t d) { return a == b || c == d || b < c || d < a; }

static const char *reassembly_disjoint(const struct vtcp_reassembly *r) {
  for (int i = 0; i < VTCP_RANGES; i++)
    for (int j = 0; j < VTCP_RANGES; j++)
      HOLDS("vtcp_reassembly_disjoint", i == j || reassembly_apart(r->lo[i], r->hi[i], r->lo[j], r->hi[j]));
  return NULL;
}

/* ---- spec/tcb.acsl ---- */

static const char *tcb_snd(const struct vtcp *c) {
  ALSO(ring_inv(&c->snd));
  HOLDS("tcb_snd", snd_end(c) < VTCP_OFFSET_MAX);
  HOLDS("tcb_snd", 1 <= c->snd.base);
  HOLDS("tcb_snd", 0 <= c->snd_una && c->snd_una <= c->snd_nxt);
  HOLDS("tcb_snd", c->snd_nxt <= snd_all(c));
  HOLDS("tcb_snd", c->snd_una <= c->snd_ptr && c->snd_ptr <= c->snd_nxt);
  HOLDS("tcb_snd", 0 <= c->snd_up && c->snd_up <= VTCP_OFFSET_MAX);
  HOLDS("tcb_snd", c->snd_wnd <= VTCP_BUFFER_MAX);
  HOLDS("tcb_snd", c->snd_wnd_max <= VTCP_BUFFER_MAX);
  HOLDS("tcb_snd", c->snd_una != 0 || c->snd.base == 1);
  HOLDS("tcb_snd", c->snd_una < 1 || c->snd_una > snd_end(c) || c->snd.base == c->snd_una);
  HOLDS("tcb_snd", c->snd_una <= snd_end(c) || c->snd.len == 0);
  return NULL;
}

static const char *tcb_edges(const struct vtcp *c) {
  HOLDS("tcb_edges", c->rcv_adv <= VTCP_OFFSET_MAX);
  HOLDS("tcb_edges", -1 <= c->rcv_fin && c->rcv_fin < c->rcv_adv);
  HOLDS("tcb_edges", c->rcv_adv <= c->rcv.nxt - c->rcv.len + c->rcv.cap);
  HOLDS("tcb_edges", 0 <= c->rcv_up && c->rcv_up <= VTCP_OFFSET_MAX + 0x8000FFFF);
  HOLDS("tcb_edges", 0 <= c->ack_sent && c->ack_sent <= VTCP_OFFSET_MAX);
  return NULL;
}

static const char *tcb_rcv(const struct vtcp *c) {
  HOLDS("tcb_rcv", 1 <= c->rcv.nxt);
  HOLDS("tcb_rcv", c->rcv.nxt <= c->rcv_nxt && c->rcv_nxt - c->rcv.nxt <= 1);
  HOLDS("tcb_rcv", c->rcv_nxt <= c->rcv_adv);
  ALSO(tcb_edges(c));
  return NULL;
}

static const char *tcb_reassembly(const struct vtcp *c) {
  ALSO(reassembly_shape(&c->rcv));
  ALSO(reassembly_slots(&c->rcv));
  ALSO(reassembly_disjoint(&c->rcv));
  return NULL;
}

static const char *tcb_window(const struct vtcp *c) {
  for (int i = 0; i < VTCP_RANGES; i++) HOLDS("tcb_window", c->rcv.lo[i] == c->rcv.hi[i] || c->rcv.hi[i] <= c->rcv_adv);
  return NULL;
}

static const char *tcb_options(const struct vtcp *c) {
  HOLDS("tcb_options", 64 <= c->mss && c->mss <= 65475);
  HOLDS("tcb_options", 64 <= c->snd_mss && c->snd_mss <= 65475);
  HOLDS("tcb_options", c->rcv_shift <= 14);
  HOLDS("tcb_options", 1 <= c->snd_factor && c->snd_factor <= 16384);
  HOLDS("tcb_options", 1 <= c->rcv_factor && c->rcv_factor <= 16384);
  return NULL;
}

/* spec/rtt.acsl, spec/congestion.acsl, spec/challenge.acsl, spec/keepalive.acsl */
static const char *tcb_policy(const struct vtcp *c) {
  HOLDS("vtcp_rtt_inv", VTCP_RTO_FLOOR <= c->rtt.rto_min && c->rtt.rto_min <= c->rtt.rto);
  HOLDS("vtcp_rtt_inv", c->rtt.rto <= VTCP_RTO_MAX);
  HOLDS("vtcp_rtt_inv", c->rtt.srtt <= VTCP_RTO_MAX && c->rtt.rttvar <= VTCP_RTO_MAX);
  HOLDS("vtcp_rtt_inv", -1 <= c->rtt.timed_end);
  HOLDS("vtcp_congestion_inv", VTCP_SMSS_MIN <= c->cc.smss && c->cc.smss <= VTCP_SMSS_MAX);
  HOLDS("vtcp_congestion_inv", c->cc.smss <= c->cc.cwnd && c->cc.cwnd <= VTCP_CWND_MAX);
  HOLDS("vtcp_congestion_inv", 2 * c->cc.smss <= c->cc.ssthresh && c->cc.ssthresh <= VTCP_CWND_MAX);
  HOLDS("vtcp_congestion_inv", c->cc.acked < c->cc.cwnd);
  HOLDS("vtcp_challenge_inv", c->challenge.count <= VTCP_CHALLENGE_MAX);
  HOLDS("vtcp_keepalive_inv", 1 <= c->keep.idle && c->keep.idle <= VTCP_DURATION_MAX);
  HOLDS("vtcp_keepalive_inv", 1 <= c->keep.interval && c->keep.interval <= VTCP_DURATION_MAX);
  HOLDS("vtcp_keepalive_inv", VTCP_KEEPALIVE_COUNT_LEAST <= c->keep.count && c->keep.count <= VTCP_KEEPALIVE_COUNT_MAX);
  HOLDS("vtcp_keepalive_inv", c->keep.sent <= c->keep.count);
  HOLDS("vtcp_keepalive_inv", c->keep.at <= VTCP_TIME_MAX + VTCP_DURATION_MAX);
  HOLDS("tcb_policy", c->msl <= VTCP_DURATION_MAX);
  HOLDS("tcb_policy", c->user_timeout <= VTCP_DURATION_MAX);
  return NULL;
}

static const char *tcb_opening(const struct vtcp *c) {
  if (c->state < VTCP_LISTEN || c->state > VTCP_SYN_RECEIVED) return NULL;
  HOLDS("tcb_fresh", c->snd_una == 0);
  HOLDS("tcb_fresh", c->snd_nxt <= 1);
  HOLDS("tcb_fresh", !c->fin);
  HOLDS("tcb_receive_fresh", c->rcv_nxt == 1 && c->rcv.nxt == 1);
  HOLDS("tcb_receive_fresh", c->rcv_fin == -1);
  return NULL;
}

static const char *tcb_fins(const struct vtcp *c) {
  if (c->state < VTCP_ESTABLISHED) return NULL;
  HOLDS("tcb_fins", c->snd_una >= 1);
  HOLDS("tcb_fins", c->fin == (c->state != VTCP_ESTABLISHED && c->state != VTCP_CLOSE_WAIT));
  HOLDS("tcb_fins", (c->rcv_nxt == c->rcv.nxt + 1) == (c->state >= VTCP_CLOSE_WAIT));
  return NULL;
}

static const char *tcb_state(const struct vtcp *c) {
  HOLDS("tcb_state", VTCP_CLOSED <= c->state && c->state <= VTCP_TIME_WAIT);
  HOLDS("tcb_state", !c->close_wanted || c->state == VTCP_SYN_RECEIVED);
  ALSO(tcb_opening(c));
  ALSO(tcb_fins(c));
  return NULL;
}

static const char *tcb_acked(const struct vtcp *c) {
  if (c->state != VTCP_FIN_WAIT_2 && c->state != VTCP_TIME_WAIT) return NULL;
  HOLDS("tcb_acked", c->snd_una == snd_end(c) + 1);
  return NULL;
}

static const char *tcb_unacked(const struct vtcp *c) {
  if (c->state != VTCP_FIN_WAIT_1 && c->state != VTCP_CLOSING && c->state != VTCP_LAST_ACK) return NULL;
  HOLDS("tcb_unacked", c->snd_una <= snd_end(c));
  return NULL;
}

static const char *tcb_armed(const struct vtcp *c) {
  HOLDS("tcb_armed", c->state < VTCP_SYN_SENT || c->snd_una == c->snd_ptr || c->rtx_at != VTCP_NEVER ||
                         (c->state >= VTCP_ESTABLISHED && (c->rtx_head || c->probe)));
  HOLDS("tcb_armed", (c->state == VTCP_TIME_WAIT) == (c->wait_at != VTCP_NEVER));
  HOLDS("tcb_armed", c->state != VTCP_TIME_WAIT || c->user_at == VTCP_NEVER);
  HOLDS("tcb_armed", !c->ack_due || c->state >= VTCP_SYN_RECEIVED);
  HOLDS("tcb_armed", c->state > VTCP_LISTEN || (c->rtx_at == VTCP_NEVER && c->user_at == VTCP_NEVER));
  return NULL;
}

static const char *quiet(const struct vtcp *c) {
  if (c->state != VTCP_CLOSED) return NULL;
  HOLDS("vtcp_quiet", !c->rtx_head && !c->probe);
  HOLDS("vtcp_quiet", c->rtx_at == VTCP_NEVER);
  HOLDS("vtcp_quiet", c->user_at == VTCP_NEVER);
  HOLDS("vtcp_quiet", c->wait_at == VTCP_NEVER);
  return NULL;
}

const char *inv_broken(const struct vtcp *c) {
  ALSO(tcb_snd(c));
  ALSO(tcb_reassembly(c));
  ALSO(tcb_rcv(c));
  ALSO(tcb_window(c));
  ALSO(tcb_options(c));
  ALSO(tcb_policy(c));
  ALSO(tcb_state(c));
  ALSO(tcb_acked(c));
  ALSO(tcb_unacked(c));
  ALSO(tcb_armed(c));
  ALSO(quiet(c));
  return NULL;
}

const char *inv_idle_broken(const struct vtcp *c, uint64_t now) {
  HOLDS("T7_armed", c->state < VTCP_ESTABLISHED || c->snd_ptr == snd_all(c) || c->rtx_at != VTCP_NEVER);
  HOLDS("T7_outstanding", c->state < VTCP_SYN_SENT || c->snd_una == c->snd_nxt || c->rtx_at != VTCP_NEVER);
  HOLDS("T7_syn", (c->state != VTCP_SYN_SENT && c->state != VTCP_SYN_RECEIVED) || c->snd_ptr == 1);
  HOLDS("T7_ack", !c->ack_due || c->ack_at > now || c->state < VTCP_SYN_RECEIVED);
  HOLDS("T7_wait", c->state != VTCP_TIME_WAIT || c->wait_at != VTCP_NEVER);
  HOLDS("T7_deadline", !model_keep_runs(c) || c->keep.at > now || c->keep.sent == c->keep.count);
  HOLDS("T7_reset", !c->rst_due);
  return NULL;
}

/* ---- far on in the streams ---- */

static void advance_received(struct vtcp *c, int64_t by) {
  c->irs -= (uint32_t)by;
  c->rcv_nxt += by;
  c->rcv_adv = c->rcv_adv + by < VTCP_OFFSET_MAX ? c->rcv_adv + by : VTCP_OFFSET_MAX;
  if (c->rcv_fin >= 0) c->rcv_fin += by;
  c->rcv_up += by;
  c->rcv.nxt += by;
  c->ack_sent += by;
  c->snd_wl1 += by;
  for (int i = 0; i < VTCP_RANGES; i++) {
    c->rcv.lo[i] += by;
    c->rcv.hi[i] += by;
  }
}

void inv_advance(struct vtcp *c, int64_t by) {
  c->iss -= (uint32_t)by;
  c->snd_una += by;
  c->snd_nxt += by;
  c->snd_ptr += by;
  c->snd_up += by;
  c->snd_wl2 += by;
  c->snd.base += by;
  c->cc.recover += by;
  if (c->rtt.timed_end >= 0) c->rtt.timed_end += by;
  advance_received(c, by);
}

/* ---- RFC 9293 figure 5, and the ends of a connection ---- */

static const unsigned next_states[] = {
    [VTCP_CLOSED] = 1u << VTCP_LISTEN | 1u << VTCP_SYN_SENT,
    [VTCP_LISTEN] = 1u << VTCP_SYN_SENT | 1u << VTCP_SYN_RECEIVED | 1u << VTCP_CLOSED,
    [VTCP_SYN_SENT] = 1u << VTCP_SYN_RECEIVED | 1u << VTCP_ESTABLISHED | 1u << VTCP_CLOSE_WAIT | 1u << VTCP_CLOSED,
    [VTCP_SYN_RECEIVED] = 1u << VTCP_LISTEN | 1u << VTCP_ESTABLISHED | 1u << VTCP_CLOSE_WAIT | 1u << VTCP_FIN_WAIT_1 |
                          1u << VTCP_CLOSING | 1u << VTCP_CLOSED,
    [VTCP_ESTABLISHED] = 1u << VTCP_CLOSE_WAIT | 1u << VTCP_FIN_WAIT_1 | 1u << VTCP_CLOSED,
    [VTCP_FIN_WAIT_1] = 1u << VTCP_FIN_WAIT_2 | 1u << VTCP_CLOSING | 1u << VTCP_TIME_WAIT | 1u << VTCP_CLOSED,
    [VTCP_FIN_WAIT_2] = 1u << VTCP_TIME_WAIT | 1u << VTCP_CLOSED,
    [VTCP_CLOSE_WAIT] = 1u << VTCP_LAST_ACK | 1u << VTCP_CLOSED,
    [VTCP_CLOSING] = 1u << VTCP_TIME_WAIT | 1u << VTCP_CLOSED,
    [VTCP_LAST_ACK] = 1u << VTCP_CLOSED,
    [VTCP_TIME_WAIT] = 1u << VTCP_CLOSED,
};

bool inv_may_follow(enum vtcp_state from, enum vtcp_state to) {
  if ((unsigned)from > VTCP_TIME_WAIT || (unsigned)to > VTCP_TIME_WAIT) return false;
  return from == to || (next_states[from] >> to & 1u) != 0;
}
