/* The Internet checksum (RFC 1071; RFC 9293 s3.1) over pseudo-header, header and text. */
#ifndef VTCP_WIRE_CHECKSUM_H
#define VTCP_WIRE_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

#define VTCP_CHECKSUM_MAX 0x4000000000000000u /* largest running sum taken */

#ifdef __FRAMAC__
#include "checksum.acsl"
#endif

/*
 * Adds n octets, taken as big-endian 16-bit words (an odd last octet is padded with zero), to a running sum.
 * Source: RFC 1071 s1, s2; RFC 9293 s3.1, MUST-2, MUST-3.
 * Requires: sum is at most VTCP_CHECKSUM_MAX; n octets are readable.
 * Returns: sum plus the sum of the words. Parts add up when all but the last have even lengths.
 */
/*@ requires sum: sum <= VTCP_CHECKSUM_MAX;
    requires readable: \valid_read(data + (0 .. n - 1));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures sum: \forall octets b; octets_are(data, 0, n, b) ==> \result == sum + sum16(b, n);
    ensures bounds: sum <= \result <= sum + 65535 * ((n + 1) / 2);
*/
uint64_t vtcp_checksum_add(uint64_t sum, const uint8_t *data, uint32_t n);

/*
 * Folds a running sum to 16 bits in one's complement, not inverted.
 * Source: RFC 1071 s2.
 * Requires: any sum.
 * Returns: the number congruent to sum modulo 65535 in 1 to 65535; 0 only for 0.
 */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures fold: \result == fold16(sum);
    ensures bounds: 0 <= \result <= 65535;
    ensures congruent: (sum - \result) % 65535 == 0;
    ensures zero: \result == 0 <==> sum == 0;
*/
uint16_t vtcp_checksum_fold(uint64_t sum);

/*
 * The running sum of the pseudo-header over IPv4.
 * Source: RFC 9293 s3.1.
 * Units: addresses in network byte order; len in octets, TCP header and text.
 * Requires: both addresses are readable; len is at most 65535.
 * Returns: a sum to hand to vtcp_checksum_put and vtcp_checksum_ok.
 */
/*@ requires readable: \valid_read(src + (0 .. 3)) && \valid_read(dst + (0 .. 3));
    requires len: len <= 65535;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures sum: \result == be16(src, 0) + be16(src, 2) + be16(dst, 0) + be16(dst, 2) + 6 + len;
    ensures bounds: \result <= 0x1000000;
*/
uint64_t vtcp_checksum_ipv4(const uint8_t src[4], const uint8_t dst[4], uint32_t len);

/*
 * The running sum of the pseudo-header over IPv6.
 * Source: RFC 8200 s8.1.
 * Units: addresses in network byte order; len in octets, TCP header and text.
 * Requires: both addresses are readable.
 * Returns: a sum to hand to vtcp_checksum_put and vtcp_checksum_ok.
 */
/*@ requires readable: \valid_read(src + (0 .. 15)) && \valid_read(dst + (0 .. 15));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures sum: \forall octets s, octets d; octets_are(src, 0, 16, s) && octets_are(dst, 0, 16, d) ==>
      \result == sum16(s, 16) + sum16(d, 16) + len / 65536 + len % 65536 + 6;
    ensures bounds: \result <= 0x1000000;
*/
uint64_t vtcp_checksum_ipv6(const uint8_t src[16], const uint8_t dst[16], uint32_t len);

/*
 * Fills in the checksum, octets 16 and 17 of a whole segment (header and text contiguous).
 * Source: RFC 9293 s3.1, MUST-2.
 * Requires: pseudo is a pseudo-header's sum, or 0 for none; len is at least 20.
 * Returns: nothing; the segment verifies afterwards.
 */
/*@ requires pseudo: pseudo <= 0x1000000;
    requires len: 20 <= len;
    requires valid: \valid(segment + (0 .. len - 1));
    terminates \true;
    exits never: \false;
    assigns segment[16 .. 17];
    ensures MUST_2_verifies: \forall octets b; octets_are(segment, 0, len, b) ==> verifies(pseudo + sum16(b, len));
*/
void vtcp_checksum_put(uint64_t pseudo, uint8_t *segment, uint32_t len);

/*
 * Whether the checksum of a whole segment is right.
 * Source: RFC 9293 s3.1, MUST-3.
 * Requires: pseudo is a pseudo-header's sum, or 0 for none; len octets are readable.
 * Returns: true when the one's-complement sum of everything is all ones.
 */
/*@ requires pseudo: pseudo <= 0x1000000;
    requires readable: \valid_read(segment + (0 .. len - 1));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures MUST_3_ok: \forall octets b; octets_are(segment, 0, len, b) ==>
      (\result <==> verifies(pseudo + sum16(b, len)));
*/
bool vtcp_checksum_ok(uint64_t pseudo, const uint8_t *segment, uint32_t len);

#endif
