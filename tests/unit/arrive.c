/* SEGMENT ARRIVES in CLOSED, LISTEN, SYN-SENT and SYN-RECEIVED (RFC 9293 s3.10.7.1 to s3.10.7.4). */
#include "../support/sim.h"

#include <string.h>

static const struct sim_options plain;

static void invalid_segments(void **state) {
  struct sim *s = *state;
  static uint8_t text[65536];
  sim_reach(s, plain, VTCP_ESTABLISHED);
  struct vtcp before;
  memcpy(&before, &s->end[A].c, sizeof before);
  struct vtcp_segment two =
      {.seq = 301, .ack = 101, .flags = VTCP_ACK, .text = text, .text_len = 1, .more = text, .more_len = 1};
  struct vtcp_segment big = {.seq = 301, .ack = 101, .flags = VTCP_ACK, .text = text, .text_len = 65536};
  struct vtcp_segment good = {.seq = 301, .ack = 101, .flags = VTCP_ACK};
  assert_int_equal(vtcp_input(&s->end[A].c, &two, 0, s->now), VTCP_ERR_INVALID);
  assert_int_equal(vtcp_input(&s->end[A].c, &big, 0, s->now), VTCP_ERR_INVALID);
  assert_int_equal(vtcp_input(&s->end[A].c, &good, 0, VTCP_TIME_MAX + 1), VTCP_ERR_INVALID);
  assert_memory_equal(&before, &s->end[A].c, sizeof before);
  big.text_len = 65535; /* the largest: what fits is taken */
  assert_int_equal(vtcp_input(&s->end[A].c, &big, 0, VTCP_TIME_MAX), VTCP_OK);
  assert_int_equal(sim_status(s, A).unread, 65535);
}

/* s3.10.7.1 */
static void closed(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_CLOSED);
  inject(s, A, "RST", 5, 0, 0);
  inject(s, A, "RST,ACK", 5, 6, 0);
  expect_silence(s, SECOND);
  inject(s, A, "ACK", 5, 1234, 10);
  expect(s, A, "RST", 1234, 0, 0);
  inject(s, A, "SYN,ACK", 5, 99, 0);
  expect(s, A, "RST", 99, 0, 0);
  inject(s, A, "SYN", 5, 0, 0);
  expect(s, A, "RST,ACK", 0, 6, 0);
  inject(s, A, "SYN,FIN", UINT32_MAX, 0, 10);
  expect(s, A, "RST,ACK", 0, 11, 0);
  inject(s, A, "", 5, 0, 10);
  expect(s, A, "RST,ACK", 0, 15, 0);
  expect_state(s, A, VTCP_CLOSED);
  expect_silence(s, 60 * SECOND);
}

/* The same from a host without any connection. */
static void refuse(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_CLOSED);
  sim_role(s, A, SIM_NOBODY);
  inject(s, A, "RST", 5, 0, 0);
  inject(s, A, "RST,ACK", 5, 6, 0);
  expect_silence(s, SECOND);
  inject(s, A, "ACK", 5, 1234, 10);
  expect(s, A, "RST", 1234, 0, 0);
  inject(s, A, "SYN", 5, 0, 0);
  expect(s, A, "RST,ACK", 0, 6, 0);
  inject(s, A, "SYN,FIN", UINT32_MAX, 0, 10);
  expect(s, A, "RST,ACK", 0, 11, 0);
  struct vtcp_segment g = {.src_port = 7, .dst_port = 9, .seq = 1, .flags = VTCP_FIN}, out;
  assert_true(vtcp_refuse(&g, &out));
  assert_int_equal(out.src_port, 9);
  assert_int_equal(out.dst_port, 7);
  assert_int_equal(out.ack, 2);
}

