/*
 * Plays scripts through build/libvtcp_packetdrill.so as packetdrill would: calls, packets that are injected, packets
 * that are expected. One step a line, in packetdrill's notation where there is one:
 *
 *   connect                              a non-blocking socket; EINPROGRESS
 *   > S 0:0(0) win 65535 <mss 1460>      the stack sends this now; numbers are relative to the ISNs
 *   +0.05 < S. 0:0(0) ack 1 win 1000     50 ms later this arrives
 *   +1 > . 1:101(100) ack 1              the stack sends this 1 s later (+* : whenever)
 *   read EAGAIN                          a call and its errno
 *
 * Calls: listen [BACKLOG [RCVBUF]], accept, socket, connect, write N, read N, shutdown rd|wr|rdwr, close, nonblock, nodelay 0|1,
 * cork 0|1, keepalive 0|1, keepidle S, keepintvl S, keepcnt N, linger N, timeout MS (TCP_USER_TIMEOUT), rcvbuf N, maxseg N. Questions: state NAME (TCP_INFO), error NAME
 * (SO_ERROR), poll EVENTS, unread N, unsent N, silent (nothing has left by now; it may move the clock to
 * the next packet, so it comes last, or when no timer runs). After `listener` calls are for the
 * listener, after `peer PORT` packets are from and to that port. All octets are a pattern by their place in the stream, and checked.
 */
#ifndef TESTS_SUPPORT_DRILL_H
#define TESTS_SUPPORT_DRILL_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"
#include "packetdrill/interface.h"

enum drill_family { DRILL_IPV4, DRILL_IPV6, DRILL_MAPPED };

#define DRILL_PORT 8080u

struct drill {
  void *object; /* of dlopen */
  struct packetdrill_interface ifc;
  enum drill_family family;
  int domain;
  struct udp_address local, remote;
  uint32_t local_isn, remote_isn;
  bool local_known;
  int fd;       /* that calls are for */
  int listener; /* -1: none */
  int64_t last; /* virtual time of the last step, microseconds */
  uint64_t written, read;
  uint8_t pending[4096]; /* a packet that has been taken and not yet expected */
  size_t pending_len;
  int64_t pending_time;
  const char *step; /* for messages */
  int line;
};

void drill_open(struct drill *d, const char *flags, enum drill_family family);
void drill_close(struct drill *d);
void drill_play(struct drill *d, const char *script);

/* Parts of it, for tests that make the calls themselves. */
void drill_step(struct drill *d, const char *step);
int64_t drill_now(struct drill *d); /* without reading the clock twice: it costs 1 us each */
void drill_wait(struct drill *d, int64_t us);
/* The script's remote address with port 8080 (connect), or any address with it (bind). */
socklen_t drill_sockaddr(const struct drill *d, bool remote, struct sockaddr_storage *out);
uint8_t drill_octet(uint64_t place);
/* The next packet, which becomes the pending one; false: none ever comes. */
bool drill_next(struct drill *d);

#endif
