/*
 * vtcp: a TCP connection as a pure state machine (RFC 9293). The one header to include.
 *
 * Time, randomness, datagrams and memory come in as arguments; segments, events and a deadline come out. No call
 * blocks, allocates, or keeps a pointer to its arguments, except to the two buffers given to vtcp_init.
 *
 * The loop around a connection:
 *   a segment arrived          vtcp_segment_parse, vtcp_input
 *   vtcp_deadline has passed   vtcp_timeout
 *   after any call             vtcp_output until it returns false, then vtcp_event until it returns VTCP_EVENT_NONE
 *
 * One connection is used by one thread at a time. Times are microseconds from any fixed origin and do not go
 * backwards; they are at most VTCP_TIME_MAX.
 */
#ifndef VTCP_H
#define VTCP_H

#include "connection/tcb.h"
#include "policy/icmp.h"
#include "policy/isn.h"
#include "policy/mtu.h"
#include "wire/address.h"
#include "wire/checksum.h"
#include "wire/ip.h"

enum vtcp_error {
  VTCP_OK = 0,
  VTCP_ERR_INVALID = -1,       /* an argument is outside its range */
  VTCP_ERR_NO_CONNECTION = -2, /* RFC 9293: "connection does not exist" */
  VTCP_ERR_EXISTS = -3,        /* RFC 9293: "connection already exists" */
  VTCP_ERR_CLOSING = -4        /* RFC 9293: "connection closing"; from vtcp_receive: the end of the stream */
};

enum vtcp_event {
  VTCP_EVENT_NONE = 0,
  VTCP_EVENT_ESTABLISHED = 1,
  VTCP_EVENT_URGENT = 2,  /* urgent data lies ahead in the stream (MUST-32) */
  VTCP_EVENT_DATA = 3,    /* vtcp_receive has octets */
  VTCP_EVENT_FIN = 4,     /* the peer has closed: after the octets there is the end of the stream */
  VTCP_EVENT_SPACE = 5,   /* vtcp_send has room again */
  VTCP_EVENT_WARNING = 6, /* R1: retransmissions go unanswered (SHLD-9) */
  VTCP_EVENT_ENDED = 7    /* the state is CLOSED; vtcp_status says how it came to that */
};

struct vtcp_config {
  uint16_t local_port, remote_port; /* remote_port: 0 for a passive open to any peer */
  uint16_t mss;                     /* largest segment text, both ways: 64 to 65475 (MTU minus 40 or 60) */
  uint16_t window_shift;            /* window scale to offer, 0 to 14; its unit is no more than rcv_cap */
  bool no_window_scale;             /* do not offer it */
  bool ipv6;                        /* over IPv6: the peer's default segment size is 1220, not 536 (MUST-15) */
  bool nodelay;                     /* MUST-17: Nagle's algorithm can be disabled */
  uint64_t msl;                     /* maximum segment lifetime, microseconds; RFC 9293 s3.4.1 has 120,000,000 */
  uint64_t user_timeout;            /* microseconds without progress until the connection is given up (R2); 0: never */
  uint64_t rto_min;                 /* microseconds, 1,000 to 60,000,000; RFC 6298 has 1,000,000 */
  uint8_t *snd_buf; /* 1 to VTCP_BUFFER_MAX octets each; they belong to the connection while it is in use */
  uint32_t snd_cap;
  uint8_t *rcv_buf;
  uint32_t rcv_cap;
};

struct vtcp_status {
  enum vtcp_state state;
  int32_t outcome; /* enum vtcp_outcome */
  uint16_t local_port, remote_port;
  uint16_t snd_mss;
  uint32_t unread;                    /* octets in order, not yet read */
  uint32_t urgent;                    /* octets to be read until the end of urgent data, received or not; 0: none */
  uint32_t unacknowledged;            /* octets queued or sent, not yet acknowledged */
  uint32_t send_space;                /* octets vtcp_send would take */
  uint32_t snd_wnd, rcv_wnd;          /* octets */
  uint32_t snd_una, snd_nxt, rcv_nxt; /* as sequence numbers */
  uint32_t iss, irs;
  uint32_t cwnd, ssthresh; /* octets */
  uint64_t srtt, rto;      /* microseconds */
  uint32_t retransmitted, unacceptable, challenged, unstored;
};

#ifdef __FRAMAC__
#include "output.acsl"
#include "vtcp.acsl"
#endif

/*
 * Makes a TCB in state CLOSED.
 * Source: RFC 9293 s3.3.1.
 * Units: as struct vtcp_config says; the capacities in octets.
 * Ownership: c and both buffers are the caller's; the buffers belong to the connection as long as c is used.
 * Requires: c is writable and cfg readable; when every value of cfg is within its range, both buffers are writable;
 *   none of them overlap.
 * Returns: VTCP_OK; VTCP_ERR_INVALID when a value of cfg is outside its range.
 * On failure: *c is unchanged.
 */
