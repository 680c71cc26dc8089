#include "wire/options.h"

#include "wire/octets.h"

/* Option kinds. */
#define OPT_EOL 0u
#define OPT_NOP 1u
#define OPT_MSS 2u
#define OPT_WSCALE 3u
#define OPT_SACK_PERMITTED 4u
#define OPT_SACK 5u
#define OPT_TS 8u

#define WSCALE_MAX 14u /* RFC 7323 s2.3 */

/* c SACK blocks at i. */
/*@ requires count: 1 <= c <= VTCP_SACK_MAX;
    requires range: i <= VTCP_HEADER_MAX + 2;
    requires readable: \valid_read(p + (i .. i + 8 * c - 1));
    requires valid: \valid(out);
    requires apart: \separated(out, p + (i .. i + 8 * c - 1));
    terminates \true;
    exits never: \false;
    assigns out->sack_count, out->sack_left[0 .. 3], out->sack_right[0 .. 3];
    ensures count: out->sack_count == c;
    ensures first: out->sack_left[0] == be32(p, i) && out->sack_right[0] == be32(p, i + 4);
    ensures second: c > 1 ==> out->sack_left[1] == be32(p, i + 8) && out->sack_right[1] == be32(p, i + 12);
    ensures third: c > 2 ==> out->sack_left[2] == be32(p, i + 16) && out->sack_right[2] == be32(p, i + 20);
    ensures fourth: c > 3 ==> out->sack_left[3] == be32(p, i + 24) && out->sack_right[3] == be32(p, i + 28);
*/
static void read_blocks(const uint8_t *p, uint32_t i, uint16_t c, struct vtcp_segment *out) {
  out->sack_count = c;
  out->sack_left[0] = vtcp_octets_get32(p, i);
  out->sack_right[0] = vtcp_octets_get32(p, i + 4u);
  if (c < 2u) return;
  out->sack_left[1] = vtcp_octets_get32(p, i + 8u);
  out->sack_right[1] = vtcp_octets_get32(p, i + 12u);
  if (c < 3u) return;
  out->sack_left[2] = vtcp_octets_get32(p, i + 16u);
  out->sack_right[2] = vtcp_octets_get32(p, i + 20u);
  if (c < 4u) return;
  out->sack_left[3] = vtcp_octets_get32(p, i + 24u);
  out->sack_right[3] = vtcp_octets_get32(p, i + 28u);
}

/*@ requires count: 1 <= c <= VTCP_SACK_MAX;
    requires range: i <= VTCP_HEADER_MAX + 2;
    requires readable: \valid_read(p + (i .. i + 8 * c - 1));
    requires valid: \valid(out);
    requires apart: \separated(out, p + (i .. i + 8 * c - 1));
    terminates \true;
    exits never: \false;
    assigns out->sack_count, out->sack_left[0 .. 3], out->sack_right[0 .. 3];
    ensures count: out->sack_count == c;
    ensures blocks: \forall octets b; octets_are(p, i, i + 8 * c, b) ==> seg_sack(out) == opt_sack_at(b, i, c);
*/
static void get_blocks(const uint8_t *p, uint32_t i, uint16_t c, struct vtcp_segment *out) {
  read_blocks(p, i, c, out);
  /*@ assert first_value: \forall octets b; octets_are(p, i, i + 8 * c, b) ==>
        out->sack_left[0] == octets_be32(b, i) && out->sack_right[0] == octets_be32(b, i + 4); */
  /*@ assert second_value: c > 1 ==> \forall octets b; octets_are(p, i, i + 8 * c, b) ==>
        out->sack_left[1] == octets_be32(b, i + 8) && out->sack_right[1] == octets_be32(b, i + 12); */
  /*@ assert third_value: c > 2 ==> \forall octets b; octets_are(p, i, i + 8 * c, b) ==>
        out->sack_left[2] == octets_be32(b, i + 16) && out->sack_right[2] == octets_be32(b, i + 20); */
  /*@ assert fourth_value: c > 3 ==> \forall octets b; octets_are(p, i, i + 8 * c, b) ==>
        out->sack_left[3] == octets_be32(b, i + 24) && out->sack_right[3] == octets_be32(b, i + 28); */
}

