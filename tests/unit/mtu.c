#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/mtu.h"

static void without_headers(void **state) {
  (void)state;
  assert_int_equal(vtcp_mtu_mss(1500, false), 1460);
  assert_int_equal(vtcp_mtu_mss(1500, true), 1440);
  assert_int_equal(vtcp_mtu_mss(576, false), 536);
  assert_int_equal(vtcp_mtu_mss(1280, true), 1220);
}

static void bounds(void **state) {
  (void)state;
  assert_int_equal(vtcp_mtu_mss(0, false), 0);
  assert_int_equal(vtcp_mtu_mss(40, false), 0);
  assert_int_equal(vtcp_mtu_mss(41, false), 1);
  assert_int_equal(vtcp_mtu_mss(60, true), 0);
  assert_int_equal(vtcp_mtu_mss(65535, true), 65475);
  assert_int_equal(vtcp_mtu_mss(65535, false), VTCP_MSS_MOST);
  assert_int_equal(vtcp_mtu_mss(UINT32_MAX, false), VTCP_MSS_MOST);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(without_headers), cmocka_unit_test(bounds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
