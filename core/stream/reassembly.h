/* Octets out of order: the receive buffer with its bounded set of ranges (RFC 9293 s3.10.7.4, seventh). */
#ifndef VTCP_STREAM_REASSEMBLY_H
#define VTCP_STREAM_REASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/ring.h"

#ifndef VTCP_RANGES
#define VTCP_RANGES 8 /* out-of-order ranges held at most */
#endif

/*
 * Holds [nxt - len, nxt), in order and not yet read, and up to VTCP_RANGES ranges [lo, hi) beyond nxt, all in the
 * one ring; the octet nxt - len is data[head]. Ranges stand in no order; slot i is free when lo[i] == hi[i].
 */
struct vtcp_reassembly {
  uint8_t *data; /* cap octets, the caller's */
  uint32_t cap, head, len;
  int64_t nxt;
  int64_t lo[VTCP_RANGES], hi[VTCP_RANGES];
};

#ifdef __FRAMAC__
#include "reassembly.acsl"
#endif

/* Empty, waiting for the octet at nxt. */
/*@ requires valid: \valid(r) && \valid(data + (0 .. cap - 1));
    requires apart: \separated(r, data + (0 .. cap - 1));
    requires size: 0 < cap <= VTCP_BUFFER_MAX && 0 <= nxt <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns r->data \from data;
    assigns r->cap, r->head, r->len, r->nxt, r->lo[0 .. VTCP_RANGES - 1], r->hi[0 .. VTCP_RANGES - 1];
    ensures inv: vtcp_reassembly_inv(r);
    ensures mem: vtcp_reassembly_mem(r);
    ensures fields: r->data == data && r->cap == cap && r->len == 0 && r->nxt == nxt;
    ensures none: \forall integer o; vtcp_reassembly_present(r, o) <==> o < nxt;
    ensures stream: \forall octets s; vtcp_reassembly_holds(r, s); */
void vtcp_reassembly_init(struct vtcp_reassembly *r, uint8_t *data, uint32_t cap, int64_t nxt);

/* Empty again, in the same buffer, waiting for the octet at nxt. */
/*@ requires valid: \valid(r);
    requires size: 0 < r->cap <= VTCP_BUFFER_MAX && 0 <= nxt <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns r->head, r->len, r->nxt, r->lo[0 .. VTCP_RANGES - 1], r->hi[0 .. VTCP_RANGES - 1];
    ensures inv: vtcp_reassembly_inv(r);
    ensures fields: r->len == 0 && r->nxt == nxt;
    ensures free: \forall integer i; 0 <= i < VTCP_RANGES ==> r->lo[i] == r->hi[i];
    ensures none: \forall integer o; vtcp_reassembly_present(r, o) <==> o < nxt;
    ensures stream: \forall octets s; vtcp_reassembly_holds(r, s); */
void vtcp_reassembly_clear(struct vtcp_reassembly *r, int64_t nxt);

/* The octets [off, off + n) have arrived; what is outside [nxt, nxt - len + cap) or beyond VTCP_OFFSET_MAX is
   ignored. False: refused whole, because no slot was free (never so when off <= nxt). */
/*@ requires mem: vtcp_reassembly_mem(r) && \valid_read(src + (0 .. n - 1));
    requires apart: \separated(src + (0 .. n - 1), r, r->data + (0 .. r->cap - 1));
    requires inv: vtcp_reassembly_inv(r);
    requires off: -0x200000000 <= off <= VTCP_OFFSET_MAX + 0x200000000 && n <= VTCP_BUFFER_MAX;
    terminates \true;
    exits never: \false;
    assigns r->len, r->nxt, r->lo[0 .. VTCP_RANGES - 1], r->hi[0 .. VTCP_RANGES - 1], r->data[0 .. r->cap - 1];
    ensures shape: vtcp_reassembly_shape(r);
    ensures slots: vtcp_reassembly_slots(r);
    ensures disjoint: vtcp_reassembly_disjoint(r);
    ensures base: r->nxt - r->len == \old(r->nxt - r->len);
    ensures grows: \old(r->nxt) <= r->nxt <= vtcp_reassembly_limit(r);
    ensures order: off <= \old(r->nxt) ==> \result && r->nxt >= \min(off + n, vtcp_reassembly_limit(r));
    ensures least: !vtcp_reassembly_present(r, r->nxt);
    ensures taken: \result ==> \forall integer o; vtcp_reassembly_present(r, o) <==>
      (vtcp_reassembly_present{Pre}(r, o) ||
       (off <= o < off + n && \old(r->nxt) <= o < vtcp_reassembly_limit(r)));
    ensures octets: \result ==> \forall integer o;
      off <= o < off + n && \old(r->nxt) <= o < vtcp_reassembly_limit(r) ==>
      vtcp_reassembly_octet(r, o) == \old(src[o - off]);
    ensures kept: \forall integer o; vtcp_reassembly_base(r) <= o < vtcp_reassembly_end(r) &&
      !(\result && off <= o < off + n && \old(r->nxt) <= o < vtcp_reassembly_limit(r)) ==>
      vtcp_reassembly_octet(r, o) == vtcp_reassembly_octet{Pre}(r, o);
    ensures refused: !\result ==> r->nxt == \old(r->nxt) && r->len == \old(r->len) &&
      vtcp_reassembly_same_slots{Pre, Post}(r);
    ensures full: !\result ==> vtcp_reassembly_full(r);
    ensures stream: \forall octets s; vtcp_reassembly_holds{Pre}(r, s) &&
      (\forall integer o; off <= o < off + n ==> \old(src[o - off]) == octet_at(s, o)) ==>
      vtcp_reassembly_holds(r, s); */
