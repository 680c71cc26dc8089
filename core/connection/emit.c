#include "connection/emit.h"

/* An empty segment. */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures ports: \result.src_port == src_port && \result.dst_port == dst_port;
    ensures zero: \result.seq == 0 && \result.ack == 0 && \result.flags == 0 && \result.wnd == 0 && \result.urg == 0;
    ensures plain: !\result.has_mss && !\result.has_wscale && !\result.sack_permitted && !\result.has_ts &&
      \result.sack_count == 0;
    ensures empty: \result.text_len == 0 && \result.more_len == 0; */
static struct vtcp_segment blank(uint16_t src_port, uint16_t dst_port) {
  struct vtcp_segment s = {0};
  s.src_port = src_port;
  s.dst_port = dst_port;
  return s;
}

/*@ requires valid: \valid(out);
    requires plain: !s.has_ts && s.sack_count == 0;
    terminates \true;
    exits never: \false;
    assigns *out;
    ensures fields: out->src_port == s.src_port && out->dst_port == s.dst_port && out->seq == s.seq &&
      out->ack == s.ack && out->flags == s.flags && out->wnd == s.wnd && out->urg == s.urg;
    ensures options: out->has_mss == s.has_mss && out->mss == s.mss && out->has_wscale == s.has_wscale &&
      out->wscale == s.wscale && out->sack_permitted == s.sack_permitted && out->has_ts == s.has_ts &&
      out->sack_count == s.sack_count;
    ensures text: out->text == s.text && out->text_len == s.text_len && out->more == s.more &&
      out->more_len == s.more_len; */
static void hand_out(struct vtcp_segment s, struct vtcp_segment *out) {
  out->src_port = s.src_port;
  out->dst_port = s.dst_port;
  out->seq = s.seq;
  out->ack = s.ack;
  out->flags = s.flags;
  out->wnd = s.wnd;
  out->urg = s.urg;
  out->has_mss = s.has_mss;
  out->mss = s.mss;
  out->has_wscale = s.has_wscale;
  out->wscale = s.wscale;
  out->sack_permitted = s.sack_permitted;
  out->has_ts = s.has_ts;
  out->sack_count = s.sack_count;
  out->text = s.text;
  out->text_len = s.text_len;
  out->more = s.more;
  out->more_len = s.more_len;
}

void vtcp_emit(const struct vtcp *c, struct vtcp_segment s, struct vtcp_segment *out) {
  (void)c;
  hand_out(s, out);
  //@ assert offsets: tcb_same_offsets{Pre, Here}(c);
  //@ assert marks: out_same_marks{Pre, Here}(c);
  //@ assert timed: out_same_timed{Pre, Here}(c);
  //@ assert words: out_same_words{Pre, Here}(c);
  //@ assert setup: out_same_setup{Pre, Here}(c);
  //@ assert ring: out_same_ring{Pre, Here}(c);
}

struct vtcp_segment vtcp_emit_rst(const struct vtcp *c) {
  struct vtcp_segment s = blank(c->local_port, c->remote_port);
  s.seq = c->rst_seq;
  s.ack = c->rst_ack;
  s.flags = c->rst_ackf ? VTCP_RST + VTCP_ACK : VTCP_RST;
  return s;
}

struct vtcp_segment vtcp_emit_syn(const struct vtcp *c) {
  bool ackf = c->state == VTCP_SYN_RECEIVED;
  struct vtcp_segment s = blank(c->local_port, c->remote_port);
  s.seq = c->iss;
  s.ack = ackf ? vtcp_seq_to_wire(c->rcv_nxt, c->irs) : 0;
  s.flags = ackf ? VTCP_SYN + VTCP_ACK : VTCP_SYN;
  s.wnd = vtcp_window_field(c->rcv_adv - c->rcv_nxt, 1);
  s.has_mss = true;
  s.mss = c->mss;
  s.has_wscale = c->state == VTCP_SYN_SENT ? c->wscale_offer : c->wscale;
  s.wscale = c->rcv_shift;
  return s;
}

/* ACK always; PSH with the last octet queued, FIN after it, URG while urgent data lies ahead. */
/*@ requires valid: \valid_read(c);
    requires snd: tcb_snd(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures flags: \result == out_flags(c, lo, hi); */
static uint16_t flags_of(const struct vtcp *c, int64_t lo, int64_t hi) {
  int64_t end = c->snd.base + c->snd.len;
  bool psh = lo < end && end <= hi;
  bool fin = lo < hi && hi > end;
  bool urg = lo < hi && c->snd_up > lo;
  return (uint16_t)(VTCP_ACK + (psh ? VTCP_PSH : 0) + (fin ? VTCP_FIN : 0) + (urg ? VTCP_URG : 0));
}

/*@ requires valid: \valid_read(c);
    requires snd: tcb_snd(c);
    requires lo: 0 <= lo;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures urg: \result == out_urg(c, lo, hi); */
static uint16_t urg_of(const struct vtcp *c, int64_t lo, int64_t hi) {
  if (lo >= hi || c->snd_up <= lo) return 0;
  int64_t ahead = c->snd_up - lo;
  return ahead < 65535 ? (uint16_t)ahead : 65535;
}

/* The queued octets in [lo, hi). */
/*@ requires inv: tcb_inv(c);
    requires range: 0 <= lo <= hi <= snd_all(c) && (lo < hi ==> 1 <= lo && c->snd_una <= lo);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures sum: \result.first_len + \result.second_len == out_text_len(c, lo, hi);
    ensures readable: vtcp_slices_readable(\result);
    ensures octets: \forall integer k; 0 <= k < out_text_len(c, lo, hi) ==>
      vtcp_slices_octet(\result, k) == vtcp_ring_octet(&c->snd, lo + k);
    ensures stream: \forall octets s; vtcp_ring_holds(&c->snd, s) ==> \forall integer k;
      0 <= k < out_text_len(c, lo, hi) ==> vtcp_slices_octet(\result, k) == octet_at(s, lo + k);
    ensures none: out_text_len(c, lo, hi) == 0 ==> \result.first == \null && \result.second == \null; */
