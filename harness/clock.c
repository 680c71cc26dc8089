#define _POSIX_C_SOURCE 200809L
#include "clock.h"

#include <limits.h>
#include <time.h>

#include "vtcp.h"

uint64_t clock_now(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

int clock_wait(uint64_t now, uint64_t deadline) {
  if (deadline == VTCP_NEVER) return -1;
  if (deadline <= now) return 0;
  uint64_t ms = (deadline - now + 999u) / 1000u;
  return ms > INT_MAX ? INT_MAX : (int)ms;
}
