/* Addresses that TCP talks to (RFC 9293 s3.9.1.1, s3.9.2.3). */
#ifndef VTCP_WIRE_ADDRESS_H
#define VTCP_WIRE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether one host can have the address: it is not the unspecified one, no group's (multicast), and over IPv4 not
 * reserved or for all hosts (224.0.0.0 and above). For the remote address of an OPEN (MUST-46), and for both addresses of
 * a segment before vtcp_input and vtcp_refuse (MUST-57, MUST-63). The broadcast address of a network is the caller's to
 * know.
 * Source: RFC 9293 s3.9.1.1, s3.9.2.3; RFC 1122 s3.2.1.3; RFC 4291 s2.7.
 * Units: the address in network byte order.
 */
/*@ requires readable: \valid_read(ip + (0 .. 3));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures MUST_57_group: ip[0] >= 224 ==> !\result;
    ensures MUST_63_nobody: (\forall integer k; 0 <= k < 4 ==> ip[k] == 0) ==> !\result;
    ensures MUST_46_others: ip[0] < 224 && (\exists integer k; 0 <= k < 4 && ip[k] != 0) ==> \result; */
bool vtcp_address_ipv4(const uint8_t *ip);

/*@ requires readable: \valid_read(ip + (0 .. 15));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures MUST_57_group: ip[0] == 255 ==> !\result;
    ensures MUST_63_nobody: (\forall integer k; 0 <= k < 16 ==> ip[k] == 0) ==> !\result;
    ensures MUST_46_others: ip[0] != 255 && (\exists integer k; 0 <= k < 16 && ip[k] != 0) ==> \result; */
bool vtcp_address_ipv6(const uint8_t *ip);

#endif