/* Kind 5 (RFC 2018 s3): lengths that are not those of 1 to 4 blocks are skipped. */
/*@ requires kind: p[i] == OPT_SACK;
    requires range: i <= VTCP_HEADER_MAX && 2 <= l <= 255;
    requires readable: \valid_read(p + (i .. i + l - 1));
    requires valid: \valid(out);
    requires apart: \separated(out, p + (i .. i + l - 1));
    requires sayable: out->sack_count <= VTCP_SACK_MAX;
    terminates \true;
    exits never: \false;
    assigns out->sack_count, out->sack_left[0 .. 3], out->sack_right[0 .. 3];
    ensures sayable: out->sack_count <= VTCP_SACK_MAX;
    ensures step: seg_steps(p, i, l, \old(seg_options(out)), seg_options(out));
*/
static void get_sack(const uint8_t *p, uint32_t i, uint32_t l, struct vtcp_segment *out) {
  if (l != 10u && l != 18u && l != 26u && l != 34u) {
    //@ assert skipped: \forall opt_list o; seg_steps(p, i, l, o, o);
    return;
  }
  uint16_t c = (uint16_t)((l - 2u) / 8u);
  get_blocks(p, i + 2u, c, out);
  /*@ assert kind: \forall octets b, opt_list o; octets_are(p, i, i + l, b) ==>
        opt_step(b, i, l, o) == opt_set_sack(o, opt_sack_at(b, i + 2, c)); */
  /*@ assert blocks: \forall octets b; octets_are(p, i, i + l, b) ==> seg_sack(out) == opt_sack_at(b, i + 2, c); */
  //@ assert step: \forall opt_list o; seg_steps(p, i, l, o, opt_set_sack(o, seg_sack(out)));
  //@ assert set: seg_options(out) == opt_set_sack(\at(seg_options(out), Pre), seg_sack(out));
}

/* Kind 8 (RFC 7323 s3.2). */
/*@ requires kind: p[i] == OPT_TS;
    requires range: i <= VTCP_HEADER_MAX && 2 <= l <= 255;
    requires readable: \valid_read(p + (i .. i + l - 1));
    requires valid: \valid(out);
    requires apart: \separated(out, p + (i .. i + l - 1));
    terminates \true;
    exits never: \false;
    assigns out->has_ts, out->tsval, out->tsecr;
    ensures step: seg_steps(p, i, l, \old(seg_options(out)), seg_options(out));
*/
static void get_ts(const uint8_t *p, uint32_t i, uint32_t l, struct vtcp_segment *out) {
  if (l != 10u) {
    //@ assert skipped: \forall opt_list o; seg_steps(p, i, l, o, o);
    return;
  }
  out->has_ts = true;
  out->tsval = vtcp_octets_get32(p, i + 2u);
  out->tsecr = vtcp_octets_get32(p, i + 6u);
  //@ assert step: \forall opt_list o; seg_steps(p, i, l, o, opt_set_ts(o, out->tsval, out->tsecr));
  //@ assert set: seg_options(out) == opt_set_ts(\at(seg_options(out), Pre), out->tsval, out->tsecr);
}

/* Kinds 2, 3 and 4 (RFC 9293 s3.2; RFC 7323 s2.2; RFC 2018 s2), and unknown ones. */
/*@ requires kind: p[i] != OPT_SACK && p[i] != OPT_TS;
    requires range: i <= VTCP_HEADER_MAX && 2 <= l <= 255;
    requires readable: \valid_read(p + (i .. i + l - 1));
    requires valid: \valid(out);
    requires apart: \separated(out, p + (i .. i + l - 1));
    requires sayable: out->wscale <= WSCALE_MAX;
    terminates \true;
    exits never: \false;
    assigns out->has_mss, out->mss, out->has_wscale, out->wscale, out->sack_permitted;
    ensures sayable: out->wscale <= WSCALE_MAX;
    ensures step: seg_steps(p, i, l, \old(seg_options(out)), seg_options(out));
*/
static void get_syn(const uint8_t *p, uint32_t i, uint32_t l, struct vtcp_segment *out) {
  if (p[i] == OPT_MSS && l == 4u) {
    out->has_mss = true;
    out->mss = vtcp_octets_get16(p, i + 2u);
    //@ assert mss_step: \forall opt_list o; seg_steps(p, i, l, o, opt_set_mss(o, out->mss));
    //@ assert mss_set: seg_options(out) == opt_set_mss(\at(seg_options(out), Pre), out->mss);
  } else if (p[i] == OPT_WSCALE && l == 3u) {
    out->has_wscale = true;
    out->wscale = p[i + 2u] > WSCALE_MAX ? WSCALE_MAX : p[i + 2u];
    //@ assert wscale_step: \forall opt_list o; seg_steps(p, i, l, o, opt_set_wscale(o, out->wscale));
    //@ assert wscale_set: seg_options(out) == opt_set_wscale(\at(seg_options(out), Pre), out->wscale);
  } else if (p[i] == OPT_SACK_PERMITTED && l == 2u) {
    out->sack_permitted = true;
    //@ assert permitted_step: \forall opt_list o; seg_steps(p, i, l, o, opt_set_sack_permitted(o));
    //@ assert permitted_set: seg_options(out) == opt_set_sack_permitted(\at(seg_options(out), Pre));
  } else {
    //@ assert skipped: \forall opt_list o; seg_steps(p, i, l, o, o);
  }
}

