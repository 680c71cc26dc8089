#include "ladder.h"

#include <stdlib.h>
#include <string.h>

#include "faults.h"

const char *ladder_state(uint8_t state) {
  static const char *const names[] = {"CLOSED",      "LISTEN",     "SYN-SENT",   "SYN-RECEIVED",
                                      "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
                                      "CLOSING",     "LAST-ACK",   "TIME-WAIT"};
  return state < sizeof names / sizeof *names ? names[state] : "";
}

static void append(char *text, size_t cap, const char *more) {
  size_t used = strlen(text);
  (void)snprintf(text + used, cap - used, "%s", more);
}

static void append_number(char *text, size_t cap, bool there, const char *name, uint32_t value) {
  size_t used = strlen(text);
  if (there) (void)snprintf(text + used, cap - used, " %s=%u", name, (unsigned)value);
}

void ladder_label(const struct trace_record *r, char *text, size_t cap) {
  static const struct {
    uint16_t bit;
    const char *name;
  } bits[] = {{VTCP_SYN, "SYN"}, {VTCP_FIN, "FIN"}, {VTCP_RST, "RST"}, {VTCP_PSH, "PSH"}, {VTCP_ACK, "ACK"}};
  text[0] = '\0';
  for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
    if (!(r->flags & bits[i].bit)) continue;
    if (text[0] != '\0') append(text, cap, "+");
    append(text, cap, bits[i].name);
  }
  append_number(text, cap, true, "seq", r->seq);
  append_number(text, cap, (r->flags & VTCP_ACK) != 0, "ack", r->ack);
  append_number(text, cap, r->len > 0, "len", r->len);
  append_number(text, cap, true, "wnd", r->wnd);
  append_number(text, cap, r->has_mss, "mss", r->mss);
  append_number(text, cap, r->has_wscale, "ws", r->wscale);
}

bool ladder_matters(const struct ladder_rung *r) {
  return !r->segment || r->changed[0] || r->changed[1] || (r->what.flags & (VTCP_SYN | VTCP_FIN | VTCP_RST)) != 0;
}

bool ladder_gone(const struct ladder *l, const struct ladder_rung *r) {
  return r->segment && !r->arrived && (l->both || (r->what.fate & FATE_LOST) != 0);
}

const char *ladder_note(const struct ladder *l, const struct ladder_rung *r) {
  if (ladder_gone(l, r)) return r->what.fate & FATE_CORRUPTED ? "corrupted" : "lost";
  if (l->both && !r->sent) return "duplicate";
  return r->what.fate & FATE_REORDERED ? "held back" : "";
}

/* One trace and which of its records have found their place. */
struct reader {
  const struct trace *trace;
  uint32_t kept;
  uint8_t *used;
};

static bool reader_init(struct reader *r, const struct trace *t) {
  *r = (struct reader){.trace = t, .kept = t == NULL ? 0 : trace_kept(t)};
  r->used = calloc(r->kept + 1u, 1);
  return r->used != NULL;
}

