/* What TCP skips of an IP packet (RFC 9293 s3.9.2): nothing here needs IP options. */
#ifndef VTCP_WIRE_IP_H
#define VTCP_WIRE_IP_H

#include <stdint.h>

/*
 * The octets of an IPv4 header with its options, whatever these are.
 * Source: RFC 791 s3.1; RFC 9293 s3.9.2, MUST-50.
 * Units: octets; len: of the packet, as far as it is there.
 * Returns: where the payload begins; 0: no whole IPv4 header is there.
 */
/*@ requires readable: \valid_read(p + (0 .. len - 1));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures MUST_50_options: \result ==
      (len >= 20 && p[0] / 16 == 4 && p[0] % 16 >= 5 && 4 * (p[0] % 16) <= len ? 4 * (p[0] % 16) : 0); */
uint32_t vtcp_ip_ipv4(const uint8_t *p, uint32_t len);

/*
 * The octets of an IPv6 extension header that holds options, hop-by-hop (0) or for the destination (60), whatever these are.
 * Source: RFC 8200 s4.3, s4.6; RFC 9293 s3.9.2, MUST-50.
 * Units: octets; kind: from the header before it; len: from its beginning, as far as the packet is there.
 * Returns: where the next header begins, whose kind is the first octet; 0: it is another header, or not whole.
 */
/*@ requires readable: \valid_read(p + (0 .. len - 1));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures MUST_50_options: \result ==
      ((kind == 0 || kind == 60) && len >= 2 && 8 + 8 * p[1] <= len ? 8 + 8 * p[1] : 0); */
uint32_t vtcp_ip_ipv6(uint8_t kind, const uint8_t *p, uint32_t len);

#endif
