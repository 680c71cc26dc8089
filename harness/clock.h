/* Time: microseconds from a fixed origin, never backwards. Shared by the processes of one machine. */
#ifndef HARNESS_CLOCK_H
#define HARNESS_CLOCK_H

#include <stdint.h>

uint64_t clock_now(void);

/* Milliseconds for poll: until deadline, rounded up; -1 when deadline is VTCP_NEVER. */
int clock_wait(uint64_t now, uint64_t deadline);

#endif
