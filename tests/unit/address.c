#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/address.h"

static bool ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  const uint8_t ip[4] = {a, b, c, d};
  return vtcp_address_ipv4(ip);
}

static void over_ipv4(void **state) {
  (void)state;
  assert_true(ipv4(10, 0, 0, 1));
  assert_true(ipv4(127, 0, 0, 1));
  assert_true(ipv4(223, 255, 255, 255));
  assert_false(ipv4(224, 0, 0, 1));
  assert_false(ipv4(239, 1, 2, 3));
  assert_false(ipv4(240, 0, 0, 1));
  assert_false(ipv4(255, 255, 255, 255));
  assert_false(ipv4(0, 0, 0, 0));
  assert_true(ipv4(0, 0, 0, 1));
  assert_true(ipv4(1, 0, 0, 0));
}

static void over_ipv6(void **state) {
  (void)state;
  uint8_t ip[16] = {0};
  assert_false(vtcp_address_ipv6(ip));
  for (int k = 0; k < 16; k++) {
    ip[k] = 1;
    assert_true(vtcp_address_ipv6(ip));
    ip[k] = 0;
  }
  ip[0] = 0xfe, ip[1] = 0x80;
  assert_true(vtcp_address_ipv6(ip));
  ip[0] = 0xff;
  assert_false(vtcp_address_ipv6(ip));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(over_ipv4), cmocka_unit_test(over_ipv6)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
