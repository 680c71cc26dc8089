/* vtcp_init, and a TCB that is used again. */
#include "../support/inv.h"
#include "../support/sim.h"

#include <string.h>
#include <sys/mman.h>

static uint8_t snd[64], rcv[64];

static struct vtcp_config good(void) {
  return (struct vtcp_config){.local_port = 1,
                              .remote_port = 2,
                              .mss = 1000,
                              .window_shift = 6,
                              .msl = 120 * (uint64_t)SECOND,
                              .user_timeout = 100 * (uint64_t)SECOND,
                              .rto_min = SECOND,
                              .snd_buf = snd,
                              .snd_cap = sizeof snd,
                              .rcv_buf = rcv,
                              .rcv_cap = sizeof rcv};
}

static void init_makes_it_closed(void **state) {
  (void)state;
  struct vtcp c;
  struct vtcp_config cfg = good();
  struct vtcp_segment out;
  struct vtcp_status t;
  memset(&c, 0xa5, sizeof c);
  assert_int_equal(vtcp_init(&c, &cfg), VTCP_OK);
  vtcp_status(&c, &t);
  assert_int_equal(t.state, VTCP_CLOSED);
  assert_int_equal(t.outcome, VTCP_OUTCOME_NONE);
  assert_int_equal(t.local_port, 1);
  assert_int_equal(t.remote_port, 2);
  assert_int_equal(t.unread, 0);
  assert_int_equal(t.unacknowledged, 0);
  assert_int_equal(t.send_space, 0);
  assert_int_equal(t.retransmitted, 0);
  assert_int_equal(t.unacceptable, 0);
  assert_int_equal(t.challenged, 0);
  assert_int_equal(t.unstored, 0);
  assert_int_equal(t.rto, SECOND);
  assert_true(vtcp_deadline(&c) == VTCP_NEVER);
  assert_false(vtcp_output(&c, 0, &out));
  assert_int_equal(vtcp_event(&c), VTCP_EVENT_NONE);
  assert_int_equal(vtcp_peek(&c).first_len + vtcp_peek(&c).second_len, 0);
}

/* A value outside its range: VTCP_ERR_INVALID, and *c is unchanged. */
static void refused(struct vtcp_config cfg) {
  struct vtcp c, before;
  memset(&c, 0xa5, sizeof c);
  memset(&before, 0xa5, sizeof before);
  assert_int_equal(vtcp_init(&c, &cfg), VTCP_ERR_INVALID);
  assert_memory_equal(&c, &before, sizeof c);
}

static void accepted(struct vtcp_config cfg) {
  struct vtcp c;
  assert_int_equal(vtcp_init(&c, &cfg), VTCP_OK);
}

#define with(member, value)                                                                                            \
  __extension__({                                                                                                      \
    struct vtcp_config cfg_ = good();                                                                                  \
    cfg_.member = (value);                                                                                             \
    cfg_;                                                                                                              \
  })

static void init_refuses(void **state) {
  (void)state;
  refused(with(mss, 0));
  refused(with(mss, 63));
  refused(with(mss, 65476));
  refused(with(window_shift, 15));
  refused(with(msl, VTCP_DURATION_MAX + 1));
  refused(with(msl, UINT64_MAX));
  refused(with(user_timeout, VTCP_DURATION_MAX + 1));
  refused(with(rto_min, 0));
  refused(with(rto_min, 999));
  refused(with(rto_min, 60000001));
  refused(with(snd_cap, 0));
  refused(with(rcv_cap, 0));
  refused(with(snd_cap, VTCP_BUFFER_MAX + 1));
  refused(with(rcv_cap, VTCP_BUFFER_MAX + 1));
}

/* A window smaller than the unit of the window field could never be told. */
static void init_refuses_a_scale_beyond_the_buffer(void **state) {
  (void)state;
  static uint8_t large[1u << 14];
  refused(with(window_shift, 7));
  for (uint16_t shift = 0; shift <= 14; shift++) {
    struct vtcp_config cfg = with(window_shift, shift);
    cfg.rcv_buf = large;
    cfg.rcv_cap = 1u << shift;
    accepted(cfg);
    cfg.rcv_cap--;
    refused(cfg);
  }
}