/*@ requires valid: \valid(c) && \valid_read(cfg) && \separated(c, cfg);
    requires buffers: config_ok(cfg) ==> config_mem(c, cfg);
    terminates \true;
    exits never: \false;
    assigns *c;
    behavior invalid:
      assumes outside: !config_ok(cfg);
      assigns \nothing;
      ensures error: \result == VTCP_ERR_INVALID;
    behavior made:
      assumes within: config_ok(cfg);
      ensures ok: \result == VTCP_OK;
      ensures mem: tcb_mem(c);
      ensures snd: tcb_snd(c);
      ensures rcv: tcb_rcv(c) && tcb_window(c) && vtcp_reassembly_inv(&c->rcv);
      ensures options: tcb_options(c);
      ensures policy: tcb_policy(c);
      ensures state: tcb_state(c) && tcb_acked(c) && tcb_unacked(c) && tcb_armed(c);
      ensures closed: c->state == VTCP_CLOSED && c->outcome == VTCP_OUTCOME_NONE && !c->passive;
      ensures refine: tcb_abs(c) == spec_opened(tcb_abs(c), 0, \min(c->rcv.cap, 65535));
      ensures RFC6928_s2_initial: c->cc.cwnd == vtcp_congestion_initial(c->mss);
      ensures counters: c->retransmitted == 0 && c->unacceptable == 0 && c->challenged == 0 && c->unstored == 0;
      ensures negotiated: opt_abs(c) == spec_opt_fresh(opt_abs(c));
      ensures untold: told_nothing(c);
      ensures MUST_25_off: !c->keep.on && c->keep.idle == 7200000000;
      ensures buffers: c->snd.data == \old(cfg->snd_buf) && c->snd.cap == \old(cfg->snd_cap) && c->rcv.data == \old(cfg->rcv_buf) &&
        c->rcv.cap == \old(cfg->rcv_cap);
      ensures config: c->local_port == \old(cfg->local_port) && c->remote_port == \old(cfg->remote_port) && c->mss == \old(cfg->mss) &&
        c->rcv_shift == \old(cfg->window_shift) && (c->wscale_offer <==> !\old(cfg->no_window_scale)) &&
        (c->ipv6 <==> \old(cfg->ipv6)) && (c->nodelay <==> \old(cfg->nodelay)) && c->msl == \old(cfg->msl) &&
        c->user_timeout == \old(cfg->user_timeout) && c->rtt.rto_min == \old(cfg->rto_min);
    complete behaviors;
    disjoint behaviors; */
enum vtcp_error vtcp_init(struct vtcp *c, const struct vtcp_config *cfg);

/*
 * Active OPEN.
 * Source: RFC 9293 s3.10.1, MUST-8; iss is to be chosen as RFC 6528 says.
 * Units: now in microseconds.
 * Requires: a TCB made by vtcp_init.
 * Returns: VTCP_OK; VTCP_ERR_INVALID when now is beyond VTCP_TIME_MAX or no remote port is set; VTCP_ERR_EXISTS when
 *   the connection is neither CLOSED nor LISTEN.
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns WRITES_OPENED, c->state, c->passive;
    ensures inv: tcb_inv(c);
    ensures kept: c->snd.data == \old(c->snd.data) && c->snd.cap == \old(c->snd.cap) &&
      c->rcv.data == \old(c->rcv.data) && c->rcv.cap == \old(c->rcv.cap);
    behavior invalid:
      assumes outside: now > VTCP_TIME_MAX || c->remote_port == 0;
      assigns \nothing;
      ensures error: \result == VTCP_ERR_INVALID;
    behavior exists:
      assumes exists: now <= VTCP_TIME_MAX && c->remote_port != 0 && c->state != VTCP_CLOSED && c->state != VTCP_LISTEN;
      assigns \nothing;
      ensures error: \result == VTCP_ERR_EXISTS;
    behavior s3_10_1_active:
      assumes new: now <= VTCP_TIME_MAX && c->remote_port != 0 &&
        (c->state == VTCP_CLOSED || c->state == VTCP_LISTEN);
      ensures ok: \result == VTCP_OK;
      ensures refine: tcb_abs(c) == spec_open_active(\old(tcb_abs(c)), iss, \min(\old(c->rcv.cap), 65535));
      ensures T4_nothing: nothing_yet(c);
      ensures negotiated: opt_abs(c) == spec_opt_open_active(\old(opt_abs(c)), \old(tcb_abs(c)));
      ensures untold: told_nothing(c);
      ensures syn: syn_due(c);
      ensures R2: c->user_at == (c->user_timeout > 0 ? now + c->user_timeout : VTCP_NEVER);
    complete behaviors;
    disjoint behaviors; */
enum vtcp_error vtcp_open(struct vtcp *c, uint32_t iss, uint64_t now);

/*
 * Passive OPEN: LISTEN. The ISS is selected when the SYN arrives.
 * Source: RFC 9293 s3.10.1.
 * Requires: a TCB made by vtcp_init.
 * Returns: VTCP_OK; VTCP_ERR_EXISTS when the connection is not CLOSED.
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns WRITES_OPENED, c->state, c->passive;
    ensures inv: tcb_inv(c);
    ensures kept: c->snd.data == \old(c->snd.data) && c->snd.cap == \old(c->snd.cap) &&
      c->rcv.data == \old(c->rcv.data) && c->rcv.cap == \old(c->rcv.cap);
    ensures refine: tcb_abs(c) == spec_open_passive(\old(tcb_abs(c)), \min(\old(c->rcv.cap), 65535));
    ensures negotiated: opt_abs(c) == spec_opt_open_passive(\old(opt_abs(c)), \old(tcb_abs(c)));
    behavior exists:
      assumes exists: c->state != VTCP_CLOSED;
      assigns \nothing;
      ensures error: \result == VTCP_ERR_EXISTS;
    behavior s3_10_1_passive:
      assumes new: c->state == VTCP_CLOSED;
      ensures ok: \result == VTCP_OK;
      ensures T4_nothing: nothing_yet(c);
      ensures untold: told_nothing(c);
    complete behaviors;
    disjoint behaviors; */
