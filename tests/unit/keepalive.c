#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/keepalive.h"

static void off_with_two_hours(void **state) {
  (void)state;
  struct vtcp_keepalive k;
  vtcp_keepalive_init(&k);
  assert_false(k.on);
  assert_int_equal(k.idle, (uint64_t)2 * 3600 * 1000000);
  assert_int_equal(k.interval, 75000000);
  assert_int_equal(k.count, 10);
  assert_int_equal(k.sent, 0);
}

static void probes_and_silence(void **state) {
  (void)state;
  struct vtcp_keepalive k;
  vtcp_keepalive_init(&k);
  vtcp_keepalive_heard(&k, 1000);
  assert_int_equal(k.at, 1000 + k.idle);
  vtcp_keepalive_sent(&k, k.at + 5);
  assert_int_equal(k.at, 1005 + k.idle + k.interval);
  vtcp_keepalive_sent(&k, k.at);
  assert_int_equal(k.sent, 2);
  vtcp_keepalive_heard(&k, VTCP_TIME_MAX);
  assert_int_equal(k.at, VTCP_TIME_MAX + k.idle);
  assert_int_equal(k.sent, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(off_with_two_hours),
      cmocka_unit_test(probes_and_silence),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
