/* What can be changed of a connection that there is already. */
#include "../support/sim.h"

#include <string.h>

/* MUST-17: Nagle's algorithm goes off and on. */
static void nodelay(void **state) {
  struct sim *s = *state;
  sim_end_init(s, A, (struct sim_options){.nagle = true});
  sim_connect(s);
  sim_write(s, A, 10);
  expect(s, A, "ACK", 101, 301, 10);
  sim_write(s, A, 10);
  vtcp_set_nodelay(&s->end[A].c, true);
  sim_pump(s, A);
  expect(s, A, "ACK", 111, 301, 10);
  vtcp_set_nodelay(&s->end[A].c, false);
  sim_write(s, A, 10);
  expect(s, B, "ACK", 301, 121, 0);
  expect(s, A, "ACK", 121, 301, 10);
}

/* A timeout that runs begins anew, with the new time. */
static void user_timeout(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  s->cut[A] = true;
  sim_write(s, A, 10);
  sim_run(s, 10 * SECOND);
  expect_state(s, A, VTCP_ESTABLISHED);
  /* none was set: it begins with the next retransmission */
  assert_int_equal(vtcp_set_user_timeout(&s->end[A].c, 100 * (uint64_t)SECOND, s->now), VTCP_OK);
  sim_run(s, 20 * SECOND);
  uint64_t now = s->now;
  assert_int_equal(vtcp_set_user_timeout(&s->end[A].c, 30 * SECOND, now), VTCP_OK);
  sim_run(s, 29 * SECOND);
  expect_state(s, A, VTCP_ESTABLISHED);
  sim_run(s, 2 * SECOND);
  expect_ended(s, A, VTCP_OUTCOME_TIMED_OUT);
}

static void user_timeout_off(void **state) {
  struct sim *s = *state;
  sim_end_init(s, A, (struct sim_options){.user_timeout = 60 * SECOND});
  sim_connect(s);
  s->cut[A] = true;
  sim_write(s, A, 10);
  assert_int_equal(vtcp_set_user_timeout(&s->end[A].c, 0, s->now), VTCP_OK);
  sim_run(s, 3600 * (uint64_t)SECOND);
  expect_state(s, A, VTCP_ESTABLISHED);
}

/* s3.8.4: the timer runs only while nothing of ours is queued or outstanding, and not beyond TIME-WAIT. */
static void keepalive(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  struct vtcp *c = &s->end[A].c;
  assert_int_equal(vtcp_set_keepalive(c, true, 10 * SECOND, 2 * SECOND, 2, s->now), VTCP_OK);
  uint64_t at = s->now + 10 * SECOND;
  assert_int_equal(vtcp_deadline(c), at);
  s->cut[A] = true;
  sim_write(s, A, 10);
  assert_true(vtcp_deadline(c) < at); /* the retransmission timer */
  sim_run(s, 20 * SECOND);
  assert_int_equal(c->keep.sent, 0);
  s->cut[A] = false;
  sim_run(s, 30 * SECOND);
  assert_int_equal(c->snd.len, 0);
  assert_int_equal(vtcp_set_keepalive(c, false, 10 * SECOND, 0, 0, s->now), VTCP_OK);
  assert_int_equal(vtcp_deadline(c), VTCP_NEVER);
  assert_int_equal(vtcp_set_keepalive(c, true, 10 * SECOND, 2 * SECOND, 2, s->now), VTCP_OK);
  sim_close(s, A);
  sim_deliver(s);
  expect_state(s, A, VTCP_FIN_WAIT_2);
  assert_true(vtcp_deadline(c) <= s->now + 10 * SECOND);
  sim_close(s, B);
  sim_deliver(s);
  expect_state(s, A, VTCP_TIME_WAIT);
  assert_int_equal(vtcp_deadline(c), c->wait_at);
}

/* A clock that jumps over several probes sends one. */
static void keepalive_late(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  struct vtcp *c = &s->end[A].c;
  struct vtcp_segment out;
  assert_int_equal(vtcp_set_keepalive(c, true, 10 * SECOND, 2 * SECOND, 5, s->now), VTCP_OK);
  uint64_t late = s->now + 3600 * (uint64_t)SECOND;
  vtcp_timeout(c, late);
  assert_true(vtcp_output(c, late, &out));
  assert_int_equal(out.seq, 100);
  assert_int_equal(out.flags, VTCP_ACK);
  assert_int_equal(out.text_len, 0);
  assert_false(vtcp_output(c, late, &out));
  assert_int_equal(vtcp_deadline(c), late + 2 * SECOND);
}

/* In CLOSED nothing begins to run. */
static void quiet_when_closed(void **state) {
  struct sim *s = *state;
  assert_int_equal(vtcp_set_keepalive(&s->end[A].c, true, 0, 0, 0, s->now), VTCP_OK);
  assert_int_equal(vtcp_set_user_timeout(&s->end[A].c, SECOND, s->now), VTCP_OK);
  assert_int_equal(vtcp_deadline(&s->end[A].c), VTCP_NEVER);
}

static void out_of_range(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  struct vtcp *c = &s->end[A].c, before;
  memcpy(&before, c, sizeof before);
  assert_int_equal(vtcp_set_user_timeout(c, VTCP_DURATION_MAX + 1, s->now), VTCP_ERR_INVALID);
  assert_int_equal(vtcp_set_user_timeout(c, SECOND, VTCP_TIME_MAX + 1), VTCP_ERR_INVALID);
  assert_int_equal(vtcp_set_keepalive(c, true, VTCP_DURATION_MAX + 1, 0, 0, s->now), VTCP_ERR_INVALID);
  assert_int_equal(vtcp_set_keepalive(c, true, 0, VTCP_DURATION_MAX + 1, 0, s->now), VTCP_ERR_INVALID);
  assert_int_equal(vtcp_set_keepalive(c, true, 0, 0, 1, s->now), VTCP_ERR_INVALID);
  assert_int_equal(vtcp_set_keepalive(c, true, 0, 0, VTCP_KEEPALIVE_COUNT_MAX + 1, s->now), VTCP_ERR_INVALID);
  assert_int_equal(vtcp_set_keepalive(c, true, 0, 0, 0, VTCP_TIME_MAX + 1), VTCP_ERR_INVALID);
  assert_memory_equal(&before, c, sizeof before);
  assert_int_equal(vtcp_set_keepalive(c, true, VTCP_DURATION_MAX, VTCP_DURATION_MAX, VTCP_KEEPALIVE_COUNT_MAX,
                                      VTCP_TIME_MAX),
                   VTCP_OK);
  assert_int_equal(vtcp_set_user_timeout(c, VTCP_DURATION_MAX, VTCP_TIME_MAX), VTCP_OK);
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(nodelay),        test(user_timeout),      test(user_timeout_off), test(keepalive),
      test(keepalive_late), test(quiet_when_closed), test(out_of_range),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
