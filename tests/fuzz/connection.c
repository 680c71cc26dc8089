/*
 * One connection, with calls and segments in any order, any configuration and any clock. After each step: the invariant
 * (support/inv.h), that the specification (support/model.h) makes the same of the connection, what else the contract of the
 * call promises, and the stream: what is read and sent are the octets that belong to these sequence numbers.
 *
 * A record (support/records.h) is a configuration when it is the first or says `init`; octet 0 says what the step does.
 */
#include "inv.h"
#include "model.h"
#include "support/records.h"

#include <stdlib.h>
#include <string.h>

#define MAPPED 65536

struct run {
  struct vtcp c, before; /* before: as it was before the call */
  bool made;
  struct vtcp_config cfg;
  uint64_t now;
  int64_t taken;               /* offsets read since the connection was opened, the SYN counted */
  bool mapped;                 /* arrived is known */
  uint8_t arrived[MAPPED / 8]; /* a bit for each of the first stream offsets whose octet has been stored */
  uint8_t last[RECORD];        /* of the last segment; all zero is one too */
  const char *call;            /* for the message */
  uint8_t text[TEXT_MAX];
  uint8_t buffer[4096];
};

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

#define check(r, condition, what) fuzz_assert(condition, "%s: %s", (r)->call, what)

static void begin(struct run *r, const char *call) {
  r->call = call;
  memcpy(&r->before, &r->c, sizeof r->c);
}

/* It is what the specification makes of it. */
static void refines(const struct run *r, struct model expected) {
  const char *name = model_difference(model_of(&r->c), expected);
  fuzz_assert(name == NULL, "%s: %s is not what the specification says", r->call, name);
}

static void negotiates(const struct run *r, struct model_options expected) {
  const char *name = model_options_difference(model_options_of(&r->c), expected);
  fuzz_assert(name == NULL, "%s: %s is not what the specification says", r->call, name);
}

static void fresh_stream(struct run *r) {
  r->taken = 1;
  r->mapped = true;
  memset(r->arrived, 0, sizeof r->arrived);
}

static bool unchanged(const struct run *r) { return fuzz_same(&r->before, &r->c, sizeof r->c); }

/* Offsets never go back while the connection stays the same one. */
static void check_onward(const struct run *r) {
  const struct vtcp *b = &r->before, *c = &r->c;
  check(r, c->snd_una >= b->snd_una && c->snd_nxt >= b->snd_nxt, "SND.UNA or SND.NXT goes back");
  check(r, c->rcv_nxt >= b->rcv_nxt, "RCV.NXT goes back");
  check(r, c->rcv_adv >= b->rcv_adv, "the window shrinks");
}

static uint64_t earliest(const struct vtcp *c) {
  uint64_t ack = c->ack_due ? c->ack_at : VTCP_NEVER;
  uint64_t a = c->rtx_at < c->user_at ? c->rtx_at : c->user_at, b = c->wait_at < ack ? c->wait_at : ack;
  uint64_t keep = model_keep_runs(c) ? c->keep.at : VTCP_NEVER;
  return a < b ? (a < keep ? a : keep) : b < keep ? b : keep;
}

static void finish(struct run *r) {
  const char *broken = inv_broken(&r->c);
  check(r, broken == NULL, broken);
  check(r, inv_may_follow((enum vtcp_state)r->before.state, (enum vtcp_state)r->c.state), "an impossible state");
  if (r->before.state >= VTCP_ESTABLISHED) check_onward(r);
  check(r, vtcp_deadline(&r->c) == earliest(&r->c), "the deadline is not the earliest timer");
  check(r, r->c.rcv.nxt - r->c.rcv.len == r->taken, "what is to be read next is not what was not read");
}

/* ---- configurations ---- */

static uint32_t capacity(uint8_t how, uint32_t value) {
  static const uint32_t some[] = {1, 2, 7, 63, 64, 100, 536, 1000, 2000, 4096, 8192, 65535, 65536, 70000, 100000, 300};
  return how < 224 ? some[how % 16u] : how < 252 ? value % 4096u : how < 254 ? 0 : VTCP_BUFFER_MAX + 1;
}

