#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/rtt.h"

static void starts_with_one_second(void **state) {
  (void)state;
  struct vtcp_rtt r;
  vtcp_rtt_init(&r, VTCP_RTO_FLOOR);
  assert_int_equal(r.rto, 1000000);
  vtcp_rtt_init(&r, 2000000);
  assert_int_equal(r.rto, 2000000);
}

static void measures_as_rfc_6298_s2(void **state) {
  (void)state;
  struct vtcp_rtt r;
  vtcp_rtt_init(&r, VTCP_RTO_FLOOR);
  vtcp_rtt_sent(&r, 1, 500);
  vtcp_rtt_sent(&r, 100, 900); /* not timed: one at a time */
  vtcp_rtt_acked(&r, 1, 80500);
  assert_int_equal(r.srtt, 80000);
  assert_int_equal(r.rttvar, 40000);
  assert_int_equal(r.rto, 240000);
  vtcp_rtt_sent(&r, 200, 100000);
  vtcp_rtt_acked(&r, 150, 120000); /* does not end it */
  assert_int_equal(r.srtt, 80000);
  vtcp_rtt_acked(&r, 200, 260000);
  assert_int_equal(r.rttvar, (3 * 40000 + 80000) / 4);
  assert_int_equal(r.srtt, (7 * 80000 + 160000) / 8);
  assert_int_equal(r.rto, 90000 + 4 * 50000);
}

static void bounds_hold(void **state) {
  (void)state;
  struct vtcp_rtt r;
  vtcp_rtt_init(&r, VTCP_RTO_MAX / 60);
  vtcp_rtt_sent(&r, 1, 1000);
  vtcp_rtt_acked(&r, 1, 1001); /* (2.4) */
  assert_int_equal(r.rto, 1000000);
  vtcp_rtt_sent(&r, 2, 2000);
  vtcp_rtt_acked(&r, 2, 1000); /* the clock went back */
  assert_int_equal(r.rto, 1000000);
  vtcp_rtt_sent(&r, 3, 0);
  vtcp_rtt_acked(&r, 3, UINT64_MAX); /* (2.5) */
  assert_int_equal(r.rto, VTCP_RTO_MAX);
}

static void granularity_counts(void **state) {
  (void)state;
  struct vtcp_rtt r;
  vtcp_rtt_init(&r, VTCP_RTO_FLOOR);
  vtcp_rtt_sent(&r, 1, 0);
  vtcp_rtt_acked(&r, 1, 200);
  assert_int_equal(r.rto, 200 + VTCP_RTT_GRANULARITY);
}

static void backs_off_and_forgets_the_measurement(void **state) {
  (void)state;
  struct vtcp_rtt r;
  vtcp_rtt_init(&r, VTCP_RTO_FLOOR);
  vtcp_rtt_sent(&r, 10, 0);
  for (unsigned i = 1; i <= 10; i++) {
    uint64_t expected = 1000000u << i;
    vtcp_rtt_timeout(&r);
    assert_int_equal(r.rto, expected < VTCP_RTO_MAX ? expected : VTCP_RTO_MAX);
    assert_int_equal(r.backoffs, i);
  }
  vtcp_rtt_acked(&r, 10, 5);
  assert_false(r.sampled);
  assert_int_equal(r.backoffs, 0);
  assert_int_equal(r.rto, VTCP_RTO_MAX); /* until there is a measurement */
  vtcp_rtt_sent(&r, 20, 0);
  vtcp_rtt_retransmitted(&r);
  vtcp_rtt_acked(&r, 20, 5);
  assert_false(r.sampled);
  r.backoffs = UINT32_MAX;
  vtcp_rtt_timeout(&r);
  assert_int_equal(r.backoffs, UINT32_MAX);
}

static void three_seconds_after_a_lost_syn(void **state) {
  (void)state;
  struct vtcp_rtt r;
  vtcp_rtt_init(&r, VTCP_RTO_FLOOR);
  vtcp_rtt_established(&r);
  assert_int_equal(r.rto, 1000000);
  vtcp_rtt_timeout(&r);
  vtcp_rtt_established(&r);
  assert_int_equal(r.rto, 3000000);
  vtcp_rtt_init(&r, 4000000);
  vtcp_rtt_timeout(&r);
  vtcp_rtt_established(&r);
  assert_int_equal(r.rto, 8000000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(starts_with_one_second),
      cmocka_unit_test(measures_as_rfc_6298_s2),
      cmocka_unit_test(bounds_hold),
      cmocka_unit_test(granularity_counts),
      cmocka_unit_test(backs_off_and_forgets_the_measurement),
      cmocka_unit_test(three_seconds_after_a_lost_syn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
