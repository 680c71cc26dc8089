#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream/reassembly.h"

static uint64_t seed;

static uint32_t below(uint32_t n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % n;
}

/* The model: the whole stream and a bitmap of what has arrived, from the offset origin on. */
enum { STREAM = 2000, SPARE = 200, CAP_MAX = 64 };
struct model {
  uint8_t octets[STREAM + SPARE];
  bool there[STREAM + SPARE];
  int64_t origin, base;
};
static struct model m;
static unsigned refusals, out_of_order;

static unsigned used(const struct vtcp_reassembly *r) {
  unsigned n = 0;
  for (int i = 0; i < VTCP_RANGES; i++) { n += r->lo[i] != r->hi[i]; }
  return n;
}

static bool present(const struct vtcp_reassembly *r, int64_t off) {
  bool p = off < r->nxt;
  for (int i = 0; i < VTCP_RANGES; i++) { p = p || (r->lo[i] <= off && off < r->hi[i]); }
  return p;
}

static void check(const struct vtcp_reassembly *r) {
  assert_int_equal(r->nxt - r->len, m.base);
  assert_false(present(r, r->nxt));
  for (int64_t off = m.base; off < m.base + r->cap; off++) {
    assert_int_equal(present(r, off), m.there[off - m.origin]);
    if (present(r, off)) {
      assert_int_equal(r->data[(r->head + (uint64_t)(off - m.base)) % r->cap], m.octets[off - m.origin]);
    }
  }
  struct vtcp_slices s = vtcp_reassembly_view(r);
  assert_int_equal(s.first_len + s.second_len, r->len);
  assert_memory_equal(s.first, m.octets + (m.base - m.origin), s.first_len);
  assert_memory_equal(s.second, m.octets + (m.base - m.origin) + s.first_len, s.second_len);
}

static void insert(struct vtcp_reassembly *r) {
  int64_t off = r->nxt + (int64_t)below(r->cap + 20) - 10;
  if (below(10) == 0) { off = r->nxt; }
  if (off < m.origin) { off = m.origin; }
  uint32_t n = below(3) ? below(4) : below(40);
  uint8_t *src = malloc(n ? n : 1); /* exactly n, so that a sanitizer sees any octet read beyond */
  assert_non_null(src);
  memcpy(src, m.octets + (off - m.origin), n);
  int64_t nxt = r->nxt, end = m.base + r->cap;
  unsigned before = used(r);
  bool taken = vtcp_reassembly_insert(r, off, src, n);
  free(src);
  if (taken) {
    for (int64_t o = off < nxt ? nxt : off; o < off + n && o < end; o++) { m.there[o - m.origin] = true; }
    out_of_order += used(r) > before;
  } else {
    refusals++;
    assert_int_equal(before, VTCP_RANGES);
    assert_true(off > nxt && r->nxt == nxt);
  }
}

static void take(struct vtcp_reassembly *r) {
  uint32_t len = r->len;
  if (below(2)) {
    uint32_t n = below(len + 1);
    vtcp_reassembly_consume(r, n);
    m.base += n;
  } else {
    uint8_t out[CAP_MAX + 3];
    uint32_t n = below(r->cap + 3);
    uint32_t got = vtcp_reassembly_read(r, out, n);
    assert_int_equal(got, n < len ? n : len);
    assert_memory_equal(out, m.octets + (m.base - m.origin), got);
    m.base += got;
  }
}

static void one_run(uint32_t cap, int64_t origin) {
  struct vtcp_reassembly r;
  uint8_t *data = malloc(cap);
  assert_non_null(data);
  for (size_t i = 0; i < STREAM + SPARE; i++) {
    m.octets[i] = (uint8_t)below(256);
    m.there[i] = false;
  }
  m.origin = m.base = origin;
  vtcp_reassembly_init(&r, data, cap, origin);
  unsigned steps = 0;
  while (m.base - origin < STREAM - CAP_MAX) {
    assert_true(++steps < 100000);
    if (below(4)) {
      insert(&r);
    } else {
      take(&r);
    }
    check(&r);
  }
  free(data);
}

static void random_runs_agree_with_a_bitmap(void **state) {
  (void)state;
  seed = 1;
  refusals = out_of_order = 0;
  for (uint32_t run = 0; run < 60; run++) {
    one_run(run % 3 == 0 ? CAP_MAX : 1 + below(CAP_MAX), run % 2 ? 0 : VTCP_OFFSET_MAX - STREAM - SPARE);
  }
  assert_true(refusals > 0 && out_of_order > 0);
}

static void duplicates_never_change_an_octet(void **state) {
  (void)state;
  uint8_t data[16];
  struct vtcp_reassembly r;
  vtcp_reassembly_init(&r, data, 16, 1);
  assert_true(vtcp_reassembly_insert(&r, 1, (const uint8_t *)"abc", 3));
  assert_true(vtcp_reassembly_insert(&r, 1, (const uint8_t *)"XYZd", 4));
  assert_int_equal(r.nxt, 5);
  assert_memory_equal(vtcp_reassembly_view(&r).first, "abcd", 4);
}

static void a_full_table_refuses_all_but_the_next(void **state) {
  (void)state;
  uint8_t data[64];
  struct vtcp_reassembly r;
  vtcp_reassembly_init(&r, data, 64, 100);
  for (int i = 0; i < VTCP_RANGES; i++) {
    assert_true(vtcp_reassembly_insert(&r, 102 + 2 * i, (const uint8_t *)"x", 1));
  }
  assert_false(vtcp_reassembly_insert(&r, 102 + 2 * VTCP_RANGES, (const uint8_t *)"y", 1));
  assert_int_equal(r.nxt, 100);
  assert_true(vtcp_reassembly_insert(&r, 103, (const uint8_t *)"z", 1));
  assert_true(vtcp_reassembly_insert(&r, 100, (const uint8_t *)"ab", 2));
  assert_int_equal(r.nxt, 105);
  assert_memory_equal(vtcp_reassembly_view(&r).first, "abxzx", 5);
}

static void what_is_far_outside_is_ignored(void **state) {
  (void)state;
  uint8_t data[4];
  const uint8_t text[8] = "abcdefgh";
  struct vtcp_reassembly r;
  vtcp_reassembly_init(&r, data, 4, VTCP_OFFSET_MAX - 2);
  assert_true(vtcp_reassembly_insert(&r, VTCP_OFFSET_MAX + 0x200000000, text, 8));
  assert_true(vtcp_reassembly_insert(&r, -0x200000000, text, 8));
  assert_int_equal(r.len, 0);
  assert_true(vtcp_reassembly_insert(&r, VTCP_OFFSET_MAX - 3, text, 8));
  assert_int_equal(r.nxt, VTCP_OFFSET_MAX);
  assert_memory_equal(vtcp_reassembly_view(&r).first, "bc", 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(duplicates_never_change_an_octet),
      cmocka_unit_test(a_full_table_refuses_all_but_the_next),
      cmocka_unit_test(what_is_far_outside_is_ignored),
      cmocka_unit_test(random_runs_agree_with_a_bitmap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
