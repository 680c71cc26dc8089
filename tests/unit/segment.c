#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/segment.h"

/* A header with the n octets of options opt (n a multiple of 4), then extra octets of text; returns the length. */
static uint32_t with_options(uint8_t *buf, const uint8_t *opt, uint32_t n, uint32_t extra) {
  memset(buf, 0, 20 + n + extra);
  buf[12] = (uint8_t)((20 + n) / 4 * 16);
  if (n > 0) memcpy(buf + 20, opt, n);
  return 20 + n + extra;
}

static enum vtcp_parse_status parse_options(const uint8_t *opt, uint32_t n, struct vtcp_segment *out) {
  uint8_t buf[64];
  uint32_t len = with_options(buf, opt, n, 0);
  return vtcp_segment_parse(buf, len, out);
}

static void fixed_header(void **state) {
  (void)state;
  static const uint8_t h[] = {0x12, 0x34, 0x56, 0x78, 1,    2, 3, 4,    0xf1, 0xf2, 0xf3,
                              0xf4, 0x5f, 0xff, 0xab, 0xcd, 9, 9, 0xee, 0xdd, 'h',  'i'};
  struct vtcp_segment s;
  assert_int_equal(vtcp_segment_parse(h, sizeof h, &s), VTCP_PARSE_OK);
  assert_int_equal(s.src_port, 0x1234);
  assert_int_equal(s.dst_port, 0x5678);
  assert_int_equal(s.seq, 0x01020304);
  assert_int_equal(s.ack, 0xf1f2f3f4u);
  assert_int_equal(s.flags, 0xff);
  assert_int_equal(s.wnd, 0xabcd);
  assert_int_equal(s.urg, 0xeedd);
  assert_false(s.has_mss || s.has_wscale || s.sack_permitted || s.has_ts);
  assert_int_equal(s.sack_count, 0);
  assert_ptr_equal(s.text, h + 20);
  assert_int_equal(s.text_len, 2);
  assert_null(s.more);
  assert_int_equal(s.more_len, 0);
}

static void bad_headers(void **state) {
  (void)state;
  uint8_t h[60] = {0};
  struct vtcp_segment s;
  h[12] = 0x50;
  for (uint32_t len = 0; len < 20; len++) assert_int_equal(vtcp_segment_parse(h, len, &s), VTCP_PARSE_BAD_HEADER);
  for (unsigned d = 0; d < 16; d++) {
    h[12] = (uint8_t)(d * 16);
    assert_int_equal(vtcp_segment_parse(h, 40, &s), d < 5 || d > 10 ? VTCP_PARSE_BAD_HEADER : VTCP_PARSE_OK);
  }
}

static void known_options(void **state) {
  (void)state;
  struct vtcp_segment s;
  static const uint8_t syn[] = {2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 1, 2, 0, 0, 3, 4, 1, 3, 3, 7};
  assert_int_equal(parse_options(syn, sizeof syn, &s), VTCP_PARSE_OK);
  assert_true(s.has_mss && s.mss == 1460 && s.sack_permitted && s.has_wscale && s.wscale == 7);
  assert_true(s.has_ts && s.tsval == 0x102 && s.tsecr == 0x304);
  static const uint8_t sack[] = {1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0, 0, 3, 0xff, 0, 0, 4};
  assert_int_equal(parse_options(sack, sizeof sack, &s), VTCP_PARSE_OK);
  assert_int_equal(s.sack_count, 2);
  assert_true(s.sack_left[0] == 1 && s.sack_right[0] == 2 && s.sack_left[1] == 0xff000003u &&
              s.sack_right[1] == 0xff000004u);
}

