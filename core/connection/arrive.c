#include "connection/steps.h"

/* A passive open takes its peer from the SYN. */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->remote_port;
    KEEPS_INV;
    KEEPS_OCTETS;
    ensures negotiated: opt_abs(c) == spec_opt_peer(\old(opt_abs(c)), port);
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void note_peer(struct vtcp *c, uint16_t port) { c->remote_port = port; }

/* The peer's ISN. */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->irs, c->snd_wl1, c->snd_wl2;
    KEEPS_INV;
    KEEPS_OCTETS;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_adopt(\old(tcb_abs(c)), seg_abs(g)); */
static void adopt(struct vtcp *c, struct vtcp_arrival g) {
  c->irs = g.wire_seq;
  c->snd_wl1 = 0;
  c->snd_wl2 = 0;
}

/* The peer's SYN: IRS, options and the first window. */
/*@ requires inv: tcb_inv(c);
    requires seg: seg_ok(g) && \valid_read(s) && \separated(c, s);
    requires shift: s->wscale <= 14;
    terminates \true;
    exits never: \false;
    assigns c->snd_mss, c->wscale, c->snd_factor, c->rcv_factor, c->probes, c->snd_wnd, c->snd_wl1, c->snd_wl2,
      c->snd_wnd_max, c->irs;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures negotiated: opt_abs(c) == spec_opt_syn(\old(opt_abs(c)), opt_of{Pre}(s));
    ensures refine: tcb_abs(c) == spec_syn_of(\old(tcb_abs(c)), seg_abs(g)); */
static void syn_of(struct vtcp *c, struct vtcp_arrival g, const struct vtcp_segment *s) {
  vtcp_arrival_options(c, s);
  vtcp_arrive_window_of(c, g);
  adopt(c, g);
}

/* A SYN-ACK is to leave, and is given up after the user timeout. */
/*@ requires valid: \valid(c);
    requires policy: tcb_policy(c);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->snd_ptr, c->rtx_at, c->user_at;
    KEEPS(mem); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state); KEEPS(acked);
    KEEPS(unacked); KEEPS(fresh); KEEPS_STREAM; KEEPS_RECEIVED;
    ensures snd: \old(tcb_snd(c)) && c->snd_una == 0 ==> tcb_snd(c);
    ensures watched: c->snd_una == 0 ==> tcb_watched(c);
    ensures level: c->snd_ptr == 0;
    ensures R2: c->rtx_at == VTCP_NEVER && c->user_at == (c->user_timeout > 0 ? now + c->user_timeout : VTCP_NEVER);
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void answer_syn(struct vtcp *c, uint64_t now) {
  c->snd_ptr = 0;
  c->rtx_at = VTCP_NEVER;
  c->user_at = c->user_timeout > 0 ? now + c->user_timeout : VTCP_NEVER;
}

/*@ requires inv: tcb_inv(c);
    requires state: c->state == VTCP_LISTEN || c->state == VTCP_SYN_SENT;
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->snd_ptr, c->rtx_at, c->user_at, c->state;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures state: c->state == VTCP_SYN_RECEIVED;
    ensures R2: c->rtx_at == VTCP_NEVER && c->user_at == (c->user_timeout > 0 ? now + c->user_timeout : VTCP_NEVER);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_enter(\old(tcb_abs(c)), VTCP_SYN_RECEIVED); */
static void enter_syn_received(struct vtcp *c, uint64_t now) {
  answer_syn(c, now);
  vtcp_tcb_enter(c, VTCP_SYN_RECEIVED);
}

/* Each handshake has an ISS of its own: an old acknowledgment of one that was reset opens nothing. */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->iss;
    KEEPS_INV;
    KEEPS_OCTETS;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_select_iss(\old(tcb_abs(c)), isn); */
static void select_iss(struct vtcp *c, uint32_t isn) { c->iss = isn; }

/* RFC 9293 s3.10.7.2 */
/*@ requires inv: tcb_inv(c);
    requires seg: seg_ok(g) && seg_mem(c, g);
    requires now: now <= VTCP_TIME_MAX;
    requires options: \valid_read(s) && \separated(c, s) && s->wscale <= 14;
    requires state: c->state == VTCP_LISTEN;
    terminates \true;
    exits never: \false;
    assigns c->rst_due, c->rst_ackf, c->rst_seq, c->rst_ack, c->remote_port,
      c->snd_mss, c->wscale, c->snd_factor, c->rcv_factor, c->probes, c->snd_wnd, c->snd_wl1, c->snd_wl2,
      c->snd_wnd_max, c->irs, c->iss, c->snd_ptr, c->rtx_at, c->user_at, c->state;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures negotiated: opt_abs(c) == spec_opt_arrive_listen(\old(opt_abs(c)), seg_abs(g), opt_of{Pre}(s));
    TOLD;
    TIMED;
    ensures refine: tcb_abs(c) == spec_arrive_listen(\old(tcb_abs(c)), seg_abs(g), isn); */
