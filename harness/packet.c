#include "packet.h"

#include <string.h>
#include <sys/socket.h>

#include "framing.h"

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define IP_PAYLOAD_MAX 65535u
#define HOP_BY_HOP 0u
#define ICMPV4 1u
#define TCP 6u
#define FRAGMENT_HEADER 44u
#define ICMPV6 58u
#define DESTINATION_OPTIONS 60u
#define HOPS 64u
#define ICMP_HEADER 8u
#define QUOTED_MIN 8u /* octets of a TCP header that an ICMP error quotes at least: ports and SEG.SEQ */

/* What an IP header says. */
struct header {
  struct udp_address src, dst;
  uint32_t protocol;
  uint32_t at;  /* where the payload begins */
  uint32_t end; /* where the packet ends by its own account */
  bool fragment;
};

static uint32_t get16(const uint8_t *p) { return p[0] * 256u + p[1]; }

static uint32_t get32(const uint8_t *p) { return get16(p) * 65536u + get16(p + 2); }

static void put16(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)(v / 256u % 256u);
  p[1] = (uint8_t)(v % 256u);
}

uint32_t packet_header(int family) { return family == AF_INET6 ? IPV6_HEADER : IPV4_HEADER; }

/* RFC 791 s3.1. */
static bool read_ipv4(const uint8_t *p, uint32_t len, struct header *h) {
  h->at = vtcp_ip_ipv4(p, len);
  if (h->at == 0) return false;
  h->end = get16(p + 2);
  h->protocol = p[9];
  h->fragment = get16(p + 6) % 0x4000u != 0; /* offset, or more fragments */
  h->src.family = h->dst.family = AF_INET;
  memcpy(h->src.ip, p + 12, 4);
  memcpy(h->dst.ip, p + 16, 4);
  return h->at <= h->end;
}

/* 0: it is not whole. */
static uint32_t extension_size(uint32_t kind, const uint8_t *p, uint32_t left) {
  if (kind == FRAGMENT_HEADER) return left < 8u ? 0 : 8u;
  return vtcp_ip_ipv6((uint8_t)kind, p, left);
}

/* RFC 8200 s3, s4. A fragment header of a whole packet is skipped (RFC 6946). */
static bool read_ipv6(const uint8_t *p, uint32_t len, struct header *h) {
  if (len < IPV6_HEADER) return false;
  h->at = IPV6_HEADER;
  h->end = IPV6_HEADER + get16(p + 4);
  h->protocol = p[6];
  h->src.family = h->dst.family = AF_INET6;
  memcpy(h->src.ip, p + 8, 16);
  memcpy(h->dst.ip, p + 24, 16);
  uint32_t room = len < h->end ? len : h->end;
  while (h->protocol == HOP_BY_HOP || h->protocol == DESTINATION_OPTIONS || h->protocol == FRAGMENT_HEADER) {
    const uint8_t *extension = p + h->at;
    uint32_t size = extension_size(h->protocol, extension, room - h->at);
    if (size == 0) return false;
    if (h->protocol == FRAGMENT_HEADER)
      h->fragment = (get16(extension + 2) & 0xfff9u) != 0; /* offset, more fragments */
    h->protocol = extension[0];
    h->at += size;
    if (h->fragment) return true;
  }
  return true;
}

/* The header of a packet of which len octets are there; false: it is none. */
static bool read_header(const uint8_t *p, uint32_t len, struct header *h) {
  memset(h, 0, sizeof *h);
  if (len == 0) return false;
  if (p[0] / 16u == 4u) return read_ipv4(p, len, h);
  return p[0] / 16u == 6u && read_ipv6(p, len, h);
}

bool packet_unicast(const struct udp_address *a) {
  return a->family == AF_INET6 ? vtcp_address_ipv6(a->ip) : vtcp_address_ipv4(a->ip);
}

static enum packet_verdict read_segment(const uint8_t *p, const struct header *h, struct packet *out) {
  const uint8_t *tcp = p + h->at;
  uint32_t len = h->end - h->at;
  uint64_t pseudo = h->src.family == AF_INET6 ? vtcp_checksum_ipv6(h->src.ip, h->dst.ip, len)
                                              : vtcp_checksum_ipv4(h->src.ip, h->dst.ip, len);
  if (!vtcp_checksum_ok(pseudo, tcp, len)) return PACKET_BAD_CHECKSUM;
  if (vtcp_segment_parse(tcp, len, &out->segment) != VTCP_PARSE_OK) return PACKET_MALFORMED;
  out->src = h->src;
  out->dst = h->dst;
  out->src.port = out->segment.src_port;
  out->dst.port = out->segment.dst_port;
  return out->src.port == 0 || out->dst.port == 0 ? PACKET_MALFORMED : PACKET_SEGMENT;
}

/* What an ICMP message says about a TCP segment. */
static enum packet_verdict icmp_kind(bool v6, uint8_t type, uint8_t code) {
  static const enum packet_verdict verdicts[] = {[VTCP_ICMP_NONE] = PACKET_OTHER,
                                                 [VTCP_ICMP_SOFT] = PACKET_SOFT_ERROR,
                                                 [VTCP_ICMP_HARD] = PACKET_HARD_ERROR,
                                                 [VTCP_ICMP_TOO_BIG] = PACKET_TOO_BIG};
  return verdicts[v6 ? vtcp_icmp_ipv6(type, code) : vtcp_icmp_ipv4(type, code)];
}