enum vtcp_error vtcp_listen(struct vtcp *c);

/*
 * SEND: queues up to n octets; urgent: the last octet taken is urgent data.
 * Source: RFC 9293 s3.10.2.
 * Units: octets.
 * Ownership: the octets are copied, and do not overlap c or the send buffer.
 * Requires: a TCB made by vtcp_init; n octets are readable.
 * Returns: how many octets were taken, 0 when the queue is full; VTCP_ERR_NO_CONNECTION; VTCP_ERR_CLOSING after CLOSE.
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    requires src: \valid_read(src + (0 .. n - 1));
    requires apart: \separated(src + (0 .. n - 1), c, c->snd.data + (0 .. c->snd.cap - 1));
    terminates \true;
    exits never: \false;
    assigns c->snd.len, c->snd.data[0 .. c->snd.cap - 1], c->snd_up;
    ensures inv: tcb_inv(c);
    ensures negotiated: opt_abs(c) == \old(opt_abs(c));
    ensures told: told{Pre, Post}(c);
    behavior s3_10_2_none:
      assumes none: send_none(c);
      assigns \nothing;
      ensures error: \result == VTCP_ERR_NO_CONNECTION;
    behavior s3_10_2_closing:
      assumes closing: send_closing(c);
      assigns \nothing;
      ensures error: \result == VTCP_ERR_CLOSING;
    behavior s3_10_2_queue:
      assumes open: !send_none(c) && !send_closing(c);
      ensures count: \result == \min(n, \old(send_space(c)));
      ensures refine: tcb_abs(c) == spec_send(\old(tcb_abs(c)), \result, truth(urgent));
      ensures stream: \forall octets s; vtcp_ring_holds{Pre}(&c->snd, s) &&
        (\forall integer k; 0 <= k < \result ==>
          \old(src[k]) == octet_at(s, \old(c->snd.base + c->snd.len) + k)) ==>
        vtcp_ring_holds(&c->snd, s);
    complete behaviors;
    disjoint behaviors; */
int64_t vtcp_send(struct vtcp *c, const uint8_t *src, uint32_t n, bool urgent);

/*
 * RECEIVE: copies out up to n octets.
 * Source: RFC 9293 s3.10.3.
 * Units: octets.
 * Ownership: the octets are the caller's, and do not overlap c or its buffers.
 * Requires: a TCB made by vtcp_init; n octets are writable.
 * Returns: how many octets, 0 when there are none yet; VTCP_ERR_CLOSING when every octet up to the peer's FIN has been
 *   read; VTCP_ERR_NO_CONNECTION when there is no connection, it ended before the peer's FIN, or by ABORT.
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    requires dst: \valid(dst + (0 .. n - 1));
    requires apart: \separated(dst + (0 .. n - 1), c, c->snd.data + (0 .. c->snd.cap - 1),
      c->rcv.data + (0 .. c->rcv.cap - 1));
    terminates \true;
    exits never: \false;
    assigns c->rcv.head, c->rcv.len, dst[0 .. n - 1], c->ack_due, c->ack_at;
    ensures inv: tcb_inv(c);
    ensures refine: tcb_abs(c) == \old(tcb_abs(c)) || tcb_abs(c) == spec_receive(\old(tcb_abs(c)), \true);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures T4_end: \result == VTCP_ERR_CLOSING ==> c->rcv.len == 0 && c->rcv_nxt == c->rcv.nxt + 1;
    ensures negotiated: opt_abs(c) == \old(opt_abs(c));
    ensures told: told{Pre, Post}(c);
    behavior s3_10_3_none:
      assumes none: receive_none(c);
      assigns \nothing;
      ensures error: \result == VTCP_ERR_NO_CONNECTION;
    behavior s3_10_3_end:
      assumes end: receive_end(c);
      assigns \nothing;
      ensures error: \result == VTCP_ERR_CLOSING;
    behavior s3_10_3_octets:
      assumes open: !receive_none(c) && !receive_end(c);
      ensures count: \result == \min(n, \old(c->rcv.len));
      ensures taken: c->rcv.len == \old(c->rcv.len) - \result;
      ensures s3_8_6_2_2_update: \result > 0 && window_update(c) ==> c->ack_due && c->ack_at == 0;
      ensures T4_delivered: \forall octets s; vtcp_reassembly_holds{Pre}(&c->rcv, s) ==>
        \forall integer k; 0 <= k < \result ==> dst[k] == octet_at(s, \old(vtcp_reassembly_base(&c->rcv)) + k);
    complete behaviors;
    disjoint behaviors; */
int64_t vtcp_receive(struct vtcp *c, uint8_t *dst, uint32_t n);

/*
 * The octets vtcp_receive would give, where they are.
 * Source: RFC 9293 s3.10.3.
 * Units: octets.
 * Ownership: they are the connection's, and good until the next call on c.
 * Requires: a TCB made by vtcp_init.
 * Returns: at most two slices.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures sum: \result.first_len + \result.second_len == c->rcv.len;
    ensures readable: vtcp_slices_readable(\result);
    ensures T4_delivered: \forall octets s; vtcp_reassembly_holds(&c->rcv, s) ==>
      \forall integer k; 0 <= k < c->rcv.len ==>
        vtcp_slices_octet(\result, k) == octet_at(s, vtcp_reassembly_base(&c->rcv) + k); */
struct vtcp_slices vtcp_peek(const struct vtcp *c);

