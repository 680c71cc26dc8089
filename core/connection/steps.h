/* The steps of RFC 9293 s3.10, each refining the function of the same name in spec/tcp.mlw. Internal to connection/. */
#ifndef VTCP_CONNECTION_STEPS_H
#define VTCP_CONNECTION_STEPS_H

#include "vtcp.h"

/* A segment as the steps see it: SEG.SEQ and SEG.ACK as stream offsets, SEG.WND in octets. */
struct vtcp_arrival {
  bool syn, fin, rst, ackf, urg;
  int64_t seq, ack;
  uint32_t txt; /* octets of text */
  uint32_t wnd;
  uint32_t up;
  uint32_t wire_seq, wire_ack;
  const uint8_t *text;
};

#ifdef __FRAMAC__
#include "arrival.acsl"
#endif

/* ---- tcb.c: what several events share ---- */

/* An acknowledgment is due, at once. */
/*@ requires valid: \valid(c);
    requires state: c->state >= VTCP_SYN_RECEIVED;
    terminates \true;
    exits never: \false;
    assigns c->ack_due, c->ack_at;
    ensures due: c->ack_due && c->ack_at == 0;
    KEEPS_INV;
    KEEPS_OCTETS;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_ack_owed(\old(tcb_abs(c))); */
void vtcp_tcb_ack_now(struct vtcp *c);

/* An acknowledgment is due, at once, if RFC 5961 s7 allows one. */
/*@ requires valid: \valid(c);
    requires budget: vtcp_challenge_inv(&c->challenge);
    requires state: c->state >= VTCP_SYN_RECEIVED;
    terminates \true;
    exits never: \false;
    assigns WRITES_CHALLENGE;
    TIMES(ack);
    KEEPS_INV;
    KEEPS_OCTETS;
    ensures budget: vtcp_challenge_inv(&c->challenge);
    ensures drawn: \old(allowed(c, now)) == \true ==> c->ack_at == 0 && c->challenged == counted(\old(c->challenged));
    ensures refused: \old(allowed(c, now)) == \false ==>
      c->ack_at == \old(c->ack_at) && c->challenged == \old(c->challenged);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_challenge(\old(tcb_abs(c)), \old(allowed(c, now))); */
void vtcp_tcb_challenge(struct vtcp *c, uint64_t now);

/* Counts a segment that failed the sequence or acknowledgment check. */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->unacceptable;
    ensures counted: c->unacceptable == counted(\old(c->unacceptable));
    KEEPS_INV;
    KEEPS_OCTETS;
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
void vtcp_tcb_unacceptable(struct vtcp *c);

