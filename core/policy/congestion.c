#include "policy/congestion.h"

/*@ requires bounds: cwnd <= VTCP_CWND_MAX && n <= VTCP_CWND_MAX;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures sum: \result == \min(cwnd + n, VTCP_CWND_MAX); */
static uint32_t grown(uint32_t cwnd, uint32_t n) { return n < VTCP_CWND_MAX - cwnd ? cwnd + n : VTCP_CWND_MAX; }

/*@ requires flight: 0 <= flight;
    requires smss: smss <= VTCP_SMSS_MAX;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures half: \result == vtcp_congestion_half(flight, smss); */
static uint32_t half(int64_t flight, uint32_t smss) {
  int64_t h = flight / 2;
  if (h >= VTCP_CWND_MAX) { return VTCP_CWND_MAX; }
  return h > 2 * smss ? (uint32_t)h : 2 * smss;
}

void vtcp_congestion_init(struct vtcp_congestion *cc, uint32_t smss, bool lost_syn) {
  uint32_t most = 2 * smss > 14600 ? 2 * smss : 14600;
  uint32_t initial = 10 * smss < most ? 10 * smss : most;
  cc->smss = smss;
  cc->cwnd = lost_syn ? smss : initial;
  cc->ssthresh = VTCP_CWND_MAX;
  cc->acked = 0;
  cc->dupacks = 0;
  cc->recovering = false;
  cc->recover = 0;
}

/* RFC 5681 s3.1: slow start, then congestion avoidance by octets. An ACK beyond one cwnd counts as one cwnd. */
/*@ requires valid: \valid(cc);
    requires inv: vtcp_congestion_inv(cc);
    requires acked: 0 <= acked;
    terminates \true;
    exits never: \false;
    assigns cc->cwnd, cc->acked;
    ensures inv: vtcp_congestion_inv(cc);
    behavior slow_start:
      assumes slow: cc->cwnd < cc->ssthresh;
      ensures cwnd: cc->cwnd == vtcp_congestion_slow(\old(cc->cwnd), acked, cc->smss);
      ensures acked: cc->acked == \old(cc->acked);
    behavior avoidance_counts:
      assumes counts: cc->cwnd >= cc->ssthresh && cc->acked + acked < cc->cwnd;
      ensures cwnd: cc->cwnd == \old(cc->cwnd);
      ensures acked: cc->acked == \old(cc->acked) + acked;
    behavior avoidance_grows:
      assumes grows: cc->cwnd >= cc->ssthresh && cc->acked + acked >= cc->cwnd;
      ensures cwnd: cc->cwnd == \min(\old(cc->cwnd) + cc->smss, VTCP_CWND_MAX);
      ensures acked: cc->acked == \min(\old(cc->acked) + acked - \old(cc->cwnd), \old(cc->acked));
    complete behaviors;
    disjoint behaviors; */
static void open_window(struct vtcp_congestion *cc, int64_t acked) {
  if (cc->cwnd < cc->ssthresh) {
    cc->cwnd = grown(cc->cwnd, acked < cc->smss ? (uint32_t)acked : cc->smss);
    return;
  }
  uint32_t n = acked < cc->cwnd ? (uint32_t)acked : cc->cwnd;
  if (cc->acked + n < cc->cwnd) {
    cc->acked += n;
  } else {
    cc->acked = cc->acked + n - cc->cwnd;
    cc->cwnd = grown(cc->cwnd, cc->smss);
  }
}

/*@ requires bounds: VTCP_SMSS_MIN <= smss <= VTCP_SMSS_MAX && smss <= cwnd <= VTCP_CWND_MAX && 0 <= acked;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures deflated: \result == vtcp_congestion_deflated(cwnd, acked, smss); */
static uint32_t deflated(uint32_t cwnd, int64_t acked, uint32_t smss) {
  int64_t left = (int64_t)cwnd - acked + (acked >= smss ? smss : 0);
  return left > smss ? (uint32_t)left : smss;
}

/*@ requires bounds: smss <= VTCP_SMSS_MAX && ssthresh <= VTCP_CWND_MAX && 0 <= flight;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures recovered: \result == vtcp_congestion_recovered(ssthresh, flight, smss); */
static uint32_t recovered(uint32_t ssthresh, int64_t flight, uint32_t smss) {
  if (flight >= ssthresh) { return ssthresh; }
  uint32_t most = (flight > smss ? (uint32_t)flight : smss) + smss;
  return ssthresh < most ? ssthresh : most;
}

bool vtcp_congestion_acked(struct vtcp_congestion *cc, int64_t acked, int64_t ack, int64_t flight) {
  cc->dupacks = 0;
  if (!cc->recovering) {
    open_window(cc, acked);
    return false;
  }
  cc->acked = 0;
  if (ack < cc->recover) {
    cc->cwnd = deflated(cc->cwnd, acked, cc->smss);
    return true;
  }
  cc->cwnd = recovered(cc->ssthresh, flight, cc->smss);
  cc->recovering = false;
  return false;
}

bool vtcp_congestion_duplicate(struct vtcp_congestion *cc, int64_t flight, int64_t snd_una, int64_t snd_nxt) {
  if (cc->dupacks < UINT32_MAX) { cc->dupacks++; }
  if (cc->recovering) {
    cc->cwnd = grown(cc->cwnd, cc->smss);
    return false;
  }
  if (cc->dupacks != 3 || snd_una <= cc->recover) { return false; }
  cc->ssthresh = half(flight, cc->smss);
  cc->cwnd = grown(cc->ssthresh, 3 * cc->smss);
  cc->acked = 0;
  cc->recovering = true;
  cc->recover = snd_nxt;
  return true;
}

void vtcp_congestion_timeout(struct vtcp_congestion *cc, int64_t flight, int64_t snd_nxt, bool again) {
  if (!again) { cc->ssthresh = half(flight, cc->smss); }
  cc->cwnd = cc->smss;
  cc->acked = 0;
  cc->dupacks = 0;
  cc->recovering = false;
  cc->recover = snd_nxt;
}
