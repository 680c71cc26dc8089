/* SIGINT and SIGTERM wake poll through a pipe; SIGPIPE is ignored. */
#ifndef HARNESS_SIGNALS_H
#define HARNESS_SIGNALS_H

#include <stdbool.h>

/* The descriptor that is readable once the program is to stop; -1: errno says why there is none. */
int signals_open(void);

bool signals_stopped(void);

#endif
