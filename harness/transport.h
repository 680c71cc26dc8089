/* Segments to and from one UDP socket: framing, faults on the way out, capture. */
#ifndef HARNESS_TRANSPORT_H
#define HARNESS_TRANSPORT_H

#include "capture.h"
#include "faults.h"
#include "framing.h"

struct transport_counts {
  uint64_t sent, received; /* segments */
  uint64_t malformed;      /* datagrams that are no segments of this framing */
  uint64_t bad_checksum;
  uint64_t unsent;      /* the system took no more */
  uint64_t unreachable; /* ICMP errors */
};

struct transport {
  int fd;
  bool connected; /* the socket has one peer */
  struct udp_address bound;
  struct framing framing;
  struct faults faults;
  struct capture *capture;
  struct transport_counts counts;
  uint8_t store[FRAMING_ROOM + UDP_PAYLOAD_MAX]; /* the datagram received last */
  uint8_t out[UDP_PAYLOAD_MAX];
};

/* What happened to a segment that was sent, for traces. */
struct transport_sent {
  uint64_t print;
  unsigned fate;
};

enum transport_result { TRANSPORT_SEGMENT, TRANSPORT_IGNORED, TRANSPORT_NOTHING, TRANSPORT_UNREACHABLE };

void transport_init(struct transport *t, int fd, bool connected, const struct udp_address *bound,
                    const struct framing *framing, const struct faults_config *faults, struct capture *capture);

/* local, peer: UDP addresses; the ports inside are the segment's. */
struct transport_sent transport_send(struct transport *t, uint64_t now, const struct udp_address *local,
                                     const struct udp_address *peer, const struct vtcp_segment *s);

/* The text of *s is good until the next call. print: its fingerprint. */
enum transport_result transport_receive(struct transport *t, struct udp_address *local, struct udp_address *peer,
                                        struct vtcp_segment *s, uint64_t *print);

/* Sends what has come through the faults by now; all: at once what is still held. */
void transport_flush(struct transport *t, uint64_t now, bool all);

/* Closes the socket and the capture. False: the capture is not complete. */
bool transport_close(struct transport *t);

#endif
