/*
 * Calls that break one clause of a contract, each in a process of its own: its monitor has to stop it there, and say which.
 * Every `requires` of the public functions, every part of the invariant, and promises that a faulty function breaks.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "faulty.h"
#include "monitor.h"
#include "vtcp.h"

#define CAP 64u

static uint8_t snd[CAP], rcv[CAP], octets[CAP], spare[CAP];
static const uint8_t constant[CAP] = {0};
static struct vtcp tcb;
static struct vtcp_segment segment, other;

static struct vtcp_config config(void) {
  return (struct vtcp_config){.local_port = 1,
                              .remote_port = 2,
                              .mss = 1000,
                              .rto_min = 1000,
                              .snd_buf = snd,
                              .snd_cap = CAP,
                              .rcv_buf = rcv,
                              .rcv_cap = CAP};
}

/* A connection in SYN-SENT that keeps the invariant. */
static struct vtcp *good(void) {
  struct vtcp_config cfg = config();
  if (vtcp_init(&tcb, &cfg) != VTCP_OK || vtcp_open(&tcb, 100, 0) != VTCP_OK) exit(1);
  segment = other = (struct vtcp_segment){.text = octets};
  return &tcb;
}

static struct vtcp *broken(void) {
  struct vtcp *c = good();
  c->snd_una = -1;
  return c;
}

/* The same address, of which the compiler knows nothing. */
static void *hidden(const void *p) {
  const void *volatile keeper = p;
  return (void *)(uintptr_t)keeper; /* NOLINT(performance-no-int-to-ptr) */
}

/* Memory of n octets that has been freed. */
static void *freed(size_t n) {
  void *p = malloc(n), *same = hidden(p);
  free(p);
  return same; /* NOLINT(clang-analyzer-unix.Malloc) */
}

/* ---- one call for each clause ---- */

static void parse_readable(void) { (void)vtcp_segment_parse(octets, CAP + 1, &segment); }
static void parse_valid(void) { (void)vtcp_segment_parse(octets, 20, freed(sizeof segment)); }
static void parse_apart(void) { (void)vtcp_segment_parse((const uint8_t *)&segment, 20, &segment); }

static void emit_readable(void) { (void)vtcp_segment_emit(freed(sizeof segment), octets, CAP); }
static void emit_valid(void) { (void)vtcp_segment_emit(&segment, hidden(constant), CAP); }
static void emit_apart(void) { (void)vtcp_segment_emit(&segment, (uint8_t *)&segment + 1, 20); }

static void add_sum(void) { (void)vtcp_checksum_add(VTCP_CHECKSUM_MAX + 1, octets, CAP); }
static void add_readable(void) { (void)vtcp_checksum_add(0, NULL, 1); }
static void ipv4_readable(void) { (void)vtcp_checksum_ipv4(octets, hidden(octets + CAP - 3), 20); }
static void ipv4_len(void) { (void)vtcp_checksum_ipv4(octets, octets, 65536); }
static void ipv6_readable(void) { (void)vtcp_checksum_ipv6(hidden(octets + CAP - 15), octets, 20); }
static void put_pseudo(void) { vtcp_checksum_put(0x1000001, octets, CAP); }
static void put_len(void) { vtcp_checksum_put(0, octets, 19); }
static void put_valid(void) { vtcp_checksum_put(0, hidden(constant), CAP); }
static void ok_pseudo(void) { (void)vtcp_checksum_ok(0x1000001, octets, CAP); }
static void ok_readable(void) { (void)vtcp_checksum_ok(0, octets, CAP + 1); }

static void init_valid(void) {
  struct vtcp_config cfg = config();
  (void)vtcp_init(freed(sizeof tcb), &cfg);
}

static void init_buffers(void) {
  struct vtcp_config cfg = config();
  cfg.rcv_cap = CAP + 1;
  (void)vtcp_init(&tcb, &cfg);
}