/* s3.10.7.2 */
static void listen_state(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_LISTEN);
  inject(s, A, "RST", 5, 0, 0);
  inject(s, A, "RST,ACK", 5, 6, 0);
  inject(s, A, "", 5, 0, 10);
  inject(s, A, "FIN", 5, 0, 0);
  expect_silence(s, SECOND);
  inject(s, A, "ACK", 5, 1234, 0);
  expect(s, A, "RST", 1234, 0, 0);
  inject(s, A, "SYN,ACK", 5, 77, 0);
  expect(s, A, "RST", 77, 0, 0);
  inject(s, A, "RST,SYN", 5, 0, 0);
  expect_silence(s, SECOND);
  expect_state(s, A, VTCP_LISTEN);
  inject(s, A, "SYN", 300, 0, 0);
  expect(s, A, "SYN,ACK", 100, 301, 0);
  expect_state(s, A, VTCP_SYN_RECEIVED);
}

/* s3.10.7.2: an ISS is selected for each handshake, so that the acknowledgment of one that was reset opens nothing. */
static void listen_selects_an_iss(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_LISTEN);
  inject(s, A, "SYN", 300, 0, 0);
  expect(s, A, "SYN,ACK", 100, 301, 0);
  inject(s, A, "RST", 301, 0, 0);
  expect_state(s, A, VTCP_LISTEN);
  s->end[A].iss = 7000;
  inject(s, A, "SYN", 300, 0, 0);
  expect(s, A, "SYN,ACK", 7000, 301, 0);
  inject(s, A, "ACK", 301, 101, 0);
  expect(s, A, "RST", 101, 0, 0);
  expect_state(s, A, VTCP_SYN_RECEIVED);
  inject(s, A, "ACK", 301, 7001, 0);
  expect_state(s, A, VTCP_ESTABLISHED);
}

/* A passive open to any peer takes the port of the SYN. */
static void listen_takes_the_port(void **state) {
  struct sim *s = *state;
  s->end[A].cfg.remote_port = 0;
  sim_role(s, B, SIM_PUPPET);
  assert_int_equal(vtcp_init(&s->end[A].c, &s->end[A].cfg), VTCP_OK);
  sim_listen(s, A);
  assert_int_equal(sim_status(s, A).remote_port, 0);
  inject(s, A, "SYN", 300, 0, 0);
  expect(s, A, "SYN,ACK", 100, 301, 0);
  assert_int_equal(sim_status(s, A).remote_port, 80);
}

/* Text and FIN on a SYN are not taken before the handshake is complete; the peer sends them again. */
static void listen_syn_with_text(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_LISTEN);
  inject(s, A, "SYN,FIN", 300, 0, 10);
  expect(s, A, "SYN,ACK", 100, 301, 0);
  expect_state(s, A, VTCP_SYN_RECEIVED);
  assert_int_equal(sim_status(s, A).unread, 0);
  inject(s, A, "ACK,FIN", 301, 101, 10);
  expect_state(s, A, VTCP_CLOSE_WAIT);
  assert_int_equal(sim_read(s, A, 100), 10);
  expect_got(s, A, 10);
}

/* s3.10.7.3, first: an ACK of something never sent */
static void syn_sent_bad_ack(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_SENT);
  static const uint32_t bad[] = {100, 102, 99, 0, 2147483749u};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    inject(s, A, "ACK", 300, bad[i], 0);
    expect(s, A, "RST", bad[i], 0, 0);
    inject(s, A, "SYN,ACK", 300, bad[i], 0);
    expect(s, A, "RST", bad[i], 0, 0);
    inject(s, A, "RST,ACK", 300, bad[i], 0);
    expect_state(s, A, VTCP_SYN_SENT);
  }
  expect_silence(s, 500 * MS);
  inject(s, A, "SYN,ACK", 300, 101, 0);
  expect_state(s, A, VTCP_ESTABLISHED);
}

