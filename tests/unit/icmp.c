#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/icmp.h"

struct row {
  uint8_t type, first, last;
  enum vtcp_icmp says;
};

static void expect(enum vtcp_icmp (*f)(uint8_t, uint8_t), const struct row *rows, size_t n) {
  for (size_t k = 0; k < n; k++)
    for (unsigned code = rows[k].first; code <= rows[k].last; code++)
      assert_int_equal(f(rows[k].type, (uint8_t)code), rows[k].says);
}

static void over_ipv4(void **state) {
  (void)state;
  static const struct row rows[] = {
      {3, 0, 1, VTCP_ICMP_SOFT},    {3, 2, 3, VTCP_ICMP_HARD},    {3, 4, 4, VTCP_ICMP_TOO_BIG},
      {3, 5, 255, VTCP_ICMP_SOFT},  {4, 0, 255, VTCP_ICMP_NONE},  {11, 0, 1, VTCP_ICMP_SOFT},
      {12, 0, 2, VTCP_ICMP_SOFT},   {0, 0, 255, VTCP_ICMP_NONE},  {5, 0, 255, VTCP_ICMP_NONE},
      {10, 0, 255, VTCP_ICMP_NONE}, {13, 0, 255, VTCP_ICMP_NONE}, {255, 0, 255, VTCP_ICMP_NONE},
  };
  expect(vtcp_icmp_ipv4, rows, sizeof rows / sizeof *rows);
}

static void over_ipv6(void **state) {
  (void)state;
  static const struct row rows[] = {
      {1, 0, 0, VTCP_ICMP_SOFT}, {1, 1, 1, VTCP_ICMP_HARD},   {1, 2, 3, VTCP_ICMP_SOFT},
      {1, 4, 4, VTCP_ICMP_HARD}, {1, 5, 255, VTCP_ICMP_SOFT}, {3, 0, 1, VTCP_ICMP_SOFT},
      {4, 0, 2, VTCP_ICMP_SOFT}, {0, 0, 255, VTCP_ICMP_NONE}, {2, 0, 255, VTCP_ICMP_TOO_BIG},
      {5, 0, 4, VTCP_ICMP_NONE}, {128, 0, 4, VTCP_ICMP_NONE}, {255, 0, 255, VTCP_ICMP_NONE},
  };
  expect(vtcp_icmp_ipv6, rows, sizeof rows / sizeof *rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(over_ipv4), cmocka_unit_test(over_ipv6)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