static void arrive_listen(struct vtcp *c, struct vtcp_arrival g, const struct vtcp_segment *s, uint32_t isn,
                          uint64_t now) {
  if (g.rst) return;
  if (g.ackf) {
    vtcp_arrival_reset_for(c, g);
  } else if (g.syn) {
    syn_of(c, g, s);
    note_peer(c, s->src_port);
    select_iss(c, isn);
    enter_syn_received(c, now);
  }
}

/*@ requires valid: \valid_read(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures spec: \result <==> spec_ack_acceptable(tcb_abs(c), seg_abs(g)) == \true;
    ensures range: \result <==> c->snd_una < g.ack <= c->snd_nxt; */
static bool ack_acceptable(const struct vtcp *c, struct vtcp_arrival g) {
  return c->snd_una < g.ack && g.ack <= c->snd_nxt;
}

/*@ requires inv: tcb_inv(c);
    requires seg: seg_ok(g) && seg_mem(c, g);
    requires now: now <= VTCP_TIME_MAX;
    requires options: \valid_read(s) && \separated(c, s) && s->wscale <= 14;
    requires state: c->state == VTCP_SYN_SENT;
    requires syn: g.syn && !g.rst && (g.ackf ==> c->snd_una < g.ack <= c->snd_nxt);
    terminates \true;
    exits never: \false;
    assigns WRITES_ESTABLISH, WRITES_DATA, c->snd_mss, c->wscale, c->snd_factor, c->rcv_factor, c->probes, c->snd_wnd, c->snd_wl1, c->snd_wl2,
      c->snd_wnd_max, c->irs, c->snd_ptr, c->rtx_at, c->user_at, c->state;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    TAKES(takes_syn_sent);
    ensures negotiated: opt_abs(c) == spec_opt_syn(\old(opt_abs(c)), opt_of{Pre}(s));
    TOLD;
    TIMES(wait);
    TIMES(ack);
    ensures off: g.ackf ==> c->rtx_at == VTCP_NEVER;
    ensures una: c->snd_una == (g.ackf ? c->snd_nxt : \old(c->snd_una));
    ensures refine: tcb_abs(c) == (g.ackf ?
      spec_arrive_data(spec_ack_owed(spec_establish(spec_syn_of(\old(tcb_abs(c)), seg_abs(g)), seg_abs(g))), seg_abs(g), c->rcv.nxt) :
      spec_enter(spec_syn_of(\old(tcb_abs(c)), seg_abs(g)), VTCP_SYN_RECEIVED)); */
/* SYN-SENT, fourth: the SYN bit is on and the ACK, if there is one, acceptable. */
static void syn_sent_syn(struct vtcp *c, struct vtcp_arrival g, const struct vtcp_segment *s, uint64_t now) {
  //@ assert acceptable: g.ackf ==> spec_ack_acceptable(tcb_abs(c), seg_abs(g)) == \true;
  syn_of(c, g, s);
  if (!g.ackf) {
    enter_syn_received(c, now);
    return;
  }
  vtcp_arrive_establish(c, g, now);
  vtcp_tcb_ack_now(c);
  //@ assert untouched: received_same{Pre, Here}(c) && c->rcv_nxt == \at(c->rcv_nxt, Pre);
  /*@ assert ready: tcb_abs(c) ==
        spec_ack_owed(spec_establish(spec_syn_of(\at(tcb_abs(c), Pre), seg_abs(g)), seg_abs(g))); */
  /*@ assert takes: \forall integer o; spec_takes_syn_sent(\at(tcb_abs(c), Pre), seg_abs(g), o) ==
        spec_takes_data(tcb_abs(c), seg_abs(g), o); */
  vtcp_arrive_data(c, g, now);
  /*@ assert taken: text_refused{Pre, Here}(c, g) || \forall integer o;
        vtcp_reassembly_present(&c->rcv, o) <==> vtcp_reassembly_present{Pre}(&c->rcv, o) ||
          spec_takes_syn_sent(\at(tcb_abs(c), Pre), seg_abs(g), o) == \true; */
  //@ assert space: c->ev_space == \at(c->ev_space, Pre);
}

