#include "connection/emit.h"
#include "connection/steps.h"

struct range {
  int64_t lo, hi;
};

/* One past what is queued, our FIN included. */
/*@ requires valid: \valid_read(c);
    requires snd: tcb_snd(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures all: \result == snd_all(c); */
static int64_t queued(const struct vtcp *c) { return c->snd.base + c->snd.len + (c->fin ? 1 : 0); }

/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures least: \result == \min(a, b); */
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Which octets the window lets leave from snd_ptr on, silly windows avoided. */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures may: out_may(c, \result.lo, \result.hi);
    ensures from: \result.lo == c->snd_ptr;
    ensures RFC5681_s3_1_cwnd: \result.lo < \result.hi ==> \result.hi <= c->snd_una + \min(c->snd_wnd, c->cc.cwnd);
    ensures MUST_38_worth: \result.lo < \result.hi && c->snd_ptr == c->snd_nxt &&
      !(c->fin != 0 && \result.hi == snd_all(c)) ==> \result.hi - \result.lo >= c->snd_mss ||
      ((c->nodelay != 0 || c->snd_nxt <= c->snd_una) &&
        (\result.hi == snd_all(c) || 2 * (\result.hi - \result.lo) >= c->snd_wnd_max));
    ensures SHLD_28_full: \result.lo < \result.hi ==> \result.hi == out_most(c);
    ensures s3_8_6_2_1_sends: c->snd_ptr < out_most(c) &&
      (c->snd_ptr < c->snd_nxt || (c->fin != 0 && out_most(c) == snd_all(c)) || out_most(c) - c->snd_ptr >= c->snd_mss ||
        ((c->nodelay != 0 || c->snd_nxt <= c->snd_una) &&
          (out_most(c) == snd_all(c) || 2 * (out_most(c) - c->snd_ptr) >= c->snd_wnd_max))) ==>
      \result.lo < \result.hi; */
static struct range next_new(const struct vtcp *c) {
  int64_t all = queued(c);
  int64_t wnd = c->snd_wnd < c->cc.cwnd ? c->snd_wnd : c->cc.cwnd;
  int64_t hi = least(least(c->snd_una + wnd, c->snd_ptr + c->snd_mss), all);
  struct range r = {c->snd_ptr, c->snd_ptr};
  if (hi <= c->snd_ptr) return r;
  if (c->snd_ptr < c->snd_nxt || (c->fin && hi == all) ||
      vtcp_window_send(hi - c->snd_ptr, all - c->snd_ptr, c->snd_nxt - c->snd_una, c->snd_mss, c->snd_wnd_max,
                       c->nodelay))
    r.hi = hi;
  return r;
}

/* Policy's choice of the octets that leave now; empty when none. */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures may: out_may(c, \result.lo, \result.hi);
    ensures forced: c->snd_una < snd_all(c) && (c->rtx_head ? c->snd_una < c->snd_nxt : c->probe != 0) ==>
      \result.lo < \result.hi;
    ensures head: c->rtx_head ==>
      \result.lo == c->snd_una && \result.hi == \min(c->snd_una + c->snd_mss, c->snd_nxt);
    ensures probe: !c->rtx_head && c->probe ==> \result.lo == c->snd_una &&
      \result.hi == \min(c->snd_una + \max(\min(c->snd_wnd, c->snd_mss), 1), snd_all(c));
    ensures new: !c->rtx_head && !c->probe ==> \result.lo == c->snd_ptr; */
static struct range choose(const struct vtcp *c) {
  struct range r = {c->snd_una, c->snd_una};
  if (c->rtx_head) {
    r.hi = least(c->snd_una + c->snd_mss, c->snd_nxt);
    return r;
  }
  if (c->probe) {
    int64_t n = c->snd_wnd < c->snd_mss ? c->snd_wnd : c->snd_mss;
    r.hi = least(c->snd_una + (n > 0 ? n : 1), queued(c));
    return r;
  }
  return next_new(c);
}

