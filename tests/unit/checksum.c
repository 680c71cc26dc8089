#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/checksum.h"

/* The example of RFC 1071 s3. */
static void rfc_1071_example(void **state) {
  (void)state;
  static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  assert_int_equal(vtcp_checksum_add(0, data, sizeof data), 0x2ddf0);
  assert_int_equal(vtcp_checksum_fold(0x2ddf0), 0xddf2);
}

static void odd_length_is_padded(void **state) {
  (void)state;
  static const uint8_t data[] = {0x12, 0x34, 0x56};
  assert_int_equal(vtcp_checksum_add(7, data, 3), 7 + 0x1234 + 0x5600);
  assert_int_equal(vtcp_checksum_add(7, data, 1), 7 + 0x1200);
  assert_int_equal(vtcp_checksum_add(7, data, 0), 7);
}

static void fold_limits(void **state) {
  (void)state;
  assert_int_equal(vtcp_checksum_fold(0), 0);
  assert_int_equal(vtcp_checksum_fold(65535), 65535);
  assert_int_equal(vtcp_checksum_fold(65536), 1);
  assert_int_equal(vtcp_checksum_fold(2 * 65535), 65535);
  assert_int_equal(vtcp_checksum_fold(UINT64_MAX), 65535);
}

/* More octets than one 32-bit run holds. */
static void long_input(void **state) {
  (void)state;
  uint32_t n = 300001;
  uint8_t *data = malloc(n);
  assert_non_null(data);
  memset(data, 0xff, n);
  assert_int_equal(vtcp_checksum_add(0, data, n), UINT64_C(65535) * 150000 + 0xff00);
  free(data);
}

/* Worked by hand. */
static void put_matches_reference(void **state) {
  (void)state;
  static const uint8_t src[4] = {192, 168, 1, 10}, dst[4] = {10, 0, 0, 1};
  uint8_t s[20] = {0x04, 0xd2, 0x00, 0x50, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0xaa, 0xbb, 0, 0};
  vtcp_checksum_put(vtcp_checksum_ipv4(src, dst, 20), s, 20);
  /* c0a8+010a+0a00+0001+0006+0014 + 04d2+0050+0000+0001+5002+ffff = 220f1; folded 20f3; inverted df0c */
  assert_int_equal(s[16] * 256 + s[17], 0xdf0c);
}

static void what_was_put_verifies(void **state) {
  (void)state;
  static const uint8_t src[16] = {0x20, 0x01, 0x0d, 0xb8, 1},
                       dst[16] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 9};
  uint8_t s[1500];
  srand(1);
  for (uint32_t round = 0; round < 500; round++) {
    uint32_t len = 20 + (uint32_t)rand() % 1480;
    for (uint32_t i = 0; i < len; i++) s[i] = (uint8_t)rand();
    uint64_t pseudo = round % 3 == 0   ? 0
                      : round % 3 == 1 ? vtcp_checksum_ipv4(src, dst, len)
                                       : vtcp_checksum_ipv6(src, dst, len);
    vtcp_checksum_put(pseudo, s, len);
    assert_true(vtcp_checksum_ok(pseudo, s, len));
    s[((uint64_t)rand() * len) >> 31] ^= (uint8_t)(1 << rand() % 8);
    assert_false(vtcp_checksum_ok(pseudo, s, len));
  }
}

static void pseudo_headers(void **state) {
  (void)state;
  static const uint8_t a[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  assert_int_equal(vtcp_checksum_ipv4(a, a + 4, 40), 0x0102 + 0x0304 + 0x0506 + 0x0708 + 6 + 40);
  assert_int_equal(vtcp_checksum_ipv6(a, a, 0x10002),
                   2 * (0x0102 + 0x0304 + 0x0506 + 0x0708 + 0x090a + 0x0b0c + 0x0d0e + 0x0f10) + 6 + 1 + 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rfc_1071_example),      cmocka_unit_test(odd_length_is_padded),
      cmocka_unit_test(fold_limits),           cmocka_unit_test(long_input),
      cmocka_unit_test(put_matches_reference), cmocka_unit_test(what_was_put_verifies),
      cmocka_unit_test(pseudo_headers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
