/* The congestion window (RFC 5681; RFC 6928 for its start; RFC 6582 for partial acknowledgments). In octets. */
#ifndef VTCP_POLICY_CONGESTION_H
#define VTCP_POLICY_CONGESTION_H

#include <stdbool.h>
#include <stdint.h>

#define VTCP_CWND_MAX 0x40000000u

struct vtcp_congestion {
  uint32_t smss;
  uint32_t cwnd, ssthresh;
  uint32_t acked;   /* octets acknowledged in congestion avoidance since cwnd last grew */
  uint32_t dupacks; /* in a row */
  bool recovering;  /* in fast recovery */
  int64_t recover;  /* RFC 6582: fast recovery ends when this offset is acknowledged */
};

/* lost_syn: a SYN or SYN-ACK was retransmitted, so the initial window is one segment (RFC 5681 s3.1). */
void vtcp_congestion_init(struct vtcp_congestion *cc, uint32_t smss, bool lost_syn);

/* snd_una has advanced by acked octets to ack; flight: octets outstanding after that.
   True: a partial acknowledgment, retransmit the segment at snd_una now. */
bool vtcp_congestion_acked(struct vtcp_congestion *cc, int64_t acked, int64_t ack, int64_t flight);

/* A duplicate acknowledgment; flight: octets outstanding. True: the third, retransmit the segment at snd_una now. */
bool vtcp_congestion_duplicate(struct vtcp_congestion *cc, int64_t flight, int64_t snd_una, int64_t snd_nxt);

/* The retransmission timer expired. again: not the first time for the same segment. */
void vtcp_congestion_timeout(struct vtcp_congestion *cc, int64_t flight, int64_t snd_nxt, bool again);

#endif
