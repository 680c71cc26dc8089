/* s3.10.7.4, sixth to eighth: URG, the segment text, FIN. */
#include "../support/sim.h"

static const struct sim_options plain;

static void out_of_order(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 401, 101, 100);
  expect(s, A, "ACK", 101, 301, 0); /* at once (RFC 5681 s4.2) */
  inject(s, A, "ACK", 601, 101, 100);
  expect(s, A, "ACK", 101, 301, 0);
  assert_int_equal(sim_read(s, A, 1000), 0);
  inject(s, A, "ACK", 301, 101, 100);
  assert_int_equal(sim_status(s, A).rcv_nxt, 501);
  expect(s, A, "ACK", 101, 501, 0); /* fills a part of the gap: at once */
  inject(s, A, "ACK", 501, 101, 100);
  expect(s, A, "ACK", 101, 701, 0);
  assert_int_equal(sim_read(s, A, 1000), 400);
  expect_got(s, A, 400);
}

/* Overlaps never change an octet that was already accepted. */
static void overlaps(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 351, 101, 100);
  inject(s, A, "ACK", 301, 101, 60);
  inject(s, A, "ACK", 290, 101, 200); /* from below the window to beyond all of it */
  assert_int_equal(sim_status(s, A).rcv_nxt, 490);
  inject(s, A, "ACK", 301, 101, 189);
  assert_int_equal(sim_status(s, A).rcv_nxt, 490);
  assert_int_equal(sim_read(s, A, 1000), 189);
  expect_got(s, A, 189);
}

/* Text beyond the right edge is cut off. */
static void beyond_the_window(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.rcv_cap = 100}, VTCP_ESTABLISHED);
  inject(s, A, "FIN,ACK", 301, 101, 150);
  assert_int_equal(expect(s, A, "ACK", 101, 401, 0)->wnd, 0);
  expect_state(s, A, VTCP_ESTABLISHED);
  expect_no_event(s, A, VTCP_EVENT_FIN);
  assert_int_equal(sim_read(s, A, 1000), 100);
  expect(s, A, "ACK", 101, 401, 0);
  inject(s, A, "FIN,ACK", 401, 101, 50);
  expect_state(s, A, VTCP_CLOSE_WAIT);
  assert_int_equal(sim_read(s, A, 1000), 50);
  expect_got(s, A, 150);
}

/* More gaps than ranges: what finds no slot is counted and comes again. */
static void too_many_ranges(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  for (uint32_t i = 0; i < VTCP_RANGES + 3; i++) {
    inject(s, A, "ACK", 401 + 200 * i, 101, 100);
    expect(s, A, "ACK", 101, 301, 0);
  }
  assert_int_equal(sim_status(s, A).unstored, 3);
  for (uint32_t i = 0; i < 2 * (VTCP_RANGES + 3); i++) inject(s, A, "ACK", 301 + 100 * i, 101, 100);
  assert_int_equal(sim_read(s, A, 65535), 200 * (VTCP_RANGES + 3));
  expect_got(s, A, 200 * (VTCP_RANGES + 3));
}

/* A FIN beyond a gap is remembered by its place. */
static void fin_beyond_a_gap(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "FIN,ACK", 351, 101, 50);
  expect(s, A, "ACK", 101, 301, 0);
  expect_state(s, A, VTCP_ESTABLISHED);
  expect_no_event(s, A, VTCP_EVENT_FIN);
  inject(s, A, "ACK", 301, 101, 50);
  expect(s, A, "ACK", 101, 402, 0);
  expect_state(s, A, VTCP_CLOSE_WAIT);
  expect_event(s, A, VTCP_EVENT_FIN);
  assert_int_equal(sim_read(s, A, 1000), 100);
  assert_int_equal(sim_read(s, A, 1000), VTCP_ERR_CLOSING);
  expect_got(s, A, 100);
}

/* Text beyond a FIN that is known, and a second FIN elsewhere, are ignored. */
static void text_beyond_fin(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "FIN,ACK", 401, 101, 0);
  inject(s, A, "FIN,ACK", 401, 101, 100);
  inject(s, A, "ACK", 401, 101, 100);
  inject(s, A, "FIN,ACK", 321, 101, 0);
  inject(s, A, "ACK", 301, 101, 200);
  expect_state(s, A, VTCP_CLOSE_WAIT);
  assert_int_equal(sim_status(s, A).rcv_nxt, 402);
  inject(s, A, "ACK", 402, 101, 100);
  assert_int_equal(sim_read(s, A, 1000), 100);
  assert_int_equal(sim_read(s, A, 1000), VTCP_ERR_CLOSING);
  expect_got(s, A, 100);
}

