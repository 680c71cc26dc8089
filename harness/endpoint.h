/* One link with its connections: the loop that serves both vtcp serve and vtcp connect. */
#ifndef HARNESS_ENDPOINT_H
#define HARNESS_ENDPOINT_H

#include <stdatomic.h>

#include "isn.h"
#include "log.h"
#include "options.h"
#include "table.h"
#include "trace.h"
#include "transport.h"

/* Where connection 1 stands; other processes may read it. */
struct gauge {
  _Atomic uint64_t acknowledged, received, retransmitted, bad_checksum;
  _Atomic int state, outcome;
};

struct endpoint;

/* What the two commands do differently. */
struct endpoint_user {
  void *self;
  /* The connection is established: give it its stream. False: it is to be aborted. */
  bool (*established)(void *self, struct endpoint *e, struct connection *c);
  /* It has ended and everything received is written; its stream is still open. */
  void (*ended)(void *self, struct endpoint *e, struct connection *c, const struct vtcp_status *last);
  /* Called every PROGRESS_INTERVAL; may be NULL. */
  void (*tick)(void *self, struct endpoint *e, uint64_t now);
};

struct endpoint_counts {
  uint64_t opened, established, ended;
  uint64_t refused;     /* segments answered with RST, for want of a connection */
  uint64_t turned_away; /* SYNs dropped because the table was full */
  uint64_t expired;     /* half-open connections given up */
  uint64_t errors;      /* ICMP errors that change nothing: soft, or of a connection that is open */
  uint64_t forged;      /* ICMP errors about no segment that is under way */
  uint64_t too_big;     /* ICMP that told a path MTU */
  uint64_t retransmitted;
};

struct endpoint {
  const struct options *options;
  struct transport transport;
  struct table table;
  struct isn isn;
  uint64_t fixed_isn; /* OPTIONS_UNSET: none */
  bool listening;     /* SYNs to the port of the link open connections */
  bool done;          /* nothing more to wait for once the table is empty */
  struct endpoint_user user;
  struct endpoint_counts counts;
  uint64_t unreachable;    /* ICMP errors dealt with */
  struct trace *trace;     /* of connection 1; may be NULL */
  struct trace *own_trace; /* for --ladder */
  struct gauge *gauge;
  struct gauge own_gauge;
  struct pollfd *polls;
  int stop_fd;
  uint64_t tick_at;
  enum exit_status status;
};

/* The link belongs to the endpoint from now on, even on failure. NULL: reported. */
struct endpoint *endpoint_open(const struct options *o, const struct link *link, const struct endpoint_user *user);

/* Opens connection 1 actively. False: reported. */
bool endpoint_connect(struct endpoint *e, const struct udp_address *peer, uint16_t remote_port);

/* Serves until done; the status is the first failure's. */
enum exit_status endpoint_run(struct endpoint *e);

/* Reports counts, closes and frees everything; returns the final status. */
enum exit_status endpoint_close(struct endpoint *e);

/* Keeps the first failure. */
void endpoint_fail(struct endpoint *e, enum exit_status status);

const char *endpoint_outcome(enum vtcp_outcome outcome);

#endif
