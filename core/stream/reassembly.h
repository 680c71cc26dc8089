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

void vtcp_reassembly_init(struct vtcp_reassembly *r, uint8_t *data, uint32_t cap, int64_t nxt);

/* The octets [off, off + n) have arrived; what is outside [nxt, nxt - len + cap) is ignored. False: refused whole,
   because no slot was free (never so when off <= nxt). */
bool vtcp_reassembly_insert(struct vtcp_reassembly *r, int64_t off, const uint8_t *src, uint32_t n);

/* The octets in order, not yet read: [nxt - len, nxt), as at most two slices. */
struct vtcp_slices vtcp_reassembly_view(const struct vtcp_reassembly *r);

/* Copies out up to n octets in order and forgets them; returns how many. */
uint32_t vtcp_reassembly_read(struct vtcp_reassembly *r, uint8_t *dst, uint32_t n);

/* Forgets the first n octets in order (n <= len), as read. */
void vtcp_reassembly_consume(struct vtcp_reassembly *r, uint32_t n);

#endif
