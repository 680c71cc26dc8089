/* vtcp and lwIP, an independent TCP, against each other: IPv4 and IPv6, each as client and as server, bad paths. */
#include "../support/lwip_peer.h"
#include "../support/sim.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * (uint64_t)SECOND)
#define MINUTE (60 * (uint64_t)SECOND)

/* A run: the two ends, and what their applications are to send. */
struct run {
  struct sim *s;
  struct lwip_peer peer;
  uint8_t *octets[2]; /* of A, of B */
  size_t len[2], done;
  bool close_when_done; /* vtcp's application */
  bool lwip_is_client;
  unsigned again; /* how often lwIP's application had to connect again */
};
static unsigned all_again;

static uint8_t *random_octets(struct sim *s, size_t n) {
  uint8_t *octets = malloc(n + 1);
  assert_non_null(octets);
  for (size_t i = 0; i < n; i++) octets[i] = (uint8_t)sim_random(s);
  return octets;
}

static struct run *run_new(bool ipv6, uint64_t seed, size_t from_vtcp, size_t from_lwip, struct sim_options o) {
  struct run *r = calloc(1, sizeof *r);
  assert_non_null(r);
  r->s = sim_new();
  r->s->random = seed;
  o.ipv6 = ipv6;
  o.mss = o.mss != 0 ? o.mss : ipv6 ? 1440 : 1460;
  o.iss = (uint32_t)sim_random(r->s);
  sim_end_init(r->s, A, o);
  lwip_peer_init(&r->peer, r->s, ipv6);
  r->len[A] = from_vtcp;
  r->len[B] = from_lwip;
  for (int e = A; e <= B; e++) r->octets[e] = random_octets(r->s, r->len[e]);
  r->peer.out = r->octets[B];
  r->peer.out_len = from_lwip;
  r->s->end[A].auto_read = true;
  return r;
}

static void run_free(struct run *r) {
  if (r->peer.bad_checksums > 0) fail_msg("lwIP sent %llu bad checksums", (unsigned long long)r->peer.bad_checksums);
  lwip_peer_free(&r->peer);
  free(r->octets[A]);
  free(r->octets[B]);
  sim_free(r->s);
  free(r);
}

/* ---- the applications ---- */

/* A SYN that comes twice is answered by an ACK in SYN-RECEIVED (RFC 9293 s3.10.7.4, first); lwIP in SYN-SENT answers
   that with RST, where the RFC says to drop it. vtcp returns to LISTEN; if that RST comes twice, the handshake after it
   is gone, and the application has to connect again. */
static void connect_again(struct run *r) {
  if (!r->lwip_is_client || !r->peer.ended || r->peer.error != LWIP_PEER_RESET) return;
  if (sim_status(r->s, A).state != VTCP_LISTEN || r->again == 3) return;
  r->again++;
  all_again++;
  r->peer.ended = r->peer.connected = false;
  r->peer.out_done = r->s->end[B].sent.len = 0;
  assert_true(lwip_peer_connect(&r->peer));
}

static void work(struct run *r) {
  struct sim *s = r->s;
  connect_again(r);
  enum vtcp_state state = sim_status(s, A).state;
  if (state == VTCP_ESTABLISHED || state == VTCP_CLOSE_WAIT) {
    while (r->done < r->len[A]) {
      size_t n = r->len[A] - r->done;
      int64_t taken = sim_send(s, A, r->octets[A] + r->done, n < 10000 ? (uint32_t)n : 10000, false);
      if (taken <= 0) break;
      r->done += (size_t)taken;
    }
    if (r->done == r->len[A] && r->close_when_done && !s->end[A].closed) sim_close(s, A);
  }
  if (s->end[A].events[VTCP_EVENT_FIN] > 0 && s->end[A].auto_read && !s->end[A].end_seen) sim_read(s, A, 1);
  lwip_peer_work(&r->peer);
}

static void pass(struct run *r, uint64_t duration) {
  uint64_t until = r->s->now + duration;
  do work(r);
  while (sim_step(r->s, until));
  r->s->now = until;
}

static bool over(const struct run *r) {
  enum vtcp_state a = sim_status(r->s, A).state;
  return (a == VTCP_CLOSED || a == VTCP_TIME_WAIT) && lwip_peer_active() == 0;
}

