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

#ifdef __FRAMAC__
#include "segment.acsl"
#endif

/*
 * Reads a segment: header, options and where its text is.
 * Source: RFC 9293 s3.1, s3.2, MUST-4, MUST-6, MUST-7; RFC 7323 s2.2, s2.3, s3.2; RFC 2018 s2, s3.
 * Units: octets; values in host byte order.
 * Ownership: out->text points into data, which must outlive it. The checksum is not looked at.
 * Requires: len octets are readable, out is writable, and they do not overlap.
 * Returns: VTCP_PARSE_OK; VTCP_PARSE_BAD_HEADER when the segment is shorter than its header says, and out is
 *   unchanged; VTCP_PARSE_BAD_OPTION when an option ends beyond the header or before its own length octet, and out
 *   has no meaning. Unknown options, and known ones with the length of another kind, are skipped.
 */
/*@ requires readable: \valid_read(data + (0 .. len - 1));
    requires valid: \valid(out);
    requires apart: \separated(out, data + (0 .. len - 1));
    terminates \true;
    exits never: \false;
    assigns *out;
    ensures status: \result == VTCP_PARSE_OK || \result == VTCP_PARSE_BAD_HEADER ||
      \result == VTCP_PARSE_BAD_OPTION;
    ensures bad_header: \result == VTCP_PARSE_BAD_HEADER <==> seg_bad_header(data, len);
    ensures fixed: \result == VTCP_PARSE_OK ==> seg_fixed(data, out);
    ensures sayable: \result == VTCP_PARSE_OK ==> seg_sayable(out);
    ensures text: \result == VTCP_PARSE_OK ==> out->text == data + seg_data_offset(data) &&
      out->text_len == len - seg_data_offset(data) && out->more == \null && out->more_len == 0;
    ensures MUST_4_options: \result == VTCP_PARSE_OK ==>
      seg_reads(data, 20, seg_data_offset(data), opt_none, seg_options(out));
    ensures MUST_7_bad_option: \result == VTCP_PARSE_BAD_OPTION ==>
      seg_refuses(data, 20, seg_data_offset(data), opt_none);
    behavior unchanged:
      assumes bad_header: seg_bad_header(data, len);
      assigns \nothing;
*/
enum vtcp_parse_status vtcp_segment_parse(const uint8_t *data, uint32_t len, struct vtcp_segment *out);

/*
 * Writes the header of a segment, options included, and not its text; the checksum field is 0.
 * Source: RFC 9293 s3.1, s3.2; RFC 7323 s2.2, s3.2; RFC 2018 s2, s3.
 * Requires: s is readable, cap octets of buf are writable, and they do not overlap.
 * Returns: the length of the header, a multiple of 4; 0, and buf is unchanged, when it takes more than
 *   VTCP_HEADER_MAX or cap octets, or when s has a flag, window scale or SACK count out of range.
 */
/*@ requires readable: \valid_read(s);
    requires valid: \valid(buf + (0 .. cap - 1));
    requires apart: \separated(s, buf + (0 .. cap - 1));
    terminates \true;
    exits never: \false;
    assigns buf[0 .. cap - 1];
    ensures len: seg_fits(s, cap) ==> \result == seg_header_len(s);
    ensures refused: !seg_fits(s, cap) ==> \result == 0;
    ensures rest: \forall integer k; \result <= k < cap ==> buf[k] == \old(buf[k]);
    ensures fixed: \result != 0 ==> seg_fixed(buf, s) && be16(buf, 16) == 0;
    ensures offset: \result != 0 ==> seg_data_offset(buf) == \result;
    ensures MUST_4_options: \result != 0 ==> seg_reads(buf, 20, \result, opt_none, seg_options(s));
*/
uint32_t vtcp_segment_emit(const struct vtcp_segment *s, uint8_t *buf, uint32_t cap);

#endif
