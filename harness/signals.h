/* SIGINT, SIGTERM and SIGUSR1 wake poll through a pipe; SIGPIPE is ignored. */
#ifndef HARNESS_SIGNALS_H
#define HARNESS_SIGNALS_H

#include <stdbool.h>

/* The descriptor that is readable once the program is to stop; -1: errno says why there is none. */
int signals_open(void);

bool signals_stopped(void);

/* From now on SIGUSR1 asks for the status. Before every poll signals_asked is to be called until it returns false, and
   then signals_stopped. False: errno says why not. */
bool signals_take_questions(void);
bool signals_asked(void);

#endif
