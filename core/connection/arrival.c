#include "connection/steps.h"

/* RFC 9293 s3.7.1: the send MSS when the peer gives none (MUST-15). */
#define MSS_DEFAULT_IPV4 536
#define MSS_DEFAULT_IPV6 1220

bool vtcp_arrival_flag(uint16_t flags, uint16_t bit) { return flags / bit % 2 != 0; }

/*@ requires valid: \valid_read(c) && \valid_read(s);
    requires rcv_nxt: 0 <= c->rcv_nxt <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures seq: c->state <= VTCP_SYN_SENT ? \result == 0 :
      wire(\result, c->irs) == s->seq && -0x80000000 <= \result - c->rcv_nxt < 0x80000000; */
/* Where SEG.SEQ lies: a SYN is at 0 by definition while the peer's ISN is not known. */
static int64_t seq_of(const struct vtcp *c, const struct vtcp_segment *s) {
  return c->state <= VTCP_SYN_SENT ? 0 : vtcp_seq_from_wire(s->seq, c->irs, c->rcv_nxt);
}

/*@ requires valid: \valid_read(c) && \valid_read(s);
    requires snd_una: 0 <= c->snd_una <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures ack: c->state <= VTCP_LISTEN || s->flags / 16 % 2 == 0 ? \result == 0 :
      wire(\result, c->iss) == s->ack && -0x80000000 <= \result - c->snd_una < 0x80000000; */
static int64_t ack_of(const struct vtcp *c, const struct vtcp_segment *s) {
  return c->state <= VTCP_LISTEN || !vtcp_arrival_flag(s->flags, VTCP_ACK)
             ? 0
             : vtcp_seq_from_wire(s->ack, c->iss, c->snd_una);
}

struct vtcp_arrival vtcp_arrival_of(const struct vtcp *c, const struct vtcp_segment *s) {
  struct vtcp_arrival g;
  g.syn = vtcp_arrival_flag(s->flags, VTCP_SYN);
  g.fin = vtcp_arrival_flag(s->flags, VTCP_FIN);
  g.rst = vtcp_arrival_flag(s->flags, VTCP_RST);
  g.ackf = vtcp_arrival_flag(s->flags, VTCP_ACK);
  g.urg = vtcp_arrival_flag(s->flags, VTCP_URG);
  g.seq = seq_of(c, s);
  g.ack = ack_of(c, s);
  g.txt = s->text_len;
  //@ assert product: 0 <= s->wnd * c->snd_factor <= 65535 * 16384;
  g.wnd = g.syn ? s->wnd : s->wnd * c->snd_factor;
  g.up = s->urg;
  g.wire_seq = s->seq;
  g.wire_ack = s->ack;
  g.text = s->text;
  return g;
}

uint32_t vtcp_arrival_len(struct vtcp_arrival g) { return g.txt + (g.syn ? 1 : 0) + (g.fin ? 1 : 0); }

/* RFC 9293 s3.10.7.1 */
struct vtcp_reset vtcp_arrival_reset(bool ackf, uint32_t seq, uint32_t ack, uint32_t len) {
  struct vtcp_reset r = {!ackf, ackf ? ack : 0, ackf ? 0 : vtcp_seq_to_wire(len, seq)};
  return r;
}

void vtcp_arrival_reset_for(struct vtcp *c, struct vtcp_arrival g) {
  if (g.rst) return;
  struct vtcp_reset r = vtcp_arrival_reset(g.ackf, g.wire_seq, g.wire_ack, vtcp_arrival_len(g));
  c->rst_due = true;
  c->rst_ackf = r.ackf;
  c->rst_seq = r.seq;
  c->rst_ack = r.ack;
}

void vtcp_arrival_options(struct vtcp *c, const struct vtcp_segment *s) {
  uint16_t mss = s->has_mss ? s->mss : c->ipv6 ? MSS_DEFAULT_IPV6 : MSS_DEFAULT_IPV4;
  if (mss > c->mss) mss = c->mss;
  c->snd_mss = mss < VTCP_MSS_LEAST ? VTCP_MSS_LEAST : mss;
  c->wscale = c->wscale_offer && s->has_wscale;
  c->snd_factor = c->wscale ? vtcp_window_factor(s->wscale) : 1;
  c->rcv_factor = c->wscale ? vtcp_window_factor(c->rcv_shift) : 1;
}
