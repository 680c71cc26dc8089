/* What ICMP messages say to TCP (RFC 9293 s3.9.2.2). */
#ifndef VTCP_POLICY_ICMP_H
#define VTCP_POLICY_ICMP_H

#include <stdint.h>

enum vtcp_icmp {
  VTCP_ICMP_NONE = 0,   /* nothing */
  VTCP_ICMP_SOFT = 1,   /* it may pass: the connection goes on */
  VTCP_ICMP_HARD = 2,   /* the host has no such protocol or port */
  VTCP_ICMP_TOO_BIG = 3 /* the path has a smaller MTU */
};

/*
 * Over IPv4.
 * Source: RFC 9293 s3.9.2.2, RFC 792, RFC 1191 s4.
 * Units: type and code as the message has them.
 */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    behavior MUST_55_quench:
      assumes quench: type == 4;
      ensures discarded: \result == VTCP_ICMP_NONE;
    behavior MUST_56_soft:
      assumes soft: (type == 3 && (code < 2 || code > 4)) || type == 11 || type == 12;
      ensures soft: \result == VTCP_ICMP_SOFT;
    behavior SHLD_26_hard:
      assumes hard: type == 3 && 2 <= code <= 3;
      ensures hard: \result == VTCP_ICMP_HARD;
    behavior RFC1191_s4_too_big:
      assumes too_big: type == 3 && code == 4;
      ensures too_big: \result == VTCP_ICMP_TOO_BIG;
    behavior other:
      assumes other: type != 3 && type != 4 && type != 11 && type != 12;
      ensures none: \result == VTCP_ICMP_NONE;
    complete behaviors;
    disjoint behaviors; */
enum vtcp_icmp vtcp_icmp_ipv4(uint8_t type, uint8_t code);

/*
 * Over IPv6: administratively prohibited and port unreachable are hard.
 * Source: RFC 9293 s3.9.2.2, RFC 4443 s3, RFC 5461 s2.
 * Units: type and code as the message has them.
 */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    behavior MUST_56_soft:
      assumes soft: (type == 1 && code != 1 && code != 4) || type == 3 || type == 4;
      ensures soft: \result == VTCP_ICMP_SOFT;
    behavior hard:
      assumes hard: type == 1 && (code == 1 || code == 4);
      ensures hard: \result == VTCP_ICMP_HARD;
    behavior too_big:
      assumes too_big: type == 2;
      ensures too_big: \result == VTCP_ICMP_TOO_BIG;
    behavior other:
      assumes other: type < 1 || type > 4;
      ensures none: \result == VTCP_ICMP_NONE;
    complete behaviors;
    disjoint behaviors; */
enum vtcp_icmp vtcp_icmp_ipv6(uint8_t type, uint8_t code);

#endif