static void open_inv(void) { (void)vtcp_open(broken(), 100, 0); }
static void listen_inv(void) { (void)vtcp_listen(broken()); }
static void send_inv(void) { (void)vtcp_send(broken(), octets, CAP, false); }
static void send_src(void) { (void)vtcp_send(good(), octets + 1, CAP, false); }
static void send_apart(void) { (void)vtcp_send(good(), snd + CAP - 1, 1, false); }
static void receive_inv(void) { (void)vtcp_receive(broken(), octets, CAP); }
static void receive_dst(void) { (void)vtcp_receive(good(), hidden(constant), 1); }
static void receive_apart(void) { (void)vtcp_receive(good(), rcv, 1); }
static void peek_inv(void) { (void)vtcp_peek(broken()); }
static void consume_inv(void) { (void)vtcp_consume(broken(), 0); }
static void close_inv(void) { (void)vtcp_close(broken()); }
static void abort_inv(void) { (void)vtcp_abort(broken()); }
static void set_nodelay_inv(void) { vtcp_set_nodelay(broken(), true); }
static void set_user_timeout_inv(void) { (void)vtcp_set_user_timeout(broken(), 0, 0); }
static void set_keepalive_inv(void) { (void)vtcp_set_keepalive(broken(), true, 0, 0, 0, 0); }
static void path_mss_inv(void) { (void)vtcp_path_mss(broken(), 0, 100); }
static void path_error_inv(void) { (void)vtcp_path_error(broken(), 0, true); }
static void timeout_inv(void) { vtcp_timeout(broken(), 0); }
static void event_inv(void) { (void)vtcp_event(broken()); }
static void deadline_valid(void) { (void)vtcp_deadline(freed(sizeof tcb)); }
static void refuse_valid(void) { (void)vtcp_refuse(&segment, &segment); }

static void status_inv(void) {
  struct vtcp_status s;
  vtcp_status(broken(), &s);
}

static void status_out(void) { vtcp_status(good(), freed(sizeof(struct vtcp_status))); }
static void input_inv(void) { (void)vtcp_input(broken(), &segment, 0, 0); }

static void input_segment(void) {
  struct vtcp *c = good();
  segment.text_len = CAP + 1;
  (void)vtcp_input(c, &segment, 0, 0);
}

static void input_apart(void) {
  struct vtcp *c = good();
  segment.text = rcv + CAP - 1;
  segment.text_len = 1;
  (void)vtcp_input(c, &segment, 0, 0);
}

static void input_shift(void) {
  struct vtcp *c = good();
  segment.wscale = 15;
  (void)vtcp_input(c, &segment, 0, 0);
}

static void output_inv(void) { (void)vtcp_output(broken(), 0, &segment); }
static void output_out(void) { (void)vtcp_output(good(), 0, NULL); }

static void output_apart(void) {
  struct vtcp_config cfg = config();
  cfg.snd_buf = (uint8_t *)&segment;
  cfg.snd_cap = 1;
  if (vtcp_init(&tcb, &cfg) != VTCP_OK) exit(1);
  (void)vtcp_output(&tcb, 0, &segment);
}

#define CASE(function, label)                                                                                          \
  { "vtcp_" #function, #label, function##_##label }
#define CASE_OF(prefix, function, label)                                                                               \
  { "vtcp_" #prefix #function, #label, function##_##label }

static const struct violation {
  const char *function, *label;
  void (*call)(void);
} violations[] = {
    CASE_OF(segment_, parse, readable),
    CASE_OF(segment_, parse, valid),
    CASE_OF(segment_, parse, apart),
    CASE_OF(segment_, emit, readable),
    CASE_OF(segment_, emit, valid),
    CASE_OF(segment_, emit, apart),
    CASE_OF(checksum_, add, sum),
    CASE_OF(checksum_, add, readable),
    CASE_OF(checksum_, ipv4, readable),
    CASE_OF(checksum_, ipv4, len),
    CASE_OF(checksum_, ipv6, readable),
    CASE_OF(checksum_, put, pseudo),
    CASE_OF(checksum_, put, len),
    CASE_OF(checksum_, put, valid),
    CASE_OF(checksum_, ok, pseudo),
    CASE_OF(checksum_, ok, readable),
    CASE(init, valid),
    CASE(init, buffers),
    CASE(open, inv),
    CASE(listen, inv),
    CASE(send, inv),
    CASE(send, src),
    CASE(send, apart),
    CASE(receive, inv),
    CASE(receive, dst),
    CASE(receive, apart),
    CASE(peek, inv),
    CASE(consume, inv),
    CASE(close, inv),
    CASE(abort, inv),
    CASE(set_nodelay, inv),
    CASE(set_user_timeout, inv),
    CASE(set_keepalive, inv),
    CASE(path_mss, inv),
    CASE(path_error, inv),
    CASE(status, inv),
    CASE(status, out),
    CASE(input, inv),
    CASE(input, segment),
    CASE(input, apart),
    CASE(input, shift),
    CASE(timeout, inv),
    CASE(output, inv),
    CASE(output, out),
    CASE(output, apart),
    CASE(event, inv),
    CASE(deadline, valid),
    CASE(refuse, valid),
};

#define VIOLATIONS (sizeof violations / sizeof *violations)

/* Runs call in a process of its own. Returns what it wrote to standard error; it has to have ended by abort(). */
static const char *aborted(void (*call)(void)) {
  static char text[2048];
  int ends[2], status = 0;
  size_t len = 0;
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    static const struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)signal(SIGABRT, SIG_DFL);
    (void)dup2(ends[1], STDERR_FILENO);
    call();
    _exit(0);
  }
  (void)close(ends[1]);
  for (ssize_t n; len < sizeof text - 1 && (n = read(ends[0], text + len, sizeof text - 1 - len)) > 0;)
    len += (size_t)n;
  text[len] = '\0';
  (void)close(ends[0]);
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) fail_msg("not stopped (status %x): %s", status, text);
  return text;
}