static uint64_t duration(uint8_t how, uint32_t value) {
  static const uint64_t some[] = {0, 1, 1000, 200000, 1000000, 60000000, 120000000, VTCP_DURATION_MAX};
  return how < 224 ? some[how % 8u] : how < 254 ? value : VTCP_DURATION_MAX + 1;
}

static uint16_t segment_size(uint8_t how, uint32_t value) {
  static const uint16_t some[] = {64, 65, 100, 536, 1000, 1460, 1460, 65475};
  return how < 224 ? some[how % 8u] : how < 254 ? (uint16_t)(value >> 8) : 63;
}

static struct vtcp_config configuration(const uint8_t *x) {
  static const uint64_t rto_min[] = {1000, 1000, 200000, 1000000, 1000000, 60000000, 999, 60000001};
  uint32_t value = record_value(x);
  return (struct vtcp_config){.local_port = 1,
                              .remote_port = (x[1] & 1u) != 0 ? 0 : 2,
                              .mss = segment_size(x[2], value),
                              .window_shift = x[3] % 17u,
                              .no_window_scale = (x[1] & 2u) != 0,
                              .ipv6 = (x[1] & 4u) != 0,
                              .nodelay = (x[1] & 8u) != 0,
                              .msl = duration(x[4], value),
                              .user_timeout = duration(x[5], value),
                              .rto_min = rto_min[x[1] >> 5],
                              .snd_cap = capacity(x[6], value),
                              .rcv_cap = capacity(x[7], value >> 16)};
}

/* spec/vtcp.acsl: config_ok */
static bool config_ok(const struct vtcp_config *g) {
  return 64 <= g->mss && g->mss <= 65475 && g->window_shift <= 14 && g->msl <= VTCP_DURATION_MAX &&
         g->user_timeout <= VTCP_DURATION_MAX && VTCP_RTO_FLOOR <= g->rto_min && g->rto_min <= VTCP_RTO_MAX &&
         1 <= g->snd_cap && g->snd_cap <= VTCP_BUFFER_MAX && 1 <= g->rcv_cap && g->rcv_cap <= VTCP_BUFFER_MAX &&
         1u << g->window_shift <= g->rcv_cap;
}

static void release(struct run *r) {
  free(r->cfg.snd_buf);
  free(r->cfg.rcv_buf);
}

static void init(struct run *r, const uint8_t *x) {
  struct vtcp_config g = configuration(x);
  begin(r, "vtcp_init");
  if (!config_ok(&g)) {
    check(r, vtcp_init(&r->c, &g) == VTCP_ERR_INVALID && unchanged(r), "a bad configuration");
    return;
  }
  g.snd_buf = fuzz_memory(g.snd_cap);
  g.rcv_buf = fuzz_memory(g.rcv_cap);
  release(r);
  r->cfg = g;
  memset(&r->c, 0xa5, sizeof r->c);
  check(r, vtcp_init(&r->c, &g) == VTCP_OK, "a good configuration is refused");
  check(r, r->c.state == VTCP_CLOSED && r->c.outcome == VTCP_OUTCOME_NONE, "not CLOSED");
  r->made = true;
  fresh_stream(r);
  memcpy(&r->before, &r->c, sizeof r->c);
}

/* ---- calls ---- */

static void open_or_listen(struct run *r, const uint8_t *x, bool active) {
  begin(r, active ? "vtcp_open" : "vtcp_listen");
  int32_t state = r->c.state;
  enum vtcp_error e = active ? vtcp_open(&r->c, record_value(x), r->now) : vtcp_listen(&r->c);
  enum vtcp_error right = VTCP_OK;
  if (state != VTCP_CLOSED && !(active && state == VTCP_LISTEN)) right = VTCP_ERR_EXISTS;
  if (active && (r->now > VTCP_TIME_MAX || r->c.remote_port == 0)) right = VTCP_ERR_INVALID;
  check(r, e == right, "another result");
  if (e != VTCP_OK) check(r, unchanged(r), "refused, but something changed");
  if (e == VTCP_OK) {
    struct model a = model_of(&r->before);
    int64_t wnd = least(r->c.rcv.cap, 65535);
    refines(r, active ? model_open_active(a, record_value(x), wnd) : model_open_passive(a, wnd));
    negotiates(r, model_opt_fresh(model_options_of(&r->before)));
    fresh_stream(r);
  }
}

