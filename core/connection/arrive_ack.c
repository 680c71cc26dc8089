#include "connection/steps.h"

void vtcp_arrive_window_of(struct vtcp *c, struct vtcp_arrival g) {
  if (c->snd_wnd == 0 && g.wnd > 0) c->probes = 0;
  c->snd_wnd = g.wnd;
  c->snd_wl1 = g.seq;
  c->snd_wl2 = g.ack;
  if (c->snd_wnd_max < g.wnd) c->snd_wnd_max = g.wnd;
}

/* What policy learns from the acknowledgment of our SYN. */
/*@ requires valid: \valid(c);
    requires options: tcb_options(c);
    requires policy: tcb_policy(c);
    terminates \true;
    exits never: \false;
    assigns WRITES_CC, WRITES_RTT;
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state);
    KEEPS(acked); KEEPS(unacked); KEEPS(timers); KEEPS_STREAM; KEEPS_RECEIVED;
    ensures RFC6928_s2_initial: c->cc.smss == c->snd_mss && c->cc.cwnd ==
      (\old(c->rtt.backoffs) > 0 ? c->snd_mss : vtcp_congestion_initial(c->snd_mss));
    ensures RFC6298_s5_7: \old(c->rtt.backoffs) > 0 && \old(c->rtt.timed_end) < 0 &&
      \max(VTCP_RTO_INITIAL, c->rtt.rto_min) < VTCP_RTO_AFTER_SYN ==> c->rtt.rto == VTCP_RTO_AFTER_SYN;
    ensures timed: c->rtt.backoffs == 0 && c->rtt.timed_end ==
      (0 <= \old(c->rtt.timed_end) <= ack ? -1 : \old(c->rtt.timed_end));
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void start_policy(struct vtcp *c, int64_t ack, uint64_t now) {
  vtcp_congestion_init(&c->cc, c->snd_mss, c->rtt.backoffs > 0);
  vtcp_rtt_established(&c->rtt);
  vtcp_rtt_acked(&c->rtt, ack, now);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/* The timers of our SYN are off, and the user is told. */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->rtx_at, c->user_at, c->ev_established;
    ensures established: c->ev_established;
    ensures off: c->rtx_at == VTCP_NEVER && c->user_at == VTCP_NEVER;
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state);
    KEEPS(acked); KEEPS(unacked); KEEPS(timers); KEEPS_STREAM; KEEPS_RECEIVED;
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void end_handshake(struct vtcp *c) {
  c->rtx_at = VTCP_NEVER;
  c->user_at = VTCP_NEVER;
  c->ev_established = true;
}

/* Our SYN is acknowledged; a CLOSE that waited is carried out (RFC 9293 s3.10.4). */
/*@ requires mem: tcb_mem(c);
    requires sides: tcb_snd(c) && tcb_rcv(c) && tcb_reassembly(c) && tcb_window(c);
    requires inv: tcb_options(c) && tcb_policy(c) && tcb_state(c) && tcb_acked(c) && tcb_unacked(c) && tcb_timers(c);
    requires state: c->state == VTCP_SYN_SENT || c->state == VTCP_SYN_RECEIVED;
    requires acceptable: c->snd_una < g.ack <= c->snd_nxt;
    terminates \true;
    exits never: \false;
    assigns c->snd_una, c->snd_ptr, c->state, c->fin, c->close_wanted;
    KEEPS(mem); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy);
    ensures snd: tcb_snd(c);
    ensures state: tcb_state(c);
    ensures acked: tcb_acked(c);
    ensures unacked: tcb_unacked(c);
    ensures armed: tcb_armed(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures established: c->state == VTCP_ESTABLISHED || c->state == VTCP_FIN_WAIT_1;
    ensures all: c->snd_una == c->snd_nxt;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_now_established(\old(tcb_abs(c)), seg_abs(g)); */
static void now_established(struct vtcp *c, struct vtcp_arrival g) {
  c->snd_una = g.ack;
  c->snd_ptr = g.ack;
  c->state = c->close_wanted ? VTCP_FIN_WAIT_1 : VTCP_ESTABLISHED;
  if (c->close_wanted) c->fin = true;
  c->close_wanted = false;
}

void vtcp_arrive_establish(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  start_policy(c, g.ack, now);
  end_handshake(c);
  vtcp_arrive_window_of(c, g);
  now_established(c, g);
}

/* The segment at SND.UNA goes again, and is not timed (RFC 6298 s3). */
/*@ requires valid: \valid(c);
    requires policy: tcb_policy(c);
    terminates \true;
    exits never: \false;
    assigns c->rtt.timed_end, c->rtx_head;
    KEEPS_INV;
    KEEPS_OCTETS;
    KEEPS(timers);
    ensures again: c->rtx_head && c->rtt.timed_end == -1;
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void resend(struct vtcp *c) {
  c->rtx_head = true;
  vtcp_rtt_retransmitted(&c->rtt);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/* A duplicate acknowledgment. True: it is the third, and the segment at SND.UNA is lost (RFC 5681 s3.2). */
