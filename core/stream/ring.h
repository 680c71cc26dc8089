/* Octets in order: the send queue, a ring addressed by absolute stream offsets. */
#ifndef VTCP_STREAM_RING_H
#define VTCP_STREAM_RING_H

#include <stdint.h>

#include "stream/circle.h"
#include "wire/seq.h"

/* Holds the octets [base, base + len) of a stream; the octet at base is data[head]. */
struct vtcp_ring {
  uint8_t *data; /* cap octets, the caller's */
  uint32_t cap, head, len;
  int64_t base;
};

#ifdef __FRAMAC__
#include "ring.acsl"
#endif

/* Empty, for the octets from base on. */
/*@ requires valid: \valid(r) && \valid(data + (0 .. cap - 1));
    requires apart: \separated(r, data + (0 .. cap - 1));
    requires size: 0 < cap <= VTCP_BUFFER_MAX && 0 <= base <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns r->data \from data;
    assigns r->cap, r->head, r->len, r->base;
    ensures inv: vtcp_ring_inv(r);
    ensures mem: vtcp_ring_mem(r);
    ensures fields: r->data == data && r->cap == cap && r->len == 0 && r->base == base;
    ensures stream: \forall octets s; vtcp_ring_holds(r, s); */
void vtcp_ring_init(struct vtcp_ring *r, uint8_t *data, uint32_t cap, int64_t base);

/* Empty again, in the same buffer, for the octets from base on. */
/*@ requires valid: \valid(r);
    requires size: 0 < r->cap <= VTCP_BUFFER_MAX && 0 <= base <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns r->head, r->len, r->base;
    ensures inv: vtcp_ring_inv(r);
    ensures fields: r->len == 0 && r->base == base;
    ensures stream: \forall octets s; vtcp_ring_holds(r, s); */
void vtcp_ring_clear(struct vtcp_ring *r, int64_t base);

/* Appends n octets; n is at most the free space. */
/*@ requires mem: vtcp_ring_mem(r) && \valid_read(src + (0 .. n - 1));
    requires apart: \separated(src + (0 .. n - 1), r, r->data + (0 .. r->cap - 1));
    requires inv: vtcp_ring_inv(r);
    requires room: n <= r->cap - r->len && r->base + r->len + n <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns r->len, r->data[0 .. r->cap - 1];
    ensures inv: vtcp_ring_inv(r);
    ensures len: r->len == \old(r->len) + n;
    ensures kept: \forall integer o; r->base <= o < r->base + \old(r->len) ==>
      vtcp_ring_octet(r, o) == vtcp_ring_octet{Pre}(r, o);
    ensures appended: \forall integer o; r->base + \old(r->len) <= o < r->base + r->len ==>
      vtcp_ring_octet(r, o) == \old(src[o - (r->base + r->len)]);
    ensures stream: \forall octets s; vtcp_ring_holds{Pre}(r, s) &&
      (\forall integer k; 0 <= k < n ==> \old(src[k]) == octet_at(s, \old(r->base + r->len) + k)) ==>
      vtcp_ring_holds(r, s); */
void vtcp_ring_push(struct vtcp_ring *r, const uint8_t *src, uint32_t n);

/* Forgets the n octets at base; n is at most len. */
/*@ requires mem: vtcp_ring_mem(r);
    requires inv: vtcp_ring_inv(r);
    requires some: n <= r->len;
    terminates \true;
    exits never: \false;
    assigns r->head, r->len, r->base;
    ensures inv: vtcp_ring_inv(r);
    ensures base: r->base == \old(r->base) + n;
    ensures len: r->len == \old(r->len) - n;
    ensures kept: \forall integer o; r->base <= o < r->base + r->len ==>
      vtcp_ring_octet(r, o) == vtcp_ring_octet{Pre}(r, o);
    ensures stream: \forall octets s; vtcp_ring_holds{Pre}(r, s) ==> vtcp_ring_holds(r, s); */
void vtcp_ring_drop(struct vtcp_ring *r, uint32_t n);

/* Where the octets [off, off + n) lie: at most two slices, no copy. */
/*@ requires mem: vtcp_ring_mem(r);
    requires inv: vtcp_ring_inv(r);
    requires held: r->base <= off && off + n <= r->base + r->len;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures sum: \result.first_len + \result.second_len == n;
    ensures inside: \result.second == r->data && \result.second_len <= r->cap && \result.first_len <= r->cap &&
      \result.first == r->data + vtcp_circle_phys(r->cap, r->head, off - r->base) &&
      vtcp_circle_phys(r->cap, r->head, off - r->base) + \result.first_len <= r->cap;
    ensures readable: vtcp_slices_readable(\result);
    ensures octets: \forall integer k; 0 <= k < n ==>
      vtcp_slices_octet(\result, k) == vtcp_ring_octet(r, off + k);
    ensures stream: \forall octets s; vtcp_ring_holds(r, s) ==>
      \forall integer k; 0 <= k < n ==> vtcp_slices_octet(\result, k) == octet_at(s, off + k); */
struct vtcp_slices vtcp_ring_view(const struct vtcp_ring *r, int64_t off, uint32_t n);

#endif
