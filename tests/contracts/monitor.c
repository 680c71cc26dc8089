#include "monitor.h"

#include <stdio.h>
#include <stdlib.h>

/* From AddressSanitizer's interface; absent in a program without it. */
void *__asan_region_is_poisoned(void *begin, size_t size)
    __attribute__((weak)); /* NOLINT(bugprone-reserved-identifier) */

#define AREAS_MAX 4096

struct area {
  uintptr_t begin, end;
  bool writable;
};

const char *monitor_why;

static struct area areas[AREAS_MAX];
static size_t area_count;

/* What the process has mapped and may read, in order of addresses. */
static void read_areas(void) {
  char line[512], access[5];
  unsigned long begin, end;
  FILE *f = fopen("/proc/self/maps", "re");
  area_count = 0;
  if (f == NULL) return;
  while (area_count < AREAS_MAX && fgets(line, sizeof line, f) != NULL) {
    if (sscanf(line, "%lx-%lx %4s", &begin, &end, access) != 3 || access[0] != 'r') continue; /* NOLINT(cert-err34-c) */
    areas[area_count++] = (struct area){.begin = begin, .end = end, .writable = access[1] == 'w'};
  }
  (void)fclose(f);
}

/* Whether [begin, end) lies in areas without a gap. */
static bool mapped(uintptr_t begin, uintptr_t end, bool writable) {
  size_t lo = 0, hi = area_count;
  while (lo < hi) { /* the last area that does not begin after begin is areas[lo - 1] */
    size_t middle = (lo + hi) / 2;
    if (areas[middle].begin <= begin)
      lo = middle + 1;
    else
      hi = middle;
  }
  if (lo == 0) return false;
  for (size_t i = lo - 1; i < area_count && areas[i].begin <= begin && (areas[i].writable || !writable); i++) {
    if (areas[i].end >= end) return true;
    begin = areas[i].end > begin ? areas[i].end : UINTPTR_MAX;
  }
  return false;
}

bool monitor_valid(struct monitor_region r, bool writable) {
  if (r.size <= 0) return true;
  uintptr_t size = (uintptr_t)r.size, end = r.at + size;
  if ((Z)size != r.size || end < r.at) return false;
  if (!mapped(r.at, end, writable)) {
    read_areas();
    if (!mapped(r.at, end, writable)) return false;
  }
  if (__asan_region_is_poisoned == NULL) return true;
  return __asan_region_is_poisoned((void *)r.at, size) == NULL; /* NOLINT(performance-no-int-to-ptr) */
}

bool monitor_separated(int count, const struct monitor_region *regions) {
  for (int i = 0; i < count; i++)
    for (int j = 0; j < i; j++) {
      struct monitor_region a = regions[i], b = regions[j];
      if (a.size > 0 && b.size > 0 && (Z)a.at < (Z)b.at + b.size && (Z)b.at < (Z)a.at + a.size) return false;
    }
  return true;
}

void monitor_stop(const struct monitor_clause *clause) {
  (void)fflush(stdout);
  (void)fprintf(stderr, "contract: %s: %s %s: %s\n", clause->function, clause->kind, clause->label, clause->text);
  if (monitor_why != NULL) (void)fprintf(stderr, "contract: false is %s\n", monitor_why);
  abort();
}

/* Adds this process's calls to the file named in MONITOR_CALLS. */
static __attribute__((destructor)) void add_calls(void) {
  const char *path = getenv("MONITOR_CALLS");
  FILE *f = path == NULL ? NULL : fopen(path, "ae");
  if (f == NULL) return;
  for (size_t i = 0; monitor_names[i] != NULL; i++) (void)fprintf(f, "%s %llu\n", monitor_names[i], monitor_calls[i]);
  (void)fclose(f);
}