static void init_accepts_the_bounds(void **state) {
  (void)state;
  accepted(good());
  accepted(with(mss, 64));
  accepted(with(mss, 65475));
  accepted(with(window_shift, 0));
  accepted(with(msl, 0));
  accepted(with(msl, VTCP_DURATION_MAX));
  accepted(with(user_timeout, 0));
  accepted(with(user_timeout, VTCP_DURATION_MAX));
  accepted(with(rto_min, 1000));
  accepted(with(rto_min, 60000000));
  accepted(with(snd_cap, 1));
  /* address space alone: vtcp_init does not look into the buffers */
  uint8_t *large =
      mmap(NULL, 2u * VTCP_BUFFER_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(large != MAP_FAILED);
  struct vtcp_config cfg = good();
  cfg.snd_buf = large;
  cfg.rcv_buf = large + VTCP_BUFFER_MAX;
  cfg.snd_cap = cfg.rcv_cap = VTCP_BUFFER_MAX;
  accepted(cfg);
  assert_int_equal(munmap(large, 2u * VTCP_BUFFER_MAX), 0);
}

/* A CLOSED connection can be opened again; nothing of the earlier one is left. */
static void used_again(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  sim_write(s, A, 3000);
  sim_run(s, SECOND);
  sim_abort(s, A);
  sim_deliver(s);
  expect_ended(s, A, VTCP_OUTCOME_ABORTED);
  expect_ended(s, B, VTCP_OUTCOME_RESET);
  s->cursor = s->trace_len;
  for (int e = A; e <= B; e++) {
    s->end[e].sent.len = s->end[e].got.len = 0;
    s->end[e].closed = s->end[e].end_seen = s->end[e].edge_known = false;
    s->end[e].high = 0;
    s->end[e].iss += 10000;
  }
  sim_connect(s);
  struct vtcp_status t = sim_status(s, B);
  assert_int_equal(t.unread, 0);
  assert_int_equal(t.outcome, VTCP_OUTCOME_NONE);
  assert_int_equal(sim_status(s, A).unacknowledged, 0);
  sim_write(s, A, 100);
  sim_run(s, SECOND);
  assert_int_equal(sim_read(s, B, 200), 100);
}

/* The same after an orderly close, with a remembered FIN and an urgent pointer of the earlier connection. */
static void used_again_after_close(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){0}, VTCP_ESTABLISHED);
  inject(s, A, "URG,FIN,ACK", 311, 101, 100, .urg = 500);
  inject(s, A, "ACK", 301, 101, 10);
  sim_close(s, A);
  inject(s, A, "ACK", 412, 102, 0);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
  s->end[A].closed = false;
  s->end[A].high = 0;
  s->cursor = s->trace_len;
  sim_open(s, A);
  expect(s, A, "SYN", 100, 0, 0);
  inject(s, A, "SYN,ACK", 300, 101, 0);
  expect(s, A, "ACK", 101, 301, 0);
  assert_int_equal(sim_status(s, A).unread, 0);
  assert_int_equal(sim_status(s, A).outcome, VTCP_OUTCOME_NONE);
  inject(s, A, "URG,ACK", 301, 101, 200, .urg = 20);
  expect_state(s, A, VTCP_ESTABLISHED);
  assert_int_equal(sim_status(s, A).rcv_nxt, 501);
  s->end[A].events[VTCP_EVENT_URGENT] = 0;
  inject(s, A, "URG,ACK", 501, 101, 10, .urg = 20);
  expect_event(s, A, VTCP_EVENT_URGENT);
  inject(s, A, "FIN,ACK", 511, 101, 0);
  expect_state(s, A, VTCP_CLOSE_WAIT);
}

/* Sequence numbers wrap around within the data (RFC 9293 s3.4). */
static void sequence_numbers_wrap(void **state) {
  struct sim *s = *state;
  sim_end_init(s, A, (struct sim_options){.iss = UINT32_MAX - 1500});
  sim_end_init(s, B, (struct sim_options){.iss = UINT32_MAX});
  s->end[A].auto_read = s->end[B].auto_read = true;
  sim_connect(s);
  sim_write(s, A, 4000);
  expect(s, A, "ACK", UINT32_MAX - 1499, 0, 1000);
  expect(s, A, "ACK", UINT32_MAX - 499, 0, 1000);
  expect(s, A, "ACK", 500, 0, 1000);
  expect(s, A, "ACK", 1500, 0, 1000);
  sim_write(s, B, 10);
  sim_run(s, SECOND);
  expect_got(s, B, 4000);
  expect_got(s, A, 10);
  sim_close(s, A);
  sim_close(s, B);
  sim_run(s, 300 * (uint64_t)SECOND);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
  expect_ended(s, B, VTCP_OUTCOME_CLOSED);
}

