#include "policy/mtu.h"

uint16_t vtcp_mtu_mss(uint32_t mtu, bool ipv6) {
  uint32_t headers = ipv6 ? 60 : 40;
  if (mtu <= headers) { return 0; }
  return mtu - headers < VTCP_MSS_MOST ? (uint16_t)(mtu - headers) : VTCP_MSS_MOST;
}
