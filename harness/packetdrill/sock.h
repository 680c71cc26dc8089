/* A socket: a listener, a connection, or neither yet. */
#ifndef HARNESS_PACKETDRILL_SOCK_H
#define HARNESS_PACKETDRILL_SOCK_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "udp.h"
#include "vtcp.h"

struct stack;

/* As struct socket's state in Linux. */
enum sock_phase { SOCK_UNCONNECTED, SOCK_LISTENING, SOCK_CONNECTING, SOCK_CONNECTED };

/* Options that are one number; sockopt.c has the table. */
enum sock_option {
  OPTION_REUSEADDR,
  OPTION_REUSEPORT,
  OPTION_KEEPALIVE,
  OPTION_OOBINLINE,
  OPTION_BROADCAST,
  OPTION_DONTROUTE,
  OPTION_DEBUG,
  OPTION_PRIORITY,
  OPTION_MARK,
  OPTION_RCVLOWAT,
  OPTION_NODELAY,
  OPTION_MAXSEG,
  OPTION_CORK,
  OPTION_KEEPIDLE,
  OPTION_KEEPINTVL,
  OPTION_KEEPCNT,
  OPTION_SYNCNT,
  OPTION_LINGER2,
  OPTION_DEFER_ACCEPT,
  OPTION_WINDOW_CLAMP,
  OPTION_QUICKACK,
  OPTION_USER_TIMEOUT,
  OPTION_NOTSENT_LOWAT,
  OPTION_TOS,
  OPTION_TTL,
  OPTION_MTU_DISCOVER,
  OPTION_RECVERR,
  OPTION_V6ONLY,
  OPTION_UNICAST_HOPS,
  OPTION_TCLASS,
  OPTION_RECVERR6,
  OPTION_COUNT
};

struct sock_options {
  int number[OPTION_COUNT];
  struct linger linger;
  uint64_t rcvtimeo, sndtimeo; /* microseconds; UINT64_MAX: for ever */
  uint32_t rcvbuf, sndbuf;     /* octets that fit; getsockopt tells twice as much, as Linux */
};

/* What TCP_INFO tells and the core does not; SEGMENTS_MAX segments are told apart, more count as one. */
#define SEGMENTS_MAX 512u
struct sock_counts {
  uint32_t segments_in, segments_out, data_in, data_out;
  uint64_t octets_in, octets_out, octets_again, octets_acked;
  uint64_t data_in_at, data_out_at, ack_in_at; /* virtual time */
  bool una_known;
  uint32_t last_una;
  uint32_t ends[SEGMENTS_MAX]; /* where the segments in flight end, as sequence numbers, oldest first */
  uint32_t in_flight;
  uint32_t timeouts; /* retransmission timeouts since SND.UNA advanced */
  uint32_t probes;   /* likewise, of a zero window */
  bool scale_sent, scale_received;
  uint16_t peer_shift, own_shift;
};

struct sock {
  struct sock *next;
  unsigned descriptors, calls; /* calls in progress */
  int domain;
  enum sock_phase phase;
  bool nonblocking;
  bool bound; /* local.port is ours */
  struct udp_address local, peer;
  struct sock_options options;

  struct vtcp tcb;
  uint8_t *buffers; /* NULL: there is no connection, and tcb has no meaning */
  bool established; /* it has been */
  enum vtcp_state last_state;
  int error;      /* SO_ERROR */
  int soft_error; /* ICMP: why a timeout may have come */
  bool shut_rd, shut_wr;
  bool ended_in;     /* the peer's FIN has been received */
  uint64_t give_up;  /* when a connection that nobody has any more is forgotten */
  uint64_t edges;    /* counts what epoll calls events */
  uint32_t held_len; /* octets that TCP_CORK and MSG_MORE hold back, less than a segment */
  uint8_t *held;
  uint64_t held_until;
  struct sock_counts counts;

  /* A listener's connections, and a connection's listener until it is accepted. */
  struct sock *listener;
  struct sock *accept_first, *accept_last, *accept_next;
  uint32_t accept_count;
  int backlog;
};