static bool send_none(const struct vtcp *c) { return c->state == VTCP_CLOSED || c->state == VTCP_LISTEN; }
static bool closing(const struct vtcp *c) {
  return c->close_wanted || (c->state > VTCP_ESTABLISHED && c->state != VTCP_CLOSE_WAIT);
}

static uint32_t count_of(const uint8_t *x, uint32_t most) {
  uint32_t n = x[2] < 32 ? x[2] : x[2] < 128 ? most : record_value(x);
  return x[2] < 128 && n > most ? most : n % (most + 1);
}

static void send(struct run *r, const uint8_t *x) {
  begin(r, "vtcp_send");
  uint32_t n = count_of(x, sizeof r->buffer);
  uint8_t *src = fuzz_memory(n);
  uint32_t next = vtcp_seq_to_wire(r->c.snd.base + r->c.snd.len, r->c.iss);
  for (uint32_t i = 0; i < n; i++) src[i] = sim_octet(A, next + i);
  int64_t room = VTCP_OFFSET_MAX - 1 - (r->c.snd.base + r->c.snd.len), space = r->c.snd.cap - r->c.snd.len;
  if (room < space) space = room;
  int64_t right = send_none(&r->c) ? VTCP_ERR_NO_CONNECTION : closing(&r->c) ? VTCP_ERR_CLOSING : n < space ? n : space;
  check(r, vtcp_send(&r->c, src, n, (x[1] & 1u) != 0) == right, "another result");
  if (right < 0) check(r, unchanged(r), "refused, but something changed");
  if (right >= 0) refines(r, model_send(model_of(&r->before), right, (x[1] & 1u) != 0));
  free(src);
}

/* Reading owes an acknowledgment or not: policy decides. */
static void refines_receive(const struct run *r) {
  struct model a = model_of(&r->before);
  bool update = r->c.ack_due && !r->before.ack_due;
  refines(r, model_receive(a, update));
}

/* The octets at stream offset `at` on are what the peer's sequence numbers have. */
static void check_received(const struct run *r, int64_t at, const uint8_t *octets, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    check(r, octets[i] == sim_octet(B, vtcp_seq_to_wire(at + i, r->c.irs)), "an octet that never arrived there");
}

static void receive(struct run *r, const uint8_t *x) {
  begin(r, "vtcp_receive");
  uint32_t n = count_of(x, sizeof r->buffer), len = r->c.rcv.len;
  uint8_t *dst = fuzz_memory(n);
  bool all = r->c.rcv_nxt == r->c.rcv.nxt + 1 && r->c.outcome != VTCP_OUTCOME_ABORTED;
  bool none = r->c.state == VTCP_CLOSED && !all;
  bool end = len == 0 && (r->c.state >= VTCP_CLOSE_WAIT || r->c.state == VTCP_CLOSED);
  int64_t right = none ? VTCP_ERR_NO_CONNECTION : end ? VTCP_ERR_CLOSING : (int64_t)(n < len ? n : len);
  int64_t got = vtcp_receive(&r->c, dst, n);
  check(r, got == right, "another result");
  if (got > 0) {
    check_received(r, r->taken, dst, (uint32_t)got);
    r->taken += got;
  }
  if (got < 0) check(r, unchanged(r), "refused, but something changed");
  refines_receive(r);
  free(dst);
}

static void peek(struct run *r) {
  begin(r, "vtcp_peek");
  struct vtcp_slices v = vtcp_peek(&r->c);
  check(r, v.first_len + v.second_len == r->c.rcv.len, "not all");
  check_received(r, r->taken, v.first, v.first_len);
  check_received(r, r->taken + v.first_len, v.second, v.second_len);
  check(r, unchanged(r), "something changed");
}

