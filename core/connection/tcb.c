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

void vtcp_tcb_enter(struct vtcp *c, int32_t state) {
  c->state = state;
}

void vtcp_tcb_start_wait(struct vtcp *c, uint64_t now) {
  c->wait_at = now + 2 * c->msl;
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

void vtcp_tcb_fresh_send(struct vtcp *c) {
  c->snd_una = 0;
  c->snd_nxt = 0;
  vtcp_ring_clear(&c->snd, 1);
  c->fin = false;
  c->close_wanted = false;
  c->snd_up = 0;
  c->snd_wnd = 0;
  c->snd_wl1 = 0;
  c->snd_wl2 = 0;
  c->snd_wnd_max = 0;
  c->ack_due = false;
  c->snd_ptr = 0;
  c->rtx_head = false;
  c->probe = false;
  c->probes = 0;
  c->ack_sent = 1;
  c->rtx_at = VTCP_NEVER;
  c->user_at = VTCP_NEVER;
  c->wait_at = VTCP_NEVER;
  vtcp_rtt_init(&c->rtt, c->rtt.rto_min);
}

/* What opening makes of a TCB: fresh send and receive sides (RFC 9293 s3.10.1). */
void vtcp_tcb_opened(struct vtcp *c, uint32_t iss) {
  vtcp_tcb_fresh_send(c);
  vtcp_reassembly_init(&c->rcv, c->rcv.data, c->rcv.cap, 1);
  c->outcome = VTCP_OUTCOME_NONE;
  c->iss = iss;
  c->irs = 0;
  c->rcv_nxt = 1;
  c->rcv_adv = 1 + (c->rcv.cap < 65535 ? c->rcv.cap : 65535);
  c->rcv_fin = -1;
  c->rcv_up = 0;
  c->rst_due = false;
  c->rst_ackf = false;
  c->rst_seq = 0;
  c->rst_ack = 0;
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

/*@ requires valid: \valid_read(cfg);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures ok: \result <==> config_ok(cfg); */
static bool config_ok(const struct vtcp_config *cfg) {
  return cfg->mss >= 64 && cfg->mss <= 65475 && cfg->window_shift <= 14 && cfg->msl <= VTCP_DURATION_MAX &&
         cfg->user_timeout <= VTCP_DURATION_MAX && cfg->rto_min >= VTCP_RTO_FLOOR && cfg->rto_min <= VTCP_RTO_MAX &&
         cfg->snd_cap >= 1 && cfg->snd_cap <= VTCP_BUFFER_MAX && cfg->rcv_cap >= 1 && cfg->rcv_cap <= VTCP_BUFFER_MAX;
}

/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->retransmitted, c->unacceptable, c->challenged, c->unstored; */
static void clear_counters(struct vtcp *c) {
  c->retransmitted = 0;
  c->unacceptable = 0;
  c->challenged = 0;
  c->unstored = 0;
}

enum vtcp_error vtcp_init(struct vtcp *c, const struct vtcp_config *cfg) {
  if (!config_ok(cfg)) return VTCP_ERR_INVALID;
  vtcp_ring_init(&c->snd, cfg->snd_buf, cfg->snd_cap, 1);
  vtcp_reassembly_init(&c->rcv, cfg->rcv_buf, cfg->rcv_cap, 1);
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
  clear_counters(c);
  c->state = VTCP_CLOSED;
  c->passive = false;
  c->ack_at = 0;
  vtcp_tcb_opened(c, 0);
  vtcp_congestion_init(&c->cc, c->mss, false);
  return VTCP_OK;
}