/* ISS so that SYN is the last number, or FIN is number 0. */
static void syn_and_fin_at_the_edge(void **state) {
  struct sim *s = *state;
  sim_end_init(s, A, (struct sim_options){.iss = UINT32_MAX - 1});
  sim_end_init(s, B, (struct sim_options){.iss = UINT32_MAX - 101});
  sim_connect(s);
  sim_close(s, A);
  expect(s, A, "FIN,ACK", UINT32_MAX, UINT32_MAX - 100, 0);
  expect(s, B, "ACK", UINT32_MAX - 100, 0, 0);
  sim_deliver(s);
  sim_write(s, B, 101);
  expect(s, B, "ACK", UINT32_MAX - 100, 0, 101);
  sim_close(s, B);
  expect(s, B, "FIN,ACK", 0, 0, 0);
  await(s, A, "ACK", 0, 1, 0);
  sim_deliver(s);
  assert_int_equal(sim_read(s, A, 200), 101);
  assert_int_equal(sim_read(s, A, 1), VTCP_ERR_CLOSING);
  expect_ended(s, B, VTCP_OUTCOME_CLOSED);
}

/* Offsets far beyond 2^32 move data and close like small ones. */
static void beyond_four_gibibytes(void **state) {
  struct sim *s = *state;
  sim_end_init(s, A, (struct sim_options){.iss = UINT32_MAX - 5000});
  s->end[A].auto_read = s->end[B].auto_read = true;
  sim_connect(s);
  inv_advance(&s->end[A].c, 5 * (int64_t)4294967296);
  inv_advance(&s->end[B].c, 5 * (int64_t)4294967296);
  s->faults = (struct sim_faults){.loss = 100, .twice = 50, .late = 100, .late_by = 50 * MS};
  sim_write(s, A, 60000);
  sim_write(s, B, 10000);
  sim_run(s, 600 * (uint64_t)SECOND);
  expect_got(s, B, 60000);
  expect_got(s, A, 10000);
  sim_close(s, A);
  sim_close(s, B);
  sim_run(s, 3600 * (uint64_t)SECOND);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
  expect_ended(s, B, VTCP_OUTCOME_CLOSED);
}

/* At the largest offset SEND takes no more, and the connection still closes. */
static void the_largest_offset(void **state) {
  struct sim *s = *state;
  s->end[A].auto_read = s->end[B].auto_read = true;
  sim_connect(s);
  inv_advance(&s->end[A].c, VTCP_OFFSET_MAX - 1000);
  inv_advance(&s->end[B].c, VTCP_OFFSET_MAX - 1000);
  s->paired = false; /* iss and irs are not what was opened with */
  assert_in_range(sim_status(s, A).send_space, 900, 1000);
  int64_t n = sim_write(s, A, 5000);
  assert_in_range(n, 900, 1000);
  assert_int_equal(sim_write(s, A, 1), 0);
  sim_run(s, SECOND);
  assert_int_equal(s->end[B].got.len, n);
  assert_int_equal(sim_write(s, A, 1), 0);
  sim_close(s, A);
  sim_run(s, SECOND);
  sim_close(s, B);
  sim_run(s, 300 * (uint64_t)SECOND);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
  expect_ended(s, B, VTCP_OUTCOME_CLOSED);
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(init_makes_it_closed),
      cmocka_unit_test(init_refuses),
      cmocka_unit_test(init_refuses_a_scale_beyond_the_buffer),
      cmocka_unit_test(init_accepts_the_bounds),
      test(used_again),
      test(used_again_after_close),
      test(sequence_numbers_wrap),
      test(syn_and_fin_at_the_edge),
      test(beyond_four_gibibytes),
      test(the_largest_offset),
  };
  return cmocka_run_group_tests_name("tcb", tests, NULL, NULL);
}
