/* Any octets as a segment: what the parser makes of them, and that emitting it and parsing again gives the same. */
#include "support/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* ---- spec/wire.mlw: walk and step ---- */

static uint32_t be16(const uint8_t *b) { return b[0] * 256u + b[1]; }
static uint32_t be32(const uint8_t *b) { return be16(b) << 16 | be16(b + 2); }

static void step(const uint8_t *b, uint32_t l, struct vtcp_segment *o) {
  uint8_t k = b[0];
  if (k == 2 && l == 4) {
    o->has_mss = true;
    o->mss = (uint16_t)be16(b + 2);
  } else if (k == 3 && l == 3) {
    o->has_wscale = true;
    o->wscale = b[2] > 14 ? 14 : b[2];
  } else if (k == 4 && l == 2) {
    o->sack_permitted = true;
  } else if (k == 5 && l >= 10 && l <= 34 && l % 8 == 2) {
    o->sack_count = (uint16_t)(l / 8);
    for (uint32_t i = 0; i < o->sack_count; i++) {
      o->sack_left[i] = be32(b + 2 + 8 * i);
      o->sack_right[i] = be32(b + 6 + 8 * i);
    }
  } else if (k == 8 && l == 10) {
    o->has_ts = true;
    o->tsval = be32(b + 2);
    o->tsecr = be32(b + 6);
  }
}

static bool walk(const uint8_t *b, uint32_t i, uint32_t n, struct vtcp_segment *o) {
  while (i < n && b[i] != 0) {
    uint32_t l = 1;
    if (b[i] != 1) {
      if (i + 1 >= n || b[i + 1] < 2 || b[i + 1] > n - i) return false;
      l = b[i + 1];
      step(b + i, l, o);
    }
    i += l;
  }
  return true;
}

static enum vtcp_parse_status expected(const uint8_t *p, uint32_t len, struct vtcp_segment *o) {
  memset(o, 0, sizeof *o);
  if (len < 20 || p[12] / 16u * 4u < 20 || p[12] / 16u * 4u > len) return VTCP_PARSE_BAD_HEADER;
  uint32_t n = p[12] / 16u * 4u;
  o->src_port = (uint16_t)be16(p);
  o->dst_port = (uint16_t)be16(p + 2);
  o->seq = be32(p + 4);
  o->ack = be32(p + 8);
  o->flags = p[13];
  o->wnd = (uint16_t)be16(p + 14);
  o->urg = (uint16_t)be16(p + 18);
  o->text = p + n;
  o->text_len = len - n;
  return walk(p, 20, n, o) ? VTCP_PARSE_OK : VTCP_PARSE_BAD_OPTION;
}

/* ---- spec/segment.acsl: seg_header_len ---- */

static uint32_t header_len(const struct vtcp_segment *s) {
  return 20u + (s->has_mss ? 4u : 0u) + (s->has_wscale ? 4u : 0u) +
         (s->has_ts           ? 12u
          : s->sack_permitted ? 4u
                              : 0u) +
         (s->sack_count > 0 ? 4u + 8u * s->sack_count : 0u);
}

static void check_small(const struct vtcp_segment *s, uint32_t n) {
  for (uint32_t cap = 0; cap < n; cap += cap < 20 ? 20 : 1) {
    uint8_t *buf = fuzz_memory(cap);
    memset(buf, 0x5a, cap);
    fuzz_assert(vtcp_segment_emit(s, buf, cap) == 0, "emits a header of %u into %u octets", n, cap);
    for (uint32_t i = 0; i < cap; i++) fuzz_assert(buf[i] == 0x5a, "writes a header that does not fit");
    free(buf);
  }
}

static void check_again(const struct vtcp_segment *s) {
  uint32_t n = header_len(s), len = 0;
  uint8_t header[VTCP_HEADER_MAX];
  uint32_t emitted = vtcp_segment_emit(s, header, sizeof header);
  fuzz_assert(emitted == (n <= VTCP_HEADER_MAX ? n : 0), "emits %u octets of header, not %u", emitted, n);
  check_small(s, n < VTCP_HEADER_MAX ? n : VTCP_HEADER_MAX);
  if (emitted == 0) return;
  uint8_t *octets = segment_octets(s, &len);
  struct vtcp_segment back;
  memset(&back, 0xa5, sizeof back);
  fuzz_assert(vtcp_segment_parse(octets, len, &back) == VTCP_PARSE_OK, "what was emitted does not parse");
  fuzz_assert(segment_same(s, &back), "what was emitted parses as another segment");
  vtcp_checksum_put(0, octets, len);
  fuzz_assert(vtcp_checksum_ok(0, octets, len), "the checksum that was put is not right");
  octets[len - 1] ^= 1;
  fuzz_assert(!vtcp_checksum_ok(0, octets, len), "a changed octet leaves the checksum right");
  free(octets);
}

static void check_refusal(const struct vtcp_segment *s) {
  struct vtcp_segment r;
  memset(&r, 0xa5, sizeof r);
  bool due = vtcp_refuse(s, &r), ackf = (s->flags & VTCP_ACK) != 0;
  fuzz_assert(due == ((s->flags & VTCP_RST) == 0 && s->text_len <= 65535), "a reset is due, or not, wrongly");
  if (!due) return;
  uint32_t seg_len = s->text_len + ((s->flags & VTCP_SYN) != 0 ? 1 : 0) + ((s->flags & VTCP_FIN) != 0 ? 1 : 0);
  struct vtcp_segment right = {.src_port = s->dst_port,
                               .dst_port = s->src_port,
                               .seq = ackf ? s->ack : 0,
                               .ack = ackf ? 0 : s->seq + seg_len,
                               .flags = ackf ? VTCP_RST : VTCP_RST | VTCP_ACK};
  fuzz_assert(segment_same(&r, &right), "the reset is another one");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct vtcp_segment s, same, right;
  uint32_t len = size < 200000 ? (uint32_t)size : 200000;
  memset(&s, 0xa5, sizeof s);
  memcpy(&same, &s, sizeof s);
  enum vtcp_parse_status status = vtcp_segment_parse(data, len, &s);
  fuzz_assert(status == expected(data, len, &right), "parse says %d", (int)status);
  if (status == VTCP_PARSE_BAD_HEADER) fuzz_assert(fuzz_same(&s, &same, sizeof s), "a bad header writes");
  if (status != VTCP_PARSE_OK) return 0;
  fuzz_assert(segment_same(&s, &right) && s.text == right.text && s.more_len == 0, "parse finds another segment");
  check_again(&s);
  check_refusal(&s);
  return 0;
}
