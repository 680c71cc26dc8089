#include "wire/segment.h"

#include <stddef.h>

#include "wire/octets.h"
#include "wire/options.h"

/*@ requires readable: \valid_read(p + (0 .. 19));
    requires valid: \valid(out);
    requires apart: \separated(out, p + (0 .. 19));
    terminates \true;
    exits never: \false;
    assigns out->src_port, out->dst_port, out->seq, out->ack, out->flags, out->wnd, out->urg;
    ensures fixed: seg_fixed(p, out);
    ensures sayable: out->flags <= 255;
    ensures options: seg_options(out) == \old(seg_options(out));
*/
static void get_fixed(const uint8_t *p, struct vtcp_segment *out) {
  out->src_port = vtcp_octets_get16(p, 0);
  out->dst_port = vtcp_octets_get16(p, 2);
  out->seq = vtcp_octets_get32(p, 4);
  out->ack = vtcp_octets_get32(p, 8);
  out->flags = p[13];
  out->wnd = vtcp_octets_get16(p, 14);
  out->urg = vtcp_octets_get16(p, 18);
  //@ assert mss: out->mss == \at(out->mss, Pre) && out->wscale == \at(out->wscale, Pre);
  //@ assert ts: out->tsval == \at(out->tsval, Pre) && out->tsecr == \at(out->tsecr, Pre);
  //@ assert left_0: out->sack_left[0] == \at(out->sack_left[0], Pre);
  //@ assert left_1: out->sack_left[1] == \at(out->sack_left[1], Pre);
  //@ assert left_2: out->sack_left[2] == \at(out->sack_left[2], Pre);
  //@ assert left_3: out->sack_left[3] == \at(out->sack_left[3], Pre);
  //@ assert right_0: out->sack_right[0] == \at(out->sack_right[0], Pre);
  //@ assert right_1: out->sack_right[1] == \at(out->sack_right[1], Pre);
  //@ assert right_2: out->sack_right[2] == \at(out->sack_right[2], Pre);
  //@ assert right_3: out->sack_right[3] == \at(out->sack_right[3], Pre);
  //@ assert count: out->sack_count == \at(out->sack_count, Pre);
  //@ assert sack: seg_sack(out) == \at(seg_sack(out), Pre);
}

enum vtcp_parse_status vtcp_segment_parse(const uint8_t *data, uint32_t len, struct vtcp_segment *out) {
  if (len < 20u) return VTCP_PARSE_BAD_HEADER;
  uint32_t n = data[12] / 16u * 4u;
  if (n < 20u || n > len) return VTCP_PARSE_BAD_HEADER;
  //@ assert header: !seg_bad_header(data, len) && n == seg_data_offset(data);
  out->text = data + n;
  out->text_len = len - n;
  out->more = NULL;
  out->more_len = 0;
  bool ok = vtcp_options_parse(data, n, out);
  get_fixed(data, out);
  if (!ok) { return VTCP_PARSE_BAD_OPTION; }
  return VTCP_PARSE_OK;
}

/* Octets 0 to 11. */
/*@ requires readable: \valid_read(s);
    requires valid: \valid(buf + (0 .. 11));
    terminates \true;
    exits never: \false;
    assigns buf[0 .. 11];
    ensures ports: be16(buf, 0) == s->src_port && be16(buf, 2) == s->dst_port;
    ensures seq: be32(buf, 4) == s->seq;
    ensures ack: be32(buf, 8) == s->ack;
*/
static void put_numbers(const struct vtcp_segment *s, uint8_t *buf) {
  vtcp_octets_put32(buf, 8, s->ack);
  vtcp_octets_put32(buf, 4, s->seq);
  //@ assert ack: be32(buf, 8) == s->ack;
  vtcp_octets_put16(buf, 2, s->dst_port);
  vtcp_octets_put16(buf, 0, s->src_port);
}

/* Octets 12 to 19. */
/*@ requires readable: \valid_read(s);
    requires sayable: s->flags <= 255;
    requires range: 20 <= n <= VTCP_HEADER_MAX && n % 4 == 0;
    requires valid: \valid(buf + (12 .. 19));
    terminates \true;
    exits never: \false;
    assigns buf[12 .. 19];
    ensures offset: seg_data_offset(buf) == n;
    ensures flags: buf[13] == s->flags;
    ensures wnd: be16(buf, 14) == s->wnd;
    ensures checksum: be16(buf, 16) == 0;
    ensures urg: be16(buf, 18) == s->urg;
*/
static void put_rest(const struct vtcp_segment *s, uint8_t *buf, uint32_t n) {
  vtcp_octets_put16(buf, 18, s->urg);
  vtcp_octets_put16(buf, 16, 0);
  vtcp_octets_put16(buf, 14, s->wnd);
  buf[12] = (uint8_t)(n * 4u);
  buf[13] = (uint8_t)s->flags;
  //@ assert offset: buf[12] == n * 4;
}

/*@ requires readable: \valid_read(s);
    requires sayable: seg_sayable(s);
    requires range: n == seg_header_len(s) && 20 <= n <= VTCP_HEADER_MAX && n % 4 == 0;
    requires valid: \valid(buf + (0 .. n - 1));
    requires apart: \separated(s, buf + (0 .. n - 1));
    terminates \true;
    exits never: \false;
    assigns buf[0 .. n - 1];
    ensures fixed: seg_fixed(buf, s);
    ensures checksum: be16(buf, 16) == 0;
    ensures offset: seg_data_offset(buf) == n;
    ensures options: seg_reads(buf, 20, n, opt_none, seg_options(s));
*/
static void put_header(const struct vtcp_segment *s, uint8_t *buf, uint32_t n) {
  put_rest(s, buf, n);
  put_numbers(s, buf);
  //@ assert fixed: seg_fixed(buf, s);
  vtcp_options_emit(s, buf);
}

uint32_t vtcp_segment_emit(const struct vtcp_segment *s, uint8_t *buf, uint32_t cap) {
  if (s->flags > 255u || s->sack_count > VTCP_SACK_MAX || (s->has_wscale && s->wscale > 14u)) return 0;
  uint32_t n = vtcp_options_end(s);
  if (n > VTCP_HEADER_MAX || n > cap) return 0;
  put_header(s, buf, n);
  return n;
}
