#define _POSIX_C_SOURCE 200809L
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint32_t udp_encode(const struct link *l, const struct udp_address *local, const struct udp_address *peer,
                           const struct vtcp_segment *s, uint8_t *out, uint32_t cap) {
  return framing_encode(&l->framing, local, peer, s, out, cap < UDP_PAYLOAD_MAX ? cap : UDP_PAYLOAD_MAX);
}

static enum udp_result send_datagram(const struct link *l, const struct udp_address *local,
                                     const struct udp_address *peer, const uint8_t *octets, uint32_t len) {
  return udp_send(l->fd, local, l->connected ? NULL : peer, octets, len);
}

static enum udp_result receive_datagram(const struct link *l, struct udp_address *local, struct udp_address *peer,
                                        uint8_t *octets, size_t cap, size_t *len) {
  *local = l->addresses[0];
  return udp_receive(l->fd, local, peer, octets, cap, len);
}

static enum packet_verdict udp_decode(const struct link *l, const struct udp_address *local,
                                      const struct udp_address *peer, uint8_t *store, uint32_t len,
                                      struct packet *out) {
  static const enum packet_verdict verdicts[] = {PACKET_SEGMENT, PACKET_MALFORMED, PACKET_BAD_CHECKSUM};
  out->src = *peer;
  out->dst = *local;
  if (peer->port == 0) return PACKET_MALFORMED;
  return verdicts[framing_decode(&l->framing, peer, local, store, len, &out->segment)];
}

static uint32_t udp_mss(const struct link *l, int family) { return framing_mss(&l->framing, family); }

static const struct link_kind udp_kind = {.packets = false,
                                          .encode = udp_encode,
                                          .send = send_datagram,
                                          .receive = receive_datagram,
                                          .decode = udp_decode,
                                          .mss = udp_mss};

static uint32_t tun_encode(const struct link *l, const struct udp_address *local, const struct udp_address *peer,
                           const struct vtcp_segment *s, uint8_t *out, uint32_t cap) {
  uint32_t len = packet_encode(local, peer, s, out, cap);
  if (len > 0) packet_service(out, l->hops, l->traffic_class);
  return len;
}

static enum udp_result tun_failure(void) {
  return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? UDP_NOTHING : UDP_FAILED;
}

static enum udp_result write_packet(const struct link *l, const struct udp_address *local,
                                    const struct udp_address *peer, const uint8_t *octets, uint32_t len) {
  (void)local;
  (void)peer;
  return write(l->fd, octets, len) >= 0 ? UDP_OK : tun_failure();
}

static enum udp_result read_packet(const struct link *l, struct udp_address *local, struct udp_address *peer,
                                   uint8_t *octets, size_t cap, size_t *len) {
  ssize_t got = read(l->fd, octets, cap);
  *local = *peer = (struct udp_address){0};
  if (got < 0) return tun_failure();
  *len = (size_t)got;
  return UDP_OK;
}

static bool ours(const struct link *l, const struct udp_address *a) {
  const struct udp_address *local = link_local(l, a->family);
  return local != NULL && memcmp(local->ip, a->ip, sizeof a->ip) == 0;
}

/* Segments are to have come to us and not from us; packets that ICMP errors are about, from us. */
static enum packet_verdict tun_decode(const struct link *l, const struct udp_address *local,
                                      const struct udp_address *peer, uint8_t *store, uint32_t len,
                                      struct packet *out) {
  (void)local;
  (void)peer;
  enum packet_verdict v = packet_decode(store + FRAMING_ROOM, len, out);
  bool error = v == PACKET_SOFT_ERROR || v == PACKET_HARD_ERROR || v == PACKET_TOO_BIG;
  if (error) return ours(l, &out->src) ? v : PACKET_OTHER;
  if (v == PACKET_SEGMENT) return ours(l, &out->dst) && !ours(l, &out->src) ? v : PACKET_OTHER;
  return v;
}

static uint32_t tun_mss(const struct link *l, int family) { return vtcp_mtu_mss(l->mtu, family == AF_INET6); }

static const struct link_kind tun_kind = {.packets = true,
                                          .encode = tun_encode,
                                          .send = write_packet,
                                          .receive = read_packet,
                                          .decode = tun_decode,
                                          .mss = tun_mss};

bool link_udp(struct link *l, int fd, bool connected, const struct framing *framing) {
  *l = (struct link){.kind = &udp_kind, .fd = fd, .connected = connected, .framing = *framing};
  if (!udp_bound(fd, &l->addresses[0])) return false;
  l->port = l->addresses[0].port;
  return true;
}

void link_tun(struct link *l) { l->kind = &tun_kind; }

bool link_service(struct link *l, uint8_t hops, uint8_t traffic_class) {
  l->hops = hops;
  l->traffic_class = traffic_class;
  return l->kind->packets || udp_service(l->fd, l->addresses[0].family, hops, traffic_class);
}

const struct udp_address *link_local(const struct link *l, int family) {
  for (size_t i = 0; i < 2; i++)
    if (l->addresses[i].family != 0 && l->addresses[i].family == family) return &l->addresses[i];
  return NULL;
}

void link_text(const struct link *l, char text[2 * UDP_TEXT_MAX]) {
  char each[2][UDP_TEXT_MAX] = {"", ""};
  for (size_t i = 0; i < 2; i++)
    if (l->addresses[i].family != 0) udp_text(&l->addresses[i], each[i]);
  bool both = each[0][0] != '\0' && each[1][0] != '\0';
  (void)snprintf(text, 2 * UDP_TEXT_MAX, "%s%s%s", each[0], both ? ", " : "", each[1]);
}
