/* TCP options (RFC 9293 s3.2; RFC 7323 s2.2, s3.2; RFC 2018 s2, s3), for segment.c. */
#ifndef VTCP_WIRE_OPTIONS_H
#define VTCP_WIRE_OPTIONS_H

#include "wire/segment.h"

/* Reads the option list p[20 .. n - 1]; false when an option has an illegal length (MUST-7). */
/*@ requires range: 20 <= n <= VTCP_HEADER_MAX;
    requires readable: \valid_read(p + (0 .. n - 1));
    requires valid: \valid(out);
    requires apart: \separated(out, p + (0 .. n - 1));
    terminates \true;
    exits never: \false;
    assigns out->has_mss, out->mss, out->has_wscale, out->wscale, out->sack_permitted, out->has_ts, out->tsval,
      out->tsecr, out->sack_count, out->sack_left[0 .. 3], out->sack_right[0 .. 3];
    ensures sayable: out->sack_count <= VTCP_SACK_MAX && out->wscale <= 14;
    ensures read: \result != 0 ==> seg_reads(p, 20, n, opt_none, seg_options(out));
    ensures MUST_7_refused: \result == 0 ==> seg_refuses(p, 20, n, opt_none);
*/
bool vtcp_options_parse(const uint8_t *p, uint32_t n, struct vtcp_segment *out);

/* Octets the header of s takes with its options. */
/*@ requires readable: \valid_read(s);
    requires sayable: s->sack_count <= VTCP_SACK_MAX;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures len: \result == seg_header_len(s);
    ensures words: \result % 4 == 0;
    ensures bounds: 20 <= \result <= 76;
*/
uint32_t vtcp_options_end(const struct vtcp_segment *s);

/* Writes the options of s from buf[20] on, whole ones up to the end of the header: no End of Option List (MUST-69). */
/*@ requires readable: \valid_read(s);
    requires sayable: seg_sayable(s);
    requires fits: seg_header_len(s) <= VTCP_HEADER_MAX;
    requires valid: \valid(buf + (0 .. seg_header_len(s) - 1));
    requires apart: \separated(s, buf + (0 .. seg_header_len(s) - 1));
    terminates \true;
    exits never: \false;
    assigns buf[20 .. seg_header_len(s) - 1];
    ensures reads: seg_reads(buf, 20, seg_header_len(s), opt_none, seg_options(s));
    ensures MUST_69_no_end: seg_says(buf, 20, seg_header_len(s), opt_none, seg_options(s));
*/
void vtcp_options_emit(const struct vtcp_segment *s, uint8_t *buf);

#endif