/*@ requires inv: tcb_inv(c);
    requires seg: seg_ok(g) && seg_mem(c, g);
    requires now: now <= VTCP_TIME_MAX;
    requires options: \valid_read(s) && \separated(c, s) && s->wscale <= 14;
    requires state: c->state == VTCP_SYN_SENT;
    terminates \true;
    exits never: \false;
    assigns c->rst_due, c->rst_ackf, c->rst_seq, c->rst_ack, WRITES_FINISH, WRITES_ESTABLISH, WRITES_DATA,
      c->snd_mss, c->wscale, c->snd_factor, c->rcv_factor, c->probes, c->snd_wnd, c->snd_wl1, c->snd_wl2,
      c->snd_wnd_max, c->irs, c->snd_ptr, c->rtx_at, c->user_at, c->state;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    TAKES(takes_syn_sent);
    ensures negotiated: opt_abs(c) ==
      spec_opt_arrive_syn_sent(\old(opt_abs(c)), \old(tcb_abs(c)), seg_abs(g), opt_of{Pre}(s));
    TOLD;
    TIMED;
    ensures refine: tcb_abs(c) == spec_arrive_syn_sent(\old(tcb_abs(c)), seg_abs(g), c->rcv.nxt); */
/* RFC 9293 s3.10.7.3 */
static void arrive_syn_sent(struct vtcp *c, struct vtcp_arrival g, const struct vtcp_segment *s, uint64_t now) {
  if (g.ackf && !ack_acceptable(c, g)) {
    vtcp_arrival_reset_for(c, g);
    //@ assert refused: TAKEN(takes_syn_sent);
    //@ assert refused_inv: tcb_inv(c);
  } else if (g.rst) {
    if (g.ackf) vtcp_tcb_finish(c, VTCP_OUTCOME_REFUSED);
    //@ assert reset: TAKEN(takes_syn_sent);
    //@ assert reset_inv: tcb_inv(c);
  } else if (g.syn) {
    syn_sent_syn(c, g, s, now);
    //@ assert taken: TAKEN(takes_syn_sent);
    //@ assert taken_inv: tcb_inv(c);
  }
}

/*@ requires valid: \valid_read(c);
    requires snd: tcb_snd(c);
    requires seg: seg_ok(g);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures spec: \result <==> spec_ack_in_range(tcb_abs(c), seg_abs(g)) == \true;
    ensures range: \result ==> g.ack <= c->snd_nxt; */
/* RFC 5961 s5.2: neither beyond SND.NXT nor older than the largest window. */
static bool ack_in_range(const struct vtcp *c, struct vtcp_arrival g) {
  return c->snd_una - c->snd_wnd_max <= g.ack && g.ack <= c->snd_nxt;
}

/*@ requires valid: \valid(c);
    requires budget: vtcp_challenge_inv(&c->challenge);
    requires state: c->state >= VTCP_SYN_RECEIVED;
    terminates \true;
    exits never: \false;
    assigns c->unacceptable, WRITES_CHALLENGE;
    KEEPS_INV;
    KEEPS_OCTETS;
    KEEPS_NEGOTIATED;
    TIMES(ack);
    ensures counted: c->unacceptable == counted(\old(c->unacceptable));
    ensures refine: tcb_abs(c) == spec_challenge(\old(tcb_abs(c)), \old(allowed(c, now))); */
static void reject(struct vtcp *c, uint64_t now) {
  vtcp_tcb_unacceptable(c);
  vtcp_tcb_challenge(c, now);
}

/*@ requires inv: tcb_inv(c);
    requires seg: seg_ok(g) && seg_mem(c, g);
    requires now: now <= VTCP_TIME_MAX;
    requires state: c->state >= VTCP_ESTABLISHED;
    terminates \true;
    exits never: \false;
    assigns c->unacceptable, WRITES_CHALLENGE, WRITES_ACK, WRITES_DATA;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    TAKES(takes_synchronized);
    TOLD;
    KEEPS_NEGOTIATED;
    TIMED;
    ensures refine: tcb_abs(c) == spec_arrive_synchronized(\old(tcb_abs(c)), seg_abs(g), \old(allowed(c, now)), c->rcv.nxt); */
