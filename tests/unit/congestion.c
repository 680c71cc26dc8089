#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/congestion.h"

static struct vtcp_congestion start(uint32_t smss) {
  struct vtcp_congestion cc;
  vtcp_congestion_init(&cc, smss, false);
  return cc;
}

static void initial_window_of_rfc_6928(void **state) {
  (void)state;
  assert_int_equal(start(1000).cwnd, 10000);
  assert_int_equal(start(1460).cwnd, 14600);
  assert_int_equal(start(2000).cwnd, 14600);
  assert_int_equal(start(9000).cwnd, 18000);
  struct vtcp_congestion cc;
  vtcp_congestion_init(&cc, 1460, true);
  assert_int_equal(cc.cwnd, 1460);
}

static void slow_start_then_avoidance(void **state) {
  (void)state;
  struct vtcp_congestion cc = start(1000);
  cc.ssthresh = 12000;
  assert_false(vtcp_congestion_acked(&cc, 2000, 2001, 8000));
  assert_int_equal(cc.cwnd, 11000);
  assert_false(vtcp_congestion_acked(&cc, 300, 2301, 8000));
  assert_int_equal(cc.cwnd, 11300);
  cc.cwnd = 12000;
  for (int i = 0; i < 11; i++) {
    assert_false(vtcp_congestion_acked(&cc, 1000, 3301 + 1000 * i, 8000));
    assert_int_equal(cc.cwnd, 12000);
  }
  assert_false(vtcp_congestion_acked(&cc, 1500, 20000, 8000));
  assert_int_equal(cc.cwnd, 13000);
  assert_int_equal(cc.acked, 500);
  assert_false(vtcp_congestion_acked(&cc, 1000000, 2000000, 8000)); /* at most one segment for one ACK */
  assert_int_equal(cc.cwnd, 14000);
  cc.cwnd = cc.ssthresh = VTCP_CWND_MAX;
  cc.acked = VTCP_CWND_MAX - 1;
  assert_false(vtcp_congestion_acked(&cc, 1000, 3000000, 8000));
  assert_int_equal(cc.cwnd, VTCP_CWND_MAX);
}

static void fast_retransmit_and_recovery(void **state) {
  (void)state;
  struct vtcp_congestion cc = start(1000);
  assert_false(vtcp_congestion_duplicate(&cc, 10000, 1, 10001));
  assert_false(vtcp_congestion_duplicate(&cc, 10000, 1, 10001));
  assert_int_equal(cc.cwnd, 10000);
  assert_true(vtcp_congestion_duplicate(&cc, 10000, 1, 10001));
  assert_int_equal(cc.ssthresh, 5000);
  assert_int_equal(cc.cwnd, 8000);
  assert_false(vtcp_congestion_duplicate(&cc, 10000, 1, 10001));
  assert_int_equal(cc.cwnd, 9000);
  assert_true(vtcp_congestion_acked(&cc, 3000, 3001, 7000)); /* partial */
  assert_int_equal(cc.cwnd, 7000);
  assert_true(cc.recovering);
  assert_true(vtcp_congestion_acked(&cc, 500, 3501, 6500)); /* less than a segment: nothing added back */
  assert_int_equal(cc.cwnd, 6500);
  struct vtcp_congestion most = cc;
  assert_true(vtcp_congestion_acked(&most, 6499, 10000, 1)); /* more than cwnd allows to take away: one segment */
  assert_int_equal(most.cwnd, 1001);
  assert_true(vtcp_congestion_acked(&most, 2001, 10000, 1));
  assert_int_equal(most.cwnd, 1000);
  assert_false(vtcp_congestion_acked(&cc, 6500, 10001, 2000)); /* full */
  assert_int_equal(cc.cwnd, 3000);
  assert_false(cc.recovering);
}

static void recovery_is_not_entered_twice_for_one_window(void **state) {
  (void)state;
  struct vtcp_congestion cc = start(1000);
  vtcp_congestion_timeout(&cc, 10000, 10001, false);
  for (int i = 0; i < 5; i++) { assert_false(vtcp_congestion_duplicate(&cc, 1000, 10001, 12001)); }
  assert_int_equal(cc.cwnd, 1000);
  assert_false(vtcp_congestion_acked(&cc, 1000, 11001, 1000));
  assert_false(vtcp_congestion_duplicate(&cc, 1000, 11001, 12001));
  assert_false(vtcp_congestion_duplicate(&cc, 1000, 11001, 12001));
  assert_true(vtcp_congestion_duplicate(&cc, 1000, 11001, 12001));
  assert_int_equal(cc.ssthresh, 2000); /* at least two segments */
}

static void timeout_goes_to_one_segment(void **state) {
  (void)state;
  struct vtcp_congestion cc = start(1000);
  vtcp_congestion_timeout(&cc, 10000, 10001, false);
  assert_int_equal(cc.cwnd, 1000);
  assert_int_equal(cc.ssthresh, 5000);
  vtcp_congestion_timeout(&cc, 1000, 10001, true);
  assert_int_equal(cc.ssthresh, 5000);
  vtcp_congestion_timeout(&cc, INT64_MAX, 10001, false);
  assert_int_equal(cc.ssthresh, VTCP_CWND_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(initial_window_of_rfc_6928),   cmocka_unit_test(slow_start_then_avoidance),
      cmocka_unit_test(fast_retransmit_and_recovery), cmocka_unit_test(recovery_is_not_entered_twice_for_one_window),
      cmocka_unit_test(timeout_goes_to_one_segment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