/* Until both ends are through; false: an hour was not enough. */
static bool finish(struct run *r) {
  uint64_t until = r->s->now + HOUR;
  while (!over(r)) {
    work(r);
    if (!sim_step(r->s, until)) return false;
  }
  return true;
}

static void begin(struct run *r, bool lwip_is_client) {
  r->lwip_is_client = lwip_is_client;
  if (lwip_is_client) {
    assert_int_equal(sim_listen(r->s, A), VTCP_OK);
    assert_true(lwip_peer_connect(&r->peer));
  } else {
    assert_true(lwip_peer_listen(&r->peer));
    assert_int_equal(sim_open(r->s, A), VTCP_OK);
  }
}

static void establish(struct run *r, bool lwip_is_client) {
  begin(r, lwip_is_client);
  pass(r, SECOND);
  expect_state(r->s, A, VTCP_ESTABLISHED);
  assert_true(r->peer.connected);
}

/* ---- what must have come through ---- */

/* All that one application wrote has reached the other: the same length and SHA-256. */
static void expect_stream(struct run *r, enum side from, const char *what) {
  const struct sim_log *got = &r->s->end[from == A ? B : A].got;
  unsigned char sent_hash[crypto_hash_sha256_BYTES], got_hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(sent_hash, r->octets[from], r->len[from]);
  crypto_hash_sha256(got_hash, got->octets, got->len);
  if (got->len != r->len[from] || memcmp(sent_hash, got_hash, sizeof got_hash) != 0)
    sim_fail(r->s, __FILE__, __LINE__, "%s: %zu of %zu octets from %s arrived, the digests %s", what, got->len,
             r->len[from], from == A ? "vtcp" : "lwIP",
             memcmp(sent_hash, got_hash, sizeof got_hash) == 0 ? "agree" : "differ");
}

/* What a side said of its window, read as the other does: the scale counts when both SYNs had it, and not in a SYN. */
struct window {
  bool known, scaled;
  uint32_t shift, edge;
};

static uint32_t window_of(const struct sim_record *r, struct window w[2]) {
  struct window *x = &w[r->from];
  if ((r->flags & VTCP_SYN) != 0) {
    x->scaled = r->has_wscale;
    x->shift = r->wscale;
    return r->wnd;
  }
  return w[A].scaled && w[B].scaled ? (uint32_t)r->wnd << x->shift : r->wnd;
}

/* vtcp sends nothing beyond what lwIP offered (but one octet, to probe), and offers no more than its buffer. */
static void expect_windows_kept(struct run *r, const char *what) {
  struct window w[2] = {{0}};
  for (size_t i = 0; i < r->s->trace_len && r->again == 0; i++) {
    const struct sim_record *g = &r->s->trace[i];
    uint32_t size = window_of(g, w), edge = g->ack + size, end = g->seq + g->len;
    if (g->from == A && size > r->s->end[A].cfg.rcv_cap)
      sim_fail(r->s, __FILE__, __LINE__, "%s: vtcp offers %u octets in segment %zu", what, size, i + 1);
    if (g->from == A && g->len > 1 && w[B].known && (int32_t)(end - w[B].edge) > 0)
      sim_fail(r->s, __FILE__, __LINE__, "%s: vtcp sends beyond the window in segment %zu", what, i + 1);
    if (g->from == B && (g->flags & VTCP_ACK) != 0 && (!w[B].known || (int32_t)(edge - w[B].edge) > 0))
      w[B] = (struct window){true, w[B].scaled, w[B].shift, edge};
  }
}

/* Both streams to their ends, both ends closed, and neither by a reset. */
static void expect_orderly(struct run *r, const char *what) {
  if (!finish(r))
    sim_fail(r->s, __FILE__, __LINE__, "%s: no end within an hour, lwIP has %u active", what, lwip_peer_active());
  expect_stream(r, A, what);
  expect_stream(r, B, what);
  expect_windows_kept(r, what);
  work(r);
  struct vtcp_status t = sim_status(r->s, A);
  if (!r->s->end[A].end_seen || !r->peer.end_seen)
    sim_fail(r->s, __FILE__, __LINE__, "%s: the end of a stream was not told", what);
  if (t.state == VTCP_CLOSED ? t.outcome != VTCP_OUTCOME_CLOSED : t.state != VTCP_TIME_WAIT)
    sim_fail(r->s, __FILE__, __LINE__, "%s: vtcp is in %s, outcome %d", what, sim_state_name(t.state), (int)t.outcome);
  if (r->peer.ended && r->peer.error != LWIP_PEER_CLOSED)
    sim_fail(r->s, __FILE__, __LINE__, "%s: lwIP ended with error %d", what, r->peer.error);
  for (size_t i = 0; i < r->s->trace_len && r->again == 0; i++)
    if ((r->s->trace[i].flags & VTCP_RST) != 0) sim_fail(r->s, __FILE__, __LINE__, "%s: a reset was sent", what);
}