/* The option at i, of any kind but EOL and NOP. */
/*@ requires range: i <= VTCP_HEADER_MAX && 2 <= l <= 255;
    requires readable: \valid_read(p + (i .. i + l - 1));
    requires valid: \valid(out);
    requires apart: \separated(out, p + (i .. i + l - 1));
    requires sayable: out->sack_count <= VTCP_SACK_MAX && out->wscale <= WSCALE_MAX;
    terminates \true;
    exits never: \false;
    assigns out->has_mss, out->mss, out->has_wscale, out->wscale, out->sack_permitted, out->has_ts, out->tsval,
      out->tsecr, out->sack_count, out->sack_left[0 .. 3], out->sack_right[0 .. 3];
    ensures sayable: out->sack_count <= VTCP_SACK_MAX && out->wscale <= WSCALE_MAX;
    ensures step: seg_steps(p, i, l, \old(seg_options(out)), seg_options(out));
*/
static void get_option(const uint8_t *p, uint32_t i, uint32_t l, struct vtcp_segment *out) {
  if (p[i] == OPT_TS)
    get_ts(p, i, l, out);
  else if (p[i] == OPT_SACK)
    get_sack(p, i, l, out);
  else
    get_syn(p, i, l, out);
}

/* Length of the option at i, 1 for EOL and NOP; 0 when it is illegal. */
/*@ requires range: 20 <= i < n <= VTCP_HEADER_MAX;
    requires readable: \valid_read(p + (i .. n - 1));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures bounds: \result <= n - i;
    ensures bad: \result == 0 ==> \forall opt_list o; seg_refuses(p, i, n, o);
    ensures short: \result == 1 ==> p[i] <= OPT_NOP;
    ensures eol: p[i] == OPT_EOL ==> \result == 1 && \forall opt_list o; seg_reads(p, i, n, o, o);
    ensures nop: p[i] == OPT_NOP ==> \result == 1 && seg_begins_nop(p, i, n);
    ensures kind: \result > 1 ==> p[i] > OPT_NOP;
    ensures long: \result > 1 ==> seg_begins(p, i, n, \result);
*/
static uint32_t option_len(const uint8_t *p, uint32_t i, uint32_t n) {
  if (p[i] <= OPT_NOP) return 1;
  if (n - i < 2u) return 0;
  uint32_t l = p[i + 1u];
  if (l < 2u || l > n - i) return 0;
  //@ assert here: \forall octets b; octets_are(p, i, n, b) ==> octet_at(b, i) == p[i] && octet_at(b, i + 1) == l;
  //@ assert begins: seg_begins(p, i, n, l);
  return l;
}

