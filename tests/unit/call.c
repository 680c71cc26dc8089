/* The user's calls (RFC 9293 s3.10.1 to s3.10.6), in every state. */
#include "../support/sim.h"

#include <string.h>

static const struct sim_options plain;

/* A call that is refused changes nothing at all. */
#define refuses(s, call, error)                                                                                        \
  do {                                                                                                                 \
    struct vtcp before_;                                                                                               \
    memcpy(&before_, &(s)->end[A].c, sizeof before_);                                                                  \
    assert_int_equal(call, error);                                                                                     \
    assert_memory_equal(&before_, &(s)->end[A].c, sizeof before_);                                                     \
  } while (false)

static struct vtcp *a_of(struct sim *s) { return &s->end[A].c; }

static void open_is_for_closed_and_listen(void **state) {
  struct sim *s = *state;
  for (enum vtcp_state st = VTCP_SYN_SENT; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, plain, st);
    refuses(s, vtcp_open(a_of(s), 1, s->now), VTCP_ERR_EXISTS);
  }
  sim_reach(s, plain, VTCP_LISTEN);
  assert_int_equal(sim_open(s, A), VTCP_OK); /* from passive to active (s3.10.1) */
  expect_state(s, A, VTCP_SYN_SENT);
  expect(s, A, "SYN", 100, 0, 0);
}

static void open_refuses_a_time_beyond_the_largest(void **state) {
  struct sim *s = *state;
  refuses(s, vtcp_open(a_of(s), 1, VTCP_TIME_MAX + 1), VTCP_ERR_INVALID);
  refuses(s, vtcp_open(a_of(s), 1, UINT64_MAX), VTCP_ERR_INVALID);
}

/* s3.10.1: "remote socket unspecified" */
static void open_needs_a_remote_port(void **state) {
  struct sim *s = *state;
  struct vtcp_config cfg = s->end[A].cfg;
  cfg.remote_port = 0;
  assert_int_equal(vtcp_init(a_of(s), &cfg), VTCP_OK);
  refuses(s, vtcp_open(a_of(s), 1, s->now), VTCP_ERR_INVALID);
  assert_int_equal(vtcp_listen(a_of(s)), VTCP_OK);
  refuses(s, vtcp_open(a_of(s), 1, s->now), VTCP_ERR_INVALID);
}

static void listen_is_for_closed(void **state) {
  struct sim *s = *state;
  for (enum vtcp_state st = VTCP_LISTEN; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, plain, st);
    refuses(s, vtcp_listen(a_of(s)), VTCP_ERR_EXISTS);
  }
}

static void send_in_each_state(void **state) {
  struct sim *s = *state;
  static const int64_t expected[] = {[VTCP_CLOSED] = VTCP_ERR_NO_CONNECTION,
                                     [VTCP_LISTEN] = VTCP_ERR_NO_CONNECTION,
                                     [VTCP_SYN_SENT] = 3,
                                     [VTCP_SYN_RECEIVED] = 3,
                                     [VTCP_ESTABLISHED] = 3,
                                     [VTCP_FIN_WAIT_1] = VTCP_ERR_CLOSING,
                                     [VTCP_FIN_WAIT_2] = VTCP_ERR_CLOSING,
                                     [VTCP_CLOSE_WAIT] = 3,
                                     [VTCP_CLOSING] = VTCP_ERR_CLOSING,
                                     [VTCP_LAST_ACK] = VTCP_ERR_CLOSING,
                                     [VTCP_TIME_WAIT] = VTCP_ERR_CLOSING};
  for (enum vtcp_state st = VTCP_CLOSED; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, plain, st);
    if (expected[st] < 0) {
      refuses(s, vtcp_send(a_of(s), (const uint8_t *)"abc", 3, false), expected[st]);
      assert_int_equal(sim_status(s, A).send_space, 0);
    } else {
      assert_int_equal(sim_status(s, A).send_space, 65535);
      assert_int_equal(sim_write(s, A, 3), 3);
      assert_int_equal(sim_status(s, A).send_space, 65532);
      assert_int_equal(sim_status(s, A).unacknowledged, 3);
    }
  }
}

static void send_takes_what_fits(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.snd_cap = 10}, VTCP_ESTABLISHED);
  assert_int_equal(sim_write(s, A, 0), 0);
  assert_int_equal(sim_write(s, A, 7), 7);
  assert_int_equal(sim_write(s, A, 7), 3);
  refuses(s, vtcp_send(a_of(s), (const uint8_t *)"abc", 3, false), 0);
  refuses(s, vtcp_send(a_of(s), (const uint8_t *)"abc", 3, true), 0);
  inject(s, A, "ACK", 301, 105, 0);
  expect_event(s, A, VTCP_EVENT_SPACE);
  assert_int_equal(sim_write(s, A, 7), 4);
}

