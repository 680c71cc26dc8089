/* The transmission control block (RFC 9293 s3.3.1) and its invariant. */
#ifndef VTCP_CONNECTION_TCB_H
#define VTCP_CONNECTION_TCB_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/challenge.h"
#include "policy/congestion.h"
#include "policy/keepalive.h"
#include "policy/rtt.h"
#include "policy/time.h"
#include "policy/window.h"
#include "stream/reassembly.h"
#include "stream/ring.h"
#include "wire/segment.h"
#include "wire/seq.h"

/* RFC 9293 s3.3.2. From CLOSE-WAIT on the peer's FIN has been received. */
enum vtcp_state {
  VTCP_CLOSED = 0,
  VTCP_LISTEN = 1,
  VTCP_SYN_SENT = 2,
  VTCP_SYN_RECEIVED = 3,
  VTCP_ESTABLISHED = 4,
  VTCP_FIN_WAIT_1 = 5,
  VTCP_FIN_WAIT_2 = 6,
  VTCP_CLOSE_WAIT = 7,
  VTCP_CLOSING = 8,
  VTCP_LAST_ACK = 9,
  VTCP_TIME_WAIT = 10
};

/* How a connection ended. */
enum vtcp_outcome {
  VTCP_OUTCOME_NONE = 0,      /* it has not */
  VTCP_OUTCOME_CLOSED = 1,    /* both streams came to their end */
  VTCP_OUTCOME_REFUSED = 2,   /* the peer answered our SYN with RST */
  VTCP_OUTCOME_RESET = 3,     /* the peer sent RST */
  VTCP_OUTCOME_TIMED_OUT = 4, /* user timeout */
  VTCP_OUTCOME_ABORTED = 5    /* ABORT, or CLOSE before the connection existed */
};

#define VTCP_MSS_LEAST 64u /* octets of text: no smaller segments are made, whatever peer or path ask for */
#define VTCP_R1 3u         /* SHLD-10: at least 3 retransmissions, then the application is warned */

/*
 * Everything there is to a connection, in the caller's memory. Read it through vtcp_status.
 * Positions are stream offsets: SYN 0, first octet of data 1, FIN the offset after the last octet. 32-bit sequence
 * numbers exist only in iss, irs and the reset that is due.
 */
struct vtcp {
  int32_t state;   /* enum vtcp_state */
  int32_t outcome; /* enum vtcp_outcome */

  /* Protocol state: what the specification speaks of. */
  bool passive;      /* opened by LISTEN */
  bool close_wanted; /* CLOSE was called in SYN-RECEIVED */
  bool fin;          /* our FIN is queued, at offset snd.base + snd.len */
  bool ack_due;      /* an acknowledgment is owed */
  bool rst_due;      /* a reset is to be sent: rst_seq, and rst_ack if rst_ackf */
  bool rst_ackf;
  uint32_t rst_seq, rst_ack;
  uint32_t iss, irs;
  int64_t snd_una, snd_nxt, snd_up;
  int64_t snd_wl1, snd_wl2;
  uint32_t snd_wnd, snd_wnd_max; /* octets; snd_wnd_max: the largest ever offered, MAX.SND.WND of RFC 5961 s5.2 */
  int64_t rcv_nxt;
  int64_t rcv_adv; /* right edge of the window: RCV.NXT + RCV.WND */
  int64_t rcv_fin; /* offset of the peer's FIN once it is known, else -1 */
  int64_t rcv_up;
  struct vtcp_ring snd;       /* queued, from the first octet not acknowledged */
  struct vtcp_reassembly rcv; /* received and not yet read */

  /* Options (RFC 9293 s3.7.1, RFC 7323 s2). */
  uint16_t local_port, remote_port;
  uint16_t mss;        /* largest text we accept in a segment */
  uint16_t snd_mss;    /* largest text we send in a segment */
  uint16_t rcv_shift;  /* window scale we offer, 0 to 14 */
  bool wscale_offer;   /* we offer window scale */
  bool wscale;         /* both sides did */
  bool ipv6;           /* the peer's default segment size is IPv6's (MUST-15) */
  uint32_t snd_factor; /* the peer's windows are in units of this many octets */
  uint32_t rcv_factor; /* ours are in units of this many octets */

  /* Policy: when to send. Nothing here decides what may be sent or accepted. */
  int64_t snd_ptr;  /* next offset to send or send again: snd_una <= snd_ptr <= snd_nxt */
  bool rtx_head;    /* send the segment at snd_una again, now */
  bool probe;       /* send one octet into a closed window, now */
  bool nodelay;     /* Nagle's algorithm is off */
  uint32_t probes;  /* zero-window probes since the window was last open, saturating */
  int64_t ack_sent; /* rcv_nxt in the last acknowledgment sent */
  uint64_t ack_at;  /* when an acknowledgment that is due must leave */
  uint64_t rtx_at;  /* retransmission or probe timer */
  uint64_t user_at; /* user timeout */
  uint64_t wait_at; /* end of TIME-WAIT */
  uint64_t msl, user_timeout;
  struct vtcp_rtt rtt;
  struct vtcp_congestion cc;
  struct vtcp_challenge challenge;
  struct vtcp_keepalive keep;

  /* What the application has not been told yet. */
  bool ev_established, ev_data, ev_urgent, ev_fin, ev_space, ev_warning, ev_ended;

  /* Counters, saturating. */
  uint32_t retransmitted; /* segments sent again */
  uint32_t unacceptable;  /* segments that failed the sequence or acknowledgment check */
  uint32_t challenged;    /* acknowledgments drawn out by such segments */
  uint32_t unstored;      /* segments with text that found no free range */
};

#ifdef __FRAMAC__
#include "tcb.acsl"
#endif

#endif