/* The largest MTU in use below the size of a packet that was too big (RFC 1191 s7.1). */
static uint32_t plateau(uint32_t size) {
  static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};
  for (size_t i = 0; i < sizeof plateaus / sizeof *plateaus; i++)
    if (plateaus[i] < size) return plateaus[i];
  return 68;
}

static enum packet_verdict read_icmp(const uint8_t *p, const struct header *h, struct packet *out) {
  const uint8_t *icmp = p + h->at;
  uint32_t len = h->end - h->at;
  bool v6 = h->protocol == ICMPV6;
  uint64_t pseudo = v6 ? vtcp_checksum_ipv6(h->src.ip, h->dst.ip, len) - TCP + ICMPV6 : 0;
  if (!vtcp_checksum_ok(pseudo, icmp, len)) return PACKET_BAD_CHECKSUM;
  if (len < ICMP_HEADER) return PACKET_MALFORMED;
  enum packet_verdict kind = icmp_kind(v6, icmp[0], icmp[1]);
  const uint8_t *quoted = icmp + ICMP_HEADER;
  struct header q;
  if (kind == PACKET_OTHER) return PACKET_OTHER;
  if (!read_header(quoted, len - ICMP_HEADER, &q) || q.src.family != h->src.family) return PACKET_MALFORMED;
  if (q.protocol != TCP || q.fragment) return PACKET_OTHER;
  if (len - ICMP_HEADER - q.at < QUOTED_MIN || q.end - q.at < QUOTED_MIN) return PACKET_MALFORMED;
  out->src = q.src;
  out->dst = q.dst;
  out->src.port = (uint16_t)get16(quoted + q.at);
  out->dst.port = (uint16_t)get16(quoted + q.at + 2);
  out->seq = get32(quoted + q.at + 4);
  out->mtu = v6 ? get32(icmp + 4) : get16(icmp + 6);
  if (!v6 && out->mtu == 0) out->mtu = plateau(q.end);
  return kind;
}

enum packet_verdict packet_decode(const uint8_t *octets, uint32_t len, struct packet *out) {
  struct header h;
  if (!read_header(octets, len, &h) || h.end > len) return PACKET_MALFORMED;
  bool v6 = h.src.family == AF_INET6;
  if (!v6 && !vtcp_checksum_ok(0, octets, h.at)) return PACKET_BAD_CHECKSUM;
  if (!packet_unicast(&h.src) || !packet_unicast(&h.dst)) return PACKET_OTHER;

  if (h.fragment) return PACKET_FRAGMENT;
  if (h.protocol == TCP) return read_segment(octets, &h, out);
  return h.protocol == (v6 ? ICMPV6 : ICMPV4) ? read_icmp(octets, &h, out) : PACKET_OTHER;
}

/* RFC 791 s3.1; a packet that is not to be fragmented needs no identification (RFC 6864 s4.1). */
static void put_ipv4(uint8_t *p, const struct udp_address *src, const struct udp_address *dst, uint32_t len) {
  memset(p, 0, IPV4_HEADER);
  p[0] = 0x45;
  put16(p + 2, IPV4_HEADER + len);
  p[6] = 0x40; /* don't fragment */
  p[8] = HOPS;
  p[9] = TCP;
  memcpy(p + 12, src->ip, 4);
  memcpy(p + 16, dst->ip, 4);
  put16(p + 10, 65535u - vtcp_checksum_fold(vtcp_checksum_add(0, p, IPV4_HEADER)));
}

/* RFC 8200 s3. */
static void put_ipv6(uint8_t *p, const struct udp_address *src, const struct udp_address *dst, uint32_t len) {
  memset(p, 0, IPV6_HEADER);
  p[0] = 0x60;
  put16(p + 4, len);
  p[6] = TCP;
  p[7] = HOPS;
  memcpy(p + 8, src->ip, 16);
  memcpy(p + 24, dst->ip, 16);
}

void packet_service(uint8_t *packet, uint8_t hops, uint8_t traffic_class) {
  bool v6 = packet[0] / 16u == 6u;
  if (hops != 0) packet[v6 ? 7 : 8] = hops;
  if (v6) {
    packet[0] = (uint8_t)(0x60u + traffic_class / 16u);
    packet[1] = (uint8_t)(traffic_class % 16u * 16u + packet[1] % 16u);
    return;
  }
  packet[1] = traffic_class;
  put16(packet + 10, 0);
  put16(packet + 10, 65535u - vtcp_checksum_fold(vtcp_checksum_add(0, packet, IPV4_HEADER)));
}

uint32_t packet_encode(const struct udp_address *src, const struct udp_address *dst, const struct vtcp_segment *s,
                       uint8_t *out, uint32_t cap) {
  bool v6 = src->family == AF_INET6;
  uint32_t header = packet_header(src->family), most = v6 ? PACKET_MAX : IP_PAYLOAD_MAX;
  if (cap < header) return 0;
  uint32_t len = framing_segment(src, dst, s, out + header, (cap < most ? cap : most) - header);
  if (len == 0) return 0;
  if (v6)
    put_ipv6(out, src, dst, len);
  else
    put_ipv4(out, src, dst, len);
  return header + len;
}
