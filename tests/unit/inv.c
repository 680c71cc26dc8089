/* The twin of the invariant (support/inv.c) finds what does not hold. */
#include "../support/inv.h"
#include "../support/sim.h"

#include <string.h>

/* A connection with octets queued, in flight, unread and out of order. */
static struct vtcp busy(struct sim *s) {
  sim_reach(s, (struct sim_options){.window_scale = true}, VTCP_ESTABLISHED);
  sim_write(s, A, 5000);
  inject(s, A, "ACK", 301, 1101, 100);
  inject(s, A, "ACK", 501, 1101, 100);
  assert_null(inv_broken(&s->end[A].c));
  return s->end[A].c;
}

#define finds(state, predicate, change)                                                                                \
  do {                                                                                                                 \
    struct vtcp c = state;                                                                                             \
    change;                                                                                                            \
    const char *broken = inv_broken(&c);                                                                               \
    assert_non_null(broken);                                                                                           \
    assert_memory_equal(broken, predicate ":", strlen(predicate) + 1);                                                 \
  } while (0)

static void send_side(void **state) {
  struct vtcp good = busy(*state);
  finds(good, "vtcp_ring_inv", c.snd.len = c.snd.cap + 1);
  finds(good, "vtcp_ring_inv", c.snd.head = c.snd.cap);
  finds(good, "tcb_snd", c.snd_una = c.snd_nxt + 1);
  finds(good, "tcb_snd", c.snd_una--);
  finds(good, "tcb_snd", c.snd_nxt = c.snd.base + c.snd.len + 1);
  finds(good, "tcb_snd", c.snd_ptr = c.snd_una - 1);
  finds(good, "tcb_snd", c.snd_ptr = c.snd_nxt + 1);
  finds(good, "tcb_snd", c.snd_wnd = VTCP_BUFFER_MAX + 1);
  finds(good, "tcb_snd", c.snd_up = -1);
}

static void receive_side(void **state) {
  struct vtcp good = busy(*state);
  finds(good, "tcb_rcv", c.rcv_nxt = c.rcv.nxt - 1);
  finds(good, "tcb_rcv", c.rcv_nxt = c.rcv.nxt + 2);
  finds(good, "tcb_rcv", c.rcv_adv = c.rcv_nxt - 1);
  finds(good, "tcb_edges", c.rcv_fin = c.rcv_adv);
  finds(good, "tcb_edges", c.ack_sent = -1);
  finds(good, "tcb_edges", c.rcv_adv = c.rcv.nxt - c.rcv.len + c.rcv.cap + 1);
  finds(good, "tcb_edges", c.rcv_up = VTCP_OFFSET_MAX + 0x80010000);
  finds(good, "vtcp_reassembly_shape", c.rcv.len = c.rcv.cap + 1);
  finds(good, "vtcp_reassembly_slots", c.rcv.lo[0] = c.rcv.nxt);
  finds(good, "vtcp_reassembly_slots", c.rcv.hi[0] = c.rcv.nxt - c.rcv.len + c.rcv.cap + 1);
  finds(good, "vtcp_reassembly_disjoint", (c.rcv.lo[1] = c.rcv.lo[0], c.rcv.hi[1] = c.rcv.hi[0]));
  finds(good, "tcb_window", (c.rcv_adv = c.rcv.hi[0] - 1));
}

static void options_and_policy(void **state) {
  struct vtcp good = busy(*state);
  finds(good, "tcb_options", c.snd_mss = 63);
  finds(good, "tcb_options", c.rcv_factor = 0);
  finds(good, "vtcp_rtt_inv", c.rtt.rto = VTCP_RTO_MAX + 1);
  finds(good, "vtcp_rtt_inv", c.rtt.rto = c.rtt.rto_min - 1);
  finds(good, "vtcp_congestion_inv", c.cc.cwnd = c.cc.smss - 1);
  finds(good, "vtcp_congestion_inv", c.cc.acked = c.cc.cwnd);
  finds(good, "vtcp_challenge_inv", c.challenge.count = VTCP_CHALLENGE_MAX + 1);
  finds(good, "tcb_policy", c.msl = VTCP_DURATION_MAX + 1);
}

static void states(void **state) {
  struct sim *s = *state;
  struct vtcp good = busy(s);
  finds(good, "tcb_state", c.state = VTCP_TIME_WAIT + 1);
  finds(good, "tcb_state", c.close_wanted = true);
  finds(good, "tcb_fresh", c.state = VTCP_SYN_RECEIVED);
  finds(good, "tcb_fins", c.fin = true);
  finds(good, "tcb_fins", c.state = VTCP_CLOSE_WAIT);
  finds(good, "tcb_armed", c.state = VTCP_CLOSED);
  sim_reach(s, (struct sim_options){0}, VTCP_FIN_WAIT_2);
  finds(s->end[A].c, "tcb_acked", (c.snd_una--, c.snd_ptr--));
  finds(s->end[A].c, "tcb_unacked", c.state = VTCP_FIN_WAIT_1);
}

static void idle(void **state) {
  struct sim *s = *state;
  busy(s);
  struct vtcp c = s->end[A].c;
  assert_null(inv_idle_broken(&c, s->now));
  c.rtx_at = VTCP_NEVER;
  assert_non_null(inv_idle_broken(&c, s->now));
  c.rtx_at = s->now;
  c.ack_due = true;
  c.ack_at = s->now;
  assert_non_null(inv_idle_broken(&c, s->now));
  assert_false(inv_may_follow(VTCP_ESTABLISHED, VTCP_TIME_WAIT));
  assert_true(inv_may_follow(VTCP_FIN_WAIT_1, VTCP_TIME_WAIT));
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(send_side), test(receive_side), test(options_and_policy), test(states), test(idle),
  };
  return cmocka_run_group_tests_name("inv", tests, NULL, NULL);
}
