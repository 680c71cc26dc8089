#include <stdlib.h>
#include <string.h>

#include "ladder.h"

#define ALL_MAX 120u /* more rungs than this: only those that matter */
#define LEFT 190
#define RIGHT 710
#define WIDTH 900
#define STEP 22
#define TOP 60

/* A place on a lifeline: every sending, arrival and change of state has a row of its own, in the order of time. */
struct place {
  uint64_t time;
  uint32_t rung;
  bool arrival;
};

static int place_order(const void *a, const void *b) {
  const struct place *x = a, *y = b;
  if (x->time != y->time) return x->time < y->time ? -1 : 1;
  if (x->arrival != y->arrival) return x->arrival ? -1 : 1; /* what is sent at once answers what arrived */
  return x->rung < y->rung ? -1 : x->rung > y->rung;
}

static bool shown(const struct ladder *l, const struct ladder_rung *r) {
  return l->count <= ALL_MAX || ladder_matters(r);
}

/* Rows of both ends of each rung, row[2 * i] its start and row[2 * i + 1] its end; returns how many rows. */
static uint32_t lay_out(const struct ladder *l, uint32_t *row) {
  struct place *places = malloc((2u * l->count + 1u) * sizeof *places);
  if (places == NULL) return 0;
  uint32_t n = 0;
  for (uint32_t i = 0; i < l->count; i++) {
    const struct ladder_rung *r = &l->rungs[i];
    if (!shown(l, r)) continue;
    if (r->sent) places[n++] = (struct place){.time = r->sent_at, .rung = i};
    if (r->arrived) places[n++] = (struct place){.time = r->arrived_at, .rung = i, .arrival = true};
  }
  qsort(places, n, sizeof *places, place_order);
  for (uint32_t p = 0; p < n; p++) row[2 * places[p].rung + (places[p].arrival ? 1u : 0u)] = p;
  free(places);
  for (uint32_t i = 0; i < l->count; i++) {
    const struct ladder_rung *r = &l->rungs[i];
    if (!r->sent) row[2 * i] = row[2 * i + 1];
    if (!r->arrived) row[2 * i + 1] = row[2 * i];
  }
  return n;
}

static unsigned y_of(uint32_t row) { return TOP + STEP * (row + 1u); }

static void draw_end(FILE *out, const struct ladder *l, const struct ladder_rung *r, uint8_t side, uint64_t at,
                     uint32_t row) {
  int x = side == 0 ? LEFT - 8 : RIGHT + 8;
  const char *anchor = side == 0 ? "end" : "start";
  int far = side == 0 ? 8 : WIDTH - 8;
  (void)fprintf(out, "<text class=\"time\" x=\"%d\" y=\"%u\" text-anchor=\"%s\">%.3f</text>\n", far, y_of(row) + 4u,
                side == 0 ? "start" : "end", (double)(at - l->origin) / 1000.0);
  if (r->changed[side])
    (void)fprintf(out, "<text class=\"state\" x=\"%d\" y=\"%u\" text-anchor=\"%s\">%s</text>\n", x, y_of(row) + 4u,
                  anchor, ladder_state(r->state[side]));
}

static void draw_segment(FILE *out, const struct ladder *l, const struct ladder_rung *r, const uint32_t *row) {
  char label[160];
  ladder_label(&r->what, label, sizeof label);
  bool gone = ladder_gone(l, r);
  int from = r->from == 0 ? LEFT : RIGHT, to = r->from == 0 ? RIGHT : LEFT;
  if (gone) to = from + (to - from) * 3 / 5;
  const char *kind = gone ? "lost" : r->sent || !l->both ? "way" : "copy";
  (void)fprintf(out, "<line class=\"%s\" x1=\"%d\" y1=\"%u\" x2=\"%d\" y2=\"%u\" marker-end=\"url(#%s)\"/>\n", kind,
                from, y_of(row[0]), to, y_of(row[1]), gone ? "cross" : "head");
  (void)fprintf(out,
                "<text class=\"label\" x=\"%d\" y=\"%u\" text-anchor=\"%s\">%s <tspan font-style=\"italic\">%s</tspan>"
                "</text>\n",
                r->from == 0 ? LEFT + 10 : RIGHT - 10, y_of(row[0]) - 4u, r->from == 0 ? "start" : "end", label,
                ladder_note(l, r));
}

static void draw_rung(FILE *out, const struct ladder *l, const struct ladder_rung *r, const uint32_t *row) {
  if (r->segment) draw_segment(out, l, r, row);
  if (r->sent) draw_end(out, l, r, r->from, r->sent_at, row[0]);
  if (r->segment && r->arrived) draw_end(out, l, r, (uint8_t)(1 - r->from), r->arrived_at, row[1]);
}

static void draw_frame(FILE *out, const struct ladder *l, unsigned height) {
  (void)fprintf(out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\" "
                "font-family=\"sans-serif\" font-size=\"12\">\n<style>line{stroke:#246;stroke-width:1.3}"
                ".lost{stroke:#b22}.copy{stroke-dasharray:5 "
                "4}.life{stroke:#999;stroke-width:2}.time{fill:#777;font-size:11px}"
                ".state{font-weight:bold}.label{font-family:monospace;font-size:11px;paint-order:stroke;stroke:#fff;"
                "stroke-width:3px}</style>\n",
                WIDTH, height, WIDTH, height);
  (void)fputs(
      "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
      "orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#246\"/></marker><marker id=\"cross\" viewBox=\"0 0 8 8\" "
      "refX=\"4\" refY=\"4\" markerWidth=\"9\" markerHeight=\"9\" orient=\"auto\"><path d=\"M0 0L8 8M8 0L0 8\" "
      "stroke=\"#b22\" stroke-width=\"1.5\"/></marker></defs>\n",
      out);
  (void)fprintf(out, "<rect width=\"%d\" height=\"%u\" fill=\"#fff\"/>\n", WIDTH, height);
  for (int side = 0; side < 2; side++) {
    int x = side == 0 ? LEFT : RIGHT;
    (void)fprintf(out, "<text x=\"%d\" y=\"30\" text-anchor=\"middle\" font-size=\"15\">%s</text>\n", x, l->name[side]);
    (void)fprintf(out, "<line class=\"life\" x1=\"%d\" y1=\"40\" x2=\"%d\" y2=\"%u\"/>\n", x, x, height - 10);
  }
  (void)fputs("<text class=\"time\" x=\"8\" y=\"30\">ms</text>\n", out);
}

bool ladder_svg(const struct ladder *l, const char *path) {
  uint32_t *row = calloc(2u * l->count + 2u, sizeof *row);
  FILE *out = row == NULL ? NULL : fopen(path, "w");
  if (out == NULL) {
    free(row);
    return false;
  }
  uint32_t rows = lay_out(l, row);
  draw_frame(out, l, y_of(rows) + 20u);
  for (uint32_t i = 0; i < l->count; i++)
    if (shown(l, &l->rungs[i])) draw_rung(out, l, &l->rungs[i], row + 2 * i);
  (void)fputs("</svg>\n", out);
  free(row);
  bool written = ferror(out) == 0;
  return (fclose(out) == 0) && written;
}
