#include "isn.h"

#include <string.h>

#include "vtcp.h"

_Static_assert(crypto_shorthash_BYTES >= 4, "32 bits of F are needed");

void isn_init(struct isn *g) { randombytes_buf(g->secret, sizeof g->secret); }

static void put_end(uint8_t *out, const struct udp_address *a, uint16_t port) {
  memcpy(out, a->ip, 16);
  out[16] = (uint8_t)(port / 256u);
  out[17] = (uint8_t)(port % 256u);
}

uint32_t isn_choose(const struct isn *g, const struct udp_address *local, uint16_t local_port,
                    const struct udp_address *remote, uint16_t remote_port, uint64_t now) {
  uint8_t ends[36], f[crypto_shorthash_BYTES];
  put_end(ends, local, local_port);
  put_end(ends + 18, remote, remote_port);
  (void)crypto_shorthash(f, ends, sizeof ends, g->secret);
  return vtcp_isn(f[0] + 256u * f[1] + 65536u * f[2] + 16777216u * f[3], now);
}