/* ---- transfers ---- */

struct path {
  const char *name;
  struct sim_faults faults;
};

static const struct path paths[] = {
    {"a good path", {0}},
    {"1 % lost", {.loss = 10, .twice = 10, .late = 10, .late_by = 15 * MS}},
    {"5 % lost, 5 % twice, 5 % late, 1 % corrupt", {50, 50, 50, 10, 40 * MS}},
    {"10 % lost, 10 % twice, 20 % late", {.loss = 100, .twice = 100, .late = 200, .late_by = 60 * MS}},
    {"half of it late", {.late = 500, .late_by = 100 * MS}},
    {"half of it twice", {.twice = 500, .late_by = 100 * MS}},
};
#define PATHS (sizeof paths / sizeof paths[0])
#define SEEDS 12
static uint64_t only_seed; /* 0: all */

/* Bulk both ways at the same time; then both close. Odd seeds are with window scale and a large buffer. */
static void transfer(const struct path *path, bool ipv6, bool lwip_is_client, uint64_t seed) {
  char what[160];
  snprintf(what, sizeof what, "IPv%d, %s is the client, %s, seed %llu", ipv6 ? 6 : 4, lwip_is_client ? "lwIP" : "vtcp",
           path->name, (unsigned long long)seed);
  size_t n = path->faults.loss >= 100 ? 150000 : 400000;
  struct sim_options o = {.window_scale = seed % 2 != 0, .window_shift = 3, .rcv_cap = seed % 2 != 0 ? 300000 : 0};
  struct run *r = run_new(ipv6, seed, n, n + 777, o);
  r->s->faults = path->faults;
  r->close_when_done = r->peer.shut_when_done = true;
  begin(r, lwip_is_client);
  expect_orderly(r, what);
  if (r->peer.clock_reads == 0) fail_msg("lwIP has a clock of its own: sys_now is not the one of the test");
  run_free(r);
}

static void bulk_both_ways(void **state) {
  const struct path *path = *state;
  for (uint64_t seed = 1; seed <= SEEDS; seed++)
    for (unsigned k = 0; k < 4 && (only_seed == 0 || only_seed == seed); k++)
      transfer(path, k % 2 != 0, k / 2 != 0, seed);
}

/* Small buffers and segments of odd sizes. */
static void small_segments(void **state) {
  (void)state;
  for (unsigned k = 0; k < 4; k++) {
    struct sim_options o = {.mss = (uint16_t)(64 + 173 * k), .snd_cap = 1000 + 777 * k, .rcv_cap = 900 + 1111 * k};
    struct run *r = run_new(k % 2 != 0, 7 + k, 20000, 20000, o);
    r->s->faults = paths[1].faults;
    r->close_when_done = r->peer.shut_when_done = true;
    begin(r, k / 2 != 0);
    expect_orderly(r, "small segments");
    run_free(r);
  }
}

/* ---- closing ---- */

/* One side closes at once; the other sends on for a while, and its octets are taken. */
static void half_close(bool ipv6, bool lwip_is_client, bool lwip_first) {
  struct run *r = run_new(ipv6, 3, lwip_first ? 100000 : 10, lwip_first ? 10 : 100000, (struct sim_options){0});
  establish(r, lwip_is_client);
  if (lwip_first)
    r->peer.shut_when_done = true;
  else
    r->close_when_done = true;
  pass(r, 20 * SECOND);
  expect_state(r->s, A, lwip_first ? VTCP_CLOSE_WAIT : VTCP_FIN_WAIT_2);
  assert_int_equal(lwip_peer_active(), 1);
  expect_stream(r, A, "half-close");
  expect_stream(r, B, "half-close");
  r->close_when_done = r->peer.shut_when_done = true;
  expect_orderly(r, "half-close");
  expect_state(r->s, A, lwip_first ? VTCP_CLOSED : VTCP_TIME_WAIT);
  assert_int_equal(lwip_peer_waiting(), lwip_first ? 1 : 0);
  run_free(r);
}

