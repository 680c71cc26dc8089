/*
 * A trace of every public call on a connection, for the oracle: linked with `ld --wrap`, so that neither the core nor
 * the tests know of it. Little-endian words of 64 bits: how many words follow, how many octets of text after them, the
 * call, the connection, arguments, result, and the connection afterwards (put_state). The oracle reads the same order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "vtcp.h"

#define WORDS_MAX 160
#define KNOWN 4096 /* connections that are told apart at a time */

enum call {
  BEGIN, /* a program starts */
  ADOPT, /* a connection that the test has made or changed by hand */
  INIT,
  OPEN,
  LISTEN,
  SEND,
  RECEIVE,
  PEEK,
  CONSUME,
  CLOSE,
  ABORT,
  NODELAY,
  USER_TIMEOUT,
  KEEPALIVE,
  STATUS,
  INPUT,
  TIMEOUT,
  PATH_MSS,
  OUTPUT,
  EVENT,
  DEADLINE,
  REFUSE
};

/* ---- the record being made ---- */

static struct {
  uint64_t words[2 + WORDS_MAX];
  size_t count;
  uint8_t *octets;
  size_t len, cap;
} made;

static int out = -1;

static void put(uint64_t word) {
  if (made.count == WORDS_MAX) abort();
  made.words[2 + made.count++] = word;
}

static void put_signed(int64_t word) { put((uint64_t)word); }

static void put_octets(const uint8_t *octets, size_t n) {
  if (made.len + n > made.cap) {
    made.cap = 2 * (made.len + n);
    made.octets = realloc(made.octets, made.cap);
    if (made.octets == NULL) abort();
  }
  if (n > 0) memcpy(made.octets + made.len, octets, n);
  made.len += n;
}

static void write_all(const void *from, size_t n) {
  const char *p = from;
  while (n > 0) {
    ssize_t done = write(out, p, n);
    if (done <= 0) exit(2);
    p += done;
    n -= (size_t)done;
  }
}

/* Written at once: a test that fails may abort. */
static void send_record(void) {
  made.words[0] = made.count;
  made.words[1] = made.len;
  write_all(made.words, (2 + made.count) * sizeof made.words[0]);
  write_all(made.octets, made.len);
}

static void start(enum call call, const struct vtcp *c) {
  made.count = made.len = 0;
  put(call);
  put((uintptr_t)c);
}

__attribute__((constructor)) static void begin(void) {
  const char *to = getenv("ORACLE_TRACE");
  out = to != NULL ? atoi(to) : -1;
  if (out <= 2) {
    fprintf(stderr, "ORACLE_TRACE: expected the number of an open file descriptor above 2\n");
    exit(2);
  }
  start(BEGIN, NULL);
  send_record();
}

/* ---- a connection ---- */

static void put_events(const struct vtcp *c) {
  put(c->ev_established + 2u * c->ev_urgent + 4u * c->ev_data + 8u * c->ev_fin + 16u * c->ev_space +
      32u * c->ev_warning + 64u * c->ev_ended);
}

/* tcb_abs, then what else the contracts speak of. */
static void put_state(const struct vtcp *c) {
  struct model a = model_of(c);
#define PUT_FIELD(name) put_signed(a.name);
  MODEL_FIELDS(PUT_FIELD)
#undef PUT_FIELD
  put_signed(c->snd_ptr);
  put(c->rtx_at);
  put(c->user_at);
  put(c->wait_at);
  put(c->ack_at);
  put(c->snd.len);
  put(c->rcv.len);
  put_signed(c->rcv.nxt);
  put(c->snd_mss);
  put(c->snd_factor);
  put(c->rcv_factor);
  put(c->wscale);
  put(c->remote_port);
  put(c->user_timeout);
  put(c->unstored);
  put(c->keep.on);
  put(c->keep.idle);
  put(c->keep.interval);
  put(c->keep.at);
  put(c->keep.count);
  put(c->keep.sent);
  put_events(c);
}

static void put_circle(const uint8_t *data, uint32_t cap, uint32_t head, uint64_t from, uint64_t n) {
  for (uint64_t k = from; k < from + n; k++) put_octets(&data[(head + k) % cap], 1);
}

static void put_whole(const struct vtcp *c) {
  put_state(c);
  put(c->local_port);
  put(c->mss);
  put(c->rcv_shift);
  put(c->wscale_offer);
  put(c->ipv6);
  put(c->msl);
  put(c->snd.cap);
  put(c->rcv.cap);
  put(c->challenge.since);
  put(c->challenge.count);
  put_circle(c->snd.data, c->snd.cap, c->snd.head, 0, c->snd.len);
  put_circle(c->rcv.data, c->rcv.cap, c->rcv.head, 0, c->rcv.len);
  for (uint32_t i = 0; i < VTCP_RANGES; i++) {
    put_signed(c->rcv.lo[i]);
    put_signed(c->rcv.hi[i]);
    put_circle(c->rcv.data, c->rcv.cap, c->rcv.head, (uint64_t)(c->rcv.lo[i] - (c->rcv.nxt - c->rcv.len)),
               (uint64_t)(c->rcv.hi[i] - c->rcv.lo[i]));
  }
}