/*
 * Takes the first n octets as read.
 * Source: RFC 9293 s3.10.3.
 * Units: octets.
 * Requires: a TCB made by vtcp_init.
 * Returns: VTCP_OK; VTCP_ERR_INVALID when n is more than there are.
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->rcv.head, c->rcv.len, c->ack_due, c->ack_at;
    ensures inv: tcb_inv(c);
    ensures refine: tcb_abs(c) == \old(tcb_abs(c)) || tcb_abs(c) == spec_receive(\old(tcb_abs(c)), \true);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures negotiated: opt_abs(c) == \old(opt_abs(c));
    ensures told: told{Pre, Post}(c);
    behavior invalid:
      assumes more: n > c->rcv.len;
      assigns \nothing;
      ensures error: \result == VTCP_ERR_INVALID;
    behavior s3_10_3_octets:
      assumes some: n <= c->rcv.len;
      ensures ok: \result == VTCP_OK;
      ensures taken: c->rcv.len == \old(c->rcv.len) - n;
      ensures s3_8_6_2_2_update: window_update(c) ==> c->ack_due && c->ack_at == 0;
    complete behaviors;
    disjoint behaviors; */
enum vtcp_error vtcp_consume(struct vtcp *c, uint32_t n);

/*
 * CLOSE: no more SENDs; what is queued will be sent, then FIN. Receiving goes on.
 * Source: RFC 9293 s3.10.4.
 * Requires: a TCB made by vtcp_init.
 * Returns: VTCP_OK; VTCP_ERR_NO_CONNECTION; VTCP_ERR_CLOSING when it was called before.
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns WRITES_FINISH, c->fin;
    ensures inv: tcb_inv(c);
    ensures negotiated: opt_abs(c) == \old(opt_abs(c));
    ensures told: told{Pre, Post}(c);
    behavior s3_10_4_none:
      assumes none: c->state == VTCP_CLOSED;
      assigns \nothing;
      ensures error: \result == VTCP_ERR_NO_CONNECTION;
    behavior s3_10_4_closing:
      assumes closing: close_closing(c);
      assigns \nothing;
      ensures error: \result == VTCP_ERR_CLOSING;
    behavior s3_10_4_close:
      assumes open: c->state != VTCP_CLOSED && !close_closing(c);
      ensures ok: \result == VTCP_OK;
      ensures refine: tcb_abs(c) == spec_close(\old(tcb_abs(c)));
    complete behaviors;
    disjoint behaviors; */
enum vtcp_error vtcp_close(struct vtcp *c);

/*
 * ABORT: RST to the peer, queues dropped, CLOSED.
 * Source: RFC 9293 s3.10.5.
 * Requires: a TCB made by vtcp_init.
 * Returns: VTCP_OK; VTCP_ERR_NO_CONNECTION.
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns WRITES_FINISH, c->rst_due, c->rst_ackf, c->rst_seq, c->rst_ack;
    ensures inv: tcb_inv(c);
    ensures refine: tcb_abs(c) == spec_abort(\old(tcb_abs(c)));
    ensures negotiated: opt_abs(c) == \old(opt_abs(c));
    ensures told: told{Pre, Post}(c);
    behavior s3_10_5_none:
      assumes none: c->state == VTCP_CLOSED;
      assigns \nothing;
      ensures error: \result == VTCP_ERR_NO_CONNECTION;
    behavior s3_10_5_abort:
      assumes some: c->state != VTCP_CLOSED;
      ensures ok: \result == VTCP_OK;
      ensures quiet: c->state == VTCP_CLOSED && vtcp_quiet(c);
    complete behaviors;
    disjoint behaviors; */
enum vtcp_error vtcp_abort(struct vtcp *c);

/*
 * Nagle's algorithm off or on, from the next segment on.
 * Source: RFC 9293 s3.7.4, MUST-17.
 * Requires: a TCB made by vtcp_init.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->nodelay;
    ensures inv: tcb_inv(c);
    ensures refine: tcb_abs(c) == \old(tcb_abs(c));
    ensures negotiated: opt_abs(c) == \old(opt_abs(c));
    ensures MUST_17_nodelay: c->nodelay <==> nodelay; */
void vtcp_set_nodelay(struct vtcp *c, bool nodelay);

/*
 * Another user timeout; one that runs begins anew.
 * Source: RFC 9293 s3.8.3, MUST-21 (R2 can be set for a connection); RFC 5482 s3.
 * Units: microseconds; user_timeout 0: never.
 * Requires: a TCB made by vtcp_init.
 * Returns: VTCP_OK; VTCP_ERR_INVALID when user_timeout is beyond VTCP_DURATION_MAX or now beyond VTCP_TIME_MAX.
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->user_timeout, c->user_at;
    ensures inv: tcb_inv(c);
    ensures refine: tcb_abs(c) == \old(tcb_abs(c));
    ensures negotiated: opt_abs(c) == \old(opt_abs(c));
    behavior invalid:
      assumes outside: user_timeout > VTCP_DURATION_MAX || now > VTCP_TIME_MAX;
      assigns \nothing;
      ensures error: \result == VTCP_ERR_INVALID;
    behavior MUST_21_set:
      assumes within: user_timeout <= VTCP_DURATION_MAX && now <= VTCP_TIME_MAX;
      ensures ok: \result == VTCP_OK;
      ensures set: c->user_timeout == user_timeout;
      ensures runs: c->user_at ==
        (\old(c->user_at) == VTCP_NEVER || user_timeout == 0 ? VTCP_NEVER : now + user_timeout);
    complete behaviors;
    disjoint behaviors; */
enum vtcp_error vtcp_set_user_timeout(struct vtcp *c, uint64_t user_timeout, uint64_t now);