static void half_close_by_vtcp(void **state) {
  (void)state;
  for (unsigned k = 0; k < 4; k++) half_close(k % 2 != 0, k / 2 != 0, false);
}

static void half_close_by_lwip(void **state) {
  (void)state;
  for (unsigned k = 0; k < 4; k++) half_close(k % 2 != 0, k / 2 != 0, true);
}

/* Nothing is sent; FINs cross. Then 2 MSL pass on both sides. */
static void simultaneous_close(void **state) {
  (void)state;
  for (unsigned k = 0; k < 4; k++) {
    struct run *r = run_new(k % 2 != 0, 5, 0, 0, (struct sim_options){0});
    establish(r, k / 2 != 0);
    r->close_when_done = r->peer.shut_when_done = true;
    expect_orderly(r, "simultaneous close");
    expect_state(r->s, A, VTCP_TIME_WAIT);
    bool crossed = false;
    for (size_t i = 0; i < r->s->trace_len; i++) crossed |= r->s->trace[i].state == VTCP_CLOSING;
    assert_true(crossed);
    assert_int_equal(lwip_peer_waiting(), 1);
    pass(r, 5 * MINUTE);
    expect_ended(r->s, A, VTCP_OUTCOME_CLOSED);
    assert_int_equal(lwip_peer_waiting(), 0);
    run_free(r);
  }
}

/* vtcp's last ACK is lost: lwIP sends its FIN again, and TIME-WAIT answers. */
static void lost_last_ack(void **state) {
  (void)state;
  for (unsigned k = 0; k < 2; k++) {
    struct run *r = run_new(k != 0, 6, 10, 10, (struct sim_options){0});
    establish(r, false);
    r->close_when_done = true;
    pass(r, 2 * SECOND);
    expect_state(r->s, A, VTCP_FIN_WAIT_2);
    sim_lose(r->s, A, 1);
    r->peer.shut_when_done = true;
    pass(r, 100 * MS);
    expect_state(r->s, A, VTCP_TIME_WAIT);
    assert_int_equal(lwip_peer_active(), 1);
    expect_orderly(r, "the last ACK is lost");
    run_free(r);
  }
}

/* ---- refusing and aborting ---- */

static void nobody_listens_at_lwip(void **state) {
  (void)state;
  for (unsigned k = 0; k < 2; k++) {
    struct run *r = run_new(k != 0, 8, 0, 0, (struct sim_options){0});
    assert_int_equal(sim_open(r->s, A), VTCP_OK);
    pass(r, SECOND);
    expect_ended(r->s, A, VTCP_OUTCOME_REFUSED);
    run_free(r);
  }
}

static void nobody_listens_at_vtcp(void **state) {
  (void)state;
  for (unsigned k = 0; k < 2; k++) {
    struct run *r = run_new(k != 0, 9, 0, 0, (struct sim_options){0});
    sim_role(r->s, A, SIM_NOBODY);
    assert_true(lwip_peer_connect(&r->peer));
    pass(r, SECOND);
    assert_true(r->peer.ended);
    assert_int_equal(r->peer.error, LWIP_PEER_RESET);
    run_free(r);
  }
}

/* In the middle of a transfer; the other side is told at once, and nothing remains. */
static void abort_in_the_middle(void **state) {
  (void)state;
  for (unsigned k = 0; k < 8; k++) {
    struct run *r = run_new(k % 2 != 0, 10 + k, 400000, 400000, (struct sim_options){0});
    begin(r, k / 2 % 2 != 0);
    pass(r, 120 * MS);
    expect_state(r->s, A, VTCP_ESTABLISHED);
    assert_true(r->s->end[A].got.len > 0 && r->s->end[A].got.len < 400000);
    if (k / 4 != 0) {
      lwip_peer_abort(&r->peer);
      pass(r, 100 * MS);
      expect_ended(r->s, A, VTCP_OUTCOME_RESET);
    } else {
      assert_int_equal(sim_abort(r->s, A), VTCP_OK);
      pass(r, 100 * MS);
      assert_true(r->peer.ended);
      assert_int_equal(r->peer.error, LWIP_PEER_RESET);
    }
    assert_int_equal(lwip_peer_active(), 0);
    run_free(r);
  }
}

