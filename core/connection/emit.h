/* The segments that leave, made from the TCB as it is; which of them leave is output.c's. Internal to connection/. */
#ifndef VTCP_CONNECTION_EMIT_H
#define VTCP_CONNECTION_EMIT_H

#include "connection/steps.h"

/* Writes s to out, which is apart from the connection. s has neither time stamps nor SACK blocks. */
/*@ requires valid: \valid_read(c) && \valid(out) && \separated(c, out);
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
      out->more_len == s.more_len;
    ensures octets: \forall integer k; out_octet(out, k) == out_value_octet(s, k);
    ensures offsets: tcb_same_offsets{Pre, Post}(c);
    KEEPS_INV;
    ensures marks: out_same_marks{Pre, Post}(c);
    ensures timed: out_same_timed{Pre, Post}(c);
    ensures words: out_same_words{Pre, Post}(c);
    ensures setup: out_same_setup{Pre, Post}(c);
    KEEPS_NEGOTIATED;
    ensures ring: out_same_ring{Pre, Post}(c);
    ensures same: tcb_abs(c) == \old(tcb_abs(c)); */
void vtcp_emit(const struct vtcp *c, struct vtcp_segment s, struct vtcp_segment *out);

/* The RST that is due. */
/*@ requires valid: \valid_read(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures ports: \result.src_port == c->local_port && \result.dst_port == c->remote_port;
    ensures plain: !\result.has_mss && !\result.has_wscale && !\result.sack_permitted && !\result.has_ts &&
      \result.sack_count == 0 && \result.text_len == 0 && \result.more_len == 0;
    ensures rst: \result.seq == c->rst_seq && \result.ack == c->rst_ack &&
      \result.flags == (c->rst_ackf != 0 ? VTCP_RST + VTCP_ACK : VTCP_RST); */
struct vtcp_segment vtcp_emit_rst(const struct vtcp *c);

/* The SYN, or in SYN-RECEIVED the SYN-ACK; its window is never scaled (RFC 7323 s2.2). */
/*@ requires valid: \valid_read(c);
    requires rcv: tcb_rcv(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures ports: \result.src_port == c->local_port && \result.dst_port == c->remote_port;
    ensures empty: \result.text_len == 0 && \result.more_len == 0;
    ensures syn: \result.seq == c->iss && \result.urg == 0 &&
      \result.flags == (c->state == VTCP_SYN_RECEIVED ? VTCP_SYN + VTCP_ACK : VTCP_SYN) &&
      \result.ack == (c->state == VTCP_SYN_RECEIVED ? wire(c->rcv_nxt, c->irs) : 0) &&
      \result.wnd == \min(\max(c->rcv_adv - c->rcv_nxt, 0), 65535);
    ensures options: \result.has_mss && \result.mss == c->mss && !\result.sack_permitted && !\result.has_ts &&
      \result.sack_count == 0 && \result.wscale == c->rcv_shift &&
      (\result.has_wscale <==> (c->state == VTCP_SYN_SENT ? c->wscale_offer != 0 : c->wscale != 0)); */
struct vtcp_segment vtcp_emit_syn(const struct vtcp *c);

/* The octets and FIN in [lo, hi), with an acknowledgment. lo == hi: the acknowledgment alone. */
/*@ requires inv: tcb_inv(c);
    requires out: \valid(out) && \separated(out, c, c->snd.data + (0 .. c->snd.cap - 1));
    requires range: 0 <= lo <= hi <= snd_all(c) && (lo < hi ==> 1 <= lo && c->snd_una <= lo);
    terminates \true;
    exits never: \false;
    assigns *out;
    ensures sayable: seg_fits(out, VTCP_HEADER_MAX);
    ensures plain: out_ports(c, out) && out_plain(out);
    ensures header: out_header(c, out, lo, hi);
    ensures text: out_text(c, out, lo, hi);
    ensures none: lo == hi ==> out->text_len + out->more_len == 0;
    ensures octets: out_octets(c, out, lo, hi);
    ensures stream: out_stream(c, out, lo, hi);
    KEEPS_INV;
    KEEPS_NEGOTIATED;
    ensures offsets: tcb_same_offsets{Pre, Post}(c);
    ensures marks: out_same_marks{Pre, Post}(c);
    ensures timed: out_same_timed{Pre, Post}(c);
    ensures ring: out_same_ring{Pre, Post}(c);
    ensures same: tcb_abs(c) == \old(tcb_abs(c)); */
void vtcp_emit_part(const struct vtcp *c, int64_t lo, int64_t hi, struct vtcp_segment *out);

#endif
