/* A router says that segments are too big for the path (RFC 9293 s3.7.5, RFC 1191, RFC 5927). */
#include "../support/sim.h"

#include <string.h>

/* Nothing at all has changed. */
static void refused(struct sim *s, uint32_t seq, uint16_t mss) {
  struct vtcp *c = &s->end[A].c, before;
  memcpy(&before, c, sizeof before);
  assert_false(vtcp_path_mss(c, seq, mss));
  assert_memory_equal(&before, c, sizeof before);
}

/* A has 3000 octets in flight, 101 to 3100, that a narrow path has swallowed. */
static void in_flight(struct sim *s) {
  sim_connect(s);
  s->cut[A] = true;
  sim_write(s, A, 3000);
  expect(s, A, "ACK", 101, 301, 1000);
  expect(s, A, "ACK", 1101, 301, 1000);
  expect(s, A, "ACK,PSH", 2101, 301, 1000);
  s->cut[A] = false;
}

static void sends_again_in_smaller_segments(void **state) {
  struct sim *s = *state;
  in_flight(s);
  uint32_t cwnd = sim_status(s, A).cwnd;
  assert_true(vtcp_path_mss(&s->end[A].c, 1101, 600));
  assert_int_equal(sim_status(s, A).snd_mss, 600);
  assert_int_equal(sim_status(s, A).cwnd, cwnd); /* RFC 1191 s6.5: no sign of congestion */
  sim_pump(s, A);
  for (uint32_t k = 0; k < 5; k++) await(s, A, "ACK", 101 + 600 * k, 301, 600);
  sim_run(s, SECOND / 2);
  assert_int_equal(sim_read(s, B, 4000), 3000);
  expect_got(s, B, 3000);
}

/* RFC 5927 s4.1: an attacker has to know what is in flight. */
static void not_in_flight(void **state) {
  struct sim *s = *state;
  in_flight(s);
  const uint32_t others[] = {0, 99, 100, 3101, 3102, 0x80000000u + 101u, UINT32_MAX};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) refused(s, others[i], 600);
  assert_true(vtcp_path_mss(&s->end[A].c, 101, 600));
  assert_true(vtcp_path_mss(&s->end[A].c, 3100, 599));
}

static void no_news(void **state) {
  struct sim *s = *state;
  in_flight(s);
  refused(s, 101, 1000);
  refused(s, 101, 1001);
  refused(s, 101, UINT16_MAX);
  assert_true(vtcp_path_mss(&s->end[A].c, 101, 999));
  refused(s, 101, 999); /* the other segments that were too big */
}

/* CVE-2019-11479: not even the path makes segments that are nearly all header. */
static void has_a_floor(void **state) {
  struct sim *s = *state;
  in_flight(s);
  assert_true(vtcp_path_mss(&s->end[A].c, 101, 0));
  assert_int_equal(sim_status(s, A).snd_mss, 64);
  refused(s, 101, 63);
  refused(s, 101, 64);
}

static void before_it_is_established(void **state) {
  struct sim *s = *state;
  const struct sim_options plain = {.iss = 0};
  for (enum vtcp_state st = VTCP_CLOSED; st <= VTCP_SYN_RECEIVED; st++) {
    sim_reach(s, plain, st);
    refused(s, 100, 100);
  }
}

/* RFC 9293 s3.9.2.2: an ICMP error that answers our SYN refuses the connection, if it is a hard one. */
static void hard_error_ends_an_opening(void **state) {
  struct sim *s = *state;
  struct vtcp *c = &s->end[A].c;
  sim_reach(s, (struct sim_options){.iss = 0}, VTCP_SYN_SENT);
  uint32_t syn = sim_status(s, A).iss;
  assert_false(vtcp_path_error(c, syn + 1, true));
  assert_false(vtcp_path_error(c, syn - 1, true));
  assert_true(vtcp_path_error(c, syn, false)); /* MUST-56 */
  expect_state(s, A, VTCP_SYN_SENT);
  assert_true(vtcp_path_error(c, syn, true));
  sim_pump(s, A);
  expect_ended(s, A, VTCP_OUTCOME_ABORTED);
  assert_false(vtcp_path_error(c, syn, true)); /* it is over */
}

/* RFC 5927 s5.2: once it is open no ICMP error ends a connection. */
static void hard_error_is_soft_once_open(void **state) {
  struct sim *s = *state;
  in_flight(s);
  struct vtcp *c = &s->end[A].c, before;
  memcpy(&before, c, sizeof before);
  assert_true(vtcp_path_error(c, 101, true));
  assert_true(vtcp_path_error(c, 3100, true));
  assert_false(vtcp_path_error(c, 100, true));
  assert_false(vtcp_path_error(c, 3101, true));
  assert_memory_equal(&before, c, sizeof before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(sends_again_in_smaller_segments, sim_setup, sim_teardown),
      cmocka_unit_test_setup_teardown(not_in_flight, sim_setup, sim_teardown),
      cmocka_unit_test_setup_teardown(no_news, sim_setup, sim_teardown),
      cmocka_unit_test_setup_teardown(has_a_floor, sim_setup, sim_teardown),
      cmocka_unit_test_setup_teardown(before_it_is_established, sim_setup, sim_teardown),
      cmocka_unit_test_setup_teardown(hard_error_ends_an_opening, sim_setup, sim_teardown),
      cmocka_unit_test_setup_teardown(hard_error_is_soft_once_open, sim_setup, sim_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
