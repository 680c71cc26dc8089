/* The path between two processes: relays UDP datagrams with faults in both directions. */
#ifndef HARNESS_PATH_H
#define HARNESS_PATH_H

#include "faults.h"
#include "trace.h"

#define PATH_CLIENT 0
#define PATH_SERVER 1

struct path {
  int fds[2];              /* sockets connected to the client and to the server */
  struct faults faults[2]; /* of what comes from the client and from the server */
  struct trace *trace;     /* may be NULL */
};

/* The faults of both directions are independent, and both follow from the one seed. */
void path_init(struct path *p, int client_fd, int server_fd, const struct faults_config *faults, struct trace *trace);
void path_free(struct path *p);

/* Relays everything that is there now. */
void path_relay(struct path *p);

uint64_t path_deadline(const struct path *p);

#endif
