#include "network.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

uint32_t network_bits(int family) { return family == AF_INET6 ? 128 : 32; }

bool network_read(const char *text, struct network *n) {
  char host[64], *end = NULL;
  const char *slash = strchr(text, '/');
  size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
  if (len >= sizeof host) return false;
  memcpy(host, text, len);
  host[len] = '\0';
  *n = (struct network){.prefix = NETWORK_NO_PREFIX};
  n->address.family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
  if (inet_pton(n->address.family, host, n->address.ip) != 1) return false;
  if (slash == NULL) return true;
  unsigned long prefix = strtoul(slash + 1, &end, 10);
  if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || prefix > network_bits(n->address.family)) return false;
  n->prefix = (uint32_t)prefix;
  return true;
}

/* The bits of octet i that belong to the prefix. */
static uint8_t mask(const struct network *n, uint32_t i) {
  if (n->prefix >= 8u * (i + 1u)) return 0xff;
  return n->prefix <= 8u * i ? 0 : (uint8_t)(0xff00u >> (n->prefix - 8u * i));
}

bool network_has(const struct network *n, const struct udp_address *a) {
  if (a->family != n->address.family) return false;
  for (uint32_t i = 0; i < network_bits(a->family) / 8u; i++)
    if (((a->ip[i] ^ n->address.ip[i]) & mask(n, i)) != 0) return false;
  return true;
}

struct udp_address network_move(const struct network *to, const struct udp_address *a) {
  struct udp_address moved = *a;
  for (uint32_t i = 0; i < network_bits(to->address.family) / 8u; i++)
    moved.ip[i] = (uint8_t)((to->address.ip[i] & mask(to, i)) | (a->ip[i] & (uint8_t)~mask(to, i)));
  return moved;
}

struct udp_address network_other(const struct network *n) {
  struct udp_address first = {.family = n->address.family};
  uint32_t last = network_bits(first.family) / 8u - 1u;
  bool pair = n->prefix + 1u == network_bits(first.family); /* both of two addresses are hosts (RFC 3021) */
  if (!pair) first.ip[last] = 1;
  first = network_move(n, &first);
  if (memcmp(first.ip, n->address.ip, sizeof first.ip) == 0) first.ip[last] ^= pair ? 1u : 3u;
  return first;
}