/* ---- sock.c ---- */
struct sock *sock_new(struct stack *s, int domain);
/* Frees what nobody needs any more. */
void sock_sweep(struct stack *s);
void sock_free_all(struct stack *s);
/* No descriptor and no listener has it: a connection that comes to its end by itself. */
bool sock_orphan(const struct sock *k);
enum vtcp_state sock_state(const struct sock *k);
/* Linux tells a socket from its TIME-WAIT: for calls it is closed. */
bool sock_closed(const struct sock *k);
bool sock_receive_shut(const struct sock *k);
/* SO_ERROR, which is told once. */
int sock_take_error(struct sock *k);
/* Makes a TCB, in CLOSED. False: no memory. */
bool sock_connection(struct stack *s, struct sock *k);
/* How long the connection that there is goes on without progress; a time that runs begins anew. */
/* SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT (one is two: MUST-29); the silence begins now. */
void sock_set_keepalive(const struct stack *s, struct sock *k);
void sock_set_timeout(const struct stack *s, struct sock *k);
/* No more connection; what it had goes. abort: RST, if the peer is to get one. */
void sock_disconnect(struct stack *s, struct sock *k, bool abort);

/* ---- naming.c: addresses ---- */
/* 0, or errno. An IPv4-mapped address becomes an IPv4 one. */
int naming_read(const struct sock *k, const struct sockaddr *a, socklen_t len, struct udp_address *out);
void naming_write(const struct sock *k, const struct udp_address *from, struct sockaddr *a, socklen_t *len);
bool naming_any(const struct udp_address *a);
int naming_bind(struct stack *s, struct sock *k, const struct udp_address *a);
/* Binds to a free port of any address. */
int naming_autobind(struct stack *s, struct sock *k);
/* The local address of a connection to peer. */
void naming_source(const struct stack *s, const struct udp_address *peer, struct udp_address *local);
struct sock *naming_find(const struct stack *s, const struct udp_address *local, const struct udp_address *peer);
struct sock *naming_listener(const struct stack *s, const struct udp_address *local);

/* ---- opening.c, closing.c; they return as the calls do ---- */
int opening_bind(struct stack *s, struct sock *k, const struct sockaddr *a, socklen_t len);
int opening_listen(struct stack *s, struct sock *k, int backlog);
int opening_accept(struct stack *s, struct sock *k, struct sockaddr *a, socklen_t *len);
int opening_connect(struct stack *s, struct sock *k, const struct sockaddr *a, socklen_t len);
int closing_shutdown(struct stack *s, struct sock *k, int how);
/* Nobody has a descriptor of it any more. */
void closing_close(struct stack *s, struct sock *k);

/* ---- transfer.c ---- */
ssize_t transfer_receive(struct stack *s, struct sock *k, const struct iovec *parts, size_t count, int flags);
ssize_t transfer_send(struct stack *s, struct sock *k, const struct iovec *parts, size_t count, int flags);
/* What is held back goes to the connection. all: or only what makes whole segments. */
void transfer_push(struct stack *s, struct sock *k, bool all);
int transfer_ioctl(struct sock *k, unsigned long request, int *value);

/* ---- sockopt.c, tcp_info.c ---- */
void sockopt_defaults(const struct stack *s, struct sock_options *o);
int sockopt_get(struct stack *s, struct sock *k, int level, int name, void *value, socklen_t *len);
int sockopt_set(struct stack *s, struct sock *k, int level, int name, const void *value, socklen_t len);
void tcp_info_sent(struct sock *k, const struct vtcp_segment *segment, uint64_t now);
void tcp_info_received(struct sock *k, const struct vtcp_segment *segment, uint64_t now);
void tcp_info_acked(struct sock *k);
/* A timer has run out; retransmitted, data_out: what was counted before. */
void tcp_info_timeout(struct sock *k, uint32_t retransmitted, uint32_t data_out);
int tcp_info_get(const struct stack *s, const struct sock *k, void *value, socklen_t *len);

#endif