static void receive_in_each_state(void **state) {
  struct sim *s = *state;
  uint8_t octet;
  for (enum vtcp_state st = VTCP_CLOSED; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, plain, st);
    int64_t expected = st == VTCP_CLOSED ? VTCP_ERR_NO_CONNECTION : st >= VTCP_CLOSE_WAIT ? VTCP_ERR_CLOSING : 0;
    refuses(s, vtcp_receive(a_of(s), &octet, 1), expected);
  }
}

/* What was received stays readable through the close, and after it. */
static void receive_after_the_end(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_FIN_WAIT_2);
  inject(s, A, "FIN,ACK", 301, 102, 10);
  expect_state(s, A, VTCP_TIME_WAIT);
  assert_int_equal(sim_read(s, A, 4), 4);
  sim_run(s, 240 * (uint64_t)SECOND);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
  assert_int_equal(sim_status(s, A).unread, 6);
  assert_int_equal(sim_read(s, A, 100), 6);
  assert_int_equal(sim_read(s, A, 100), VTCP_ERR_CLOSING);
  expect_got(s, A, 10);
}

/* s3.10.7.4, second: after a reset "all segment queues should be flushed". */
static void receive_after_reset(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 301, 101, 10);
  inject(s, A, "RST", 311, 0, 0);
  expect_ended(s, A, VTCP_OUTCOME_RESET);
  assert_int_equal(sim_read(s, A, 100), VTCP_ERR_NO_CONNECTION);
}

/* But a stream that is here up to the peer's FIN stays readable, however the connection ends, except by ABORT. */
static void receive_after_fin_and_reset(void **state) {
  struct sim *s = *state;
  for (int abort = 0; abort <= 1; abort++) {
    sim_reach(s, plain, VTCP_ESTABLISHED);
    inject(s, A, "FIN,ACK", 301, 101, 10);
    sim_write(s, A, 5);
    assert_int_equal(sim_read(s, A, 4), 4);
    if (abort != 0) {
      assert_int_equal(sim_abort(s, A), VTCP_OK);
      assert_int_equal(sim_read(s, A, 100), VTCP_ERR_NO_CONNECTION);
      continue;
    }
    inject(s, A, "RST", 312, 0, 0);
    expect_ended(s, A, VTCP_OUTCOME_RESET);
    assert_int_equal(sim_read(s, A, 100), 6);
    assert_int_equal(sim_read(s, A, 100), VTCP_ERR_CLOSING);
    expect_got(s, A, 10);
  }
}

static void peek_and_consume(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.rcv_cap = 10}, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 301, 101, 8);
  assert_int_equal(sim_consume(s, A, 6), 6);
  sim_run(s, SECOND);
  inject(s, A, "ACK", 309, 101, 7); /* around the end of the buffer */
  struct vtcp_slices v = vtcp_peek(a_of(s));
  assert_int_equal(v.first_len, 4);
  assert_int_equal(v.second_len, 5);
  refuses(s, vtcp_consume(a_of(s), 10), VTCP_ERR_INVALID);
  refuses(s, vtcp_consume(a_of(s), UINT32_MAX), VTCP_ERR_INVALID);
  refuses(s, vtcp_consume(a_of(s), 0), VTCP_OK);
  assert_int_equal(sim_consume(s, A, 100), 9);
  expect_got(s, A, 15);
  refuses(s, vtcp_consume(a_of(s), 1), VTCP_ERR_INVALID);
}

static void close_in_each_state(void **state) {
  struct sim *s = *state;
  for (enum vtcp_state st = VTCP_CLOSED; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, plain, st);
    switch (st) {
    case VTCP_CLOSED: refuses(s, vtcp_close(a_of(s)), VTCP_ERR_NO_CONNECTION); break;
    case VTCP_LISTEN:
    case VTCP_SYN_SENT:
      assert_int_equal(sim_close(s, A), VTCP_OK);
      expect_ended(s, A, VTCP_OUTCOME_ABORTED);
      expect_silence(s, 60 * SECOND);
      break;
    case VTCP_SYN_RECEIVED:
      assert_int_equal(sim_close(s, A), VTCP_OK);
      expect_state(s, A, VTCP_SYN_RECEIVED);
      refuses(s, vtcp_close(a_of(s)), VTCP_ERR_CLOSING);
      refuses(s, vtcp_send(a_of(s), (const uint8_t *)"abc", 3, false), VTCP_ERR_CLOSING);
      break;
    case VTCP_ESTABLISHED:
      assert_int_equal(sim_close(s, A), VTCP_OK);
      expect_state(s, A, VTCP_FIN_WAIT_1);
      expect(s, A, "FIN,ACK", 101, 301, 0);
      break;
    case VTCP_CLOSE_WAIT:
      assert_int_equal(sim_close(s, A), VTCP_OK);
      expect_state(s, A, VTCP_LAST_ACK);
      expect(s, A, "FIN,ACK", 101, 302, 0);
      break;
    default: refuses(s, vtcp_close(a_of(s)), VTCP_ERR_CLOSING); break;
    }
  }
}