/*
 * Keep-alive on or off; it is off until this call. While everything of ours is acknowledged and the peer silent, probes
 * leave; when the last of them had its time, the connection ends as timed out. Any segment from the peer begins the
 * silence anew.
 * Source: RFC 9293 s3.8.4, MUST-24 to MUST-29.
 * Units: microseconds. idle: of silence before the first probe, 0: two hours; interval: from probe to probe, 0: 75
 *   seconds; count: probes, 2 to VTCP_KEEPALIVE_COUNT_MAX, 0: 10.
 * Requires: a TCB made by vtcp_init.
 * Returns: VTCP_OK; VTCP_ERR_INVALID when idle or interval is beyond VTCP_DURATION_MAX, now beyond VTCP_TIME_MAX, or
 *   count outside its range.
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->keep;
    ensures inv: tcb_inv(c);
    ensures refine: tcb_abs(c) == \old(tcb_abs(c));
    ensures negotiated: opt_abs(c) == \old(opt_abs(c));
    behavior invalid:
      assumes outside: idle > VTCP_DURATION_MAX || interval > VTCP_DURATION_MAX || now > VTCP_TIME_MAX || count == 1 ||
        count > VTCP_KEEPALIVE_COUNT_MAX;
      assigns \nothing;
      ensures error: \result == VTCP_ERR_INVALID;
    behavior MUST_24_switch:
      assumes within: idle <= VTCP_DURATION_MAX && interval <= VTCP_DURATION_MAX && now <= VTCP_TIME_MAX && count != 1 &&
        count <= VTCP_KEEPALIVE_COUNT_MAX;
      ensures ok: \result == VTCP_OK;
      ensures on: c->keep.on <==> on;
      ensures MUST_27_idle: c->keep.idle == (idle > 0 ? idle : 7200000000);
      ensures MUST_29_count: c->keep.count == (count > 0 ? count : 10) && c->keep.count >= 2;
      ensures interval: c->keep.interval == (interval > 0 ? interval : 75000000);
      ensures begins: c->keep.at == now + c->keep.idle && c->keep.sent == 0;
    complete behaviors;
    disjoint behaviors; */
enum vtcp_error vtcp_set_keepalive(struct vtcp *c, bool on, uint64_t idle, uint64_t interval, uint32_t count,
                                   uint64_t now);

/*
 * STATUS.
 * Source: RFC 9293 s3.10.6, s3.8.5, MUST-33.
 * Units: octets and microseconds, as struct vtcp_status says.
 * Ownership: *out is the caller's, and does not overlap c.
 * Requires: a TCB made by vtcp_init; out is writable.
 */
/*@ requires inv: tcb_inv(c);
    requires out: \valid(out) && \separated(c, out);
    terminates \true;
    exits never: \false;
    assigns *out;
    ensures s3_10_6_state: out->state == c->state && out->outcome == c->outcome;
    ensures s3_10_6_sockets: out->local_port == c->local_port && out->remote_port == c->remote_port;
    ensures s3_10_6_unread: out->unread == c->rcv.len;
    ensures MUST_33_urgent: out->urgent == \min(\max(c->rcv_up - vtcp_reassembly_base(&c->rcv), 0), UINT32_MAX);
    ensures s3_10_6_unacknowledged: out->unacknowledged == c->snd.len;
    ensures s3_10_6_space: (send_none(c) || send_closing(c) ==> out->send_space == 0) &&
      (!send_none(c) && !send_closing(c) ==> out->send_space == send_space(c));
    ensures s3_10_6_windows: out->snd_wnd == c->snd_wnd && out->snd_mss == c->snd_mss &&
      out->rcv_wnd == \min(c->rcv_adv - c->rcv_nxt, UINT32_MAX);
    ensures s3_10_6_sequence: out->snd_una == wire(c->snd_una, c->iss) && out->snd_nxt == wire(c->snd_nxt, c->iss) &&
      out->rcv_nxt == wire(c->rcv_nxt, c->irs) && out->iss == c->iss && out->irs == c->irs;
    ensures policy: out->cwnd == c->cc.cwnd && out->ssthresh == c->cc.ssthresh && out->srtt == c->rtt.srtt &&
      out->rto == c->rtt.rto;
    ensures counters: out->retransmitted == c->retransmitted && out->unacceptable == c->unacceptable &&
      out->challenged == c->challenged && out->unstored == c->unstored; */
void vtcp_status(const struct vtcp *c, struct vtcp_status *out);

