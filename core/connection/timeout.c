#include "connection/steps.h"

#define R1 VTCP_R1

/* RFC 5681 s3.1: the loss window; again: not the first time for the same segment. */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->cc.cwnd, c->cc.ssthresh, c->cc.acked, c->cc.dupacks, c->cc.recovering, c->cc.recover;
    KEEPS_NEGOTIATED;
    ensures inv: tcb_inv(c);
    ensures RFC5681_s3_1_loss_window: c->state >= VTCP_ESTABLISHED ==> c->cc.cwnd == c->cc.smss;
    ensures RFC5681_s3_1_first: c->state >= VTCP_ESTABLISHED ==> c->cc.ssthresh ==
      (again ? \old(c->cc.ssthresh) : vtcp_congestion_half(c->snd_nxt - c->snd_una, c->cc.smss));
    ensures RFC6582_s4_recover: c->state >= VTCP_ESTABLISHED ==> !c->cc.recovering && c->cc.recover == c->snd_nxt;
    ensures early: c->state < VTCP_ESTABLISHED ==> congestion_same{Pre, Post}(&c->cc);
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void cut(struct vtcp *c, bool again) {
  if (c->state < VTCP_ESTABLISHED) return;
  vtcp_congestion_timeout(&c->cc, c->snd_nxt - c->snd_una, c->snd_nxt, again);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
  //@ assert reassembly: tcb_reassembly(c) && tcb_window(c);
  //@ assert policy: tcb_policy(c);
  //@ assert sides: tcb_mem(c) && tcb_snd(c) && tcb_rcv(c) && tcb_options(c);
  //@ assert states: tcb_state(c) && tcb_acked(c) && tcb_unacked(c) && tcb_armed(c);
}

/* RFC 6298 (5.5), and Karn's rule. */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->rtt.rto, c->rtt.backoffs, c->rtt.timed_end;
    KEEPS_NEGOTIATED;
    ensures inv: tcb_inv(c);
    ensures RFC6298_s5_5: c->rtt.rto == \min(2 * \old(c->rtt.rto), VTCP_RTO_MAX);
    ensures count: c->rtt.backoffs == counted(\old(c->rtt.backoffs));
    ensures RFC6298_s3_karn: c->rtt.timed_end == -1;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void back_off(struct vtcp *c) {
  vtcp_rtt_timeout(&c->rtt);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
  //@ assert reassembly: tcb_reassembly(c) && tcb_window(c);
  //@ assert policy: tcb_policy(c);
  //@ assert sides: tcb_mem(c) && tcb_snd(c) && tcb_rcv(c) && tcb_options(c);
  //@ assert states: tcb_state(c) && tcb_acked(c) && tcb_unacked(c) && tcb_armed(c);
}

/* RFC 6298 (5.4). */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->snd_ptr, c->rtx_head, c->ev_warning;
    KEEPS_NEGOTIATED;
    ensures inv: tcb_inv(c);
    ensures RFC6298_s5_4: c->snd_ptr == c->snd_una && !c->rtx_head;
    ensures SHLD_9_warning: c->rtt.backoffs == R1 ==> c->ev_warning;
    ensures SHLD_9_warned: c->ev_warning <==> \old(c->ev_warning) || c->rtt.backoffs == R1;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void rewind(struct vtcp *c) {
  c->snd_ptr = c->snd_una;
  c->rtx_head = false;
  if (c->rtt.backoffs == R1) c->ev_warning = true;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
  //@ assert reassembly: tcb_reassembly(c) && tcb_window(c);
  //@ assert policy: tcb_policy(c);
  //@ assert sides: tcb_mem(c) && tcb_snd(c) && tcb_rcv(c) && tcb_options(c);
  //@ assert states: tcb_state(c) && tcb_acked(c) && tcb_unacked(c) && tcb_armed(c);
}

/* The retransmission timer: what is outstanding goes again from SND.UNA (RFC 6298 (5.4) to (5.6)). */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->rtt.rto, c->rtt.backoffs, c->rtt.timed_end, c->cc.cwnd, c->cc.ssthresh, c->cc.acked, c->cc.dupacks,
      c->cc.recovering, c->cc.recover, c->snd_ptr, c->rtx_head, c->ev_warning;
    KEEPS_NEGOTIATED;
    ensures inv: tcb_inv(c);
    ensures RFC6298_s5_4: c->snd_ptr == c->snd_una;
    ensures RFC6298_s5_5: c->rtt.rto == \min(2 * \old(c->rtt.rto), VTCP_RTO_MAX);
    ensures RFC6298_s3_karn: c->rtt.timed_end == -1;
    ensures count: c->rtt.backoffs == counted(\old(c->rtt.backoffs));
    ensures RFC5681_s3_1_loss_window: c->state >= VTCP_ESTABLISHED ==> c->cc.cwnd == c->cc.smss;
    ensures RFC5681_s3_1_first: c->state >= VTCP_ESTABLISHED ==> c->cc.ssthresh ==
      (\old(c->rtt.backoffs) > 0 ? \old(c->cc.ssthresh) :
        vtcp_congestion_half(c->snd_nxt - c->snd_una, c->cc.smss));
    ensures SHLD_9_warning: c->rtt.backoffs == R1 ==> c->ev_warning;
    ensures SHLD_9_warned: warned{Pre, Post}(c);
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void retransmission(struct vtcp *c) {
  bool again = c->rtt.backoffs > 0;
  back_off(c);
  cut(c, again);
  rewind(c);
}