static struct vtcp_slices text_of(const struct vtcp *c, int64_t lo, int64_t hi) {
  int64_t end = c->snd.base + c->snd.len;
  int64_t text_hi = hi < end ? hi : end;
  if (lo < text_hi) return vtcp_ring_view(&c->snd, lo, (uint32_t)(text_hi - lo));
  struct vtcp_slices none = {0, 0, 0, 0};
  return none;
}

/*@ requires inv: tcb_inv(c);
    requires range: 0 <= lo <= hi <= snd_all(c) && (lo < hi ==> 1 <= lo && c->snd_una <= lo);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures ports: \result.src_port == c->local_port && \result.dst_port == c->remote_port;
    ensures plain: !\result.has_mss && !\result.has_wscale && !\result.sack_permitted && !\result.has_ts &&
      \result.sack_count == 0;
    ensures header: \result.seq == wire(lo, c->iss) && \result.ack == wire(c->rcv_nxt, c->irs) &&
      \result.flags == out_flags(c, lo, hi) && \result.urg == out_urg(c, lo, hi);
    ensures wnd: \result.wnd == \min(\max(c->rcv_adv - c->rcv_nxt, 0) / c->rcv_factor, 65535);
    ensures sum: \result.text_len + \result.more_len == out_text_len(c, lo, hi);
    ensures readable: \valid_read(\result.text + (0 .. \result.text_len - 1)) &&
      \valid_read(\result.more + (0 .. \result.more_len - 1));
    ensures octets: \forall integer k; 0 <= k < out_text_len(c, lo, hi) ==>
      out_value_octet(\result, k) == vtcp_ring_octet(&c->snd, lo + k);
    ensures stream: \forall octets s; vtcp_ring_holds(&c->snd, s) ==> \forall integer k;
      0 <= k < out_text_len(c, lo, hi) ==> out_value_octet(\result, k) == octet_at(s, lo + k); */
static struct vtcp_segment part(const struct vtcp *c, int64_t lo, int64_t hi) {
  struct vtcp_slices text = text_of(c, lo, hi);
  struct vtcp_segment s = blank(c->local_port, c->remote_port);
  s.seq = vtcp_seq_to_wire(lo, c->iss);
  s.ack = vtcp_seq_to_wire(c->rcv_nxt, c->irs);
  s.flags = flags_of(c, lo, hi);
  s.wnd = vtcp_window_field(c->rcv_adv - c->rcv_nxt, c->rcv_factor);
  s.urg = urg_of(c, lo, hi);
  s.text = text.first;
  s.text_len = text.first_len;
  s.more = text.second;
  s.more_len = text.second_len;
  return s;
}

void vtcp_emit_part(const struct vtcp *c, int64_t lo, int64_t hi, struct vtcp_segment *out) {
  struct vtcp_segment s = part(c, lo, hi);
  vtcp_emit(c, s, out);
  //@ assert len: out_text_len(c, lo, hi) == out_text_len{Pre}(c, lo, hi);
  //@ assert ring: \forall integer o; vtcp_ring_octet(&c->snd, o) == vtcp_ring_octet{Pre}(&c->snd, o);
  //@ assert holds: \forall octets t; vtcp_ring_holds(&c->snd, t) ==> vtcp_ring_holds{Pre}(&c->snd, t);
}

/*@ requires valid: \valid_read(s);
    requires txt: s->text_len <= 65535;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures len: \result == s->text_len + s->flags / VTCP_SYN % 2 + s->flags % 2; */
static uint32_t len_of(const struct vtcp_segment *s) {
  return s->text_len + (vtcp_arrival_flag(s->flags, VTCP_SYN) ? 1 : 0) +
         (vtcp_arrival_flag(s->flags, VTCP_FIN) ? 1 : 0);
}

/*@ requires valid: \valid_read(s);
    requires txt: s->text_len <= 65535;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures ports: \result.src_port == s->dst_port && \result.dst_port == s->src_port;
    ensures plain: !\result.has_mss && !\result.has_wscale && !\result.sack_permitted && !\result.has_ts &&
      \result.sack_count == 0 && \result.text_len == 0 && \result.more_len == 0;
    ensures with_ack: s->flags / VTCP_ACK % 2 != 0 ==>
      \result.seq == s->ack && \result.ack == 0 && \result.flags == VTCP_RST;
    ensures without_ack: s->flags / VTCP_ACK % 2 == 0 ==>
      \result.seq == 0 && \result.flags == VTCP_RST + VTCP_ACK &&
      \result.ack == wire(s->text_len + s->flags / VTCP_SYN % 2 + s->flags % 2, s->seq); */
static struct vtcp_segment refusal(const struct vtcp_segment *s) {
  struct vtcp_reset r = vtcp_arrival_reset(vtcp_arrival_flag(s->flags, VTCP_ACK), s->seq, s->ack, len_of(s));
  struct vtcp_segment out = blank(s->dst_port, s->src_port);
  out.seq = r.seq;
  out.ack = r.ack;
  out.flags = r.ackf ? VTCP_RST + VTCP_ACK : VTCP_RST;
  return out;
}

bool vtcp_refuse(const struct vtcp_segment *s, struct vtcp_segment *out) {
  if (vtcp_arrival_flag(s->flags, VTCP_RST) || s->text_len > 65535 || s->more_len > 0) return false;
  hand_out(refusal(s), out);
  return true;
}
