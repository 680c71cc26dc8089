#include "wire/ip.h"

uint32_t vtcp_ip_ipv4(const uint8_t *p, uint32_t len) {
  if (len < 20 || p[0] / 16 != 4) { return 0; }
  uint32_t size = p[0] % 16u * 4u;
  return size >= 20 && size <= len ? size : 0;
}

uint32_t vtcp_ip_ipv6(uint8_t kind, const uint8_t *p, uint32_t len) {
  if ((kind != 0 && kind != 60) || len < 2) { return 0; }
  uint32_t size = 8u + 8u * p[1];
  return size <= len ? size : 0;
}