static void stopped(const char *function, const char *kind, const char *label, void (*call)(void)) {
  char wanted[128];
  (void)snprintf(wanted, sizeof wanted, "contract: %s: %s %s: ", function, kind, label);
  const char *said = aborted(call);
  if (strncmp(said, wanted, strlen(wanted)) != 0) fail_msg("expected \"%s\", not:\n%s", wanted, said);
}

static void every_broken_precondition_is_stopped(void **state) {
  (void)state;
  for (size_t i = 0; i < VIOLATIONS; i++)
    stopped(violations[i].function, "requires", violations[i].label, violations[i].call);
}

static void every_public_precondition_has_a_case(void **state) {
  (void)state;
  size_t count = 0;
  for (const struct monitor_clause *m = monitor_public_requires; m->function != NULL; m++, count++) {
    size_t i = 0;
    while (i < VIOLATIONS &&
           (strcmp(violations[i].function, m->function) != 0 || strcmp(violations[i].label, m->label) != 0))
      i++;
    if (i == VIOLATIONS) fail_msg("no case for %s, requires %s", m->function, m->label);
  }
  assert_int_equal(count, VIOLATIONS);
}

/* ---- the parts of the invariant ---- */

#define PART(predicate, change)                                                                                        \
  do {                                                                                                                 \
    struct vtcp *c = good();                                                                                           \
    assert_null(monitor_tcb_inv(c));                                                                                   \
    change;                                                                                                            \
    const char *why = monitor_tcb_inv(c);                                                                              \
    if (why == NULL || strncmp(why, predicate ": ", strlen(predicate ": ")) != 0)                                      \
      fail_msg("%s: expected %s, not %s", #change, predicate, why == NULL ? "nothing" : why);                          \
  } while (0)

static void parts_about_memory_and_sending(void **state) {
  (void)state;
  PART("tcb_mem", c->snd.data = hidden(constant));
  PART("tcb_mem", c->rcv.data = NULL);
  PART("tcb_mem", c->rcv.data = c->snd.data);
  PART("tcb_mem", c->rcv.cap = CAP + 1);
  PART("vtcp_ring_inv", c->snd.cap = 0);
  PART("vtcp_ring_inv", c->snd.head = CAP);
  PART("vtcp_ring_inv", c->snd.len = CAP + 1);
  PART("vtcp_ring_inv", c->snd.base = INT64_MAX);
  PART("tcb_snd", c->snd.base = 0);
  PART("tcb_snd", c->snd.base = 2);
  PART("tcb_snd", c->snd_una = -1);
  PART("tcb_snd", c->snd_una = 1);
  PART("tcb_snd", c->snd_nxt = 2);
  PART("tcb_snd", c->snd_ptr = 1);
  PART("tcb_snd", c->snd_up = -1);
  PART("tcb_snd", c->snd_wnd = VTCP_BUFFER_MAX + 1);
  PART("tcb_snd", c->snd_wnd_max = VTCP_BUFFER_MAX + 1);
}

static void parts_about_receiving(void **state) {
  (void)state;
  PART("tcb_rcv", c->rcv_nxt = 3);
  PART("tcb_rcv", c->rcv_nxt = 0);
  PART("tcb_rcv", c->rcv_adv = 0);
  PART("tcb_edges", c->rcv_adv = VTCP_OFFSET_MAX + 1);
  PART("tcb_edges", c->rcv_fin = -2);
  PART("tcb_edges", c->rcv_up = -1);
  PART("tcb_edges", c->ack_sent = -1);
  PART("vtcp_reassembly_shape", c->rcv.head = CAP);
  PART("tcb_edges", c->rcv.len = 2);
  PART("vtcp_reassembly_shape", (c->rcv.len = 2, c->rcv_adv = CAP / 2));
  PART("vtcp_reassembly_slots", (c->rcv.lo[3] = 1, c->rcv.hi[3] = 2));
  PART("vtcp_reassembly_slots", (c->rcv.lo[3] = 4, c->rcv.hi[3] = 3));
  PART("vtcp_reassembly_slots", (c->rcv.lo[7] = 2, c->rcv.hi[7] = CAP + 2));
  PART("vtcp_reassembly_apart", (c->rcv.lo[0] = 2, c->rcv.hi[0] = 5, c->rcv.lo[7] = 4, c->rcv.hi[7] = 6));
  PART("vtcp_reassembly_apart", (c->rcv.lo[0] = 2, c->rcv.hi[0] = 4, c->rcv.lo[7] = 4, c->rcv.hi[7] = 6));
  PART("tcb_window", (c->rcv_adv = 2, c->rcv.lo[7] = 2, c->rcv.hi[7] = 3));
}

static void parts_about_options_and_policy(void **state) {
  (void)state;
  PART("tcb_options", c->mss = 63);
  PART("tcb_options", c->snd_mss = 65476);
  PART("tcb_options", c->rcv_shift = 15);
  PART("tcb_options", c->snd_factor = 0);
  PART("tcb_options", c->rcv_factor = 16385);
  PART("vtcp_rtt_inv", c->rtt.rto = c->rtt.rto_min - 1);
  PART("vtcp_rtt_inv", c->rtt.srtt = VTCP_RTO_MAX + 1);
  PART("vtcp_rtt_inv", c->rtt.timed_end = -2);
  PART("vtcp_congestion_inv", c->cc.cwnd = 0);
  PART("vtcp_congestion_inv", c->cc.acked = c->cc.cwnd);
  PART("vtcp_challenge_inv", c->challenge.count = VTCP_CHALLENGE_MAX + 1);
  PART("tcb_policy", c->msl = VTCP_DURATION_MAX + 1);
  PART("tcb_policy", c->user_timeout = VTCP_NEVER);
  PART("vtcp_keepalive_inv", c->keep.idle = 0);
}

static void established(struct vtcp *c, int32_t state) {
  c->state = state;
  c->snd_una = c->snd_nxt = c->snd_ptr = 1;
}

static void parts_about_the_state(void **state) {
  (void)state;
  PART("tcb_state", c->state = 11);
  PART("tcb_state", c->state = -1);
  PART("tcb_state", c->close_wanted = true);
  PART("tcb_fresh", c->fin = true);
  PART("tcb_receive_fresh", c->rcv_fin = 5);
  PART("tcb_fins", c->state = VTCP_ESTABLISHED);
  PART("tcb_fins", (established(c, VTCP_ESTABLISHED), c->fin = true));
  PART("tcb_fins", established(c, VTCP_FIN_WAIT_1));
  PART("tcb_fins", established(c, VTCP_CLOSE_WAIT));
  PART("tcb_acked", (established(c, VTCP_FIN_WAIT_2), c->fin = true));
  PART("tcb_watched", (established(c, VTCP_ESTABLISHED), c->snd_nxt = c->snd_ptr = 2, c->snd.len = 1));
  PART("tcb_unacked", (established(c, VTCP_FIN_WAIT_1), c->fin = true, c->snd_una = c->snd_nxt = c->snd_ptr = 2));
}

/* ---- promises ---- */

static void event_of_a_good_connection(void) { (void)vtcp_event(good()); }

static void broken_promises_are_stopped(void **state) {
  (void)state;
  event_of_a_good_connection();
  faulty = FAULTY_INVARIANT;
  stopped("vtcp_event", "ensures", "inv", event_of_a_good_connection);
  faulty = FAULTY_RESULT;
  stopped("vtcp_event", "ensures", "first", event_of_a_good_connection);
  faulty = FAULTY_STATE;
  stopped("vtcp_event", "ensures", "told", event_of_a_good_connection);
  faulty = FAULTY_NO;
}

/* Empty ranges are valid and apart from everything, wherever they are. */
static void empty_ranges_are_no_violation(void **state) {
  (void)state;
  assert_int_equal(vtcp_checksum_add(0, NULL, 0), 0);
  assert_int_equal(vtcp_segment_emit(&segment, NULL, 0), 0);
  assert_int_equal(vtcp_send(good(), NULL, 0, false), 0);
  assert_int_equal(vtcp_send(good(), snd, 0, false), 0);
  assert_int_equal(vtcp_send(good(), constant, CAP, false), CAP);
  assert_int_equal(vtcp_receive(good(), spare, CAP), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_broken_precondition_is_stopped), cmocka_unit_test(every_public_precondition_has_a_case),
      cmocka_unit_test(parts_about_memory_and_sending),       cmocka_unit_test(parts_about_receiving),
      cmocka_unit_test(parts_about_options_and_policy),       cmocka_unit_test(parts_about_the_state),
      cmocka_unit_test(broken_promises_are_stopped),          cmocka_unit_test(empty_ranges_are_no_violation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
