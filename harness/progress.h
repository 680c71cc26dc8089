/* How far a transfer is: a bar on a terminal, a line now and then elsewhere. */
#ifndef HARNESS_PROGRESS_H
#define HARNESS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_UNKNOWN UINT64_MAX
#define PROGRESS_INTERVAL 200000u /* microseconds: how often to call progress_show */

struct progress {
  uint64_t total, started, shown_at, shown_tenths;
  bool terminal, ended;
};

void progress_init(struct progress *p, uint64_t total, uint64_t now);
void progress_show(struct progress *p, uint64_t done, uint64_t now);

/* "1.4 MB" */
void progress_octets(double octets, char *text, unsigned cap);

#endif