/* Reads the option at i, of any kind but EOL; returns its length, 0 when it is illegal. */
/*@ requires range: 20 <= i < n <= VTCP_HEADER_MAX;
    requires kind: p[i] != OPT_EOL;
    requires readable: \valid_read(p + (i .. n - 1));
    requires valid: \valid(out);
    requires apart: \separated(out, p + (i .. n - 1));
    requires sayable: out->sack_count <= VTCP_SACK_MAX && out->wscale <= WSCALE_MAX;
    terminates \true;
    exits never: \false;
    assigns out->has_mss, out->mss, out->has_wscale, out->wscale, out->sack_permitted, out->has_ts, out->tsval,
      out->tsecr, out->sack_count, out->sack_left[0 .. 3], out->sack_right[0 .. 3];
    ensures sayable: out->sack_count <= VTCP_SACK_MAX && out->wscale <= WSCALE_MAX;
    ensures bounds: \result <= n - i;
    ensures refused: \result == 0 ==> \forall opt_list o; seg_refuses(p, i, n, o);
    ensures walk: \result > 0 ==>
      seg_continues(p, i, n, \old(seg_options(out)), i + \result, seg_options(out));
*/
static uint32_t get_next(const uint8_t *p, uint32_t i, uint32_t n, struct vtcp_segment *out) {
  uint32_t l = option_len(p, i, n);
  if (l <= 1u) {
    //@ assert one: l == 1 ==> seg_continues(p, i, n, \at(seg_options(out), Pre), i + 1, seg_options(out));
    return l;
  }
  get_option(p, i, l, out);
  //@ assert sub: \forall octets b; octets_are(p, i, n, b) ==> octets_are(p, i, i + l, b);
  //@ assert walk: seg_continues(p, i, n, \at(seg_options(out), Pre), i + l, seg_options(out));
  return l;
}

/*@ requires valid: \valid(out);
    terminates \true;
    exits never: \false;
    assigns out->has_mss, out->mss, out->has_wscale, out->wscale, out->sack_permitted, out->has_ts, out->tsval,
      out->tsecr, out->sack_count;
    ensures none: seg_options(out) == opt_none;
    ensures zero: out->mss == 0 && out->wscale == 0 && out->tsval == 0 && out->tsecr == 0 && out->sack_count == 0;
*/
static void clear(struct vtcp_segment *out) {
  out->has_mss = false;
  out->mss = 0;
  out->has_wscale = false;
  out->wscale = 0;
  out->sack_permitted = false;
  out->has_ts = false;
  out->tsval = 0;
  out->tsecr = 0;
  out->sack_count = 0;
}

bool vtcp_options_parse(const uint8_t *p, uint32_t n, struct vtcp_segment *out) {
  uint32_t i = 20;
  clear(out);
  /*@ loop invariant range: 20 <= i <= n;
      loop invariant sayable: out->sack_count <= VTCP_SACK_MAX && out->wscale <= WSCALE_MAX;
      loop invariant walk: seg_continues(p, 20, n, opt_none, i, seg_options(out));
      loop assigns i, out->has_mss, out->mss, out->has_wscale, out->wscale, out->sack_permitted, out->has_ts,
        out->tsval, out->tsecr, out->sack_count, out->sack_left[0 .. 3], out->sack_right[0 .. 3];
      loop variant n - i; */
  while (i < n && p[i] != OPT_EOL) {
    //@ assert sub: \forall octets b; octets_are(p, 20, n, b) ==> octets_are(p, i, n, b);
    uint32_t l = get_next(p, i, n, out);
    if (l == 0) return false;
    i += l;
  }
  return true;
}

uint32_t vtcp_options_end(const struct vtcp_segment *s) {
  return 20u + (s->has_mss ? 4u : 0u) + (s->has_wscale ? 4u : 0u) +
         (s->has_ts           ? 12u
          : s->sack_permitted ? 4u
                              : 0u) +
         (s->sack_count > 0 ? 4u + 8u * s->sack_count : 0u);
}

/*@ requires range: 20 <= i <= VTCP_HEADER_MAX;
    requires readable: \valid_read(s);
    requires valid: \valid(buf + (i .. i + seg_len_mss(s) - 1));
    terminates \true;
    exits never: \false;
    assigns buf[i .. i + seg_len_mss(s) - 1];
    ensures next: \result == i + seg_len_mss(s);
    ensures says: \forall opt_list o; seg_says(buf, i, \result, o, seg_set_mss(s, o));
*/
static uint32_t put_mss(const struct vtcp_segment *s, uint8_t *buf, uint32_t i) {
  if (!s->has_mss) return i;
  buf[i] = OPT_MSS;
  buf[i + 1u] = 4;
  vtcp_octets_put16(buf, i + 2u, s->mss);
  /*@ assert step: \forall octets b, opt_list o; octets_are(buf, i, i + 4, b) ==>
        opt_step(b, i, 4, o) == opt_set_mss(o, s->mss); */
  return i + 4u;
}

