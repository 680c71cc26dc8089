#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream/ring.h"

static uint64_t seed;

static uint32_t below(uint32_t n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % n;
}

/* The model: the whole stream, of which the ring holds [base, base + len). */
enum { STREAM = 4096, CAP_MAX = 61 };
static uint8_t stream[STREAM];

static void check_view(const struct vtcp_ring *r, int64_t origin, int64_t off, uint32_t n) {
  struct vtcp_slices s = vtcp_ring_view(r, off, n);
  assert_int_equal(s.first_len + s.second_len, n);
  for (uint32_t k = 0; k < n; k++) {
    uint8_t octet = k < s.first_len ? s.first[k] : s.second[k - s.first_len];
    assert_int_equal(octet, stream[off - origin + k]);
  }
}

static void one_run(uint32_t cap, int64_t origin) {
  struct vtcp_ring r;
  uint8_t *data = malloc(cap);
  assert_non_null(data);
  for (size_t i = 0; i < STREAM; i++) { stream[i] = (uint8_t)below(256); }
  vtcp_ring_init(&r, data, cap, origin);
  int64_t base = origin, end = origin;
  while (end - origin < STREAM - CAP_MAX) {
    uint32_t n = below(cap - r.len + 1);
    vtcp_ring_push(&r, stream + (end - origin), n);
    end += n;
    uint32_t drop = below(r.len + 1);
    int64_t off = base + below(r.len + 1);
    check_view(&r, origin, off, below((uint32_t)(end - off) + 1));
    vtcp_ring_drop(&r, drop);
    base += drop;
    assert_true(r.base == base && r.base + r.len == end);
    check_view(&r, origin, base, r.len);
  }
  free(data);
}

static void random_runs_agree_with_the_stream(void **state) {
  (void)state;
  seed = 1;
  for (uint32_t cap = 1; cap <= CAP_MAX; cap++) {
    one_run(cap, 0);
    one_run(cap, VTCP_OFFSET_MAX - STREAM);
  }
}

static void a_full_ring_is_seen_whole(void **state) {
  (void)state;
  uint8_t data[4];
  struct vtcp_ring r;
  vtcp_ring_init(&r, data, 4, 1);
  vtcp_ring_push(&r, (const uint8_t *)"abc", 3);
  vtcp_ring_drop(&r, 3);
  vtcp_ring_push(&r, (const uint8_t *)"defg", 4);
  struct vtcp_slices s = vtcp_ring_view(&r, 4, 4);
  assert_int_equal(s.first_len, 1);
  assert_memory_equal(s.first, "d", 1);
  assert_int_equal(s.second_len, 3);
  assert_memory_equal(s.second, "efg", 3);
  assert_int_equal(vtcp_ring_view(&r, 8, 0).first_len, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_full_ring_is_seen_whole),
      cmocka_unit_test(random_runs_agree_with_the_stream),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
