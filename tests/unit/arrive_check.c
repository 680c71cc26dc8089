/* s3.10.7.4, first to fourth: the sequence number, RST and SYN, with RFC 5961. */
#include "../support/sim.h"

static const struct sim_options plain;

/* Table 6, with RCV.NXT = 301 and RCV.WND = 1000 or 0. */
static void acceptability(void **state) {
  struct sim *s = *state;
  static const struct {
    uint32_t seq, len;
    bool closed_window, good;
  } cases[] = {
      {301, 0, false, true},    {1300, 0, false, true},         {1301, 0, false, false},
      {300, 0, false, false},   {301, 1, false, true},          {300, 1, false, false},
      {300, 2, false, true},    {1300, 1, false, true},         {1300, 100, false, true},
      {1301, 1, false, false},  {201, 100, false, false},       {201, 101, false, true},
      {301, 1000, false, true}, {301, 5000, false, true},       {301, 0, true, true},
      {302, 0, true, false},    {300, 0, true, false},          {302, 1, true, false},
      {300, 1, true, false},    {2147483949u, 0, false, false}, {2147483949u, 10, false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    sim_reach(s, (struct sim_options){.rcv_cap = 1000}, VTCP_ESTABLISHED);
    uint32_t shift = 0;
    if (cases[i].closed_window) {
      inject(s, A, "ACK", 301, 101, 1000);
      shift = 1000;
      assert_int_equal(sim_status(s, A).rcv_wnd, 0);
    }
    assert_int_equal(sim_status(s, A).unacceptable, 0);
    inject(s, A, "ACK", cases[i].seq + shift, 101, cases[i].len);
    if (sim_status(s, A).unacceptable != (cases[i].good ? 0 : 1)) fail_msg("case %zu", i);
  }
}

/* An unacceptable segment is answered with <SEQ=SND.NXT><ACK=RCV.NXT>, unless it is RST, and otherwise dropped. */
static void unacceptable_is_answered(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.rcv_cap = 1000}, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 5000, 101, 0);
  expect(s, A, "ACK", 101, 301, 0);
  inject(s, A, "ACK", 201, 101, 100);
  expect(s, A, "ACK", 101, 301, 0);
  inject(s, A, "FIN,ACK", 300, 101, 0);
  expect(s, A, "ACK", 101, 301, 0);
  inject(s, A, "SYN", 5000, 0, 0);
  expect(s, A, "ACK", 101, 301, 0);
  inject(s, A, "RST", 5000, 0, 0);
  inject(s, A, "RST", 300, 0, 0);
  expect_silence(s, 10 * SECOND);
  assert_int_equal(sim_status(s, A).unacceptable, 6);
  assert_int_equal(sim_status(s, A).unread, 0);
  expect_state(s, A, VTCP_ESTABLISHED);
}

/* RFC 5961 s7: at most 10 challenges in 5 seconds, here drawn by pure ACKs; data is always acknowledged. */
static void challenge_limit(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  for (int i = 0; i < 10; i++) {
    inject(s, A, "RST", 400, 0, 0);
    expect(s, A, "ACK", 101, 301, 0);
  }
  for (int i = 0; i < 50; i++) {
    inject(s, A, "RST", 400, 0, 0);
    inject(s, A, "SYN", 400, 0, 0);
    inject(s, A, "SYN,FIN", 5000000, 0, 10);
    inject(s, A, "ACK", 200, 101, 0);
    inject(s, A, "ACK", 301, 5000, 0);
  }
  assert_int_equal(sim_status(s, A).challenged, 10);
  inject(s, A, "ACK", 201, 101, 100); /* a retransmission whose acknowledgment was lost */
  expect(s, A, "ACK", 101, 301, 0);
  expect_silence(s, 5 * SECOND);
  inject(s, A, "RST", 400, 0, 0);
  expect(s, A, "ACK", 101, 301, 0);
  assert_int_equal(sim_status(s, A).challenged, 11);
  expect_state(s, A, VTCP_ESTABLISHED);
}

/* RFC 9293 s3.6, MUST-12: a RST after both FINs tells that octets of ours may be lost. */
static void rst_with_octets_unacknowledged(void **state) {
  struct sim *s = *state;
  for (uint32_t acked = 0; acked <= 1; acked++) {
    sim_reach(s, plain, VTCP_CLOSE_WAIT);
    struct vtcp_status t = sim_status(s, A);
    sim_send(s, A, (const uint8_t *)"abc", 3, false);
    expect(s, A, "PSH,ACK", t.snd_nxt, t.rcv_nxt, 3);
    sim_close(s, A);
    expect(s, A, "FIN,ACK", t.snd_nxt + 3, t.rcv_nxt, 0);
    if (acked != 0) inject(s, A, "ACK", t.rcv_nxt, t.snd_nxt + 3, 0);
    expect_state(s, A, VTCP_LAST_ACK);
    inject(s, A, "RST", t.rcv_nxt, 0, 0);
    expect_ended(s, A, acked != 0 ? VTCP_OUTCOME_CLOSED : VTCP_OUTCOME_RESET);
  }
}

