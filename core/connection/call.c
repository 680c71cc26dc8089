#include "connection/steps.h"

enum vtcp_error vtcp_open(struct vtcp *c, uint32_t iss, uint64_t now) {
  if (now > VTCP_TIME_MAX || c->remote_port == 0) return VTCP_ERR_INVALID;
  if (c->state != VTCP_CLOSED && c->state != VTCP_LISTEN) return VTCP_ERR_EXISTS;
  vtcp_tcb_opened(c, iss);
  c->state = VTCP_SYN_SENT;
  c->passive = false;
  if (c->user_timeout > 0) c->user_at = now + c->user_timeout;
  return VTCP_OK;
}

enum vtcp_error vtcp_listen(struct vtcp *c, uint32_t iss) {
  if (c->state != VTCP_CLOSED) return VTCP_ERR_EXISTS;
  vtcp_tcb_opened(c, iss);
  c->state = VTCP_LISTEN;
  c->passive = true;
  return VTCP_OK;
}

/* Whether SEND is allowed (s3.10.2): 0, or the error to return. */
/*@ requires valid: \valid_read(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures none: \result == VTCP_ERR_NO_CONNECTION <==> send_none(c);
    ensures closing: \result == VTCP_ERR_CLOSING <==> send_closing(c);
    ensures ok: \result == VTCP_OK <==> !send_none(c) && !send_closing(c); */
static int64_t send_error(const struct vtcp *c) {
  if (c->state == VTCP_CLOSED || c->state == VTCP_LISTEN) return VTCP_ERR_NO_CONNECTION;
  if (c->close_wanted || (c->state > VTCP_ESTABLISHED && c->state != VTCP_CLOSE_WAIT)) return VTCP_ERR_CLOSING;
  return VTCP_OK;
}

/*@ requires valid: \valid_read(c);
    requires snd: tcb_snd(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures space: \result == send_space(c); */
static uint32_t send_space(const struct vtcp *c) {
  int64_t room = VTCP_OFFSET_MAX - 1 - (c->snd.base + c->snd.len);
  uint32_t space = c->snd.cap - c->snd.len;
  return room < space ? (uint32_t)room : space;
}

int64_t vtcp_send(struct vtcp *c, const uint8_t *src, uint32_t n, bool urgent) {
  int64_t error = send_error(c);
  if (error != VTCP_OK) return error;
  uint32_t space = send_space(c);
  uint32_t m = n < space ? n : space;
  vtcp_ring_push(&c->snd, src, m);
  //@ assert mem: tcb_mem(c);
  //@ assert snd: tcb_snd(c);
  //@ assert inv: tcb_inv(c);
  if (urgent && m > 0) c->snd_up = c->snd.base + c->snd.len;
  return m;
}

/* Nothing to read: why (s3.10.3). */
/*@ requires valid: \valid_read(c);
    requires state: tcb_state(c);
    requires nothing: c->rcv.len == 0 && !receive_none(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures end: receive_end(c) ==> \result == VTCP_ERR_CLOSING;
    ensures ok: !receive_end(c) ==> \result == VTCP_OK; */
static int64_t receive_error(const struct vtcp *c) {
  return c->state >= VTCP_CLOSE_WAIT || c->state == VTCP_CLOSED ? VTCP_ERR_CLOSING : VTCP_OK;
}

/* Whether what has been read makes a window update worth while: the window was nearly closed, or its edge moves by two
   segments or half the buffer (RFC 9293 s3.8.6.2.2). */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures receiving: \result ==> VTCP_ESTABLISHED <= c->state <= VTCP_FIN_WAIT_2; */
static bool update_worth(const struct vtcp *c) {
  if (!vtcp_tcb_receiving(c)) return false;
  int64_t gain = vtcp_tcb_edge(c) - c->rcv_adv;
  if (gain > 0 && c->rcv_adv - c->rcv_nxt < c->mss) return true;
  return gain >= 2 * (int64_t)c->mss || gain >= c->rcv.cap / 2 + 1;
}

