#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *format, ...) {
  va_list list;
  va_start(list, format);
  vfprintf(stderr, format, list);
  va_end(list);
  fputc('\n', stderr);
  abort();
}

void *fuzz_memory(size_t n) {
  void *p = malloc(n > 0 ? n : 1);
  fuzz_assert(p != NULL, "out of memory");
  return p;
}

bool fuzz_same(const void *a, const void *b, size_t n) { return memcmp(a, b, n) == 0; }

static bool same_fixed(const struct vtcp_segment *a, const struct vtcp_segment *b) {
  return a->src_port == b->src_port && a->dst_port == b->dst_port && a->seq == b->seq && a->ack == b->ack &&
         a->flags == b->flags && a->wnd == b->wnd && a->urg == b->urg;
}

static bool same_options(const struct vtcp_segment *a, const struct vtcp_segment *b) {
  return a->has_mss == b->has_mss && (!a->has_mss || a->mss == b->mss) && a->has_wscale == b->has_wscale &&
         (!a->has_wscale || a->wscale == b->wscale) && a->sack_permitted == b->sack_permitted &&
         a->has_ts == b->has_ts && (!a->has_ts || (a->tsval == b->tsval && a->tsecr == b->tsecr));
}

static bool same_sack(const struct vtcp_segment *a, const struct vtcp_segment *b) {
  if (a->sack_count != b->sack_count) return false;
  for (uint32_t i = 0; i < a->sack_count; i++)
    if (a->sack_left[i] != b->sack_left[i] || a->sack_right[i] != b->sack_right[i]) return false;
  return true;
}

static uint8_t octet_of(const struct vtcp_segment *g, uint32_t k) {
  return k < g->text_len ? g->text[k] : g->more[k - g->text_len];
}

static bool same_text(const struct vtcp_segment *a, const struct vtcp_segment *b) {
  if (a->text_len + a->more_len != b->text_len + b->more_len) return false;
  for (uint32_t k = 0; k < a->text_len + a->more_len; k++)
    if (octet_of(a, k) != octet_of(b, k)) return false;
  return true;
}

bool segment_same(const struct vtcp_segment *a, const struct vtcp_segment *b) {
  return same_fixed(a, b) && same_options(a, b) && same_sack(a, b) && same_text(a, b);
}

uint8_t *segment_octets(const struct vtcp_segment *g, uint32_t *len) {
  uint8_t header[VTCP_HEADER_MAX];
  uint32_t n = vtcp_segment_emit(g, header, sizeof header);
  fuzz_assert(n >= 20 && n % 4 == 0, "a header of %u octets", n);
  *len = n + g->text_len + g->more_len;
  uint8_t *octets = fuzz_memory(*len);
  memcpy(octets, header, n);
  if (g->text_len > 0) memcpy(octets + n, g->text, g->text_len);
  if (g->more_len > 0) memcpy(octets + n + g->text_len, g->more, g->more_len);
  return octets;
}
