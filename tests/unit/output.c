/* What leaves, and when (RFC 9293 s3.7.4, s3.8). */
#include "../support/sim.h"

#include <string.h>

static const struct sim_options plain;

static void push_at_the_end(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  sim_write(s, A, 2500);
  assert_false(expect(s, A, "ACK", 101, 301, 1000)->flags & VTCP_PSH);
  assert_false(expect(s, A, "ACK", 1101, 301, 1000)->flags & VTCP_PSH);
  assert_true(expect(s, A, "ACK", 2101, 301, 500)->flags & VTCP_PSH);
}

/* Text that wraps around the end of the send buffer leaves as two slices of one segment. */
static void two_slices(void **state) {
  struct sim *s = *state;
  struct vtcp_segment g;
  sim_reach(s, (struct sim_options){.snd_cap = 100}, VTCP_ESTABLISHED);
  sim_write(s, A, 70);
  inject(s, A, "ACK", 301, 171, 0);
  s->end[A].hold = true;
  sim_write(s, A, 80);
  assert_true(vtcp_output(&s->end[A].c, s->now, &g));
  assert_int_equal(g.text_len, 30);
  assert_int_equal(g.more_len, 50);
  assert_int_equal(g.seq, 171);
  for (uint32_t i = 0; i < 80; i++) assert_int_equal(i < 30 ? g.text[i] : g.more[i - 30], sim_octet(A, 171 + i));
  assert_false(vtcp_output(&s->end[A].c, s->now, &g));
}

/* MUST-38, SHLD-7: Nagle's algorithm holds a small segment back while something is outstanding, not a full one. */
static void nagle(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.nagle = true}, VTCP_ESTABLISHED);
  sim_write(s, A, 10);
  expect(s, A, "ACK", 101, 301, 10);
  sim_write(s, A, 500);
  expect_silence(s, 10 * MS);
  sim_write(s, A, 700);
  expect(s, A, "ACK", 111, 301, 1000);
  expect_silence(s, 10 * MS);
  inject(s, A, "ACK", 301, 1111, 0);
  expect(s, A, "ACK", 1111, 301, 200);
}

/* FIN does not wait for Nagle. */
static void nagle_and_fin(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.nagle = true}, VTCP_ESTABLISHED);
  sim_write(s, A, 10);
  expect(s, A, "ACK", 101, 301, 10);
  sim_write(s, A, 10);
  expect_silence(s, 10 * MS);
  sim_close(s, A);
  expect(s, A, "FIN,ACK", 111, 301, 10);
}

/* Never more than the peer's window, and not silly: less than a segment waits for half the largest window. */
static void window_limit(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 301, 101, 0, .wnd = 2300);
  sim_write(s, A, 10000);
  expect(s, A, "ACK", 101, 301, 1000);
  expect(s, A, "ACK", 1101, 301, 1000);
  expect_silence(s, 10 * MS); /* 300 octets of window are not worth a segment */
  inject(s, A, "ACK", 301, 1101, 0, .wnd = 2300);
  expect(s, A, "ACK", 2101, 301, 1000);
  expect_silence(s, 10 * MS);
}

/* A window that stays too small for a good segment is used in the end, by force of the timer (s3.8.6.2.1). */
static void small_window_by_force(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 301, 101, 0, .wnd = 300);
  sim_write(s, A, 1000);
  const struct sim_record *r = expect(s, A, "ACK", 101, 301, 300);
  assert_in_range(r->at, 1000 * (uint64_t)SECOND + 100 * MS, 1002 * (uint64_t)SECOND);
  inject(s, A, "ACK", 301, 401, 0, .wnd = 300);
  expect(s, A, "ACK", 401, 301, 300);
}

/* Zero-window probes: the first after an RTO, then doubling (MUST-36, SHLD-29, SHLD-30); an answer's window ends them. */
static void zero_window_probes(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 301, 101, 0, .zero_window = true);
  uint64_t last = s->now;
  sim_write(s, A, 3000);
  for (unsigned i = 0; i < 8; i++) {
    const struct sim_record *r = expect(s, A, "ACK", 101, 301, 1);
    assert_int_equal(r->at - last, i < 6 ? (uint64_t)SECOND << i : 60 * (uint64_t)SECOND);
    last = r->at;
  }
  inject(s, A, "ACK", 301, 102, 0); /* the octet was taken, the window is open */
  expect(s, A, "ACK", 102, 301, 1000);
  expect(s, A, "ACK", 1102, 301, 1000);
  expect(s, A, "ACK", 2102, 301, 999);
}

/* A FIN alone probes too. */
static void zero_window_and_fin(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 301, 101, 0, .zero_window = true);
  sim_close(s, A);
  expect(s, A, "FIN,ACK", 101, 301, 0);
  expect(s, A, "FIN,ACK", 101, 301, 0);
  inject(s, A, "ACK", 301, 102, 0, .zero_window = true);
  expect_state(s, A, VTCP_FIN_WAIT_2);
}

/* Reading opens the window, and says so when it is worth it: not for each octet (MUST-39, s3.8.6.2.2). */
static void window_update(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.rcv_cap = 4000}, VTCP_ESTABLISHED);
  for (uint32_t i = 0; i < 4; i++) inject(s, A, "ACK", 301 + 1000 * i, 101, 1000);
  assert_int_equal(await(s, A, "ACK", 101, 4301, 0)->wnd, 0);
  s->cursor = s->trace_len;
  for (int i = 0; i < 999; i++) sim_read(s, A, 1);
  expect_silence(s, SECOND);
  sim_read(s, A, 1);
  assert_int_equal(expect(s, A, "ACK", 101, 4301, 0)->wnd, 1000);
  sim_read(s, A, 4000);
  assert_int_equal(expect(s, A, "ACK", 101, 4301, 0)->wnd, 4000);
}

