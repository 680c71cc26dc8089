/* Silly window syndrome avoidance and Nagle's algorithm (RFC 9293 s3.7.4, s3.8.6), acknowledgment delay
   (s3.8.6.3), zero-window probes (s3.8.6.1). Pure functions; octets and microseconds. */
#ifndef VTCP_POLICY_WINDOW_H
#define VTCP_POLICY_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define VTCP_ACK_DELAY 40000u /* MUST-58: less than 500,000 */

/* Whether new text of len octets may leave now. waiting: octets queued and not sent, so len <= waiting;
   flight: octets outstanding; max_wnd: largest window the peer ever offered; urgent: do not wait (FIN, push). */
bool vtcp_window_send(int64_t len, int64_t waiting, int64_t flight, uint32_t smss, uint32_t max_wnd, bool nodelay);

/* The right edge to advertise: rcv_adv, or limit once that is worth an update (SHLD: the smaller of half the buffer
   and one segment). rcv_adv <= result; result <= limit or result == rcv_adv. limit: first offset without buffer. */
int64_t vtcp_window_edge(int64_t rcv_adv, int64_t limit, uint32_t cap, uint32_t mss);

/* What the window field says: wnd octets in units of factor (a power of two up to 16384), at most 65535. */
uint16_t vtcp_window_field(int64_t wnd, uint32_t factor);

/* Whether an ACK must not wait any longer: two full segments (SHLD-19) since the last one sent. */
bool vtcp_window_ack_now(int64_t rcv_nxt, int64_t ack_sent, uint32_t mss);

/* How long to wait for the next zero-window probe: rto doubled probes times, at most VTCP_RTO_MAX (SHLD-30). */
uint64_t vtcp_window_probe_wait(uint64_t rto, uint32_t probes);

#endif