/*@ requires range: 20 <= i <= VTCP_HEADER_MAX;
    requires readable: \valid_read(s);
    requires sayable: s->has_wscale != 0 ==> s->wscale <= WSCALE_MAX;
    requires valid: \valid(buf + (i .. i + seg_len_wscale(s) - 1));
    terminates \true;
    exits never: \false;
    assigns buf[i .. i + seg_len_wscale(s) - 1];
    ensures next: \result == i + seg_len_wscale(s);
    ensures says: \forall opt_list o; seg_says(buf, i, \result, o, seg_set_wscale(s, o));
*/
static uint32_t put_wscale(const struct vtcp_segment *s, uint8_t *buf, uint32_t i) {
  if (!s->has_wscale) return i;
  vtcp_octets_put4(buf, i, OPT_NOP, OPT_WSCALE, 3, (uint8_t)s->wscale);
  /*@ assert step: \forall octets b, opt_list o; octets_are(buf, i, i + 4, b) ==>
        opt_step(b, i + 1, 3, o) == opt_set_wscale(o, s->wscale); */
  //@ assert nop: \forall opt_list o; seg_says(buf, i, i + 1, o, o);
  return i + 4u;
}

/* Timestamps, with SACK-permitted or two NOPs in front. */
/*@ requires range: 20 <= i <= VTCP_HEADER_MAX;
    requires readable: \valid_read(s);
    requires valid: \valid(buf + (i .. i + 11));
    terminates \true;
    exits never: \false;
    assigns buf[i .. i + 11];
    ensures front: \forall opt_list o; seg_says(buf, i, i + 2, o, seg_set_permitted(s, o));
    ensures ts: \forall opt_list o; seg_says(buf, i + 2, i + 12, o, opt_set_ts(o, s->tsval, s->tsecr));
*/
static void put_ts(const struct vtcp_segment *s, uint8_t *buf, uint32_t i) {
  bool sp = s->sack_permitted;
  vtcp_octets_put32(buf, i + 8u, s->tsecr);
  vtcp_octets_put32(buf, i + 4u, s->tsval);
  vtcp_octets_put4(buf, i, sp ? OPT_SACK_PERMITTED : OPT_NOP, sp ? 2 : OPT_NOP, OPT_TS, 10);
  //@ assert tsval: be32(buf, i + 4) == s->tsval;
  //@ assert tsecr: be32(buf, i + 8) == s->tsecr;
  /*@ assert step: \forall octets b, opt_list o; octets_are(buf, i + 2, i + 12, b) ==>
        opt_step(b, i + 2, 10, o) == opt_set_ts(o, s->tsval, s->tsecr); */
}

/*@ requires range: 20 <= i <= VTCP_HEADER_MAX;
    requires readable: \valid_read(s);
    requires valid: \valid(buf + (i .. i + seg_len_ts(s) - 1));
    terminates \true;
    exits never: \false;
    assigns buf[i .. i + seg_len_ts(s) - 1];
    ensures next: \result == i + seg_len_ts(s);
    ensures says: \forall opt_list o; seg_says(buf, i, \result, o, seg_set_ts(s, seg_set_permitted(s, o)));
*/
static uint32_t put_ts_or_permitted(const struct vtcp_segment *s, uint8_t *buf, uint32_t i) {
  if (s->has_ts) {
    put_ts(s, buf, i);
    //@ assert ts: \forall opt_list o; seg_says(buf, i, i + 12, o, seg_set_ts(s, seg_set_permitted(s, o)));
    return i + 12u;
  }
  if (!s->sack_permitted) return i;
  vtcp_octets_put4(buf, i, OPT_NOP, OPT_NOP, OPT_SACK_PERMITTED, 2);
  //@ assert nop: \forall opt_list o; seg_says(buf, i, i + 2, o, o);
  //@ assert permitted: \forall opt_list o; seg_says(buf, i + 2, i + 4, o, opt_set_sack_permitted(o));
  return i + 4u;
}