/* Something is queued, nothing may leave and no timer runs: the probe timer (RFC 9293 s3.8.6.1). */
/*@ requires inv: tcb_inv(c);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->rtx_head, c->probe, c->rtx_at, c->user_at;
    ensures T7_armed: c->snd_ptr < snd_all(c) ==> c->rtx_at != VTCP_NEVER;
    ensures kept: \old(c->rtx_at) != VTCP_NEVER ==> c->rtx_at == \old(c->rtx_at);
    ensures later: \old(c->rtx_at) > now && \old(c->user_at) > now ==> c->rtx_at > now && c->user_at > now;
    ensures SHLD_29_probe: \old(c->rtx_at) == VTCP_NEVER && c->snd_ptr < snd_all(c) ==>
      c->rtx_at == now + window_doubled(c->rtt.rto, c->probes, VTCP_RTO_MAX);
    ensures R2: c->user_at == (\old(c->rtx_at) == VTCP_NEVER && c->snd_ptr < snd_all(c) &&
      \old(c->user_at) == VTCP_NEVER && c->user_timeout > 0 ? now + c->user_timeout : \old(c->user_at));
    ensures marks: !c->rtx_head && !c->probe; */
static void idle(struct vtcp *c, uint64_t now) {
  c->rtx_head = false;
  c->probe = false;
  if (c->snd_ptr == queued(c) || c->rtx_at != VTCP_NEVER) return;
  c->rtx_at = now + vtcp_window_probe_wait(c->rtt.rto, c->probes);
  if (c->user_at == VTCP_NEVER && c->user_timeout > 0) c->user_at = now + c->user_timeout;
}

/* ESTABLISHED and later: the text and FIN that leave now; none: the empty range at SND.NXT. */
/*@ requires inv: tcb_inv(c);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->rtx_head, c->probe, c->rtx_at, c->user_at;
    ensures inv: tcb_inv(c);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == \old(tcb_abs(c));
    ensures may: out_may{Pre}(c, \result.lo, \result.hi);
    ensures none: \result.lo == \result.hi ==> \result.lo == c->snd_nxt;
    ensures some: \result.lo < \result.hi ==> c->state >= VTCP_ESTABLISHED && c->state != VTCP_TIME_WAIT &&
      c->rtx_at == \old(c->rtx_at) && c->probe == \old(c->probe) &&
      (\old(!c->rtx_head && !c->probe) ==> \result.lo == c->snd_ptr);
    ensures T7_armed: \result.lo == \result.hi && c->state >= VTCP_ESTABLISHED && c->snd_una < snd_all(c) ==>
      c->rtx_at != VTCP_NEVER;
    ensures later: \old(c->rtx_at) > now && \old(c->user_at) > now && \result.lo == \result.hi ==>
      c->rtx_at > now && c->user_at > now; */
static struct range leaving(struct vtcp *c, uint64_t now) {
  struct range none = {c->snd_nxt, c->snd_nxt};
  if (c->state < VTCP_ESTABLISHED || c->snd_una == queued(c)) return none;
  //@ assert open: c->state != VTCP_TIME_WAIT;
  struct range r = choose(c);
  if (r.lo < r.hi) return r;
  idle(c, now);
  return none;
}

/* ---- what has left ---- */

/* The window's edge. */
/*@ requires valid: \valid(c);
    requires edge: c->rcv_adv <= adv <= VTCP_OFFSET_MAX;
    requires backed: adv <= vtcp_reassembly_end(&c->rcv) || adv == c->rcv_adv;
    terminates \true;
    exits never: \false;
    assigns c->rcv_adv, c->ack_sent, c->ack_due;
    ensures adv: c->rcv_adv == adv && c->ack_sent == c->rcv_nxt;
    KEEPS(mem); KEEPS(snd); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state); KEEPS(acked);
    KEEPS(unacked); KEEPS(armed);
    ensures rcv: \old(tcb_rcv(c)) ==> tcb_rcv(c);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_out_edge(\old(tcb_abs(c)), adv); */
