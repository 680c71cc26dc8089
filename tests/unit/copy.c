#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream/copy.h"

static void copies_exactly_n_octets(void **state) {
  (void)state;
  uint8_t src[100], dst[100];
  for (uint32_t n = 0; n <= 100; n++) {
    for (size_t i = 0; i < sizeof src; i++) {
      src[i] = (uint8_t)(i + n);
      dst[i] = 0xEE;
    }
    vtcp_copy_octets(dst, src, n);
    assert_memory_equal(dst, src, n);
    for (size_t i = n; i < sizeof dst; i++) { assert_int_equal(dst[i], 0xEE); }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(copies_exactly_n_octets)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