/*
 * SEGMENT ARRIVES.
 * Source: RFC 9293 s3.10.7; RFC 5961 s3, s4, s5.
 * Units: now in microseconds. isn: the ISS of a connection that begins with this segment, to be chosen as RFC 6528 says;
 *   of use only in LISTEN.
 * Ownership: the segment and its text are the caller's; the text is copied, and does not overlap c or the receive
 *   buffer.
 * Requires: a TCB made by vtcp_init; a segment as vtcp_segment_parse gives it, its text readable.
 * Returns: VTCP_OK; VTCP_ERR_INVALID when now is beyond VTCP_TIME_MAX, and for a segment that no parser makes (a second
 *   slice, or text of more than 65,535 octets).
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    requires segment: \valid_read(s) && \valid_read(s->text + (0 .. s->text_len - 1));
    requires apart: \separated(c, s, s->text + (0 .. s->text_len - 1)) &&
      \separated(s, c->rcv.data + (0 .. c->rcv.cap - 1)) &&
      \separated(s->text + (0 .. s->text_len - 1), c->rcv.data + (0 .. c->rcv.cap - 1));
    requires shift: s->wscale <= 14;
    terminates \true;
    exits never: \false;
    assigns WRITES_INPUT, c->keep.at, c->keep.sent;
    ensures inv: tcb_inv(c);
    ensures told: told{Pre, Post}(c);
    behavior invalid:
      assumes outside: s->more_len > 0 || s->text_len > 65535 || now > VTCP_TIME_MAX;
      assigns \nothing;
      ensures error: \result == VTCP_ERR_INVALID;
    behavior s3_10_7:
      assumes within: s->more_len == 0 && s->text_len <= 65535 && now <= VTCP_TIME_MAX;
      ensures ok: \result == VTCP_OK;
      ensures refine: \exists integer seq, ack; seg_places{Pre}(c, s, seq, ack) &&
        tcb_abs(c) == spec_arrive(\old(tcb_abs(c)), seg_of{Pre}(c, s, seq, ack), \old(allowed(c, now)), c->rcv.nxt, isn);
      ensures MUST_13_2_msl: timed_wait{Pre, Post}(c, now);
      ensures MUST_18_restart: timed_rtx{Pre, Post}(c, now);
      ensures MUST_40_soon: timed_ack{Pre, Post}(c, now);
      ensures MUST_26_silence: c->keep.at == now + c->keep.idle && c->keep.sent == 0;
      ensures T4_taken: \exists integer seq, ack; seg_places{Pre}(c, s, seq, ack) && (input_refused{Pre, Post}(c, s, seq) ||
        \forall integer o; vtcp_reassembly_present(&c->rcv, o) <==> vtcp_reassembly_present{Pre}(&c->rcv, o) ||
          spec_takes(\old(tcb_abs(c)), seg_of{Pre}(c, s, seq, ack), o) == \true);
      ensures T4_received: \exists integer seq, ack; seg_places{Pre}(c, s, seq, ack) && \forall octets t;
        vtcp_reassembly_holds{Pre}(&c->rcv, t) && input_carries{Pre}(s, seq, t) ==> vtcp_reassembly_holds(&c->rcv, t);
      KEEPS_STREAM;
      ensures negotiated: \exists integer seq, ack; seg_places{Pre}(c, s, seq, ack) &&
        opt_abs(c) == spec_opt_arrive(\old(opt_abs(c)), \old(tcb_abs(c)), seg_of{Pre}(c, s, seq, ack), opt_of{Pre}(s));
    complete behaviors;
    disjoint behaviors; */
enum vtcp_error vtcp_input(struct vtcp *c, const struct vtcp_segment *s, uint32_t isn, uint64_t now);

/*
 * Timeouts: to be called when vtcp_deadline has passed; harmless at any other time.
 * Source: RFC 9293 s3.10.8, s3.8.1; RFC 6298 s5; SHLD-10.
 * Units: now in microseconds; any value.
 * Requires: a TCB made by vtcp_init.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns WRITES_FINISH, c->rtt.rto, c->rtt.backoffs, c->rtt.timed_end, c->cc.cwnd, c->cc.ssthresh, c->cc.acked,
      c->cc.dupacks, c->cc.recovering, c->cc.recover, c->snd_ptr, c->ev_warning, c->probes;
    ensures inv: tcb_inv(c);
    ensures refine: tcb_abs(c) ==
      spec_timeout(\old(tcb_abs(c)), \old(given_up(c, now)), past(\old(c->wait_at), now));
    ensures MUST_29_all: c->state == VTCP_CLOSED && \old(c->state) != VTCP_CLOSED && \old(c->user_at) > now &&
      \old(c->wait_at) > now ==> \old(keep_dead(c, now)) == \true;
    ensures closed: c->state == VTCP_CLOSED ==> \old(c->state) == VTCP_CLOSED || vtcp_quiet(c);
    ensures again: \old(c->rtx_at) <= now && c->state >= VTCP_SYN_SENT ==>
      c->rtx_at == VTCP_NEVER && (c->probe || c->snd_ptr == c->snd_una);
    ensures T7_past: now < VTCP_NEVER ==> c->rtx_at > now && c->user_at > now && c->wait_at > now;
    ensures T7_silence: keep_dead(c, now) == \false;
    ensures negotiated: opt_abs(c) == \old(opt_abs(c));
    ensures told: told{Pre, Post}(c);
    ensures SHLD_9_warned: warned{Pre, Post}(c);
    behavior early:
      assumes early: now < c->rtx_at && now < c->user_at && now < c->wait_at && keep_dead(c, now) == \false;
      assigns \nothing;
    behavior none:
      assumes none: c->state == VTCP_CLOSED || c->state == VTCP_LISTEN;
      assigns \nothing; */
void vtcp_timeout(struct vtcp *c, uint64_t now);

/*
 * A router says that the path does not carry a segment of ours: what is in flight goes again in smaller ones.
 * Source: RFC 9293 s3.7.5; RFC 1191 s6.4, s6.5 (the congestion window stays); RFC 5927 s4.1 (only for what is in flight).
 * Units: seq: the sequence number of the segment; mss: octets of text, the path's MTU without the headers of IP and TCP.
 * Requires: a TCB made by vtcp_init.
 * Returns: true: snd_mss is now mss, or VTCP_MSS_LEAST if that is more; false: no such segment is in flight, or mss is no
 *   news.
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->snd_mss, c->snd_ptr, c->rtx_head, c->rtt.timed_end;
    ensures inv: tcb_inv(c);
    ensures refine: tcb_abs(c) == \old(tcb_abs(c));
    behavior no_news:
      assumes no_news: !path_narrower(c, seq, mss);
      assigns \nothing;
      ensures none: !\result;
    behavior s3_7_5_narrower:
      assumes narrower: path_narrower(c, seq, mss);
      ensures taken: \result;
      ensures mss: c->snd_mss == \max(mss, VTCP_MSS_LEAST);
      ensures negotiated: opt_abs(c) == spec_opt_path(\old(opt_abs(c)), mss);
      ensures again: c->snd_ptr == c->snd_una;
    complete behaviors;
    disjoint behaviors; */
