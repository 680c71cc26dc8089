/* UDP sockets, IPv4 and IPv6, that tell the local address of every datagram. */
#ifndef HARNESS_UDP_H
#define HARNESS_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UDP_TEXT_MAX 64
#define UDP_PAYLOAD_MAX 65535u

struct udp_address {
  int family; /* AF_INET: the first four octets of ip; AF_INET6: all sixteen */
  uint8_t ip[16];
  uint16_t port;
  uint32_t scope; /* IPv6 zone, 0 for none */
};

enum udp_result {
  UDP_OK = 0,
  UDP_NOTHING = 1,     /* nothing to receive, or no room to send */
  UDP_UNREACHABLE = 2, /* ICMP: nobody has the port (connected sockets only) */
  UDP_FAILED = 3       /* errno says why */
};

/* family: AF_INET, AF_INET6 or AF_UNSPEC. NULL: done; otherwise why not. */
const char *udp_resolve(const char *host, const char *port, int family, struct udp_address *out);

/* "127.0.0.1:7000" or "[::1]:7000" */
void udp_text(const struct udp_address *a, char text[UDP_TEXT_MAX]);

bool udp_same(const struct udp_address *a, const struct udp_address *b);

/* A non-blocking socket bound to local; -1: errno says why. */
int udp_open(const struct udp_address *local);

/* From now on only datagrams of this peer are received. */
bool udp_connect(int fd, const struct udp_address *peer);

/* The address the socket is bound to. */
bool udp_bound(int fd, struct udp_address *out);

/* Hop limit and traffic class of what is sent; 0: as the system has it. False: errno says why. */
bool udp_service(int fd, int family, uint8_t hops, uint8_t traffic_class);

/* local: the source address, any port; peer NULL: the socket is connected. */
enum udp_result udp_send(int fd, const struct udp_address *local, const struct udp_address *peer, const uint8_t *octets,
                         size_t len);

/* local->port is taken from the caller; the rest of *local and *peer is filled in. */
enum udp_result udp_receive(int fd, struct udp_address *local, struct udp_address *peer, uint8_t *octets, size_t cap,
                            size_t *len);

#endif
