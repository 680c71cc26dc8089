/* Timeouts (RFC 9293 s3.10.8, RFC 6298), and calls at any other time. */
#include "../support/sim.h"

#include <string.h>

static const struct sim_options plain;

/* Before the deadline, and with no deadline, vtcp_timeout changes nothing at all. */
static void early_is_harmless(void **state) {
  struct sim *s = *state;
  for (enum vtcp_state st = VTCP_CLOSED; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, (struct sim_options){.user_timeout = 1000 * (uint64_t)SECOND}, st);
    struct vtcp *c = &s->end[A].c, before;
    memcpy(&before, c, sizeof before);
    uint64_t d = vtcp_deadline(c);
    for (int i = 0; i < 3; i++) {
      vtcp_timeout(c, s->now);
      vtcp_timeout(c, d == VTCP_NEVER ? VTCP_TIME_MAX : d - 1);
      vtcp_timeout(c, 0);
    }
    assert_memory_equal(&before, c, sizeof before);
  }
}

/* An hour late: the same as in time, only later. */
static void late_is_harmless(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  s->cut[A] = true;
  sim_write(s, A, 10);
  s->end[A].deaf = true;
  sim_run(s, 3600 * (uint64_t)SECOND);
  s->end[A].deaf = false;
  s->cut[A] = false;
  sim_timeout(s, A);
  await(s, A, "ACK", 101, 301, 10);
  await(s, A, "ACK", 101, 301, 10);
  sim_run(s, SECOND);
  assert_int_equal(sim_read(s, B, 100), 10);
  assert_int_equal(sim_status(s, A).retransmitted, 1);
}

/* All at once, in any state: nothing breaks, and the deadline moves on. */
static void again_and_again(void **state) {
  struct sim *s = *state;
  for (enum vtcp_state st = VTCP_CLOSED; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, plain, st);
    for (int i = 0; i < 20; i++) {
      uint64_t d = vtcp_deadline(&s->end[A].c);
      if (d == VTCP_NEVER) break;
      s->now = d;
      sim_timeout(s, A);
      sim_timeout(s, A);
      assert_true(vtcp_deadline(&s->end[A].c) > d);
    }
  }
}

/* RFC 6298 (5.5): each timeout doubles the RTO, up to 60 s; (5.7) and Karn: a new sample ends it. */
static void backoff(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  assert_int_equal(sim_status(s, A).rto, SECOND);
  uint64_t last = s->now, rto = SECOND;
  sim_write(s, A, 10);
  expect(s, A, "ACK", 101, 301, 10);
  for (int i = 0; i < 12; i++) {
    const struct sim_record *r = expect(s, A, "ACK", 101, 301, 10);
    assert_int_equal(r->at - last, rto);
    last = r->at;
    rto = rto * 2 < VTCP_RTO_MAX ? rto * 2 : VTCP_RTO_MAX;
    assert_int_equal(sim_status(s, A).rto, rto);
  }
  inject(s, A, "ACK", 301, 111, 0);
  assert_int_equal(sim_status(s, A).rto, VTCP_RTO_MAX); /* Karn: that ACK is no measurement */
  assert_true(vtcp_deadline(&s->end[A].c) == VTCP_NEVER);
  sim_write(s, A, 10);
  sim_run(s, 50 * MS);
  inject(s, A, "ACK", 301, 121, 0);
  assert_int_equal(sim_status(s, A).rto, SECOND);
}

/* RFC 6298 (2.2), (2.3): the first measurement and the next. */
static void measurement(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.rto_min = 1 * MS}, VTCP_SYN_SENT);
  sim_run(s, 190 * MS); /* 10 ms have passed in sim_reach */
  inject(s, A, "SYN,ACK", 300, 101, 0);
  assert_int_equal(sim_status(s, A).srtt, 200 * MS);
  assert_int_equal(sim_status(s, A).rto, 600 * MS); /* 200 + 4 * 100 */
  sim_write(s, A, 10);
  sim_run(s, 100 * MS);
  inject(s, A, "ACK", 301, 111, 0);
  assert_int_equal(sim_status(s, A).srtt, 187500);
  assert_int_equal(sim_status(s, A).rto, 187500 + 4 * 100000); /* RTTVAR 3/4 * 100 + 1/4 * 100 */
}

