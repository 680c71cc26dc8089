#include "stream/circle.h"

uint32_t vtcp_circle_place(uint32_t cap, uint32_t head, uint32_t k) {
  uint32_t pos = head + k;
  return pos < cap ? pos : pos - cap;
}

void vtcp_circle_store(uint8_t *data, uint32_t cap, uint32_t pos, const uint8_t *src, uint32_t n) {
  uint32_t first = cap - pos;
  if (first > n) { first = n; }
  vtcp_copy_octets(data + pos, src, first);
  //@ assert first_stored: \forall integer p; pos <= p < pos + first ==> data[p] == \at(src[p - pos], Pre);
  //@ assert first_kept: \forall integer p; 0 <= p < pos || pos + first <= p < cap ==> data[p] == \at(data[p], Pre);
  vtcp_copy_octets(data, src + first, n - first);
  //@ assert rest_stored: \forall integer p; 0 <= p < n - first ==> data[p] == \at(src[p + \at(first, Here)], Pre);
  //@ assert rest_apart: \forall integer p; pos <= p < pos + first ==> data[p] == \at(src[p - pos], Pre);
  /*@ assert rest_kept: \forall integer p; n - first <= p < pos || pos + first <= p < cap ==>
        data[p] == \at(data[p], Pre); */
}

struct vtcp_slices vtcp_circle_slices(const uint8_t *data, uint32_t cap, uint32_t pos, uint32_t n) {
  uint32_t first = cap - pos;
  if (first > n) { first = n; }
  struct vtcp_slices s = {data + pos, first, data, n - first};
  return s;
}

void vtcp_circle_gather(uint8_t *dst, struct vtcp_slices s) {
  vtcp_copy_octets(dst, s.first, s.first_len);
  //@ assert first_copied: \forall integer k; 0 <= k < s.first_len ==> dst[k] == \at(s.first[k], Pre);
  vtcp_copy_octets(dst + s.first_len, s.second, s.second_len);
  //@ assert first_kept: \forall integer k; 0 <= k < s.first_len ==> dst[k] == \at(s.first[k], Pre);
  /*@ assert second_copied: \forall integer k; s.first_len <= k < s.first_len + s.second_len ==>
        dst[s.first_len + (k - s.first_len)] == \at(s.second[k - s.first_len], Pre); */
}