/* The first record that is not earlier than time. */
static uint32_t reader_seek(const struct reader *r, uint64_t time) {
  uint32_t low = 0, high = r->kept;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (trace_get(r->trace, middle)->time < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The first unused record from time on with this kind, side (-1: any) and value (entry of TRACE_LEFT, else print).
   Equal datagrams leave and arrive in the same order, so the first is the right one. */
static const struct trace_record *reader_match(struct reader *r, uint64_t time, enum trace_kind kind, int side,
                                               uint64_t value) {
  for (uint32_t i = reader_seek(r, time); i < r->kept; i++) {
    const struct trace_record *t = trace_get(r->trace, i);
    if (r->used[i] || t->kind != kind || (side >= 0 && t->side != side)) continue;
    if ((kind == TRACE_LEFT ? t->entry : t->print) != value) continue;
    r->used[i] = 1;
    return t;
  }
  return NULL;
}

struct builder {
  struct ladder *ladder;
  uint32_t room;
  struct reader ends[2], path;
};

static struct ladder_rung *rung_add(struct builder *b) {
  struct ladder *l = b->ladder;
  if (l->count == b->room) {
    uint32_t room = 2 * b->room + 64;
    struct ladder_rung *more = realloc(l->rungs, room * sizeof *more);
    if (more == NULL) return NULL;
    l->rungs = more;
    b->room = room;
  }
  struct ladder_rung *r = &l->rungs[l->count++];
  *r = (struct ladder_rung){.state = {LADDER_UNKNOWN, LADDER_UNKNOWN}};
  return r;
}

/* The arrival of a datagram that came out of the path; its state is the receiver's after it. */
static void rung_arrives(struct builder *b, struct ladder_rung *r, const struct trace_record *left) {
  const struct trace_record *t = reader_match(&b->ends[1 - r->from], left->time, TRACE_RECEIVED, -1, left->print);
  if (t == NULL) return;
  r->arrived = true;
  r->arrived_at = t->time;
  r->state[1 - r->from] = t->state;
}

/* The second arrival of a duplicated datagram. */
static bool add_copy(struct builder *b, uint8_t side, const struct trace_record *t, const struct trace_record *left) {
  struct ladder_rung *r = rung_add(b);
  if (r == NULL) return false;
  r->segment = true;
  r->from = side;
  r->what = *t;
  r->what.fate = FATE_DUPLICATED;
  rung_arrives(b, r, left);
  if (!r->arrived) b->ladder->count--;
  return true;
}

/* A segment that side sent, and what became of it. */
static bool add_sent(struct builder *b, uint8_t side, const struct trace_record *t) {
  struct ladder_rung *r = rung_add(b);
  if (r == NULL) return false;
  r->segment = r->sent = true;
  r->from = side;
  r->sent_at = t->time;
  r->what = *t;
  r->state[side] = t->state;
  const struct trace_record *entered = reader_match(&b->path, t->time, TRACE_ENTERED, side, t->print);
  if (entered == NULL) return true;
  uint64_t entry = entered->entry;
  r->what.fate = entered->fate;
  if (entered->fate & FATE_LOST) return true;
  const struct trace_record *left = reader_match(&b->path, entered->time, TRACE_LEFT, side, entry);
  if (left == NULL) return true;
  rung_arrives(b, r, left);
  if (!(entered->fate & FATE_DUPLICATED)) return true;
  left = reader_match(&b->path, entered->time, TRACE_LEFT, side, entry);
  return left == NULL || add_copy(b, side, t, left);
}

/* One end seen alone: what it received came from the other side at an unknown time. */
static bool add_received(struct builder *b, uint8_t side, const struct trace_record *t) {
  struct ladder_rung *r = rung_add(b);
  if (r == NULL) return false;
  r->segment = r->arrived = true;
  r->from = (uint8_t)(1 - side);
  r->arrived_at = t->time;
  r->what = *t;
  r->state[side] = t->state;
  return true;
}

static bool add_end(struct builder *b, uint8_t side) {
  struct reader *end = &b->ends[side];
  for (uint32_t i = 0; i < end->kept; i++) {
    const struct trace_record *t = trace_get(end->trace, i);
    bool added = true;
    if (t->kind == TRACE_SENT) {
      added = add_sent(b, side, t);
    } else if (t->kind == TRACE_RECEIVED && !b->ladder->both) {
      added = add_received(b, side, t);
    } else if (t->kind == TRACE_STATE) {
      struct ladder_rung *r = rung_add(b);
      added = r != NULL;
      if (added)
        *r = (struct ladder_rung){.from = side,
                                  .sent = true,
                                  .sent_at = t->time,
                                  .what = *t,
                                  .state = {LADDER_UNKNOWN, LADDER_UNKNOWN}};
      if (added) r->state[side] = t->state;
    }
    if (!added) return false;
  }
  return true;
}

static uint64_t rung_time(const struct ladder_rung *r) { return r->sent ? r->sent_at : r->arrived_at; }

static int rung_order(const void *a, const void *b) {
  uint64_t x = rung_time(a), y = rung_time(b);
  return x < y ? -1 : x > y;
}

/* One observation of a state at a side, to tell where it changed in the order of time. */
struct sight {
  uint64_t time;
  uint32_t rung;
};

static int sight_order(const void *a, const void *b) {
  const struct sight *x = a, *y = b;
  if (x->time != y->time) return x->time < y->time ? -1 : 1;
  return x->rung < y->rung ? -1 : x->rung > y->rung;
}

static bool mark_changes(struct ladder *l, uint8_t side) {
  struct sight *sights = malloc((l->count + 1u) * sizeof *sights);
  if (sights == NULL) return false;
  uint32_t n = 0;
  for (uint32_t i = 0; i < l->count; i++) {
    const struct ladder_rung *r = &l->rungs[i];
    if (r->state[side] == LADDER_UNKNOWN) continue;
    sights[n++] = (struct sight){.time = r->from == side ? r->sent_at : r->arrived_at, .rung = i};
  }
  qsort(sights, n, sizeof *sights, sight_order);
  uint8_t last = LADDER_UNKNOWN;
  for (uint32_t i = 0; i < n; i++) {
    struct ladder_rung *r = &l->rungs[sights[i].rung];
    r->changed[side] = r->state[side] != last;
    last = r->state[side];
  }
  free(sights);
  return true;
}

/* A change of state that a segment shows too needs no rung of its own. */
static void drop_unchanged(struct ladder *l) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < l->count; i++)
    if (l->rungs[i].segment || l->rungs[i].changed[0] || l->rungs[i].changed[1]) l->rungs[n++] = l->rungs[i];
  l->count = n;
}

bool ladder_build(struct ladder *l, const struct trace *left, const struct trace *right, const struct trace *path) {
  *l = (struct ladder){.name = {"client", "server"}, .both = left != NULL && right != NULL};
  struct builder b = {.ladder = l};
  bool built = reader_init(&b.ends[0], left) && reader_init(&b.ends[1], right) && reader_init(&b.path, path) &&
               add_end(&b, 0) && add_end(&b, 1);
  free(b.ends[0].used);
  free(b.ends[1].used);
  free(b.path.used);
  if (built && l->count > 0) {
    qsort(l->rungs, l->count, sizeof *l->rungs, rung_order);
    l->origin = rung_time(&l->rungs[0]);
    built = mark_changes(l, 0) && mark_changes(l, 1);
    drop_unchanged(l);
  }
  if (!built) ladder_free(l);
  return built;
}

void ladder_free(struct ladder *l) {
  free(l->rungs);
  l->rungs = NULL;
  l->count = 0;
}
