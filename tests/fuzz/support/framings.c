#include "framings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HEAD 3 /* octets of an input before the datagram: family and checksum, the ports */

struct hosts {
  struct framing framing;
  struct udp_address src, dst;
};

static struct hosts hosts_of(enum framing_kind kind, const uint8_t *head) {
  struct hosts h;
  memset(&h, 0, sizeof h);
  h.framing.kind = kind;
  h.framing.checksum = (head[0] & 1u) != 0;
  h.src.family = h.dst.family = (head[0] & 2u) != 0 ? AF_INET6 : AF_INET;
  memset(h.src.ip, 0x11, sizeof h.src.ip);
  memset(h.dst.ip, 0xee, sizeof h.dst.ip);
  h.src.port = (uint16_t)(head[1] * 257u);
  h.dst.port = (uint16_t)(head[2] * 257u);
  return h;
}

/* The octets as a datagram in a store of exact size; the caller frees it. */
static uint8_t *store_of(const uint8_t *octets, uint32_t len) {
  uint8_t *store = fuzz_memory(FRAMING_ROOM + len);
  memset(store, 0xa5, FRAMING_ROOM);
  if (len > 0) memcpy(store + FRAMING_ROOM, octets, len);
  return store;
}

/* What was decoded, encoded and decoded again, is the same; into less room it does not go. */
static void check_again(const struct hosts *h, const struct vtcp_segment *s) {
  uint32_t most = VTCP_HEADER_MAX + s->text_len;
  uint8_t *octets = fuzz_memory(most);
  uint32_t len = framing_encode(&h->framing, &h->src, &h->dst, s, octets, most);
  if (len == 0) { /* its options do not all fit, or the core says why */
    uint8_t header[VTCP_HEADER_MAX];
    fuzz_assert(vtcp_segment_emit(s, header, sizeof header) == 0, "it does not go into %u octets", most);
    free(octets);
    return;
  }
  uint8_t *small = fuzz_memory(len - 1);
  fuzz_assert(framing_encode(&h->framing, &h->src, &h->dst, s, small, len - 1) == 0, "it goes into too little room");
  free(small);
  uint8_t *store = store_of(octets, len);
  struct vtcp_segment back;
  memset(&back, 0xa5, sizeof back);
  fuzz_assert(framing_decode(&h->framing, &h->src, &h->dst, store, len, &back) == FRAMING_OK, "it does not come back");
  fuzz_assert(segment_same(s, &back), "it comes back as another segment");
  free(store);
  free(octets);
}

static void check_whole_segment(const struct hosts *h, const struct vtcp_segment *s) {
  uint32_t most = VTCP_HEADER_MAX + s->text_len;
  uint8_t *octets = fuzz_memory(most);
  uint32_t len = framing_segment(&h->src, &h->dst, s, octets, most);
  struct vtcp_segment back;
  if (len > 0) {
    fuzz_assert(vtcp_segment_parse(octets, len, &back) == VTCP_PARSE_OK && segment_same(s, &back),
                "framing_segment makes another segment");
  }
  free(octets);
}

/* Random octets hardly ever have the right checksum. */
static void make_right(const struct hosts *h, uint8_t *octets, uint32_t len) {
  uint64_t pseudo = h->src.family == AF_INET6 ? vtcp_checksum_ipv6(h->src.ip, h->dst.ip, len)
                                              : vtcp_checksum_ipv4(h->src.ip, h->dst.ip, len);
  if (len >= 20) vtcp_checksum_put(pseudo, octets, len);
}

void framings_check(enum framing_kind kind, const uint8_t *data, size_t size) {
  if (size < HEAD || size > HEAD + UDP_PAYLOAD_MAX) return;
  struct hosts h = hosts_of(kind, data);
  uint32_t len = (uint32_t)size - HEAD;
  uint8_t *store = store_of(data + HEAD, len);
  if (kind == FRAMING_WHOLE && (data[0] & 4u) != 0) make_right(&h, store + FRAMING_ROOM, len);
  struct vtcp_segment s;
  memset(&s, 0xa5, sizeof s);
  enum framing_verdict verdict = framing_decode(&h.framing, &h.src, &h.dst, store, len, &s);
  if (verdict == FRAMING_OK) {
    fuzz_assert(s.more_len == 0 && s.text_len <= len, "text of %u octets in a datagram of %u", s.text_len, len);
    check_again(&h, &s);
    check_whole_segment(&h, &s);
  }
  free(store);
}
