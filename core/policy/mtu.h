/* Segment sizes and the packets that carry them (RFC 9293 s3.7.1, RFC 6691). */
#ifndef VTCP_POLICY_MTU_H
#define VTCP_POLICY_MTU_H

#include <stdbool.h>
#include <stdint.h>

#define VTCP_MSS_MOST 65475u /* with both headers it fits into any IP packet */

/*
 * The text of a segment that fits into a packet: without the headers of IP and TCP, which have no options.
 * Source: RFC 9293 s3.7.1, MUST-67 (mtu: the largest packet that is taken), s3.7.5 (mtu: the path's).
 * Units: octets.
 */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures mss: \result == \min(\max(mtu - (ipv6 ? 60 : 40), 0), VTCP_MSS_MOST);
    ensures MUST_67_fits: \result > 0 ==> \result <= (mtu - (ipv6 ? 40 : 20)) - 20; */
uint16_t vtcp_mtu_mss(uint32_t mtu, bool ipv6);

#endif
