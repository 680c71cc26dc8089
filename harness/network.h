/* IP networks: an address and the length of its prefix. */
#ifndef HARNESS_NETWORK_H
#define HARNESS_NETWORK_H

#include "udp.h"

#define NETWORK_NO_PREFIX UINT32_MAX

struct network {
  struct udp_address address; /* port 0 */
  uint32_t prefix;            /* bits; NETWORK_NO_PREFIX: none was told */
};

/* "10.9.0.2/24", "fd09::2/64", "10.9.0.2". False: something else. */
bool network_read(const char *text, struct network *n);

/* Bits of an address of this family. */
uint32_t network_bits(int family);

/* Whether the network has the address; of a network without a prefix, its own only. */
bool network_has(const struct network *n, const struct udp_address *a);

/* The first address of a host in the network that is another than n->address; the prefix leaves one bit at least. */
struct udp_address network_other(const struct network *n);

/* The address with the same host bits in another network. */
struct udp_address network_move(const struct network *to, const struct udp_address *a);

#endif
