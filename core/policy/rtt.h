/* The retransmission timeout (RFC 6298, with Karn's algorithm). Times in microseconds. */
#ifndef VTCP_POLICY_RTT_H
#define VTCP_POLICY_RTT_H

#include <stdbool.h>
#include <stdint.h>

#define VTCP_RTO_INITIAL 1000000u /* RFC 6298 (2.1) */
#define VTCP_RTO_MAX 60000000u    /* RFC 6298 (2.5) */

struct vtcp_rtt {
  uint64_t srtt, rttvar;
  uint64_t rto;
  uint64_t rto_min;   /* RFC 6298 (2.4) has one second */
  uint32_t backoffs;  /* timeouts since the last measurement or acknowledgment, saturating */
  bool sampled;       /* srtt and rttvar are set */
  int64_t timed_end;  /* an ACK at or beyond this offset ends the measurement under way; -1: none */
  uint64_t timed_at;  /* when it began */
};

void vtcp_rtt_init(struct vtcp_rtt *r, uint64_t rto_min);

/* A segment that ends at offset end leaves for the first time: begin a measurement if none is under way. */
void vtcp_rtt_sent(struct vtcp_rtt *r, int64_t end, uint64_t now);

/* New data has been acknowledged up to ack: take the measurement if that ends it; the peer is alive: backoffs = 0. */
void vtcp_rtt_acked(struct vtcp_rtt *r, int64_t ack, uint64_t now);

/* The timer expired: (5.5) back off, and Karn: drop the measurement under way. */
void vtcp_rtt_timeout(struct vtcp_rtt *r);

/* A segment is retransmitted without a timeout: Karn: drop the measurement under way. */
void vtcp_rtt_retransmitted(struct vtcp_rtt *r);

/* The handshake is complete: (5.7) RTO of 3 s when its timer had expired. Before vtcp_rtt_acked of the SYN. */
void vtcp_rtt_established(struct vtcp_rtt *r);

#endif
