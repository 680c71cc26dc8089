/* Copying octets. */
#ifndef VTCP_STREAM_COPY_H
#define VTCP_STREAM_COPY_H

#include <stdint.h>

/* memcpy as a proved loop, in a file of its own: compilers make it a call of memcpy as long as they see restrict,
   which is lost by inlining. */
/*@ requires dst: \valid(dst + (0 .. n - 1));
    requires src: \valid_read(src + (0 .. n - 1));
    requires apart: \separated(dst + (0 .. n - 1), src + (0 .. n - 1));
    terminates \true;
    exits never: \false;
    assigns dst[0 .. n - 1];
    ensures copied: \forall integer i; 0 <= i < n ==> dst[i] == \old(src[i]); */
void vtcp_copy_octets(uint8_t *restrict dst, const uint8_t *restrict src, uint32_t n);

#endif
