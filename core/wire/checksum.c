#include "wire/checksum.h"

#include <stddef.h>

#define CHECKSUM_RUN 0x8000u /* words whose sum fits 32 bits: narrow additions are what compilers vectorize */

/* The sum of the words from .. to - 1. */
/*@ requires range: from <= to <= 0x7fffffff && to - from <= CHECKSUM_RUN;
    requires readable: \valid_read(p + (2 * from .. 2 * to - 1));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures sum: \forall octets b; octets_are(p, 2 * from, 2 * to, b) ==>
      \result == sum_words(b, to) - sum_words(b, from);
    ensures bounds: 0 <= \result <= 65535 * (to - from);
*/
static uint32_t add_run(const uint8_t *p, uint32_t from, uint32_t to) {
  uint32_t sum = 0;
  /*@ loop invariant range: from <= k <= to;
      loop invariant sum: \forall octets b; octets_are(p, 2 * from, 2 * to, b) ==>
        sum == sum_words(b, k) - sum_words(b, from);
      loop invariant bounds: 0 <= sum <= 65535 * (k - from);
      loop assigns k, sum;
      loop variant to - k; */
  for (size_t k = from; k < to; k++) { sum += p[2 * k] * 256u + p[2 * k + 1]; }
  return sum;
}

uint64_t vtcp_checksum_add(uint64_t sum, const uint8_t *data, uint32_t n) {
  uint32_t words = n / 2u, k = 0;
  /*@ loop invariant range: 0 <= k <= words;
      loop invariant sum: \forall octets b; octets_are(data, 0, n, b) ==> sum == \at(sum, Pre) + sum_words(b, k);
      loop invariant bounds: \at(sum, Pre) <= sum <= \at(sum, Pre) + 65535 * k;
      loop assigns k, sum;
      loop variant words - k; */
  while (k < words) {
    uint32_t to = words - k > CHECKSUM_RUN ? k + CHECKSUM_RUN : words;
    sum += add_run(data, k, to);
    k = to;
  }
  return n % 2u != 0 ? sum + data[n - 1u] * 256u : sum;
}

/* One end-around carry. */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures value: \result == sum / 65536 + sum % 65536;
    ensures fold: fold16(\result) == fold16(sum);
    ensures congruent: (sum - \result) % 65535 == 0;
    ensures zero: \result == 0 <==> sum == 0;
*/
static uint64_t carry(uint64_t sum) {
  //@ assert split: sum == 65536 * (sum / 65536) + sum % 65536;
  return sum / 65536u + sum % 65536u;
}

uint16_t vtcp_checksum_fold(uint64_t sum) {
  uint64_t s = carry(carry(carry(carry(sum))));
  //@ assert fits: s <= 65535;
  return (uint16_t)s;
}

uint64_t vtcp_checksum_ipv4(const uint8_t src[4], const uint8_t dst[4], uint32_t len) {
  uint64_t sum = src[0] * 256u + src[1] + src[2] * 256u + src[3];
  return sum + (dst[0] * 256u + dst[1] + dst[2] * 256u + dst[3]) + 6u + len;
}

uint64_t vtcp_checksum_ipv6(const uint8_t src[16], const uint8_t dst[16], uint32_t len) {
  uint64_t sum = vtcp_checksum_add(vtcp_checksum_add(0, src, 16), dst, 16);
  return sum + len / 65536u + len % 65536u + 6u;
}

/* Puts check where a checksum of zero is. */
/*@ requires check: check <= 65535;
    requires valid: \valid(segment + (16 .. 17));
    requires zero: segment[16] == 0 && segment[17] == 0;
    terminates \true;
    exits never: \false;
    assigns segment[16 .. 17];
    ensures before: \forall octets b, integer n; octets_are(segment, 0, n, b) ==>
      octets_are{Pre}(segment, 0, n, unsummed(b));
    ensures sum: \forall octets b, integer n; 18 <= n && octets_are(segment, 0, n, b) ==>
      sum16(b, n) == sum16(unsummed(b), n) + check;
*/
static void store(uint8_t *segment, uint32_t check) {
  segment[16] = (uint8_t)(check / 256u);
  segment[17] = (uint8_t)(check % 256u);
  //@ assert value: be16(segment, 16) == check;
}

void vtcp_checksum_put(uint64_t pseudo, uint8_t *segment, uint32_t len) {
  segment[16] = 0;
  segment[17] = 0;
  uint64_t sum = vtcp_checksum_add(pseudo, segment, len);
  store(segment, 65535u - vtcp_checksum_fold(sum));
  /*@ assert complement: \forall octets b; octets_are(segment, 0, len, b) ==>
        pseudo + sum16(b, len) == sum + (65535 - fold16(sum)); */
}

bool vtcp_checksum_ok(uint64_t pseudo, const uint8_t *segment, uint32_t len) {
  return vtcp_checksum_fold(vtcp_checksum_add(pseudo, segment, len)) == 65535u;
}
