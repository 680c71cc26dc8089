/* A circular buffer of octets, by position: storing and looking, in at most two pieces. */
#ifndef VTCP_STREAM_CIRCLE_H
#define VTCP_STREAM_CIRCLE_H

#include <stdint.h>

#include "stream/copy.h"

#define VTCP_BUFFER_MAX 0x40000000u /* octets: the largest window of RFC 7323 s2.3 */

/* Consecutive octets in at most two pieces; second_len is 0 when one is enough. */
struct vtcp_slices {
  const uint8_t *first;
  uint32_t first_len;
  const uint8_t *second;
  uint32_t second_len;
};

#ifdef __FRAMAC__
#include "circle.acsl"
#endif

/* The position k octets after head in a circle of cap octets. */
/*@ requires size: 0 < cap <= VTCP_BUFFER_MAX && head < cap && k <= cap;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures place: \result == vtcp_circle_phys(cap, head, k);
    ensures inside: \result < cap; */
uint32_t vtcp_circle_place(uint32_t cap, uint32_t head, uint32_t k);

/* Stores n octets from position pos on, around the end if need be. */
/*@ requires size: 0 < cap <= VTCP_BUFFER_MAX && pos < cap && n <= cap;
    requires data: \valid(data + (0 .. cap - 1));
    requires src: \valid_read(src + (0 .. n - 1));
    requires apart: \separated(data + (0 .. cap - 1), src + (0 .. n - 1));
    terminates \true;
    exits never: \false;
    assigns data[0 .. cap - 1];
    ensures stored: \forall integer k; 0 <= k < n ==> data[vtcp_circle_phys(cap, pos, k)] == \old(src[k]);
    ensures kept: \forall integer p; 0 <= p < cap && !(pos <= p < pos + n) && !(pos <= p + cap < pos + n) ==>
      data[p] == \old(data[p]); */
void vtcp_circle_store(uint8_t *data, uint32_t cap, uint32_t pos, const uint8_t *src, uint32_t n);

/* The n octets from position pos on, around the end if need be. */
/*@ requires size: 0 < cap <= VTCP_BUFFER_MAX && pos < cap && n <= cap;
    requires data: \valid_read(data + (0 .. cap - 1));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures first: \result.first == data + pos && \result.first_len == \min(n, cap - pos);
    ensures second: \result.second == data && \result.second_len == n - \result.first_len;
    ensures readable: vtcp_slices_readable(\result);
    ensures octets: \forall integer k; 0 <= k < n ==>
      vtcp_slices_octet(\result, k) == data[vtcp_circle_phys(cap, pos, k)]; */
struct vtcp_slices vtcp_circle_slices(const uint8_t *data, uint32_t cap, uint32_t pos, uint32_t n);

/* Copies all octets of the slices to dst. */
/*@ requires readable: vtcp_slices_readable(s);
    requires size: s.first_len + s.second_len <= VTCP_BUFFER_MAX;
    requires dst: \valid(dst + (0 .. s.first_len + s.second_len - 1));
    requires apart_first: \separated(dst + (0 .. s.first_len + s.second_len - 1), s.first + (0 .. s.first_len - 1));
    requires apart_second: \separated(dst + (0 .. s.first_len + s.second_len - 1), s.second + (0 .. s.second_len - 1));
    terminates \true;
    exits never: \false;
    assigns dst[0 .. s.first_len + s.second_len - 1];
    ensures copied: \forall integer k; 0 <= k < s.first_len + s.second_len ==>
      dst[k] == vtcp_slices_octet{Pre}(s, k); */
void vtcp_circle_gather(uint8_t *dst, struct vtcp_slices s);

#endif