/* s3.10.7.4 from the fifth check on, ESTABLISHED and later. */
static void arrive_synchronized(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  if (!g.ackf) return;
  if (!ack_in_range(c, g)) {
    reject(c, now);
    //@ assert rejected: TAKEN(takes_synchronized);
    return;
  }
  vtcp_arrive_ack(c, g, now);
  vtcp_arrive_data(c, g, now);
  //@ assert taken: TAKEN(takes_synchronized);
}

/*@ requires inv: tcb_inv(c);
    requires seg: seg_ok(g) && seg_mem(c, g);
    requires now: now <= VTCP_TIME_MAX;
    requires state: c->state == VTCP_SYN_RECEIVED;
    terminates \true;
    exits never: \false;
    assigns c->rst_due, c->rst_ackf, c->rst_seq, c->rst_ack, WRITES_CHALLENGE, WRITES_ESTABLISH, WRITES_DATA;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    TAKES(takes_syn_received);
    TOLD;
    KEEPS_NEGOTIATED;
    TIMED;
    ensures refine: tcb_abs(c) == spec_arrive_syn_received(\old(tcb_abs(c)), seg_abs(g), \old(allowed(c, now)), c->rcv.nxt); */
/* s3.10.7.4 from the fifth check on, SYN-RECEIVED. Only SEG.SEQ = RCV.NXT shows that the peer adopted our ISN. */
static void arrive_syn_received(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  //@ assert rcv_nxt: spec_rcv_nxt(tcb_abs(c)) == c->rcv_nxt;
  if (!g.ackf) return;
  if (!ack_acceptable(c, g)) {
    vtcp_arrival_reset_for(c, g);
  } else if (g.seq != c->rcv_nxt) {
    vtcp_tcb_challenge(c, now);
  } else {
    vtcp_arrive_establish(c, g, now);
    vtcp_arrive_data(c, g, now);
  }
}

/*@ requires valid: \valid_read(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures spec: \result <==> spec_syn_ack_at_irs(tcb_abs(c), seg_abs(g)) == \true;
    ensures range: \result ==> c->state == VTCP_SYN_RECEIVED && c->snd_una < g.ack <= c->snd_nxt; */
/* Simultaneous open: the peer's SYN-ACK repeats its SYN at IRS, below RCV.NXT. */
static bool syn_ack_at_irs(const struct vtcp *c, struct vtcp_arrival g) {
  return c->state == VTCP_SYN_RECEIVED && g.syn && g.ackf && !g.rst && !g.fin && g.seq == 0 && ack_acceptable(c, g);
}

/*@ requires inv: tcb_inv(c);
    requires seg: seg_ok(g) && seg_mem(c, g);
    requires now: now <= VTCP_TIME_MAX;
    requires state: c->state >= VTCP_SYN_RECEIVED;
    terminates \true;
    exits never: \false;
    assigns WRITES_INPUT;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    TAKES(takes_other);
    TOLD;
    KEEPS_NEGOTIATED;
    TIMED;
    ensures refine: tcb_abs(c) == spec_arrive_other(\old(tcb_abs(c)), seg_abs(g), \old(allowed(c, now)), c->rcv.nxt); */
/* RFC 9293 s3.10.7.4 */
static void arrive_other(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  //@ assert state: spec_state(tcb_abs(c)) == c->state;
  if (syn_ack_at_irs(c, g)) {
    vtcp_arrive_establish(c, g, now);
    vtcp_tcb_ack_now(c);
    vtcp_arrive_data(c, g, now);
    //@ assert opened: TAKEN(takes_other);
    //@ assert opened_inv: tcb_inv(c) && REFINED(arrive_other, c->rcv.nxt);
    return;
  }
  if (!vtcp_arrive_seq(c, g, now)) {
    //@ assert refused: TAKEN(takes_other);
    //@ assert refused_inv: tcb_inv(c) && REFINED(arrive_other, c->rcv.nxt);
    return;
  }
  if (g.rst) {
    vtcp_arrive_rst(c, g, now);
    //@ assert reset: TAKEN(takes_other);
    //@ assert reset_inv: tcb_inv(c) && REFINED(arrive_other, c->rcv.nxt);
  } else if (g.syn) {
    vtcp_arrive_syn(c, g, now);
    //@ assert syn: TAKEN(takes_other);
    //@ assert syn_inv: tcb_inv(c) && REFINED(arrive_other, c->rcv.nxt);
  } else if (c->state == VTCP_SYN_RECEIVED) {
    arrive_syn_received(c, g, now);
    //@ assert received: TAKEN(takes_other);
    //@ assert received_inv: tcb_inv(c) && REFINED(arrive_other, c->rcv.nxt);
  } else {
    arrive_synchronized(c, g, now);
    //@ assert taken: TAKEN(takes_other);
    //@ assert taken_inv: tcb_inv(c) && REFINED(arrive_other, c->rcv.nxt);
  }
}

