/* S21 to S24: failure. */
#include "../support/sim.h"

#define HOUR (3600 * (uint64_t)SECOND)

/* S21: two hours of silence, a probe every 75 seconds, the end after ten without an answer. */
static void s21_keep_alive(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  struct vtcp *c = &s->end[A].c;
  assert_int_equal(vtcp_set_keepalive(c, true, 0, 0, 0, s->now), VTCP_OK);
  assert_int_equal(vtcp_deadline(c), s->now + 2 * HOUR);
  s->cut[A] = true;
  expect_silence(s, 2 * HOUR - 1);
  for (int i = 0; i < 10; i++) {
    sim_run(s, 1);
    expect(s, A, "ACK", 100, 301, 0);
    expect_silence(s, 75 * SECOND - 1);
  }
  expect_state(s, A, VTCP_ESTABLISHED);
  sim_run(s, 1);
  expect_ended(s, A, VTCP_OUTCOME_TIMED_OUT);
  expect_state(s, B, VTCP_ESTABLISHED);
}

/* S21: the peer answers, and the count begins anew. */
static void s21_answered(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  assert_int_equal(vtcp_set_keepalive(&s->end[A].c, true, 10 * SECOND, SECOND, 3, s->now), VTCP_OK);
  for (int i = 0; i < 5; i++) {
    s->cut[A] = true;
    sim_run(s, 11 * SECOND); /* two probes are lost, and the third is answered */
    expect(s, A, "ACK", 100, 301, 0);
    expect(s, A, "ACK", 100, 301, 0);
    s->cut[A] = false;
    sim_run(s, SECOND);
    expect(s, A, "ACK", 100, 301, 0);
    expect(s, B, "ACK", 301, 101, 0);
    sim_deliver(s);
    assert_int_equal(s->end[A].c.keep.sent, 0);
  }
  expect_state(s, A, VTCP_ESTABLISHED);
}

/* S21: off by default, an idle connection says nothing for a day and lives. */
static void s21_off_by_default(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  expect_silence(s, 24 * 3600 * (uint64_t)SECOND);
  expect_state(s, A, VTCP_ESTABLISHED);
  expect_state(s, B, VTCP_ESTABLISHED);
  assert_int_equal(vtcp_deadline(&s->end[A].c), VTCP_NEVER);
}

/* S22: the server has restarted; data finds it out, and the same four-tuple works again. */
static void s22_peer_restart_found_by_data(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  s->paired = false;
  sim_end_init(s, B, (struct sim_options){.iss = 9000}); /* everything is forgotten */
  sim_listen(s, B);
  sim_write(s, A, 10);
  expect(s, A, "ACK", 101, 301, 10);
  expect(s, B, "RST", 301, 0, 0);
  expect_state(s, B, VTCP_LISTEN);
  sim_deliver(s);
  expect_ended(s, A, VTCP_OUTCOME_RESET);
  assert_int_equal(sim_write(s, A, 1), VTCP_ERR_NO_CONNECTION);

  sim_end_init(s, A, (struct sim_options){.iss = 5000});
  s->paired = true;
  sim_open(s, A);
  expect(s, A, "SYN", 5000, 0, 0);
  expect(s, B, "SYN,ACK", 9000, 5001, 0);
  expect(s, A, "ACK", 5001, 9001, 0);
  sim_write(s, A, 10);
  sim_run(s, SECOND);
  assert_int_equal(sim_read(s, B, 100), 10);
}

/* S22: the client has restarted and opens again: RFC 9293 figure 10, with RFC 5961's challenge. */
static void s22_peer_restart_found_by_syn(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  s->paired = false;
  sim_end_init(s, A, (struct sim_options){.iss = 400});
  sim_open(s, A);
  expect(s, A, "SYN", 400, 0, 0);
  expect(s, B, "ACK", 301, 101, 0);
  expect_state(s, B, VTCP_ESTABLISHED);
  expect(s, A, "RST", 101, 0, 0);
  expect_state(s, A, VTCP_SYN_SENT);
  sim_deliver(s);
  expect_ended(s, B, VTCP_OUTCOME_RESET);

  sim_end_init(s, B, (struct sim_options){.iss = 9000});
  sim_listen(s, B);
  s->paired = true;
  expect(s, A, "SYN", 400, 0, 0);
  expect(s, B, "SYN,ACK", 9000, 401, 0);
  expect(s, A, "ACK", 401, 9001, 0);
  sim_deliver(s);
  expect_state(s, A, VTCP_ESTABLISHED);
  expect_state(s, B, VTCP_ESTABLISHED);
}

/* S22: nobody is there any more. */
static void s22_peer_gone(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  sim_role(s, B, SIM_NOBODY);
  sim_close(s, A);
  expect(s, A, "FIN,ACK", 101, 301, 0);
  expect(s, B, "RST", 301, 0, 0);
  sim_deliver(s);
  expect_ended(s, A, VTCP_OUTCOME_RESET);
}

