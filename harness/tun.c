#define _GNU_SOURCE 1 /* struct ifreq */
#include "tun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "network.h"

#define ANY_PORT_MIN 49152u /* RFC 6335 s6 */
#define IPV6_MTU_MIN 1280u  /* RFC 8200 s5 */

/* linux/ipv6.h has it, and cannot be included beside netinet/in.h. */
struct in6_ifreq {
  struct in6_addr address;
  uint32_t prefix;
  int index;
};

static bool fails(const char *name, const char *what) {
  log_error("--tun %s: %s: %s", name, what, strerror(errno));
  return false;
}

/* One network that has room for the host, or an address only. */
static bool read_one(const char *word, struct network *n) {
  return network_read(word, n) &&
         (n->prefix == NETWORK_NO_PREFIX || (n->prefix > 0 && n->prefix < network_bits(n->address.family)));
}

static bool read_networks(const char *text, struct network networks[2]) {
  char words[2][128] = {"", ""};
  const char *comma = strchr(text, ',');
  (void)snprintf(words[0], sizeof words[0], "%.*s", comma == NULL ? 127 : (int)(comma - text), text);
  if (comma != NULL) (void)snprintf(words[1], sizeof words[1], "%s", comma + 1);
  memset(networks, 0, 2 * sizeof *networks);
  bool right = read_one(words[0], &networks[0]) && (comma == NULL || read_one(words[1], &networks[1])) &&
               networks[0].address.family != networks[1].address.family;
  if (!right)
    log_error("--address: expected an address with its prefix, such as 10.9.0.2/24 or fd09::2/64, or one of IPv4 and "
              "one of IPv6 with a comma, not \"%s\"",
              text);
  return right;
}

static void name_request(struct ifreq *r, const char *name) {
  memset(r, 0, sizeof *r);
  (void)snprintf(r->ifr_name, sizeof r->ifr_name, "%s", name);
}

static void put_ipv4(struct sockaddr *out, const void *ip) {
  struct sockaddr_in a = {.sin_family = AF_INET};
  memcpy(&a.sin_addr, ip, 4);
  memcpy(out, &a, sizeof a);
}

static bool give_ipv4(int fd, const char *name, const struct network *n) {
  struct ifreq r;
  struct udp_address host = network_other(n);
  uint32_t mask = htonl(UINT32_MAX << (32u - n->prefix));
  name_request(&r, name);
  put_ipv4(&r.ifr_addr, host.ip);
  if (ioctl(fd, SIOCSIFADDR, &r) != 0) return false;
  put_ipv4(&r.ifr_netmask, &mask);
  return ioctl(fd, SIOCSIFNETMASK, &r) == 0;
}

/* The address is there a little later, even without duplicate address detection. */
static void await_ipv6(const struct udp_address *host) {
  const struct timespec pause = {.tv_nsec = 2000000};
  for (int i = 0, fd = -1; i < 500 && fd < 0; i++) {
    fd = udp_open(host);
    if (fd >= 0)
      (void)close(fd);
    else
      (void)nanosleep(&pause, NULL);
  }
}

static bool give_ipv6(const char *name, const struct network *n) {
  struct udp_address host = network_other(n);
  struct in6_ifreq r = {.prefix = n->prefix, .index = (int)if_nametoindex(name)};
  memcpy(&r.address, host.ip, 16);
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  bool done = fd >= 0 && (ioctl(fd, SIOCSIFADDR, &r) == 0 || errno == EEXIST);
  if (fd >= 0) (void)close(fd);
  return done;
}

/* The first address decides for both whether the device is ours to configure. */
static bool configure(const struct link *l, const struct network networks[2]) {
  struct ifreq r;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) return fails(l->name, "socket");
  name_request(&r, l->name);
  r.ifr_mtu = (int)l->mtu;
  bool done = ioctl(fd, SIOCSIFMTU, &r) == 0 || fails(l->name, "--mtu");
  for (size_t i = 0; i < 2 && done; i++) {
    const struct network *n = &networks[i];
    if (n->address.family == 0 || n->prefix == NETWORK_NO_PREFIX) continue;
    done = n->address.family == AF_INET ? give_ipv4(fd, l->name, n) : give_ipv6(l->name, n);
    if (!done) (void)fails(l->name, "address");
  }
  name_request(&r, l->name);
  if (done) done = ioctl(fd, SIOCGIFFLAGS, &r) == 0 || fails(l->name, "flags");
  r.ifr_flags = (short)(r.ifr_flags | IFF_UP | IFF_RUNNING);
  if (done) done = ioctl(fd, SIOCSIFFLAGS, &r) == 0 || fails(l->name, "flags");
  (void)close(fd);
  for (size_t i = 0; i < 2 && done; i++) {
    if (networks[i].address.family != AF_INET6 || networks[i].prefix == NETWORK_NO_PREFIX) continue;
    struct udp_address host = network_other(&networks[i]);
    await_ipv6(&host);
  }
  return done;
}

/* The MTU that a device has of somebody else's making. */
static bool keep_mtu(struct link *l) {
  struct ifreq r;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  name_request(&r, l->name);
  bool done = fd >= 0 && ioctl(fd, SIOCGIFMTU, &r) == 0;
  if (fd >= 0) (void)close(fd);
  if (!done) return fails(l->name, "MTU");
  l->mtu = (uint32_t)r.ifr_mtu;
  return true;
}

static int open_device(const char *name) {
  struct ifreq r;
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    (void)fails(name, "/dev/net/tun");
    return -1;
  }
  name_request(&r, name);
  r.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(fd, TUNSETIFF, &r) == 0) return fd;
  (void)fails(name, "cannot create or use this device");
  (void)close(fd);
  return -1;
}

bool tun_open(struct link *l, const char *name, const char *addresses, uint32_t mtu, uint16_t port) {
  struct network networks[2];
  *l = (struct link){.fd = -1, .mtu = mtu};
  if (name[0] == '\0' || strlen(name) >= sizeof l->name) {
    log_error("--tun: expected a name of 1 to %zu characters, not \"%s\"", sizeof l->name - 1, name);
    return false;
  }
  if (!read_networks(addresses, networks)) return false;
  bool ipv6 = networks[0].address.family == AF_INET6 || networks[1].address.family == AF_INET6;
  if (ipv6 && mtu < IPV6_MTU_MIN) {
    log_error("--mtu: expected at least %u, for IPv6", IPV6_MTU_MIN);
    return false;
  }
  (void)snprintf(l->name, sizeof l->name, "%s", name);
  l->port = port != 0 ? port : (uint16_t)(ANY_PORT_MIN + randombytes_uniform(65536u - ANY_PORT_MIN));
  for (size_t i = 0; i < 2; i++) {
    l->addresses[i] = networks[i].address;
    if (networks[i].address.family != 0) l->addresses[i].port = l->port;
  }
  link_tun(l);
  l->fd = open_device(l->name);
  if (l->fd < 0) return false;
  if (networks[0].prefix == NETWORK_NO_PREFIX ? keep_mtu(l) : configure(l, networks)) return true;
  (void)close(l->fd);
  return false;
}
