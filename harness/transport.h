/* Segments to and from a link: faults on the way, capture, counts. */
#ifndef HARNESS_TRANSPORT_H
#define HARNESS_TRANSPORT_H

#include "capture.h"
#include "faults.h"
#include "link.h"

struct transport_counts {
  uint64_t sent, received;              /* segments */
  uint64_t verdicts[PACKET_OTHER + 1u]; /* what arrived, by enum packet_verdict */
  uint64_t unsent;                      /* the system took no more */
  uint64_t unreachable;                 /* ICMP errors that a UDP socket told of */
};

enum transport_way { TRANSPORT_OUT, TRANSPORT_IN };

struct transport {
  struct link link;
  struct faults faults[2]; /* by enum transport_way; in: on a TUN device only, whose other end is not ours */
  struct capture *capture;
  struct transport_counts counts;
  uint8_t store[FRAMING_ROOM + PACKET_MAX]; /* what was received last */
  uint8_t out[PACKET_MAX];
};

/* What happened to a segment that was sent, for traces. */
struct transport_sent {
  uint64_t print;
  unsigned fate;
};

enum transport_result {
  TRANSPORT_SEGMENT,
  TRANSPORT_SOFT_ERROR, /* ICMP about a segment of ours: that between in->src and in->dst */
  TRANSPORT_HARD_ERROR,
  TRANSPORT_TOO_BIG,
  TRANSPORT_IGNORED,
  TRANSPORT_NOTHING,
  TRANSPORT_FAILED /* the link is gone: errno says why */
};

/* The link belongs to the transport. */
void transport_init(struct transport *t, const struct link *link, const struct faults_config *faults,
                    struct capture *capture);

/* local, peer: the link's addresses; the ports inside are the segment's. */
struct transport_sent transport_send(struct transport *t, uint64_t now, const struct udp_address *local,
                                     const struct udp_address *peer, const struct vtcp_segment *s);

/* The text of the segment is good until the next call. print: its fingerprint. */
enum transport_result transport_receive(struct transport *t, uint64_t now, struct packet *in, uint64_t *print);

/* Sends what has come through the faults by now; all: at once what is still held. */
void transport_flush(struct transport *t, uint64_t now, bool all);

/* When something comes through the faults, of either way; VTCP_NEVER: nothing is held. */
uint64_t transport_deadline(const struct transport *t);

/* Closes the link and the capture. False: the capture is not complete. */
bool transport_close(struct transport *t);

#endif