/* ---- zero windows ---- */

/* lwIP's application does not read for five minutes, then does; vtcp probes all the while. */
static void lwip_reads_slowly(void **state) {
  (void)state;
  for (unsigned k = 0; k < 2; k++) {
    struct run *r = run_new(k != 0, 20, 400000, 0, (struct sim_options){0});
    r->peer.slow = true;
    establish(r, k != 0);
    pass(r, 10 * SECOND);
    assert_int_equal(sim_status(r->s, A).snd_wnd, 0);
    uint32_t before = r->s->end[A].emitted;
    size_t got = r->s->end[B].got.len;
    pass(r, 5 * MINUTE);
    expect_state(r->s, A, VTCP_ESTABLISHED);
    uint32_t probes = r->s->end[A].emitted - before;
    if (probes < 4 || probes > 300) fail_msg("%u probes in five minutes", probes);
    assert_int_equal(r->s->end[B].got.len, got);
    r->close_when_done = r->peer.shut_when_done = true;
    lwip_peer_read(&r->peer);
    expect_orderly(r, "lwIP reads slowly");
    run_free(r);
  }
}

/* vtcp's application does not read for five minutes, then does; lwIP probes all the while. */
static void vtcp_reads_slowly(void **state) {
  (void)state;
  for (unsigned k = 0; k < 2; k++) {
    struct run *r = run_new(k != 0, 21, 0, 200000, (struct sim_options){.rcv_cap = 30000});
    r->s->end[A].auto_read = false;
    establish(r, k != 0);
    pass(r, 10 * SECOND);
    assert_int_equal(sim_status(r->s, A).rcv_wnd, 0);
    assert_int_equal(sim_status(r->s, A).unread, 30000);
    uint32_t before = r->s->end[B].emitted;
    pass(r, 5 * MINUTE);
    expect_state(r->s, A, VTCP_ESTABLISHED);
    uint32_t probes = r->s->end[B].emitted - before;
    if (probes < 4 || probes > 300) fail_msg("%u probes in five minutes", probes);
    assert_int_equal(sim_status(r->s, A).unread, 30000);
    r->s->end[A].auto_read = true;
    r->close_when_done = r->peer.shut_when_done = true;
    sim_read(r->s, A, 10000);
    expect_orderly(r, "vtcp reads slowly");
    run_free(r);
  }
}

#define test(f) cmocka_unit_test(f)
#define over_path(n)                                                                                                   \
  { "bulk_both_ways: " #n, bulk_both_ways, NULL, NULL, (void *)(uintptr_t)&paths[n] }

int main(int argc, char **argv) {
  if (argc > 1) only_seed = strtoull(argv[1], NULL, 10);
  if (argc > 2 || (argc > 1 && (only_seed == 0 || only_seed > SEEDS))) {
    fprintf(stderr, "usage: %s [SEED]   SEED: one of the transfers' seeds, 1 to %d\n", argv[0], SEEDS);
    return 2;
  }
  struct CMUnitTest tests[] = {over_path(0),
                               over_path(1),
                               over_path(2),
                               over_path(3),
                               over_path(4),
                               over_path(5),
                               test(small_segments),
                               test(half_close_by_vtcp),
                               test(half_close_by_lwip),
                               test(simultaneous_close),
                               test(lost_last_ack),
                               test(nobody_listens_at_lwip),
                               test(nobody_listens_at_vtcp),
                               test(abort_in_the_middle),
                               test(lwip_reads_slowly),
                               test(vtcp_reads_slowly)};
  _Static_assert(PATHS == 6, "each path is a test");
  for (size_t i = 0; i < PATHS; i++) tests[i].name = paths[i].name;
  srand(1); /* lwIP takes ports and delays from rand() */
  int failed = sodium_init() < 0 ? 2 : cmocka_run_group_tests_name("lwip", tests, NULL, NULL);
  if (all_again > 0) printf("# note: lwIP reset a handshake of its own, and connected again: %u\n", all_again);
  return failed;
}
