#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/ip.h"

static void over_ipv4(void **state) {
  (void)state;
  uint8_t p[60] = {0x45};
  assert_int_equal(vtcp_ip_ipv4(p, 0), 0);
  assert_int_equal(vtcp_ip_ipv4(p, 19), 0);
  assert_int_equal(vtcp_ip_ipv4(p, 20), 20);
  p[0] = 0x4f; /* forty octets of options, whatever they are */
  for (unsigned x = 0; x < 256; x++) {
    for (int k = 20; k < 60; k++) p[k] = (uint8_t)x;
    assert_int_equal(vtcp_ip_ipv4(p, 60), 60);
    assert_int_equal(vtcp_ip_ipv4(p, 59), 0);
  }
  p[0] = 0x44;
  assert_int_equal(vtcp_ip_ipv4(p, 60), 0);
  p[0] = 0x65;
  assert_int_equal(vtcp_ip_ipv4(p, 60), 0);
}

static void over_ipv6(void **state) {
  (void)state;
  uint8_t p[24] = {6, 2, 0xff, 0xff, 0xff};
  for (unsigned kind = 0; kind < 256; kind++) {
    uint32_t size = kind == 0 || kind == 60 ? 24 : 0;
    assert_int_equal(vtcp_ip_ipv6((uint8_t)kind, p, 24), size);
    assert_int_equal(vtcp_ip_ipv6((uint8_t)kind, p, 23), 0);
    assert_int_equal(vtcp_ip_ipv6((uint8_t)kind, p, 1), 0);
  }
  p[1] = 0;
  assert_int_equal(vtcp_ip_ipv6(0, p, 8), 8);
  assert_int_equal(vtcp_ip_ipv6(0, p, 7), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(over_ipv4), cmocka_unit_test(over_ipv6)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
