/* TCP segments: octets <-> values (RFC 9293 s3.1, s3.2; RFC 7323 s2, s3; RFC 2018 s2, s3). */
#ifndef VTCP_WIRE_SEGMENT_H
#define VTCP_WIRE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

/* Control bits, as they stand in octet 13 of the header (RFC 9293 s3.1). */
#define VTCP_FIN 1u
#define VTCP_SYN 2u
#define VTCP_RST 4u
#define VTCP_PSH 8u
#define VTCP_ACK 16u
#define VTCP_URG 32u
#define VTCP_ECE 64u
#define VTCP_CWR 128u

#define VTCP_HEADER_MAX 60u
#define VTCP_SACK_MAX 4u

/*
 * A segment: its header as values in host byte order, its text as at most two slices that belong to
 * somebody else (the datagram it was parsed from, or the send ring it leaves from).
 * No uint8_t members: the proofs' memory model separates by C type, so a store here never touches octets.
 */
struct vtcp_segment {
  uint16_t src_port, dst_port;
  uint32_t seq, ack;
  uint16_t flags; /* sum of the control bits above, at most 255 */
  uint16_t wnd;   /* as on the wire, not scaled */
  uint16_t urg;
  bool has_mss;
  uint16_t mss;
  bool has_wscale;
  uint16_t wscale; /* at most 14 (RFC 7323 s2.3) */
  bool sack_permitted;
  bool has_ts;
  uint32_t tsval, tsecr;
  uint16_t sack_count; /* at most VTCP_SACK_MAX */
  uint32_t sack_left[4], sack_right[4];
  const uint8_t *text; /* first slice of the segment text */
  uint32_t text_len;
  const uint8_t *more; /* second slice: only vtcp_output makes one, when the send ring wraps */
  uint32_t more_len;
};

enum vtcp_parse_status { VTCP_PARSE_OK = 0, VTCP_PARSE_BAD_HEADER = 1, VTCP_PARSE_BAD_OPTION = 2 };

enum vtcp_parse_status vtcp_segment_parse(const uint8_t *octets, uint32_t len, struct vtcp_segment *out);

/* Writes the header only (checksum field 0); returns its length, 0 when it does not fit. */
uint32_t vtcp_segment_emit(const struct vtcp_segment *s, uint8_t *buf, uint32_t cap);

#endif
