/*
 * Two endpoints and, between them, an adversary who loses, doubles, delays, reorders and corrupts what they send, and
 * forges segments that carry nothing the peer has not written. After each step: sim_check (tests/support/sim.c), so
 * that what was read is a prefix of what was written. When nothing was forged and nobody gave up, all of it arrives
 * and both sides end CLOSED once the adversary has left.
 *
 * The first two records (support/records.h) configure A and B; octet 0 of the others says what the step does.
 */
#include "support/records.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 30000u
#define WRITTEN_MAX 5000u

struct run {
  struct sim *s;
  bool fair;
  uint32_t room[2]; /* octets that are still to be written */
  uint8_t text[TEXT_MAX];
};

static enum side other(enum side e) { return e == A ? B : A; }
static enum side side_of(const uint8_t *x) { return (x[1] & 1u) != 0 ? B : A; }

static struct sim_options options_of(const uint8_t *x, enum side e) {
  static const uint32_t caps[] = {1, 2, 7, 64, 100, 536, 1000, 1460, 3000, 8192, 20000, 65535, 65536, 100000, 300, 0};
  static const uint16_t sizes[] = {64, 65, 100, 536, 1000, 1460, 9000, 65475};
  static const uint64_t waits[] = {1, 1000, 1000000, 120000000};
  static const uint64_t rto_min[] = {1000, 200000, 1000000, 60000000};
  struct sim_options o;
  memset(&o, 0, sizeof o);
  o.iss = record_value(x) != 0 ? record_value(x) : 100u + (uint32_t)e;
  o.snd_cap = caps[x[1] % 16u];
  o.rcv_cap = caps[x[2] % 16u];
  o.mss = sizes[x[3] % 8u];
  o.window_shift = x[4] % 15u;
  o.window_scale = (x[5] & 1u) != 0;
  o.nagle = (x[5] & 2u) != 0;
  o.msl = waits[x[6] % 4u];
  o.rto_min = rto_min[x[6] >> 4 & 3u];
  o.user_timeout = x[7] < 224 ? 0 : waits[x[7] % 4u];
  return o;
}

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

static void prepare(struct run *r, const uint8_t *a, const uint8_t *b) {
  struct sim *s = r->s = sim_new();
  struct sim_options oa = options_of(a, A), ob = options_of(b, B);
  while (ob.window_shift > 0 && ob.rcv_cap >> 2 >> ob.window_shift == 0) ob.window_shift--;
  while (oa.window_shift > 0 && oa.rcv_cap >> 2 >> oa.window_shift == 0) oa.window_shift--;
  sim_end_init(s, A, oa);
  sim_end_init(s, B, ob);
  r->fair = oa.user_timeout == 0 && ob.user_timeout == 0;
  for (int e = A; e <= B; e++)
    r->room[e] = smaller(16 * smaller(s->end[e].cfg.snd_cap, s->end[1 - e].cfg.rcv_cap), WRITTEN_MAX);
  s->latency[A] = a[5] * 100u;
  s->latency[B] = b[5] * 100u;
  if ((a[7] & 8u) == 0) sim_listen(s, B);
  sim_open(s, A);
  if ((a[7] & 8u) != 0) sim_open(s, B);
}

/* ---- the applications ---- */

static void put(struct run *r, enum side e, uint32_t n, bool urgent) {
  struct sim_end *x = &r->s->end[e];
  n = smaller(n, r->room[e]);
  uint8_t *octets = fuzz_memory(n);
  for (uint32_t i = 0; i < n; i++) octets[i] = sim_octet(e, (uint32_t)(x->iss + 1 + x->sent.len + i));
  int64_t taken = sim_send(r->s, e, octets, n, urgent);
  if (taken > 0) r->room[e] -= (uint32_t)taken;
  free(octets);
}

static void shut(struct run *r, enum side e, const uint8_t *x) {
  bool early = sim_status(r->s, e).state < VTCP_SYN_RECEIVED;
  if (x[2] >= 8 && early) return;
  if (early) r->fair = false;
  sim_close(r->s, e);
}

static void lazy(struct run *r, enum side e, const uint8_t *x) {
  r->s->end[e].hold = (x[2] & 1u) != 0;
  r->s->end[e].deaf = (x[2] & 2u) != 0;
  sim_pump(r->s, e);
}

/* ---- the adversary ---- */

static void lose(struct sim *s, size_t i) {
  if (i < s->packet_count) sim_drop(s, i);
}

static void twice(struct sim *s, size_t i, uint64_t later) {
  if (i >= s->packet_count) return;
  struct sim_packet p = s->packets[i];
  sim_packet_add(s, p.to, p.at + later, p.octets, p.len);
}

static void late(struct sim *s, size_t i, uint64_t later) {
  if (i < s->packet_count) s->packets[i].at += later;
}

static void exchange(struct sim *s, size_t i, size_t j) {
  if (i >= s->packet_count || j >= s->packet_count) return;
  uint64_t at = s->packets[i].at;
  s->packets[i].at = s->packets[j].at;
  s->packets[j].at = at;
}

/* The checksum finds one octet changed (RFC 1071), but not always a second. */
static void corrupt(struct sim *s, size_t i, uint32_t value) {
  if (i >= s->packet_count || !vtcp_checksum_ok(0, s->packets[i].octets, s->packets[i].len)) return;
  s->packets[i].octets[value % s->packets[i].len] ^= (uint8_t)(1 + (value >> 16) % 255u);
}