static void consume(struct run *r, const uint8_t *x) {
  peek(r);
  begin(r, "vtcp_consume");
  uint32_t n = count_of(x, r->c.rcv.len + 1);
  enum vtcp_error right = n > r->c.rcv.len ? VTCP_ERR_INVALID : VTCP_OK;
  check(r, vtcp_consume(&r->c, n) == right, "another result");
  if (right == VTCP_OK) r->taken += n;
  if (right != VTCP_OK) check(r, unchanged(r), "refused, but something changed");
  refines_receive(r);
}

static void close_or_abort(struct run *r, bool abort) {
  begin(r, abort ? "vtcp_abort" : "vtcp_close");
  enum vtcp_error right = r->c.state == VTCP_CLOSED                                     ? VTCP_ERR_NO_CONNECTION
                          : !abort && r->c.state >= VTCP_SYN_RECEIVED && closing(&r->c) ? VTCP_ERR_CLOSING
                                                                                        : VTCP_OK;
  check(r, (abort ? vtcp_abort(&r->c) : vtcp_close(&r->c)) == right, "another result");
  if (right != VTCP_OK) check(r, unchanged(r), "refused, but something changed");
  if (right == VTCP_OK) refines(r, abort ? model_abort(model_of(&r->before)) : model_close(model_of(&r->before)));
}

static void status(struct run *r) {
  struct vtcp_status t;
  begin(r, "vtcp_status");
  memset(&t, 0xa5, sizeof t);
  vtcp_status(&r->c, &t);
  check(r, (int32_t)t.state == r->c.state && t.unread == r->c.rcv.len && t.unacknowledged == r->c.snd.len,
        "another one");
  check(r, t.send_space == 0 || (!send_none(&r->c) && !closing(&r->c)), "space, but SEND is refused");
  check(r, unchanged(r), "something changed");
}

static void set_user_timeout(struct run *r, uint64_t user_timeout) {
  begin(r, "vtcp_set_user_timeout");
  bool bad = user_timeout > VTCP_DURATION_MAX || r->now > VTCP_TIME_MAX;
  enum vtcp_error e = vtcp_set_user_timeout(&r->c, user_timeout, r->now);
  check(r, e == (bad ? VTCP_ERR_INVALID : VTCP_OK), "another result");
  refines(r, model_of(&r->before));
  bool runs = r->before.user_at != VTCP_NEVER;
  if (bad)
    check(r, unchanged(r), "refused, but something changed");
  else
    check(r, r->c.user_at == (runs && user_timeout > 0 ? r->now + user_timeout : VTCP_NEVER), "another time");
}

static void path_mss(struct run *r, const uint8_t *x) {
  begin(r, "vtcp_path_mss");
  const struct vtcp *b = &r->before;
  uint16_t mss = segment_size(x[3], record_value(x)), least_mss = mss > 64 ? mss : 64;
  uint32_t seq = vtcp_seq_to_wire(b->snd_una, b->iss) + x[2] % 16u * 100u,
           ahead = seq - (uint32_t)(b->snd_una + b->iss);
  bool in_flight = ahead < b->snd_nxt - b->snd_una;
  bool narrower = b->state >= VTCP_ESTABLISHED && least_mss < b->snd_mss && in_flight;
  check(r, vtcp_path_mss(&r->c, seq, mss) == narrower, "another result");
  refines(r, model_of(b));
  if (!narrower) check(r, unchanged(r), "refused, but something changed");
  if (narrower) check(r, r->c.snd_mss == least_mss && r->c.snd_ptr == r->c.snd_una, "nothing goes again in less");
}

static void set_keepalive(struct run *r, const uint8_t *x) {
  begin(r, "vtcp_set_keepalive");
  uint64_t idle = duration(x[2], record_value(x)), interval = duration(x[3], record_value(x) / 64u);
  uint32_t count = x[1] >> 5;
  bool valid = idle <= VTCP_DURATION_MAX && interval <= VTCP_DURATION_MAX && count != 1 && r->now <= VTCP_TIME_MAX;
  enum vtcp_error e = vtcp_set_keepalive(&r->c, (x[2] & 1u) != 0, idle, interval, count, r->now);
  check(r, (e == VTCP_OK) == valid, "another result");
  refines(r, model_of(&r->before));
  if (!valid) check(r, unchanged(r), "refused, but something changed");
}