/* s3.10.4: CLOSE in SYN-RECEIVED is remembered; what was queued goes first. */
static void close_in_syn_received(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_SYN_RECEIVED);
  sim_write(s, A, 5);
  sim_close(s, A);
  expect_silence(s, 100 * MS);
  inject(s, A, "ACK", 301, 101, 0);
  expect_state(s, A, VTCP_FIN_WAIT_1);
  expect_event(s, A, VTCP_EVENT_ESTABLISHED);
  expect(s, A, "FIN,ACK,PSH", 101, 301, 5);
  inject(s, A, "ACK", 301, 107, 0);
  expect_state(s, A, VTCP_FIN_WAIT_2);
}

/* CLOSE waits for the queue: FIN is after the last octet. */
static void close_after_queued_data(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  sim_write(s, A, 11500);
  sim_close(s, A);
  for (uint32_t i = 0; i < 10; i++) expect(s, A, "ACK", 101 + 1000 * i, 301, 1000);
  expect_silence(s, 100 * MS);
  inject(s, A, "ACK", 301, 10101, 0);
  expect(s, A, "ACK", 10101, 301, 1000);
  expect(s, A, "FIN,ACK", 11101, 301, 500);
  expect_state(s, A, VTCP_FIN_WAIT_1);
}

static void abort_in_each_state(void **state) {
  struct sim *s = *state;
  for (enum vtcp_state st = VTCP_CLOSED; st <= VTCP_TIME_WAIT; st++) {
    sim_reach(s, plain, st);
    if (st == VTCP_CLOSED) {
      refuses(s, vtcp_abort(a_of(s)), VTCP_ERR_NO_CONNECTION);
      continue;
    }
    assert_int_equal(sim_abort(s, A), VTCP_OK);
    expect_ended(s, A, VTCP_OUTCOME_ABORTED);
    if (st >= VTCP_SYN_RECEIVED && st <= VTCP_CLOSE_WAIT)
      expect(s, A, "RST", st == VTCP_FIN_WAIT_1 || st == VTCP_FIN_WAIT_2 ? 102 : 101, 0, 0);
    expect_silence(s, 60 * SECOND);
  }
}

static void status_tells(void **state) {
  struct sim *s = *state;
  sim_reach(s, plain, VTCP_ESTABLISHED);
  sim_write(s, A, 2500);
  inject(s, A, "ACK", 301, 1101, 700, .wnd = 12345);
  struct vtcp_status t = sim_status(s, A);
  assert_int_equal(t.state, VTCP_ESTABLISHED);
  assert_int_equal(t.local_port, 40000);
  assert_int_equal(t.remote_port, 80);
  assert_int_equal(t.snd_mss, 1000);
  assert_int_equal(t.unread, 700);
  assert_int_equal(t.unacknowledged, 1500);
  assert_int_equal(t.send_space, 64035);
  assert_int_equal(t.snd_wnd, 12345);
  assert_int_equal(t.snd_una, 1101);
  assert_int_equal(t.snd_nxt, 2601);
  assert_int_equal(t.rcv_nxt, 1001);
  assert_int_equal(t.iss, 100);
  assert_int_equal(t.irs, 300);
  assert_int_equal(t.cwnd, 11000);
  assert_int_equal(t.retransmitted, 0);
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(open_is_for_closed_and_listen),
      test(open_refuses_a_time_beyond_the_largest),
      test(open_needs_a_remote_port),
      test(listen_is_for_closed),
      test(send_in_each_state),
      test(send_takes_what_fits),
      test(receive_in_each_state),
      test(receive_after_the_end),
      test(receive_after_reset),
      test(receive_after_fin_and_reset),
      test(peek_and_consume),
      test(close_in_each_state),
      test(close_in_syn_received),
      test(close_after_queued_data),
      test(abort_in_each_state),
      test(status_tells),
  };
  return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