/* After the peer's FIN text is ignored ("this should not occur"). */
static void text_after_fin(void **state) {
  struct sim *s = *state;
  static const enum vtcp_state after[] = {VTCP_CLOSE_WAIT, VTCP_CLOSING, VTCP_LAST_ACK, VTCP_TIME_WAIT};
  for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
    sim_reach(s, plain, after[i]);
    inject(s, A, "ACK,URG", 302, 101, 100, .urg = 5);
    inject(s, A, "FIN,ACK", 302, 101, 0);
    expect_state(s, A, after[i]);
    assert_int_equal(sim_status(s, A).rcv_nxt, 302);
    assert_int_equal(sim_status(s, A).unread, 0);
    expect_no_event(s, A, VTCP_EVENT_URGENT);
  }
}

/* Text in FIN-WAIT-1 and FIN-WAIT-2 is received: the half-closed connection. */
static void text_in_fin_wait(void **state) {
  struct sim *s = *state;
  for (enum vtcp_state st = VTCP_FIN_WAIT_1; st <= VTCP_FIN_WAIT_2; st++) {
    sim_reach(s, plain, st);
    inject(s, A, "ACK", 301, st == VTCP_FIN_WAIT_1 ? 101 : 102, 100);
    assert_int_equal(sim_read(s, A, 1000), 100);
    inject(s, A, "FIN,ACK", 401, st == VTCP_FIN_WAIT_1 ? 101 : 102, 0);
    expect_state(s, A, st == VTCP_FIN_WAIT_1 ? VTCP_CLOSING : VTCP_TIME_WAIT);
  }
}

/* MUST-58, SHLD-19: the second full segment is acknowledged at once, the first within half a second. */
static void delayed_acknowledgment(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  uint64_t began = s->now;
  inject(s, A, "ACK", 301, 101, 1000);
  expect(s, A, "ACK", 101, 1301, 0);
  assert_in_range(s->now - began, 1, 500 * MS - 1);
  for (uint32_t i = 0; i < 10; i += 2) {
    began = s->now;
    inject(s, A, "ACK", 1301 + 1000 * i, 101, 1000);
    assert_int_equal(s->trace_len, s->cursor + 1);
    inject(s, A, "ACK", 2301 + 1000 * i, 101, 1000);
    expect(s, A, "ACK", 101, 3301 + 1000 * i, 0);
    assert_int_equal(s->now, began);
  }
  expect_silence(s, 10 * SECOND);
}

/* The acknowledgment that waits goes with data, if there is any. */
static void acknowledgment_with_data(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 301, 101, 100);
  sim_write(s, A, 10);
  expect(s, A, "ACK", 101, 401, 10);
  expect_silence(s, 500 * MS);
}

/* An urgent pointer moves forward only, and the application is told when it does. */
static void urgent(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "URG,ACK", 301, 101, 10, .urg = 100);
  expect_event(s, A, VTCP_EVENT_URGENT);
  inject(s, A, "URG,ACK", 311, 101, 10, .urg = 90);
  inject(s, A, "URG,ACK", 321, 101, 10, .urg = 10);
  expect_no_event(s, A, VTCP_EVENT_URGENT);
  assert_int_equal(sim_status(s, A).urgent, 100); /* MUST-33 */
  inject(s, A, "URG,ACK", 331, 101, 10, .urg = 71);
  expect_event(s, A, VTCP_EVENT_URGENT);
  assert_int_equal(sim_status(s, A).urgent, 101);
  inject(s, A, "ACK", 341, 101, 10, .urg = 30000); /* no URG: the field means nothing */
  expect_no_event(s, A, VTCP_EVENT_URGENT);
  assert_int_equal(sim_read(s, A, 1000), 50);
  expect_got(s, A, 50);
  assert_int_equal(sim_status(s, A).urgent, 51);
  inject(s, A, "ACK", 351, 101, 60);
  assert_int_equal(sim_read(s, A, 51), 51);
  assert_int_equal(sim_status(s, A).urgent, 0);
}

/* s3.10.7.4, sixth: told only in advance of the data consumed. The segment is one sent again, partly old. */
static void urgent_data_consumed(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 301, 101, 100);
  assert_int_equal(sim_read(s, A, 60), 60);
  inject(s, A, "URG,ACK", 301, 101, 110, .urg = 60);
  expect_no_event(s, A, VTCP_EVENT_URGENT);
  inject(s, A, "URG,ACK", 301, 101, 120, .urg = 61);
  expect_event(s, A, VTCP_EVENT_URGENT);
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(out_of_order),
      test(overlaps),
      test(beyond_the_window),
      test(too_many_ranges),
      test(fin_beyond_a_gap),
      test(text_beyond_fin),
      test(text_after_fin),
      test(text_in_fin_wait),
      test(delayed_acknowledgment),
      test(acknowledgment_with_data),
      test(urgent),
      test(urgent_data_consumed),
  };
  return cmocka_run_group_tests_name("arrive_data", tests, NULL, NULL);
}
