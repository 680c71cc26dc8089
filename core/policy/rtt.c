#include "policy/rtt.h"

void vtcp_rtt_init(struct vtcp_rtt *r, uint64_t rto_min) {
  r->srtt = 0;
  r->rttvar = 0;
  r->rto = rto_min > VTCP_RTO_INITIAL ? rto_min : VTCP_RTO_INITIAL;
  r->rto_min = rto_min;
  r->backoffs = 0;
  r->sampled = false;
  r->timed_end = -1;
  r->timed_at = 0;
}

void vtcp_rtt_sent(struct vtcp_rtt *r, int64_t end, uint64_t now) {
  if (r->timed_end < 0) {
    r->timed_end = end;
    r->timed_at = now;
  }
}

/* A longer sample than VTCP_RTO_MAX would change nothing but the arithmetic's bounds. */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures sample: \result == vtcp_rtt_sample(began, now); */
static uint64_t sample(uint64_t began, uint64_t now) {
  uint64_t s = now > began ? now - began : 0;
  return s < VTCP_RTO_MAX ? s : VTCP_RTO_MAX;
}

/*@ requires bounds: srtt <= VTCP_RTO_MAX && rttvar <= VTCP_RTO_MAX && rto_min <= VTCP_RTO_MAX;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures formula: \result == vtcp_rtt_formula(rto_min, srtt, rttvar); */
static uint64_t formula(uint64_t rto_min, uint64_t srtt, uint64_t rttvar) {
  uint64_t vary = 4 * rttvar;
  uint64_t rto = srtt + (vary > VTCP_RTT_GRANULARITY ? vary : VTCP_RTT_GRANULARITY);
  rto = rto > rto_min ? rto : rto_min;
  return rto < VTCP_RTO_MAX ? rto : VTCP_RTO_MAX;
}

/*@ requires valid: \valid(r);
    requires inv: vtcp_rtt_inv(r);
    requires bound: s <= VTCP_RTO_MAX;
    terminates \true;
    exits never: \false;
    assigns r->srtt, r->rttvar, r->sampled;
    ensures bounds: r->srtt <= VTCP_RTO_MAX && r->rttvar <= VTCP_RTO_MAX;
    ensures sampled: r->sampled;
    ensures s2_2: !\old(r->sampled) ==> r->srtt == s && r->rttvar == s / 2;
    ensures s2_3: \old(r->sampled) ==> r->srtt == vtcp_rtt_smooth(\old(r->srtt), s) &&
      r->rttvar == vtcp_rtt_vary(\old(r->srtt), \old(r->rttvar), s); */
static void measure(struct vtcp_rtt *r, uint64_t s) {
  if (r->sampled) {
    uint64_t delta = r->srtt > s ? r->srtt - s : s - r->srtt;
    r->rttvar = (3 * r->rttvar + delta) / 4;
    r->srtt = (7 * r->srtt + s) / 8;
  } else {
    r->srtt = s;
    r->rttvar = s / 2;
    r->sampled = true;
  }
}

void vtcp_rtt_acked(struct vtcp_rtt *r, int64_t ack, uint64_t now) {
  r->backoffs = 0;
  if (r->timed_end >= 0 && ack >= r->timed_end) {
    measure(r, sample(r->timed_at, now));
    r->rto = formula(r->rto_min, r->srtt, r->rttvar);
    r->timed_end = -1;
  }
}

void vtcp_rtt_timeout(struct vtcp_rtt *r) {
  r->rto = r->rto < VTCP_RTO_MAX / 2 ? 2 * r->rto : VTCP_RTO_MAX;
  if (r->backoffs < UINT32_MAX) { r->backoffs++; }
  r->timed_end = -1;
}

void vtcp_rtt_retransmitted(struct vtcp_rtt *r) { r->timed_end = -1; }

void vtcp_rtt_established(struct vtcp_rtt *r) {
  if (r->backoffs > 0 && r->rto_min < VTCP_RTO_AFTER_SYN) { r->rto = VTCP_RTO_AFTER_SYN; }
}