/* The window is closed, or so small that sending was not worth while: force something out. */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->probe, c->probes;
    KEEPS_NEGOTIATED;
    ensures inv: tcb_inv(c);
    ensures forced: c->probe && c->probes == counted(\old(c->probes));
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void probe(struct vtcp *c) {
  c->probe = true;
  if (c->probes < UINT32_MAX) c->probes++;
}

/*@ requires valid: \valid(c);
    requires again: c->snd_ptr == c->snd_una || (c->state >= VTCP_ESTABLISHED && c->probe);
    terminates \true;
    exits never: \false;
    assigns c->rtx_at;
    KEEPS_NEGOTIATED;
    ensures off: c->rtx_at == VTCP_NEVER;
    KEEPS_INV;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void stop(struct vtcp *c) {
  c->rtx_at = VTCP_NEVER;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/*@ requires inv: tcb_inv(c);
    requires state: c->state >= VTCP_SYN_SENT;
    terminates \true;
    exits never: \false;
    assigns c->rtx_at, c->probe, c->probes, c->rtt.rto, c->rtt.backoffs, c->rtt.timed_end, c->cc.cwnd, c->cc.ssthresh,
      c->cc.acked, c->cc.dupacks, c->cc.recovering, c->cc.recover, c->snd_ptr, c->rtx_head, c->ev_warning;
    KEEPS_NEGOTIATED;
    ensures inv: tcb_inv(c);
    TOLD;
    ensures SHLD_9_warned: warned{Pre, Post}(c);
    ensures abs: tcb_abs(c) == \old(tcb_abs(c));
    ensures s3_8_6_1_probe: c->snd_una == c->snd_nxt || (c->state >= VTCP_ESTABLISHED && c->snd_wnd == 0) ==>
      c->probe && c->rtt.rto == \old(c->rtt.rto);
    ensures RFC6298_s5_4: c->snd_una != c->snd_nxt && (c->state < VTCP_ESTABLISHED || c->snd_wnd > 0) ==>
      c->snd_ptr == c->snd_una && c->rtt.rto == \min(2 * \old(c->rtt.rto), VTCP_RTO_MAX);
    ensures again: c->rtx_at == VTCP_NEVER && (c->probe || c->snd_ptr == c->snd_una); */
static void rtx_timeout(struct vtcp *c) {
  if (c->snd_una == c->snd_nxt || (c->state >= VTCP_ESTABLISHED && c->snd_wnd == 0))
    probe(c);
  else
    retransmission(c);
  stop(c);
}

/* RFC 9293 s3.8.4: every probe went without an answer. */
/*@ requires valid: \valid_read(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures dead: \result <==> keep_dead(c, now) == \true; */
static bool silent(const struct vtcp *c, uint64_t now) {
  return vtcp_tcb_keeping(c) && c->keep.at <= now && c->keep.sent == c->keep.count;
}

/* Some timer has run out. */
/*@ requires inv: tcb_inv(c);
    requires state: c->state >= VTCP_SYN_SENT;
    terminates \true;
    exits never: \false;
    assigns WRITES_FINISH, c->rtt.rto, c->rtt.backoffs, c->rtt.timed_end, c->cc.cwnd, c->cc.ssthresh, c->cc.acked,
      c->cc.dupacks, c->cc.recovering, c->cc.recover, c->snd_ptr, c->ev_warning, c->probes;
    KEEPS_NEGOTIATED;
    ensures inv: tcb_inv(c);
    TOLD;
    ensures SHLD_9_warned: warned{Pre, Post}(c);
    ensures refine: tcb_abs(c) ==
      spec_timeout(\old(tcb_abs(c)), \old(given_up(c, now)), past(\old(c->wait_at), now));
    ensures MUST_29_all: c->state == VTCP_CLOSED && \old(c->user_at) > now && \old(c->wait_at) > now ==>
      \old(keep_dead(c, now)) == \true;
    ensures closed: c->state == VTCP_CLOSED ==> vtcp_quiet(c);
    ensures again: \old(c->rtx_at) <= now && c->state >= VTCP_SYN_SENT ==>
      c->rtx_at == VTCP_NEVER && (c->probe || c->snd_ptr == c->snd_una);
    ensures T7_past: now < VTCP_NEVER ==> c->rtx_at > now && c->user_at > now && c->wait_at > now;
    ensures T7_silence: keep_dead(c, now) == \false; */
static void expire(struct vtcp *c, uint64_t now) {
  //@ assert state: spec_state(tcb_abs(c)) == c->state;
  //@ assert waits: c->state == VTCP_TIME_WAIT ==> keep_dead(c, now) == \false;
  if (c->state == VTCP_TIME_WAIT && c->wait_at <= now)
    vtcp_tcb_finish(c, VTCP_OUTCOME_CLOSED);
  else if (c->user_at <= now || silent(c, now))
    vtcp_tcb_finish(c, VTCP_OUTCOME_TIMED_OUT);
  else if (c->rtx_at <= now)
    rtx_timeout(c);
}

void vtcp_timeout(struct vtcp *c, uint64_t now) {
  //@ assert state: spec_state(tcb_abs(c)) == c->state;
  if (c->state == VTCP_CLOSED || c->state == VTCP_LISTEN) return;
  bool early = now < c->rtx_at && now < c->user_at && now < c->wait_at && !silent(c, now);
  if (early) return;
  expire(c, now);
}

uint64_t vtcp_deadline(const struct vtcp *c) {
  uint64_t t = c->rtx_at;
  if (c->user_at < t) t = c->user_at;
  if (c->wait_at < t) t = c->wait_at;
  if (c->ack_due && c->ack_at < t) t = c->ack_at;
  if (vtcp_tcb_keeping(c) && c->keep.at < t) t = c->keep.at;
  return t;
}