/*@ requires valid: \valid(c);
    requires snd: tcb_snd(c);
    requires policy: tcb_policy(c);
    terminates \true;
    exits never: \false;
    assigns WRITES_CC;
    KEEPS_INV;
    KEEPS_OCTETS;
    ensures third: \result <==> vtcp_congestion_enters{Pre}(&c->cc, c->snd_una);
    ensures dupacks: c->cc.dupacks == counted(\old(c->cc.dupacks));
    ensures RFC5681_s3_2_enters: \result ==> c->cc.recover == c->snd_nxt &&
      c->cc.ssthresh == vtcp_congestion_half(c->snd_nxt - c->snd_una, c->cc.smss);
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static bool duplicate(struct vtcp *c) {
  bool lost = vtcp_congestion_duplicate(&c->cc, c->snd_nxt - c->snd_una, c->snd_una, c->snd_nxt);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
  return lost;
}

/* RFC 5681 s2: a duplicate acknowledgment. */
/*@ requires valid: \valid(c);
    requires snd: tcb_snd(c);
    requires policy: tcb_policy(c);
    terminates \true;
    exits never: \false;
    assigns WRITES_CC, c->rtt.timed_end, c->rtx_head;
    KEEPS_INV;
    KEEPS_OCTETS;
    TOLD;
    KEEPS_NEGOTIATED;
    ensures RFC5681_s2_counts: \old(seg_duplicate(c, g)) ==> c->cc.dupacks == counted(\old(c->cc.dupacks));
    ensures RFC5681_s2_other: !\old(seg_duplicate(c, g)) ==>
      congestion_same{Pre, Post}(&c->cc) && c->cc.dupacks == \old(c->cc.dupacks);
    ensures RFC5681_s3_2_third: \old(seg_duplicate(c, g)) && vtcp_congestion_enters{Pre}(&c->cc, c->snd_una) ==>
      c->rtx_head && c->rtt.timed_end == -1;
    ensures RFC5681_s3_2_wait: !\old(seg_duplicate(c, g)) || !vtcp_congestion_enters{Pre}(&c->cc, c->snd_una) ==>
      c->rtx_head == \old(c->rtx_head) && c->rtt.timed_end == \old(c->rtt.timed_end);
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void count_duplicate(struct vtcp *c, struct vtcp_arrival g) {
  if (g.ack != c->snd_una || c->snd_una == c->snd_nxt || g.txt > 0 || g.fin || g.wnd != c->snd_wnd || g.wnd == 0)
    return;
  if (duplicate(c)) resend(c);
}

/* The round-trip time, if what was timed is acknowledged. */
/*@ requires valid: \valid(c);
    requires snd: tcb_snd(c);
    requires policy: tcb_policy(c);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns WRITES_RTT;
    KEEPS_INV;
    KEEPS_OCTETS;
    KEEPS(timers);
    ensures timed: c->rtt.backoffs == 0 && c->rtt.timed_end ==
      (0 <= \old(c->rtt.timed_end) <= c->snd_una ? -1 : \old(c->rtt.timed_end));
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void sample(struct vtcp *c, uint64_t now) {
  vtcp_rtt_acked(&c->rtt, c->snd_una, now);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/* The congestion window. True: the segment at SND.UNA is lost too (RFC 6582 s3.2). */