bool vtcp_path_mss(struct vtcp *c, uint32_t seq, uint16_t mss);

/*
 * An ICMP error about a segment of ours: of the hard ones, only one that answers our SYN ends the connection.
 * Source: RFC 9293 s3.9.2.2, MUST-54, MUST-56; RFC 5927 s4.1 (only for what is in flight), s5.2 (hard is soft once
 *   open).
 * Units: seq: the sequence number of the segment; hard: vtcp_icmp_ipv4 or vtcp_icmp_ipv6 gave VTCP_ICMP_HARD.
 * Requires: a TCB made by vtcp_init.
 * Returns: true: the segment is in flight, and the application may be told; false: no such segment is in flight.
 * On failure: nothing is changed.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns WRITES_FINISH, c->rst_due, c->rst_ackf, c->rst_seq, c->rst_ack;
    ensures inv: tcb_inv(c);
    ensures negotiated: opt_abs(c) == \old(opt_abs(c));
    ensures told: told{Pre, Post}(c);
    behavior forged:
      assumes forged: c->state < VTCP_SYN_SENT || !in_flight(c, seq);
      assigns \nothing;
      ensures none: !\result;
    behavior MUST_56_soft:
      assumes soft: c->state >= VTCP_SYN_SENT && in_flight(c, seq) && (!hard || c->state != VTCP_SYN_SENT);
      assigns \nothing;
      ensures ours: \result;
    behavior MUST_54_hard:
      assumes hard: c->state == VTCP_SYN_SENT && in_flight(c, seq) && hard;
      ensures ours: \result;
      ensures closed: c->state == VTCP_CLOSED;
      ensures refine: tcb_abs(c) == spec_abort(\old(tcb_abs(c)));
    complete behaviors;
    disjoint behaviors; */
bool vtcp_path_error(struct vtcp *c, uint32_t seq, bool hard);

/*
 * The next segment to transmit.
 * Source: RFC 9293 s3.7, s3.8, s3.10.5; RFC 6298 s5.
 * Units: now in microseconds.
 * Ownership: *out is the caller's, and does not overlap c or its buffers; its text lies in the send buffer, and is good
 *   until the next call on c.
 * Requires: a TCB made by vtcp_init; out is writable.
 * Returns: true: *out is to leave now, and the call is to be repeated; false: nothing leaves now, or now is beyond
 *   VTCP_TIME_MAX, and *out has no meaning.
 */
/*@ requires inv: tcb_inv(c);
    requires out: \valid(out);
    requires apart: \separated(out, c, c->snd.data + (0 .. c->snd.cap - 1), c->rcv.data + (0 .. c->rcv.cap - 1));
    terminates \true;
    exits never: \false;
    assigns *out, WRITES_OUTPUT;
    ensures inv: tcb_inv(c);
    ensures sayable: \result ==> seg_fits(out, VTCP_HEADER_MAX) && out_ports(c, out);
    ensures none: !\result ==> tcb_abs(c) == \old(tcb_abs(c));
    ensures time: now > VTCP_TIME_MAX ==> !\result;
    ensures SHLD_14_never_shrinks: c->rcv_adv >= \old(c->rcv_adv);
    ensures MUST_39_worth: window_worth(c, \old(c->rcv_adv), c->rcv_adv);
    ensures T7_armed: now <= VTCP_TIME_MAX && !\old(c->rst_due) && out_waits(c) ==> c->rtx_at != VTCP_NEVER;
    ensures T7_ack: now <= VTCP_TIME_MAX && !\result && c->ack_due ==> c->ack_at > now;
    ensures T7_deadline: now <= VTCP_TIME_MAX && !\result && \old(c->rtx_at) > now && \old(c->user_at) > now &&
      \old(c->wait_at) > now && \old(keep_dead(c, now)) == \false ==>
      c->rtx_at > now && c->user_at > now && c->wait_at > now && ack_timer(c) > now && keep_timer(c) > now;
    ensures negotiated: opt_abs(c) == \old(opt_abs(c));
    behavior s3_10_rst:
      assumes rst: now <= VTCP_TIME_MAX && c->rst_due != 0;
      ensures leaves: \result;
      ensures refine: tcb_abs(c) == spec_out_rst(\old(tcb_abs(c)));
      ensures rst: out->seq == c->rst_seq && out->ack == c->rst_ack && out_plain(out) && out_empty(out) &&
        out->flags == (c->rst_ackf != 0 ? VTCP_RST + VTCP_ACK : VTCP_RST);
    behavior s3_5_syn:
      assumes syn: now <= VTCP_TIME_MAX && !c->rst_due && syn_due(c);
      ensures leaves: \result;
      ensures refine: tcb_abs(c) == spec_out_range(\old(tcb_abs(c)), 1, c->rcv_adv);
      ensures syn: out_syn(c, out) && out_empty(out);
      ensures MUST_14_options: out_syn_options(c, out);
      ensures RFC6298_s5_1: c->rtx_at == now + c->rtt.rto;
      ensures RFC6298_s3_karn: measured{Pre, Post}(c, 0, 1, \old(c->snd_nxt), now);
    behavior s3_7_range:
      assumes range: now <= VTCP_TIME_MAX && !c->rst_due && !syn_due(c);
      ensures refine: \result ==> tcb_abs(c) == spec_out_range(\old(tcb_abs(c)), c->snd_nxt, c->rcv_adv);
      ensures MUST_16_range: \result ==> out_plain(out) && (out_leaves{Pre, Post}(c, out) || out_asks{Pre, Post}(c, out));
      ensures MUST_26_probe: \result && !out_leaves{Pre, Post}(c, out) ==> out_asked{Pre, Post}(c, now);
      ensures MUST_26_count: out_asks_no_more{Pre, Post}(c) || (\result && out_asked{Pre, Post}(c, now) &&
        out_asks{Pre, Post}(c, out));
      ensures MUST_18_start: \result && out->text_len + out->more_len > 0 ==> timed_start{Pre, Post}(c, now);
      ensures RFC6298_s3_karn: \result && out->text_len + out->more_len > 0 ==> measured_range{Pre, Post}(c, now);
    behavior late:
      assumes time: now > VTCP_TIME_MAX;
      assigns \nothing;
    complete behaviors;
    disjoint behaviors; */
