#include "connection/steps.h"

/* An empty segment. */
static void blank(uint16_t src_port, uint16_t dst_port, struct vtcp_segment *out) {
  out->src_port = src_port;
  out->dst_port = dst_port;
  out->seq = 0;
  out->ack = 0;
  out->flags = 0;
  out->wnd = 0;
  out->urg = 0;
  out->has_mss = false;
  out->has_wscale = false;
  out->sack_permitted = false;
  out->has_ts = false;
  out->sack_count = 0;
  out->text = 0;
  out->text_len = 0;
  out->more = 0;
  out->more_len = 0;
}

static void out_rst(struct vtcp *c, struct vtcp_segment *out) {
  blank(c->local_port, c->remote_port, out);
  out->seq = c->rst_seq;
  out->ack = c->rst_ack;
  out->flags = c->rst_ackf ? VTCP_RST + VTCP_ACK : VTCP_RST;
  c->rst_due = false;
}

/* The SYN, or in SYN-RECEIVED the SYN-ACK; its window is never scaled (RFC 7323 s2.2). */
static void out_syn(struct vtcp *c, uint64_t now, struct vtcp_segment *out) {
  blank(c->local_port, c->remote_port, out);
  out->seq = c->iss;
  out->flags = VTCP_SYN;
  if (c->state == VTCP_SYN_RECEIVED) {
    out->flags = VTCP_SYN + VTCP_ACK;
    out->ack = vtcp_seq_to_wire(c->rcv_nxt, c->irs);
  }
  out->wnd = vtcp_window_field(c->rcv_adv - c->rcv_nxt, 1);
  out->has_mss = true;
  out->mss = c->mss;
  out->has_wscale = c->state == VTCP_SYN_SENT ? c->wscale_offer : c->wscale;
  out->wscale = c->rcv_shift;
  if (c->snd_nxt == 0)
    vtcp_rtt_sent(&c->rtt, 1, now);
  else if (c->retransmitted < UINT32_MAX)
    c->retransmitted++;
  c->snd_nxt = 1;
  c->snd_ptr = 1;
  c->ack_due = false;
  c->rtx_at = now + c->rtt.rto;
}

/* The octets and FIN in [lo, hi), with an acknowledgment. lo == hi: the acknowledgment alone. */
static void out_range(struct vtcp *c, int64_t lo, int64_t hi, struct vtcp_segment *out) {
  int64_t end = c->snd.base + c->snd.len;
  int64_t text_hi = hi < end ? hi : end;
  blank(c->local_port, c->remote_port, out);
  out->seq = vtcp_seq_to_wire(lo, c->iss);
  out->ack = vtcp_seq_to_wire(c->rcv_nxt, c->irs);
  out->flags = VTCP_ACK;
  if (lo < text_hi) {
    struct vtcp_slices s = vtcp_ring_view(&c->snd, lo, (uint32_t)(text_hi - lo));
    out->text = s.first;
    out->text_len = s.first_len;
    out->more = s.second;
    out->more_len = s.second_len;
    if (text_hi == end) out->flags += VTCP_PSH;
  }
  if (lo < hi && hi > end) out->flags += VTCP_FIN;
  if (lo < hi && c->snd_up > lo) {
    out->flags += VTCP_URG;
    out->urg = c->snd_up - lo < 65535 ? (uint16_t)(c->snd_up - lo) : 65535;
  }
  if (c->state >= VTCP_ESTABLISHED) c->rcv_adv = vtcp_tcb_edge(c);
  out->wnd = vtcp_window_field(c->rcv_adv - c->rcv_nxt, c->rcv_factor);
  if (hi > c->snd_nxt) c->snd_nxt = hi;
  c->ack_due = false;
  c->ack_sent = c->rcv_nxt;
}

struct range {
  int64_t lo, hi;
};