/*@ requires valid: \valid(c);
    requires snd: tcb_snd(c);
    requires policy: tcb_policy(c);
    requires acked: 0 <= acked;
    terminates \true;
    exits never: \false;
    assigns WRITES_CC, c->rtx_head;
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state);
    KEEPS(acked); KEEPS(unacked); KEEPS(timers); KEEPS_STREAM; KEEPS_RECEIVED;
    KEEPS_NEGOTIATED;
    ensures MUST_19_window: c->cc.cwnd ==
      vtcp_congestion_window{Pre}(&c->cc, acked, c->snd_una, c->snd_nxt - c->snd_una);
    ensures RFC6582_s3_2_partial: !c->rtx_head &&
      (\result <==> \old(c->cc.recovering) && c->snd_una < \old(c->cc.recover));
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static bool grow(struct vtcp *c, int64_t acked) {
  c->rtx_head = false;
  bool lost = vtcp_congestion_acked(&c->cc, acked, c->snd_una, c->snd_nxt - c->snd_una);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
  return lost;
}

/* RFC 6298 s5.2, s5.3. */
/*@ requires valid: \valid(c);
    requires policy: tcb_policy(c);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->probes, c->ev_space, c->rtx_at;
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state);
    KEEPS(acked); KEEPS(unacked); KEEPS_STREAM; KEEPS_RECEIVED;
    ensures armed: \old(tcb_snd(c)) && c->state >= VTCP_ESTABLISHED && \old(tcb_timers(c)) ==> tcb_armed(c);
    ensures space: c->ev_space <==> \old(c->ev_space) || !c->fin;
    ensures alive: c->probes == 0;
    KEEPS_NEGOTIATED;
    ensures RFC6298_s5_2: c->snd_una >= c->snd_nxt ==> c->rtx_at == VTCP_NEVER;
    ensures RFC6298_s5_3: c->snd_una < c->snd_nxt ==> c->rtx_at == now + c->rtt.rto;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void rearm(struct vtcp *c, uint64_t now) {
  c->probes = 0;
  if (!c->fin) c->ev_space = true;
  c->rtx_at = c->snd_una < c->snd_nxt ? now + c->rtt.rto : VTCP_NEVER;
}

/* What policy learns from an advance of SND.UNA by acked offsets. */
/*@ requires valid: \valid(c);
    requires snd: tcb_snd(c);
    requires policy: tcb_policy(c);
    requires acked: 0 <= acked;
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns WRITES_CC, WRITES_RTT, c->rtx_head, c->probes, c->ev_space, c->rtx_at;
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state);
    KEEPS(acked); KEEPS(unacked); KEEPS_STREAM; KEEPS_RECEIVED;
    ensures armed: c->state >= VTCP_ESTABLISHED && \old(tcb_timers(c)) ==> tcb_armed(c);
    ensures rtx: c->rtx_at == (c->snd_una < c->snd_nxt ? now + c->rtt.rto : VTCP_NEVER);
    ensures window: c->cc.cwnd == vtcp_congestion_window{Pre}(&c->cc, acked, c->snd_una, c->snd_nxt - c->snd_una);
    ensures space: c->ev_space <==> \old(c->ev_space) || !c->fin;
    ensures alive: c->rtt.backoffs == 0;
    ensures RFC6582_s3_2_partial: c->rtx_head <==> \old(c->cc.recovering) && c->snd_una < \old(c->cc.recover);
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void progress(struct vtcp *c, int64_t acked, uint64_t now) {
  sample(c, now);
  if (grow(c, acked)) resend(c);
  rearm(c, now);
}

/* SND.UNA =< SEG.ACK: what is acknowledged leaves the queue. */
/*@ requires inv: tcb_inv(c);
    requires state: c->state >= VTCP_ESTABLISHED;
    requires range: c->snd_una < ack <= c->snd_nxt;
    terminates \true;
    exits never: \false;
    assigns c->snd.head, c->snd.len, c->snd.base, c->snd_una, c->snd_ptr;
    KEEPS(mem); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state); KEEPS(acked);
    ensures snd: tcb_snd(c);
    ensures una: c->snd_una == ack;
    ensures ptr: c->snd_ptr == \max(\old(c->snd_ptr), ack);
    KEEPS(armed); KEEPS_STREAM; KEEPS_RECEIVED;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_una_of(\old(tcb_abs(c)), ack); */
