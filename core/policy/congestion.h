/* The congestion window (RFC 5681; RFC 6928 for its start; RFC 6582 for partial acknowledgments). In octets. */
#ifndef VTCP_POLICY_CONGESTION_H
#define VTCP_POLICY_CONGESTION_H

#include <stdbool.h>
#include <stdint.h>

#define VTCP_CWND_MAX 0x40000000u
#define VTCP_SMSS_MIN 64u
#define VTCP_SMSS_MAX 65535u

struct vtcp_congestion {
  uint32_t smss;
  uint32_t cwnd, ssthresh;
  uint32_t acked;   /* octets acknowledged in congestion avoidance since cwnd last grew */
  uint32_t dupacks; /* in a row */
  bool recovering;  /* in fast recovery */
  int64_t recover;  /* RFC 6582: fast recovery ends when this offset is acknowledged */
};

#ifdef __FRAMAC__
#include "congestion.acsl"
#endif

/* lost_syn: a SYN or SYN-ACK was retransmitted, so the initial window is one segment (RFC 5681 s3.1). */
/*@ requires valid: \valid(cc);
    requires smss: VTCP_SMSS_MIN <= smss <= VTCP_SMSS_MAX;
    terminates \true;
    exits never: \false;
    assigns cc->smss, cc->cwnd, cc->ssthresh, cc->acked, cc->dupacks, cc->recovering, cc->recover;
    ensures inv: vtcp_congestion_inv(cc);
    ensures smss: cc->smss == smss;
    ensures RFC6928_s2_initial: !lost_syn ==> cc->cwnd == vtcp_congestion_initial(smss);
    ensures RFC5681_s3_1_lost_syn: lost_syn ==> cc->cwnd == smss;
    ensures RFC5681_s3_1_ssthresh: cc->ssthresh == VTCP_CWND_MAX && cc->acked == 0;
    ensures RFC6582_s3_2_recover: cc->recover == 0 && !cc->recovering && cc->dupacks == 0; */
void vtcp_congestion_init(struct vtcp_congestion *cc, uint32_t smss, bool lost_syn);

/* snd_una has advanced by acked octets to ack; flight: octets outstanding after that.
   True: a partial acknowledgment, retransmit the segment at snd_una now. */
/*@ requires valid: \valid(cc);
    requires inv: vtcp_congestion_inv(cc);
    requires acked: 0 <= acked && 0 <= flight;
    terminates \true;
    exits never: \false;
    assigns cc->cwnd, cc->acked, cc->dupacks, cc->recovering;
    ensures inv: vtcp_congestion_inv(cc);
    ensures partial: \result <==> \old(cc->recovering) && ack < cc->recover;
    ensures MUST_19_window: cc->cwnd == vtcp_congestion_window{Pre}(cc, acked, ack, flight);
    ensures recovering: cc->recovering == \result;
    ensures dupacks: cc->dupacks == 0;
    behavior RFC5681_s3_1_slow_start:
      assumes slow: !cc->recovering && cc->cwnd < cc->ssthresh;
      ensures cwnd: cc->cwnd == vtcp_congestion_slow(\old(cc->cwnd), acked, cc->smss);
      ensures acked: cc->acked == \old(cc->acked);
    behavior RFC5681_s3_1_avoidance_counts:
      assumes counts: !cc->recovering && cc->cwnd >= cc->ssthresh && cc->acked + acked < cc->cwnd;
      ensures cwnd: cc->cwnd == \old(cc->cwnd);
      ensures acked: cc->acked == \old(cc->acked) + acked;
    behavior RFC5681_s3_1_avoidance_grows:
      assumes grows: !cc->recovering && cc->cwnd >= cc->ssthresh && cc->acked + acked >= cc->cwnd;
      ensures cwnd: cc->cwnd == \min(\old(cc->cwnd) + cc->smss, VTCP_CWND_MAX);
      ensures acked: cc->acked == \min(\old(cc->acked) + acked - \old(cc->cwnd), \old(cc->acked));
    behavior RFC6582_s3_2_partial:
      assumes partial: cc->recovering && ack < cc->recover;
      ensures cwnd: cc->cwnd == vtcp_congestion_deflated(\old(cc->cwnd), acked, cc->smss);
      ensures acked: cc->acked == 0;
    behavior RFC6582_s3_2_full:
      assumes full: cc->recovering && ack >= cc->recover;
      ensures cwnd: cc->cwnd == vtcp_congestion_recovered(cc->ssthresh, flight, cc->smss);
      ensures acked: cc->acked == 0;
    complete behaviors;
    disjoint behaviors; */