/*@ requires range: i <= 2 * VTCP_HEADER_MAX;
    requires valid: \valid(buf + (i .. i + 7));
    terminates \true;
    exits never: \false;
    assigns buf[i .. i + 7];
    ensures left: be32(buf, i) == left;
    ensures right: be32(buf, i + 4) == right;
*/
static void put_block(uint8_t *buf, uint32_t i, uint32_t left, uint32_t right) {
  vtcp_octets_put32(buf, i, left);
  vtcp_octets_put32(buf, i + 4u, right);
}

/* The SACK blocks at i. */
/*@ requires count: 1 <= s->sack_count <= VTCP_SACK_MAX;
    requires range: 20 <= i <= VTCP_HEADER_MAX + 4;
    requires readable: \valid_read(s);
    requires valid: \valid(buf + (i .. i + 8 * s->sack_count - 1));
    terminates \true;
    exits never: \false;
    assigns buf[i .. i + 8 * s->sack_count - 1];
    ensures first: be32(buf, i) == s->sack_left[0] && be32(buf, i + 4) == s->sack_right[0];
    ensures second: s->sack_count > 1 ==>
      be32(buf, i + 8) == s->sack_left[1] && be32(buf, i + 12) == s->sack_right[1];
    ensures third: s->sack_count > 2 ==>
      be32(buf, i + 16) == s->sack_left[2] && be32(buf, i + 20) == s->sack_right[2];
    ensures fourth: s->sack_count > 3 ==>
      be32(buf, i + 24) == s->sack_left[3] && be32(buf, i + 28) == s->sack_right[3];
*/
static void put_blocks(const struct vtcp_segment *s, uint8_t *buf, uint32_t i) {
  put_block(buf, i, s->sack_left[0], s->sack_right[0]);
  if (s->sack_count < 2u) return;
  put_block(buf, i + 8u, s->sack_left[1], s->sack_right[1]);
  //@ assert first: be32(buf, i) == s->sack_left[0] && be32(buf, i + 4) == s->sack_right[0];
  if (s->sack_count < 3u) return;
  put_block(buf, i + 16u, s->sack_left[2], s->sack_right[2]);
  //@ assert first_kept: be32(buf, i) == s->sack_left[0] && be32(buf, i + 4) == s->sack_right[0];
  //@ assert second: be32(buf, i + 8) == s->sack_left[1] && be32(buf, i + 12) == s->sack_right[1];
  if (s->sack_count < 4u) return;
  put_block(buf, i + 24u, s->sack_left[3], s->sack_right[3]);
}

/* Two NOPs, kind 5, and c blocks. */
/*@ requires count: c == s->sack_count && 1 <= c <= VTCP_SACK_MAX;
    requires range: 20 <= i <= VTCP_HEADER_MAX;
    requires readable: \valid_read(s);
    requires valid: \valid(buf + (i .. i + 8 * c + 3));
    terminates \true;
    exits never: \false;
    assigns buf[i .. i + 8 * c + 3];
    ensures front: buf[i] == OPT_NOP && buf[i + 1] == OPT_NOP && buf[i + 2] == OPT_SACK && buf[i + 3] == 2 + 8 * c;
    ensures first: be32(buf, i + 4) == s->sack_left[0] && be32(buf, i + 8) == s->sack_right[0];
    ensures second: c > 1 ==> be32(buf, i + 12) == s->sack_left[1] && be32(buf, i + 16) == s->sack_right[1];
    ensures third: c > 2 ==> be32(buf, i + 20) == s->sack_left[2] && be32(buf, i + 24) == s->sack_right[2];
    ensures fourth: c > 3 ==> be32(buf, i + 28) == s->sack_left[3] && be32(buf, i + 32) == s->sack_right[3];
*/
static void put_sack_octets(const struct vtcp_segment *s, uint8_t *buf, uint32_t i, uint32_t c) {
  put_blocks(s, buf, i + 4u);
  vtcp_octets_put4(buf, i, OPT_NOP, OPT_NOP, OPT_SACK, (uint8_t)(2u + 8u * c));
}