/* (5.3): the timer starts again when new data is acknowledged; (5.2): it stops when all is. */
static void timer_restarts(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  sim_write(s, A, 2000);
  sim_run(s, 900 * MS);
  inject(s, A, "ACK", 301, 1101, 0);
  assert_true(vtcp_deadline(&s->end[A].c) == s->now + sim_status(s, A).rto);
  inject(s, A, "ACK", 301, 2101, 0);
  assert_true(vtcp_deadline(&s->end[A].c) == VTCP_NEVER);
}

/* The user timeout in each state that has something to wait for. */
static void user_timeout(void **state) {
  struct sim *s = *state;
  for (enum vtcp_state st = VTCP_SYN_SENT; st <= VTCP_LAST_ACK; st++) {
    sim_reach(s, (struct sim_options){.user_timeout = 30 * (uint64_t)SECOND}, st);
    bool idle = st == VTCP_ESTABLISHED || st == VTCP_FIN_WAIT_2 || st == VTCP_CLOSE_WAIT;
    sim_run(s, 29 * SECOND);
    expect_state(s, A, st);
    sim_run(s, 2 * SECOND);
    if (idle)
      expect_state(s, A, st); /* nothing is outstanding: nothing can be missed */
    else
      expect_ended(s, A, VTCP_OUTCOME_TIMED_OUT);
  }
}

/* Progress begins the user timeout anew. */
static void user_timeout_after_progress(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.user_timeout = 30 * (uint64_t)SECOND}, VTCP_ESTABLISHED);
  sim_write(s, A, 5000);
  for (uint32_t i = 1; i <= 4; i++) {
    sim_run(s, 25 * SECOND);
    inject(s, A, "ACK", 301, 101 + 1000 * i, 0);
  }
  expect_state(s, A, VTCP_ESTABLISHED);
  sim_run(s, 30 * SECOND);
  expect_ended(s, A, VTCP_OUTCOME_TIMED_OUT);
}

/* The warning of R1 comes with the third retransmission, once for each silence. */
static void warning(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  for (int i = 0; i < 2; i++) {
    uint32_t una = sim_status(s, A).snd_una;
    sim_write(s, A, 10);
    while (sim_status(s, A).retransmitted < 3u * (unsigned)(i + 1)) {
      expect_no_event(s, A, VTCP_EVENT_WARNING);
      assert_true(sim_step(s, VTCP_NEVER - 1));
    }
    expect_event(s, A, VTCP_EVENT_WARNING);
    inject(s, A, "ACK", 301, una + 10, 0);
    sim_run(s, 100 * (uint64_t)SECOND);
    expect_no_event(s, A, VTCP_EVENT_WARNING);
  }
}

/* TIME-WAIT ends even when the user timeout is shorter, and not before. */
static void time_wait(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.user_timeout = 5 * SECOND}, VTCP_TIME_WAIT);
  sim_run(s, 239 * SECOND);
  expect_state(s, A, VTCP_TIME_WAIT);
  sim_run(s, SECOND);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
}

/* Time may begin at 0 and end at VTCP_TIME_MAX. */
static void ends_of_time(void **state) {
  struct sim *s = *state;
  s->now = 0;
  sim_connect(s);
  s->now = VTCP_TIME_MAX - 1000 * (uint64_t)SECOND;
  s->cut[A] = true;
  sim_write(s, A, 10);
  while (sim_step(s, VTCP_TIME_MAX)) {}
  assert_true(sim_status(s, A).retransmitted > 10);
  sim_abort(s, A);
  assert_true(vtcp_deadline(&s->end[A].c) == VTCP_NEVER);
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(early_is_harmless), test(late_is_harmless), test(again_and_again), test(backoff),
      test(measurement),       test(timer_restarts),   test(user_timeout),    test(user_timeout_after_progress),
      test(warning),           test(time_wait),        test(ends_of_time),
  };
  return cmocka_run_group_tests_name("timeout", tests, NULL, NULL);
}
