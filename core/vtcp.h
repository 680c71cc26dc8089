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
#include "wire/checksum.h"

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
  uint16_t window_shift;            /* window scale to offer, 0 to 14 */
  bool no_window_scale;             /* do not offer it */
  bool ipv6;                        /* over IPv6: the peer's default segment size is 1220, not 536 (MUST-15) */
  bool nodelay;          /* MUST-17: Nagle's algorithm can be disabled */
  uint64_t msl;          /* maximum segment lifetime, microseconds; RFC 9293 s3.4.1 has 120,000,000 */
  uint64_t user_timeout; /* microseconds without progress until the connection is given up (R2); 0: never */
  uint64_t rto_min;      /* microseconds, 1,000 to 60,000,000; RFC 6298 has 1,000,000 */
  uint8_t *snd_buf;      /* 1 to VTCP_BUFFER_MAX octets each; they belong to the connection while it is in use */
  uint32_t snd_cap;
  uint8_t *rcv_buf;
  uint32_t rcv_cap;
};

struct vtcp_status {
  enum vtcp_state state;
  enum vtcp_outcome outcome;
  uint16_t local_port, remote_port;
  uint16_t snd_mss;
  uint32_t unread;              /* octets in order, not yet read */
  uint32_t unacknowledged;      /* octets queued or sent, not yet acknowledged */
  uint32_t send_space;          /* octets vtcp_send would take */
  uint32_t snd_wnd, rcv_wnd;    /* octets */
  uint32_t snd_una, snd_nxt, rcv_nxt; /* as sequence numbers */
  uint32_t iss, irs;
  uint32_t cwnd, ssthresh;      /* octets */
  uint64_t srtt, rto;           /* microseconds */
  uint32_t retransmitted, unacceptable, challenged, unstored;
};

/* Makes a TCB in state CLOSED. VTCP_ERR_INVALID: a value of cfg is outside its range, *c is unchanged. */
enum vtcp_error vtcp_init(struct vtcp *c, const struct vtcp_config *cfg);

/* Active OPEN (RFC 9293 s3.10.1). iss: initial sequence number, to be chosen as RFC 6528 says.
   VTCP_ERR_EXISTS: the connection is neither CLOSED nor LISTEN. */
enum vtcp_error vtcp_open(struct vtcp *c, uint32_t iss, uint64_t now);

/* Passive OPEN (s3.10.1): LISTEN. iss: for the SYN-ACK to come. VTCP_ERR_EXISTS: the connection is not CLOSED. */
enum vtcp_error vtcp_listen(struct vtcp *c, uint32_t iss);

/* SEND (s3.10.2): queues up to n octets; returns how many were taken, 0 when the queue is full, or an error.
   urgent: the last octet taken is urgent data. */
int64_t vtcp_send(struct vtcp *c, const uint8_t *octets, uint32_t n, bool urgent);

/* RECEIVE (s3.10.3): copies out up to n octets; returns how many, 0 when there are none yet, or an error;
   VTCP_ERR_CLOSING when every octet up to the peer's FIN has been read. */
int64_t vtcp_receive(struct vtcp *c, uint8_t *octets, uint32_t n);

/* The octets vtcp_receive would give, where they are; good until the next call on c other than vtcp_consume. */
struct vtcp_slices vtcp_peek(const struct vtcp *c);

/* Takes the first n octets as read. VTCP_ERR_INVALID: n is more than there are. */
enum vtcp_error vtcp_consume(struct vtcp *c, uint32_t n);

/* CLOSE (s3.10.4): no more SENDs; what is queued will be sent, then FIN. Receiving goes on. */
enum vtcp_error vtcp_close(struct vtcp *c);

/* ABORT (s3.10.5): RST to the peer, queues dropped, CLOSED. */
enum vtcp_error vtcp_abort(struct vtcp *c);

/* STATUS (s3.10.6). */
void vtcp_status(const struct vtcp *c, struct vtcp_status *out);

/* SEGMENT ARRIVES (s3.10.7). The segment's text is copied. VTCP_ERR_INVALID only for a segment that no parser makes
   (more than one slice, or text of more than 65,535 octets). */
enum vtcp_error vtcp_input(struct vtcp *c, const struct vtcp_segment *s, uint64_t now);

/* Timeouts (s3.10.8): to be called when vtcp_deadline has passed; harmless at any other time. */
void vtcp_timeout(struct vtcp *c, uint64_t now);

/* The next segment to transmit; false: none now. Its text lies in the send buffer until the next call on c. */
bool vtcp_output(struct vtcp *c, uint64_t now, struct vtcp_segment *out);

/* The next thing to tell the application. */
enum vtcp_event vtcp_event(struct vtcp *c);

/* When vtcp_timeout, then vtcp_output, must be called if nothing else happens before; VTCP_NEVER: need not be. */
uint64_t vtcp_deadline(const struct vtcp *c);

/* The answer of a host that has no connection for a segment (s3.10.7.1); false: none is due. */
bool vtcp_refuse(const struct vtcp_segment *s, struct vtcp_segment *out);

#endif
