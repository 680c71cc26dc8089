/* S15 to S20: closing a connection (RFC 9293 s3.6). */
#include "../support/sim.h"

#include <stdio.h>

#define MSL (120 * (uint64_t)SECOND)

/* S15: the client has sent 1000 octets, the server 2000; FIN seq=1101, and the server still has 50 octets to say. */
static void s15_four_way_close(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  s->end[A].auto_read = s->end[B].auto_read = true;
  sim_write(s, A, 1000);
  sim_write(s, B, 2000);
  sim_run(s, SECOND);
  expect_got(s, B, 1000);
  expect_got(s, A, 2000);
  s->cursor = s->trace_len;

  assert_int_equal(sim_close(s, A), VTCP_OK);
  expect_state(s, A, VTCP_FIN_WAIT_1);
  expect(s, A, "FIN,ACK", 1101, 2301, 0);
  expect(s, B, "ACK", 2301, 1102, 0);
  expect_state(s, B, VTCP_CLOSE_WAIT);
  expect_event(s, B, VTCP_EVENT_FIN);
  expect_state(s, A, VTCP_FIN_WAIT_1);
  sim_deliver(s);
  expect_state(s, A, VTCP_FIN_WAIT_2);

  assert_int_equal(sim_write(s, B, 50), 50);
  expect(s, B, "ACK", 2301, 1102, 50);
  expect(s, A, "ACK", 1102, 2351, 0);
  sim_deliver(s);
  expect_got(s, A, 2050);
  assert_int_equal(sim_close(s, B), VTCP_OK);
  expect(s, B, "FIN,ACK", 2351, 1102, 0);
  expect_state(s, B, VTCP_LAST_ACK);
  expect(s, A, "ACK", 1102, 2352, 0);
  expect_state(s, A, VTCP_TIME_WAIT);
  expect_event(s, A, VTCP_EVENT_FIN);
  uint64_t began = s->now;
  expect_state(s, B, VTCP_LAST_ACK);
  sim_deliver(s);

  /* the server is CLOSED before the client is */
  expect_ended(s, B, VTCP_OUTCOME_CLOSED);
  expect_state(s, A, VTCP_TIME_WAIT);
  assert_int_equal(vtcp_deadline(&s->end[A].c), began + 2 * MSL);
  expect_silence(s, began + 2 * MSL - 1 - s->now);
  expect_state(s, A, VTCP_TIME_WAIT);
  expect_silence(s, 1);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
}

/* S16: after its FIN the client still receives everything that the server sends. */
static void s16_half_close(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  s->end[A].auto_read = true;
  sim_close(s, A);
  expect(s, A, "FIN,ACK", 101, 301, 0);
  expect(s, B, "ACK", 301, 102, 0);
  sim_deliver(s);
  expect_state(s, A, VTCP_FIN_WAIT_2);
  expect_state(s, B, VTCP_CLOSE_WAIT);
  assert_int_equal(sim_read(s, B, 1), VTCP_ERR_CLOSING);
  uint32_t left = 200000;
  while (left > 0) {
    left -= (uint32_t)sim_write(s, B, left);
    sim_run(s, 20 * MS);
  }
  sim_run(s, SECOND);
  expect_got(s, A, 200000);
  assert_false(s->end[A].end_seen);
  expect_state(s, A, VTCP_FIN_WAIT_2);
  sim_close(s, B);
  await(s, B, "FIN,ACK", 200301, 102, 0);
  await(s, A, "ACK", 102, 200302, 0);
  sim_deliver(s);
  assert_int_equal(sim_read(s, A, 1), VTCP_ERR_CLOSING);
  expect_ended(s, B, VTCP_OUTCOME_CLOSED);
  expect_state(s, A, VTCP_TIME_WAIT);
}

/* Both FINs have been sent; the last ACK, from A, is what number_lost says of A's segments from now on. */
static void close_both(struct sim *s, uint32_t number_lost) {
  sim_close(s, A);
  expect(s, A, "FIN,ACK", 101, 301, 0);
  expect(s, B, "ACK", 301, 102, 0);
  sim_deliver(s);
  if (number_lost > 0) sim_lose(s, A, number_lost);
  sim_close(s, B);
  expect(s, B, "FIN,ACK", 301, 102, 0);
  expect(s, A, "ACK", 102, 302, 0);
}

/* S17: the server retransmits its FIN, the client acknowledges again and the 2 MSL begin anew. */
static void s17_last_ack_lost(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  close_both(s, 1);
  uint64_t first = s->now;
  expect_state(s, A, VTCP_TIME_WAIT);
  assert_int_equal(vtcp_deadline(&s->end[A].c), first + 2 * MSL);
  expect(s, B, "FIN,ACK", 301, 102, 0);
  expect_state(s, B, VTCP_LAST_ACK);
  expect(s, A, "ACK", 102, 302, 0);
  assert_int_equal(s->now - first, SECOND); /* one RTO */
  assert_int_equal(vtcp_deadline(&s->end[A].c), s->now + 2 * MSL);
  sim_deliver(s);
  expect_ended(s, B, VTCP_OUTCOME_CLOSED);
  expect_silence(s, 2 * MSL);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
}

