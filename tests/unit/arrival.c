/* A segment as the steps see it: offsets, options, the reset that answers it. */
#include "../support/sim.h"

static void reach_syn_sent(struct sim *s, struct sim_options o, bool ipv6) {
  sim_reach(s, o, VTCP_CLOSED);
  s->end[A].cfg.ipv6 = ipv6;
  assert_int_equal(vtcp_init(&s->end[A].c, &s->end[A].cfg), VTCP_OK);
  sim_open(s, A);
}

/* RFC 9293 s3.7.1: 536 or 1220 without the option (MUST-15); never more than our own, never less than 64. */
static void segment_size(void **state) {
  struct sim *s = *state;
  static const struct {
    bool ipv6, has;
    uint16_t own, offered, agreed;
  } cases[] = {{false, false, 1460, 0, 536}, {true, false, 1460, 0, 1220},      {false, false, 400, 0, 400},
               {true, false, 400, 0, 400},   {false, true, 1460, 1400, 1400},   {false, true, 1460, 9000, 1460},
               {false, true, 1460, 0, 64},   {false, true, 1460, 63, 64},       {false, true, 1460, 64, 64},
               {false, true, 64, 65535, 64}, {false, true, 65475, 65535, 65475}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    reach_syn_sent(s, (struct sim_options){.mss = cases[i].own}, cases[i].ipv6);
    inject(s, A, "SYN,ACK", 300, 101, 0, .has_mss = cases[i].has, .mss = cases[i].offered);
    if (sim_status(s, A).snd_mss != cases[i].agreed) fail_msg("case %zu: %u", i, sim_status(s, A).snd_mss);
  }
}

/* RFC 7323 s2.2, s2.3: in use only when both offer it; the window of a SYN is not scaled. */
static void window_scale(void **state) {
  struct sim *s = *state;
  for (uint16_t shift = 0; shift <= 14; shift++) {
    reach_syn_sent(s, (struct sim_options){.window_scale = true}, false);
    inject(s, A, "SYN,ACK", 300, 101, 0, .wnd = 5000, .has_wscale = true, .wscale = shift);
    assert_int_equal(sim_status(s, A).snd_wnd, 5000);
    inject(s, A, "ACK", 301, 101, 0, .wnd = 65535);
    assert_int_equal(sim_status(s, A).snd_wnd, 65535u << shift);
  }
  reach_syn_sent(s, (struct sim_options){0}, false);
  inject(s, A, "SYN,ACK", 300, 101, 0, .has_wscale = true, .wscale = 14);
  inject(s, A, "ACK", 301, 101, 0, .wnd = 100);
  assert_int_equal(sim_status(s, A).snd_wnd, 100);
}

/* The number nearest to RCV.NXT is meant; positions below the peer's SYN are old, never far ahead. */
static void below_the_syn(void **state) {
  struct sim *s = *state;
  static const uint32_t irs[] = {0, 1, 300, 2147483647u, 2147483648u, UINT32_MAX - 1, UINT32_MAX};
  static const uint32_t below[] = {1, 2, 1000, 65536, 1000000000u, 2147483646u};
  for (size_t i = 0; i < sizeof irs / sizeof irs[0]; i++)
    for (size_t k = 0; k < sizeof below / sizeof below[0]; k++) {
      sim_reach(s, (struct sim_options){0}, VTCP_SYN_SENT);
      inject(s, A, "SYN,ACK", irs[i], 101, 0);
      inject(s, A, "ACK", irs[i] - below[k], 101, 1);
      inject(s, A, "RST", irs[i] - below[k], 0, 0);
      inject(s, A, "SYN", irs[i] - below[k], 0, 0);
      assert_int_equal(sim_status(s, A).unacceptable, 3);
      expect_state(s, A, VTCP_ESTABLISHED);
      inject(s, A, "ACK", irs[i] + 1, 101, 10);
      assert_int_equal(sim_status(s, A).rcv_nxt, irs[i] + 11);
    }
}

/* SEG.LEN counts SYN and FIN, in the reset that answers a segment without ACK. */
static void length_in_the_reset(void **state) {
  struct sim *s = *state;
  static const char *const flags[] = {"", "FIN", "SYN", "SYN,FIN", "PSH,URG", "ECE,CWR,SYN"};
  static const uint32_t more[] = {0, 1, 1, 2, 0, 1};
  sim_reach(s, (struct sim_options){0}, VTCP_CLOSED);
  for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
    for (uint32_t len = 0; len < 3000; len += 1000) {
      inject(s, A, flags[i], UINT32_MAX - 1000, 0, len);
      expect(s, A, "RST,ACK", 0, UINT32_MAX - 1000 + len + more[i], 0);
    }
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {test(segment_size), test(window_scale), test(below_the_syn),
                                     test(length_in_the_reset)};
  return cmocka_run_group_tests_name("arrival", tests, NULL, NULL);
}
