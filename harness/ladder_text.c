#include <stdlib.h>
#include <string.h>

#include "ladder.h"

#define ALL_MAX 48u /* more rungs than this: only those that matter */
#define ARROW 68    /* columns between the lifelines */

/* "--- label (note) --->" in ARROW columns; 'x' at the end: it did not arrive. A long label loses its end. */
static void draw_arrow(char *arrow, const struct ladder *l, const struct ladder_rung *r) {
  char label[160], note[32], text[ARROW + 1];
  bool noted = *ladder_note(l, r) != '\0';
  ladder_label(&r->what, label, sizeof label);
  (void)snprintf(note, sizeof note, noted ? " (%s)" : "%s", ladder_note(l, r));
  int room = ARROW - 5 - (int)strlen(note);
  (void)snprintf(text, sizeof text, " %.*s%s ", room, label, note);
  size_t len = strlen(text);
  memset(arrow, '-', ARROW);
  memcpy(arrow + (ARROW - len + 1) / 2, text, len);
  arrow[ARROW] = '\0';
  arrow[r->from == 0 ? ARROW - 1 : 0] = ladder_gone(l, r) ? 'x' : r->from == 0 ? '>' : '<';
}

static void draw_time(char *text, size_t cap, bool known, uint64_t at, uint64_t origin) {
  if (known)
    (void)snprintf(text, cap, "%.3f", (double)(at - origin) / 1000.0);
  else
    text[0] = '\0';
}

static void draw_rung(const struct ladder *l, const struct ladder_rung *r, FILE *out) {
  char arrow[ARROW + 1], sent[32], arrived[32];
  draw_time(sent, sizeof sent, r->sent, r->sent_at, l->origin);
  draw_time(arrived, sizeof arrived, r->arrived, r->arrived_at, l->origin);
  if (r->segment) {
    draw_arrow(arrow, l, r);
  } else {
    memset(arrow, ' ', ARROW);
    arrow[ARROW] = '\0';
  }
  const char *times[2] = {r->from == 0 ? sent : arrived, r->from == 0 ? arrived : sent};
  const char *right = ladder_state(r->state[1]);
  (void)fprintf(out, "%9s %-12s |%s|", times[0], ladder_state(r->state[0]), arrow);
  (void)fprintf(out, *times[1] != '\0' ? " %-12s %s\n" : "\n", right, times[1]);
}

static void draw_gap(uint32_t n, FILE *out) {
  char text[ARROW];
  (void)snprintf(text, sizeof text, "%u more", (unsigned)n);
  if (n > 0) (void)fprintf(out, "%9s %-12s :%*s%*s:\n", "", "", ARROW / 2 + 4, text, ARROW / 2 - 4, "");
}

void ladder_print(const struct ladder *l, FILE *out) {
  bool all = l->count <= ALL_MAX;
  uint32_t skipped = 0;
  (void)fprintf(out, "%9s %-12s  %*s  %-12s %s\n", "ms", l->name[0], ARROW, "", l->name[1], "ms");
  for (uint32_t i = 0; i < l->count; i++) {
    if (!all && !ladder_matters(&l->rungs[i])) {
      skipped++;
      continue;
    }
    draw_gap(skipped, out);
    skipped = 0;
    draw_rung(l, &l->rungs[i], out);
  }
  draw_gap(skipped, out);
}
