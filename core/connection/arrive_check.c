#include "connection/steps.h"

/*@ requires inv: tcb_inv(c);
    requires state: c->state == VTCP_SYN_RECEIVED;
    terminates \true;
    exits never: \false;
    assigns WRITES_FRESH_SEND, c->state;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    TOLD;
    ensures fresh: c->snd_una == 0 && !c->ack_due && c->state == VTCP_LISTEN;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_back_to_listen(\old(tcb_abs(c))); */
static void back_to_listen(struct vtcp *c) {
  vtcp_tcb_fresh_send(c);
  vtcp_tcb_enter(c, VTCP_LISTEN);
}

/* RFC 9293 s3.10.7.4, the four cases of Table 6. */
/*@ requires valid: \valid_read(c);
    requires seg: seg_ok(g);
    requires rcv: tcb_rcv(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures spec: \result <==> spec_acceptable(tcb_abs(c), seg_abs(g)) == \true; */
static bool acceptable(const struct vtcp *c, struct vtcp_arrival g) {
  int64_t len = vtcp_arrival_len(g);
  if (len == 0) return c->rcv_adv == c->rcv_nxt ? g.seq == c->rcv_nxt : c->rcv_nxt <= g.seq && g.seq < c->rcv_adv;
  int64_t last = g.seq + len - 1;
  return (c->rcv_nxt <= g.seq && g.seq < c->rcv_adv) || (c->rcv_nxt <= last && last < c->rcv_adv);
}

/* With a zero window valid ACKs, URGs and RSTs are accepted all the same (MUST-66). */
/*@ requires valid: \valid_read(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures spec: \result <==> spec_allowance(tcb_abs(c), seg_abs(g)) == \true; */
static bool allowance(const struct vtcp *c, struct vtcp_arrival g) {
  return c->rcv_adv == c->rcv_nxt && g.seq == c->rcv_nxt && (g.ackf || g.urg || g.rst);
}

/* The peer's SYN again: it has not seen our SYN-ACK, which is the acknowledgment to send. */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->snd_ptr;
    KEEPS_INV;
    KEEPS_OCTETS;
    ensures again: c->snd_ptr == (c->state == VTCP_SYN_RECEIVED && g.syn && !g.ackf && g.seq == 0 && c->ack_due ?
      c->snd_una : \old(c->snd_ptr));
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void repeat_syn(struct vtcp *c, struct vtcp_arrival g) {
  if (c->state == VTCP_SYN_RECEIVED && g.syn && !g.ackf && g.seq == 0 && c->ack_due) c->snd_ptr = c->snd_una;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/* An acknowledgment, if the budget has one. */
/*@ requires inv: tcb_inv(c);
    requires state: c->state >= VTCP_SYN_RECEIVED;
    terminates \true;
    exits never: \false;
    assigns c->snd_ptr, WRITES_CHALLENGE;
    ensures inv: tcb_inv(c);
    TIMES(ack);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures again: c->snd_ptr == (c->state == VTCP_SYN_RECEIVED && g.syn && !g.ackf && g.seq == 0 && c->ack_due ?
      c->snd_una : \old(c->snd_ptr));
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_challenge(\old(tcb_abs(c)), \old(allowed(c, now))); */
static void answer(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  vtcp_tcb_challenge(c, now);
  repeat_syn(c, g);
}

bool vtcp_arrive_seq(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  if (acceptable(c, g) || allowance(c, g)) return true;
  vtcp_tcb_unacceptable(c);
  if (g.rst) return false;
  /* Our last ACK was lost: 2 MSL begin anew (s3.10.7.4, eighth). */
  if (c->state == VTCP_TIME_WAIT && g.fin && g.seq + g.txt == c->rcv_fin) vtcp_tcb_start_wait(c, now);
  if ((g.txt > 0 || g.fin) && !g.syn)
    vtcp_tcb_ack_now(c);
  else
    answer(c, g, now);
  return false;
}

/*@ requires valid: \valid_read(c);
    requires snd: tcb_snd(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures spec: \result <==> spec_both_ended(tcb_abs(c)) == \true; */
static bool both_ended(const struct vtcp *c) {
  return c->state >= VTCP_CLOSING && c->snd.base + c->snd.len <= c->snd_una;
}

void vtcp_arrive_rst(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  //@ assert state: spec_state(tcb_abs(c)) == c->state;
  //@ assert rcv_nxt: spec_rcv_nxt(tcb_abs(c)) == c->rcv_nxt;
  if (g.seq < c->rcv_nxt) return;
  if (g.seq != c->rcv_nxt) {
    vtcp_tcb_challenge(c, now);
  } else if (c->state == VTCP_SYN_RECEIVED && c->passive) {
    back_to_listen(c);
  } else {
    vtcp_tcb_finish(c, c->state == VTCP_SYN_RECEIVED ? VTCP_OUTCOME_REFUSED
                       : both_ended(c)               ? VTCP_OUTCOME_CLOSED
                                                     : VTCP_OUTCOME_RESET);
  }
}

void vtcp_arrive_syn(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  if (c->state == VTCP_SYN_RECEIVED && c->passive && c->rcv_nxt <= g.seq)
    back_to_listen(c);
  else
    answer(c, g, now);
}
