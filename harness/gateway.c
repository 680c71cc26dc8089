/*
 * vtcp gateway: segments in UDP datagrams <-> TCP/IP packets on a TUN device, one for one.
 *
 * The peer at P:p in UDP is the host at N(P):p in TCP, N being the network that stands for --peers on the device; the
 * host of the device is the other end. Nothing is remembered, but for which UDP ports are open: a rotated segment has
 * the UDP ports for its own, so that each TCP port of the host that connects to a peer needs a socket.
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "network.h"
#include "signals.h"
#include "tun.h"

#define BATCH 64       /* of one socket between two looks at the others */
#define SOCKETS_MAX 65 /* the one that was asked for and those of connections from the host */

struct port {
  struct link link;
  uint64_t used_at;
};

struct gateway {
  struct link tun;
  struct port ports[SOCKETS_MAX]; /* the first one stays */
  int used;
  struct framing framing;
  struct network peers, inside; /* where the peers are in UDP, and in TCP */
  struct udp_address host;
  struct capture *capture;
  uint64_t to_tcp, to_udp; /* segments */
  uint64_t unfit;          /* dropped: malformed, a wrong checksum, an ICMP error, another protocol */
  uint64_t strange;        /* dropped: not from and to whom we stand between, or a port without a socket */
  uint64_t unsent;
  uint8_t store[FRAMING_ROOM + PACKET_MAX], out[PACKET_MAX];
};

static void count_sent(struct gateway *g, uint32_t len, enum udp_result r, uint64_t *sent) {
  if (len > 0 && r == UDP_OK)
    (*sent)++;
  else
    g->unsent++;
}

/* A datagram becomes a packet to the host. The TCP port of a peer is its UDP port, or answers would not find it. */
static void to_tcp(struct gateway *g, const struct packet *in) {
  if (!network_has(&g->peers, &in->src) || in->segment.src_port != in->src.port) {
    g->strange++;
    return;
  }
  struct udp_address from = network_move(&g->inside, &in->src);
  uint32_t len = packet_encode(&from, &g->host, &in->segment, g->out, sizeof g->out);
  if (len > 0) capture_packet(g->capture, g->out, len);
  count_sent(g, len, len == 0 ? UDP_FAILED : g->tun.kind->send(&g->tun, &from, &g->host, g->out, len), &g->to_tcp);
}

/* The socket of a local port; opens says that the host begins a connection. */
static struct port *find_port(struct gateway *g, uint16_t number, bool opens) {
  struct udp_address local = g->ports[0].link.addresses[0];
  int oldest = 1;
  if (g->framing.kind == FRAMING_WHOLE) return &g->ports[0];
  for (int i = 0; i < g->used; i++)
    if (g->ports[i].link.port == number) return &g->ports[i];
  if (!opens) return NULL;
  for (int i = 2; i < g->used; i++)
    if (g->ports[i].used_at < g->ports[oldest].used_at) oldest = i;
  local.port = number;
  struct link fresh;
  int fd = udp_open(&local);
  if (fd < 0 || !link_udp(&fresh, fd, false, &g->framing)) {
    if (fd >= 0) (void)close(fd);
    return NULL;
  }
  struct port *p = &g->ports[g->used < SOCKETS_MAX ? g->used : oldest];
  if (g->used == SOCKETS_MAX)
    (void)close(p->link.fd);
  else
    g->used++;
  p->link = fresh;
  return p;
}

/* A packet of the host becomes a datagram to a peer. */
static void to_udp(struct gateway *g, const struct packet *in) {
  bool opens = (in->segment.flags & (VTCP_SYN | VTCP_ACK | VTCP_RST)) == VTCP_SYN;
  struct udp_address host = in->src;
  host.port = 0;
  bool known = udp_same(&host, &g->host) && network_has(&g->inside, &in->dst);
  struct port *p = known ? find_port(g, in->src.port, opens) : NULL;
  if (p == NULL) {
    g->strange++;
    return;
  }
  struct udp_address peer = network_move(&g->peers, &in->dst);
  const struct link *l = &p->link;
  p->used_at = clock_now();
  uint32_t len = l->kind->encode(l, &l->addresses[0], &peer, &in->segment, g->out, sizeof g->out);
  count_sent(g, len, len == 0 ? UDP_FAILED : l->kind->send(l, &l->addresses[0], &peer, g->out, len), &g->to_udp);
}

/* False: the link is gone. */
static bool receive(struct gateway *g, const struct link *l) {
  struct udp_address local, peer;
  struct packet in;
  for (int i = 0; i < BATCH; i++) {
    size_t len = 0;
    uint8_t *octets = g->store + FRAMING_ROOM;
    enum udp_result r = l->kind->receive(l, &local, &peer, octets, PACKET_MAX, &len);
    if (r == UDP_FAILED && l->kind->packets) return false;
    if (r != UDP_OK) return true;
    if (l->kind->packets) capture_packet(g->capture, octets, (uint32_t)len);
    enum packet_verdict v = l->kind->packets ? packet_decode(octets, (uint32_t)len, &in)
                                             : l->kind->decode(l, &local, &peer, g->store, (uint32_t)len, &in);
    if (v != PACKET_SEGMENT)
      g->unfit++;
    else if (l->kind->packets)
      to_udp(g, &in);
    else
      to_tcp(g, &in);
  }
  return true;
}