/* What each connection was when its last call ended. */
static struct {
  const struct vtcp *c;
  uint32_t asked; /* calls since then that changed nothing: a bit for each call */
  uint64_t words[WORDS_MAX];
} known[KNOWN];

static size_t place_of(const struct vtcp *c) {
  size_t i = (uintptr_t)c / 16 % KNOWN;
  for (size_t n = 0; known[i].c != NULL && known[i].c != c; n++) {
    if (n == KNOWN) abort();
    i = (i + 1) % KNOWN;
  }
  return i;
}

/* Puts the connection. False: nothing has changed since the last call on it. */
static bool remember(const struct vtcp *c) {
  size_t i = place_of(c), at = made.count;
  put_state(c);
  uint64_t *now = made.words + 2 + at;
  size_t size = (made.count - at) * sizeof *now;
  if (known[i].c == c && memcmp(known[i].words, now, size) == 0) return false;
  known[i].c = c;
  known[i].asked = 0;
  memcpy(known[i].words, now, size);
  return true;
}

/* Before a call: if the connection is not what the last call left, all of it is told. */
static void look(const struct vtcp *c) {
  made.count = made.len = 0;
  if (!remember(c)) return;
  start(ADOPT, c);
  put_whole(c);
  send_record();
}

/* After a call: its arguments and result have been put. */
static void ended(const struct vtcp *c) {
  (void)remember(c);
  send_record();
}

/* The same for a call that has told nothing and changes nothing: once is enough, until something changes. */
static void told_nothing(enum call call, const struct vtcp *c) {
  bool changed = remember(c);
  uint32_t *asked = &known[place_of(c)].asked;
  if (!changed && (*asked & 1u << call) != 0) return;
  *asked |= 1u << call;
  send_record();
}

static void put_segment(const struct vtcp_segment *s, bool text) {
  put(s->src_port);
  put(s->dst_port);
  put(s->seq);
  put(s->ack);
  put(s->flags);
  put(s->wnd);
  put(s->urg);
  put(s->has_mss);
  put(s->mss);
  put(s->has_wscale);
  put(s->wscale);
  put(s->sack_permitted);
  put(s->has_ts);
  put(s->sack_count);
  put(s->text_len);
  put(s->more_len);
  if (!text) return;
  put_octets(s->text, s->text_len);
  put_octets(s->more, s->more_len);
}

/* ---- the calls ---- */

#define REAL(type, name, ...)                                                                                          \
  type __real_vtcp_##name(__VA_ARGS__);                                                                                \
  type __wrap_vtcp_##name(__VA_ARGS__);                                                                                \
  type __wrap_vtcp_##name(__VA_ARGS__)

REAL(enum vtcp_error, init, struct vtcp *c, const struct vtcp_config *cfg) {
  enum vtcp_error e = __real_vtcp_init(c, cfg);
  start(INIT, c);
  put(cfg->local_port);
  put(cfg->mss);
  put(cfg->window_shift);
  put(!cfg->no_window_scale);
  put(cfg->ipv6);
  put(cfg->msl);
  put(cfg->snd_cap);
  put(cfg->rcv_cap);
  put(cfg->remote_port);
  put(cfg->user_timeout);
  put(cfg->rto_min);
  put_signed(e);
  if (e == VTCP_OK) remember(c);
  send_record();
  return e;
}

REAL(enum vtcp_error, open, struct vtcp *c, uint32_t iss, uint64_t now) {
  look(c);
  enum vtcp_error e = __real_vtcp_open(c, iss, now);
  start(OPEN, c);
  put(iss);
  put(now);
  put_signed(e);
  ended(c);
  return e;
}

REAL(enum vtcp_error, listen, struct vtcp *c) {
  look(c);
  enum vtcp_error e = __real_vtcp_listen(c);
  start(LISTEN, c);
  put_signed(e);
  ended(c);
  return e;
}

REAL(int64_t, send, struct vtcp *c, const uint8_t *src, uint32_t n, bool urgent) {
  look(c);
  int64_t taken = __real_vtcp_send(c, src, n, urgent);
  start(SEND, c);
  put(n);
  put(urgent);
  put_signed(taken);
  put_octets(src, n);
  if (taken > 0)
    ended(c);
  else
    told_nothing(SEND, c);
  return taken;
}

REAL(int64_t, receive, struct vtcp *c, uint8_t *dst, uint32_t n) {
  look(c);
  int64_t got = __real_vtcp_receive(c, dst, n);
  start(RECEIVE, c);
  put(n);
  put_signed(got);
  put_octets(dst, got > 0 ? (size_t)got : 0);
  if (got > 0)
    ended(c);
  else
    told_nothing(RECEIVE, c);
  return got;
}

