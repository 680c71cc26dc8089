/*
 * Scripts in packetdrill's notation (support/drill.h), over IPv4, IPv6 and IPv4-mapped IPv6. What is expected is what
 * the RFCs say; errno and readiness are Linux's.
 */
#include "../support/drill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct script {
  const char *name, *flags, *text;
};

/* A passive open; the peer's segments have 1000 octets and its window 10000. */
#define PASSIVE                                                                                                        \
  "listen\n"                                                                                                           \
  "< S 0:0(0) win 10000 <mss 1000>\n"                                                                                  \
  "> S. 0:0(0) ack 1 win 65535 <mss local>\n"                                                                          \
  "+0.1 < . 1:1(0) ack 1 win 10000\n"                                                                                  \
  "accept\n"                                                                                                           \
  "state ESTABLISHED\n"

#define ACTIVE                                                                                                         \
  "connect\n"                                                                                                          \
  "> S 0:0(0) win 65535 <mss local,nop,wscale 0>\n"                                                                    \
  "+0.1 < S. 0:0(0) ack 1 win 10000 <mss 1000>\n"                                                                      \
  "> . 1:1(0) ack 1\n"                                                                                                 \
  "state ESTABLISHED\n"

/* We closed first, and everything but the peer's FIN has happened. */
#define FIN_WAIT_2                                                                                                     \
  PASSIVE                                                                                                              \
  "shutdown wr\n"                                                                                                      \
  "> F. 1:1(0) ack 1\n"                                                                                                \
  "state FIN_WAIT1\n"                                                                                                  \
  "+0.1 < . 1:1(0) ack 2 win 10000\n"                                                                                  \
  "state FIN_WAIT2\n"

#define TIME_WAIT                                                                                                      \
  FIN_WAIT_2                                                                                                           \
  "+0.1 < F. 1:1(0) ack 2 win 10000\n"                                                                                 \
  "> . 2:2(0) ack 2\n"                                                                                                 \
  "state TIME_WAIT\n"

#define CLOSE_WAIT                                                                                                     \
  PASSIVE                                                                                                              \
  "+0.1 < F. 1:1(0) ack 1 win 10000\n"                                                                                 \
  "> . 1:1(0) ack 2\n"                                                                                                 \
  "state CLOSE_WAIT\n"

