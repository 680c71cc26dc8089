/* What carries segments: a UDP socket with a framing, or a TUN device with IP packets. */
#ifndef HARNESS_LINK_H
#define HARNESS_LINK_H

#include "framing.h"
#include "packet.h"
#include "udp.h"

#define LINK_NAME_MAX 16u

struct link;

/* local, peer: where a segment comes from and goes to; of a UDP socket its addresses and UDP ports. */
struct link_kind {
  bool packets; /* it carries IP packets */
  /* Returns a length; 0: the segment does not fit. */
  uint32_t (*encode)(const struct link *l, const struct udp_address *local, const struct udp_address *peer,
                     const struct vtcp_segment *s, uint8_t *out, uint32_t cap);
  enum udp_result (*send)(const struct link *l, const struct udp_address *local, const struct udp_address *peer,
                          const uint8_t *octets, uint32_t len);
  enum udp_result (*receive)(const struct link *l, struct udp_address *local, struct udp_address *peer, uint8_t *octets,
                             size_t cap, size_t *len);
  /* Reads store[FRAMING_ROOM .. FRAMING_ROOM + len - 1]; out->segment's text stays in store. */
  enum packet_verdict (*decode)(const struct link *l, const struct udp_address *local, const struct udp_address *peer,
                                uint8_t *store, uint32_t len, struct packet *out);
  uint32_t (*mss)(const struct link *l, int family); /* largest text of a segment */
};

struct link {
  const struct link_kind *kind;
  int fd;
  uint16_t port; /* UDP: of the socket; TUN: the one listened on, or connected from */
  /* Our addresses, family 0: none. UDP: the one that the socket is bound to. TUN: of IPv4, of IPv6, or both. */
  struct udp_address addresses[2];
  bool connected; /* UDP: the socket has one peer */
  struct framing framing;
  char name[LINK_NAME_MAX]; /* TUN */
  uint32_t mtu;
  uint8_t hops, traffic_class; /* TUN: of the packets that are sent; hops 0: the usual ones */
};

/* fd: bound; it belongs to the link. False: errno says why. */
bool link_udp(struct link *l, int fd, bool connected, const struct framing *framing);

/* Everything of *l but its kind has been filled in by tun_open. */
void link_tun(struct link *l);

/* Hop limit and traffic class of what is sent from now on; 0: the usual ones. False: errno says why. */
bool link_service(struct link *l, uint8_t hops, uint8_t traffic_class);

/* Our address of this family, with the port; NULL: we have none. */
const struct udp_address *link_local(const struct link *l, int family);

/* "127.0.0.1:7000", or two such with a comma */
void link_text(const struct link *l, char text[2 * UDP_TEXT_MAX]);

#endif
