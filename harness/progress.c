#define _POSIX_C_SOURCE 200809L
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define BAR 40u
#define LINE_INTERVAL 2000000u

void progress_init(struct progress *p, uint64_t total, uint64_t now) {
  *p = (struct progress){.total = total, .started = now, .shown_at = now, .terminal = isatty(STDERR_FILENO) == 1};
}

void progress_octets(double octets, char *text, unsigned cap) {
  static const char *const units[] = {"octets", "kB", "MB", "GB", "TB"};
  unsigned unit = 0;
  while (octets >= 1000.0 && unit < 4) {
    octets /= 1000.0;
    unit++;
  }
  (void)snprintf(text, cap, unit == 0 ? "%.0f %s" : "%.2f %s", octets, units[unit]);
}

/* "[#####.....]  50 %  2.10 MB  1.20 MB/s" */
static void write_line(const struct progress *p, uint64_t done, uint64_t now, char *text, unsigned cap) {
  char bar[BAR + 1] = "", moved[32], rate[32];
  double seconds = now > p->started ? (double)(now - p->started) / 1e6 : 1e-6;
  progress_octets((double)done, moved, sizeof moved);
  progress_octets((double)done / seconds, rate, sizeof rate);
  if (p->total == PROGRESS_UNKNOWN) {
    (void)snprintf(text, cap, "%s  %s/s", moved, rate);
    return;
  }
  double part = p->total == 0 ? 1.0 : (double)done / (double)p->total;
  unsigned full = (unsigned)(part * BAR);
  for (unsigned i = 0; i < BAR; i++) bar[i] = i < full ? '#' : '.';
  (void)snprintf(text, cap, "[%s] %3.0f %%  %s  %s/s", bar, part * 100.0, moved, rate);
}

void progress_show(struct progress *p, uint64_t done, uint64_t now) {
  char text[160];
  bool known = p->total != PROGRESS_UNKNOWN, complete = known && done >= p->total;
  uint64_t tenths = known && p->total > 0 ? done * 10u / p->total : 0;
  bool due = p->terminal ? now - p->shown_at >= PROGRESS_INTERVAL / 2
                         : (known ? tenths > p->shown_tenths : now - p->shown_at >= LINE_INTERVAL);
  if (p->ended || (!due && !complete)) return;
  p->shown_at = now;
  p->shown_tenths = tenths;
  p->ended = complete;
  write_line(p, done, now, text, sizeof text);
  if (p->terminal)
    log_transient(text);
  else
    log_info("%s", text);
  if (complete) log_settle();
}
