/* What is emitted is parsed back, and its checksum verifies: statements in C, proved and never run. */
#include "wire/checksum.h"
#include "wire/segment.h"

/* Memory always is a stream. */
/*@ requires readable: \valid_read(p + (0 .. n - 1));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures stream: \exists octets b; octets_are(p, 0, n, b);
*/
static void lemma_stream(const uint8_t *p, uint32_t n) {
  (void)p;
  //@ assert none: octets_are(p, 0, 0, octets_zeros);
  /*@ loop invariant range: 0 <= i <= n;
      loop invariant stream: \exists octets b; octets_are(p, 0, i, b);
      loop assigns i;
      loop variant n - i; */
  for (uint32_t i = 0; i < n; i++) {
    /*@ assert one_more: \forall octets b; octets_are(p, 0, i, b) ==>
          octets_are(p, 0, i + 1, octets_set(b, i, p[i])); */
  }
}

/* Equal as values is equal field by field. */
/*@ requires readable: \valid_read(s) && \valid_read(o);
    requires sayable: s->sack_count <= VTCP_SACK_MAX && seg_sayable(o);
    requires equal: seg_options(s) == seg_options(o);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures mss: seg_same_mss(s, o);
    ensures wscale: seg_same_wscale(s, o);
    ensures ts: seg_same_ts(s, o);
    ensures sack: seg_same_sack(s, o);
*/
static void lemma_fields(const struct vtcp_segment *s, const struct vtcp_segment *o) {
  (void)s;
  (void)o;
  //@ assert sacks: seg_sack(s) == seg_sack(o);
  //@ assert count: s->sack_count == o->sack_count;
}

/* T2: parse(emit(s)) = s, whatever text follows the header. */
/*@ requires readable: \valid_read(s);
    requires valid: \valid(buf + (0 .. cap - 1)) && \valid(out);
    requires apart: \separated(s, buf + (0 .. cap - 1)) && \separated(out, buf + (0 .. cap - 1)) && \separated(s, out);
    requires fits: seg_fits(s, cap) && seg_header_len(s) + text_len <= cap;
    terminates \true;
    exits never: \false;
    assigns buf[0 .. cap - 1], *out;
    ensures ok: \result == VTCP_PARSE_OK;
    ensures fixed: seg_same_fixed(s, out);
    ensures mss: seg_same_mss(s, out);
    ensures wscale: seg_same_wscale(s, out);
    ensures ts: seg_same_ts(s, out);
    ensures sack: seg_same_sack(s, out);
    ensures text: out->text == buf + seg_header_len(s) && out->text_len == text_len && out->more_len == 0;
*/
enum vtcp_parse_status roundtrip_segment(const struct vtcp_segment *s, uint8_t *buf, uint32_t cap, uint32_t text_len,
                                         struct vtcp_segment *out) {
  //@ assert sayable: s->sack_count <= VTCP_SACK_MAX;
  uint32_t n = vtcp_segment_emit(s, buf, cap);
  lemma_stream(buf, n);
  //@ assert sub: \forall octets b; octets_are(buf, 0, n, b) ==> octets_are(buf, 20, n, b);
  //@ assert stream: \exists octets b; octets_are(buf, 20, n, b);
  //@ assert emitted: \exists octets b; octets_are(buf, 20, n, b) && opt_walk(b, 20, n, opt_none) == seg_options(s);
  //@ assert not_refused: !seg_refuses(buf, 20, n, opt_none);
  enum vtcp_parse_status r = vtcp_segment_parse(buf, n + text_len, out);
  //@ assert kept_ports: s->src_port == \at(s->src_port, Pre) && s->dst_port == \at(s->dst_port, Pre);
  //@ assert kept_numbers: s->seq == \at(s->seq, Pre) && s->ack == \at(s->ack, Pre);
  //@ assert kept_rest: s->flags == \at(s->flags, Pre) && s->wnd == \at(s->wnd, Pre) && s->urg == \at(s->urg, Pre);
  //@ assert kept_mss: s->has_mss == \at(s->has_mss, Pre) && s->mss == \at(s->mss, Pre);
  //@ assert kept_wscale: s->has_wscale == \at(s->has_wscale, Pre) && s->wscale == \at(s->wscale, Pre);
  //@ assert kept_ts: s->has_ts == \at(s->has_ts, Pre) && s->tsval == \at(s->tsval, Pre);
  //@ assert kept_tsecr: s->tsecr == \at(s->tsecr, Pre) && s->sack_permitted == \at(s->sack_permitted, Pre);
  //@ assert kept_count: s->sack_count == \at(s->sack_count, Pre);
  //@ assert kept_block_0: s->sack_left[0] == \at(s->sack_left[0], Pre) && s->sack_right[0] == \at(s->sack_right[0], Pre);
  //@ assert kept_block_1: s->sack_left[1] == \at(s->sack_left[1], Pre) && s->sack_right[1] == \at(s->sack_right[1], Pre);
  //@ assert kept_block_2: s->sack_left[2] == \at(s->sack_left[2], Pre) && s->sack_right[2] == \at(s->sack_right[2], Pre);
  //@ assert kept_block_3: s->sack_left[3] == \at(s->sack_left[3], Pre) && s->sack_right[3] == \at(s->sack_right[3], Pre);
  //@ assert kept: seg_options(s) == \at(seg_options(s), Pre);
  //@ assert ok: r == VTCP_PARSE_OK;
  //@ assert ours: s->sack_count <= VTCP_SACK_MAX;
  //@ assert theirs: seg_sayable(out);
  //@ assert options: seg_options(out) == seg_options(s);
  lemma_fields(s, out);
  return r;
}

/* T2: a segment whose checksum was filled in verifies. */
/*@ requires pseudo: pseudo <= 0x1000000;
    requires len: 20 <= len;
    requires valid: \valid(segment + (0 .. len - 1));
    terminates \true;
    exits never: \false;
    assigns segment[16 .. 17];
    ensures verifies: \result != 0;
*/
bool roundtrip_checksum(uint64_t pseudo, uint8_t *segment, uint32_t len) {
  vtcp_checksum_put(pseudo, segment, len);
  lemma_stream(segment, len);
  return vtcp_checksum_ok(pseudo, segment, len);
}