int64_t vtcp_receive(struct vtcp *c, uint8_t *dst, uint32_t n) {
  if (c->state == VTCP_CLOSED && c->outcome != VTCP_OUTCOME_CLOSED) return VTCP_ERR_NO_CONNECTION;
  if (c->rcv.len == 0) return receive_error(c);
  uint32_t m = vtcp_reassembly_read(&c->rcv, dst, n);
  //@ assert inv: tcb_inv(c);
  //@ assert same: tcb_abs(c) == \at(tcb_abs(c), Pre);
  if (update_worth(c)) vtcp_tcb_ack_now(c);
  return m;
}

struct vtcp_slices vtcp_peek(const struct vtcp *c) {
  return vtcp_reassembly_view(&c->rcv);
}

enum vtcp_error vtcp_consume(struct vtcp *c, uint32_t n) {
  if (n > c->rcv.len) return VTCP_ERR_INVALID;
  vtcp_reassembly_consume(&c->rcv, n);
  //@ assert inv: tcb_inv(c);
  //@ assert same: tcb_abs(c) == \at(tcb_abs(c), Pre);
  if (update_worth(c)) vtcp_tcb_ack_now(c);
  return VTCP_OK;
}

enum vtcp_error vtcp_close(struct vtcp *c) {
  if (c->state == VTCP_CLOSED) return VTCP_ERR_NO_CONNECTION;
  if (c->state == VTCP_LISTEN || c->state == VTCP_SYN_SENT) {
    vtcp_tcb_finish(c, VTCP_OUTCOME_ABORTED);
    return VTCP_OK;
  }
  if (c->close_wanted) return VTCP_ERR_CLOSING;
  if (c->state == VTCP_SYN_RECEIVED) {
    c->close_wanted = true;
    return VTCP_OK;
  }
  if (c->state != VTCP_ESTABLISHED && c->state != VTCP_CLOSE_WAIT) return VTCP_ERR_CLOSING;
  vtcp_tcb_queue_fin(c);
  return VTCP_OK;
}

enum vtcp_error vtcp_abort(struct vtcp *c) {
  if (c->state == VTCP_CLOSED) return VTCP_ERR_NO_CONNECTION;
  if (c->state >= VTCP_SYN_RECEIVED && c->state <= VTCP_CLOSE_WAIT) vtcp_tcb_rst_to_peer(c);
  vtcp_tcb_finish(c, VTCP_OUTCOME_ABORTED);
  return VTCP_OK;
}

/*@ requires valid: \valid_read(c);
    requires rcv: tcb_rcv(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures wnd: \result == \min(c->rcv_adv - c->rcv_nxt, UINT32_MAX); */
static uint32_t rcv_wnd(const struct vtcp *c) {
  int64_t wnd = c->rcv_adv - c->rcv_nxt;
  return wnd < UINT32_MAX ? (uint32_t)wnd : UINT32_MAX;
}

void vtcp_status(const struct vtcp *c, struct vtcp_status *out) {
  out->state = (enum vtcp_state)c->state;
  out->outcome = (enum vtcp_outcome)c->outcome;
  out->local_port = c->local_port;
  out->remote_port = c->remote_port;
  out->snd_mss = c->snd_mss;
  out->unread = c->rcv.len;
  out->unacknowledged = c->snd.len;
  out->send_space = send_error(c) == VTCP_OK ? send_space(c) : 0;
  out->snd_wnd = c->snd_wnd;
  out->rcv_wnd = rcv_wnd(c);
  out->snd_una = vtcp_seq_to_wire(c->snd_una, c->iss);
  out->snd_nxt = vtcp_seq_to_wire(c->snd_nxt, c->iss);
  out->rcv_nxt = vtcp_seq_to_wire(c->rcv_nxt, c->irs);
  out->iss = c->iss;
  out->irs = c->irs;
  out->cwnd = c->cc.cwnd;
  out->ssthresh = c->cc.ssthresh;
  out->srtt = c->rtt.srtt;
  out->rto = c->rtt.rto;
  out->retransmitted = c->retransmitted;
  out->unacceptable = c->unacceptable;
  out->challenged = c->challenged;
  out->unstored = c->unstored;
}
