#define _GNU_SOURCE 1 /* struct in_pktinfo, struct in6_pktinfo (RFC 3542) */
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_WANTED (4 * 1024 * 1024) /* octets; the system may grant less */

union control {
  struct cmsghdr align;
  char octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void from_sockaddr(const struct sockaddr_storage *s, struct udp_address *out) {
  memset(out, 0, sizeof *out);
  out->family = s->ss_family;
  if (s->ss_family == AF_INET6) {
    struct sockaddr_in6 v6;
    memcpy(&v6, s, sizeof v6);
    memcpy(out->ip, &v6.sin6_addr, 16);
    out->port = ntohs(v6.sin6_port);
    out->scope = v6.sin6_scope_id;
  } else {
    struct sockaddr_in v4;
    memcpy(&v4, s, sizeof v4);
    memcpy(out->ip, &v4.sin_addr, 4);
    out->port = ntohs(v4.sin_port);
  }
}

static socklen_t to_sockaddr(const struct udp_address *a, struct sockaddr_storage *s) {
  memset(s, 0, sizeof *s);
  if (a->family == AF_INET6) {
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope};
    memcpy(&v6.sin6_addr, a->ip, 16);
    memcpy(s, &v6, sizeof v6);
    return sizeof v6;
  }
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(a->port)};
  memcpy(&v4.sin_addr, a->ip, 4);
  memcpy(s, &v4, sizeof v4);
  return sizeof v4;
}

const char *udp_resolve(const char *host, const char *port, int family, struct udp_address *out) {
  struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
  struct addrinfo *found = NULL;
  int error = getaddrinfo(host, port, &hints, &found);
  if (error != 0) return gai_strerror(error);
  struct sockaddr_storage s = {0};
  memcpy(&s, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  from_sockaddr(&s, out);
  return NULL;
}

void udp_text(const struct udp_address *a, char text[UDP_TEXT_MAX]) {
  char ip[INET6_ADDRSTRLEN] = "?";
  (void)inet_ntop(a->family, a->ip, ip, sizeof ip);
  (void)snprintf(text, UDP_TEXT_MAX, a->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip, (unsigned)a->port);
}

bool udp_same(const struct udp_address *a, const struct udp_address *b) {
  return a->family == b->family && a->port == b->port && a->scope == b->scope && memcmp(a->ip, b->ip, 16) == 0;
}

static bool configure(int fd, int family) {
  int yes = 1, size = BUFFER_WANTED;
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return false;
  if (family == AF_INET) return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes) == 0;
  return setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &yes, sizeof yes) == 0;
}

int udp_open(const struct udp_address *local) {
  struct sockaddr_storage s;
  socklen_t len = to_sockaddr(local, &s);
  int fd = socket(local->family, SOCK_DGRAM, 0);
  if (fd < 0) return -1;
  if (configure(fd, local->family) && bind(fd, (struct sockaddr *)&s, len) == 0) return fd;
  int error = errno;
  (void)close(fd);
  errno = error;
  return -1;
}

bool udp_connect(int fd, const struct udp_address *peer) {
  struct sockaddr_storage s;
  socklen_t len = to_sockaddr(peer, &s);
  return connect(fd, (struct sockaddr *)&s, len) == 0;
}

bool udp_bound(int fd, struct udp_address *out) {
  struct sockaddr_storage s = {0};
  socklen_t len = sizeof s;
  if (getsockname(fd, (struct sockaddr *)&s, &len) != 0) return false;
  from_sockaddr(&s, out);
  return true;
}

static bool set_header(int fd, int level, int option, int value) {
  return value == 0 || setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool udp_service(int fd, int family, uint8_t hops, uint8_t traffic_class) {
  if (family == AF_INET6)
    return set_header(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops) &&
           set_header(fd, IPPROTO_IPV6, IPV6_TCLASS, traffic_class);
  return set_header(fd, IPPROTO_IP, IP_TTL, hops) && set_header(fd, IPPROTO_IP, IP_TOS, traffic_class);
}

static enum udp_result failure(void) {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS) return UDP_NOTHING;
  return errno == ECONNREFUSED ? UDP_UNREACHABLE : UDP_FAILED;
}

/* The datagram leaves from the address its conversation came in at, also from a socket bound to all addresses. */
static void put_source(struct msghdr *m, union control *control, const struct udp_address *local) {
  memset(control, 0, sizeof *control);
  m->msg_control = control;
  m->msg_controllen = sizeof *control;
  struct cmsghdr *c = CMSG_FIRSTHDR(m);
  if (local->family == AF_INET6) {
    struct in6_pktinfo info = {.ipi6_ifindex = local->scope};
    memcpy(&info.ipi6_addr, local->ip, 16);
    c->cmsg_level = IPPROTO_IPV6;
    c->cmsg_type = IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    m->msg_controllen = CMSG_SPACE(sizeof info);
  } else {
    struct in_pktinfo info = {.ipi_ifindex = 0};
    memcpy(&info.ipi_spec_dst, local->ip, 4);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    m->msg_controllen = CMSG_SPACE(sizeof info);
  }
}

enum udp_result udp_send(int fd, const struct udp_address *local, const struct udp_address *peer, const uint8_t *octets,
                         size_t len) {
  struct sockaddr_storage to;
  union control control;
  struct iovec piece = {.iov_base = (void *)(uintptr_t)octets, .iov_len = len};
  struct msghdr m = {.msg_iov = &piece, .msg_iovlen = 1};
  if (peer != NULL) {
    m.msg_namelen = to_sockaddr(peer, &to);
    m.msg_name = &to;
    put_source(&m, &control, local);
  }
  return sendmsg(fd, &m, 0) >= 0 ? UDP_OK : failure();
}

static void take_destination(struct msghdr *m, struct udp_address *local) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memcpy(local->ip, &info.ipi_addr, 4);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memcpy(local->ip, &info.ipi6_addr, 16);
    }
  }
}

enum udp_result udp_receive(int fd, struct udp_address *local, struct udp_address *peer, uint8_t *octets, size_t cap,
                            size_t *len) {
  struct sockaddr_storage from = {0};
  union control control;
  struct iovec piece = {.iov_base = octets, .iov_len = cap};
  struct msghdr m = {.msg_name = &from,
                     .msg_namelen = sizeof from,
                     .msg_iov = &piece,
                     .msg_iovlen = 1,
                     .msg_control = &control,
                     .msg_controllen = sizeof control};
  ssize_t got = recvmsg(fd, &m, 0);
  if (got < 0) return failure();
  from_sockaddr(&from, peer);
  uint16_t port = local->port;
  *local = (struct udp_address){.family = peer->family, .port = port, .scope = peer->scope};
  take_destination(&m, local);
  *len = (size_t)got;
  return UDP_OK;
}
