/* Initial sequence numbers (RFC 9293 s3.4.1, RFC 6528). */
#ifndef VTCP_POLICY_ISN_H
#define VTCP_POLICY_ISN_H

#include <stdint.h>

#define VTCP_ISN_TICK 4u /* microseconds */

/*
 * ISN = M + F: M is a clock that ticks every 4 microseconds.
 * Source: RFC 9293 s3.4.1, MUST-8, SHLD-1; RFC 6528 s3.
 * Units: now in microseconds. f: the caller's pseudorandom function of both addresses, both ports and a secret (MUST-9).
 */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures MUST_8_clock: \result == (now / VTCP_ISN_TICK + f) % 0x100000000; */
uint32_t vtcp_isn(uint32_t f, uint64_t now);

#endif
