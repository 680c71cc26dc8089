/*
 * TCP segments as IPv4 and IPv6 packets (RFC 791, RFC 8200), and the ICMP errors about such packets (RFC 792, RFC 1191,
 * RFC 4443).
 */
#ifndef HARNESS_PACKET_H
#define HARNESS_PACKET_H

#include "udp.h"
#include "vtcp.h"

#define PACKET_MAX 65575u /* octets: an IPv6 header and the longest payload */

enum packet_verdict {
  PACKET_SEGMENT = 0,
  PACKET_SOFT_ERROR = 1, /* ICMP, as RFC 9293 s3.9.2.2 tells soft from hard */
  PACKET_HARD_ERROR = 2,
  PACKET_TOO_BIG = 3,      /* ICMP: fragmentation needed, packet too big */
  PACKET_FRAGMENT = 4,     /* one of several: nothing here puts them together */
  PACKET_BAD_CHECKSUM = 5, /* of the IPv4 header, the segment or the ICMP message */
  PACKET_MALFORMED = 6,
  PACKET_OTHER = 7 /* another protocol or ICMP message, or not from and to one host each (MUST-57, MUST-63) */
};

struct packet {
  struct udp_address src, dst; /* with TCP's ports; of an ICMP error: of the packet that it quotes */
  struct vtcp_segment segment; /* PACKET_SEGMENT; its text lies in the packet */
  uint32_t seq;                /* an ICMP error: SEG.SEQ of the quoted segment */
  uint32_t mtu;                /* PACKET_TOO_BIG: of the next hop, guessed as RFC 1191 s7.1 says if the ICMP has none */
};

/*
 * Reads any octets. *out has a meaning with the first four verdicts only. Padding after the packet is ignored, and so
 * are IPv4 options and IPv6 hop-by-hop and destination options.
 */
enum packet_verdict packet_decode(const uint8_t *octets, uint32_t len, struct packet *out);

/*
 * The segment as a packet, checksums and all, not to be fragmented. The ports are the segment's. Returns its length; 0:
 * it does not fit into cap octets or into an IP packet.
 */
uint32_t packet_encode(const struct udp_address *src, const struct udp_address *dst, const struct vtcp_segment *s,
                       uint8_t *out, uint32_t cap);

/*
 * Sets hop limit and traffic class (Diffserv field and ECN) of a packet without IP options. hops 0: as it is.
 * Source: RFC 9293 s3.9.1.9, s3.9.2, MUST-48, MUST-49.
 */
void packet_service(uint8_t *packet, uint8_t hops, uint8_t traffic_class);

/* An address that one host can have, and no group of hosts (MUST-46, MUST-57, MUST-63). */
bool packet_unicast(const struct udp_address *a);

/* Octets of an IP header without options. */
uint32_t packet_header(int family);

#endif