static void una_of(struct vtcp *c, int64_t ack) {
  int64_t end = c->snd.base + c->snd.len;
  int64_t to = ack < end ? ack : end;
  vtcp_ring_drop(&c->snd, (uint32_t)(to - c->snd.base));
  c->snd_una = ack;
  if (c->snd_ptr < ack) c->snd_ptr = ack;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/*@ requires inv: tcb_inv(c);
    requires state: c->state >= VTCP_ESTABLISHED;
    requires seg: seg_ok(g);
    requires range: g.ack <= c->snd_nxt;
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->snd.head, c->snd.len, c->snd.base, c->snd_una, c->snd_ptr, WRITES_CC, WRITES_RTT, c->rtx_head, c->probes,
      c->ev_space, c->rtx_at;
    KEEPS(mem); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state); KEEPS(acked);
    ensures snd: tcb_snd(c);
    ensures una: c->snd_una == \max(\old(c->snd_una), g.ack);
    ensures ptr: c->snd_ptr == \max(\old(c->snd_ptr), c->snd_una);
    KEEPS(armed); KEEPS_STREAM; KEEPS_RECEIVED;
    TOLD;
    TIMES(rtx);
    ensures window: \old(c->snd_una) < g.ack ==>
      c->cc.cwnd == vtcp_congestion_window{Pre}(&c->cc, g.ack - \old(c->snd_una), g.ack, c->snd_nxt - g.ack);
    ensures none: g.ack <= \old(c->snd_una) ==>
      congestion_same{Pre, Post}(&c->cc) && c->cc.dupacks == \old(c->cc.dupacks);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_ack_una(\old(tcb_abs(c)), seg_abs(g)); */
static void ack_una(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  if (g.ack <= c->snd_una) return;
  int64_t acked = g.ack - c->snd_una;
  una_of(c, g.ack);
  progress(c, acked, now);
}

/*@ requires valid: \valid(c);
    requires seg: seg_ok(g);
    terminates \true;
    exits never: \false;
    assigns c->probes, c->snd_wnd, c->snd_wl1, c->snd_wl2, c->snd_wnd_max;
    KEEPS_INV;
    KEEPS_OCTETS;
    TOLD;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_ack_window(\old(tcb_abs(c)), seg_abs(g)); */
static void ack_window(struct vtcp *c, struct vtcp_arrival g) {
  if (c->snd_una > g.ack) return;
  if (c->snd_wl1 < g.seq || (c->snd_wl1 == g.seq && c->snd_wl2 <= g.ack)) vtcp_arrive_window_of(c, g);
}

/*@ requires valid: \valid(c);
    requires snd: tcb_snd(c);
    requires state: tcb_state(c) && c->state >= VTCP_ESTABLISHED;
    requires policy: tcb_policy(c);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns WRITES_FINISH;
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state);
    KEEPS(acked); KEEPS(armed); KEEPS_STREAM; KEEPS_RECEIVED;
    ensures unacked: tcb_unacked(c);
    TIMES(wait);
    TIMES(ack);
    ensures rtx: c->rtx_at == (c->state == VTCP_CLOSED ? VTCP_NEVER : \old(c->rtx_at));
    ensures closed: c->state == VTCP_CLOSED ==> c->snd_una == c->snd_nxt;
    ensures user: c->user_at == \old(c->user_at) || (c->user_at == VTCP_NEVER && c->snd_una == snd_all(c));
    ensures range: c->state == VTCP_CLOSED || c->state >= VTCP_ESTABLISHED;
    ensures half: c->state == VTCP_CLOSED ||
      (c->state >= VTCP_CLOSE_WAIT <==> \old(c->state) >= VTCP_CLOSE_WAIT);
    TOLD;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_ack_fin(\old(tcb_abs(c))); */
static void ack_fin(struct vtcp *c, uint64_t now) {
  if (!c->fin || c->snd_una != c->snd.base + c->snd.len + 1) return;
  if (c->state == VTCP_FIN_WAIT_1) {
    vtcp_tcb_enter(c, VTCP_FIN_WAIT_2);
  } else if (c->state == VTCP_CLOSING) {
    vtcp_tcb_start_wait(c, now);
    vtcp_tcb_enter(c, VTCP_TIME_WAIT);
  } else if (c->state == VTCP_LAST_ACK) {
    vtcp_tcb_finish(c, VTCP_OUTCOME_CLOSED);
  }
}

/*@ requires valid: \valid(c);
    requires snd: tcb_snd(c);
    requires policy: tcb_policy(c);
    requires now: now <= VTCP_TIME_MAX;
    requires state: c->state >= VTCP_ESTABLISHED && tcb_state(c) && tcb_acked(c);
    terminates \true;
    exits never: \false;
    assigns c->user_at;
    KEEPS_INV;
    KEEPS_OCTETS;
    TOLD;
    KEEPS_NEGOTIATED;
    ensures MUST_37_answer: (advanced || c->snd_wnd == 0) && c->snd_una < snd_all(c) && c->user_timeout > 0 ==>
      c->user_at == now + c->user_timeout;
    ensures MUST_37_off: (advanced || c->snd_wnd == 0) && (c->snd_una == snd_all(c) || c->user_timeout == 0) ==>
      c->user_at == VTCP_NEVER;
    ensures MUST_37_kept: !advanced && c->snd_wnd > 0 ==> c->user_at == \old(c->user_at);
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
/* The user timeout runs while something is unacknowledged and the peer gives no sign of life: an advance, or an
   answer to a zero-window probe (MUST-37). */
static void alive(struct vtcp *c, bool advanced, uint64_t now) {
  if (!advanced && c->snd_wnd > 0) return;
  bool waiting = c->snd_una < c->snd.base + c->snd.len + (c->fin ? 1 : 0);
  c->user_at = waiting && c->user_timeout > 0 ? now + c->user_timeout : VTCP_NEVER;
}

void vtcp_arrive_ack(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  bool advanced = c->snd_una < g.ack;
  count_duplicate(c, g);
  ack_una(c, g, now);
  ack_window(c, g);
  alive(c, advanced, now);
  ack_fin(c, now);
  //@ assert received: c->rcv_up == \at(c->rcv_up, Pre) && c->rcv.nxt == \at(c->rcv.nxt, Pre);
}
