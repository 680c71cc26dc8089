#include "stream/copy.h"

void vtcp_copy_octets(uint8_t *restrict dst, const uint8_t *restrict src, uint32_t n) {
  /*@ loop invariant index: 0 <= i <= n;
      loop invariant done: \forall integer j; 0 <= j < i ==> dst[j] == \at(src[j], Pre);
      loop assigns i, dst[0 .. n - 1];
      loop variant n - i; */
  for (uint32_t i = 0; i < n; i++) { dst[i] = src[i]; }
}
