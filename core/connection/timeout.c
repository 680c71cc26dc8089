#include "connection/steps.h"

#define R1 3 /* SHLD-10: at least 3 retransmissions */

/* RFC 5681 s3.1: the loss window; again: not the first time for the same segment. */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->cc.cwnd, c->cc.ssthresh, c->cc.acked, c->cc.dupacks, c->cc.recovering, c->cc.recover;
    ensures inv: tcb_inv(c);
    ensures RFC5681_s3_1_loss_window: c->state >= VTCP_ESTABLISHED ==> c->cc.cwnd == c->cc.smss;
    ensures refine: tcb_abs(c) == \old(tcb_abs(c)); */
static void cut(struct vtcp *c, bool again) {
  if (c->state < VTCP_ESTABLISHED) return;
  vtcp_congestion_timeout(&c->cc, c->snd_nxt - c->snd_una, c->snd_nxt, again);
}

/* The retransmission timer: what is outstanding goes again from SND.UNA (RFC 6298 (5.4) to (5.6)). */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->rtt.rto, c->rtt.backoffs, c->rtt.timed_end, c->cc.cwnd, c->cc.ssthresh, c->cc.acked, c->cc.dupacks,
      c->cc.recovering, c->cc.recover, c->snd_ptr, c->rtx_head, c->ev_warning;
    ensures inv: tcb_inv(c);
    ensures RFC6298_s5_4: c->snd_ptr == c->snd_una;
    ensures RFC6298_s5_5: c->rtt.rto == \min(2 * \old(c->rtt.rto), VTCP_RTO_MAX);
    ensures RFC5681_s3_1_loss_window: c->state >= VTCP_ESTABLISHED ==> c->cc.cwnd == c->cc.smss;
    ensures SHLD_9_warning: c->rtt.backoffs == R1 ==> c->ev_warning;
    ensures refine: tcb_abs(c) == \old(tcb_abs(c)); */
static void retransmission(struct vtcp *c) {
  bool again = c->rtt.backoffs > 0;
  vtcp_rtt_timeout(&c->rtt);
  //@ assert inv: tcb_inv(c);
  //@ assert same: tcb_abs(c) == \at(tcb_abs(c), Pre);
  cut(c, again);
  //@ assert same_cut: tcb_abs(c) == \at(tcb_abs(c), Pre);
  c->snd_ptr = c->snd_una;
  c->rtx_head = false;
  //@ assert inv_again: tcb_inv(c);
  //@ assert same_again: tcb_abs(c) == \at(tcb_abs(c), Pre);
  if (c->rtt.backoffs == R1) c->ev_warning = true;
}

/* The window is closed, or so small that sending was not worth while: force something out. */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->probe, c->probes;
    ensures inv: tcb_inv(c);
    ensures forced: c->probe;
    ensures refine: tcb_abs(c) == \old(tcb_abs(c)); */
static void probe(struct vtcp *c) {
  c->probe = true;
  if (c->probes < UINT32_MAX) c->probes++;
}

/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->rtx_at, c->probe, c->probes, c->rtt.rto, c->rtt.backoffs, c->rtt.timed_end, c->cc.cwnd, c->cc.ssthresh,
      c->cc.acked, c->cc.dupacks, c->cc.recovering, c->cc.recover, c->snd_ptr, c->rtx_head, c->ev_warning;
    ensures inv: tcb_inv(c);
    ensures refine: tcb_abs(c) == \old(tcb_abs(c));
    ensures again: \old(c->rtx_at) <= now ==> c->rtx_at == VTCP_NEVER && (c->probe || c->snd_ptr == c->snd_una);
    behavior early:
      assumes early: now < c->rtx_at;
      assigns \nothing;
    behavior due:
      assumes due: c->rtx_at <= now;
    complete behaviors;
    disjoint behaviors; */
static void rtx_timeout(struct vtcp *c, uint64_t now) {
  if (c->rtx_at > now) return;
  c->rtx_at = VTCP_NEVER;
  //@ assert inv: tcb_inv(c);
  if (c->snd_una == c->snd_nxt || (c->state >= VTCP_ESTABLISHED && c->snd_wnd == 0))
    probe(c);
  else
    retransmission(c);
}

void vtcp_timeout(struct vtcp *c, uint64_t now) {
  if (c->state == VTCP_CLOSED || c->state == VTCP_LISTEN) return;
  if (c->state == VTCP_TIME_WAIT && c->wait_at <= now)
    vtcp_tcb_finish(c, VTCP_OUTCOME_CLOSED);
  else if (c->user_at <= now)
    vtcp_tcb_finish(c, VTCP_OUTCOME_TIMED_OUT);
  else
    rtx_timeout(c, now);
}

uint64_t vtcp_deadline(const struct vtcp *c) {
  uint64_t t = c->rtx_at;
  if (c->user_at < t) t = c->user_at;
  if (c->wait_at < t) t = c->wait_at;
  if (c->ack_due && c->ack_at < t) t = c->ack_at;
  return t;
}