/*@ requires count: c == s->sack_count && 1 <= c <= VTCP_SACK_MAX;
    requires range: 20 <= i <= VTCP_HEADER_MAX;
    requires readable: \valid_read(s);
    requires valid: \valid(buf + (i .. i + 8 * c + 3));
    terminates \true;
    exits never: \false;
    assigns buf[i .. i + 8 * c + 3];
    ensures says: \forall opt_list o; seg_says(buf, i, i + 4 + 8 * c, o, opt_set_sack(o, seg_sack(s)));
*/
static void put_some(const struct vtcp_segment *s, uint8_t *buf, uint32_t i, uint32_t c) {
  put_sack_octets(s, buf, i, c);
  //@ assert nop: \forall opt_list o; seg_says(buf, i, i + 2, o, o);
  /*@ assert values: \forall octets b, integer k;
        octets_are(buf, i + 4, i + 4 + 8 * c, b) && i + 4 <= k && k <= i + 8 * c ==>
        octets_be32(b, k) == be32(buf, k); */
  /*@ assert blocks: \forall octets b; octets_are(buf, i + 4, i + 4 + 8 * c, b) ==>
        opt_sack_at(b, i + 4, c) == seg_sack(s); */
  /*@ assert sub: \forall octets b; octets_are(buf, i + 2, i + 4 + 8 * c, b) ==>
        octets_are(buf, i + 4, i + 4 + 8 * c, b) && octet_at(b, i + 2) == OPT_SACK && octet_at(b, i + 3) == 2 + 8 * c; */
  /*@ assert kind: \forall octets b, opt_list o; octets_are(buf, i + 2, i + 4 + 8 * c, b) ==>
        opt_step(b, i + 2, 2 + 8 * c, o) == opt_set_sack(o, opt_sack_at(b, i + 4, c)); */
  //@ assert step: \forall opt_list o; seg_steps(buf, i + 2, 2 + 8 * c, o, opt_set_sack(o, seg_sack(s)));
  //@ assert sack: \forall opt_list o; seg_says(buf, i + 2, i + 4 + 8 * c, o, opt_set_sack(o, seg_sack(s)));
  /*@ assert sub_all: \forall octets b; octets_are(buf, i, i + 4 + 8 * c, b) ==>
        octets_are(buf, i, i + 2, b) && octets_are(buf, i + 2, i + 4 + 8 * c, b); */
  //@ assert both: \forall opt_list o; seg_says(buf, i, i + 4 + 8 * c, o, opt_set_sack(o, seg_sack(s)));
}

/*@ requires range: 20 <= i <= VTCP_HEADER_MAX;
    requires readable: \valid_read(s);
    requires sayable: s->sack_count <= VTCP_SACK_MAX;
    requires valid: \valid(buf + (i .. i + seg_len_sack(s) - 1));
    terminates \true;
    exits never: \false;
    assigns buf[i .. i + seg_len_sack(s) - 1];
    ensures says: \forall opt_list o; seg_says(buf, i, i + seg_len_sack(s), o, seg_set_sack(s, o));
*/
static void put_sack(const struct vtcp_segment *s, uint8_t *buf, uint32_t i) {
  if (s->sack_count > 0) put_some(s, buf, i, s->sack_count);
}

void vtcp_options_emit(const struct vtcp_segment *s, uint8_t *buf) {
  uint32_t i = put_mss(s, buf, 20);
  uint32_t j = put_wscale(s, buf, i);
  //@ assert mss_kept: seg_says(buf, 20, i, opt_none, seg_set_mss(s, opt_none));
  //@ assert syn: seg_says(buf, 20, j, opt_none, seg_set_wscale(s, seg_set_mss(s, opt_none)));
  uint32_t k = put_ts_or_permitted(s, buf, j);
  /*@ assert all_but_sack: seg_says(buf, 20, k, opt_none, seg_set_ts(s, seg_set_permitted(s,
        seg_set_wscale(s, seg_set_mss(s, opt_none))))); */
  put_sack(s, buf, k);
  /*@ assert all_kept: seg_says(buf, 20, k, opt_none, seg_set_ts(s, seg_set_permitted(s,
        seg_set_wscale(s, seg_set_mss(s, opt_none))))); */
  /*@ assert all: seg_says(buf, 20, seg_header_len(s), opt_none, seg_set_sack(s, seg_set_ts(s, seg_set_permitted(s,
        seg_set_wscale(s, seg_set_mss(s, opt_none)))))); */
  /*@ assert same: seg_options(s) == seg_set_sack(s, seg_set_ts(s, seg_set_permitted(s,
        seg_set_wscale(s, seg_set_mss(s, opt_none))))); */
}