static void odd_options(void **state) {
  (void)state;
  struct vtcp_segment s;
  static const uint8_t scale[] = {3, 3, 200, 0};
  assert_int_equal(parse_options(scale, 4, &s), VTCP_PARSE_OK);
  assert_true(s.has_wscale && s.wscale == 14);
  static const uint8_t unknown[] = {253, 6, 1, 2, 3, 4, 30, 2, 2, 4, 1, 0};
  assert_int_equal(parse_options(unknown, 12, &s), VTCP_PARSE_OK);
  assert_true(s.has_mss && s.mss == 256);
  static const uint8_t after_end[] = {0, 2, 4, 9, 2, 0, 0, 0};
  assert_int_equal(parse_options(after_end, 8, &s), VTCP_PARSE_OK);
  assert_false(s.has_mss);
  static const uint8_t other_length[] = {2, 3, 7, 4, 3, 1, 5, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0};
  assert_int_equal(parse_options(other_length, 20, &s), VTCP_PARSE_OK);
  assert_false(s.has_mss || s.sack_permitted || s.has_ts || s.sack_count > 0);
}

static void illegal_lengths(void **state) {
  (void)state;
  struct vtcp_segment s;
  static const uint8_t zero[] = {2, 0, 5, 0xb4}, one[] = {99, 1, 0, 0}, beyond[] = {1, 8, 10, 0},
                       alone[] = {1, 1, 1, 2};
  assert_int_equal(parse_options(zero, 4, &s), VTCP_PARSE_BAD_OPTION);
  assert_int_equal(parse_options(one, 4, &s), VTCP_PARSE_BAD_OPTION);
  assert_int_equal(parse_options(beyond, 4, &s), VTCP_PARSE_BAD_OPTION);
  assert_int_equal(parse_options(alone, 4, &s), VTCP_PARSE_BAD_OPTION);
}

/* The layout itself, octet by octet. */
static void emitted_layout(void **state) {
  (void)state;
  struct vtcp_segment s = {.src_port = 1,
                           .dst_port = 2,
                           .seq = 3,
                           .ack = 4,
                           .flags = VTCP_SYN,
                           .wnd = 5,
                           .urg = 6,
                           .has_mss = true,
                           .mss = 1460,
                           .has_wscale = true,
                           .wscale = 7,
                           .sack_permitted = true,
                           .has_ts = true,
                           .tsval = 0x01020304,
                           .tsecr = 0x05060708};
  static const uint8_t want[] = {0, 1, 0, 2,    0, 0, 0, 3, 0, 0, 0, 4,  0xa0, 2, 0, 5, 0, 0, 0, 6,
                                 2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2, 8, 10, 1,    2, 3, 4, 5, 6, 7, 8};
  uint8_t buf[60];
  memset(buf, 0xee, sizeof buf);
  assert_int_equal(vtcp_segment_emit(&s, buf, sizeof buf), 40);
  assert_memory_equal(buf, want, 40);
  for (size_t i = 40; i < sizeof buf; i++) assert_int_equal(buf[i], 0xee);
  struct vtcp_segment a = {.flags = VTCP_ACK, .has_ts = true, .sack_count = 1, .sack_left = {9}, .sack_right = {10}};
  static const uint8_t options[] = {1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 5, 10, 0, 0, 0, 9, 0, 0, 0, 10};
  assert_int_equal(vtcp_segment_emit(&a, buf, sizeof buf), 44);
  assert_memory_equal(buf + 20, options, 24);
  a.has_ts = false;
  a.sack_permitted = true;
  assert_int_equal(vtcp_segment_emit(&a, buf, sizeof buf), 36);
  assert_memory_equal(buf + 20, "\1\1\4\2\1\1\5\12", 8);
}

static void refused_emit(void **state) {
  (void)state;
  struct vtcp_segment s = {.has_ts = true, .sack_count = 4};
  uint8_t buf[100];
  memset(buf, 0xee, sizeof buf);
  assert_int_equal(vtcp_segment_emit(&s, buf, sizeof buf), 0);
  s.sack_count = 3;
  assert_int_equal(vtcp_segment_emit(&s, buf, 59), 0);
  s.flags = 256;
  assert_int_equal(vtcp_segment_emit(&s, buf, sizeof buf), 0);
  s.flags = 0;
  s.has_wscale = true;
  s.wscale = 15;
  s.sack_count = 0;
  assert_int_equal(vtcp_segment_emit(&s, buf, sizeof buf), 0);
  s.has_wscale = false;
  s.sack_count = 5;
  assert_int_equal(vtcp_segment_emit(&s, buf, sizeof buf), 0);
  for (size_t i = 0; i < sizeof buf; i++) assert_int_equal(buf[i], 0xee);
  s.sack_count = 3;
  assert_int_equal(vtcp_segment_emit(&s, buf, 60), 60);
}