static int64_t snd_all(const struct vtcp *c) {
  return c->snd.base + c->snd.len + (c->fin ? 1 : 0);
}

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* Which octets the window lets leave from snd_ptr on, silly windows avoided. */
static struct range next_new(const struct vtcp *c) {
  int64_t all = snd_all(c);
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
static struct range choose(const struct vtcp *c) {
  int64_t all = snd_all(c);
  struct range r = {c->snd_una, c->snd_una};
  if (c->rtx_head) {
    r.hi = least(c->snd_una + c->snd_mss, c->snd_nxt);
    return r;
  }
  if (c->probe) {
    int64_t n = c->snd_wnd < c->snd_mss ? c->snd_wnd : c->snd_mss;
    r.hi = least(c->snd_una + (n > 0 ? n : 1), all);
    return r;
  }
  return next_new(c);
}

/* Timers and pointers after [lo, hi) has left. */
static void sent(struct vtcp *c, int64_t lo, int64_t hi, int64_t nxt, uint64_t now) {
  if (lo < nxt) {
    if (c->retransmitted < UINT32_MAX) c->retransmitted++;
    vtcp_rtt_retransmitted(&c->rtt);
  } else if (!c->probe) {
    vtcp_rtt_sent(&c->rtt, hi, now);
  }
  if (c->probe && c->snd_wnd == 0)
    c->rtx_at = now + vtcp_window_probe_wait(c->rtt.rto, c->probes);
  else if (c->snd_ptr < hi)
    c->snd_ptr = hi;
  if (c->rtx_at == VTCP_NEVER || c->rtx_head || (c->snd_una == nxt && c->snd_wnd > 0)) c->rtx_at = now + c->rtt.rto;
  if (c->user_at == VTCP_NEVER && c->user_timeout > 0) c->user_at = now + c->user_timeout;
  c->rtx_head = false;
  c->probe = false;
}

/* Something is queued, nothing may leave and no timer runs: the probe timer (RFC 9293 s3.8.6.1). */
static void arm_probe(struct vtcp *c, uint64_t now) {
  if (c->snd_ptr == snd_all(c) || c->rtx_at != VTCP_NEVER) return;
  c->rtx_at = now + vtcp_window_probe_wait(c->rtt.rto, c->probes);
  if (c->user_at == VTCP_NEVER && c->user_timeout > 0) c->user_at = now + c->user_timeout;
}

/* ESTABLISHED and later: text and FIN. */
static bool out_data(struct vtcp *c, uint64_t now, struct vtcp_segment *out) {
  struct range r = choose(c);
  if (r.lo == r.hi) {
    c->rtx_head = false;
    c->probe = false;
    arm_probe(c, now);
    return false;
  }
  int64_t nxt = c->snd_nxt;
  out_range(c, r.lo, r.hi, out);
  sent(c, r.lo, r.hi, nxt, now);
  return true;
}

bool vtcp_output(struct vtcp *c, uint64_t now, struct vtcp_segment *out) {
  if (c->rst_due) {
    out_rst(c, out);
    return true;
  }
  if ((c->state == VTCP_SYN_SENT || c->state == VTCP_SYN_RECEIVED) && c->snd_ptr == 0) {
    out_syn(c, now, out);
    return true;
  }
  if (c->state >= VTCP_ESTABLISHED && c->snd_una < snd_all(c) && out_data(c, now, out)) return true;
  if (c->ack_due && c->ack_at <= now) {
    out_range(c, c->snd_nxt, c->snd_nxt, out);
    return true;
  }
  return false;
}


bool vtcp_refuse(const struct vtcp_segment *s, struct vtcp_segment *out) {
  if (vtcp_arrival_flag(s->flags, VTCP_RST) || s->text_len > 65535) return false;
  uint32_t len = s->text_len + (vtcp_arrival_flag(s->flags, VTCP_SYN) ? 1 : 0) +
                 (vtcp_arrival_flag(s->flags, VTCP_FIN) ? 1 : 0);
  struct vtcp_reset r = vtcp_arrival_reset(vtcp_arrival_flag(s->flags, VTCP_ACK), s->seq, s->ack, len);
  blank(s->dst_port, s->src_port, out);
  out->seq = r.seq;
  out->ack = r.ack;
  out->flags = r.ackf ? VTCP_RST + VTCP_ACK : VTCP_RST;
  return true;
}
