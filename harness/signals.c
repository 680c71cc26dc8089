#define _POSIX_C_SOURCE 200809L
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t stopped, asked;
static int ends[2] = {-1, -1};

static void on_signal(int number) {
  int error = errno;
  if (number == SIGUSR1)
    asked = 1;
  else
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

bool signals_take_questions(void) {
  struct sigaction ask = {.sa_handler = on_signal};
  return sigaction(SIGUSR1, &ask, NULL) == 0;
}

/* A flag is set before its octet is written: what is read away here is seen by this function or signals_stopped. */
bool signals_asked(void) {
  char octets[64];
  if (asked == 0) return false;
  asked = 0;
  while (read(ends[0], octets, sizeof octets) > 0) {}
  return true;
}
