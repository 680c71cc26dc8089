/* The retransmission timeout (RFC 6298, with Karn's algorithm). Times in microseconds. */
#ifndef VTCP_POLICY_RTT_H
#define VTCP_POLICY_RTT_H

#include <stdbool.h>
#include <stdint.h>

#define VTCP_RTO_INITIAL 1000000u   /* RFC 6298 (2.1) */
#define VTCP_RTO_MAX 60000000u      /* RFC 6298 (2.5) */
#define VTCP_RTO_FLOOR 1000u        /* rto_min is at least this */
#define VTCP_RTO_AFTER_SYN 3000000u /* RFC 6298 (5.7) */
#define VTCP_RTT_GRANULARITY 1000u  /* G of RFC 6298 s2 */

struct vtcp_rtt {
  uint64_t srtt, rttvar;
  uint64_t rto;
  uint64_t rto_min;  /* RFC 6298 (2.4) has one second */
  uint32_t backoffs; /* timeouts since the last measurement or acknowledgment, saturating */
  bool sampled;      /* srtt and rttvar are set */
  int64_t timed_end; /* an ACK at or beyond this offset ends the measurement under way; -1: none */
  uint64_t timed_at; /* when it began */
};

#ifdef __FRAMAC__
#include "rtt.acsl"
#endif

/* rto_min: from VTCP_RTO_FLOOR to VTCP_RTO_MAX. */
/*@ requires valid: \valid(r);
    requires rto_min: VTCP_RTO_FLOOR <= rto_min <= VTCP_RTO_MAX;
    terminates \true;
    exits never: \false;
    assigns r->srtt, r->rttvar, r->rto, r->rto_min, r->backoffs, r->sampled, r->timed_end, r->timed_at;
    ensures inv: vtcp_rtt_inv(r);
    ensures s2_1: r->rto == \max(VTCP_RTO_INITIAL, rto_min);
    ensures fresh: r->rto_min == rto_min && r->backoffs == 0 && !r->sampled && r->timed_end == -1 &&
      r->srtt == 0 && r->rttvar == 0; */
void vtcp_rtt_init(struct vtcp_rtt *r, uint64_t rto_min);

/* A segment that ends at offset end leaves for the first time: begin a measurement if none is under way. */
/*@ requires valid: \valid(r);
    requires inv: vtcp_rtt_inv(r);
    requires end: 0 <= end;
    terminates \true;
    exits never: \false;
    assigns r->timed_end, r->timed_at;
    ensures inv: vtcp_rtt_inv(r);
    behavior begins:
      assumes none: r->timed_end < 0;
      ensures timed: r->timed_end == end && r->timed_at == now;
    behavior under_way:
      assumes timed: r->timed_end >= 0;
      ensures unchanged: r->timed_end == \old(r->timed_end) && r->timed_at == \old(r->timed_at);
    complete behaviors;
    disjoint behaviors; */
void vtcp_rtt_sent(struct vtcp_rtt *r, int64_t end, uint64_t now);

/* New data has been acknowledged up to ack: take the measurement if that ends it; the peer is alive: backoffs = 0. */
/*@ requires valid: \valid(r);
    requires inv: vtcp_rtt_inv(r);
    terminates \true;
    exits never: \false;
    assigns r->srtt, r->rttvar, r->rto, r->backoffs, r->sampled, r->timed_end;
    ensures inv: vtcp_rtt_inv(r);
    ensures alive: r->backoffs == 0;
    behavior s2_2_first:
      assumes first: vtcp_rtt_ends(r, ack) && !r->sampled;
      ensures srtt: r->srtt == vtcp_rtt_sample(\old(r->timed_at), now);
      ensures rttvar: r->rttvar == vtcp_rtt_sample(\old(r->timed_at), now) / 2;
      ensures rto: r->rto == vtcp_rtt_formula(r->rto_min, r->srtt, r->rttvar);
      ensures ended: r->sampled && r->timed_end == -1;
    behavior s2_3_subsequent:
      assumes subsequent: vtcp_rtt_ends(r, ack) && r->sampled;
      ensures rttvar: r->rttvar ==
        vtcp_rtt_vary(\old(r->srtt), \old(r->rttvar), vtcp_rtt_sample(\old(r->timed_at), now));
      ensures srtt: r->srtt == vtcp_rtt_smooth(\old(r->srtt), vtcp_rtt_sample(\old(r->timed_at), now));
      ensures rto: r->rto == vtcp_rtt_formula(r->rto_min, r->srtt, r->rttvar);
      ensures ended: r->sampled && r->timed_end == -1;
    behavior s3_none:
      assumes none: !vtcp_rtt_ends(r, ack);
      ensures unchanged: r->srtt == \old(r->srtt) && r->rttvar == \old(r->rttvar) && r->rto == \old(r->rto) &&
        r->sampled == \old(r->sampled) && r->timed_end == \old(r->timed_end);
    complete behaviors;
    disjoint behaviors; */
void vtcp_rtt_acked(struct vtcp_rtt *r, int64_t ack, uint64_t now);

/* The timer expired: (5.5) back off, and Karn: drop the measurement under way. */
/*@ requires valid: \valid(r);
    requires inv: vtcp_rtt_inv(r);
    terminates \true;
    exits never: \false;
    assigns r->rto, r->backoffs, r->timed_end;
    ensures inv: vtcp_rtt_inv(r);
    ensures s5_5: r->rto == \min(2 * \old(r->rto), VTCP_RTO_MAX);
    ensures count: r->backoffs == \min(\old(r->backoffs) + 1, UINT32_MAX);
    ensures s3_karn: r->timed_end == -1; */
void vtcp_rtt_timeout(struct vtcp_rtt *r);

/* A segment is retransmitted without a timeout: Karn: drop the measurement under way. */
/*@ requires valid: \valid(r);
    requires inv: vtcp_rtt_inv(r);
    terminates \true;
    exits never: \false;
    assigns r->timed_end;
    ensures inv: vtcp_rtt_inv(r);
    ensures s3_karn: r->timed_end == -1; */
void vtcp_rtt_retransmitted(struct vtcp_rtt *r);

/* The handshake is complete: (5.7) RTO of 3 s when its timer had expired and (2.1) was less. Before vtcp_rtt_acked of
   the SYN, which resets backoffs. */
/*@ requires valid: \valid(r);
    requires inv: vtcp_rtt_inv(r);
    terminates \true;
    exits never: \false;
    assigns r->rto;
    ensures inv: vtcp_rtt_inv(r);
    behavior s5_7_expired:
      assumes expired: r->backoffs > 0 && \max(VTCP_RTO_INITIAL, r->rto_min) < VTCP_RTO_AFTER_SYN;
      ensures three_seconds: r->rto == VTCP_RTO_AFTER_SYN;
    behavior s5_7_other:
      assumes other: r->backoffs == 0 || \max(VTCP_RTO_INITIAL, r->rto_min) >= VTCP_RTO_AFTER_SYN;
      ensures unchanged: r->rto == \old(r->rto);
    complete behaviors;
    disjoint behaviors; */
void vtcp_rtt_established(struct vtcp_rtt *r);

#endif