/*@ requires inv: tcb_inv(c);
    requires seg: seg_ok(g) && seg_mem(c, g);
    requires now: now <= VTCP_TIME_MAX;
    requires options: \valid_read(s) && \separated(c, s) && s->wscale <= 14;
    terminates \true;
    exits never: \false;
    assigns WRITES_INPUT;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    TAKES(takes);
    ensures negotiated: opt_abs(c) == spec_opt_arrive(\old(opt_abs(c)), \old(tcb_abs(c)), seg_abs(g), opt_of{Pre}(s));
    TOLD;
    TIMED;
    ensures refine: tcb_abs(c) == spec_arrive(\old(tcb_abs(c)), seg_abs(g), \old(allowed(c, now)), c->rcv.nxt, isn); */
static void arrive(struct vtcp *c, struct vtcp_arrival g, const struct vtcp_segment *s, uint32_t isn, uint64_t now) {
  //@ assert state: spec_state(tcb_abs(c)) == c->state;
  if (c->state == VTCP_CLOSED) {
    vtcp_arrival_reset_for(c, g);
    //@ assert closed: TAKEN(takes);
    //@ assert closed_inv: tcb_inv(c) && told{Pre, Here}(c) && REFINED(arrive, c->rcv.nxt, isn);
  } else if (c->state == VTCP_LISTEN) {
    arrive_listen(c, g, s, isn, now);
    //@ assert listen: TAKEN(takes);
    //@ assert listen_inv: tcb_inv(c) && told{Pre, Here}(c) && REFINED(arrive, c->rcv.nxt, isn);
  } else if (c->state == VTCP_SYN_SENT) {
    arrive_syn_sent(c, g, s, now);
    //@ assert sent: TAKEN(takes);
    //@ assert sent_inv: tcb_inv(c) && told{Pre, Here}(c) && REFINED(arrive, c->rcv.nxt, isn);
  } else {
    arrive_other(c, g, now);
    //@ assert other: TAKEN(takes);
    //@ assert other_inv: tcb_inv(c) && told{Pre, Here}(c) && REFINED(arrive, c->rcv.nxt, isn);
  }
}

/* Any segment shows that the peer is there; a forged one can only put the end of the connection off. */
/*@ requires inv: tcb_inv(c);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->keep.at, c->keep.sent;
    ensures inv: tcb_inv(c);
    ensures silence: c->keep.at == now + c->keep.idle && c->keep.sent == 0;
    KEEPS_OCTETS;
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void heard(struct vtcp *c, uint64_t now) {
  vtcp_keepalive_heard(&c->keep, now);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
  //@ assert reassembly: tcb_reassembly(c) && tcb_window(c);
  //@ assert policy: tcb_policy(c);
  //@ assert sides: tcb_mem(c) && tcb_snd(c) && tcb_rcv(c) && tcb_options(c);
  //@ assert states: tcb_state(c) && tcb_acked(c) && tcb_unacked(c) && tcb_armed(c);
}

enum vtcp_error vtcp_input(struct vtcp *c, const struct vtcp_segment *s, uint32_t isn, uint64_t now) {
  if (s->more_len > 0 || s->text_len > 65535 || now > VTCP_TIME_MAX) return VTCP_ERR_INVALID;
  struct vtcp_arrival g = vtcp_arrival_of(c, s);
  //@ assert first: seg_first(g) == input_first(s, g.seq);
  //@ assert carries: \forall octets t; input_carries(s, g.seq, t) ==> seg_carries(g, t);
  arrive(c, g, s, isn, now);
  /*@ assert taken: input_refused{Pre, Here}(c, s, g.seq) || \forall integer o; vtcp_reassembly_present(&c->rcv, o) <==>
        vtcp_reassembly_present{Pre}(&c->rcv, o) ||
        spec_takes(\at(tcb_abs(c), Pre), seg_of{Pre}(c, s, g.seq, g.ack), o) == \true; */
  /*@ assert received: \forall octets t; vtcp_reassembly_holds{Pre}(&c->rcv, t) && input_carries{Pre}(s, g.seq, t) ==>
        vtcp_reassembly_holds(&c->rcv, t); */
  heard(c, now);
  return VTCP_OK;
}