/* The window field counts in units of the scale factor, rounded down; the edge never recedes. */
static void scaled_window(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.window_scale = true, .window_shift = 4, .rcv_cap = 100000}, VTCP_SYN_SENT);
  inject(s, A, "SYN,ACK", 300, 101, 0, .has_wscale = true, .wscale = 0, .has_mss = true, .mss = 1000);
  assert_int_equal(expect(s, A, "ACK", 101, 301, 0)->wnd, 100000 / 16);
  inject(s, A, "ACK", 301, 101, 999);
  assert_int_equal(expect(s, A, "ACK", 101, 1300, 0)->wnd, (100000 - 999) / 16);
}

/* A retransmission carries the original octets, from SND.UNA on, one segment at a time (RFC 6298 (5.4)). */
static void retransmission(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  sim_write(s, A, 3500);
  expect(s, A, "ACK", 101, 301, 1000);
  expect(s, A, "ACK", 1101, 301, 1000);
  expect(s, A, "ACK", 2101, 301, 1000);
  expect(s, A, "ACK", 3101, 301, 500);
  expect(s, A, "ACK", 101, 301, 1000); /* cwnd is one segment now */
  expect_silence(s, 100 * MS);
  inject(s, A, "ACK", 301, 1101, 0);
  expect(s, A, "ACK", 1101, 301, 1000);
  expect(s, A, "ACK", 2101, 301, 1000);
  inject(s, A, "ACK", 301, 3601, 0); /* the rest had arrived */
  assert_int_equal(sim_status(s, A).unacknowledged, 0);
  expect_silence(s, 100 * (uint64_t)SECOND);
}

/* A lost FIN is sent again, with the text before it that is not acknowledged. */
static void fin_again(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  sim_write(s, A, 10);
  expect(s, A, "ACK", 101, 301, 10);
  sim_close(s, A);
  expect(s, A, "FIN,ACK", 111, 301, 0);
  expect(s, A, "FIN,ACK", 101, 301, 10);
  inject(s, A, "ACK", 301, 111, 0);
  expect(s, A, "FIN,ACK", 111, 301, 0);
  inject(s, A, "ACK", 301, 112, 0);
  expect_state(s, A, VTCP_FIN_WAIT_2);
  expect_silence(s, 100 * (uint64_t)SECOND);
}

/* Once the window is open again after long probing, a lost segment is sent again after an RTO, not after a probe's wait. */
static void loss_after_probing(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 301, 101, 0, .zero_window = true);
  sim_write(s, A, 1000);
  for (int i = 0; i < 8; i++) expect(s, A, "ACK", 101, 301, 1);
  inject(s, A, "ACK", 301, 101, 0);
  expect(s, A, "ACK", 101, 301, 1000); /* lost */
  uint64_t sent = s->now;
  expect(s, A, "ACK", 101, 301, 1000);
  assert_in_range(s->now - sent, 1, sim_status(s, A).rto);
}

/* The output function says no until there is something; asking often is harmless. */
static void nothing_to_send(void **state) {
  struct sim *s = *state;
  struct vtcp_segment g;
  for (enum vtcp_state st = VTCP_CLOSED; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, plain, st);
    struct vtcp before;
    memcpy(&before, &s->end[A].c, sizeof before);
    for (int i = 0; i < 3; i++) assert_false(vtcp_output(&s->end[A].c, s->now, &g));
    assert_memory_equal(&before, &s->end[A].c, sizeof before);
  }
}

/* The urgent pointer says no more than 65535, and the next segments say the rest. */
static void urgent_far_ahead(void **state) {
  struct sim *s = *state;
  static const uint8_t octets[80000];
  sim_reach(s, (struct sim_options){.snd_cap = 100000}, VTCP_ESTABLISHED);
  assert_int_equal(sim_send(s, A, octets, sizeof octets, true), sizeof octets);
  assert_int_equal(expect(s, A, "ACK,URG", 101, 301, 1000)->urg, 65535);
  inject(s, A, "ACK", 301, 10101, 0);
  inject(s, A, "ACK", 301, 20101, 0);
  s->cursor = s->trace_len - 2;
  assert_int_equal(await(s, A, "ACK,URG", 30101, 301, 1000)->urg, 50000);
}

/* A segment that no parser makes is not answered. */
static void refuse_none(void **state) {
  (void)state;
  struct vtcp_segment out, g = {.flags = VTCP_ACK, .text_len = 65536};
  assert_false(vtcp_refuse(&g, &out));
  g.text_len = 65535;
  assert_true(vtcp_refuse(&g, &out));
  g.more_len = 1;
  assert_false(vtcp_refuse(&g, &out));
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(push_at_the_end),         test(two_slices),          test(nagle),
      test(nagle_and_fin),           test(window_limit),        test(small_window_by_force),
      test(zero_window_probes),      test(zero_window_and_fin), test(window_update),
      test(scaled_window),           test(retransmission),      test(fin_again),
      test(loss_after_probing),      test(nothing_to_send),     test(urgent_far_ahead),
      cmocka_unit_test(refuse_none),
  };
  return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
