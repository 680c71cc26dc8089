#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/isn.h"

static void clock_of_four_microseconds(void **state) {
  (void)state;
  assert_int_equal(vtcp_isn(0, 0), 0);
  assert_int_equal(vtcp_isn(0, 3), 0);
  assert_int_equal(vtcp_isn(0, 4), 1);
  assert_int_equal(vtcp_isn(1000, 4000000), 1001000);
}

static void wraps_around(void **state) {
  (void)state;
  assert_int_equal(vtcp_isn(UINT32_MAX, 4), 0);
  assert_int_equal(vtcp_isn(7, 4 * 0x100000000u), 7); /* 4.55 hours */
  assert_int_equal(vtcp_isn(UINT32_MAX, UINT64_MAX), UINT32_MAX - 1u);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(clock_of_four_microseconds), cmocka_unit_test(wraps_around)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