static uint32_t random32(void) { return (uint32_t)rand() * 65536u + (uint32_t)rand() % 65536u; }

static void random_segment(struct vtcp_segment *s) {
  memset(s, 0, sizeof *s);
  s->src_port = (uint16_t)rand();
  s->dst_port = (uint16_t)rand();
  s->seq = random32();
  s->ack = random32();
  s->flags = (uint16_t)(rand() % 256);
  s->wnd = (uint16_t)rand();
  s->urg = (uint16_t)rand();
  if ((s->has_mss = rand() % 2)) s->mss = (uint16_t)rand();
  if ((s->has_wscale = rand() % 2)) s->wscale = (uint16_t)(rand() % 15);
  s->sack_permitted = rand() % 2;
  if ((s->has_ts = rand() % 2)) {
    s->tsval = random32();
    s->tsecr = random32();
  }
  s->sack_count = (uint16_t)(rand() % 5);
  for (uint32_t k = 0; k < s->sack_count; k++) {
    s->sack_left[k] = random32();
    s->sack_right[k] = random32();
  }
}

static void assert_same(const struct vtcp_segment *a, const struct vtcp_segment *b) {
  assert_true(a->src_port == b->src_port && a->dst_port == b->dst_port && a->seq == b->seq && a->ack == b->ack);
  assert_true(a->flags == b->flags && a->wnd == b->wnd && a->urg == b->urg);
  assert_true(a->has_mss == b->has_mss && a->mss == b->mss && a->has_wscale == b->has_wscale);
  assert_true(a->wscale == b->wscale && a->sack_permitted == b->sack_permitted && a->has_ts == b->has_ts);
  assert_true(a->tsval == b->tsval && a->tsecr == b->tsecr && a->sack_count == b->sack_count);
  for (uint32_t k = 0; k < a->sack_count; k++)
    assert_true(a->sack_left[k] == b->sack_left[k] && a->sack_right[k] == b->sack_right[k]);
}

static void round_trip(void **state) {
  (void)state;
  srand(2);
  for (int round = 0; round < 20000; round++) {
    struct vtcp_segment s, r;
    uint8_t buf[64];
    random_segment(&s);
    uint32_t n = vtcp_segment_emit(&s, buf, 60);
    if (n == 0) {
      assert_true(s.has_ts || s.has_mss || s.has_wscale || s.sack_permitted);
      continue;
    }
    assert_int_equal(vtcp_segment_parse(buf, n + 3, &r), VTCP_PARSE_OK);
    assert_same(&s, &r);
    assert_int_equal(r.text_len, 3);
    assert_ptr_equal(r.text, buf + n);
  }
}

/* Exact-size heap copies let a sanitizer see any read beyond the segment. */
static void any_octets(void **state) {
  (void)state;
  srand(3);
  for (int round = 0; round < 50000; round++) {
    uint32_t len = (uint32_t)(rand() % 70);
    uint8_t *data = malloc(len > 0 ? len : 1);
    assert_non_null(data);
    for (uint32_t i = 0; i < len; i++) data[i] = (uint8_t)(rand() % 3 ? rand() % 12 : rand());
    if (len > 12) data[12] = (uint8_t)(len / 4 * 16);
    struct vtcp_segment s;
    if (vtcp_segment_parse(data, len, &s) == VTCP_PARSE_OK) {
      assert_true(s.sack_count <= VTCP_SACK_MAX && s.wscale <= 14 && s.flags <= 255);
      assert_true(s.text == data + (len - s.text_len));
    }
    free(data);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fixed_header), cmocka_unit_test(bad_headers),     cmocka_unit_test(known_options),
      cmocka_unit_test(odd_options),  cmocka_unit_test(illegal_lengths), cmocka_unit_test(emitted_layout),
      cmocka_unit_test(refused_emit), cmocka_unit_test(round_trip),      cmocka_unit_test(any_octets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