/* What an application may do at any time. */
static void tune(struct run *r, const uint8_t *x) {
  switch (x[1] % 4u) {
  case 0:
    if (x[1] & 16u)
      set_keepalive(r, x);
    else
      set_user_timeout(r, duration(x[2], record_value(x)));
    break;
  case 1: path_mss(r, x); break;
  case 2:
    begin(r, "vtcp_set_nodelay");
    vtcp_set_nodelay(&r->c, (x[2] & 1u) != 0);
    refines(r, model_of(&r->before));
    break;
  default: status(r); break;
  }
}

static void timeout(struct run *r, uint64_t now) {
  begin(r, "vtcp_timeout");
  const struct vtcp *b = &r->before;
  vtcp_timeout(&r->c, now);
  bool silent = model_keep_dead(b, now);
  refines(r, model_timeout(model_of(b), b->user_at <= now || silent, b->wait_at <= now));
  if ((now < b->rtx_at && now < b->user_at && now < b->wait_at && !silent) || send_none(b))
    check(r, unchanged(r), "early, but something changed");
  else if (b->rtx_at <= now && r->c.state >= VTCP_SYN_SENT)
    check(r, r->c.rtx_at == VTCP_NEVER && (r->c.probe || r->c.snd_ptr == r->c.snd_una), "nothing goes again");
}

static void events(struct run *r, unsigned most) {
  enum vtcp_event last = VTCP_EVENT_NONE;
  for (unsigned n = 0; n < most; n++) {
    begin(r, "vtcp_event");
    enum vtcp_event e = vtcp_event(&r->c);
    finish(r);
    refines(r, model_of(&r->before));
    if (e == VTCP_EVENT_NONE) {
      check(r, unchanged(r), "no event, but something changed");
      return;
    }
    check(r, e > last && e <= VTCP_EVENT_ENDED, "told twice, or out of order");
    last = e;
  }
}

/* ---- segments out: spec/output.acsl ---- */

static void check_rst(const struct run *r, const struct vtcp_segment *g) {
  struct vtcp_segment right = {.src_port = r->c.local_port,
                               .dst_port = r->c.remote_port,
                               .seq = r->before.rst_seq,
                               .ack = r->before.rst_ack,
                               .flags = r->before.rst_ackf ? VTCP_RST | VTCP_ACK : VTCP_RST};
  check(r, segment_same(g, &right), "another reset");
}

static void check_syn(const struct run *r, const struct vtcp_segment *g) {
  const struct vtcp *c = &r->c;
  bool ackf = c->state == VTCP_SYN_RECEIVED;
  struct vtcp_segment right = {.src_port = c->local_port,
                               .dst_port = c->remote_port,
                               .seq = c->iss,
                               .ack = ackf ? vtcp_seq_to_wire(c->rcv_nxt, c->irs) : 0,
                               .flags = ackf ? VTCP_SYN | VTCP_ACK : VTCP_SYN,
                               .wnd = (uint16_t)least(c->rcv_adv - c->rcv_nxt, UINT16_MAX),
                               .has_mss = true,
                               .mss = c->mss,
                               .has_wscale = ackf ? c->wscale : c->wscale_offer,
                               .wscale = c->rcv_shift};
  check(r, segment_same(g, &right), "another SYN");
  check(r, c->rtx_at == r->now + c->rtt.rto, "the SYN has no timer");
}

