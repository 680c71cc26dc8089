/* s3.10.7.4, fifth: the ACK field, with RFC 5961 s5. */
#include "../support/sim.h"

static const struct sim_options plain;

/* 3000 octets are outstanding: SND.UNA 101, SND.NXT 3101; the largest window was 65535. */
static void outstanding(struct sim *s) {
  sim_reach(s, plain, VTCP_ESTABLISHED);
  sim_write(s, A, 3000);
  for (uint32_t i = 0; i < 3; i++) expect(s, A, "ACK", 101 + 1000 * i, 301, 1000);
}

/* An ACK beyond SND.NXT, or older than the largest window, is challenged, and nothing of the segment is used. */
static void out_of_range(void **state) {
  struct sim *s = *state;
  outstanding(s);
  static const uint32_t bad[] = {3102, 101u - 65536u, 101u + 2147483647u, 101u - 2147483648u, 1000000};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    inject(s, A, "ACK,URG,FIN", 301, bad[i], 100, .urg = 50, .wnd = 7);
    expect(s, A, "ACK", 3101, 301, 0);
    struct vtcp_status t = sim_status(s, A);
    assert_int_equal(t.unread, 0);
    assert_int_equal(t.rcv_nxt, 301);
    assert_int_equal(t.snd_una, 101);
    assert_int_equal(t.snd_wnd, 65535);
    assert_int_equal(t.challenged, i + 1);
  }
  expect_no_event(s, A, VTCP_EVENT_URGENT);
  expect_state(s, A, VTCP_ESTABLISHED);
}

/* The bounds themselves are good, and text with an old ACK is taken. */
static void in_range(void **state) {
  struct sim *s = *state;
  outstanding(s);
  inject(s, A, "ACK", 301, 101u - 65535u, 100);
  assert_int_equal(sim_status(s, A).unread, 100);
  assert_int_equal(sim_status(s, A).snd_una, 101);
  inject(s, A, "ACK", 401, 3101, 100);
  assert_int_equal(sim_status(s, A).unread, 200);
  assert_int_equal(sim_status(s, A).snd_una, 3101);
  assert_int_equal(sim_status(s, A).unacknowledged, 0);
  inject(s, A, "ACK", 501, 101, 100); /* a duplicate */
  assert_int_equal(sim_status(s, A).unread, 300);
  assert_int_equal(sim_status(s, A).snd_una, 3101);
  assert_int_equal(sim_status(s, A).challenged, 0);
}

static void without_ack_dropped(void **state) {
  struct sim *s = *state;
  for (enum vtcp_state st = VTCP_ESTABLISHED; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, plain, st);
    uint32_t nxt = sim_status(s, A).rcv_nxt;
    inject(s, A, "FIN,URG", nxt, 0, 100, .urg = 10);
    expect_state(s, A, st);
    assert_int_equal(sim_status(s, A).unread, 0);
    assert_int_equal(sim_status(s, A).rcv_nxt, nxt);
  }
}

static void partial(void **state) {
  struct sim *s = *state;
  outstanding(s);
  inject(s, A, "ACK", 301, 1601, 0);
  assert_int_equal(sim_status(s, A).snd_una, 1601);
  assert_int_equal(sim_status(s, A).unacknowledged, 1500);
  expect_event(s, A, VTCP_EVENT_SPACE);
  expect(s, A, "ACK", 1601, 301, 1000); /* the rest, after the timeout */
  assert_int_equal(sim_status(s, A).retransmitted, 1);
}

/* The third duplicate, and only it, sends the first segment again at once. */
static void duplicates(void **state) {
  struct sim *s = *state;
  outstanding(s);
  inject(s, A, "ACK", 301, 101, 0);
  inject(s, A, "ACK", 301, 101, 0);
  expect_silence(s, 1 * MS);
  inject(s, A, "ACK", 301, 101, 0);
  expect(s, A, "ACK", 101, 301, 1000);
  inject(s, A, "ACK", 301, 101, 0);
  inject(s, A, "ACK", 301, 101, 0);
  expect_silence(s, 1 * MS);
  assert_int_equal(sim_status(s, A).retransmitted, 1);
}

/* What is not a duplicate (RFC 5681 s2): text, another window, nothing outstanding. */
static void not_duplicates(void **state) {
  struct sim *s = *state;
  outstanding(s);
  for (uint32_t i = 0; i < 6; i++) inject(s, A, "ACK", 301 + 10 * i, 101, 10);
  for (uint16_t i = 0; i < 6; i++) inject(s, A, "ACK", 361, 101, 0, .wnd = (uint16_t)(60000 + i));
  assert_int_equal(sim_status(s, A).retransmitted, 0);
  inject(s, A, "ACK", 361, 3101, 0);
  for (int i = 0; i < 6; i++) inject(s, A, "ACK", 361, 3101, 0);
  sim_run(s, 10 * SECOND);
  assert_int_equal(sim_status(s, A).retransmitted, 0);
}

