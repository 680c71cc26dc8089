/* Stream offsets <-> 32-bit sequence numbers (RFC 9293 s3.4): the only arithmetic modulo 2^32 in the core. */
#ifndef VTCP_WIRE_SEQ_H
#define VTCP_WIRE_SEQ_H

#include <stdint.h>

/* Largest stream offset; the SYN is offset 0, the first octet of data 1. */
#define VTCP_OFFSET_MAX 0x4000000000000000

uint32_t vtcp_seq_to_wire(int64_t offset, uint32_t isn);

/* The offset nearest to ref whose sequence number is seq: within [ref - 2^31, ref + 2^31), perhaps negative. */
int64_t vtcp_seq_from_wire(uint32_t seq, uint32_t isn, int64_t ref);

#endif