/* Enter a state. */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->state;
    ensures state: c->state == state;
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy);
    ensures opening: VTCP_LISTEN <= state <= VTCP_SYN_RECEIVED && \old(tcb_fresh(c)) && !c->close_wanted ==>
      tcb_state(c) && tcb_acked(c) && tcb_unacked(c);
    ensures armed: \old(tcb_watched(c)) && (state < VTCP_SYN_SENT || c->snd_una == c->snd_ptr ||
      (\old(c->state) >= VTCP_ESTABLISHED && state >= VTCP_ESTABLISHED)) && tcb_timers(c) ==> tcb_armed(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_enter(\old(tcb_abs(c)), state); */
void vtcp_tcb_enter(struct vtcp *c, int32_t state);

/* Start or restart the 2 MSL timer; the user timeout is off (RFC 9293 s3.10.7.4, eighth). */
/*@ requires valid: \valid(c);
    requires policy: tcb_policy(c);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->wait_at, c->user_at;
    ensures off: c->user_at == VTCP_NEVER;
    ensures s3_10_8_2_msl: c->wait_at == now + 2 * c->msl && c->wait_at != VTCP_NEVER;
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state);
    KEEPS(acked); KEEPS(unacked); KEEPS(watched); KEEPS_STREAM; KEEPS_RECEIVED;
    ensures armed: \old(tcb_armed(c)) && c->state == VTCP_TIME_WAIT ==> tcb_armed(c);
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
void vtcp_tcb_start_wait(struct vtcp *c, uint64_t now);

/* Enter CLOSED. */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns WRITES_FINISH;
    ensures quiet: vtcp_quiet(c) && c->ev_ended;
    ensures state: c->state == VTCP_CLOSED;
    KEEPS_INV;
    KEEPS_OCTETS;
    ensures told: \old(c->state) != VTCP_CLOSED ==> told{Pre, Post}(c);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_finish(\old(tcb_abs(c)), outcome); */
void vtcp_tcb_finish(struct vtcp *c, int32_t outcome);

/* A fresh send side, for the same ISS. */
/*@ requires mem: tcb_mem(c);
    requires caps: 0 < c->snd.cap <= VTCP_BUFFER_MAX;
    requires rto_min: VTCP_RTO_FLOOR <= c->rtt.rto_min <= VTCP_RTO_MAX;
    terminates \true;
    exits never: \false;
    assigns WRITES_FRESH_SEND;
    ensures mem: tcb_mem(c);
    KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(receive_fresh);
    ensures snd: tcb_snd(c);
    ensures stream: \forall octets s; vtcp_ring_holds(&c->snd, s);
    KEEPS_RECEIVED;
    ensures rtt: vtcp_rtt_inv(&c->rtt) && c->rtt.rto_min == \old(c->rtt.rto_min);
    ensures fresh: tcb_send_fresh(c) && tcb_idle(c);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_fresh_send(\old(tcb_abs(c))); */
void vtcp_tcb_fresh_send(struct vtcp *c);

/* Fresh send and receive sides (RFC 9293 s3.10.1). */
/*@ requires mem: tcb_mem(c);
    requires caps: 0 < c->snd.cap <= VTCP_BUFFER_MAX && 0 < c->rcv.cap <= VTCP_BUFFER_MAX;
    requires rto_min: VTCP_RTO_FLOOR <= c->rtt.rto_min <= VTCP_RTO_MAX;
    terminates \true;
    exits never: \false;
    assigns WRITES_OPENED;
    ensures mem: tcb_mem(c);
    ensures snd: tcb_snd(c);
    ensures rcv: tcb_rcv(c);
    ensures reassembly: tcb_reassembly(c);
    ensures window: tcb_window(c);
    ensures rtt: vtcp_rtt_inv(&c->rtt) && vtcp_challenge_inv(&c->challenge) && c->rtt.rto_min == \old(c->rtt.rto_min);
    KEEPS(policy);
    ensures options: 64 <= c->mss <= 65475 && c->rcv_shift <= 14 ==> tcb_options(c);
    ensures outcome: c->outcome == VTCP_OUTCOME_NONE;
    ensures closed: c->state == VTCP_CLOSED ==> tcb_state(c) && tcb_acked(c) && tcb_unacked(c) && tcb_armed(c);
    ensures fresh: tcb_send_fresh(c) && tcb_receive_fresh(c) && tcb_idle(c);
    ensures stream: \forall octets s; vtcp_ring_holds(&c->snd, s);
    ensures received: \forall octets s; vtcp_reassembly_holds(&c->rcv, s);
    ensures present: \forall integer o; vtcp_reassembly_present(&c->rcv, o) <==> o < 1;
    ensures negotiated: opt_abs(c) == spec_opt_fresh(\old(opt_abs(c)));
    ensures untold: told_nothing(c);
    ensures refine: tcb_abs(c) == spec_opened(\old(tcb_abs(c)), iss, \min(\old(c->rcv.cap), 65535)); */
void vtcp_tcb_opened(struct vtcp *c, uint32_t iss);

/* Our FIN is queued (RFC 9293 s3.10.4). */
/*@ requires valid: \valid(c);
    requires open: c->state == VTCP_ESTABLISHED || c->state == VTCP_CLOSE_WAIT;
    terminates \true;
    exits never: \false;
    assigns c->fin, c->close_wanted, c->state;
    ensures state: c->state == (\old(c->state) == VTCP_ESTABLISHED ? VTCP_FIN_WAIT_1 : VTCP_LAST_ACK);
    ensures fin: c->fin && !c->close_wanted;
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state);
    KEEPS(armed);
    ensures acked: tcb_acked(c);
    ensures unacked: \old(tcb_snd(c)) && !\old(c->fin) ==> tcb_unacked(c);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_queue_fin(\old(tcb_abs(c))); */
void vtcp_tcb_queue_fin(struct vtcp *c);

/* <SEQ=SND.NXT><CTL=RST> is due (RFC 9293 s3.10.5). */
/*@ requires valid: \valid(c);
    requires snd_nxt: 0 <= c->snd_nxt <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns c->rst_due, c->rst_ackf, c->rst_seq, c->rst_ack;
    KEEPS_INV;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_rst_to_peer(\old(tcb_abs(c))); */
void vtcp_tcb_rst_to_peer(struct vtcp *c);

/* What the window's right edge would be in a segment that leaves now (RFC 9293 s3.8.6.2.2). */
/*@ requires valid: \valid_read(c);
    requires rcv: tcb_rcv(c) && vtcp_reassembly_shape(&c->rcv);
    requires options: tcb_options(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures SHLD_14_never_shrinks: c->rcv_adv <= \result <= VTCP_OFFSET_MAX;
    ensures MUST_39_worth: window_worth(c, c->rcv_adv, \result);
    ensures backed: \result <= vtcp_reassembly_end(&c->rcv) || \result == c->rcv_adv;
    ensures s3_8_6_2_2_edge: \result == window_next(c); */
int64_t vtcp_tcb_edge(const struct vtcp *c);

/* ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2: text is received (RFC 9293 s3.10.7.4, seventh). */
/*@ requires valid: \valid_read(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures states: \result <==> VTCP_ESTABLISHED <= c->state <= VTCP_FIN_WAIT_2;
    ensures spec: \result <==> spec_receiving(tcb_abs(c)) == \true; */
bool vtcp_tcb_receiving(const struct vtcp *c);

/* The keep-alive timer runs (RFC 9293 s3.8.4). */
/*@ requires valid: \valid_read(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures runs: \result <==> keep_runs(c) == \true; */
bool vtcp_tcb_keeping(const struct vtcp *c);

/* ---- arrival.c: from the wire ---- */

/*@ requires bit: bit > 0;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures flag: \result <==> flags / bit % 2 != 0; */
bool vtcp_arrival_flag(uint16_t flags, uint16_t bit);

/* SEG.LEN: SYN and FIN count. */
/*@ requires txt: g.txt <= 65535;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures len: \result == seg_len(g);
    ensures spec: \result == spec_seg_len(seg_abs(g)); */
uint32_t vtcp_arrival_len(struct vtcp_arrival g);

/* The segment with its positions as offsets. While the peer's ISN is not known, SEG.SEQ is 0; without an ACK bit, or
   while ours is not, SEG.ACK is. */
/*@ requires valid: \valid_read(c) && \valid_read(s);
    requires snd_una: 0 <= c->snd_una <= VTCP_OFFSET_MAX;
    requires rcv_nxt: 0 <= c->rcv_nxt <= VTCP_OFFSET_MAX;
    requires factor: 1 <= c->snd_factor <= 16384;
    requires txt: s->text_len <= 65535;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures ok: seg_ok(\result);
    ensures text: \result.text == s->text && \result.txt == s->text_len;
    ensures syn: \result.syn <==> s->flags / 2 % 2 != 0;
    ensures places: seg_places(c, s, \result.seq, \result.ack);
    ensures value: seg_abs(\result) == seg_of(c, s, \result.seq, \result.ack); */
struct vtcp_arrival vtcp_arrival_of(const struct vtcp *c, const struct vtcp_segment *s);

struct vtcp_reset {
  bool ackf;
  uint32_t seq, ack;
};

/* The reset that answers a segment of SEG.LEN len (RFC 9293 s3.10.7.1). */
/*@ requires len: len <= 65537;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures with_ack: ackf ==> !\result.ackf && \result.seq == ack && \result.ack == 0;
    ensures without_ack: !ackf ==> \result.ackf && \result.seq == 0 && \result.ack == wire(len, seq); */
struct vtcp_reset vtcp_arrival_reset(bool ackf, uint32_t seq, uint32_t ack, uint32_t len);

/*@ requires valid: \valid(c);
    requires txt: g.txt <= 65535;
    terminates \true;
    exits never: \false;
    assigns c->rst_due, c->rst_ackf, c->rst_seq, c->rst_ack;
    KEEPS_INV;
    KEEPS_OCTETS;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_reset_for(\old(tcb_abs(c)), seg_abs(g)); */
void vtcp_arrival_reset_for(struct vtcp *c, struct vtcp_arrival g);

/* The options of the peer's SYN: send MSS (MUST-15, MUST-16), window scale (RFC 7323 s2.2). */
/*@ requires valid: \valid(c) && \valid_read(s) && \separated(c, s);
    requires options: tcb_options(c);
    requires shift: s->wscale <= 14;
    terminates \true;
    exits never: \false;
    assigns c->snd_mss, c->wscale, c->snd_factor, c->rcv_factor;
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(policy); KEEPS(state); KEEPS(acked);
    KEEPS(unacked); KEEPS(armed); KEEPS_STREAM; KEEPS_RECEIVED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c));
    ensures options: tcb_options(c);
    ensures MUST_16_mss: c->snd_mss == \max(64, \min(c->mss, s->has_mss ? s->mss : c->ipv6 ? 1220 : 536));
    ensures RFC7323_s2_2_both: c->wscale <==> (c->wscale_offer && s->has_wscale);
    ensures RFC7323_s2_2_none: !c->wscale ==> c->snd_factor == 1 && c->rcv_factor == 1;
    ensures RFC7323_s2_2_scale: c->wscale ==> vtcp_factor(s->wscale, c->snd_factor) &&
      vtcp_factor(c->rcv_shift, c->rcv_factor);
    ensures negotiated: opt_abs(c) == spec_opt_syn(\old(opt_abs(c)), opt_of(s)); */
void vtcp_arrival_options(struct vtcp *c, const struct vtcp_segment *s);

/* ---- arrive_check.c: first to fourth ---- */

/* First: the sequence number. False: the segment is done with. */
/*@ requires inv: tcb_inv(c);
    requires state: c->state >= VTCP_SYN_RECEIVED;
    requires seg: seg_ok(g);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->unacceptable, c->wait_at, c->user_at, c->snd_ptr, WRITES_CHALLENGE;
    ensures inv: tcb_inv(c);
    TIMES(wait);
    TIMES(ack);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures s3_10_7_4_table_6: \result <==> spec_acceptable(\old(tcb_abs(c)), seg_abs(g)) == \true ||
      spec_allowance(\old(tcb_abs(c)), seg_abs(g)) == \true;
    ensures counted: c->unacceptable == (\result ? \old(c->unacceptable) : counted(\old(c->unacceptable)));
    ensures MUST_13_anew: c->wait_at == (!\result && !g.rst && c->state == VTCP_TIME_WAIT && g.fin &&
      g.seq + g.txt == c->rcv_fin ? now + 2 * c->msl : \old(c->wait_at));
    ensures accepted: \result ==> tcb_abs(c) == \old(tcb_abs(c)) && allowed(c, now) == \old(allowed(c, now));
    KEEPS_NEGOTIATED;
    ensures refine: !\result ==>
      tcb_abs(c) == spec_refuse_seq(\old(tcb_abs(c)), seg_abs(g), \old(allowed(c, now))); */
bool vtcp_arrive_seq(struct vtcp *c, struct vtcp_arrival g, uint64_t now);

/* Second: the RST bit. */
/*@ requires inv: tcb_inv(c);
    requires state: c->state >= VTCP_SYN_RECEIVED;
    requires seg: seg_ok(g);
    terminates \true;
    exits never: \false;
    assigns WRITES_FRESH_SEND, WRITES_FINISH, WRITES_CHALLENGE;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    TOLD;
    KEEPS_NEGOTIATED;
    TIMED;
    ensures refine: tcb_abs(c) == spec_arrive_rst(\old(tcb_abs(c)), seg_abs(g), \old(allowed(c, now))); */
void vtcp_arrive_rst(struct vtcp *c, struct vtcp_arrival g, uint64_t now);

/* Fourth: the SYN bit. */
/*@ requires inv: tcb_inv(c);
    requires state: c->state >= VTCP_SYN_RECEIVED;
    terminates \true;
    exits never: \false;
    assigns WRITES_FRESH_SEND, WRITES_CHALLENGE, c->state;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    TOLD;
    KEEPS_NEGOTIATED;
    TIMED;
    ensures refine: tcb_abs(c) == spec_arrive_syn(\old(tcb_abs(c)), seg_abs(g), \old(allowed(c, now))); */
void vtcp_arrive_syn(struct vtcp *c, struct vtcp_arrival g, uint64_t now);

/* ---- arrive_ack.c: fifth ---- */

/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->probes, c->snd_wnd, c->snd_wl1, c->snd_wl2, c->snd_wnd_max;
    KEEPS(mem); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state); KEEPS(acked); KEEPS(unacked);
    KEEPS(armed); KEEPS(timers); KEEPS_STREAM; KEEPS_RECEIVED;
    ensures snd: \old(tcb_snd(c)) && g.wnd <= VTCP_BUFFER_MAX ==> tcb_snd(c);
    ensures opens: c->probes == (\old(c->snd_wnd) == 0 && g.wnd > 0 ? 0 : \old(c->probes));
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_window_of(\old(tcb_abs(c)), seg_abs(g)); */
void vtcp_arrive_window_of(struct vtcp *c, struct vtcp_arrival g);

