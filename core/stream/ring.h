/* Octets in order: the send queue, a ring addressed by absolute stream offsets. */
#ifndef VTCP_STREAM_RING_H
#define VTCP_STREAM_RING_H

#include <stdint.h>

#define VTCP_BUFFER_MAX 0x40000000u /* octets: the largest window of RFC 7323 s2.3 */

/* Holds the octets [base, base + len) of a stream; the octet at base is data[head]. */
struct vtcp_ring {
  uint8_t *data; /* cap octets, the caller's */
  uint32_t cap, head, len;
  int64_t base;
};

struct vtcp_slices {
  const uint8_t *first;
  uint32_t first_len;
  const uint8_t *second;
  uint32_t second_len;
};

void vtcp_ring_init(struct vtcp_ring *r, uint8_t *data, uint32_t cap, int64_t base);

/* Appends n octets; n is at most the free space. */
void vtcp_ring_push(struct vtcp_ring *r, const uint8_t *src, uint32_t n);

/* Forgets the n octets at base; n is at most len. */
void vtcp_ring_drop(struct vtcp_ring *r, uint32_t n);

/* Where the octets [off, off + n) lie: at most two slices, no copy. base <= off, off + n <= base + len. */
struct vtcp_slices vtcp_ring_view(const struct vtcp_ring *r, int64_t off, uint32_t n);

#endif
