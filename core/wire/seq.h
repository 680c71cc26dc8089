/* Stream offsets <-> 32-bit sequence numbers (RFC 9293 s3.4): the only arithmetic modulo 2^32 in the core. */
#ifndef VTCP_WIRE_SEQ_H
#define VTCP_WIRE_SEQ_H

#include <stdint.h>

/* Largest stream offset; the SYN is offset 0, the first octet of data 1. */
#define VTCP_OFFSET_MAX 0x4000000000000000

#ifdef __FRAMAC__
#include "seq.acsl"
#endif

/*
 * The sequence number of the octet at a stream offset, where offset 0 has sequence number isn.
 * Source: RFC 9293 s3.4.
 * Requires: offset is 0 to VTCP_OFFSET_MAX.
 * Returns: (offset + isn) modulo 2^32.
 */
/*@ requires offset: 0 <= offset <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures wire: \result == wire(offset, isn);
*/
uint32_t vtcp_seq_to_wire(int64_t offset, uint32_t isn);

/*
 * The offset nearest to ref whose sequence number is seq; may be negative.
 * Source: RFC 9293 s3.4.
 * Requires: ref is 0 to VTCP_OFFSET_MAX.
 * Returns: the one offset in [ref - 2^31, ref + 2^31) with sequence number seq; at distance 2^31 it is the one below.
 */
/*@ requires ref: 0 <= ref <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures bounds: -2147483648 <= \result - ref < 2147483648;
    ensures congruent: wire(\result, isn) == seq;
    ensures nearest: \forall integer x; -2147483648 <= x - ref < 2147483648 && wire(x, isn) == seq ==> \result == x;
*/
int64_t vtcp_seq_from_wire(uint32_t seq, uint32_t isn, int64_t ref);

#endif
