/*
 * Any octets as an IP packet. Octet 0 of an input says which checksums are put right first (random octets hardly ever
 * have the right ones), the rest is the packet.
 */
#include "packet.h"
#include "support/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TCP 6u

static void put_sum(uint8_t *field, uint64_t sum) {
  uint32_t v = 65535u - vtcp_checksum_fold(sum);
  field[0] = (uint8_t)(v / 256u);
  field[1] = (uint8_t)(v % 256u);
}

/* The TCP or ICMP message in p[at .. len - 1]; pseudo: of TCP. */
static void make_payload_right(uint8_t *p, uint32_t at, uint32_t len, uint32_t protocol, uint64_t pseudo) {
  uint32_t field = at + (protocol == TCP ? 16u : 2u);
  if (field + 2 > len) return;
  p[field] = p[field + 1] = 0;
  uint64_t sum = protocol == 1 ? 0 : pseudo - TCP + protocol;
  put_sum(p + field, vtcp_checksum_add(sum, p + at, len - at));
}

static void make_ipv4_right(uint8_t *p, uint32_t len) {
  uint32_t at = p[0] % 16u * 4u;
  if (at < 20 || at > len) return;
  p[2] = (uint8_t)(len / 256u);
  p[3] = (uint8_t)(len % 256u);
  p[10] = p[11] = 0;
  put_sum(p + 10, vtcp_checksum_add(0, p, at));
  make_payload_right(p, at, len, p[9], vtcp_checksum_ipv4(p + 12, p + 16, len - at));
}

static void make_ipv6_right(uint8_t *p, uint32_t len) {
  uint32_t at = 40, protocol = p[6];
  if (len < at) return;
  p[4] = (uint8_t)((len - at) / 256u);
  p[5] = (uint8_t)((len - at) % 256u);
  while ((protocol == 0 || protocol == 44 || protocol == 60) && at + 8 <= len) {
    uint32_t size = protocol == 44 ? 8u : 8u + 8u * p[at + 1];
    if (size > len - at) return;
    protocol = p[at];
    at += size;
  }
  make_payload_right(p, at, len, protocol, vtcp_checksum_ipv6(p + 8, p + 24, len - at));
}

static void check_again(const struct packet *in) {
  uint32_t most = packet_header(in->src.family) + VTCP_HEADER_MAX + in->segment.text_len;
  uint8_t *octets = fuzz_memory(most), header[VTCP_HEADER_MAX];
  uint32_t len = packet_encode(&in->src, &in->dst, &in->segment, octets, most);
  if (len == 0) { /* its options do not all fit */
    fuzz_assert(vtcp_segment_emit(&in->segment, header, sizeof header) == 0, "it does not go into %u octets", most);
    free(octets);
    return;
  }
  struct packet back;
  memset(&back, 0xa5, sizeof back);
  fuzz_assert(packet_decode(octets, len, &back) == PACKET_SEGMENT, "it does not come back");
  fuzz_assert(segment_same(&in->segment, &back.segment), "it comes back as another segment");
  fuzz_assert(udp_same(&in->src, &back.src) && udp_same(&in->dst, &back.dst), "it comes back from elsewhere");
  octets[len - 1] ^= 1;
  fuzz_assert(packet_decode(octets, len, &back) == PACKET_BAD_CHECKSUM, "a changed octet leaves the checksum right");
  free(octets);
  uint8_t *small = fuzz_memory(len - 1);
  fuzz_assert(packet_encode(&in->src, &in->dst, &in->segment, small, len - 1) == 0, "it goes into too little room");
  free(small);
}

static void check_decoded(enum packet_verdict verdict, const struct packet *in, const uint8_t *octets, uint32_t len) {
  if (verdict > PACKET_TOO_BIG) return;
  fuzz_assert(in->src.family == in->dst.family, "from one family to another");
  fuzz_assert(in->src.family == (octets[0] / 16u == 4u ? AF_INET : AF_INET6), "another family than the packet's");
  if (verdict != PACKET_SEGMENT) return;
  const struct vtcp_segment *s = &in->segment;
  fuzz_assert(s->text >= octets && s->text + s->text_len <= octets + len, "text outside the packet");
  fuzz_assert(s->src_port == in->src.port && s->dst_port == in->dst.port && s->src_port != 0, "other ports");
  check_again(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1 || size > 1 + PACKET_MAX) return 0;
  uint32_t len = (uint32_t)size - 1;
  uint8_t *octets = fuzz_memory(len);
  memcpy(octets, data + 1, len);
  if ((data[0] & 1u) != 0 && len >= 20) {
    if (octets[0] / 16u == 4u && len <= 65535) make_ipv4_right(octets, len);
    if (octets[0] / 16u == 6u && len <= 65575) make_ipv6_right(octets, len);
  }
  struct packet p;
  memset(&p, 0xa5, sizeof p);
  enum packet_verdict verdict = packet_decode(octets, len, &p);
  check_decoded(verdict, &p, octets, len);
  free(octets);
  return 0;
}