/* Text and FIN in the window are what the peer wrote, and where it wrote it. */
static bool true_text(const struct sim *s, enum side to, const struct vtcp_segment *g) {
  const struct vtcp *c = &s->end[to].c;
  const struct sim_end *y = &s->end[other(to)];
  int64_t end = 1 + (int64_t)y->sent.len;
  int64_t first = vtcp_seq_from_wire(g->seq, c->irs, c->rcv_nxt) + ((g->flags & VTCP_SYN) != 0 ? 1 : 0);
  int64_t at = first + g->text_len, top = at < c->rcv_adv ? at : c->rcv_adv;
  if (g->text_len > 0 && top > c->rcv_nxt && top > end) return false;
  if ((g->flags & VTCP_FIN) != 0 && c->rcv_nxt <= at && at < c->rcv_adv) return y->closed && at == end;
  return true;
}

/* Whether a forged segment leaves what is read a prefix of what was written. Who answers for the peer in the handshake
   has the connection, so there is no forged SYN before SYN-RECEIVED, and nothing that leaves that state. */
static bool harmless(const struct sim *s, enum side to, const struct vtcp_segment *g) {
  const struct vtcp *c = &s->end[to].c;
  if (c->state < VTCP_SYN_RECEIVED) return (g->flags & VTCP_SYN) == 0;
  if (c->state == VTCP_SYN_RECEIVED)
    return (g->flags & (VTCP_SYN | VTCP_RST)) == 0 && ((g->flags & VTCP_ACK) == 0 || g->ack != c->iss + 1);
  return true_text(s, to, g);
}

static void forge(struct run *r, enum side to, const uint8_t *x) {
  struct vtcp_status t = sim_status(r->s, to);
  struct vtcp_segment g = near_segment(x, &t, other(to), r->text);
  if (!harmless(r->s, to, &g)) return;
  uint32_t len;
  uint8_t *octets = segment_octets(&g, &len);
  vtcp_checksum_put(0, octets, len);
  r->fair = false;
  sim_inject_octets(r->s, to, octets, len);
  free(octets);
}

/* ---- a run ---- */

static void pass(struct run *r, unsigned steps) {
  while (steps-- > 0 && r->s->steps < STEPS_MAX && sim_step(r->s, VTCP_NEVER - 1)) {}
}

static void abort_one(struct run *r, enum side e, const uint8_t *x) {
  if (x[2] >= 16) return;
  r->fair = false;
  sim_abort(r->s, e);
}

static void step(struct run *r, const uint8_t *x) {
  struct sim *s = r->s;
  enum side e = side_of(x);
  uint32_t value = record_value(x);
  size_t i = s->packet_count > 0 ? x[2] % s->packet_count : 0, j = s->packet_count > 0 ? x[3] % s->packet_count : 0;
  switch (x[0] % 24u) {
  case 0:
  case 1: put(r, e, value % 3000u, (x[2] & 128u) != 0); break;
  case 2: sim_read(s, e, value % 3000u); break;
  case 3: sim_consume(s, e, value % 3000u); break;
  case 4: shut(r, e, x); break;
  case 5: abort_one(r, e, x); break;
  case 6: sim_timeout(s, e); break;
  case 7: lazy(r, e, x); break;
  case 8: lose(s, i); break;
  case 9: twice(s, i, value % (5 * SECOND)); break;
  case 10: late(s, i, value % (90 * SECOND)); break;
  case 11: exchange(s, i, j); break;
  case 12: corrupt(s, i, value); break;
  case 13: sim_run(s, value % SECOND); break;
  case 14: s->cut[e] = (x[2] & 1u) != 0; break;
  case 15:
  case 16: pass(r, 1 + x[2] % 32u); break;
  case 17:
  case 18:
  case 19: forge(r, e, x); break;
  default: pass(r, 1 + x[2] % 4u); break;
  }
}

static bool over(const struct run *r) {
  return sim_status(r->s, A).state == VTCP_CLOSED && sim_status(r->s, B).state == VTCP_CLOSED;
}

/* The adversary has left: all is delivered, and the connection ends. */
static void calm(struct run *r) {
  struct sim *s = r->s;
  s->cut[A] = s->cut[B] = false;
  for (int e = A; e <= B; e++) {
    s->end[e].hold = s->end[e].deaf = false;
    s->end[e].auto_read = true;
    sim_pump(s, (enum side)e);
  }
  for (unsigned n = 0; n < STEPS_MAX && !over(r); n++) {
    for (int e = A; e <= B; e++)
      if (!s->end[e].closed && sim_status(s, (enum side)e).state >= VTCP_SYN_RECEIVED) sim_close(s, (enum side)e);
    if (!sim_step(s, VTCP_NEVER - 1)) break;
  }
  for (int e = A; e <= B; e++) {
    while (sim_read(s, (enum side)e, 65536) > 0) {}
    struct vtcp_status t = sim_status(s, (enum side)e);
    bool unsure = t.outcome == VTCP_OUTCOME_RESET && t.unacknowledged > 0; /* the last acknowledgments were lost */
    if ((t.outcome != VTCP_OUTCOME_CLOSED && !unsure) || s->end[e].got.len != s->end[1 - e].sent.len ||
        !s->end[e].end_seen)
      sim_fail(s, __FILE__, __LINE__, "%c: nothing was forged and nobody gave up, but not all came",
               e == A ? 'A' : 'B');
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct records in = records_of(data, size);
  struct run r;
  memset(&r, 0, sizeof r);
  const uint8_t *a = records_next(&in), *b = records_next(&in);
  if (b == NULL) return 0;
  prepare(&r, a, b);
  for (const uint8_t *x = records_next(&in); x != NULL; x = records_next(&in)) step(&r, x);
  if (r.fair) calm(&r);
  sim_free(r.s);
  return 0;
}