/* out_leaves */
static void check_range(const struct run *r, const struct vtcp_segment *g) {
  const struct vtcp *b = &r->before, *c = &r->c;
  int64_t end = b->snd.base + b->snd.len, lo = vtcp_seq_from_wire(g->seq, b->iss, b->snd_nxt);
  uint32_t len = g->text_len + g->more_len;
  bool fin = (g->flags & VTCP_FIN) != 0;
  int64_t hi = lo + len + (fin ? 1 : 0);
  check(r, b->snd_una <= lo && lo <= b->snd_nxt && hi <= end + (b->fin ? 1 : 0), "what is not queued");
  check(r, hi - lo <= b->snd_mss, "more than the peer takes in a segment");
  check(r, hi <= b->snd_una + most(b->snd_wnd, 1) || hi <= b->snd_nxt, "beyond the window");
  check(r, c->snd_nxt == most(b->snd_nxt, hi), "SND.NXT");
  check(r, !fin || (lo < hi && hi == end + 1), "FIN before the end");
  uint16_t flags = (uint16_t)(VTCP_ACK + (lo < end && end <= hi ? VTCP_PSH : 0) + (lo < hi && hi > end ? VTCP_FIN : 0) +
                              (lo < hi && b->snd_up > lo ? VTCP_URG : 0));
  struct vtcp_segment right = {.src_port = c->local_port,
                               .dst_port = c->remote_port,
                               .seq = vtcp_seq_to_wire(lo, c->iss),
                               .ack = vtcp_seq_to_wire(c->rcv_nxt, c->irs),
                               .flags = flags,
                               .wnd = (uint16_t)least((c->rcv_adv - c->rcv_nxt) / c->rcv_factor, UINT16_MAX),
                               .urg = (uint16_t)((flags & VTCP_URG) != 0 ? least(b->snd_up - lo, UINT16_MAX) : 0)};
  uint8_t *text = fuzz_memory(len);
  for (uint32_t i = 0; i < len; i++) text[i] = sim_octet(A, g->seq + i);
  right.text = text;
  right.text_len = len;
  check(r, segment_same(g, &right), "another segment than what is queued there");
  free(text);
}

/* out_asks: an empty segment from just before what the peer expects. */
static bool asks(const struct run *r, const struct vtcp_segment *g) {
  const struct vtcp *b = &r->before, *c = &r->c;
  if (!model_keep_runs(b) || b->keep.at > r->now || g->seq != vtcp_seq_to_wire(b->snd_nxt - 1, b->iss)) return false;
  struct vtcp_segment right = {.src_port = c->local_port,
                               .dst_port = c->remote_port,
                               .seq = g->seq,
                               .ack = vtcp_seq_to_wire(c->rcv_nxt, c->irs),
                               .flags = VTCP_ACK,
                               .wnd = (uint16_t)least((c->rcv_adv - c->rcv_nxt) / c->rcv_factor, UINT16_MAX)};
  check(r, segment_same(g, &right), "another keep-alive probe");
  check(r, c->keep.sent == b->keep.sent + 1 && c->keep.at == r->now + c->keep.interval, "the probe is not counted");
  return true;
}

/* False: nothing leaves. */
static bool output(struct run *r) {
  struct vtcp_segment g;
  begin(r, "vtcp_output");
  const struct vtcp *b = &r->before;
  memset(&g, 0xff, sizeof g);
  bool leaves = vtcp_output(&r->c, r->now, &g), syn_due = b->state <= VTCP_SYN_RECEIVED && b->snd_ptr == 0;
  finish(r);
  if (r->now > VTCP_TIME_MAX) {
    check(r, !leaves && unchanged(r), "beyond the largest time");
  } else if (!leaves) {
    const char *broken = inv_idle_broken(&r->c, r->now);
    check(r, broken == NULL, broken);
    refines(r, model_of(b));
  } else if (b->rst_due) {
    check_rst(r, &g);
    refines(r, model_out_rst(model_of(b)));
  } else if (syn_due) {
    check_syn(r, &g);
    refines(r, model_out_range(model_of(b), 1, r->c.rcv_adv));
  } else {
    if (!asks(r, &g)) check_range(r, &g);
    refines(r, model_out_range(model_of(b), r->c.snd_nxt, r->c.rcv_adv));
  }
  if (leaves) {
    uint32_t len;
    uint8_t *octets = segment_octets(&g, &len);
    struct vtcp_segment back;
    check(r, vtcp_segment_parse(octets, len, &back) == VTCP_PARSE_OK && segment_same(&g, &back), "parses as another");
    free(octets);
  }
  return leaves;
}

/* Until nothing leaves: that is soon. */
static void flush(struct run *r) {
  for (int64_t n = 0; output(r); n++) check(r, n <= 8 + 2 * (int64_t)r->cfg.snd_cap, "does not come to an end");
}

/* ---- segments in ---- */

