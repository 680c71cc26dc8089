#include "connection/steps.h"

/* The state after OPEN, and the user timeout. */
/*@ requires valid: \valid(c);
    requires state: state == VTCP_SYN_SENT || state == VTCP_LISTEN;
    requires listen: state == VTCP_LISTEN ==> user_at == VTCP_NEVER;
    terminates \true;
    exits never: \false;
    assigns c->state, c->passive, c->user_at;
    ensures state: \old(tcb_send_fresh(c) && tcb_receive_fresh(c)) ==> tcb_state(c) && tcb_acked(c) && tcb_unacked(c);
    ensures armed: \old(tcb_send_fresh(c) && tcb_idle(c)) ==> tcb_armed(c);
    KEEPS_STREAM; KEEPS_RECEIVED;
    ensures due: c->state == state && c->user_at == user_at;
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy);
    KEEPS(send_fresh);
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_become(\old(tcb_abs(c)), state, truth(passive)); */
static void become(struct vtcp *c, int32_t state, bool passive, uint64_t user_at) {
  c->state = state;
  c->passive = passive;
  c->user_at = user_at;
}

/* A connection begins. */
/*@ requires inv: tcb_inv(c);
    requires state: state == VTCP_SYN_SENT || state == VTCP_LISTEN;
    requires listen: state == VTCP_LISTEN ==> user_at == VTCP_NEVER;
    terminates \true;
    exits never: \false;
    assigns WRITES_OPENED, c->state, c->passive;
    ensures inv: tcb_inv(c);
    ensures due: c->state == state && c->user_at == user_at && tcb_send_fresh(c);
    ensures T4_nothing: nothing_yet(c);
    ensures negotiated: opt_abs(c) == spec_opt_fresh(\old(opt_abs(c)));
    ensures untold: told_nothing(c);
    ensures refine: tcb_abs(c) ==
      spec_become(spec_opened(\old(tcb_abs(c)), iss, \min(\old(c->rcv.cap), 65535)), state, truth(passive)); */
static void begin(struct vtcp *c, uint32_t iss, int32_t state, bool passive, uint64_t user_at) {
  //@ assert caps: 0 < c->snd.cap <= VTCP_BUFFER_MAX && 0 < c->rcv.cap <= VTCP_BUFFER_MAX;
  //@ assert options: 64 <= c->mss <= 65475 && c->rcv_shift <= 14;
  vtcp_tcb_opened(c, iss);
  become(c, state, passive, user_at);
}

enum vtcp_error vtcp_open(struct vtcp *c, uint32_t iss, uint64_t now) {
  //@ assert state: spec_state(tcb_abs(c)) == c->state;
  if (now > VTCP_TIME_MAX || c->remote_port == 0) return VTCP_ERR_INVALID;
  if (c->state != VTCP_CLOSED && c->state != VTCP_LISTEN) return VTCP_ERR_EXISTS;
  begin(c, iss, VTCP_SYN_SENT, false, c->user_timeout > 0 ? now + c->user_timeout : VTCP_NEVER);
  return VTCP_OK;
}

