#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/challenge.h"

static void ten_in_each_interval(void **state) {
  (void)state;
  struct vtcp_challenge ch;
  vtcp_challenge_init(&ch);
  for (uint64_t interval = 1; interval <= 3; interval++) {
    uint64_t now = interval * VTCP_CHALLENGE_INTERVAL;
    for (unsigned i = 0; i < VTCP_CHALLENGE_MAX; i++) { assert_true(vtcp_challenge_take(&ch, now + i)); }
    assert_false(vtcp_challenge_take(&ch, now + VTCP_CHALLENGE_MAX));
    assert_false(vtcp_challenge_take(&ch, now + VTCP_CHALLENGE_INTERVAL - 1));
  }
}

static void a_clock_that_went_back_gives_nothing_more(void **state) {
  (void)state;
  struct vtcp_challenge ch;
  vtcp_challenge_init(&ch);
  for (unsigned i = 0; i < VTCP_CHALLENGE_MAX; i++) {
    assert_true(vtcp_challenge_take(&ch, 2 * VTCP_CHALLENGE_INTERVAL));
  }
  assert_false(vtcp_challenge_take(&ch, 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ten_in_each_interval),
      cmocka_unit_test(a_clock_that_went_back_gives_nothing_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
