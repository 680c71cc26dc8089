#include "connection/steps.h"

void vtcp_tcb_ack_now(struct vtcp *c) {
  c->ack_due = true;
  c->ack_at = 0;
}

void vtcp_tcb_challenge(struct vtcp *c, uint64_t now) {
  if (!vtcp_challenge_take(&c->challenge, now)) return;
  if (c->challenged < UINT32_MAX) c->challenged++;
  c->ack_due = true;
  c->ack_at = 0;
}

void vtcp_tcb_unacceptable(struct vtcp *c) {
  if (c->unacceptable < UINT32_MAX) c->unacceptable++;
}

void vtcp_tcb_enter(struct vtcp *c, int32_t state) { c->state = state; }

void vtcp_tcb_start_wait(struct vtcp *c, uint64_t now) {
  c->wait_at = now + 2 * c->msl;
  c->user_at = VTCP_NEVER;
}

void vtcp_tcb_finish(struct vtcp *c, int32_t outcome) {
  c->state = VTCP_CLOSED;
  c->outcome = outcome;
  c->close_wanted = false;
  c->ack_due = false;
  c->rtx_head = false;
  c->probe = false;
  c->rtx_at = VTCP_NEVER;
  c->user_at = VTCP_NEVER;
  c->wait_at = VTCP_NEVER;
  c->ev_ended = true;
}

