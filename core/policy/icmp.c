#include "policy/icmp.h"

enum vtcp_icmp vtcp_icmp_ipv4(uint8_t type, uint8_t code) {
  if (type == 3 && code == 4) { return VTCP_ICMP_TOO_BIG; }
  if (type == 3) { return code == 2 || code == 3 ? VTCP_ICMP_HARD : VTCP_ICMP_SOFT; }
  return type == 11 || type == 12 ? VTCP_ICMP_SOFT : VTCP_ICMP_NONE;
}

enum vtcp_icmp vtcp_icmp_ipv6(uint8_t type, uint8_t code) {
  if (type == 1) { return code == 1 || code == 4 ? VTCP_ICMP_HARD : VTCP_ICMP_SOFT; }
  if (type == 2) { return VTCP_ICMP_TOO_BIG; }
  return type == 3 || type == 4 ? VTCP_ICMP_SOFT : VTCP_ICMP_NONE;
}
