/* S9 to S14: moving data (RFC 9293 s3.8, RFC 5681). */
#include "../support/sim.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* S9: 312 octets through a 100-octet window in 100-octet segments, ISNs 100 and 200, then an orderly close. */
static void s09_small_window(void **state) {
  struct sim *s = *state;
  sim_end_init(s, A, (struct sim_options){.iss = 100, .mss = 100});
  sim_end_init(s, B, (struct sim_options){.iss = 200, .mss = 100, .rcv_cap = 100});
  s->end[B].auto_read = true;
  sim_listen(s, B);
  sim_open(s, A);
  expect(s, A, "SYN", 100, 0, 0);
  assert_int_equal(expect(s, B, "SYN,ACK", 200, 101, 0)->wnd, 100);
  expect(s, A, "ACK", 101, 201, 0);
  sim_deliver(s);

  assert_int_equal(sim_write(s, A, 312), 312);
  expect(s, A, "ACK", 101, 201, 100);
  expect_silence(s, LATENCY - 1); /* the window is full */
  assert_int_equal(expect(s, B, "ACK", 201, 201, 0)->wnd, 100);
  expect(s, A, "ACK", 201, 201, 100);
  expect_silence(s, LATENCY - 1);
  assert_int_equal(expect(s, B, "ACK", 201, 301, 0)->wnd, 100);
  expect(s, A, "ACK", 301, 201, 100);
  expect_silence(s, LATENCY - 1);
  assert_int_equal(expect(s, B, "ACK", 201, 401, 0)->wnd, 100);
  expect(s, A, "ACK,PSH", 401, 201, 12);
  expect(s, B, "ACK", 201, 413, 0);
  sim_deliver(s);
  expect_got(s, B, 312);
  assert_int_equal(sim_status(s, A).unacknowledged, 0);

  sim_close(s, A);
  expect(s, A, "FIN,ACK", 413, 201, 0);
  expect(s, B, "ACK", 201, 414, 0);
  sim_deliver(s);
  assert_int_equal(sim_read(s, B, 1), VTCP_ERR_CLOSING);
  sim_close(s, B);
  expect(s, B, "FIN,ACK", 201, 414, 0);
  expect(s, A, "ACK", 414, 202, 0);
  sim_deliver(s);
  expect_ended(s, B, VTCP_OUTCOME_CLOSED);
  expect_state(s, A, VTCP_TIME_WAIT);
  expect_silence(s, 240 * (uint64_t)SECOND);
  expect_ended(s, A, VTCP_OUTCOME_CLOSED);
  assert_int_equal(sim_status(s, A).retransmitted + sim_status(s, B).retransmitted, 0);
}

