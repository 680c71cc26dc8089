/*
 * TCP segments as UDP payloads.
 *
 * rotated  draft-cheshire-tcp-over-udp: the UDP ports are the TCP ports; the payload is octets 12 to 15 of the TCP
 *          header (data offset, flags, window), sequence number, acknowledgment number, options, text. There is no
 *          TCP checksum (UDP's covers it) and no urgent pointer: URG is 0, so urgent data travels as ordinary data.
 * whole    The whole segment, ports and all. The checksum field is 0 on sending, 0 or right on receiving. With
 *          checksum == true it is filled in, and demanded to be right, over the pseudo-header of the UDP addresses.
 */
#ifndef HARNESS_FRAMING_H
#define HARNESS_FRAMING_H

#include "udp.h"
#include "vtcp.h"

#define FRAMING_ROOM 8u /* free octets that framing_decode wants in front of a datagram */

enum framing_kind { FRAMING_ROTATED = 0, FRAMING_WHOLE = 1 };

struct framing {
  enum framing_kind kind;
  bool checksum;
};

enum framing_verdict { FRAMING_OK = 0, FRAMING_MALFORMED = 1, FRAMING_BAD_CHECKSUM = 2 };

/* Returns the length of the payload; 0: it does not fit. */
uint32_t framing_encode(const struct framing *f, const struct udp_address *src, const struct udp_address *dst,
                        const struct vtcp_segment *s, uint8_t *out, uint32_t cap);

/* The datagram is store[FRAMING_ROOM .. FRAMING_ROOM + len - 1]; the segment's text stays in store. */
enum framing_verdict framing_decode(const struct framing *f, const struct udp_address *src,
                                    const struct udp_address *dst, uint8_t *store, uint32_t len,
                                    struct vtcp_segment *out);

/* A whole TCP segment with its checksum, for captures and for framing whole; 0: it does not fit. */
uint32_t framing_segment(const struct udp_address *src, const struct udp_address *dst, const struct vtcp_segment *s,
                         uint8_t *out, uint32_t cap);

/* Largest text that fits a datagram on a path with an MTU of 1500 octets. */
uint16_t framing_mss(const struct framing *f, int family);

#endif