/* SND.WL1 and SND.WL2 keep an old segment from updating the window. */
static void window_updates(void **state) {
  struct sim *s = *state;
  outstanding(s);
  inject(s, A, "ACK", 311, 1101, 10, .wnd = 5000); /* beyond a gap of 10 octets */
  assert_int_equal(sim_status(s, A).snd_wnd, 5000);
  inject(s, A, "ACK", 301, 1101, 10, .wnd = 9000); /* older: SEG.SEQ < SND.WL1 */
  assert_int_equal(sim_status(s, A).snd_wnd, 5000);
  inject(s, A, "ACK", 321, 101, 0, .wnd = 9000); /* an old ACK: below SND.UNA */
  assert_int_equal(sim_status(s, A).snd_wnd, 5000);
  inject(s, A, "ACK", 321, 1101, 0, .wnd = 4000); /* newer: a window may shrink */
  assert_int_equal(sim_status(s, A).snd_wnd, 4000);
  inject(s, A, "ACK", 321, 2101, 0, .wnd = 7000);
  assert_int_equal(sim_status(s, A).snd_wnd, 7000);
}

/* SHLD-14, MUST-34: the peer takes back window that it gave; nothing new is sent, what was sent is sent again. */
static void peer_shrinks_its_window(void **state) {
  struct sim *s = *state;
  outstanding(s);
  inject(s, A, "ACK", 301, 101, 0, .wnd = 1500);
  sim_write(s, A, 5000);
  expect_silence(s, 500 * MS);
  expect(s, A, "ACK", 101, 301, 1000); /* the timeout */
  inject(s, A, "ACK", 301, 1101, 0, .wnd = 500);
  sim_run(s, 100 * MS);
  for (; s->cursor < s->trace_len; s->cursor++)
    assert_true(s->trace[s->cursor].from == B || s->trace[s->cursor].seq + s->trace[s->cursor].len <= 3101);
  inject(s, A, "ACK", 301, 3101, 0, .wnd = 65535);
  expect(s, A, "ACK", 3101, 301, 1000);
  expect_state(s, A, VTCP_ESTABLISHED);
}

/* The window closes while segments are under way; they are all acknowledged later, without harm. */
static void window_closes_under_way(void **state) {
  struct sim *s = *state;
  outstanding(s);
  inject(s, A, "ACK", 301, 1101, 0, .zero_window = true);
  const struct sim_record *r = expect(s, A, "ACK", 1101, 301, 1); /* one octet probes */
  assert_in_range(r->at, 1000 * (uint64_t)SECOND, 1002 * (uint64_t)SECOND);
  inject(s, A, "ACK", 301, 3101, 0, .zero_window = true);
  assert_int_equal(sim_status(s, A).unacknowledged, 0);
  expect_silence(s, 100 * (uint64_t)SECOND);
}

/* The FIN's acknowledgment in each state that waits for it. */
static void fin_acknowledged(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_FIN_WAIT_1);
  inject(s, A, "ACK", 301, 101, 0);
  expect_state(s, A, VTCP_FIN_WAIT_1);
  inject(s, A, "ACK", 301, 102, 0);
  expect_state(s, A, VTCP_FIN_WAIT_2);
  sim_reach(s, plain, VTCP_CLOSING);
  inject(s, A, "ACK", 302, 101, 0);
  expect_state(s, A, VTCP_CLOSING);
  inject(s, A, "ACK", 302, 102, 0);
  expect_state(s, A, VTCP_TIME_WAIT);
  sim_reach(s, plain, VTCP_LAST_ACK);
  inject(s, A, "ACK", 302, 101, 0);
  expect_state(s, A, VTCP_LAST_ACK);
  inject(s, A, "ACK", 302, 102, 0);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
}

/* FIN-WAIT-1 with FIN and its ACK in one segment goes to TIME-WAIT; with text not yet acknowledged, to CLOSING. */
static void fin_and_ack_together(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_FIN_WAIT_1);
  inject(s, A, "FIN,ACK", 301, 102, 10);
  expect_state(s, A, VTCP_TIME_WAIT);
  expect(s, A, "ACK", 102, 312, 0);
  outstanding(s);
  sim_close(s, A);
  expect(s, A, "FIN,ACK", 3101, 301, 0);
  inject(s, A, "FIN,ACK", 301, 3101, 0); /* everything but our FIN */
  expect(s, A, "ACK", 3102, 302, 0);
  expect_state(s, A, VTCP_CLOSING);
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(out_of_range),
      test(in_range),
      test(without_ack_dropped),
      test(partial),
      test(duplicates),
      test(not_duplicates),
      test(window_updates),
      test(peer_shrinks_its_window),
      test(window_closes_under_way),
      test(fin_acknowledged),
      test(fin_and_ack_together),
  };
  return cmocka_run_group_tests_name("arrive_ack", tests, NULL, NULL);
}