/* S10: a file of 500,000 octets, each fault with the given chance; both hashes are the same. */
static void file_through_faults(struct sim *s, uint32_t thousandths) {
  enum { SIZE = 500000 };
  static uint8_t file[SIZE];
  for (size_t i = 0; i < SIZE; i++) file[i] = (uint8_t)sim_random(s);
  s->faults = (struct sim_faults){.loss = thousandths,
                                  .twice = thousandths,
                                  .late = thousandths,
                                  .corrupt = thousandths,
                                  .late_by = 100 * MS};
  s->end[B].auto_read = true;
  sim_listen(s, B);
  sim_open(s, A);
  uint32_t sent = 0;
  for (uint32_t i = 0; i < 1000000 && !s->end[B].end_seen; i++) {
    if (sim_status(s, A).state >= VTCP_ESTABLISHED && sent < SIZE)
      sent += (uint32_t)sim_send(s, A, file + sent, SIZE - sent, false);
    if (sent == SIZE && !s->end[A].closed) sim_close(s, A);
    if (sim_status(s, B).state == VTCP_CLOSE_WAIT) sim_read(s, B, 1);
    sim_step(s, VTCP_NEVER - 1);
  }
  assert_true(s->end[B].end_seen);
  uint8_t of_sent[crypto_hash_sha256_BYTES], of_got[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(of_sent, file, SIZE);
  crypto_hash_sha256(of_got, s->end[B].got.octets, s->end[B].got.len);
  assert_int_equal(s->end[B].got.len, SIZE);
  assert_memory_equal(of_sent, of_got, sizeof of_sent);
  assert_true(s->fate_count[SIM_LOST] > 0 && s->fate_count[SIM_TWICE] > 0);
  assert_true(s->fate_count[SIM_LATE] > 0 && s->fate_count[SIM_CORRUPT] > 0);
  assert_true(sim_status(s, A).retransmitted > 0);
}

static void s10_one_percent(void **state) { file_through_faults(*state, 10); }
static void s10_ten_percent(void **state) { file_through_faults(*state, 100); }
static void s10_thirty_percent(void **state) { file_through_faults(*state, 300); }

/* A has 20000 octets for a reader that does not read its 4000. */
static void close_the_window(struct sim *s) {
  sim_end_init(s, A, (struct sim_options){.user_timeout = 100 * (uint64_t)SECOND});
  sim_end_init(s, B, (struct sim_options){.rcv_cap = 4000});
  sim_connect(s);
  assert_int_equal(sim_write(s, A, 20000), 20000);
  expect(s, A, "ACK", 101, 301, 1000);
  expect(s, A, "ACK", 1101, 301, 1000);
  expect(s, A, "ACK", 2101, 301, 1000);
  expect(s, A, "ACK", 3101, 301, 1000);
  assert_int_equal(expect(s, B, "ACK", 301, 2101, 0)->wnd, 2000);
  assert_int_equal(expect(s, B, "ACK", 301, 4101, 0)->wnd, 0);
  sim_deliver(s);
  assert_int_equal(sim_status(s, A).snd_wnd, 0);
}

static void read_all(struct sim *s) {
  s->end[B].auto_read = true;
  while (sim_read(s, B, 4000) > 0) {}
  sim_run(s, 5 * SECOND);
  expect_got(s, B, 20000);
  assert_int_equal(sim_status(s, A).unacknowledged, 0);
}

/* S11: probes at doubling times, for hours, far beyond the user timeout; then the window opens again. */
static void s11_window_closes_and_opens(void **state) {
  struct sim *s = *state;
  close_the_window(s);
  uint64_t last = s->now;
  for (unsigned i = 0; i < 120; i++) {
    const struct sim_record *p = expect(s, A, "ACK", 4101, 301, 1);
    assert_int_equal(p->at - last, i < 6 ? ((uint64_t)SECOND << i) : 60 * (uint64_t)SECOND);
    last = p->at;
    assert_int_equal(expect(s, B, "ACK", 301, 4101, 0)->wnd, 0);
  }
  assert_true(s->now > 1000 * (uint64_t)SECOND + 6800 * (uint64_t)SECOND);
  expect_state(s, A, VTCP_ESTABLISHED);
  expect_no_event(s, A, VTCP_EVENT_WARNING);
  assert_int_equal(sim_status(s, B).unread, 4000);
  assert_int_equal(sim_read(s, B, 4000), 4000);
  assert_int_equal(expect(s, B, "ACK", 301, 4101, 0)->wnd, 4000);
  expect(s, A, "ACK", 4101, 301, 1000);
  read_all(s);
}

/* S11: the segment that opens the window is lost; a probe finds out. */
static void s11_window_update_lost(void **state) {
  struct sim *s = *state;
  close_the_window(s);
  expect(s, A, "ACK", 4101, 301, 1);
  expect(s, B, "ACK", 301, 4101, 0);
  sim_lose(s, B, 1);
  assert_int_equal(sim_read(s, B, 4000), 4000);
  assert_int_equal(expect(s, B, "ACK", 301, 4101, 0)->wnd, 4000);
  expect(s, A, "ACK", 4101, 301, 1);
  await(s, B, "ACK", 301, 4102, 0);
  read_all(s);
}

/* S11: probes that nobody answers end the connection by the user timeout. */
static void s11_probes_unanswered(void **state) {
  struct sim *s = *state;
  close_the_window(s);
  s->cut[B] = true;
  uint64_t began = s->now;
  sim_run(s, 200 * (uint64_t)SECOND);
  expect_ended(s, A, VTCP_OUTCOME_TIMED_OUT);
  uint64_t last = s->trace[s->trace_len - 1].at;
  assert_true(last - began < 100 * (uint64_t)SECOND + 1);
}

/* S11: MUST-66 takes ACK, URG and RST into a closed window; text without them is not acceptable, and draws an acknowledgment. */
static void s11_text_without_ack_at_a_closed_window(void **state) {
  struct sim *s = *state;
  sim_reach(s, (struct sim_options){.rcv_cap = 100}, VTCP_ESTABLISHED);
  inject(s, A, "ACK", 301, 101, 100);
  expect(s, A, "ACK", 101, 401, 0);
  inject(s, A, "", 401, 0, 1);
  expect(s, A, "ACK", 101, 401, 0);
  expect_state(s, A, VTCP_ESTABLISHED);
  assert_int_equal(sim_read(s, A, 1000), 100);
}

/* S12: the congestion window over time. */
struct sample {
  uint64_t at;
  uint32_t cwnd, ssthresh, una, nxt, retransmitted;
};
struct plot {
  struct sample samples[20000];
  size_t count;
};

static struct sample sample_now(struct sim *s) {
  struct vtcp_status t = sim_status(s, A);
  return (struct sample){s->now, t.cwnd, t.ssthresh, t.snd_una, t.snd_nxt, t.retransmitted};
}

/* Runs, and keeps a sample for every step of the sender. */
static void plot_run(struct sim *s, struct plot *p, uint64_t duration) {
  uint64_t until = s->now + duration;
  while (sim_step(s, until)) {
    sim_write(s, A, 100000); /* there is always more */
    struct sample now = sample_now(s), *last = &p->samples[p->count - 1];
    if (now.cwnd == last->cwnd && now.una == last->una && now.ssthresh == last->ssthresh) continue;
    assert_true(p->count < sizeof p->samples / sizeof p->samples[0]);
    p->samples[p->count++] = now;
  }
  s->now = until;
}

static void plot_print(const struct plot *p) {
  if (getenv("SIM_TRACE") == NULL) return;
  uint64_t next = 0;
  for (size_t i = 0; i < p->count; i++) {
    if (p->samples[i].at < next) continue;
    next = p->samples[i].at + 50 * MS;
    print_message("%8.3f s  cwnd %7u  ", (double)p->samples[i].at / SECOND - 1000.0, p->samples[i].cwnd);
    for (uint32_t k = 0; k < p->samples[i].cwnd / 2000; k++) print_message("#");
    print_message("\n");
  }
}

static size_t first_at(const struct plot *p, size_t from,
                       bool (*is)(const struct sample *before, const struct sample *now)) {
  for (size_t i = from + 1; i < p->count; i++)
    if (is(&p->samples[i - 1], &p->samples[i])) return i;
  fail_msg("the congestion window has not the shape looked for, after sample %zu of %zu", from, p->count);
  return 0;
}

static bool threshold_falls(const struct sample *before, const struct sample *now) {
  return now->ssthresh < before->ssthresh;
}
static bool to_one_segment(const struct sample *before, const struct sample *now) {
  return before->cwnd > 1000 && now->cwnd == 1000;
}
static bool recovered(const struct sample *before, const struct sample *now) {
  (void)before;
  return now->cwnd <= now->ssthresh;
}
static bool above_threshold(const struct sample *before, const struct sample *now) {
  return before->cwnd < before->ssthresh && now->cwnd >= now->ssthresh;
}

static void plot_start(struct sim *s, struct plot *p) {
  sim_end_init(s, A, (struct sim_options){.snd_cap = 1u << 20, .window_scale = true});
  sim_end_init(s, B, (struct sim_options){.rcv_cap = 1u << 20, .window_scale = true, .window_shift = 6});
  s->latency[A] = s->latency[B] = 50 * MS; /* a round trip of 100 ms */
  s->end[B].auto_read = true;
  sim_connect(s);
  p->samples[0] = sample_now(s);
  p->count = 1;
}

/* Slow start: every acknowledgment adds at most one segment (RFC 5681 s3.1), so it grows by half or more and at most
   doubles in a round trip. */
static void s12_slow_start(void **state) {
  struct sim *s = *state;
  static struct plot p;
  plot_start(s, &p);
  assert_int_equal(p.samples[0].cwnd, 10000); /* RFC 6928: ten segments */
  assert_int_equal(p.samples[0].ssthresh, VTCP_CWND_MAX);
  sim_write(s, A, 100000);
  uint32_t before = 10000;
  plot_run(s, &p, 90 * MS);
  for (int i = 0; i < 4; i++) {
    plot_run(s, &p, 100 * MS);
    uint32_t cwnd = sim_status(s, A).cwnd;
    assert_true(cwnd >= before + before / 2 - 2000 && cwnd <= 2 * before);
    before = cwnd;
  }
  for (size_t i = 1; i < p.count; i++) {
    const struct sample *a = &p.samples[i - 1], *b = &p.samples[i];
    assert_int_equal(b->cwnd - a->cwnd, b->una - a->una < 1000 ? b->una - a->una : 1000);
  }
  assert_int_equal(sim_status(s, A).retransmitted, 0);
  plot_print(&p);
}

/* One segment of a flight is lost: fast retransmit, fast recovery, then congestion avoidance. */
static void s12_fast_retransmit(void **state) {
  struct sim *s = *state;
  static struct plot p;
  plot_start(s, &p);
  sim_lose(s, A, 50);
  sim_write(s, A, 100000);
  plot_run(s, &p, 4 * SECOND);
  plot_print(&p);

  /* the third duplicate: ssthresh is half of what is outstanding, cwnd that and three segments (RFC 5681 s3.2) */
  size_t i = first_at(&p, 0, threshold_falls);
  const struct sample *loss = &p.samples[i];
  assert_int_equal(loss->ssthresh, (loss->nxt - loss->una) / 2);
  assert_int_equal(loss->cwnd, loss->ssthresh + 3000);
  assert_int_equal(loss->retransmitted, 1);

  /* the lost segment left again at that moment, before any timeout, and once */
  const struct sim_record *lost = NULL;
  unsigned again = 0;
  for (size_t k = 0; k < s->trace_len; k++) {
    const struct sim_record *r = &s->trace[k];
    if (r->fate == SIM_LOST) lost = r;
    if (lost != NULL && r != lost && r->from == A && r->seq == lost->seq && r->len > 0) {
      assert_int_equal(r->at, loss->at);
      again++;
    }
  }
  assert_int_equal(again, 1);
  assert_int_equal(sim_status(s, A).retransmitted, 1);

  /* each further duplicate inflates by one segment; recovery ends at or below ssthresh */
  size_t end = first_at(&p, i, recovered);
  for (size_t k = i + 1; k < end; k++) assert_int_equal(p.samples[k].cwnd - p.samples[k - 1].cwnd, 1000);
  assert_true(p.samples[end].una > p.samples[end - 1].una);
  assert_true(p.samples[end].cwnd <= loss->ssthresh);

  /* congestion avoidance: about one segment in each round trip, never more; ssthresh stays */
  size_t last = p.count - 1, from = p.samples[end].cwnd < loss->ssthresh ? first_at(&p, end, above_threshold) : end;
  double trips = (double)(p.samples[last].at - p.samples[from].at) / (100 * MS);
  double growth = (double)(p.samples[last].cwnd - p.samples[from].cwnd) / 1000;
  assert_true(growth <= trips + 1 && growth >= trips * 0.7 - 1);
  assert_int_equal(p.samples[last].ssthresh, loss->ssthresh);
}

/* The path dies for three seconds: timeout, one segment, slow start up to ssthresh, then avoidance. */
static void s12_timeout(void **state) {
  struct sim *s = *state;
  static struct plot p;
  plot_start(s, &p);
  sim_write(s, A, 100000);
  plot_run(s, &p, 400 * MS);
  s->cut[A] = true;
  plot_run(s, &p, 3 * SECOND);
  s->cut[A] = false;
  plot_run(s, &p, 5 * SECOND);
  plot_print(&p);

  size_t i = first_at(&p, 0, to_one_segment);
  const struct sample *out = &p.samples[i];
  assert_int_equal(out->ssthresh, (out->nxt - out->una) / 2); /* RFC 5681 (4) */
  for (size_t k = i; k < p.count && p.samples[k].una == out->una; k++) {
    assert_int_equal(p.samples[k].cwnd, 1000);
    assert_int_equal(p.samples[k].ssthresh, out->ssthresh); /* kept when the same segment is lost again */
  }
  size_t top = first_at(&p, i, above_threshold);
  for (size_t k = i + 1; k <= top; k++) assert_true(p.samples[k].cwnd - p.samples[k - 1].cwnd <= 1000);
  assert_true(p.samples[top].at - s->trace[0].at < 6 * SECOND);
  double trips = (double)(p.samples[p.count - 1].at - p.samples[top].at) / (100 * MS);
  double growth = (double)(p.samples[p.count - 1].cwnd - p.samples[top].cwnd) / 1000;
  assert_true(growth <= trips + 1);
}

/* S13: ten 10-octet writes may be read as one 100-octet read or as a hundred 1-octet reads. */
static void s13_one_read(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  for (uint32_t i = 0; i < 10; i++) {
    sim_write(s, A, 10);
    expect(s, A, "ACK", 101 + 10 * i, 301, 10);
  }
  sim_run(s, SECOND);
  assert_int_equal(sim_status(s, B).unread, 100);
  assert_int_equal(sim_read(s, B, 1000), 100);
  assert_int_equal(sim_read(s, B, 1000), 0);
  expect_got(s, B, 100);
}

static void s13_hundred_reads(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  for (int i = 0; i < 10; i++) sim_write(s, A, 10);
  sim_run(s, SECOND);
  for (int i = 0; i < 100; i++) assert_int_equal(i % 2 == 0 ? sim_read(s, B, 1) : sim_consume(s, B, 1), 1);
  assert_int_equal(sim_read(s, B, 1), 0);
  expect_got(s, B, 100);
}

/* S13 with Nagle's algorithm: the ten writes leave as two segments. */
static void s13_nagle(void **state) {
  struct sim *s = *state;
  sim_end_init(s, A, (struct sim_options){.nagle = true});
  sim_connect(s);
  for (int i = 0; i < 10; i++) sim_write(s, A, 10);
  expect(s, A, "ACK", 101, 301, 10);
  expect(s, B, "ACK", 301, 111, 0);
  expect(s, A, "ACK", 111, 301, 90);
  sim_run(s, SECOND);
  assert_int_equal(sim_read(s, B, 1000), 100);
  expect_got(s, B, 100);
}

/* S14: PSH and URG arrive and do no harm. */
static void s14_psh_and_urg(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  sim_role(s, A, SIM_PUPPET);
  inject(s, B, "PSH,ACK", 101, 301, 10);
  inject(s, B, "URG,ACK", 111, 301, 10, .urg = 5);
  expect_event(s, B, VTCP_EVENT_URGENT);
  inject(s, B, "URG,PSH,ACK", 121, 301, 10, .urg = 65535); /* beyond the segment */
  inject(s, B, "URG,ACK", 131, 301, 0);                    /* pointer 0, no text */
  inject(s, B, "PSH,ACK", 131, 301, 10);
  assert_int_equal(sim_read(s, B, 100), 40);
  expect_got(s, B, 40);
  expect(s, B, "ACK", 301, 141, 0);
  expect_silence(s, 10 * SECOND);
  expect_state(s, B, VTCP_ESTABLISHED);
}

/* S14, the sending side: the urgent pointer is the number after the last urgent octet (RFC 9293 s3.8.5). */
static void s14_urgent_data_is_sent(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  sim_write(s, A, 10);
  expect(s, A, "ACK,PSH", 101, 301, 10);
  assert_int_equal(sim_send(s, A, (const uint8_t *)"attention", 9, true), 9);
  const struct sim_record *r = expect(s, A, "URG,ACK", 111, 301, 9);
  assert_int_equal(r->urg, 9);
  sim_write(s, A, 10);
  expect(s, A, "ACK", 120, 301, 10);
  sim_run(s, SECOND);
  expect_event(s, B, VTCP_EVENT_URGENT);
  assert_int_equal(sim_read(s, B, 100), 29);
  assert_memory_equal(s->end[B].got.octets + 10, "attention", 9);
}

#define story(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      story(s09_small_window),
      story(s10_one_percent),
      story(s10_ten_percent),
      story(s10_thirty_percent),
      story(s11_window_closes_and_opens),
      story(s11_window_update_lost),
      story(s11_probes_unanswered),
      story(s11_text_without_ack_at_a_closed_window),
      story(s12_slow_start),
      story(s12_fast_retransmit),
      story(s12_timeout),
      story(s13_one_read),
      story(s13_hundred_reads),
      story(s13_nagle),
      story(s14_psh_and_urg),
      story(s14_urgent_data_is_sent),
  };
  return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