enum vtcp_error vtcp_listen(struct vtcp *c) {
  //@ assert state: spec_state(tcb_abs(c)) == c->state;
  if (c->state != VTCP_CLOSED) return VTCP_ERR_EXISTS;
  begin(c, 0, VTCP_LISTEN, true, VTCP_NEVER);
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

/*@ requires inv: tcb_inv(c);
    requires open: !send_none(c) && !send_closing(c);
    requires src: \valid_read(src + (0 .. m - 1));
    requires apart: \separated(src + (0 .. m - 1), c, c->snd.data + (0 .. c->snd.cap - 1));
    requires room: m <= send_space(c);
    terminates \true;
    exits never: \false;
    assigns c->snd.len, c->snd.data[0 .. c->snd.cap - 1];
    ensures snd: tcb_snd(c);
    ensures len: c->snd.len == \old(c->snd.len) + m;
    KEEPS(mem); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(state); KEEPS(acked);
    KEEPS(unacked); KEEPS(armed);
    ensures refine: tcb_abs(c) == spec_push(\old(tcb_abs(c)), m);
    ensures stream: \forall octets s; vtcp_ring_holds{Pre}(&c->snd, s) &&
      (\forall integer k; 0 <= k < m ==> \old(src[k]) == octet_at(s, \old(c->snd.base + c->snd.len) + k)) ==>
      vtcp_ring_holds(&c->snd, s); */
static void push(struct vtcp *c, const uint8_t *src, uint32_t m) { vtcp_ring_push(&c->snd, src, m); }

/* Urgent data ends at up. */
/*@ requires valid: \valid(c);
    requires up: 0 <= up <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns c->snd_up;
    KEEPS_INV;
    ensures refine: tcb_abs(c) == spec_point(\old(tcb_abs(c)), up); */
static void point(struct vtcp *c, int64_t up) {
  c->snd_up = up;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/*@ requires inv: tcb_inv(c);
    requires open: !send_none(c) && !send_closing(c);
    requires src: \valid_read(src + (0 .. m - 1));
    requires apart: \separated(src + (0 .. m - 1), c, c->snd.data + (0 .. c->snd.cap - 1));
    requires room: m <= send_space(c);
    terminates \true;
    exits never: \false;
    assigns c->snd.len, c->snd.data[0 .. c->snd.cap - 1], c->snd_up;
    ensures inv: tcb_inv(c);
    ensures refine: tcb_abs(c) == spec_queue(\old(tcb_abs(c)), m, truth(urgent));
    ensures stream: \forall octets s; vtcp_ring_holds{Pre}(&c->snd, s) &&
      (\forall integer k; 0 <= k < m ==> \old(src[k]) == octet_at(s, \old(c->snd.base + c->snd.len) + k)) ==>
      vtcp_ring_holds(&c->snd, s); */
static void queue(struct vtcp *c, const uint8_t *src, uint32_t m, bool urgent) {
  //@ assert end: spec_snd_end(tcb_abs(c)) == c->snd.base + c->snd.len;
  push(c, src, m);
  if (urgent && m > 0) point(c, c->snd.base + c->snd.len);
}

int64_t vtcp_send(struct vtcp *c, const uint8_t *src, uint32_t n, bool urgent) {
  //@ assert may: spec_may_send(tcb_abs(c)) == \true <==> !send_none(c) && !send_closing(c);
  int64_t error = send_error(c);
  if (error != VTCP_OK) return error;
  uint32_t space = send_space(c);
  uint32_t m = n < space ? n : space;
  queue(c, src, m, urgent);
  return m;
}

/*@ requires valid: \valid_read(c);
    requires rcv: 0 <= c->rcv.nxt <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures none: \result <==> receive_none(c); */
static bool receive_none(const struct vtcp *c) {
  return c->state == VTCP_CLOSED && (c->outcome == VTCP_OUTCOME_ABORTED || c->rcv_nxt != c->rcv.nxt + 1);
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
    ensures worth: \result <==> window_update(c); */
static bool update_worth(const struct vtcp *c) {
  if (!vtcp_tcb_receiving(c)) return false;
  int64_t gain = vtcp_tcb_edge(c) - c->rcv_adv;
  if (gain > 0 && c->rcv_adv - c->rcv_nxt < c->mss) return true;
  return gain >= 2 * (int64_t)c->mss || gain >= c->rcv.cap / 2 + 1;
}

/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->ack_due, c->ack_at;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures due: window_update(c) ==> c->ack_due && c->ack_at == 0;
    ensures none: !window_update(c) ==> c->ack_due == \old(c->ack_due) && c->ack_at == \old(c->ack_at);
    ensures refine: tcb_abs(c) == \old(tcb_abs(c)) || tcb_abs(c) == spec_receive(\old(tcb_abs(c)), \true); */
static void update(struct vtcp *c) {
  if (update_worth(c)) vtcp_tcb_ack_now(c);
}

int64_t vtcp_receive(struct vtcp *c, uint8_t *dst, uint32_t n) {
  if (receive_none(c)) return VTCP_ERR_NO_CONNECTION;
  if (c->rcv.len == 0) return receive_error(c);
  uint32_t m = vtcp_reassembly_read(&c->rcv, dst, n);
  //@ assert inv: tcb_inv(c);
  //@ assert same: tcb_abs(c) == \at(tcb_abs(c), Pre);
  update(c);
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
  update(c);
  return VTCP_OK;
}

/* s3.10.4, SYN-RECEIVED: CLOSE waits until the connection is ESTABLISHED. */
/*@ requires inv: tcb_inv(c);
    requires state: c->state == VTCP_SYN_RECEIVED;
    terminates \true;
    exits never: \false;
    assigns c->close_wanted;
    ensures inv: tcb_inv(c);
    ensures refine: tcb_abs(c) == spec_close(\old(tcb_abs(c))); */
static void close_later(struct vtcp *c) { c->close_wanted = true; }

enum vtcp_error vtcp_close(struct vtcp *c) {
  if (c->state == VTCP_CLOSED) return VTCP_ERR_NO_CONNECTION;
  if (c->state == VTCP_LISTEN || c->state == VTCP_SYN_SENT) {
    vtcp_tcb_finish(c, VTCP_OUTCOME_ABORTED);
    return VTCP_OK;
  }
  if (c->close_wanted) return VTCP_ERR_CLOSING;
  if (c->state == VTCP_SYN_RECEIVED) {
    close_later(c);
    return VTCP_OK;
  }
  if (c->state != VTCP_ESTABLISHED && c->state != VTCP_CLOSE_WAIT) return VTCP_ERR_CLOSING;
  vtcp_tcb_queue_fin(c);
  return VTCP_OK;
}

enum vtcp_error vtcp_abort(struct vtcp *c) {
  if (c->state == VTCP_CLOSED) return VTCP_ERR_NO_CONNECTION;
  if (c->state >= VTCP_SYN_RECEIVED && c->state <= VTCP_CLOSE_WAIT) {
    vtcp_tcb_rst_to_peer(c);
    //@ assert untold: told_same{Pre, Here}(c);
    vtcp_tcb_finish(c, VTCP_OUTCOME_ABORTED);
    //@ assert told_established: told_established{Pre, Here}(c);
    //@ assert told_urgent: told_urgent{Pre, Here}(c);
    //@ assert told_data: told_data{Pre, Here}(c);
    //@ assert told_fin: told_fin{Pre, Here}(c);
    //@ assert told_space: told_space{Pre, Here}(c);
    //@ assert told_ended: told_ended{Pre, Here}(c);
  } else {
    vtcp_tcb_finish(c, VTCP_OUTCOME_ABORTED);
  }
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

/* How much is to be read until the end of urgent data (RFC 9293 s3.8.5). */
/*@ requires valid: \valid_read(c);
    requires rcv: tcb_rcv(c) && vtcp_reassembly_shape(&c->rcv);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures MUST_33_urgent: \result == \min(\max(c->rcv_up - vtcp_reassembly_base(&c->rcv), 0), UINT32_MAX); */
static uint32_t urgent_ahead(const struct vtcp *c) {
  int64_t ahead = c->rcv_up - (c->rcv.nxt - c->rcv.len);
  if (ahead <= 0) return 0;
  return ahead < UINT32_MAX ? (uint32_t)ahead : UINT32_MAX;
}

void vtcp_status(const struct vtcp *c, struct vtcp_status *out) {
  const uint32_t urgent = urgent_ahead(c), wnd = rcv_wnd(c), snd_una = vtcp_seq_to_wire(c->snd_una, c->iss);
  const uint32_t snd_nxt = vtcp_seq_to_wire(c->snd_nxt, c->iss), rcv_nxt = vtcp_seq_to_wire(c->rcv_nxt, c->irs);
  out->send_space = send_error(c) == VTCP_OK ? send_space(c) : 0;
  out->state = (enum vtcp_state)(uint32_t)c->state;
  out->outcome = c->outcome;
  out->local_port = c->local_port;
  out->remote_port = c->remote_port;
  out->snd_mss = c->snd_mss;
  out->unread = c->rcv.len;
  out->urgent = urgent;
  out->unacknowledged = c->snd.len;
  out->snd_wnd = c->snd_wnd;
  out->rcv_wnd = wnd;
  out->snd_una = snd_una;
  out->snd_nxt = snd_nxt;
  out->rcv_nxt = rcv_nxt;
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