/* S23: RST is sent, queued data is dropped, the peer is told. */
static void s23_abort(void **state) {
  struct sim *s = *state;
  sim_end_init(s, B, (struct sim_options){.rcv_cap = 3000});
  sim_connect(s);
  assert_int_equal(sim_write(s, A, 50000), 50000);
  expect(s, A, "ACK", 101, 301, 1000);
  expect(s, A, "ACK", 1101, 301, 1000);
  expect(s, A, "ACK", 2101, 301, 1000);
  assert_int_equal(sim_abort(s, A), VTCP_OK);
  expect(s, A, "RST", 3101, 0, 0);
  expect_ended(s, A, VTCP_OUTCOME_ABORTED);
  assert_int_equal(sim_write(s, A, 1), VTCP_ERR_NO_CONNECTION);
  assert_int_equal(sim_read(s, A, 1), VTCP_ERR_NO_CONNECTION);
  assert_int_equal(sim_close(s, A), VTCP_ERR_NO_CONNECTION);
  assert_int_equal(sim_abort(s, A), VTCP_ERR_NO_CONNECTION);
  sim_deliver(s);
  expect_ended(s, B, VTCP_OUTCOME_RESET);
  assert_int_equal(sim_read(s, B, 1), VTCP_ERR_NO_CONNECTION);
  sim_run(s, 3600 * (uint64_t)SECOND);
  assert_int_equal(vtcp_deadline(&s->end[A].c), VTCP_NEVER);
  assert_int_equal(vtcp_deadline(&s->end[B].c), VTCP_NEVER);
}

/* S24: warned after R1, ended after R2; the times double (RFC 6298 (5.5)). */
static void s24_retransmission_gives_up(void **state) {
  struct sim *s = *state;
  sim_end_init(s, A, (struct sim_options){.user_timeout = 100 * (uint64_t)SECOND});
  sim_connect(s);
  s->cut[A] = true;
  uint64_t began = s->now;
  sim_write(s, A, 10);
  static const uint64_t times[] = {0, 1, 3, 7, 15, 31, 63};
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
    if (i == 3) expect_no_event(s, A, VTCP_EVENT_WARNING);
    expect(s, A, "ACK", 101, 301, 10);
    assert_int_equal(s->now - began, times[i] * SECOND);
    if (i == 3) expect_event(s, A, VTCP_EVENT_WARNING);
  }
  expect_no_event(s, A, VTCP_EVENT_WARNING); /* once */
  assert_int_equal(sim_status(s, A).retransmitted, 6);
  expect_silence(s, began + 100 * (uint64_t)SECOND - 1 - s->now);
  expect_state(s, A, VTCP_ESTABLISHED);
  sim_run(s, 1);
  expect_ended(s, A, VTCP_OUTCOME_TIMED_OUT);
  assert_int_equal(vtcp_deadline(&s->end[A].c), VTCP_NEVER);
}

/* S24 for a SYN: R2 is the user timeout, three minutes at least in practice (MUST-23). */
static void s24_opening_gives_up(void **state) {
  struct sim *s = *state;
  sim_end_init(s, A, (struct sim_options){.user_timeout = 180 * (uint64_t)SECOND});
  s->cut[A] = true;
  uint64_t began = s->now;
  sim_open(s, A);
  static const uint64_t times[] = {0, 1, 3, 7, 15, 31, 63, 123};
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
    expect(s, A, "SYN", 100, 0, 0);
    assert_int_equal(s->now - began, times[i] * SECOND); /* RTO at most 60 s */
  }
  expect_event(s, A, VTCP_EVENT_WARNING);
  sim_run(s, began + 180 * (uint64_t)SECOND - s->now);
  expect_ended(s, A, VTCP_OUTCOME_TIMED_OUT);
  expect_no_event(s, A, VTCP_EVENT_ESTABLISHED);
}

/* S24: with no user timeout it never gives up, and recovers when the path does. */
static void s24_never_gives_up(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  s->cut[A] = true;
  sim_write(s, A, 10);
  sim_run(s, 10 * 3600 * (uint64_t)SECOND);
  expect_state(s, A, VTCP_ESTABLISHED);
  s->cut[A] = false;
  sim_run(s, 60 * SECOND + 2 * LATENCY);
  assert_int_equal(sim_read(s, B, 100), 10);
}

/* RFC 5961 s3.2 looks at SEG.SEQ alone: a RST from before the window draws nothing, wherever its text reaches to. */
static void s23_rst_before_the_window(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.iss = 100}, VTCP_ESTABLISHED);
  inject(s, A, "RST", 291, 0, 20);
  expect_silence(s, SECOND);
  expect_state(s, A, VTCP_ESTABLISHED);
  inject(s, A, "RST", 302, 0, 0);
  expect(s, A, "ACK", 101, 301, 0);
  inject(s, A, "RST", 301, 0, 0);
  sim_deliver(s);
  expect_ended(s, A, VTCP_OUTCOME_RESET);
}

#define story(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      story(s21_keep_alive),
      story(s21_answered),
      story(s21_off_by_default),
      story(s22_peer_restart_found_by_data),
      story(s22_peer_restart_found_by_syn),
      story(s22_peer_gone),
      story(s23_abort),
      story(s23_rst_before_the_window),
      story(s24_retransmission_gives_up),
      story(s24_opening_gives_up),
      story(s24_never_gives_up),
  };
  return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
