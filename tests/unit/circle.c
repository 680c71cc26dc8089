#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream/circle.h"

enum { CAP = 7 };

static void place_wraps_once(void **state) {
  (void)state;
  for (uint32_t cap = 1; cap <= CAP; cap++) {
    for (uint32_t head = 0; head < cap; head++) {
      for (uint32_t k = 0; k <= cap; k++) { assert_int_equal(vtcp_circle_place(cap, head, k), (head + k) % cap); }
    }
  }
}

static void place_at_the_largest_size(void **state) {
  (void)state;
  assert_int_equal(vtcp_circle_place(VTCP_BUFFER_MAX, VTCP_BUFFER_MAX - 1, VTCP_BUFFER_MAX), VTCP_BUFFER_MAX - 1);
}

static void what_is_stored_is_seen_and_gathered(void **state) {
  (void)state;
  for (uint32_t pos = 0; pos < CAP; pos++) {
    for (uint32_t n = 0; n <= CAP; n++) {
      uint8_t data[CAP], src[CAP], out[CAP];
      memset(data, 0xEE, sizeof data);
      memset(out, 0xDD, sizeof out);
      for (uint32_t k = 0; k < n; k++) { src[k] = (uint8_t)(k + 1); }
      vtcp_circle_store(data, CAP, pos, src, n);
      for (uint32_t k = 0; k < CAP; k++) { assert_int_equal(data[(pos + k) % CAP], k < n ? k + 1 : 0xEE); }
      struct vtcp_slices s = vtcp_circle_slices(data, CAP, pos, n);
      assert_int_equal(s.first_len + s.second_len, n);
      assert_true(s.first == data + pos && pos + s.first_len <= CAP && s.second == data);
      vtcp_circle_gather(out, s);
      for (uint32_t k = 0; k < CAP; k++) { assert_int_equal(out[k], k < n ? k + 1 : 0xDD); }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(place_wraps_once),
      cmocka_unit_test(place_at_the_largest_size),
      cmocka_unit_test(what_is_stored_is_seen_and_gathered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