/* S18: TIME-WAIT lasts 2 MSL; until then the same connection cannot be opened, and old segments die in it. */
static void s18_time_wait(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  close_both(s, 0);
  sim_deliver(s);
  expect_state(s, A, VTCP_TIME_WAIT);
  assert_int_equal(sim_open(s, A), VTCP_ERR_EXISTS);
  assert_int_equal(sim_listen(s, A), VTCP_ERR_EXISTS);
  sim_role(s, B, SIM_PUPPET);

  inject(s, A, "ACK", 201, 101, 50); /* delayed data */
  expect(s, A, "ACK", 102, 302, 0);
  inject(s, A, "SYN", 300, 0, 0); /* a delayed SYN */
  expect(s, A, "ACK", 102, 302, 0);
  inject(s, A, "SYN", 20000, 0, 0); /* a SYN from within the window: RFC 5961 s4.2 */
  expect(s, A, "ACK", 102, 302, 0);
  inject(s, A, "RST", 250, 0, 0); /* a delayed reset (RFC 1337) */
  expect_state(s, A, VTCP_TIME_WAIT);
  assert_int_equal(sim_status(s, A).unread, 0);
  expect_silence(s, 2 * MSL - 2 * LATENCY - 1);
  expect_state(s, A, VTCP_TIME_WAIT);
  sim_run(s, 2 * LATENCY + 1);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
  s->cursor = s->trace_len;

  /* now it may be opened again, at once */
  sim_role(s, B, SIM_VTCP);
  sim_end_init(s, A, (struct sim_options){.iss = 5000});
  sim_end_init(s, B, (struct sim_options){.iss = 7000});
  sim_connect(s);
}

/* S18: the MSL is configurable. */
static void s18_time_wait_configured(void **state) {
  struct sim *s = *state;
  sim_end_init(s, A, (struct sim_options){.msl = 50 * MS});
  sim_connect(s);
  close_both(s, 0);
  uint64_t began = s->now;
  expect_silence(s, 100 * MS - 1);
  expect_state(s, A, VTCP_TIME_WAIT);
  expect_silence(s, 1);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
  assert_int_equal(s->now - began, 100 * MS);
}

static void s18_early_reuse(void **state) {
  (void)state;
  print_message(
      "skipped: reuse of TIME-WAIT by a new SYN (MAY-2, RFC 6191) is a policy of the connection table, to come\n");
  skip();
}

/* S19: the server closes before its ACK of the FIN has left: three segments. */
static void s19_three_segment_close(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  sim_close(s, A);
  expect(s, A, "FIN,ACK", 101, 301, 0);
  s->end[B].hold = true;
  sim_deliver(s);
  expect_state(s, B, VTCP_CLOSE_WAIT);
  sim_close(s, B);
  s->end[B].hold = false;
  sim_pump(s, B);
  expect(s, B, "FIN,ACK", 301, 102, 0);
  expect_state(s, B, VTCP_LAST_ACK);
  expect(s, A, "ACK", 102, 302, 0);
  expect_state(s, A, VTCP_TIME_WAIT);
  sim_deliver(s);
  expect_ended(s, B, VTCP_OUTCOME_CLOSED);
  expect_silence(s, 2 * MSL);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
}

/* S19: both close at once, through CLOSING. */
static void s19_simultaneous_close(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  sim_close(s, A);
  sim_close(s, B);
  expect(s, A, "FIN,ACK", 101, 301, 0);
  expect(s, B, "FIN,ACK", 301, 101, 0);
  expect_state(s, A, VTCP_FIN_WAIT_1);
  expect_state(s, B, VTCP_FIN_WAIT_1);
  expect(s, B, "ACK", 302, 102, 0);
  expect_state(s, B, VTCP_CLOSING);
  expect(s, A, "ACK", 102, 302, 0);
  expect_state(s, A, VTCP_CLOSING);
  sim_deliver(s);
  expect_state(s, A, VTCP_TIME_WAIT);
  expect_state(s, B, VTCP_TIME_WAIT);
  expect_silence(s, 2 * MSL);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
  expect_ended(s, B, VTCP_OUTCOME_CLOSED);
}

/* S20: applications that never close; the states can be counted, hours later. For how long a connection has been in
   its state the harness knows: tests/e2e, "status shows the states and for how long". */
static void s20_close_wait_leak(void **state) {
  (void)state;
  struct sim *hosts[5];
  unsigned count[11] = {0};
  for (int i = 0; i < 5; i++) {
    hosts[i] = sim_new();
    sim_connect(hosts[i]);
    if (i < 3) sim_close(hosts[i], A);
    sim_run(hosts[i], 5 * 3600 * (uint64_t)SECOND);
    count[sim_status(hosts[i], B).state]++;
  }
  for (int i = 0; i < 5; i++) sim_free(hosts[i]);
  assert_int_equal(count[VTCP_CLOSE_WAIT], 3);
  assert_int_equal(count[VTCP_ESTABLISHED], 2);
}

#define story(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      story(s15_four_way_close),      story(s16_half_close),           story(s17_last_ack_lost),
      story(s18_time_wait),           story(s18_time_wait_configured), story(s18_early_reuse),
      story(s19_three_segment_close), story(s19_simultaneous_close),   story(s20_close_wait_leak),
  };
  return cmocka_run_group_tests_name("closing", tests, NULL, NULL);
}