static enum exit_status run(struct gateway *g, int stop_fd) {
  struct pollfd polls[SOCKETS_MAX + 2];
  while (!signals_stopped()) {
    int used = g->used;
    polls[0] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
    polls[1] = (struct pollfd){.fd = g->tun.fd, .events = POLLIN};
    for (int i = 0; i < used; i++) polls[i + 2] = (struct pollfd){.fd = g->ports[i].link.fd, .events = POLLIN};
    if (poll(polls, (nfds_t)used + 2, -1) < 0 && errno != EINTR) {
      log_error("poll: %s", strerror(errno));
      return EXIT_LOCAL;
    }
    for (int i = 0; i < used; i++) {
      if (polls[i + 2].revents == 0) continue;
      g->ports[i].used_at = clock_now();
      (void)receive(g, &g->ports[i].link);
    }
    if (polls[1].revents != 0 && !receive(g, &g->tun)) {
      log_error("--tun %s: %s", g->tun.name, strerror(errno));
      return EXIT_LOCAL;
    }
  }
  return EXIT_INTERRUPTED;
}

/* The peers' network inside that of --address: its addresses with the first bit after the prefix set. */
static bool choose_networks(struct gateway *g, const struct options *o) {
  struct network device;
  bool right = network_read(o->tun_addresses, &device) && network_read(o->peers, &g->peers) &&
               device.prefix != NETWORK_NO_PREFIX && g->peers.prefix != NETWORK_NO_PREFIX &&
               device.address.family == g->peers.address.family && g->peers.prefix > device.prefix;
  if (!right) {
    log_error("--peers: expected a network of --address's family with a longer prefix, such as 127.0.0.0/25 for "
              "10.9.0.2/24, not \"%s\" for \"%s\"",
              o->peers, o->tun_addresses);
    return false;
  }
  struct udp_address zero = {.family = device.address.family};
  g->host = network_other(&device);
  g->inside.address = network_move(&device, &zero);
  g->inside.address.ip[device.prefix / 8u] |= (uint8_t)(0x80u >> device.prefix % 8u);
  g->inside.prefix = g->peers.prefix;
  return true;
}

static bool open_socket(struct gateway *g, const struct options *o) {
  struct udp_address local;
  const char *error = udp_resolve(o->address, o->port, g->host.family, &local);
  if (error != NULL) {
    log_error("%s: %s", o->address, error);
    return false;
  }
  int fd = udp_open(&local);
  if (fd >= 0 && link_udp(&g->ports[0].link, fd, false, &g->framing)) {
    g->used = 1;
    return true;
  }
  log_error("%s port %s: %s", o->address, o->port, strerror(errno));
  if (fd >= 0) (void)close(fd);
  return false;
}

static void tell(const struct gateway *g) {
  char udp[2 * UDP_TEXT_MAX], inside[INET6_ADDRSTRLEN] = "", host[INET6_ADDRSTRLEN] = "";
  link_text(&g->ports[0].link, udp);
  (void)inet_ntop(g->host.family, g->inside.address.ip, inside, sizeof inside);
  (void)inet_ntop(g->host.family, g->host.ip, host, sizeof host);
  log_info("TCP: the host is %s, the peers are in %s/%u", host, inside, (unsigned)g->inside.prefix);
  log_info("listening on %s", udp);
}

static enum exit_status close_all(struct gateway *g, enum exit_status status) {
  typedef unsigned long long n;
  for (int i = 0; i < g->used; i++) (void)close(g->ports[i].link.fd);
  if (g->tun.fd >= 0) (void)close(g->tun.fd);
  if (!capture_close(g->capture)) status = EXIT_LOCAL;
  if (g->to_tcp + g->to_udp + g->unfit + g->strange > 0)
    log_info("segments: %llu to TCP, %llu to UDP; dropped: %llu unfit, %llu of strangers, %llu unsent", (n)g->to_tcp,
             (n)g->to_udp, (n)g->unfit, (n)g->strange, (n)g->unsent);
  free(g);
  return status;
}

enum exit_status gateway_run(const struct options *o) {
  struct gateway *g = calloc(1, sizeof *g);
  if (g == NULL) {
    log_error("out of memory");
    return EXIT_LOCAL;
  }
  g->framing = options_framing(o);
  g->tun.fd = -1;
  bool ready = choose_networks(g, o) && open_socket(g, o) &&
               tun_open(&g->tun, o->tun, o->tun_addresses, (uint32_t)o->mtu, g->ports[0].link.port);
  if (ready && o->pcap != NULL) ready = (g->capture = capture_open(o->pcap)) != NULL;
  int stop_fd = ready ? signals_open() : -1;
  if (ready && stop_fd < 0) log_error("signals: %s", strerror(errno));
  if (stop_fd < 0) return close_all(g, EXIT_LOCAL);
  tell(g);
  return close_all(g, run(g, stop_fd));
}