/* The octets [lo, hi) have been stored. */
static void store(struct run *r, int64_t lo, int64_t hi) {
  if (hi > MAPPED) r->mapped = false;
  for (int64_t i = lo; r->mapped && i < hi; i++) r->arrived[i / 8] |= (uint8_t)(1u << i % 8);
}

static int64_t first_missing(const struct run *r) {
  int64_t i = r->before.rcv.nxt;
  while (i < MAPPED && (r->arrived[i / 8] >> i % 8 & 1u) != 0) i++;
  return i;
}

static void input(struct run *r, const struct vtcp_segment *g) {
  begin(r, "vtcp_input");
  bool bad = g->more_len > 0 || g->text_len > 65535 || r->now > VTCP_TIME_MAX;
  uint32_t isn = (uint32_t)r->now * 2654435761u;
  check(r, vtcp_input(&r->c, g, isn, r->now) == (bad ? VTCP_ERR_INVALID : VTCP_OK), "another result");
  if (bad) {
    check(r, unchanged(r), "refused, but something changed");
    return;
  }
  struct model_segment s = model_segment_of(&r->before, g);
  struct model a = model_arrive(model_of(&r->before), s, model_allowed(&r->before, r->now), r->c.rcv.nxt, isn);
  refines(r, a);
  negotiates(r, model_opt_arrive(model_options_of(&r->before), model_of(&r->before), s, g));
  if (r->c.unstored == r->before.unstored) store(r, a.text_lo, a.text_hi);
  if (r->mapped) check(r, r->c.rcv.nxt == first_missing(r), "RCV.NXT is not the first offset that is missing");
}

/* The segment goes through its octets, as from a network. */
static void segment(struct run *r, const uint8_t *x) {
  struct vtcp_status t;
  struct vtcp_segment back;
  uint32_t len;
  memmove(r->last, x, RECORD);
  vtcp_status(&r->c, &t);
  struct vtcp_segment g = near_segment(x, &t, B, r->text);
  uint8_t *octets = segment_octets(&g, &len);
  r->call = "vtcp_segment_parse";
  check(r, vtcp_segment_parse(octets, len, &back) == VTCP_PARSE_OK && segment_same(&g, &back), "another segment");
  input(r, &back);
  finish(r);
  free(octets);
}

/* The rest of the record and the next ones as octets from the wire. */
static void raw(struct run *r, struct records *in, const uint8_t *x) {
  size_t left = (in->count - in->next) * RECORD, n = 20 + x[1] % 80u;
  struct vtcp_segment g;
  if (n > left) n = left;
  uint8_t *octets = fuzz_memory(n);
  memcpy(octets, in->data + in->next * RECORD, n);
  for (size_t i = 0; i < n; i++) (void)(i % RECORD == 0 ? records_next(in) : NULL);
  struct vtcp_status t;
  vtcp_status(&r->c, &t);
  if (vtcp_segment_parse(octets, (uint32_t)n, &g) == VTCP_PARSE_OK) {
    for (uint32_t i = 0; i < g.text_len; i++) /* its text belongs to its place */
      octets[n - g.text_len + i] = sim_octet(B, g.seq + i + ((g.flags & VTCP_SYN) != 0 ? 1 : 0));
    input(r, &g);
  }
  free(octets);
}

/* A segment that no parser makes. */
static void no_segment(struct run *r, const uint8_t *x) {
  struct vtcp_status t;
  vtcp_status(&r->c, &t);
  struct vtcp_segment g = near_segment(x, &t, B, r->text);
  if ((record_value(x) & 1u) != 0) {
    g.more = r->text;
    g.more_len = 1;
    input(r, &g);
    return;
  }
  uint8_t *text = fuzz_memory(65536);
  for (uint32_t i = 0; i < 65536; i++) text[i] = sim_octet(B, g.seq + i + ((g.flags & VTCP_SYN) != 0 ? 1 : 0));
  g.text = text;
  g.text_len = 65535 + (record_value(x) >> 1 & 1u);
  input(r, &g);
  free(text);
}

/* ---- time ---- */