/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->snd_una, c->snd_nxt, c->snd_up, c->snd_wl1, c->snd_wl2, c->snd_ptr, c->ack_sent;
    ensures zero: c->snd_una == 0 && c->snd_nxt == 0 && c->snd_up == 0 && c->snd_wl1 == 0 && c->snd_wl2 == 0 &&
      c->snd_ptr == 0 && c->ack_sent == 1;
    ensures ring: \old(tcb_queue_empty(c)) ==> tcb_queue_empty(c);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_fresh_offsets(\old(tcb_abs(c)));
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    KEEPS(receive_fresh); KEEPS(mem); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); */
static void fresh_offsets(struct vtcp *c) {
  c->snd_una = 0;
  c->snd_nxt = 0;
  c->snd_up = 0;
  c->snd_wl1 = 0;
  c->snd_wl2 = 0;
  c->snd_ptr = 0;
  c->ack_sent = 1;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/*@ requires valid: \valid(c);
    requires caps: 0 < c->snd.cap <= VTCP_BUFFER_MAX;
    terminates \true;
    exits never: \false;
    assigns WRITES_RING;
    ensures ring: tcb_queue_empty(c);
    ensures stream: \forall octets s; vtcp_ring_holds(&c->snd, s);
    KEEPS_RECEIVED;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_fresh_queue(\old(tcb_abs(c)));
    KEEPS(receive_fresh); KEEPS(mem); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); */
static void fresh_queue(struct vtcp *c) {
  vtcp_ring_clear(&c->snd, 1);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/*@ requires valid: \valid(c);
    requires rto_min: VTCP_RTO_FLOOR <= c->rtt.rto_min <= VTCP_RTO_MAX;
    terminates \true;
    exits never: \false;
    assigns WRITES_RTT;
    ensures rtt: vtcp_rtt_inv(&c->rtt) && c->rtt.rto_min == \old(c->rtt.rto_min);
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c));
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    KEEPS(send_fresh); KEEPS(idle);
    KEEPS(receive_fresh); KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); */
static void fresh_rtt(struct vtcp *c) {
  vtcp_rtt_init(&c->rtt, c->rtt.rto_min);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->fin, c->close_wanted, c->snd_wnd, c->snd_wnd_max, c->ack_due, c->rtx_head, c->probe, c->probes, c->rtx_at,
      c->user_at, c->wait_at;
    ensures none: !c->fin && !c->close_wanted && c->snd_wnd == 0 && c->snd_wnd_max == 0 && tcb_idle(c);
    ensures nothing: !c->rtx_head && !c->probe && c->probes == 0;
    ensures snd: \old(tcb_queue_empty(c)) && c->snd_una == 0 && c->snd_nxt == 0 && c->snd_up == 0 && c->snd_ptr == 0 ==>
      tcb_snd(c);
    ensures rto_min: c->rtt.rto_min == \old(c->rtt.rto_min);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_fresh_marks(\old(tcb_abs(c)));
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures fresh: c->snd_una == 0 && c->snd_nxt == 0 && c->snd_ptr == 0 && c->ack_sent == 1 ==> tcb_send_fresh(c);
    KEEPS(receive_fresh); KEEPS(mem); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); */
static void fresh_marks(struct vtcp *c) {
  c->fin = false;
  c->close_wanted = false;
  c->snd_wnd = 0;
  c->snd_wnd_max = 0;
  c->ack_due = false;
  c->rtx_head = false;
  c->probe = false;
  c->probes = 0;
  c->rtx_at = VTCP_NEVER;
  c->user_at = VTCP_NEVER;
  c->wait_at = VTCP_NEVER;
}

void vtcp_tcb_fresh_send(struct vtcp *c) {
  fresh_queue(c);
  fresh_offsets(c);
  fresh_marks(c);
  fresh_rtt(c);
}

/* Nothing received. */
/*@ requires valid: \valid(c);
    requires caps: 0 < c->rcv.cap <= VTCP_BUFFER_MAX;
    terminates \true;
    exits never: \false;
    assigns c->rcv.head, c->rcv.len, c->rcv.nxt, WRITES_RANGES;
    ensures reassembly: tcb_reassembly(c);
    ensures nxt: c->rcv.nxt == 1 && c->rcv.len == 0;
    ensures none: \forall integer o; vtcp_reassembly_present(&c->rcv, o) <==> o < 1;
    ensures received: \forall octets s; vtcp_reassembly_holds(&c->rcv, s);
    KEEPS_STREAM;
    ensures free: \forall integer i; 0 <= i < VTCP_RANGES ==> c->rcv.lo[i] == c->rcv.hi[i];
    ensures rtt: \old(vtcp_rtt_inv(&c->rtt)) ==> vtcp_rtt_inv(&c->rtt);
    KEEPS(mem); KEEPS(snd); KEEPS(options); KEEPS(policy); KEEPS(send_fresh); KEEPS(idle);
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void clear_received(struct vtcp *c) {
  vtcp_reassembly_clear(&c->rcv, 1);
  //@ assert offsets: tcb_same_offsets{Pre, Here}(c) && c->snd.base == \at(c->snd.base, Pre);
}

/* The peer's SYN is still to come. */
/*@ requires valid: \valid(c);
    requires nxt: c->rcv.nxt == 1 && c->rcv.len == 0;
    requires caps: 0 < c->rcv.cap <= VTCP_BUFFER_MAX;
    requires free: \forall integer i; 0 <= i < VTCP_RANGES ==> c->rcv.lo[i] == c->rcv.hi[i];
    terminates \true;
    exits never: \false;
    assigns c->irs, c->rcv_nxt, c->rcv_adv, c->rcv_fin, c->rcv_up;
    ensures rcv: \old(tcb_send_fresh(c)) ==> tcb_rcv(c);
    ensures fresh: tcb_receive_fresh(c);
    ensures window: tcb_window(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures rtt: \old(vtcp_rtt_inv(&c->rtt)) ==> vtcp_rtt_inv(&c->rtt);
    KEEPS(mem); KEEPS(snd); KEEPS(reassembly); KEEPS(options); KEEPS(policy); KEEPS(send_fresh); KEEPS(idle);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_fresh_receive(\old(tcb_abs(c)), \min(c->rcv.cap, 65535)); */
static void fresh_edges(struct vtcp *c) {
  c->irs = 0;
  c->rcv_nxt = 1;
  c->rcv_adv = 1 + (c->rcv.cap < 65535 ? c->rcv.cap : 65535);
  c->rcv_fin = -1;
  c->rcv_up = 0;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/* Options not negotiated, nothing to tell. */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->wscale, c->snd_factor, c->rcv_factor, c->snd_mss, WRITES_BUDGET, c->ev_established, c->ev_data,
      c->ev_urgent, c->ev_fin, c->ev_space, c->ev_warning, c->ev_ended;
    ensures rto_min: c->rtt.rto_min == \old(c->rtt.rto_min);
    ensures budget: vtcp_challenge_inv(&c->challenge);
    ensures negotiated: opt_abs(c) == spec_opt_fresh(\old(opt_abs(c)));
    ensures untold: told_nothing(c);
    ensures options: 64 <= c->mss <= 65475 && c->rcv_shift <= 14 ==> tcb_options(c);
    ensures closed: \old(tcb_send_fresh(c)) && c->state == VTCP_CLOSED ==> tcb_state(c) && tcb_acked(c) && tcb_unacked(c);
    ensures armed: \old(tcb_idle(c)) && c->state == VTCP_CLOSED ==> tcb_armed(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures rtt: \old(vtcp_rtt_inv(&c->rtt)) ==> vtcp_rtt_inv(&c->rtt);
    KEEPS(policy); KEEPS(send_fresh); KEEPS(receive_fresh); KEEPS(idle);
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window);
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void fresh_options(struct vtcp *c) {
  c->wscale = false;
  c->snd_factor = 1;
  c->rcv_factor = 1;
  c->snd_mss = c->mss;
  vtcp_challenge_init(&c->challenge);
  c->ev_established = false;
  c->ev_data = false;
  c->ev_urgent = false;
  c->ev_fin = false;
  c->ev_space = false;
  c->ev_warning = false;
  c->ev_ended = false;
}

/* A new connection: its ISS, no outcome, no reset due. */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->outcome, c->iss, c->rst_due, c->rst_ackf, c->rst_seq, c->rst_ack;
    ensures outcome: c->outcome == VTCP_OUTCOME_NONE;
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures rtt: \old(vtcp_rtt_inv(&c->rtt)) ==> vtcp_rtt_inv(&c->rtt);
    KEEPS(policy); KEEPS(options); KEEPS(send_fresh); KEEPS(receive_fresh); KEEPS(idle);
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_renew(\old(tcb_abs(c)), iss); */
static void renew(struct vtcp *c, uint32_t iss) {
  c->outcome = VTCP_OUTCOME_NONE;
  c->iss = iss;
  c->rst_due = false;
  c->rst_ackf = false;
  c->rst_seq = 0;
  c->rst_ack = 0;
}

void vtcp_tcb_opened(struct vtcp *c, uint32_t iss) {
  vtcp_tcb_fresh_send(c);
  clear_received(c);
  fresh_edges(c);
  renew(c, iss);
  fresh_options(c);
}

void vtcp_tcb_queue_fin(struct vtcp *c) {
  c->fin = true;
  c->close_wanted = false;
  c->state = c->state == VTCP_ESTABLISHED ? VTCP_FIN_WAIT_1 : VTCP_LAST_ACK;
}

void vtcp_tcb_rst_to_peer(struct vtcp *c) {
  c->rst_due = true;
  c->rst_ackf = false;
  c->rst_seq = vtcp_seq_to_wire(c->snd_nxt, c->iss);
  c->rst_ack = 0;
}

/* What the window's right edge would be in a segment that leaves now (RFC 9293 s3.8.6.2.2; it never recedes). */
int64_t vtcp_tcb_edge(const struct vtcp *c) {
  int64_t limit = c->rcv.nxt - c->rcv.len + c->rcv.cap;
  int64_t sayable = c->rcv_nxt + 65535 * (int64_t)c->rcv_factor;
  if (sayable < limit) limit = sayable;
  if (limit > VTCP_OFFSET_MAX) limit = VTCP_OFFSET_MAX;
  return vtcp_window_edge(c->rcv_adv, limit, c->rcv.cap, c->mss);
}

bool vtcp_tcb_receiving(const struct vtcp *c) {
  return c->state == VTCP_ESTABLISHED || c->state == VTCP_FIN_WAIT_1 || c->state == VTCP_FIN_WAIT_2;
}

bool vtcp_tcb_keeping(const struct vtcp *c) {
  return c->keep.on && c->snd.len == 0 &&
         (c->state == VTCP_ESTABLISHED || c->state == VTCP_FIN_WAIT_2 || c->state == VTCP_CLOSE_WAIT);
}

/*@ requires valid: \valid_read(cfg);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures ok: \result <==> config_ok(cfg); */
static bool config_ok(const struct vtcp_config *cfg) {
  return cfg->mss >= 64 && cfg->mss <= 65475 && cfg->window_shift <= 14 && cfg->msl <= VTCP_DURATION_MAX &&
         cfg->user_timeout <= VTCP_DURATION_MAX && cfg->rto_min >= VTCP_RTO_FLOOR && cfg->rto_min <= VTCP_RTO_MAX &&
         cfg->snd_cap >= 1 && cfg->snd_cap <= VTCP_BUFFER_MAX && cfg->rcv_cap <= VTCP_BUFFER_MAX &&
         vtcp_window_factor(cfg->window_shift) <= cfg->rcv_cap;
}

/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->retransmitted, c->unacceptable, c->challenged, c->unstored;
    ensures zero: c->retransmitted == 0 && c->unacceptable == 0 && c->challenged == 0 && c->unstored == 0; */
static void clear_counters(struct vtcp *c) {
  c->retransmitted = 0;
  c->unacceptable = 0;
  c->challenged = 0;
  c->unstored = 0;
}

/* What the configuration says. */
/*@ requires valid: \valid(c) && \valid_read(cfg) && \separated(c, cfg);
    requires buffers: config_ok(cfg) && config_mem(c, cfg);
    terminates \true;
    exits never: \false;
    assigns c->snd.data \from cfg->snd_buf;
    assigns c->rcv.data \from cfg->rcv_buf;
    assigns c->snd.cap, c->rcv.cap, c->local_port, c->remote_port, c->mss, c->rcv_shift, c->wscale_offer, c->ipv6,
      c->nodelay, c->msl, c->user_timeout, c->rtt.rto_min, c->state, c->passive, c->ack_at, c->keep;
    ensures keep: vtcp_keepalive_inv(&c->keep) && !c->keep.on && c->keep.idle == 7200000000;
    ensures mem: tcb_mem(c);
    ensures closed: c->state == VTCP_CLOSED && !c->passive && c->ack_at == 0;
    ensures durations: c->msl <= VTCP_DURATION_MAX && c->user_timeout <= VTCP_DURATION_MAX;
    ensures buffers: c->snd.data == \old(cfg->snd_buf) && c->snd.cap == \old(cfg->snd_cap) && c->rcv.data == \old(cfg->rcv_buf) &&
      c->rcv.cap == \old(cfg->rcv_cap);
    ensures config: c->local_port == \old(cfg->local_port) && c->remote_port == \old(cfg->remote_port) && c->mss == \old(cfg->mss) &&
      c->rcv_shift == \old(cfg->window_shift) && (c->wscale_offer <==> !\old(cfg->no_window_scale)) &&
      (c->ipv6 <==> \old(cfg->ipv6)) && (c->nodelay <==> \old(cfg->nodelay)) && c->msl == \old(cfg->msl) &&
      c->user_timeout == \old(cfg->user_timeout) && c->rtt.rto_min == \old(cfg->rto_min); */
static void configure(struct vtcp *c, const struct vtcp_config *cfg) {
  c->snd.data = cfg->snd_buf;
  c->snd.cap = cfg->snd_cap;
  c->rcv.data = cfg->rcv_buf;
  c->rcv.cap = cfg->rcv_cap;
  c->local_port = cfg->local_port;
  c->remote_port = cfg->remote_port;
  c->mss = cfg->mss;
  c->rcv_shift = cfg->window_shift;
  c->wscale_offer = !cfg->no_window_scale;
  c->ipv6 = cfg->ipv6;
  c->nodelay = cfg->nodelay;
  c->msl = cfg->msl;
  c->user_timeout = cfg->user_timeout;
  c->rtt.rto_min = cfg->rto_min;
  c->state = VTCP_CLOSED;
  c->passive = false;
  c->ack_at = 0;
  vtcp_keepalive_init(&c->keep);
}

/* The congestion window before there is a peer. */
/*@ requires valid: \valid(c);
    requires mss: 64 <= c->mss <= 65475;
    terminates \true;
    exits never: \false;
    assigns WRITES_CC;
    KEEPS_NEGOTIATED;
    ensures RFC6928_s2_initial: c->cc.cwnd == vtcp_congestion_initial(c->mss);
    ensures abs: tcb_abs(c) == \old(tcb_abs(c));
    ensures untold: \old(told_nothing(c)) ==> told_nothing(c);
    ensures policy: \old(vtcp_rtt_inv(&c->rtt) && vtcp_challenge_inv(&c->challenge) && vtcp_keepalive_inv(&c->keep)) && c->msl <= VTCP_DURATION_MAX &&
      c->user_timeout <= VTCP_DURATION_MAX ==> tcb_policy(c);
    KEEPS(options); KEEPS(state); KEEPS(acked); KEEPS(unacked); KEEPS(armed);
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); */
static void fresh_congestion(struct vtcp *c) {
  vtcp_congestion_init(&c->cc, c->mss, false);
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

enum vtcp_error vtcp_init(struct vtcp *c, const struct vtcp_config *cfg) {
  if (!config_ok(cfg)) return VTCP_ERR_INVALID;
  configure(c, cfg);
  clear_counters(c);
  //@ assert options: 64 <= c->mss <= 65475 && c->rcv_shift <= 14;
  vtcp_tcb_opened(c, 0);
  //@ assert times: c->msl <= VTCP_DURATION_MAX && c->user_timeout <= VTCP_DURATION_MAX;
  //@ assert invs: vtcp_rtt_inv(&c->rtt) && vtcp_challenge_inv(&c->challenge) && vtcp_keepalive_inv(&c->keep);
  //@ assert opened: tcb_abs(c) == spec_opened(tcb_abs(c), 0, \min(c->rcv.cap, 65535));
  fresh_congestion(c);
  //@ assert closed: c->state == VTCP_CLOSED;
  return VTCP_OK;
}