REAL(struct vtcp_slices, peek, const struct vtcp *c) {
  look(c);
  struct vtcp_slices v = __real_vtcp_peek(c);
  start(PEEK, c);
  put_octets(v.first, v.first_len);
  put_octets(v.second, v.second_len);
  told_nothing(PEEK, c);
  return v;
}

REAL(enum vtcp_error, consume, struct vtcp *c, uint32_t n) {
  look(c);
  enum vtcp_error e = __real_vtcp_consume(c, n);
  start(CONSUME, c);
  put(n);
  put_signed(e);
  ended(c);
  return e;
}

REAL(enum vtcp_error, close, struct vtcp *c) {
  look(c);
  enum vtcp_error e = __real_vtcp_close(c);
  start(CLOSE, c);
  put_signed(e);
  ended(c);
  return e;
}

REAL(enum vtcp_error, abort, struct vtcp *c) {
  look(c);
  enum vtcp_error e = __real_vtcp_abort(c);
  start(ABORT, c);
  put_signed(e);
  ended(c);
  return e;
}

REAL(void, set_nodelay, struct vtcp *c, bool nodelay) {
  look(c);
  __real_vtcp_set_nodelay(c, nodelay);
  start(NODELAY, c);
  ended(c);
}

REAL(enum vtcp_error, set_user_timeout, struct vtcp *c, uint64_t user_timeout, uint64_t now) {
  look(c);
  enum vtcp_error e = __real_vtcp_set_user_timeout(c, user_timeout, now);
  start(USER_TIMEOUT, c);
  put(user_timeout);
  put(now);
  put_signed(e);
  ended(c);
  return e;
}

REAL(enum vtcp_error, set_keepalive, struct vtcp *c, bool on, uint64_t idle, uint64_t interval, uint32_t count,
     uint64_t now) {
  look(c);
  enum vtcp_error e = __real_vtcp_set_keepalive(c, on, idle, interval, count, now);
  start(KEEPALIVE, c);
  put(on);
  put(idle);
  put(interval);
  put(count);
  put(now);
  put_signed(e);
  ended(c);
  return e;
}

REAL(void, status, const struct vtcp *c, struct vtcp_status *t) {
  look(c);
  __real_vtcp_status(c, t);
  start(STATUS, c);
  put(t->state);
  put((uint64_t)t->outcome);
  put(t->local_port);
  put(t->remote_port);
  put(t->snd_mss);
  put(t->unread);
  put(t->unacknowledged);
  put(t->send_space);
  put(t->snd_wnd);
  put(t->rcv_wnd);
  put(t->snd_una);
  put(t->snd_nxt);
  put(t->rcv_nxt);
  put(t->iss);
  put(t->irs);
  told_nothing(STATUS, c);
}

REAL(enum vtcp_error, input, struct vtcp *c, const struct vtcp_segment *s, uint32_t isn, uint64_t now) {
  look(c);
  enum vtcp_error e = __real_vtcp_input(c, s, isn, now);
  start(INPUT, c);
  put(isn);
  put(now);
  put_segment(s, e == VTCP_OK);
  put_signed(e);
  ended(c);
  return e;
}

REAL(void, timeout, struct vtcp *c, uint64_t now) {
  look(c);
  __real_vtcp_timeout(c, now);
  start(TIMEOUT, c);
  put(now);
  told_nothing(TIMEOUT, c);
}

REAL(bool, path_mss, struct vtcp *c, uint32_t seq, uint16_t mss) {
  look(c);
  bool taken = __real_vtcp_path_mss(c, seq, mss);
  start(PATH_MSS, c);
  put(seq);
  put(mss);
  put(taken);
  ended(c);
  return taken;
}

REAL(bool, output, struct vtcp *c, uint64_t now, struct vtcp_segment *s) {
  look(c);
  bool leaves = __real_vtcp_output(c, now, s);
  start(OUTPUT, c);
  put(now);
  put(leaves);
  if (leaves) put_segment(s, true);
  if (leaves)
    ended(c);
  else
    told_nothing(OUTPUT, c);
  return leaves;
}

REAL(enum vtcp_event, event, struct vtcp *c) {
  look(c);
  enum vtcp_event e = __real_vtcp_event(c);
  start(EVENT, c);
  put(e);
  if (e == VTCP_EVENT_NONE)
    told_nothing(EVENT, c);
  else
    ended(c);
  return e;
}

REAL(uint64_t, deadline, const struct vtcp *c) {
  look(c);
  uint64_t t = __real_vtcp_deadline(c);
  start(DEADLINE, c);
  put(t);
  told_nothing(DEADLINE, c);
  return t;
}

REAL(bool, refuse, const struct vtcp_segment *s, struct vtcp_segment *answer) {
  bool due = __real_vtcp_refuse(s, answer);
  start(REFUSE, NULL);
  put_segment(s, false);
  put(due);
  if (due) put_segment(answer, false);
  send_record();
  return due;
}
