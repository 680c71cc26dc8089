/* The Internet checksum (RFC 1071; RFC 9293 s3.1) over pseudo-header, header and text. */
#ifndef VTCP_WIRE_CHECKSUM_H
#define VTCP_WIRE_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

/* Adds n octets, taken as big-endian 16-bit words (an odd last octet is padded with zero), to a running sum. */
uint64_t vtcp_checksum_add(uint64_t sum, const uint8_t *octets, uint32_t n);

/* One's-complement fold of a running sum to 16 bits (not inverted). */
uint16_t vtcp_checksum_fold(uint64_t sum);

/* Running sums of the pseudo-headers: addresses in network byte order, len = TCP header and text in octets. */
uint64_t vtcp_checksum_ipv4(const uint8_t src[4], const uint8_t dst[4], uint32_t len);
uint64_t vtcp_checksum_ipv6(const uint8_t src[16], const uint8_t dst[16], uint32_t len);

/* Fills in octets 16 and 17 of a whole segment (header and text contiguous). pseudo = 0 for none. */
void vtcp_checksum_put(uint64_t pseudo, uint8_t *segment, uint32_t len);

/* Whether the checksum of a whole segment is right. */
bool vtcp_checksum_ok(uint64_t pseudo, const uint8_t *segment, uint32_t len);

#endif
