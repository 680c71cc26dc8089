#include "connection/steps.h"

/*@ requires valid: \valid_read(c);
    requires snd: tcb_snd(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures flight: \result <==> in_flight(c, seq); */
static bool in_flight(const struct vtcp *c, uint32_t seq) {
  int64_t o = vtcp_seq_from_wire(seq, c->iss, c->snd_una);
  return c->snd_una <= o && o < c->snd_nxt;
}

/*@ requires inv: tcb_inv(c);
    requires mss: VTCP_MSS_LEAST <= mss < c->snd_mss;
    terminates \true;
    exits never: \false;
    assigns c->snd_mss, c->snd_ptr, c->rtx_head, c->rtt.timed_end;
    ensures inv: tcb_inv(c);
    ensures mss: c->snd_mss == mss;
    ensures again: c->snd_ptr == c->snd_una && !c->rtx_head;
    ensures s3_karn: c->rtt.timed_end == -1;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void narrow(struct vtcp *c, uint16_t mss) {
  c->snd_mss = mss;
  c->snd_ptr = c->snd_una;
  c->rtx_head = false;
  vtcp_rtt_retransmitted(&c->rtt);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
  //@ assert reassembly: tcb_reassembly(c) && tcb_window(c);
  //@ assert policy: tcb_policy(c);
  //@ assert sides: tcb_mem(c) && tcb_snd(c) && tcb_rcv(c) && tcb_options(c);
  //@ assert states: tcb_state(c) && tcb_acked(c) && tcb_unacked(c) && tcb_armed(c);
}

bool vtcp_path_mss(struct vtcp *c, uint32_t seq, uint16_t mss) {
  uint16_t most = mss < VTCP_MSS_LEAST ? VTCP_MSS_LEAST : mss;
  if (c->state < VTCP_ESTABLISHED || most >= c->snd_mss || !in_flight(c, seq)) return false;
  narrow(c, most);
  return true;
}

bool vtcp_path_error(struct vtcp *c, uint32_t seq, bool hard) {
  if (c->state < VTCP_SYN_SENT || !in_flight(c, seq)) return false;
  if (hard && c->state == VTCP_SYN_SENT) (void)vtcp_abort(c);
  return true;
}
