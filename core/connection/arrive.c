#include "connection/steps.h"

/* The peer's SYN: IRS, options and the first window. */
static void syn_of(struct vtcp *c, const struct vtcp_arrival *g, const struct vtcp_segment *s) {
  vtcp_arrival_options(c, s);
  vtcp_arrive_window_of(c, g);
  c->snd_wl1 = 0;
  c->snd_wl2 = 0;
  c->irs = g->wire_seq;
}

/* SYN-RECEIVED: a SYN-ACK is to leave, and is given up after the user timeout. */
static void enter_syn_received(struct vtcp *c, uint64_t now) {
  c->state = VTCP_SYN_RECEIVED;
  c->snd_ptr = 0;
  c->rtx_at = VTCP_NEVER;
  c->user_at = c->user_timeout > 0 ? now + c->user_timeout : VTCP_NEVER;
}

/* RFC 9293 s3.10.7.2 */
static void arrive_listen(struct vtcp *c, const struct vtcp_arrival *g, const struct vtcp_segment *s, uint64_t now) {
  if (g->rst) return;
  if (g->ackf) {
    vtcp_arrival_reset_for(c, g);
  } else if (g->syn) {
    syn_of(c, g, s);
    c->remote_port = s->src_port;
    enter_syn_received(c, now);
  }
}

static bool ack_acceptable(const struct vtcp *c, const struct vtcp_arrival *g) {
  return c->snd_una < g->ack && g->ack <= c->snd_nxt;
}

/* SYN-SENT, fourth: the SYN bit is on and the ACK, if there is one, acceptable. */
static void syn_sent_syn(struct vtcp *c, const struct vtcp_arrival *g, const struct vtcp_segment *s, uint64_t now) {
  syn_of(c, g, s);
  if (!g->ackf) {
    enter_syn_received(c, now);
    return;
  }
  vtcp_arrive_establish(c, g, now);
  vtcp_tcb_ack_now(c);
  vtcp_arrive_data(c, g, now);
}

/* RFC 9293 s3.10.7.3 */
static void arrive_syn_sent(struct vtcp *c, const struct vtcp_arrival *g, const struct vtcp_segment *s, uint64_t now) {
  if (g->ackf && !ack_acceptable(c, g)) {
    vtcp_arrival_reset_for(c, g);
  } else if (g->rst) {
    if (g->ackf) vtcp_tcb_finish(c, VTCP_OUTCOME_REFUSED);
  } else if (g->syn) {
    syn_sent_syn(c, g, s, now);
  }
}

/* RFC 5961 s5.2: neither beyond SND.NXT nor older than the largest window. */
static bool ack_in_range(const struct vtcp *c, const struct vtcp_arrival *g) {
  return c->snd_una - c->snd_wnd_max <= g->ack && g->ack <= c->snd_nxt;
}

/* s3.10.7.4 from the fifth check on, ESTABLISHED and later. */
static void arrive_synchronized(struct vtcp *c, const struct vtcp_arrival *g, uint64_t now) {
  if (!g->ackf) return;
  if (!ack_in_range(c, g)) {
    if (c->unacceptable < UINT32_MAX) c->unacceptable++;
    vtcp_tcb_challenge(c, now);
    return;
  }
  vtcp_arrive_ack(c, g, now);
  if (c->state != VTCP_CLOSED) vtcp_arrive_data(c, g, now);
}

/* s3.10.7.4 from the fifth check on, SYN-RECEIVED. Only SEG.SEQ = RCV.NXT shows that the peer adopted our ISN. */
static void arrive_syn_received(struct vtcp *c, const struct vtcp_arrival *g, uint64_t now) {
  if (!g->ackf) return;
  if (!ack_acceptable(c, g)) {
    vtcp_arrival_reset_for(c, g);
  } else if (g->seq != c->rcv_nxt) {
    vtcp_tcb_challenge(c, now);
  } else {
    vtcp_arrive_establish(c, g, now);
    vtcp_arrive_data(c, g, now);
  }
}

/* Simultaneous open: the peer's SYN-ACK repeats its SYN at IRS, below RCV.NXT. */
static bool syn_ack_at_irs(const struct vtcp *c, const struct vtcp_arrival *g) {
  return c->state == VTCP_SYN_RECEIVED && g->syn && g->ackf && !g->rst && !g->fin && g->seq == 0 &&
         ack_acceptable(c, g);
}

/* RFC 9293 s3.10.7.4 */
static void arrive_other(struct vtcp *c, const struct vtcp_arrival *g, uint64_t now) {
  if (syn_ack_at_irs(c, g)) {
    vtcp_arrive_establish(c, g, now);
    vtcp_tcb_ack_now(c);
    vtcp_arrive_data(c, g, now);
    return;
  }
  if (!vtcp_arrive_seq(c, g, now)) return;
  if (g->rst)
    vtcp_arrive_rst(c, g, now);
  else if (g->syn)
    vtcp_arrive_syn(c, now);
  else if (c->state == VTCP_SYN_RECEIVED)
    arrive_syn_received(c, g, now);
  else
    arrive_synchronized(c, g, now);
}

static void arrive(struct vtcp *c, const struct vtcp_arrival *g, const struct vtcp_segment *s, uint64_t now) {
  if (c->state == VTCP_CLOSED)
    vtcp_arrival_reset_for(c, g);
  else if (c->state == VTCP_LISTEN)
    arrive_listen(c, g, s, now);
  else if (c->state == VTCP_SYN_SENT)
    arrive_syn_sent(c, g, s, now);
  else
    arrive_other(c, g, now);
}

enum vtcp_error vtcp_input(struct vtcp *c, const struct vtcp_segment *s, uint64_t now) {
  if (s->more_len > 0 || s->text_len > 65535 || now > VTCP_TIME_MAX) return VTCP_ERR_INVALID;
  struct vtcp_arrival g;
  vtcp_arrival_of(c, s, &g);
  arrive(c, &g, s, now);
  return VTCP_OK;
}
