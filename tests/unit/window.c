#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/window.h"

static void nagle_and_silly_windows(void **state) {
  (void)state;
  assert_false(vtcp_window_send(0, 0, 0, 1460, 65535, true));
  assert_true(vtcp_window_send(1460, 5000, 3000, 1460, 65535, false)); /* full segment */
  assert_false(vtcp_window_send(100, 100, 1, 1460, 65535, false));     /* Nagle: something outstanding */
  assert_true(vtcp_window_send(100, 100, 0, 1460, 65535, false));      /* nothing outstanding, all of it */
  assert_true(vtcp_window_send(100, 100, 1, 1460, 65535, true));       /* Nagle off */
  assert_false(vtcp_window_send(100, 200, 0, 1460, 65535, true));      /* a silly part of it */
  assert_true(vtcp_window_send(100, 200, 0, 1460, 200, true));         /* half of the largest window */
  assert_false(vtcp_window_send(100, 200, 0, 1460, 201, true));
}

static void edge_moves_by_half_a_buffer_or_a_segment(void **state) {
  (void)state;
  assert_int_equal(vtcp_window_edge(1000, 1000, 4000, 1460), 1000);
  assert_int_equal(vtcp_window_edge(1000, 900, 4000, 1460), 1000);
  assert_int_equal(vtcp_window_edge(1000, 2459, 4000, 1460), 1000);
  assert_int_equal(vtcp_window_edge(1000, 2460, 4000, 1460), 2460);
  assert_int_equal(vtcp_window_edge(1000, 1100, 200, 1460), 1100);
  assert_int_equal(vtcp_window_edge(1000, 1100, 201, 1460), 1000);
}

static void field_is_in_units(void **state) {
  (void)state;
  assert_int_equal(vtcp_window_field(-5, 1), 0);
  assert_int_equal(vtcp_window_field(65535, 1), 65535);
  assert_int_equal(vtcp_window_field(65536, 1), 65535);
  assert_int_equal(vtcp_window_field(1023, 128), 7);
  assert_int_equal(vtcp_window_field(0x40000000, 16384), 65535);
}

static void every_second_full_segment(void **state) {
  (void)state;
  assert_false(vtcp_window_ack_now(2919, 0, 1460));
  assert_true(vtcp_window_ack_now(2920, 0, 1460));
  assert_true(VTCP_ACK_DELAY < 500000);
}

static void probes_back_off(void **state) {
  (void)state;
  assert_int_equal(vtcp_window_probe_wait(1000000, 0), 1000000);
  assert_int_equal(vtcp_window_probe_wait(1000000, 5), 32000000);
  assert_int_equal(vtcp_window_probe_wait(1000000, 6), VTCP_RTO_MAX);
  assert_int_equal(vtcp_window_probe_wait(1, UINT32_MAX), VTCP_RTO_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nagle_and_silly_windows), cmocka_unit_test(edge_moves_by_half_a_buffer_or_a_segment),
      cmocka_unit_test(field_is_in_units),       cmocka_unit_test(every_second_full_segment),
      cmocka_unit_test(probes_back_off),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