/* Enter ESTABLISHED. */
/*@ requires inv: tcb_inv(c);
    requires state: c->state == VTCP_SYN_SENT || c->state == VTCP_SYN_RECEIVED;
    requires seg: seg_ok(g);
    requires acceptable: c->snd_una < g.ack <= c->snd_nxt;
    terminates \true;
    exits never: \false;
    assigns WRITES_ESTABLISH;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    TOLD;
    ensures state: c->state == VTCP_ESTABLISHED || c->state == VTCP_FIN_WAIT_1;
    KEEPS_NEGOTIATED;
    TIMES(rtx);
    ensures off: c->snd_una == c->snd_nxt && c->rtx_at == VTCP_NEVER && c->user_at == VTCP_NEVER;
    ensures RFC6298_s3_timed: c->rtt.backoffs == 0 && c->rtt.timed_end ==
      (0 <= \old(c->rtt.timed_end) <= g.ack ? -1 : \old(c->rtt.timed_end));
    ensures RFC6928_s2_initial: c->cc.cwnd ==
      (\old(c->rtt.backoffs) > 0 ? c->snd_mss : vtcp_congestion_initial(c->snd_mss));
    ensures refine: tcb_abs(c) == spec_establish(\old(tcb_abs(c)), seg_abs(g)); */