bool vtcp_congestion_acked(struct vtcp_congestion *cc, int64_t acked, int64_t ack, int64_t flight);

/* A duplicate acknowledgment; flight: octets outstanding. True: the third, retransmit the segment at snd_una now. */
/*@ requires valid: \valid(cc);
    requires inv: vtcp_congestion_inv(cc);
    requires flight: 0 <= flight;
    terminates \true;
    exits never: \false;
    assigns cc->cwnd, cc->ssthresh, cc->acked, cc->dupacks, cc->recovering, cc->recover;
    ensures inv: vtcp_congestion_inv(cc);
    ensures third: \result <==> vtcp_congestion_enters{Pre}(cc, snd_una);
    ensures dupacks: cc->dupacks == \min(\old(cc->dupacks) + 1, UINT32_MAX);
    behavior RFC5681_s3_2_third:
      assumes third: vtcp_congestion_enters(cc, snd_una);
      ensures ssthresh: cc->ssthresh == vtcp_congestion_half(flight, cc->smss);
      ensures cwnd: cc->cwnd == \min(cc->ssthresh + 3 * cc->smss, VTCP_CWND_MAX);
      ensures recover: cc->recovering && cc->recover == snd_nxt && cc->acked == 0;
    behavior RFC5681_s3_2_inflate:
      assumes further: cc->recovering;
      ensures cwnd: cc->cwnd == \min(\old(cc->cwnd) + cc->smss, VTCP_CWND_MAX);
      ensures unchanged: cc->ssthresh == \old(cc->ssthresh) && cc->acked == \old(cc->acked) &&
        cc->recovering && cc->recover == \old(cc->recover);
    behavior RFC5681_s3_2_wait:
      assumes not_yet: !cc->recovering && !vtcp_congestion_enters(cc, snd_una);
      ensures unchanged: cc->cwnd == \old(cc->cwnd) && cc->ssthresh == \old(cc->ssthresh) &&
        cc->acked == \old(cc->acked) && !cc->recovering && cc->recover == \old(cc->recover);
    complete behaviors;
    disjoint behaviors; */
bool vtcp_congestion_duplicate(struct vtcp_congestion *cc, int64_t flight, int64_t snd_una, int64_t snd_nxt);

/* The retransmission timer expired. again: not the first time for the same segment. */
/*@ requires valid: \valid(cc);
    requires inv: vtcp_congestion_inv(cc);
    requires flight: 0 <= flight;
    terminates \true;
    exits never: \false;
    assigns cc->cwnd, cc->ssthresh, cc->acked, cc->dupacks, cc->recovering, cc->recover;
    ensures inv: vtcp_congestion_inv(cc);
    ensures RFC5681_s3_1_first: !again ==> cc->ssthresh == vtcp_congestion_half(flight, cc->smss);
    ensures RFC5681_s3_1_again: again ==> cc->ssthresh == \old(cc->ssthresh);
    ensures RFC5681_s3_1_loss_window: cc->cwnd == cc->smss && cc->acked == 0 && cc->dupacks == 0;
    ensures RFC6582_s4_recover: !cc->recovering && cc->recover == snd_nxt; */
void vtcp_congestion_timeout(struct vtcp_congestion *cc, int64_t flight, int64_t snd_nxt, bool again);

#endif
