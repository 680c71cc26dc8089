/*
 * Two endpoints and the network between them: channels and their faults, and what must come about. The endpoints are
 * generated from spec/tcp.mlw (generate.ml): a label for each endpoint there is, whose options are all that it can do.
 * A channel delivers in any order; LOST segments are lost and TWICE are doubled, whichever.
 * Time: a timer (timeout) runs out when nothing else can happen, as round trips are shorter than timers; those of the
 * two endpoints take turns, as each doubles when it has run out (RFC 6298 s5.5), and TIME-WAIT outlasts what the peer sends
 * again: that is what its 2 MSL are for (RFC 9293 s3.3.2). Then the budget of acknowledgments for segments that carry
 * nothing (RFC 5961 s7) is whole again.
 */
#define CLOSED 0
#define LISTEN 1
#define SYN_SENT 2
#define SYN_RECEIVED 3
#define ESTABLISHED 4
#define FIN_WAIT_1 5
#define FIN_WAIT_2 6
#define CLOSE_WAIT 7
#define CLOSING 8
#define LAST_ACK 9
#define TIME_WAIT 10

chan ab = [ROOM] of { byte };
chan ba = [ROOM] of { byte };
byte lost, twice;
byte a, b;            /* control states */
bool done_a, done_b;  /* all delivered, all acknowledged, nothing owed; CLOSED by closing if that is the goal */
bool timer_a, timer_b; /* a timer runs */
bool turn_b;
byte spent_a, spent_b;
#ifndef BUDGET
#define BUDGET 2
#endif
#define resends_a (timer_a && a != TIME_WAIT)
#define resends_b (timer_b && b != TIME_WAIT)
#define may_run_a ((!turn_b || (a == TIME_WAIT -> !timer_b : !resends_b)) && !(a == TIME_WAIT && resends_b))
#define may_run_b ((turn_b || (b == TIME_WAIT -> !timer_a : !resends_a)) && !(b == TIME_WAIT && resends_a))

inline runs_out(next) {
  turn_b = next;
  spent_a = 0;
  spent_b = 0
}

inline leave(channel, segment) {
  if
  :: nfull(channel) -> channel!segment
  :: lost < LOST -> lost++
  :: twice < TWICE && len(channel) + 2 <= ROOM -> twice++; channel!segment; channel!segment
  fi
}

/* Beside these: no end but with both done and the channels empty (pan -q), and no cycle at all (-DNP), so no exchange
   without an end. */
#ifdef CLAIMS
ltl established { (<> (a >= ESTABLISHED)) && (<> (b >= ESTABLISHED)) }
ltl ended { <> [] (done_a && done_b && a == GOAL && b == GOAL) }
#endif
