/*
 * lwIP (Debian's liblwip) as side B of the simulator, over IPv4 or IPv6, in the same thread and the same virtual time:
 * its clock, sys_now, is defined here and takes the place of the library's.
 */
#ifndef VTCP_TESTS_LWIP_PEER_H
#define VTCP_TESTS_LWIP_PEER_H

#include "sim.h"

struct lwip_peer {
  struct sim *s;
  bool ipv6;
  uint64_t began;       /* s->now when this peer was made */
  void *pcb, *listener; /* struct tcp_pcb */
  const uint8_t *out;   /* what the application writes, and how much of it lwIP has taken */
  size_t out_len, out_done;
  bool shut_when_done; /* then it shuts its side of the connection */
  bool shut;
  bool slow;                /* the application does not read: the window closes */
  uint32_t unread;          /* octets that lwIP delivered and the application has not read */
  bool connected, end_seen; /* the handshake is done; the peer's FIN has come */
  bool ended;               /* lwIP has told of an error or the end */
  int error;                /* an err_t */
  uint64_t clock_reads;     /* how often lwIP asked for the time */
  uint64_t bad_checksums;   /* of segments that lwIP sent */
};

/* What lwIP tells: enough of err.h for tests that do not see its headers. */
#define LWIP_PEER_RESET (-14)
#define LWIP_PEER_CLOSED (-15)

/* Side B becomes lwIP; its logs in s->end[B] are kept as those of a vtcp end. */
void lwip_peer_init(struct lwip_peer *p, struct sim *s, bool ipv6);
/* Drops every connection lwIP still has. */
void lwip_peer_free(struct lwip_peer *p);
bool lwip_peer_listen(struct lwip_peer *p);
bool lwip_peer_connect(struct lwip_peer *p);
/* What the application does after each step: writes, shuts. */
void lwip_peer_work(struct lwip_peer *p);
/* Reads what was left unread, and goes on reading. */
void lwip_peer_read(struct lwip_peer *p);
void lwip_peer_abort(struct lwip_peer *p);
/* Connections that are neither closed nor in TIME-WAIT; those in TIME-WAIT. */
unsigned lwip_peer_active(void);
unsigned lwip_peer_waiting(void);

#endif