static void clock(struct run *r, const uint8_t *x) {
  uint32_t value = record_value(x);
  uint64_t at = vtcp_deadline(&r->c);
  switch (x[1] % 10u) {
  case 0: r->now += value % 1000u; break;
  case 1: r->now += value; break;
  case 2: r->now += 200000; break;
  case 3:
  case 4:
  case 5:
    if (at != VTCP_NEVER && at > r->now) r->now = at;
    break;
  case 6:
    if (at != VTCP_NEVER && at > r->now) r->now = at - 1;
    break;
  case 7: r->now -= value < r->now ? value : r->now; break; /* a clock that is set back */
  case 8: r->now = VTCP_TIME_MAX - value; break;
  default: r->now = (value & 1u) != 0 ? VTCP_TIME_MAX + value : 0; break;
  }
}

/* Far on in both streams, where offsets end. */
static void far(struct run *r, const uint8_t *x) {
  if (r->c.state < VTCP_ESTABLISHED) return;
  struct vtcp moved = r->c;
  int64_t top = most(most(moved.rcv_adv, moved.snd.base + moved.snd.cap), moved.snd_up);
  int64_t by = (x[1] & 1u) != 0 ? VTCP_OFFSET_MAX - top - record_value(x) % 70000u : (int64_t)record_value(x) << 28;
  if (by < 0 || by > VTCP_OFFSET_MAX - top) return;
  inv_advance(&moved, by);
  if (inv_broken(&moved) != NULL) return;
  r->c = moved;
  r->taken += by;
  r->mapped = false;
}

/* ---- a run ---- */

/* A handshake with an honest peer, whose ISN and options are in the record. */
static void connect(struct run *r, const uint8_t *x) {
  if (r->c.state == VTCP_CLOSED) open_or_listen(r, x, true);
  finish(r);
  flush(r);
  uint8_t answer[RECORD];
  memcpy(answer, x, RECORD);
  answer[1] = 4; /* SYN and ACK */
  answer[2] = 9; /* SEG.SEQ is the value, SEG.ACK is SND.NXT */
  answer[3] = answer[4] = 0;
  answer[5] = 0;
  segment(r, answer);
  flush(r);
}

/* Time passes, and the application does what is then due. */
static void pass_time(struct run *r, const uint8_t *x) {
  clock(r, x);
  timeout(r, r->now);
  finish(r);
  flush(r);
}

static void call(struct run *r, const uint8_t *x) {
  switch (x[0] % 32u) {
  case 0: open_or_listen(r, x, true); break;
  case 1: open_or_listen(r, x, false); break;
  case 2: send(r, x); break;
  case 3: receive(r, x); break;
  case 4: peek(r); break;
  case 5: consume(r, x); break;
  case 6: close_or_abort(r, false); break;
  case 7: close_or_abort(r, true); break;
  case 8: timeout(r, (x[1] & 1u) != 0 ? (uint64_t)record_value(x) << 32 : UINT64_MAX); break;
  case 9: tune(r, x); break;
  case 10: init(r, x); break;
  default: (void)output(r); break;
  }
}

static void step(struct run *r, struct records *in, const uint8_t *x) {
  switch (x[0] % 32u) {
  case 12: timeout(r, r->now); break;
  case 13: events(r, 1); break;
  case 14: events(r, 8); break;
  case 15: raw(r, in, x); break;
  case 16: clock(r, x); break;
  case 17: no_segment(r, x); break;
  case 18: far(r, x); break;
  case 19: connect(r, x); break;
  case 20:
  case 21: pass_time(r, x); break;
  case 22: send(r, x); break;
  case 23:
  case 24: flush(r); break;
  case 25: segment(r, r->last); break;
  default: x[0] % 32u < 12 ? call(r, x) : segment(r, x); break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct records in = records_of(data, size);
  struct run r;
  memset(&r, 0, sizeof r);
  r.now = 1000000000u;
  for (const uint8_t *x = records_next(&in); x != NULL; x = records_next(&in)) {
    if (!r.made) {
      init(&r, x);
      continue;
    }
    r.call = "step";
    step(&r, &in, x);
    finish(&r);
  }
  if (r.made) peek(&r);
  release(&r);
  return 0;
}