static const struct script SCRIPTS[] = {
    /* ---- opening: RFC 9293 s3.5, s3.10.7.2, s3.10.7.3 ---- */
    {"passive open", NULL, PASSIVE "poll OUT\nlistener\npoll\nstate LISTEN\naccept EAGAIN\nsilent\n"},
    {"active open", NULL,
     "connect\n"
     "state SYN_SENT\n"
     "poll\n"
     "write EAGAIN\n"
     "read EAGAIN\n"
     "connect EALREADY\n"
     "> S 0:0(0) win 65535 <mss local,nop,wscale 0>\n"
     "+0.1 < S. 0:0(0) ack 1 win 10000 <mss 1000>\n"
     "> . 1:1(0) ack 1\n"
     "state ESTABLISHED\n"
     "poll OUT\n"
     "error 0\n"
     "connect 0\n"
     "connect EISCONN\n"},
    {"window scale is used when both offer it (RFC 7323 s2.2)", "rcvbuf=1000000",
     "listen\n"
     "< S 0:0(0) win 10000 <mss 1000,nop,wscale 2>\n"
     "> S. 0:0(0) ack 1 win 65535 <mss local,nop,wscale 4>\n"
     "+0.1 < . 1:1(0) ack 1 win 250\n"
     "accept\n"
     "write 2000\n"
     "> . 1:1001(1000) ack 1 win 62500\n" /* 1000000 / 16 */
     "+0.1 < . 1:1(0) ack 1001 win 250\n"
     "> P. 1001:2001(1000) ack 1\n"},
    {"window_scale=0 offers none", "window_scale=0", "connect\n> S 0:0(0) win 65535 <mss local>\n"},
    {"TCP_MAXSEG is what we offer", NULL, "socket\nmaxseg 700\nconnect\n> S 0:0(0) <mss 700,nop,wscale 0>\n"},
    {"an active open is refused", NULL,
     "connect\n"
     "> S 0:0(0)\n"
     "+0.1 < R. 0:0(0) ack 1 win 0\n"
     "poll IN OUT ERR HUP RDHUP\n"
     "error ECONNREFUSED\n"
     "error 0\n"
     "state CLOSE\n"
     "write EPIPE\n"
     "read 0\n"
     "silent\n"},
    {"connect tells why it was refused, and tries again", NULL,
     "connect\n"
     "> S 0:0(0)\n"
     "< R. 0:0(0) ack 1 win 0\n"
     "connect ECONNREFUSED\n"
     "connect\n"
     "> S 0:0(0)\n"
     "< S. 0:0(0) ack 1 win 10000\n"
     "> . 1:1(0) ack 1\n"},
    {"RST without ACK does nothing in SYN-SENT", NULL,
     "connect\n> S 0:0(0)\n< R 0:0(0) win 0\nstate SYN_SENT\nerror 0\n+1 > S 0:0(0)\n"},
    {"a wrong ACK in SYN-SENT draws RST", NULL,
     "connect\n"
     "> S 0:0(0)\n"
     "< . 0:0(0) ack 2 win 1000\n"
     "> R 2:2(0)\n"
     "< S. 0:0(0) ack 0 win 1000\n"
     "> R 0:0(0)\n"
     "< R. 0:0(0) ack 2 win 0\n"
     "state SYN_SENT\n"
     "+1 > S 0:0(0)\n"},
    {"SYN is sent again, the time doubling (RFC 6298 s5)", NULL,
     "connect\n"
     "> S 0:0(0)\n"
     "+1 > S 0:0(0)\n"
     "+2 > S 0:0(0)\n"
     "+4 > S 0:0(0)\n"
     "+8 > S 0:0(0)\n"
     "< S. 0:0(0) ack 1 win 1000\n"
     "> . 1:1(0) ack 1\n"},
    {"keep-alive: the peer answers (s3.8.4)", NULL,
     PASSIVE "keepidle 5\nkeepintvl 2\nkeepcnt 3\nkeepalive 1\n"
             "+5 > . 0:0(0) ack 1\n"
             "< . 1:1(0) ack 1 win 10000\n"
             "+5 > . 0:0(0) ack 1\n"
             "+2 > . 0:0(0) ack 1\n"
             "< . 1:1(0) ack 1 win 10000\n"
             "keepalive 0\n"
             "+100 silent\n"},
    {"keep-alive: the peer is gone", NULL,
     PASSIVE "keepidle 5\nkeepintvl 2\nkeepcnt 3\nkeepalive 1\n"
             "+5 > . 0:0(0) ack 1\n"
             "+2 > . 0:0(0) ack 1\n"
             "+2 > . 0:0(0) ack 1\n"
             "+1.9 state ESTABLISHED\n"
             "+0.2 state CLOSE\n"
             "error ETIMEDOUT\n"
             "silent\n"},
    {"connect times out after 75 s", "syn_timeout_ms=75000",
     "connect\n"
     "> S 0:0(0)\n"
     "+1 > S 0:0(0)\n"
     "+2 > S 0:0(0)\n"
     "+4 > S 0:0(0)\n"
     "+8 > S 0:0(0)\n"
     "+16 > S 0:0(0)\n"
     "+32 > S 0:0(0)\n"
     "+11.9 state SYN_SENT\n"
     "+0.2 state CLOSE\n"
     "error ETIMEDOUT\n"
     "silent\n"},
    {"SYN is sent again for 3 minutes (MUST-23)", NULL, "connect\n> S 0:0(0)\n+179 state SYN_SENT\n+2 state CLOSE\n"},
    {"simultaneous open (s3.5, figure 7)", NULL,
     "connect\n"
     "> S 0:0(0)\n"
     "+0.1 < S 0:0(0) win 10000 <mss 1000>\n"
     "> S. 0:0(0) ack 1\n"
     "state SYN_RECV\n"
     "+0.1 < S. 0:0(0) ack 1 win 10000\n"
     "> . 1:1(0) ack 1\n"
     "state ESTABLISHED\n"
     "error 0\n"
     "write 10\n"
     "> P. 1:11(10) ack 1\n"},
    {"RST in SYN-RECEIVED after a simultaneous open: refused", NULL,
     "connect\n> S 0:0(0)\n< S 0:0(0) win 1000\n> S. 0:0(0) ack 1\n< R 1:1(0) win 0\nerror ECONNREFUSED\nstate "
     "CLOSE\n"},
    {"RST in SYN-RECEIVED: back to LISTEN (s3.10.7.4)", NULL,
     "listen\n"
     "< S 0:0(0) win 10000 <mss 1000>\n"
     "> S. 0:0(0) ack 1\n"
     "+0.1 < R 1:1(0) win 0\n"
     "state LISTEN\n"
     "accept EAGAIN\n"
     "+10 silent\n"
     "< S 0:0(0) win 10000 <mss 1000>\n"
     "> S. 0:0(0) ack 1\n"
     "+0.1 < . 1:1(0) ack 1 win 10000\n"
     "accept\n"},
    {"a wrong ACK in SYN-RECEIVED draws RST", NULL,
     "listen\n"
     "< S 0:0(0) win 10000\n"
     "> S. 0:0(0) ack 1\n"
     "< . 1:1(0) ack 2 win 10000\n"
     "> R 2:2(0)\n"
     "< . 1:1(0) ack 1 win 10000\n"
     "accept\n"},
    {"SYN-ACK is sent again", NULL,
     "listen\n"
     "< S 0:0(0) win 10000\n"
     "> S. 0:0(0) ack 1\n"
     "+1 > S. 0:0(0) ack 1\n"
     "+2 > S. 0:0(0) ack 1\n"
     "+0.1 < . 1:1(0) ack 1 win 10000\n"
     "accept\n"},
    {"LISTEN: RST is ignored, ACK draws RST, FIN does nothing (s3.10.7.2)", NULL,
     "listen\n"
     "< R 0:0(0) win 0\n"
     "silent\n"
     "< . 10:10(0) ack 5 win 0\n"
     "> R 5:5(0)\n"
     "< S. 0:0(0) ack 7 win 0\n"
     "> R 7:7(0)\n"
     "< F 0:0(0) win 0\n"
     "silent\n"
     "state LISTEN\n"},
    {"CLOSED: all but RST draws RST (s3.10.7.1)", NULL,
     "< S 0:0(0) win 1000\n"
     "> R. 0:0(0) ack 1\n"
     "< . 10:10(0) ack 5 win 1000\n"
     "> R 5:5(0)\n"
     "< F 3:13(10) win 1000\n"
     "> R. 0:0(0) ack 14\n"
     "< R 0:0(0) win 0\n"
     "silent\n"},
    {"SYN and FIN together: a SYN", NULL, "listen\n< SF 0:0(0) win 1000\n> S. 0:0(0) ack 1\n"},
    {"drop_synfin=1", "drop_synfin=1", "listen\n< SF 0:0(0) win 1000\n+1 silent\n"},
    {"the accept queue is full: the handshake waits, as in Linux", NULL,
     "listen 0\n"
     "< S 0:0(0) win 1000\n"
     "> S. 0:0(0) ack 1\n"
     "< . 1:1(0) ack 1 win 1000\n"
     "poll IN\n"
     "peer 45001\n"
     "< S 0:0(0) win 1000\n"
     "silent\n"
     "peer 45000\n"
     "accept\n"
     "peer 45001\n"
     "< S 0:0(0) win 1000\n"
     "> S. 0:0(0) ack 1\n"},
    {"close in SYN-SENT sends nothing (s3.10.4)", NULL,
     "connect\n> S 0:0(0)\nclose\n+100 silent\n< S. 0:0(0) ack 1 win 1000\n> R 1:1(0)\n"},
    {"shutdown in SYN-SENT", NULL, "connect\n> S 0:0(0)\nshutdown wr\nstate CLOSE\n+100 silent\n"},
    {"a listener that goes resets who waits in its queue", NULL,
     "listen\n"
     "< S 0:0(0) win 1000\n"
     "> S. 0:0(0) ack 1\n"
     "< . 1:1(0) ack 1 win 1000\n"
     "close\n"
     "> R 1:1(0)\n"
     "< . 1:1(0) ack 1 win 1000\n"
     "> R 1:1(0)\n"},

    /* ---- data: s3.8, s3.10.7.4 ---- */
    {"text is acknowledged soon, every second segment at once (MUST-58, SHLD-19)", NULL,
     PASSIVE "poll OUT\n"
             "< . 1:1001(1000) ack 1 win 10000\n"
             "+0.04 > . 1:1(0) ack 1001\n"
             "poll IN OUT\n"
             "unread 1000\n"
             "read 1000\n"
             "read EAGAIN\n"
             "+0.1 < . 1001:2001(1000) ack 1 win 10000\n"
             "< . 2001:3001(1000) ack 1 win 10000\n"
             "> . 1:1(0) ack 3001\n"
             "read 2000\n"
             "unread 0\n"},
    {"text leaves in segments of the peer's size", NULL,
     PASSIVE "write 2500\n"
             "unsent 2500\n"
             "> . 1:1001(1000) ack 1\n"
             "> . 1001:2001(1000) ack 1\n"
             "+0.1 < . 1:1(0) ack 2001 win 10000\n"
             "> P. 2001:2501(500) ack 1\n"
             "unsent 500\n"
             "+0.1 < . 1:1(0) ack 2501 win 10000\n"
             "unsent 0\n"
             "+10 silent\n"},
    {"the peer's window is kept to", NULL,
     "listen\n"
     "< S 0:0(0) win 1500 <mss 1000>\n"
     "> S. 0:0(0) ack 1\n"
     "< . 1:1(0) ack 1 win 1500\n"
     "accept\n"
     "write 3000\n"
     "> . 1:1001(1000) ack 1\n"
     "+0.1 < . 1:1(0) ack 1001 win 1500\n"
     "> . 1001:2001(1000) ack 1\n"},
    {"Nagle: a small segment waits while something is in flight (SHLD-7)", NULL,
     PASSIVE "write 10\n"
             "> P. 1:11(10) ack 1\n"
             "write 10\n"
             "write 10\n"
             "+0.1 < . 1:1(0) ack 11 win 10000\n"
             "> P. 11:31(20) ack 1\n"},
    {"TCP_NODELAY (MUST-17)", NULL,
     PASSIVE "nodelay 1\n"
             "write 10\n"
             "> P. 1:11(10) ack 1\n"
             "write 10\n"
             "> P. 11:21(10) ack 1\n"},
    {"TCP_NODELAY lets go what Nagle holds", NULL,
     PASSIVE "write 10\n> P. 1:11(10) ack 1\nwrite 10\n+0.1 nodelay 1\n> P. 11:21(10) ack 1\n"},
    {"TCP_CORK holds back what is less than a segment", NULL,
     PASSIVE "cork 1\n"
             "write 400\n"
             "+0.1 write 1000\n"
             "> P. 1:1001(1000) ack 1\n"
             "unsent 1400\n"
             "+0.1 < . 1:1(0) ack 1001 win 10000\n"
             "cork 0\n"
             "> P. 1001:1401(400) ack 1\n"},
    {"TCP_CORK: not longer than 200 ms, and not beyond close", NULL,
     PASSIVE "cork 1\n"
             "write 400\n"
             "+0.2 > P. 1:401(400) ack 1\n"
             "+0.1 < . 1:1(0) ack 401 win 10000\n"
             "write 100\n"
             "close\n"
             "> FP. 401:501(100) ack 1\n"},
    {"out of order: an ACK at once, and again when the gap is filled (RFC 5681 s4.2)", NULL,
     PASSIVE "< . 1001:2001(1000) ack 1 win 10000\n"
             "> . 1:1(0) ack 1\n"
             "< . 2001:3001(1000) ack 1 win 10000\n"
             "> . 1:1(0) ack 1\n"
             "read EAGAIN\n"
             "< . 1:1001(1000) ack 1 win 10000\n"
             "> . 1:1(0) ack 3001\n"
             "read 3000\n"},
    {"a duplicate is acknowledged and not read twice", NULL,
     PASSIVE "< . 1:101(100) ack 1 win 10000\n"
             "+0.04 > . 1:1(0) ack 101\n"
             "< . 1:101(100) ack 1 win 10000\n"
             "> . 1:1(0) ack 101\n"
             "read 100\n"
             "read EAGAIN\n"},
    {"fast retransmit at the third duplicate ACK (RFC 5681 s3.2)", NULL,
     PASSIVE "write 5000\n"
             "> . 1:1001(1000) ack 1\n"
             "> . 1001:2001(1000) ack 1\n"
             "> . 2001:3001(1000) ack 1\n"
             "> . 3001:4001(1000) ack 1\n"
             "> P. 4001:5001(1000) ack 1\n"
             "+0.1 < . 1:1(0) ack 1 win 10000\n"
             "< . 1:1(0) ack 1 win 10000\n"
             "+0.05 < . 1:1(0) ack 1 win 10000\n"
             "> . 1:1001(1000) ack 1\n"
             "+0.1 < . 1:1(0) ack 5001 win 10000\n"
             "+10 silent\n"},
    {"a partial ACK in recovery: the next hole at once (RFC 6582 s3.2)", NULL,
     PASSIVE "write 5000\n"
             "> . 1:1001(1000) ack 1\n"
             "> . 1001:2001(1000) ack 1\n"
             "> . 2001:3001(1000) ack 1\n"
             "> . 3001:4001(1000) ack 1\n"
             "> P. 4001:5001(1000) ack 1\n"
             "+0.1 < . 1:1(0) ack 1 win 10000\n"
             "< . 1:1(0) ack 1 win 10000\n"
             "< . 1:1(0) ack 1 win 10000\n"
             "> . 1:1001(1000) ack 1\n"
             "+0.1 < . 1:1(0) ack 2001 win 10000\n"
             "> . 2001:3001(1000) ack 1\n"},
    {"retransmission, the time doubling, the oldest first (RFC 6298 s5)", "rto_min_ms=1000",
     PASSIVE "write 2000\n"
             "> . 1:1001(1000) ack 1\n"
             "> P. 1001:2001(1000) ack 1\n"
             "+1 > . 1:1001(1000) ack 1\n"
             "+2 > . 1:1001(1000) ack 1\n"
             "+4 > . 1:1001(1000) ack 1\n"
             "+0.1 < . 1:1(0) ack 1001 win 10000\n"
             "> P. 1001:2001(1000) ack 1\n"},
    {"rto_min_ms=200: RTO from one round trip of 100 ms is 300 ms", NULL,
     PASSIVE "write 100\n> P. 1:101(100) ack 1\n+0.3 > P. 1:101(100) ack 1\n+0.6 > P. 1:101(100) ack 1\n"},
    {"slow start: the initial window has ten segments (RFC 6928), each ACK opens it by one", NULL,
     "listen\n"
     "< S 0:0(0) win 65535 <mss 1000>\n"
     "> S. 0:0(0) ack 1\n"
     "+0.1 < . 1:1(0) ack 1 win 65535\n"
     "accept\n"
     "write 20000\n"
     "> . 1:1001(1000) ack 1\n"
     "> . 1001:2001(1000) ack 1\n"
     "> . 2001:3001(1000) ack 1\n"
     "> . 3001:4001(1000) ack 1\n"
     "> . 4001:5001(1000) ack 1\n"
     "> . 5001:6001(1000) ack 1\n"
     "> . 6001:7001(1000) ack 1\n"
     "> . 7001:8001(1000) ack 1\n"
     "> . 8001:9001(1000) ack 1\n"
     "> . 9001:10001(1000) ack 1\n"
     "+0.1 < . 1:1(0) ack 1001 win 65535\n"
     "> . 10001:11001(1000) ack 1\n"
     "> . 11001:12001(1000) ack 1\n"
     "silent\n"},
    {"zero window: probes whose time doubles, until it opens (s3.8.6.1)", "rto_min_ms=1000",
     PASSIVE "write 1000\n"
             "> P. 1:1001(1000) ack 1\n"
             "+0.1 < . 1:1(0) ack 1001 win 0\n"
             "write 500\n"
             "+1 > . 1001:1002(1) ack 1\n"
             "+0.1 < . 1:1(0) ack 1001 win 0\n"
             "+1.9 > . 1001:1002(1) ack 1\n"
             "+4 > . 1001:1002(1) ack 1\n"
             "+0.1 < . 1:1(0) ack 1001 win 10000\n"
             "> P. 1001:1501(500) ack 1\n"},
    {"our window closes, is not gone beyond, and opens when it is read", NULL,
     "listen 1 2000\n"
     "< S 0:0(0) win 10000 <mss 1000>\n"
     "> S. 0:0(0) ack 1 win 2000 <mss local>\n"
     "< . 1:1(0) ack 1 win 10000\n"
     "accept\n"
     "< . 1:1001(1000) ack 1 win 10000\n"
     "< . 1001:2001(1000) ack 1 win 10000\n"
     "> . 1:1(0) ack 2001 win 0\n"
     "+1 < . 2001:2002(1) ack 1 win 10000\n"
     "> . 1:1(0) ack 2001 win 0\n"
     "unread 2000\n"
     "read 2000\n"
     "> . 1:1(0) ack 2001 win 2000\n"},
    {"ACKs and RSTs are taken with a zero window (MUST-66)", NULL,
     "listen 1 2000\n"
     "< S 0:0(0) win 10000 <mss 1000>\n"
     "> S. 0:0(0) ack 1 win 2000 <mss local>\n"
     "< . 1:1(0) ack 1 win 10000\n"
     "accept\n"
     "write 100\n"
     "> P. 1:101(100) ack 1\n"
     "< . 1:1001(1000) ack 1 win 10000\n"
     "< . 1001:2001(1000) ack 1 win 10000\n"
     "> . 101:101(0) ack 2001 win 0\n"
     "< . 2001:2001(0) ack 101 win 10000\n"
     "unsent 0\n"
     "< R 2001:2001(0) win 0\n"
     "error ECONNRESET\n"},
    {"TCP_USER_TIMEOUT (RFC 5482; s3.8.3)", NULL,
     PASSIVE "timeout 5000\n"
             "write 10\n"
             "> P. 1:11(10) ack 1\n"
             "+4.9 state ESTABLISHED\n"
             "+0.2 state CLOSE\n"
             "error ETIMEDOUT\n"
             "read 0\n"
             "write EPIPE\n"},

    {"TCP_USER_TIMEOUT while something waits; another option does not prolong it", NULL,
     PASSIVE "write 10\n"
             "> P. 1:11(10) ack 1\n"
             "+1 timeout 5000\n"
             "+3 nodelay 1\n"
             "+1.9 state ESTABLISHED\n"
             "+0.2 state CLOSE\n"
             "error ETIMEDOUT\n"},
    {"TCP_USER_TIMEOUT while connecting", NULL,
     "connect\n> S 0:0(0)\ntimeout 5000\n+4.9 state SYN_SENT\n+0.2 state CLOSE\nerror ETIMEDOUT\n"},

    /* ---- closing: s3.6, s3.10.4 ---- */
    {"active close", "msl_ms=1000", TIME_WAIT "read 0\n+1.9 state TIME_WAIT\n+0.2 state CLOSE\nsilent\n"},
    {"passive close", NULL,
     CLOSE_WAIT "poll IN OUT RDHUP\n"
                "read 0\n"
                "write 10\n"
                "> P. 1:11(10) ack 2\n"
                "shutdown wr\n"
                "> F. 11:11(0) ack 2\n"
                "state LAST_ACK\n"
                "poll IN OUT HUP RDHUP\n"
                "unsent 11\n"
                "+0.1 < . 2:2(0) ack 12 win 10000\n"
                "state CLOSE\n"
                "error 0\n"
                "silent\n"},
    {"simultaneous close (figure 13)", "msl_ms=1000",
     PASSIVE "shutdown wr\n"
             "> F. 1:1(0) ack 1\n"
             "+0.1 < F. 1:1(0) ack 1 win 10000\n"
             "> . 2:2(0) ack 2\n"
             "state CLOSING\n"
             "+0.1 < . 2:2(0) ack 2 win 10000\n"
             "state TIME_WAIT\n"
             "+2.1 state CLOSE\n"},
    {"FIN that acknowledges ours: TIME-WAIT at once", NULL,
     PASSIVE "shutdown wr\n> F. 1:1(0) ack 1\n< F. 1:1(0) ack 2 win 10000\n> . 2:2(0) ack 2\nstate TIME_WAIT\n"},
    {"half-close: text is still received", NULL,
     FIN_WAIT_2 "< P. 1:1001(1000) ack 2 win 10000\n"
                "+0.04 > . 2:2(0) ack 1001\n"
                "read 1000\n"
                "write EPIPE\n"
                "< FP. 1001:1501(500) ack 2 win 10000\n"
                "> . 2:2(0) ack 1502\n"
                "read 500\n"
                "read 0\n"
                "state TIME_WAIT\n"},
    {"FIN is sent again", NULL, PASSIVE "close\n> F. 1:1(0) ack 1\n+0.3 > F. 1:1(0) ack 1\n+0.6 > F. 1:1(0) ack 1\n"},
    {"FIN after the queue is empty", NULL,
     PASSIVE "write 2000\n"
             "close\n"
             "> . 1:1001(1000) ack 1\n"
             "> P. 1001:2001(1000) ack 1\n"
             "> F. 2001:2001(0) ack 1\n"
             "+0.1 < F. 1:1(0) ack 2002 win 10000\n"
             "> . 2002:2002(0) ack 2\n"},
    {"FIN beyond a gap waits for the text before it", NULL,
     PASSIVE "< F. 1001:1501(500) ack 1 win 10000\n"
             "> . 1:1(0) ack 1\n"
             "state ESTABLISHED\n"
             "< . 1:1001(1000) ack 1 win 10000\n"
             "> . 1:1(0) ack 1502\n"
             "state CLOSE_WAIT\n"
             "read 1500\n"
             "read 0\n"},
    {"FIN again in TIME-WAIT is acknowledged, and 2 MSL begin anew", "msl_ms=1000",
     TIME_WAIT "+1.5 < F. 1:1(0) ack 2 win 10000\n"
               "> . 2:2(0) ack 2\n"
               "+1.9 state TIME_WAIT\n"
               "+0.2 state CLOSE\n"},
    {"TIME-WAIT: a SYN beyond opens a new connection (MAY-2)", NULL,
     TIME_WAIT "< S 100000:100000(0) win 10000\n"
               "> S. 0:0(0) ack 100001\n"
               "< . 100001:100001(0) ack 1 win 10000\n"
               "accept\n"},
    {"TIME-WAIT: an old SYN is answered with an ACK (RFC 5961 s4.2)", NULL,
     TIME_WAIT "< S 0:0(0) win 10000\n> . 2:2(0) ack 2\nstate TIME_WAIT\n"},
    {"close with unread octets: RST (SHLD-3)", NULL,
     PASSIVE "< . 1:101(100) ack 1 win 10000\n+0.04 > . 1:1(0) ack 101\nclose\n> R 1:1(0)\n< . 101:101(0) ack 1 win "
             "1\n> R 1:1(0)\n"},
    {"SO_LINGER 0: close is ABORT (s3.10.5)", NULL, PASSIVE "linger 0\nclose\n> R 1:1(0)\n+10 silent\n"},
    {"new octets after close: RST (s3.6.1, SHLD-3)", NULL,
     PASSIVE "close\n"
             "> F. 1:1(0) ack 1\n"
             "+0.1 < P. 1:101(100) ack 2 win 10000\n"
             "> R 2:2(0)\n"
             "+10 silent\n"},
    {"an orphan in FIN-WAIT-2 is forgotten after 60 s, as in Linux", NULL,
     PASSIVE "close\n"
             "> F. 1:1(0) ack 1\n"
             "+0.1 < . 1:1(0) ack 2 win 10000\n"
             "+61 < . 1:1(0) ack 2 win 10000\n"
             "> R 2:2(0)\n"},
    {"shutdown(SHUT_RD): the end of the stream for the reader", NULL,
     PASSIVE "shutdown rd\n"
             "poll IN OUT RDHUP\n"
             "read 0\n"
             "< . 1:101(100) ack 1 win 10000\n"
             "+0.04 > . 1:1(0) ack 101\n"
             "read 100\n"
             "read 0\n"
             "write 10\n"
             "> P. 1:11(10) ack 101\n"},
    {"shutdown(SHUT_RDWR), and then once more", NULL,
     PASSIVE "shutdown rdwr\n"
             "> F. 1:1(0) ack 1\n"
             "poll IN OUT HUP RDHUP\n"
             "read 0\n"
             "write EPIPE\n"
             "shutdown wr\n"
             "silent\n"},

    /* ---- resets and attacks: RFC 5961 ---- */
    {"RST at RCV.NXT resets (RFC 5961 s3.2)", NULL,
     PASSIVE "< R 1:1(0) win 0\n"
             "poll IN OUT ERR HUP RDHUP\n"
             "read ECONNRESET\n"
             "read 0\n"
             "write EPIPE\n"
             "state CLOSE\n"
             "silent\n"},
    {"octets that came before RST can be read, as in Linux", NULL,
     PASSIVE "< . 1:101(100) ack 1 win 10000\n< R 101:101(0) win 0\nread 100\nread ECONNRESET\nread 0\n"},
    {"a write after RST", NULL, PASSIVE "< R 1:1(0) win 0\nwrite ECONNRESET\nwrite EPIPE\n"},
    {"RST elsewhere in the window draws a challenge ACK (RFC 5961 s3.2)", NULL,
     PASSIVE "< R 2:2(0) win 0\n> . 1:1(0) ack 1\nstate ESTABLISHED\nerror 0\n"},
    {"RST outside the window does nothing", NULL,
     PASSIVE "< R 70000:70000(0) win 0\nsilent\nstate ESTABLISHED\nerror 0\n"},
    {"SYN in ESTABLISHED draws a challenge ACK (RFC 5961 s4.2)", NULL,
     PASSIVE "< S 1:1(0) win 10000\n"
             "> . 1:1(0) ack 1\n"
             "< S 70000:70000(0) win 10000\n"
             "> . 1:1(0) ack 1\n"
             "state ESTABLISHED\n"},
    {"ACK of what was never sent, and one too old, draw a challenge ACK (RFC 5961 s5.2)", NULL,
     PASSIVE "< . 1:101(100) ack 2 win 10000\n"
             "> . 1:1(0) ack 1\n"
             "read EAGAIN\n"
             "< . 1:101(100) ack 4294950000 win 10000\n"
             "> . 1:1(0) ack 1\n"
             "read EAGAIN\n"},
    {"a segment without ACK is dropped", NULL, PASSIVE "< - 1:101(100) win 10000\n+1 silent\nread EAGAIN\n"},
    {"text outside the window is not taken, and drawn an ACK for", NULL,
     PASSIVE "< . 70000:70100(100) ack 1 win 10000\n> . 1:1(0) ack 1\nread EAGAIN\n"},
    {"RST in CLOSE-WAIT: EPIPE, as in Linux", NULL,
     CLOSE_WAIT "< R 2:2(0) win 0\nstate CLOSE\nread 0\nerror EPIPE\nwrite EPIPE\n"},
    {"RST in FIN-WAIT-1", NULL,
     PASSIVE "shutdown wr\n> F. 1:1(0) ack 1\n< R 1:1(0) win 0\nstate CLOSE\nerror ECONNRESET\n+10 silent\n"},
    {"RST in FIN-WAIT-2", NULL, FIN_WAIT_2 "< R 1:1(0) win 0\nstate CLOSE\nerror ECONNRESET\n"},
    {"RST in TIME-WAIT ends it (s3.10.7.4)", NULL, TIME_WAIT "< R 2:2(0) win 0\nstate CLOSE\nerror 0\n"},
    {"the SYN again in SYN-RECEIVED draws SYN-ACK again, with text behind it too", NULL,
     "listen\n"
     "< S 0:0(0) win 10000\n"
     "> S. 0:0(0) ack 1\n"
     "+0.1 < S 0:0(0) win 10000\n"
     "> S. 0:0(0) ack 1\n"
     "+0.1 < S 0:10(10) win 10000\n"
     "> S. 0:0(0) ack 1\n"
     "+0.1 < . 1:1(0) ack 1 win 10000\n"
     "accept\n"},
    {"a SYN in SYN-RECEIVED: back to LISTEN (s3.10.7.4)", NULL,
     "listen\n"
     "< S 0:0(0) win 10000\n"
     "> S. 0:0(0) ack 1\n"
     "< S 100:100(0) win 10000\n"
     "state LISTEN\n"
     "+10 silent\n"},
    {"a user can be told of an active connection that is reset while text waits", NULL,
     ACTIVE "write 100\n> P. 1:101(100) ack 1\n+0.1 < R. 1:1(0) ack 101 win 0\nerror ECONNRESET\nsilent\n"},
};
#define COUNT (sizeof SCRIPTS / sizeof *SCRIPTS)

static void play(void **state, enum drill_family family) {
  const struct script *s = *state;
  struct drill d;
  drill_open(&d, s->flags, family);
  drill_play(&d, s->text);
  drill_close(&d);
}

static void ipv4(void **state) { play(state, DRILL_IPV4); }
static void ipv6(void **state) { play(state, DRILL_IPV6); }
static void mapped(void **state) { play(state, DRILL_MAPPED); }

int main(void) {
  static const struct {
    const char *name;
    CMUnitTestFunction run;
  } families[] = {{"IPv4", ipv4}, {"IPv6", ipv6}, {"IPv4-mapped", mapped}};
  static char names[3 * COUNT][160];
  static struct CMUnitTest tests[3 * COUNT];
  for (size_t i = 0; i < 3 * COUNT; i++) {
    const struct script *s = &SCRIPTS[i / 3];
    (void)snprintf(names[i], sizeof names[i], "%s: %s", families[i % 3].name, s->name);
    tests[i] =
        (struct CMUnitTest){.name = names[i], .test_func = families[i % 3].run, .initial_state = (void *)(uintptr_t)s};
  }
  return _cmocka_run_group_tests("scripts", tests, 3 * COUNT, NULL, NULL);
}
