/* Addresses and ports. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "stack.h"

#define PORT_FIRST 32768u /* Linux's ip_local_port_range */
#define PORT_LAST 60999u

static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static int read_ipv6(const struct sock *k, const struct sockaddr *a, struct udp_address *out) {
  struct sockaddr_in6 v6;
  memcpy(&v6, a, sizeof v6);
  out->port = ntohs(v6.sin6_port);
  if (memcmp(&v6.sin6_addr, MAPPED, sizeof MAPPED) == 0) {
    if (k->options.number[OPTION_V6ONLY] != 0) return ENETUNREACH;
    out->family = AF_INET;
    memcpy(out->ip, (const uint8_t *)&v6.sin6_addr + 12, 4);
  } else {
    out->family = AF_INET6;
    memcpy(out->ip, &v6.sin6_addr, 16);
  }
  return 0;
}

int naming_read(const struct sock *k, const struct sockaddr *a, socklen_t len, struct udp_address *out) {
  memset(out, 0, sizeof *out);
  if (a == NULL) return EFAULT;
  if (len < (k->domain == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in))) return EINVAL;
  if (a->sa_family != k->domain) return EAFNOSUPPORT;
  if (k->domain == AF_INET6) return read_ipv6(k, a, out);
  struct sockaddr_in v4;
  memcpy(&v4, a, sizeof v4);
  out->family = AF_INET;
  out->port = ntohs(v4.sin_port);
  memcpy(out->ip, &v4.sin_addr, 4);
  return 0;
}

/* As the kernel: what does not fit is cut off, and *len is the whole length. */
void naming_write(const struct sock *k, const struct udp_address *from, struct sockaddr *a, socklen_t *len) {
  struct sockaddr_storage all;
  size_t size;
  if (a == NULL || len == NULL) return;
  memset(&all, 0, sizeof all);
  if (k->domain == AF_INET6) {
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(from->port)};
    uint8_t *ip = (uint8_t *)&v6.sin6_addr;
    if (from->family == AF_INET) {
      memcpy(ip, MAPPED, sizeof MAPPED);
      memcpy(ip + 12, from->ip, 4);
    } else {
      memcpy(ip, from->ip, 16);
    }
    size = sizeof v6;
    memcpy(&all, &v6, size);
  } else {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(from->port)};
    memcpy(&v4.sin_addr, from->ip, 4);
    size = sizeof v4;
    memcpy(&all, &v4, size);
  }
  memcpy(a, &all, *len < size ? *len : size);
  *len = (socklen_t)size;
}

bool naming_any(const struct udp_address *a) {
  static const uint8_t none[16];
  return memcmp(a->ip, none, sizeof none) == 0;
}

/* Whether a socket bound to a gets what comes for b. */
static bool covers(const struct sock *k, const struct udp_address *b) {
  const struct udp_address *a = &k->local;
  if (a->port != b->port) return false;
  if (naming_any(a)) return a->family == b->family || (a->family == AF_INET6 && k->options.number[OPTION_V6ONLY] == 0);
  return a->family == b->family && memcmp(a->ip, b->ip, 16) == 0;
}

/* Linux's rule: two may have one port if their addresses are apart, or both allow it and neither listens. */
static bool conflict(const struct sock *k, const struct udp_address *a, const struct sock *other) {
  if (other == k || !other->bound || other->local.port != a->port) return false;
  struct sock self = {.local = *a};
  self.options.number[OPTION_V6ONLY] = k->options.number[OPTION_V6ONLY];
  if (!covers(&self, &other->local) && !covers(other, a)) return false;
  const int *mine = k->options.number, *theirs = other->options.number;
  if (mine[OPTION_REUSEPORT] != 0 && theirs[OPTION_REUSEPORT] != 0) return false;
  return mine[OPTION_REUSEADDR] == 0 || theirs[OPTION_REUSEADDR] == 0 || other->phase == SOCK_LISTENING;
}

static bool taken(const struct stack *s, const struct sock *k, const struct udp_address *a) {
  for (const struct sock *i = s->socks; i != NULL; i = i->next)
    if (conflict(k, a, i)) return true;
  return false;
}

static int free_port(struct stack *s, const struct sock *k, struct udp_address *a) {
  for (uint32_t tries = PORT_FIRST; tries <= PORT_LAST; tries++) {
    if (s->next_port < PORT_FIRST || s->next_port > PORT_LAST) s->next_port = PORT_FIRST;
    a->port = s->next_port++;
    if (!taken(s, k, a)) return 0;
  }
  return EADDRINUSE;
}

int naming_bind(struct stack *s, struct sock *k, const struct udp_address *a) {
  struct udp_address wanted = *a;
  if (wanted.port == 0) {
    int error = free_port(s, k, &wanted);
    if (error != 0) return error;
  } else if (taken(s, k, &wanted)) {
    return EADDRINUSE;
  }
  k->local = wanted;
  k->bound = true;
  return 0;
}

int naming_autobind(struct stack *s, struct sock *k) {
  struct udp_address any = {.family = k->domain};
  return k->bound ? 0 : naming_bind(s, k, &any);
}

void naming_source(const struct stack *s, const struct udp_address *peer, struct udp_address *local) {
  /* packetdrill's own defaults */
  static const struct udp_address default4 = {.family = AF_INET, .ip = {192, 168, 0, 1}};
  static const struct udp_address default6 = {.family = AF_INET6,
                                              .ip = {0xfd, 0x3d, 0x0a, 0x0b, 0x17, 0xd6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  bool v6 = peer->family == AF_INET6;
  const struct udp_address *given = v6 ? &s->sysctl.now.local_ip6 : &s->sysctl.now.local_ip;
  const struct udp_address *seen = v6 ? &s->seen6 : &s->seen4;
  const struct udp_address *from = given->family != 0 ? given : seen->family != 0 ? seen : v6 ? &default6 : &default4;
  uint16_t port = local->port;
  *local = *from;
  local->port = port;
}

struct sock *naming_find(const struct stack *s, const struct udp_address *local, const struct udp_address *peer) {
  for (struct sock *k = s->socks; k != NULL; k = k->next)
    if (sock_state(k) > VTCP_LISTEN && udp_same(&k->local, local) && udp_same(&k->peer, peer)) return k;
  return NULL;
}

struct sock *naming_listener(const struct stack *s, const struct udp_address *local) {
  struct sock *found = NULL;
  for (struct sock *k = s->socks; k != NULL; k = k->next)
    if (k->phase == SOCK_LISTENING && covers(k, local) && (found == NULL || !naming_any(&k->local))) found = k;
  return found;
}
