/* Ladder diagrams: segments as arrows between two lifelines, with the states of both sides. */
#ifndef HARNESS_LADDER_H
#define HARNESS_LADDER_H

#include <stdio.h>

#include "trace.h"

#define LADDER_UNKNOWN 255u /* the state of a side that nobody observed */

/* One rung: a segment on its way from one side to the other, or a change of state without a segment. */
struct ladder_rung {
  bool segment;
  uint8_t from;       /* 0: the left side, 1: the right side */
  bool sent, arrived; /* when it was; a duplicate's copy has sent == false */
  uint64_t sent_at, arrived_at;
  uint8_t state[2]; /* of both sides, after it */
  bool changed[2];  /* whether that is new */
  struct trace_record what;
};

struct ladder {
  const char *name[2];
  bool both;       /* both ends were observed: a segment that did not arrive is gone */
  uint64_t origin; /* the time that is shown as 0 */
  uint32_t count;
  struct ladder_rung *rungs;
};

/*
 * left, right: traces of the client and the server; one of them NULL: it was not observed.
 * path: what happened between them, or NULL. False: out of memory.
 */
bool ladder_build(struct ladder *l, const struct trace *left, const struct trace *right, const struct trace *path);
void ladder_free(struct ladder *l);

/* Whether a rung stays when there are too many: the opening, the closing, and whatever changes a state. */
bool ladder_matters(const struct ladder_rung *r);

/* Whether the segment came to nothing, and why: "", "lost", "corrupted", "duplicate" (a second arrival), ... */
bool ladder_gone(const struct ladder *l, const struct ladder_rung *r);
const char *ladder_note(const struct ladder *l, const struct ladder_rung *r);

/* "SYN+ACK seq=300 ack=101 wnd=65535 mss=1460" */
void ladder_label(const struct trace_record *r, char *text, size_t cap);

const char *ladder_state(uint8_t state);

void ladder_print(const struct ladder *l, FILE *out);

/* False: errno says why not. */
bool ladder_svg(const struct ladder *l, const char *path);

#endif