void vtcp_arrive_establish(struct vtcp *c, struct vtcp_arrival g, uint64_t now);

/* The ACK field, from ESTABLISHED on; SEG.ACK is in range. */
/*@ requires inv: tcb_inv(c);
    requires state: c->state >= VTCP_ESTABLISHED;
    requires seg: seg_ok(g);
    requires range: g.ack <= c->snd_nxt;
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns WRITES_ACK;
    ensures inv: tcb_inv(c);
    ensures range: c->state == VTCP_CLOSED || c->state >= VTCP_ESTABLISHED;
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures half: c->state == VTCP_CLOSED ||
      (c->state >= VTCP_CLOSE_WAIT <==> \old(c->state) >= VTCP_CLOSE_WAIT);
    TOLD;
    KEEPS_NEGOTIATED;
    TIMED;
    ensures ptr: c->snd_ptr == \max(\old(c->snd_ptr), c->snd_una);
    ensures MUST_19_window: \old(c->snd_una) < g.ack ==>
      c->cc.cwnd == vtcp_congestion_window{Pre}(&c->cc, g.ack - \old(c->snd_una), g.ack, c->snd_nxt - g.ack);
    ensures RFC5681_s2_counts: \old(seg_duplicate(c, g)) ==> c->cc.dupacks == counted(\old(c->cc.dupacks));
    ensures MUST_37_answer: (\old(c->snd_una) < g.ack || c->snd_wnd == 0) && c->snd_una < snd_all(c) && c->user_timeout > 0 ==>
      c->user_at == now + c->user_timeout;
    ensures MUST_37_off: (\old(c->snd_una) < g.ack || c->snd_wnd == 0) &&
      (c->snd_una == snd_all(c) || c->user_timeout == 0) ==> c->user_at == VTCP_NEVER;
    ensures MUST_37_kept: g.ack <= \old(c->snd_una) && c->snd_wnd > 0 && c->snd_una < snd_all(c) ==>
      c->user_at == \old(c->user_at);
    ensures refine: tcb_abs(c) == spec_arrive_ack(\old(tcb_abs(c)), seg_abs(g)); */
void vtcp_arrive_ack(struct vtcp *c, struct vtcp_arrival g, uint64_t now);

/* ---- arrive_data.c: sixth to eighth ---- */

/*@ requires inv: tcb_inv(c);
    requires seg: seg_ok(g) && seg_mem(c, g);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns WRITES_DATA;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    TAKES(takes_data);
    ensures una: c->snd_una == \old(c->snd_una);
    ensures half: c->state == \old(c->state) ||
      (VTCP_ESTABLISHED <= \old(c->state) <= VTCP_FIN_WAIT_2 && c->state >= VTCP_CLOSE_WAIT);
    TOLD;
    KEEPS_NEGOTIATED;
    TIMES(wait);
    TIMES(ack);
    ensures refine: tcb_abs(c) == spec_arrive_data(\old(tcb_abs(c)), seg_abs(g), c->rcv.nxt); */
void vtcp_arrive_data(struct vtcp *c, struct vtcp_arrival g, uint64_t now);

#endif
