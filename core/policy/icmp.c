#include "policy/icmp.h"

enum vtcp_icmp vtcp_icmp_ipv4(uint8_t type, uint8_t code) {
  if (type == 3 && code == 4) { return VTCP_ICMP_TOO_BIG; }
  if (type == 3 && (code == 2 || code == 3)) { return VTCP_ICMP_HARD; }
  if (type == 3 || type == 11 || type == 12) { return VTCP_ICMP_SOFT; }
  return VTCP_ICMP_NONE;
}

enum vtcp_icmp vtcp_icmp_ipv6(uint8_t type, uint8_t code) {
  if (type == 2) { return VTCP_ICMP_TOO_BIG; }
  if (type == 1 && (code == 1 || code == 4)) { return VTCP_ICMP_HARD; }
  if (type == 1 || type == 3 || type == 4) { return VTCP_ICMP_SOFT; }
  return VTCP_ICMP_NONE;
}
