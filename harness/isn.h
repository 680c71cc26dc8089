/* Initial sequence numbers: M + F(local address, port, remote address, port, secret) (RFC 6528 s3). */
#ifndef HARNESS_ISN_H
#define HARNESS_ISN_H

#include <sodium.h>

#include "udp.h"

struct isn {
  uint8_t secret[crypto_shorthash_KEYBYTES];
};

/* Takes a fresh secret from the system. */
void isn_init(struct isn *g);

/* now: microseconds. M is a clock that ticks every 4 microseconds, F is SipHash-2-4. */
uint32_t isn_choose(const struct isn *g, const struct udp_address *local, uint16_t local_port,
                    const struct udp_address *remote, uint16_t remote_port, uint64_t now);

#endif