bool vtcp_output(struct vtcp *c, uint64_t now, struct vtcp_segment *out);

/*
 * The next thing to tell the application.
 * Source: RFC 9293 s3.9.1, MUST-32, SHLD-9.
 * Requires: a TCB made by vtcp_init.
 * Returns: the event, which is not told again; VTCP_EVENT_NONE when there is none.
 */
/*@ requires inv: tcb_inv(c);
    terminates \true;
    exits never: \false;
    assigns c->ev_established, c->ev_urgent, c->ev_data, c->ev_fin, c->ev_space, c->ev_warning, c->ev_ended;
    ensures inv: tcb_inv(c);
    ensures first: \result == \old(next_event(c));
    ensures told: c->ev_established == (\result == VTCP_EVENT_ESTABLISHED ? 0 : \old(c->ev_established)) &&
      c->ev_urgent == (\result == VTCP_EVENT_URGENT ? 0 : \old(c->ev_urgent)) &&
      c->ev_data == (\result == VTCP_EVENT_DATA ? 0 : \old(c->ev_data)) &&
      c->ev_fin == (\result == VTCP_EVENT_FIN ? 0 : \old(c->ev_fin)) &&
      c->ev_space == (\result == VTCP_EVENT_SPACE ? 0 : \old(c->ev_space)) &&
      c->ev_warning == (\result == VTCP_EVENT_WARNING ? 0 : \old(c->ev_warning)) &&
      c->ev_ended == (\result == VTCP_EVENT_ENDED ? 0 : \old(c->ev_ended));
    ensures refine: tcb_abs(c) == \old(tcb_abs(c));
    ensures negotiated: opt_abs(c) == \old(opt_abs(c)); */
enum vtcp_event vtcp_event(struct vtcp *c);

/*
 * When vtcp_timeout, then vtcp_output, must be called if nothing else happens before.
 * Source: RFC 9293 s3.10.8; RFC 6298 s5.
 * Units: microseconds.
 * Requires: a TCB made by vtcp_init.
 * Returns: the earliest of the timers; VTCP_NEVER when none runs.
 */
/*@ requires valid: \valid_read(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures earliest: \result ==
      \min(\min(\min(c->rtx_at, c->user_at), \min(c->wait_at, ack_timer(c))), keep_timer(c)); */
uint64_t vtcp_deadline(const struct vtcp *c);

/*
 * The answer of a host that has no connection for a segment.
 * Source: RFC 9293 s3.10.7.1.
 * Ownership: both segments are the caller's, and do not overlap.
 * Requires: s is readable, out is writable.
 * Returns: true: *out is to leave; false: the segment is a RST, or one that no parser makes (a second slice, or text of
 *   more than 65,535 octets), and none is due.
 * On failure: *out is unchanged.
 */
/*@ requires valid: \valid_read(s) && \valid(out) && \separated(s, out);
    terminates \true;
    exits never: \false;
    assigns *out;
    behavior none:
      assumes none: s->flags / VTCP_RST % 2 != 0 || s->text_len > 65535 || s->more_len > 0;
      assigns \nothing;
      ensures none: !\result;
    behavior s3_10_7_1_with_ack:
      assumes ack: s->flags / VTCP_RST % 2 == 0 && s->text_len <= 65535 && s->more_len == 0 &&
        s->flags / VTCP_ACK % 2 != 0;
      ensures due: \result && refuse_form(s, out);
      ensures rst: out->seq == s->ack && out->ack == 0 && out->flags == VTCP_RST;
    behavior s3_10_7_1_without_ack:
      assumes no_ack: s->flags / VTCP_RST % 2 == 0 && s->text_len <= 65535 && s->more_len == 0 &&
        s->flags / VTCP_ACK % 2 == 0;
      ensures due: \result && refuse_form(s, out);
      ensures rst: out->seq == 0 && out->flags == VTCP_RST + VTCP_ACK && out->ack ==
        wire(s->text_len + s->flags / VTCP_SYN % 2 + s->flags % 2, s->seq);
    complete behaviors;
    disjoint behaviors; */
bool vtcp_refuse(const struct vtcp_segment *s, struct vtcp_segment *out);

#endif
