/* Silly window syndrome avoidance and Nagle's algorithm (RFC 9293 s3.7.4, s3.8.6), acknowledgment delay
   (s3.8.6.3), zero-window probes (s3.8.6.1). Pure functions; octets and microseconds. */
#ifndef VTCP_POLICY_WINDOW_H
#define VTCP_POLICY_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/rtt.h"

#define VTCP_ACK_DELAY 40000u /* MUST-58: less than 500,000 */

#ifdef __FRAMAC__
#include "window.acsl"
#endif

/* Whether new text of len octets may leave now (s3.8.6.2.1; all queued text counts as pushed). waiting: octets queued
   and not sent, so len <= waiting; flight: octets outstanding; max_wnd: largest window the peer ever offered; nodelay:
   Nagle's algorithm is off (SHLD-7, MUST-17). */
/*@ requires some: 0 <= len <= waiting;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures s3_8_6_2_1: \result <==> len > 0 && (len >= smss ||
      ((nodelay || flight <= 0) && (len == waiting || 2 * len >= max_wnd))); */
bool vtcp_window_send(int64_t len, int64_t waiting, int64_t flight, uint32_t smss, uint32_t max_wnd, bool nodelay);

/* The right edge to advertise: rcv_adv, or limit once that is worth an update (s3.8.6.2.2: the smaller of half the
   buffer and one segment). limit: first offset without buffer. */
/*@ requires edge: 0 <= rcv_adv;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures never_shrinks: rcv_adv <= \result;
    ensures backed: \result <= limit || \result == rcv_adv;
    behavior s3_8_6_2_2_open:
      assumes worth: limit > rcv_adv && (2 * (limit - rcv_adv) >= cap || limit - rcv_adv >= mss);
      ensures opened: \result == limit;
    behavior s3_8_6_2_2_wait:
      assumes little: limit <= rcv_adv || (2 * (limit - rcv_adv) < cap && limit - rcv_adv < mss);
      ensures unchanged: \result == rcv_adv;
    complete behaviors;
    disjoint behaviors; */
int64_t vtcp_window_edge(int64_t rcv_adv, int64_t limit, uint32_t cap, uint32_t mss);

/* What the window field says: wnd octets in units of factor (a power of two up to 16384), at most 65535. */
/*@ requires factor: 1 <= factor <= 16384;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures field: \result == \min(\max(wnd, 0) / factor, 65535);
    ensures within: \result * factor <= \max(wnd, 0); */
uint16_t vtcp_window_field(int64_t wnd, uint32_t factor);

/* The unit of a window field: two to the power of the scale (RFC 7323 s2.2). */
/*@ requires shift: shift <= 14;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures factor: vtcp_factor(shift, \result);
    ensures unit: \result == window_unit(shift);
    ensures bounds: 1 <= \result <= 16384; */
uint32_t vtcp_window_factor(uint16_t shift);

/* Whether an ACK must not wait any longer: two full segments (SHLD-19) since the last one sent. */
/*@ requires offsets: 0 <= rcv_nxt && 0 <= ack_sent;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures SHLD_19_second: \result <==> rcv_nxt - ack_sent >= 2 * mss; */
bool vtcp_window_ack_now(int64_t rcv_nxt, int64_t ack_sent, uint32_t mss);

/* How long to wait for the next zero-window probe: rto doubled probes times, at most VTCP_RTO_MAX (SHLD-30). */
/*@ requires rto: 0 < rto <= VTCP_RTO_MAX;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures SHLD_30_doubled: \result == window_doubled(rto, probes, VTCP_RTO_MAX);
    ensures SHLD_29_first: probes == 0 ==> \result == rto;
    ensures bounds: rto <= \result <= VTCP_RTO_MAX; */
uint64_t vtcp_window_probe_wait(uint64_t rto, uint32_t probes);

#endif
