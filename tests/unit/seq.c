#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/seq.h"

static void to_wire_wraps(void **state) {
  (void)state;
  assert_int_equal(vtcp_seq_to_wire(0, 7), 7);
  assert_int_equal(vtcp_seq_to_wire(1, UINT32_MAX), 0);
  assert_int_equal(vtcp_seq_to_wire(0x100000005, 3), 8);
  assert_int_equal(vtcp_seq_to_wire(VTCP_OFFSET_MAX, 1), 1);
}

static void from_wire_is_nearest(void **state) {
  (void)state;
  assert_int_equal(vtcp_seq_from_wire(99, 100, 0), -1);
  assert_int_equal(vtcp_seq_from_wire(100, 100, 0), 0);
  assert_int_equal(vtcp_seq_from_wire(100, 100, 0x100000000), 0x100000000);
  assert_int_equal(vtcp_seq_from_wire(0x80000000u, 0, 0), -INT64_C(0x80000000));
  assert_int_equal(vtcp_seq_from_wire(0x7fffffffu, 0, 0), 0x7fffffff);
  assert_int_equal(vtcp_seq_from_wire(0, UINT32_MAX, VTCP_OFFSET_MAX), VTCP_OFFSET_MAX + 1);
}

static void round_trip(void **state) {
  (void)state;
  static const uint32_t isns[] = {0, 1, 0x7fffffff, 0x80000000u, UINT32_MAX};
  static const int64_t refs[] = {0, 1, 0x7fffffff, 0xffffffff, 0x100000000, VTCP_OFFSET_MAX / 3, VTCP_OFFSET_MAX};
  static const int64_t distances[] = {-INT64_C(0x80000000), -5, 0, 1, 0x7fffffff};
  for (size_t i = 0; i < sizeof isns / sizeof *isns; i++)
    for (size_t r = 0; r < sizeof refs / sizeof *refs; r++)
      for (size_t d = 0; d < sizeof distances / sizeof *distances; d++) {
        int64_t x = refs[r] + distances[d];
        if (x < 0 || x > VTCP_OFFSET_MAX) continue;
        assert_int_equal(vtcp_seq_from_wire(vtcp_seq_to_wire(x, isns[i]), isns[i], refs[r]), x);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(to_wire_wraps),
      cmocka_unit_test(from_wire_is_nearest),
      cmocka_unit_test(round_trip),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