static void set_edge(struct vtcp *c, int64_t adv) {
  c->rcv_adv = adv;
  c->ack_sent = c->rcv_nxt;
  c->ack_due = false;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/* SND.NXT. */
/*@ requires valid: \valid(c);
    requires nxt: c->snd_nxt <= nxt <= snd_all(c);
    requires opening: c->state < VTCP_ESTABLISHED ==> nxt == c->snd_nxt;
    terminates \true;
    exits never: \false;
    assigns c->snd_nxt;
    ensures nxt: c->snd_nxt == nxt;
    KEEPS_INV;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_out_nxt(\old(tcb_abs(c)), nxt); */
static void set_nxt(struct vtcp *c, int64_t nxt) {
  c->snd_nxt = nxt;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/* SND.NXT, the window's edge, and no acknowledgment owed. */
/*@ requires inv: tcb_inv(c);
    requires hi: 0 <= hi <= snd_all(c);
    requires opening: c->state < VTCP_ESTABLISHED ==> hi <= c->snd_nxt;
    terminates \true;
    exits never: \false;
    assigns c->rcv_adv, c->snd_nxt, c->ack_due, c->ack_sent;
    ensures inv: tcb_inv(c);
    ensures SHLD_14_never_shrinks: c->rcv_adv >= \old(c->rcv_adv);
    ensures worth: window_worth(c, \old(c->rcv_adv), c->rcv_adv);
    ensures s3_8_6_2_2_edge: c->rcv_adv == \old(c->state >= VTCP_ESTABLISHED ? window_next(c) : c->rcv_adv);
    ensures sent: c->ack_sent == c->rcv_nxt;
    ensures snd_nxt: c->snd_nxt == \max(\old(c->snd_nxt), hi);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_out_range(\old(tcb_abs(c)), c->snd_nxt, c->rcv_adv); */
static void move_edges(struct vtcp *c, int64_t hi) {
  //@ assert snd_nxt: spec_snd_nxt(tcb_abs(c)) == c->snd_nxt;
  int64_t adv = c->state >= VTCP_ESTABLISHED ? vtcp_tcb_edge(c) : c->rcv_adv;
  int64_t nxt = hi > c->snd_nxt ? hi : c->snd_nxt;
  set_nxt(c, nxt);
  set_edge(c, adv);
}

/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->retransmitted;
    ensures counted: c->retransmitted == counted(\old(c->retransmitted));
    KEEPS_INV;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void count_again(struct vtcp *c) {
  if (c->retransmitted < UINT32_MAX) c->retransmitted++;
}

/* Karn: what has been sent again is not timed. */
/*@ requires valid: \valid(c);
    requires policy: tcb_policy(c);
    terminates \true;
    exits never: \false;
    assigns c->rtt.timed_end;
    ensures s3_karn: c->rtt.timed_end == -1;
    KEEPS_INV;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void untime(struct vtcp *c) {
  vtcp_rtt_retransmitted(&c->rtt);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/*@ requires valid: \valid(c);
    requires policy: tcb_policy(c);
    requires hi: 0 < hi;
    terminates \true;
    exits never: \false;
    assigns c->rtt.timed_end, c->rtt.timed_at;
    ensures begins: \old(c->rtt.timed_end) < 0 ==> c->rtt.timed_end == hi && c->rtt.timed_at == now;
    ensures under_way: \old(c->rtt.timed_end) >= 0 ==> c->rtt.timed_end == \old(c->rtt.timed_end);
    KEEPS_INV;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void start_timing(struct vtcp *c, int64_t hi, uint64_t now) {
  vtcp_rtt_sent(&c->rtt, hi, now);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/* Counts a retransmission, or begins to time what leaves for the first time; nxt: SND.NXT before. */
/*@ requires inv: tcb_inv(c);
    requires range: 0 <= lo < hi;
    terminates \true;
    exits never: \false;
    assigns c->retransmitted, c->rtt.timed_end, c->rtt.timed_at;
    ensures inv: tcb_inv(c);
    ensures s3_karn: measured{Pre, Post}(c, lo, hi, nxt, now);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == \old(tcb_abs(c)); */
static void measure(struct vtcp *c, int64_t lo, int64_t hi, int64_t nxt, uint64_t now) {
  if (lo < nxt) {
    count_again(c);
    untime(c);
  } else if (!c->probe) {
    start_timing(c, hi, now);
  }
}

/* The retransmission or probe timer after text or FIN has left (RFC 6298 (5.1); RFC 9293 s3.8.6.1). What probing has
   left of the timer may be longer than RTO. */
/*@ requires inv: tcb_inv(c);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures T7_armed: \result <= now + VTCP_RTO_MAX;
    ensures RFC6298_s5_1: c->rtx_at == VTCP_NEVER && !(c->probe && c->snd_wnd == 0) ==> \result == now + c->rtt.rto;
    ensures timer: \result == (!c->rtx_head && c->probe && c->snd_wnd == 0 ?
        now + window_doubled(c->rtt.rto, c->probes, VTCP_RTO_MAX) :
      c->rtx_head || c->rtx_at > now + c->rtt.rto || (c->snd_una == nxt && c->snd_wnd > 0) ? now + c->rtt.rto : c->rtx_at); */
static uint64_t rtx_time(const struct vtcp *c, int64_t nxt, uint64_t now) {
  if (c->rtx_head) return now + c->rtt.rto;
  if (c->probe && c->snd_wnd == 0) return now + vtcp_window_probe_wait(c->rtt.rto, c->probes);
  if (c->rtx_at > now + c->rtt.rto || (c->snd_una == nxt && c->snd_wnd > 0)) return now + c->rtt.rto;
  return c->rtx_at;
}

/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->snd_ptr, c->rtx_at, c->user_at, c->rtx_head, c->probe;
    ensures set: c->snd_ptr == ptr && c->rtx_at == rtx_at && c->user_at == user_at && !c->rtx_head && !c->probe;
    ensures snd: \old(tcb_snd(c)) && c->snd_una <= ptr <= c->snd_nxt ==> tcb_snd(c);
    KEEPS(mem); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state); KEEPS(acked);
    KEEPS(unacked);
    ensures armed: \old(tcb_armed(c)) && VTCP_ESTABLISHED <= c->state < VTCP_TIME_WAIT && rtx_at != VTCP_NEVER ==>
      tcb_armed(c);
    KEEPS_NEGOTIATED;
    ensures same: tcb_abs(c) == \old(tcb_abs(c)); */
static void set(struct vtcp *c, int64_t ptr, uint64_t rtx_at, uint64_t user_at) {
  c->snd_ptr = ptr;
  c->rtx_at = rtx_at;
  c->user_at = user_at;
  c->rtx_head = false;
  c->probe = false;
}

/* Timers and pointers after [lo, hi) has left; nxt: SND.NXT before. */
/*@ requires inv: tcb_inv(c);
    requires now: now <= VTCP_TIME_MAX;
    requires range: 0 <= lo < hi <= c->snd_nxt;
    requires state: VTCP_ESTABLISHED <= c->state < VTCP_TIME_WAIT;
    terminates \true;
    exits never: \false;
    assigns c->retransmitted, c->rtt.timed_end, c->rtt.timed_at, c->rtx_at, c->snd_ptr, c->user_at, c->rtx_head,
      c->probe;
    ensures inv: tcb_inv(c);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == \old(tcb_abs(c));
    TIMES(start);
    ensures s3_karn: measured{Pre, Post}(c, lo, hi, nxt, now);
    ensures ptr: c->snd_ptr == (\old(c->probe) && c->snd_wnd == 0 ? \old(c->snd_ptr) : \max(\old(c->snd_ptr), hi));
    ensures R2: c->user_at == (\old(c->user_at) == VTCP_NEVER && c->user_timeout > 0 ? now + c->user_timeout :
      \old(c->user_at));
    ensures T7_armed: c->rtx_at != VTCP_NEVER; */
static void sent(struct vtcp *c, int64_t lo, int64_t hi, int64_t nxt, uint64_t now) {
  measure(c, lo, hi, nxt, now);
  bool closed = c->probe && c->snd_wnd == 0;
  int64_t ptr = !closed && c->snd_ptr < hi ? hi : c->snd_ptr;
  uint64_t rtx_at = rtx_time(c, nxt, now);
  uint64_t user_at = c->user_at == VTCP_NEVER && c->user_timeout > 0 ? now + c->user_timeout : c->user_at;
  set(c, ptr, rtx_at, user_at);
}

/* Text or FIN, [lo, hi), has left. */
/*@ requires inv: tcb_inv(c);
    requires now: now <= VTCP_TIME_MAX;
    requires state: VTCP_ESTABLISHED <= c->state < VTCP_TIME_WAIT;
    requires range: 0 <= lo < hi <= snd_all(c);
    terminates \true;
    exits never: \false;
    assigns c->rcv_adv, c->snd_nxt, c->ack_due, c->ack_sent, c->retransmitted, c->rtt.timed_end, c->rtt.timed_at,
      c->rtx_at, c->snd_ptr, c->user_at, c->rtx_head, c->probe;
    ensures inv: tcb_inv(c);
    ensures SHLD_14_never_shrinks: c->rcv_adv >= \old(c->rcv_adv);
    ensures worth: window_worth(c, \old(c->rcv_adv), c->rcv_adv);
    ensures snd_nxt: c->snd_nxt == \max(\old(c->snd_nxt), hi);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_out_range(\old(tcb_abs(c)), c->snd_nxt, c->rcv_adv);
    TIMES(start);
    ensures s3_karn: measured{Pre, Post}(c, lo, hi, \old(c->snd_nxt), now);
    ensures T7_armed: c->rtx_at != VTCP_NEVER; */
static void left(struct vtcp *c, int64_t lo, int64_t hi, uint64_t now) {
  int64_t nxt = c->snd_nxt;
  move_edges(c, hi);
  sent(c, lo, hi, nxt, now);
}

/*@ requires valid: \valid(c);
    requires una: c->snd_una == 0 && c->snd_nxt <= 1;
    requires at: at != VTCP_NEVER && c->state >= VTCP_SYN_SENT;
    terminates \true;
    exits never: \false;
    assigns c->snd_nxt, c->snd_ptr, c->ack_due, c->rtx_at;
    ensures at: c->rtx_at == at && c->snd_ptr == 1;
    KEEPS_INV;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_out_range(\old(tcb_abs(c)), 1, c->rcv_adv); */
static void set_syn(struct vtcp *c, uint64_t at) {
  c->snd_nxt = 1;
  c->snd_ptr = 1;
  c->ack_due = false;
  c->rtx_at = at;
}

/* The SYN has left. */
/*@ requires inv: tcb_inv(c);
    requires now: now <= VTCP_TIME_MAX;
    requires due: syn_due(c);
    terminates \true;
    exits never: \false;
    assigns c->rtt.timed_end, c->rtt.timed_at, c->retransmitted, c->snd_nxt, c->snd_ptr, c->ack_due, c->rtx_at;
    ensures inv: tcb_inv(c);
    ensures RFC6298_s5_1: c->rtx_at == now + c->rtt.rto;
    ensures once: c->snd_ptr == 1;
    ensures s3_karn: measured{Pre, Post}(c, 0, 1, \old(c->snd_nxt), now);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_out_range(\old(tcb_abs(c)), 1, c->rcv_adv); */
static void left_syn(struct vtcp *c, uint64_t now) {
  measure(c, 0, 1, c->snd_nxt, now);
  set_syn(c, now + c->rtt.rto);
}

/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->rst_due;
    KEEPS_INV;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_out_rst(\old(tcb_abs(c))); */
static void no_rst(struct vtcp *c) { c->rst_due = false; }

/* ---- one segment ---- */

/*@ requires inv: tcb_inv(c);
    requires out: \valid(out) && \separated(out, c);
    terminates \true;
    exits never: \false;
    assigns *out, c->rst_due;
    ensures inv: tcb_inv(c);
    ensures sayable: seg_fits(out, VTCP_HEADER_MAX) && out_ports(c, out);
    KEEPS_NEGOTIATED;
    ensures plain: out_plain(out) && out_empty(out);
    ensures seq: out->seq == c->rst_seq && out->ack == c->rst_ack;
    ensures flags: out->flags == (c->rst_ackf != 0 ? VTCP_RST + VTCP_ACK : VTCP_RST);
    ensures refine: tcb_abs(c) == spec_out_rst(\old(tcb_abs(c))); */
static void send_rst(struct vtcp *c, struct vtcp_segment *out) {
  no_rst(c);
  vtcp_emit(c, vtcp_emit_rst(c), out);
}

/*@ requires inv: tcb_inv(c);
    requires out: \valid(out) && \separated(out, c);
    requires now: now <= VTCP_TIME_MAX;
    requires due: syn_due(c);
    terminates \true;
    exits never: \false;
    assigns *out, c->rtt.timed_end, c->rtt.timed_at, c->retransmitted, c->snd_nxt, c->snd_ptr, c->ack_due, c->rtx_at;
    ensures inv: tcb_inv(c);
    ensures sayable: seg_fits(out, VTCP_HEADER_MAX) && out_ports(c, out);
    ensures syn: out_syn(c, out) && out_empty(out);
    KEEPS_NEGOTIATED;
    ensures options: out_syn_options(c, out);
    ensures RFC6298_s5_1: c->rtx_at == now + c->rtt.rto;
    ensures s3_karn: measured{Pre, Post}(c, 0, 1, \old(c->snd_nxt), now);
    ensures refine: tcb_abs(c) == spec_out_range(\old(tcb_abs(c)), 1, c->rcv_adv); */
static void send_syn(struct vtcp *c, uint64_t now, struct vtcp_segment *out) {
  left_syn(c, now);
  vtcp_emit(c, vtcp_emit_syn(c), out);
  //@ assert options: !out->has_ts && out->sack_count == 0 && !out->sack_permitted && out->wscale <= 14;
  //@ assert flags: out->flags <= 255;
}

/* Text, FIN or an acknowledgment. */
/*@ requires inv: tcb_inv(c);
    requires out: \valid(out) && \separated(out, c, c->snd.data + (0 .. c->snd.cap - 1));
    requires now: now <= VTCP_TIME_MAX;
    requires no_syn: !syn_due(c);
    terminates \true;
    exits never: \false;
    assigns *out, c->rcv_adv, c->snd_nxt, c->ack_due, c->ack_sent, c->retransmitted, c->rtt.timed_end, c->rtt.timed_at,
      c->rtx_at, c->snd_ptr, c->user_at, c->rtx_head, c->probe;
    ensures inv: tcb_inv(c);
    ensures sayable: \result ==> seg_fits(out, VTCP_HEADER_MAX) && out_ports(c, out) && out_plain(out);
    ensures none: !\result ==> tcb_abs(c) == \old(tcb_abs(c)) && c->snd_nxt == \old(c->snd_nxt) &&
      c->rcv_adv == \old(c->rcv_adv) && c->ack_due == \old(c->ack_due);
    ensures SHLD_14_never_shrinks: c->rcv_adv >= \old(c->rcv_adv);
    ensures worth: window_worth(c, \old(c->rcv_adv), c->rcv_adv);
    ensures T7_armed: out_waits(c) ==> c->rtx_at != VTCP_NEVER;
    ensures T7_ack: !\result && c->ack_due ==> c->ack_at > now;
    ensures later: !\result && \old(c->rtx_at) > now && \old(c->user_at) > now ==> c->rtx_at > now && c->user_at > now;
    ensures refine: \result ==> tcb_abs(c) == spec_out_range(\old(tcb_abs(c)), c->snd_nxt, c->rcv_adv);
    KEEPS_NEGOTIATED;
    ensures MUST_16_range: \result ==> out_leaves{Pre, Post}(c, out);
    ensures start: \result && out->text_len + out->more_len > 0 ==> timed_start{Pre, Post}(c, now);
    ensures s3_karn: \result && out->text_len + out->more_len > 0 ==> measured_range{Pre, Post}(c, now); */
static bool send_range(struct vtcp *c, uint64_t now, struct vtcp_segment *out) {
  struct range r = leaving(c, now);
  //@ assert inside: 0 <= r.lo <= r.hi <= snd_all(c) && (r.lo < r.hi ==> 1 <= r.lo && c->snd_una <= r.lo);
  if (r.lo < r.hi) {
    left(c, r.lo, r.hi, now);
    //@ assert s3_karn: measured_range{Pre, Here}(c, now);
    //@ assert start: timed_start{Pre, Here}(c, now);
    //@ assert armed: c->rtx_at != VTCP_NEVER;
  } else if (c->state >= VTCP_SYN_RECEIVED && c->ack_due && c->ack_at <= now) {
    move_edges(c, r.hi);
    //@ assert armed: out_waits(c) ==> c->rtx_at != VTCP_NEVER;
  } else {
    return false;
  }
  //@ assert inside: r.hi <= snd_all(c) && (r.lo < r.hi ==> c->snd_una <= r.lo);
  vtcp_emit_part(c, r.lo, r.hi, out);
  //@ assert range: out_range{Pre, Here}(c, out, r.lo, r.hi);
  //@ assert s3_karn: r.lo < r.hi ==> measured_range{Pre, Here}(c, now);
  //@ assert start: r.lo < r.hi ==> timed_start{Pre, Here}(c, now);
  //@ assert armed: out_waits(c) ==> c->rtx_at != VTCP_NEVER;
  return true;
}

/*@ requires valid: \valid(c);
    requires policy: tcb_policy(c) && c->keep.sent < c->keep.count;
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->keep.at, c->keep.sent;
    ensures next: c->keep.at == now + c->keep.interval && c->keep.sent == \old(c->keep.sent) + 1;
    ensures later: c->keep.at > now;
    KEEPS_INV;
    KEEPS_NEGOTIATED;
    ensures same: tcb_abs(c) == \old(tcb_abs(c)); */
static void asked(struct vtcp *c, uint64_t now) {
  vtcp_keepalive_sent(&c->keep, now);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/* A keep-alive probe: SEG.SEQ = SND.NXT-1 (RFC 9293 s3.8.4). */
/*@ requires inv: tcb_inv(c);
    requires out: \valid(out) && \separated(out, c, c->snd.data + (0 .. c->snd.cap - 1));
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns *out, c->rcv_adv, c->snd_nxt, c->ack_due, c->ack_sent, c->keep.at, c->keep.sent;
    ensures inv: tcb_inv(c);
    ensures due: \result <==> \old(keep_due(c, now)) == \true;
    ensures later: !\result && \old(keep_dead(c, now)) == \false ==> keep_timer(c) > now;
    ensures waits: out_waits(c) <==> \old(out_waits(c));
    ensures ack: !\result ==> ack_timer(c) == \old(ack_timer(c));
    ensures sayable: \result ==> seg_fits(out, VTCP_HEADER_MAX) && out_ports(c, out) && out_plain(out);
    ensures none: !\result ==> tcb_abs(c) == \old(tcb_abs(c)) && c->ack_due == \old(c->ack_due) &&
      out_asks_no_more{Pre, Post}(c);
    ensures SHLD_14_never_shrinks: c->rcv_adv >= \old(c->rcv_adv);
    ensures worth: window_worth(c, \old(c->rcv_adv), c->rcv_adv);
    ensures refine: \result ==> tcb_abs(c) == spec_out_range(\old(tcb_abs(c)), c->snd_nxt, c->rcv_adv);
    KEEPS_NEGOTIATED;
    ensures asks: \result ==> out_asks{Pre, Post}(c, out) && out_asked{Pre, Post}(c, now); */
static bool send_keepalive(struct vtcp *c, uint64_t now, struct vtcp_segment *out) {
  if (!vtcp_tcb_keeping(c) || c->keep.at > now || c->keep.sent >= c->keep.count) return false;
  //@ assert level: 1 <= c->snd_una == c->snd_nxt;
  move_edges(c, c->snd_nxt);
  asked(c, now);
  //@ assert asked: out_asked{Pre, Here}(c, now);
  //@ assert worth: window_worth(c, \at(c->rcv_adv, Pre), c->rcv_adv);
  //@ assert same: c->snd_nxt == \at(c->snd_nxt, Pre) && tcb_inv(c);
  vtcp_emit_part(c, c->snd_nxt - 1, c->snd_nxt - 1, out);
  //@ assert kept: c->snd_nxt == \at(c->snd_nxt, Pre);
  //@ assert worth: window_worth(c, \at(c->rcv_adv, Pre), c->rcv_adv);
  return true;
}

bool vtcp_output(struct vtcp *c, uint64_t now, struct vtcp_segment *out) {
  if (now > VTCP_TIME_MAX) return false;
  if (c->rst_due) {
    send_rst(c, out);
    return true;
  }
  if ((c->state == VTCP_SYN_SENT || c->state == VTCP_SYN_RECEIVED) && c->snd_ptr == 0) {
    send_syn(c, now, out);
    //@ assert timed: c->rtx_at != VTCP_NEVER;
    return true;
  }
  if (send_range(c, now, out)) {
    //@ assert armed: out_waits(c) ==> c->rtx_at != VTCP_NEVER;
    //@ assert range: out_plain(out) && out_leaves{Pre, Here}(c, out);
    //@ assert start: out->text_len + out->more_len > 0 ==> timed_start{Pre, Here}(c, now) && measured_range{Pre, Here}(c, now);
    return true;
  }
  //@ assert due: keep_due(c, now) == \at(keep_due(c, now), Pre) && keep_timer(c) == \at(keep_timer(c), Pre);
  //@ assert quiet: out_asks_no_more{Pre, Here}(c) && c->keep.interval == \at(c->keep.interval, Pre);
  //@ assert armed: out_waits(c) ==> c->rtx_at != VTCP_NEVER;
  /*@ assert later: \at(c->rtx_at, Pre) > now && \at(c->user_at, Pre) > now && \at(c->wait_at, Pre) > now ==>
        c->rtx_at > now && c->user_at > now && c->wait_at > now && ack_timer(c) > now; */
  bool leaves = send_keepalive(c, now, out);
  //@ assert asks: leaves ==> out_plain(out) && out_asks{Pre, Here}(c, out);
  //@ assert asked: leaves ==> out_asked{Pre, Here}(c, now);
  //@ assert empty: leaves ==> out_empty(out);
  //@ assert still: out_waits(c) ==> c->rtx_at != VTCP_NEVER;
  return leaves;
}
