/* How many connections are in which state, and for how long (RFC 9293 s3.10.6, of all connections at once). */
#ifndef HARNESS_STATUS_H
#define HARNESS_STATUS_H

#include "table.h"

/* A line with the number of connections, and one for each state that a connection is in. */
void status_print(const struct table *t, uint64_t now);

#endif
