/* Numbers in network byte order, one octet at a time: no alignment, no byte order of the machine's. */
#ifndef VTCP_WIRE_OCTETS_H
#define VTCP_WIRE_OCTETS_H

#include <stdint.h>

#ifdef __FRAMAC__
#include "wire.acsl"
#endif

#define VTCP_OCTETS_INDEX_MAX 0x1000u

/*@ requires index: i <= VTCP_OCTETS_INDEX_MAX;
    requires readable: \valid_read(p + (i .. i + 1));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures value: \result == be16(p, i);
*/
static inline uint16_t vtcp_octets_get16(const uint8_t *p, uint32_t i) { return (uint16_t)(p[i] * 256u + p[i + 1u]); }

/*@ requires index: i <= VTCP_OCTETS_INDEX_MAX;
    requires readable: \valid_read(p + (i .. i + 3));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures value: \result == be32(p, i);
*/
static inline uint32_t vtcp_octets_get32(const uint8_t *p, uint32_t i) {
  return p[i] * 16777216u + p[i + 1u] * 65536u + p[i + 2u] * 256u + p[i + 3u];
}

/*@ requires index: i <= VTCP_OCTETS_INDEX_MAX;
    requires valid: \valid(p + (i .. i + 1));
    terminates \true;
    exits never: \false;
    assigns p[i .. i + 1];
    ensures value: be16(p, i) == v;
*/
static inline void vtcp_octets_put16(uint8_t *p, uint32_t i, uint16_t v) {
  p[i] = (uint8_t)(v / 256u);
  p[i + 1u] = (uint8_t)(v % 256u);
}

/*@ requires index: i <= VTCP_OCTETS_INDEX_MAX;
    requires valid: \valid(p + (i .. i + 3));
    terminates \true;
    exits never: \false;
    assigns p[i .. i + 3];
    ensures value: be32(p, i) == v;
*/
static inline void vtcp_octets_put32(uint8_t *p, uint32_t i, uint32_t v) {
  uint32_t high = v / 65536u, low = v % 65536u;
  p[i] = (uint8_t)(high / 256u);
  p[i + 1u] = (uint8_t)(high % 256u);
  p[i + 2u] = (uint8_t)(low / 256u);
  p[i + 3u] = (uint8_t)(low % 256u);
  //@ assert halves: be16(p, i) == high && be16(p, i + 2) == low;
}

/*@ requires index: i <= VTCP_OCTETS_INDEX_MAX;
    requires valid: \valid(p + (i .. i + 3));
    terminates \true;
    exits never: \false;
    assigns p[i .. i + 3];
    ensures value: p[i] == a && p[i + 1] == b && p[i + 2] == c && p[i + 3] == d;
*/
static inline void vtcp_octets_put4(uint8_t *p, uint32_t i, uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  p[i] = a;
  p[i + 1u] = b;
  p[i + 2u] = c;
  p[i + 3u] = d;
}

#endif