bool vtcp_reassembly_insert(struct vtcp_reassembly *r, int64_t off, const uint8_t *src, uint32_t n);

/* The octets in order, not yet read: [nxt - len, nxt), as at most two slices. */
/*@ requires mem: vtcp_reassembly_mem(r);
    requires inv: vtcp_reassembly_inv(r);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures sum: \result.first_len + \result.second_len == r->len;
    ensures inside: \result.first == r->data + r->head && r->head + \result.first_len <= r->cap &&
      \result.second == r->data && \result.second_len <= r->cap;
    ensures readable: vtcp_slices_readable(\result);
    ensures octets: \forall integer k; 0 <= k < r->len ==>
      vtcp_slices_octet(\result, k) == vtcp_reassembly_octet(r, vtcp_reassembly_base(r) + k);
    ensures stream: \forall octets s; vtcp_reassembly_holds(r, s) ==> \forall integer k; 0 <= k < r->len ==>
      vtcp_slices_octet(\result, k) == octet_at(s, vtcp_reassembly_base(r) + k); */
struct vtcp_slices vtcp_reassembly_view(const struct vtcp_reassembly *r);

/* Copies out up to n octets in order and forgets them; returns how many. */
/*@ requires mem: vtcp_reassembly_mem(r) && \valid(dst + (0 .. n - 1));
    requires apart: \separated(dst + (0 .. n - 1), r, r->data + (0 .. r->cap - 1));
    requires inv: vtcp_reassembly_inv(r);
    terminates \true;
    exits never: \false;
    assigns r->head, r->len, dst[0 .. n - 1];
    ensures inv: vtcp_reassembly_inv(r);
    ensures count: \result == \min(n, \old(r->len));
    ensures len: r->len == \old(r->len) - \result;
    ensures present: \forall integer o; vtcp_reassembly_present(r, o) <==> vtcp_reassembly_present{Pre}(r, o);
    ensures octets: \forall integer k; 0 <= k < \result ==>
      dst[k] == vtcp_reassembly_octet{Pre}(r, \old(vtcp_reassembly_base(r)) + k);
    ensures kept: \forall integer o; vtcp_reassembly_base(r) <= o < \old(vtcp_reassembly_end(r)) ==>
      vtcp_reassembly_octet(r, o) == vtcp_reassembly_octet{Pre}(r, o);
    ensures stream: \forall octets s; vtcp_reassembly_holds{Pre}(r, s) ==> vtcp_reassembly_holds(r, s);
    ensures delivered: \forall octets s; vtcp_reassembly_holds{Pre}(r, s) ==>
      \forall integer k; 0 <= k < \result ==> dst[k] == octet_at(s, \old(vtcp_reassembly_base(r)) + k); */
uint32_t vtcp_reassembly_read(struct vtcp_reassembly *r, uint8_t *dst, uint32_t n);

/* Forgets the first n octets in order (n <= len), as read. */
/*@ requires mem: vtcp_reassembly_mem(r);
    requires inv: vtcp_reassembly_inv(r);
    requires some: n <= r->len;
    terminates \true;
    exits never: \false;
    assigns r->head, r->len;
    ensures inv: vtcp_reassembly_inv(r);
    ensures len: r->len == \old(r->len) - n;
    ensures present: \forall integer o; vtcp_reassembly_present(r, o) <==> vtcp_reassembly_present{Pre}(r, o);
    ensures kept: \forall integer o; vtcp_reassembly_base(r) <= o < \old(vtcp_reassembly_end(r)) ==>
      vtcp_reassembly_octet(r, o) == vtcp_reassembly_octet{Pre}(r, o);
    ensures stream: \forall octets s; vtcp_reassembly_holds{Pre}(r, s) ==> vtcp_reassembly_holds(r, s); */
void vtcp_reassembly_consume(struct vtcp_reassembly *r, uint32_t n);

#endif
