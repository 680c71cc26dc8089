#define _POSIX_C_SOURCE 200809L
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;
static int ends[2] = {-1, -1};

static void on_signal(int number) {
  int error = errno;
  (void)number;
  stopped = 1;
  if (write(ends[1], "", 1) < 0) errno = error; /* full: poll wakes all the same */
  errno = error;
}

int signals_open(void) {
  struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
  if (pipe(ends) != 0) return -1;
  for (int i = 0; i < 2; i++)
    if (fcntl(ends[i], F_SETFL, O_NONBLOCK) != 0 || fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0) return -1;
  if (sigaction(SIGINT, &stop, NULL) != 0 || sigaction(SIGTERM, &stop, NULL) != 0) return -1;
  return sigaction(SIGPIPE, &ignore, NULL) == 0 ? ends[0] : -1;
}

bool signals_stopped(void) { return stopped != 0; }