/* second and fifth: RST without ACK, and segments with neither SYN nor RST, are dropped */
static void syn_sent_dropped(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_SENT);
  inject(s, A, "RST", 300, 0, 0);
  inject(s, A, "RST,SYN", 300, 0, 0);
  inject(s, A, "ACK", 300, 101, 10);
  inject(s, A, "FIN,ACK", 300, 101, 0);
  inject(s, A, "", 300, 0, 10);
  expect_state(s, A, VTCP_SYN_SENT);
  expect_silence(s, 500 * MS);
  inject(s, A, "RST,ACK", 12345, 101, 0);
  expect_ended(s, A, VTCP_OUTCOME_REFUSED);
}

static void syn_sent_syn_ack_with_text_and_fin(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_SENT);
  inject(s, A, "SYN,ACK,FIN", 300, 101, 10);
  expect(s, A, "ACK", 101, 312, 0);
  expect_state(s, A, VTCP_CLOSE_WAIT);
  assert_int_equal(sim_read(s, A, 100), 10);
  expect_got(s, A, 10);
  assert_int_equal(sim_read(s, A, 100), VTCP_ERR_CLOSING);
}

/* simultaneous open, the segments one by one */
static void syn_sent_syn(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_SENT);
  inject(s, A, "SYN", 300, 0, 0);
  expect(s, A, "SYN,ACK", 100, 301, 0);
  expect_state(s, A, VTCP_SYN_RECEIVED);
  inject(s, A, "SYN,ACK", 300, 101, 0);
  expect(s, A, "ACK", 101, 301, 0);
  expect_state(s, A, VTCP_ESTABLISHED);
}

/* An active SYN-RECEIVED: RST means refused (s3.10.7.4, second). */
static void active_syn_received_reset(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_SENT);
  inject(s, A, "SYN", 300, 0, 0);
  expect(s, A, "SYN,ACK", 100, 301, 0);
  inject(s, A, "SYN", 400, 0, 0); /* in the window: RFC 5961 s4.2 */
  expect(s, A, "ACK", 101, 301, 0);
  inject(s, A, "RST", 302, 0, 0);
  expect(s, A, "ACK", 101, 301, 0);
  expect_state(s, A, VTCP_SYN_RECEIVED);
  inject(s, A, "RST", 301, 0, 0);
  expect_ended(s, A, VTCP_OUTCOME_REFUSED);
}

/* A passive SYN-RECEIVED goes back to LISTEN, and takes the next SYN. */
static void passive_syn_received_reset(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_RECEIVED);
  inject(s, A, "RST", 302, 0, 0); /* not exact: a challenge */
  expect(s, A, "ACK", 101, 301, 0);
  inject(s, A, "RST", 300, 0, 0); /* outside the window: nothing */
  expect_state(s, A, VTCP_SYN_RECEIVED);
  inject(s, A, "RST", 301, 0, 0);
  expect_state(s, A, VTCP_LISTEN);
  expect_no_event(s, A, VTCP_EVENT_ENDED);
  expect_silence(s, 60 * SECOND);
  inject(s, A, "SYN", 800, 0, 0);
  expect(s, A, "SYN,ACK", 100, 801, 0);
  inject(s, A, "ACK", 801, 101, 0);
  expect_state(s, A, VTCP_ESTABLISHED);
}

/* fourth: a new SYN within the window of a passive SYN-RECEIVED: back to LISTEN */
static void passive_syn_received_syn(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_RECEIVED);
  inject(s, A, "SYN", 500, 0, 0);
  expect_state(s, A, VTCP_LISTEN);
  expect_silence(s, 60 * SECOND);
}

/* the same SYN again: below the window, and one acknowledgment at most, which is the SYN-ACK it did not see */
static void syn_received_same_syn(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_RECEIVED);
  inject(s, A, "SYN", 300, 0, 0);
  expect(s, A, "SYN,ACK", 100, 301, 0);
  expect_state(s, A, VTCP_SYN_RECEIVED);
  expect_silence(s, 500 * MS);
}