/* RFC 5961 s3.2: exactly RCV.NXT resets, elsewhere in the window is a challenge, outside is nothing. */
static void rst_in_each_state(void **state) {
  struct sim *s = *state;
  static const enum vtcp_outcome outcomes[] =
      {[VTCP_ESTABLISHED] = VTCP_OUTCOME_RESET, [VTCP_FIN_WAIT_1] = VTCP_OUTCOME_RESET,
       [VTCP_FIN_WAIT_2] = VTCP_OUTCOME_RESET,  [VTCP_CLOSE_WAIT] = VTCP_OUTCOME_RESET,
       [VTCP_CLOSING] = VTCP_OUTCOME_CLOSED,    [VTCP_LAST_ACK] = VTCP_OUTCOME_CLOSED,
       [VTCP_TIME_WAIT] = VTCP_OUTCOME_CLOSED};
  for (enum vtcp_state st = VTCP_ESTABLISHED; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, plain, st);
    struct vtcp_status t = sim_status(s, A);
    inject(s, A, "RST", t.rcv_nxt - 1, 0, 0);
    inject(s, A, "RST", t.rcv_nxt + 65535, 0, 0);
    inject(s, A, "RST,ACK", t.rcv_nxt + 2147483648u, t.snd_nxt, 0);
    assert_int_equal(s->trace_len, s->cursor + 3);
    inject(s, A, "RST", t.rcv_nxt + 1, 0, 0);
    expect(s, A, "ACK", t.snd_nxt, t.rcv_nxt, 0);
    inject(s, A, "RST,ACK", t.rcv_nxt + 60000, t.snd_nxt, 0);
    expect(s, A, "ACK", t.snd_nxt, t.rcv_nxt, 0);
    expect_state(s, A, st);
    inject(s, A, "RST", t.rcv_nxt, 0, 0);
    expect_ended(s, A, outcomes[st]);
    expect_silence(s, 300 * (uint64_t)SECOND);
  }
}

/* A reset by a segment with a wrong acknowledgment counts all the same: only the sequence number is looked at. */
static void rst_with_any_ack(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "RST,ACK", 301, 4000000000u, 0);
  expect_ended(s, A, VTCP_OUTCOME_RESET);
}

/* RFC 5961 s4.2: a SYN in a synchronized state is a challenge, wherever it lies, and changes nothing. */
static void syn_in_each_state(void **state) {
  struct sim *s = *state;
  for (enum vtcp_state st = VTCP_ESTABLISHED; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, plain, st);
    struct vtcp_status t = sim_status(s, A);
    const uint32_t seqs[] = {t.rcv_nxt, t.rcv_nxt + 100, t.rcv_nxt - 1, t.rcv_nxt + 100000, t.irs};
    for (size_t i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
      inject(s, A, i % 2 == 0 ? "SYN" : "SYN,ACK", seqs[i], t.snd_nxt, 0);
      expect(s, A, "ACK", t.snd_nxt, t.rcv_nxt, 0);
    }
    expect_state(s, A, st);
    assert_int_equal(sim_status(s, A).rcv_nxt, t.rcv_nxt);
    assert_int_equal(sim_status(s, A).irs, 300);
  }
}

/* MUST-66: with a zero window ACK, URG and RST are processed all the same. */
static void zero_window(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.rcv_cap = 100}, VTCP_ESTABLISHED);
  sim_write(s, A, 500);
  inject(s, A, "ACK", 301, 101, 100);
  s->cursor = s->trace_len;
  assert_int_equal(sim_status(s, A).rcv_wnd, 0);
  inject(s, A, "URG,ACK", 401, 301, 50, .urg = 10); /* a probe; its text is not taken, its ACK and URG are */
  assert_int_equal(sim_status(s, A).snd_una, 301);
  expect_event(s, A, VTCP_EVENT_URGENT);
  assert_int_equal(expect(s, A, "ACK", 601, 401, 0)->wnd, 0);
  assert_int_equal(sim_status(s, A).unread, 100);
  inject(s, A, "ACK", 401, 601, 0);
  assert_int_equal(sim_status(s, A).snd_una, 601);
  inject(s, A, "RST", 401, 0, 0);
  expect_ended(s, A, VTCP_OUTCOME_RESET);
}

/* s3.10.7.4 eighth: only the peer's own FIN begins 2 MSL anew. */
static void time_wait_restarts_for_the_fin_only(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_TIME_WAIT);
  uint64_t end = vtcp_deadline(&s->end[A].c);
  sim_run(s, 10 * SECOND);
  inject(s, A, "FIN,ACK", 5, 102, 0);
  inject(s, A, "FIN,ACK", 300, 102, 0);
  inject(s, A, "FIN,ACK", 302, 102, 0);
  inject(s, A, "FIN,ACK", 1000000, 102, 10);
  inject(s, A, "ACK", 250, 102, 10);
  inject(s, A, "SYN", 300, 0, 0);
  assert_true(vtcp_deadline(&s->end[A].c) == end);
  s->cursor = s->trace_len;
  inject(s, A, "FIN,ACK", 301, 102, 0);
  expect(s, A, "ACK", 102, 302, 0);
  assert_true(vtcp_deadline(&s->end[A].c) == s->now + 240 * (uint64_t)SECOND);
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(acceptability),
      test(unacceptable_is_answered),
      test(challenge_limit),
      test(rst_in_each_state),
      test(rst_with_octets_unacknowledged),
      test(rst_with_any_ack),
      test(syn_in_each_state),
      test(zero_window),
      test(time_wait_restarts_for_the_fin_only),
  };
  return cmocka_run_group_tests_name("arrive_check", tests, NULL, NULL);
}