/* with text or FIN behind it, which reach into the window, too; a SYN from elsewhere in the window resets to LISTEN */
static void syn_received_same_syn_with_text(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_RECEIVED);
  inject(s, A, "SYN", 300, 0, 10);
  expect(s, A, "SYN,ACK", 100, 301, 0);
  inject(s, A, "SYN,FIN", 300, 0, 0);
  expect(s, A, "SYN,ACK", 100, 301, 0);
  expect_state(s, A, VTCP_SYN_RECEIVED);
  inject(s, A, "ACK", 301, 101, 0);
  sim_deliver(s);
  expect_state(s, A, VTCP_ESTABLISHED);
  sim_reach(s, plain, VTCP_SYN_RECEIVED);
  inject(s, A, "SYN", 301, 0, 0);
  sim_deliver(s);
  expect_state(s, A, VTCP_LISTEN);
}

/* fifth: ACK of something never sent; no ACK */
static void syn_received_bad_ack(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_RECEIVED);
  inject(s, A, "ACK", 301, 102, 0);
  expect(s, A, "RST", 102, 0, 0);
  inject(s, A, "ACK", 301, 100, 0);
  expect(s, A, "RST", 100, 0, 0);
  inject(s, A, "", 301, 0, 10);
  inject(s, A, "FIN", 301, 0, 0);
  expect_state(s, A, VTCP_SYN_RECEIVED);
  expect_no_event(s, A, VTCP_EVENT_ESTABLISHED);
  expect_silence(s, 500 * MS);
}

/* SYN-RECEIVED is left only on SEG.SEQ = RCV.NXT: an ACK from elsewhere in the window is not enough. */
static void syn_received_left_at_rcv_nxt_only(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_RECEIVED);
  inject(s, A, "ACK", 302, 101, 0);
  expect(s, A, "ACK", 101, 301, 0);
  inject(s, A, "ACK", 401, 101, 100);
  expect(s, A, "ACK", 101, 301, 0);
  expect_state(s, A, VTCP_SYN_RECEIVED);
  assert_int_equal(sim_status(s, A).unread, 0);
  inject(s, A, "ACK", 301, 101, 100);
  expect_state(s, A, VTCP_ESTABLISHED);
  assert_int_equal(sim_read(s, A, 1000), 100);
}

/* The second SYN-ACK of a lost handshake is not taken for a new one by an established peer. */
static void ports_and_options_are_kept(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.window_scale = true, .window_shift = 2}, VTCP_SYN_SENT);
  inject(s, A, "SYN,ACK", 300, 101, 0, .has_mss = true, .mss = 700, .has_wscale = true, .wscale = 3);
  expect(s, A, "ACK", 101, 301, 0);
  inject(s, A, "SYN,ACK", 300, 101, 0, .has_mss = true, .mss = 100, .has_wscale = true, .wscale = 9);
  expect(s, A, "ACK", 101, 301, 0);
  inject(s, A, "ACK", 301, 101, 0, .wnd = 1000);
  assert_int_equal(sim_status(s, A).snd_mss, 700);
  assert_int_equal(sim_status(s, A).snd_wnd, 8000);
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(invalid_segments),
      test(closed),
      test(refuse),
      test(listen_state),
      test(listen_selects_an_iss),
      test(listen_takes_the_port),
      test(listen_syn_with_text),
      test(syn_sent_bad_ack),
      test(syn_sent_dropped),
      test(syn_sent_syn_ack_with_text_and_fin),
      test(syn_sent_syn),
      test(active_syn_received_reset),
      test(passive_syn_received_reset),
      test(passive_syn_received_syn),
      test(syn_received_same_syn),
      test(syn_received_same_syn_with_text),
      test(syn_received_bad_ack),
      test(syn_received_left_at_rcv_nxt_only),
      test(ports_and_options_are_kept),
  };
  return cmocka_run_group_tests_name("arrive", tests, NULL, NULL);
}
