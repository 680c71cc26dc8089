/* Every kind of segment in every state, beside what RFC 9293 and RFC 5961 say of it: rfc9293.txt, row by row. */
#include "../support/sim.h"
#include "../support/start.h"
#include "../support/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "tests/matrix/rfc9293.txt"
#define WND 30000u                   /* SEG.WND */
#define SOON (500 * MS - 1)          /* MUST-40: less than 0.5 seconds */
#define MSL (120 * (uint64_t)SECOND) /* as in struct sim_options */
#define NAME 200                     /* octets of the name of a test */
#define COMPLAINTS 6                 /* of one row */

static struct table table;

/* Sequence numbers that stay small, and such that wrap in the middle of what happens. */
static const struct { uint32_t iss, irs; } numberings[] = {{100, 300}, {0xffffff00u, 0xffffffb0u}};
#define NUMBERINGS (sizeof numberings / sizeof numberings[0])

struct try {
  const struct start *at;
  const struct kind *k;
  const char *seq, *ack;
};

/* One segment and what became of it. */
struct seen {
  struct sim *s;
  struct vtcp_status before, after;
  uint32_t seq, ack, len; /* SEG */
  unsigned events[8];
  const struct sim_record *answer; /* the first, or NULL */
  size_t at_once, in_all;
  bool rearmed; /* the 2 MSL timeout has been started, or started again */
};

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* ---- what vtcp does ---- */

static void meet(struct seen *n, const struct try *t) {
  struct sim *s = n->s;
  sim_run(s, 100 * MS); /* so that a timer that starts again shows */
  struct sim_end *x = &s->end[A];
  n->before = sim_status(s, A);
  memset(x->events, 0, sizeof x->events);
  n->seq = start_seq(&n->before, t->k, t->seq);
  n->ack = start_ack(&n->before, t->ack);
  n->len = t->k->len;
  size_t trace = s->trace_len + 1; /* the segment itself is in the trace */
  inject(s, A, t->k->flags, n->seq, n->ack, t->k->text, .wnd = WND);
  n->at_once = s->trace_len - trace;
  n->after = sim_status(s, A);
  n->rearmed = n->after.state == VTCP_TIME_WAIT && vtcp_deadline(&x->c) == s->now + 2 * MSL;
  memcpy(n->events, x->events, sizeof n->events);
  sim_run(s, SOON);
  n->in_all = s->trace_len - trace;
  n->answer = n->in_all > 0 ? &s->trace[trace] : NULL;
}

/* ---- is it what the row says? ---- */

static bool answer_is(const struct seen *n, const char *flags, uint32_t seq, uint32_t ack) {
  const struct sim_record *r = n->answer;
  return r->flags == sim_flags(flags) && r->seq == seq && r->ack == ack && r->len == 0;
}

static bool answer_right(const struct seen *n, const char *want) {
  uint32_t nxt = n->after.rcv_nxt;
  if (is(want, "-")) return n->in_all == 0;
  if (is(want, "ACK?") && n->in_all == 0) return true;
  if (n->in_all != 1) return false;
  if (is(want, "ACK~") || is(want, "ACK?")) return answer_is(n, "ACK", n->before.snd_nxt, nxt);
  if (n->at_once != 1) return false;
  if (is(want, "ACK")) return answer_is(n, "ACK", n->before.snd_nxt, nxt);
  if (is(want, "RST")) return answer_is(n, "RST", n->ack, 0);
  if (is(want, "RST+ACK")) return answer_is(n, "RST,ACK", 0, n->seq + n->len);
  if (is(want, "SYN+ACK")) return answer_is(n, "SYN,ACK", n->after.iss, nxt);
  fail_msg("no such answer: %s", want);
  return false;
}

static bool one_of(const char *list, const char *word) {
  size_t n = strlen(word);
  for (const char *p = strstr(list, word); p != NULL; p = strstr(p + 1, word))
    if ((p == list || p[-1] == '+') && (p[n] == '\0' || p[n] == '+')) return true;
  return false;
}

/* Each event exactly as often as the row says: once or not at all. */
static bool told_right(const struct seen *n, const char *want) {
  enum vtcp_outcome how = one_of(want, "closed")    ? VTCP_OUTCOME_CLOSED
                          : one_of(want, "reset")   ? VTCP_OUTCOME_RESET
                          : one_of(want, "refused") ? VTCP_OUTCOME_REFUSED
                                                    : VTCP_OUTCOME_NONE;
  unsigned due[8] = {[VTCP_EVENT_ESTABLISHED] = one_of(want, "est"),
                     [VTCP_EVENT_DATA] = one_of(want, "data"),
                     [VTCP_EVENT_FIN] = one_of(want, "fin"),
                     [VTCP_EVENT_SPACE] = one_of(want, "ok"),
                     [VTCP_EVENT_ENDED] = how != VTCP_OUTCOME_NONE};
  if (memcmp(due, n->events, sizeof due) != 0) return false;
  bool free = one_of(want, "2msl?");
  if (n->before.state == VTCP_TIME_WAIT && !free && n->rearmed != one_of(want, "2msl")) return false;
  if (n->before.state != VTCP_TIME_WAIT && n->after.state == VTCP_TIME_WAIT && !n->rearmed) return false;
  return n->before.state == VTCP_CLOSED || n->after.outcome == (int32_t)how;
}

/* A column of SND.UNA, RCV.NXT or SND.WND. */
static bool number_right(const struct seen *n, const char *want, uint32_t before, uint32_t after) {
  if (is(want, ".")) return true;
  if (is(want, "=")) return after == before;
  if (is(want, "ack")) return after == n->ack;
  if (is(want, "iss")) return after == n->after.iss;
  if (is(want, "new")) return after == WND;
  if (want[0] == '+') return after == before + (uint32_t)strtoul(want + 1, NULL, 10);
  if (strncmp(want, "seq+", 4) == 0) return after == n->seq + (uint32_t)strtoul(want + 4, NULL, 10);
  fail_msg("no such value: %s", want);
  return false;
}

/* What no row says and what holds in all of them. */
static bool rest_right(const struct seen *n) {
  if (n->after.state <= VTCP_LISTEN) return true;
  if (n->before.state > VTCP_SYN_SENT && n->after.irs != n->before.irs) return false;
  uint32_t nxt = n->before.state == VTCP_LISTEN ? n->after.iss + 1 : n->before.snd_nxt;
  uint32_t iss = n->after.state == VTCP_SYN_RECEIVED ? n->s->end[A].iss : n->before.iss;
  return n->after.snd_nxt == nxt && n->after.iss == iss;
}

/* The name of the first column that is wrong, or NULL. */
static const char *wrong(const struct seen *n, const struct outcome *o) {
  if (!is(o->state, sim_state_name(n->after.state))) return "state";
  if (!answer_right(n, o->answer)) return "answer";
  if (!told_right(n, o->tell)) return "tell";
  if (!number_right(n, o->una, n->before.snd_una, n->after.snd_una)) return "una";
  if (!number_right(n, o->nxt, n->before.rcv_nxt, n->after.rcv_nxt)) return "nxt";
  if (!number_right(n, o->wnd, n->before.snd_wnd, n->after.snd_wnd)) return "wnd";
  return rest_right(n) ? NULL : "SND.NXT, ISS or IRS";
}

static void print_seen(const struct row *r, const struct try *t, const struct seen *n, const char *column) {
  static const char *const names[] = {"", "est", "urgent", "data", "fin", "space", "warning", "ended"};
  fprintf(stderr,
          "%s:%u: %s, %s, seq %s (%u), ack %s (%u): %s is wrong.\n  seen: %s, SND.UNA %u to %u, RCV.NXT %u to "
          "%u, SND.WND %u to %u, outcome %d, told",
          table.path, r->line, t->at->name, t->k->name, t->seq, n->seq, t->ack, n->ack, column,
          sim_state_name(n->after.state), n->before.snd_una, n->after.snd_una, n->before.rcv_nxt, n->after.rcv_nxt,
          n->before.snd_wnd, n->after.snd_wnd, (int)n->after.outcome);
  for (size_t i = 1; i < 8; i++)
    if (n->events[i] > 0) fprintf(stderr, " %s", names[i]);
  fprintf(stderr, "%s, %zu segments at once, %zu in all", n->rearmed ? " 2msl" : "", n->at_once, n->in_all);
  if (n->answer != NULL)
    fprintf(stderr, ": flags %#x seq %u ack %u len %u", n->answer->flags, n->answer->seq, n->answer->ack,
            n->answer->len);
  fprintf(stderr, "\n  the row: %s %s %s %s %s %s (%s)\n", r->vtcp.state, r->vtcp.answer, r->vtcp.tell, r->vtcp.una,
          r->vtcp.nxt, r->vtcp.wnd, r->section);
}

/* ---- the cases of a row ---- */

/* False: it is not as the row says; the first few are told. Deviations that are known are not. */
static bool try_once(const struct row *r, const struct try *t, size_t numbering, unsigned complaints) {
  struct seen n = {.s = sim_new()};
  start_reach(n.s, t->at, numberings[numbering].iss, numberings[numbering].irs);
  meet(&n, t);
  const char *column = wrong(&n, r->mark == '?' ? &r->rfc : &r->vtcp);
  if (column != NULL && r->mark != '?' && complaints < COMPLAINTS) print_seen(r, t, &n, column);
  const char *still = r->mark == '?' && column != NULL ? wrong(&n, &r->vtcp) : NULL;
  if (still != NULL) print_seen(r, t, &n, still);
  sim_free(n.s);
  if (still != NULL) fail_msg("line %u: neither what the RFC says nor the deviation that is known", r->line);
  return column == NULL;
}

static bool row_has(const struct row *r, const struct try *t) {
  return table_matches(&table, r->start, t->at->name) && table_matches(&table, r->flags, t->k->name) &&
         table_matches(&table, r->seq, t->seq) && table_matches(&table, r->ack, t->ack);
}

typedef void visit(const struct try *t, void *context);

static void each_ack(struct try *t, visit *f, void *context) {
  if (strstr(t->k->flags, "ACK") == NULL) {
    t->ack = "-";
    f(t, context);
    return;
  }
  for (size_t i = 0; i < START_WORDS && t->at->acks[i] != NULL; i++) {
    t->ack = t->at->acks[i];
    f(t, context);
  }
}

static void each_try(visit *f, void *context) {
  for (size_t i = 0; i < start_count; i++)
    for (size_t j = 0; j < kind_count; j++)
      for (size_t k = 0; k < START_WORDS && starts[i].seqs[k] != NULL; k++) {
        struct try t = {&starts[i], &kinds[j], starts[i].seqs[k], NULL};
        if (start_has_seq(t.at, t.k, t.seq)) each_ack(&t, f, context);
      }
}

struct tally {
  const struct row *row;
  unsigned cases, bad;
};

static void visit_row(const struct try *t, void *context) {
  struct tally *y = context;
  if (!row_has(y->row, t)) return;
  for (size_t i = 0; i < NUMBERINGS; i++) {
    y->cases++;
    if (!try_once(y->row, t, i, y->bad)) y->bad++;
  }
}

static void row_holds(void **state) {
  const struct row *r = *state;
  struct tally y = {.row = r};
  each_try(visit_row, &y);
  if (y.cases == 0) fail_msg("line %u: no case is in this row", r->line);
  if (r->mark == '?' && y.bad > 0) skip();
  if (r->mark == '?') fail_msg("line %u: mended; the mark can go", r->line);
  if (y.bad > 0) fail_msg("line %u: %u of %u cases differ", r->line, y.bad, y.cases);
}

/* ---- the table as a whole ---- */

struct cover {
  unsigned cases, none, many;
};

static void visit_cover(const struct try *t, void *context) {
  struct cover *c = context;
  unsigned lines[2] = {0, 0}, n = 0;
  for (size_t i = 0; i < table.row_count; i++)
    if (row_has(&table.rows[i], t)) lines[n++ % 2] = table.rows[i].line;
  c->cases++;
  c->none += n == 0;
  c->many += n > 1;
  if (n != 1)
    fprintf(stderr, "%s, %s, seq %s, ack %s: in %u rows (%u, %u)\n", t->at->name, t->k->name, t->seq, t->ack, n,
            lines[0], lines[1]);
}

static void every_case_is_in_one_row(void **state) {
  (void)state;
  struct cover c = {0};
  each_try(visit_cover, &c);
  if (c.none + c.many > 0) fail_msg("of %u cases %u are in no row, %u in several", c.cases, c.none, c.many);
}

/* ---- RFC 5961 s7: challenge acknowledgments are limited ---- */

/* At most 10 in any 5 seconds, the RFC's example, whatever draws them out; and they do not cease. */
static void challenges_are_limited(void **state) {
  static const struct {
    const char *flags;
    uint32_t seq, ack;
  } draws[] = {{"RST", 401, 0}, {"SYN", 301, 0}, {"SYN,ACK", 300, 101}, {"ACK", 301, 102}, {"ACK", 200, 101}};
  (void)state;
  for (size_t i = 0; i < sizeof draws / sizeof draws[0]; i++) {
    struct sim *s = sim_new();
    sim_reach(s, (struct sim_options){0}, VTCP_ESTABLISHED);
    unsigned sent[20] = {0}; /* in each second */
    for (unsigned k = 0; k < 2000; k++) {
      size_t trace = s->trace_len + 1;
      inject(s, A, draws[i].flags, draws[i].seq, draws[i].ack, 0);
      sent[k / 100] += (unsigned)(s->trace_len - trace);
      sim_run(s, 10 * MS);
    }
    expect_state(s, A, VTCP_ESTABLISHED);
    assert_true(sent[0] >= 1);
    for (size_t k = 0; k + 5 <= 20; k++) {
      unsigned five = sent[k] + sent[k + 1] + sent[k + 2] + sent[k + 3] + sent[k + 4];
      if (five < 1 || five > 10) fail_msg("%s: %u from second %zu to %zu", draws[i].flags, five, k, k + 5);
    }
    sim_free(s);
  }
}

/* ---- the program ---- */

static void name_of(const struct row *r, char *name, size_t size) {
  int n = snprintf(name, size, "line %u: %s, %s, seq %s, ack %s", r->line, r->start, r->flags, r->seq, r->ack);
  if (r->mark == '?' && n > 0 && (size_t)n < size) snprintf(name + n, size - (size_t)n, ": %s", r->reason);
}

/* Departures are told at each run: one line for each reason. run.py passes lines with "note:" on. */
static void print_departures(void) {
  for (size_t i = 0; i < table.row_count; i++) {
    const struct row *r = &table.rows[i];
    bool first = r->mark == '!';
    unsigned rows = 0;
    for (size_t j = 0; j < table.row_count && first; j++) {
      bool same = table.rows[j].mark == '!' && is(table.rows[j].reason, r->reason);
      if (same && j < i) first = false;
      rows += same;
    }
    if (first)
      printf("# note: %u row%s from the RFC's text: %s\n", rows, rows == 1 ? " departs" : "s depart", r->reason);
  }
}

/* A test for each row, after those of the table as a whole. */
static int run_rows(struct CMUnitTest *tests, char *names) {
  size_t n = 0;
  tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_case_is_in_one_row);
  tests[n++] = (struct CMUnitTest)cmocka_unit_test(challenges_are_limited);
  for (size_t i = 0; i < table.row_count; i++) {
    name_of(&table.rows[i], names + i * NAME, NAME);
    tests[n++] = (struct CMUnitTest){names + i * NAME, row_holds, NULL, NULL, &table.rows[i]};
  }
  return _cmocka_run_group_tests("rfc9293", tests, n, NULL, NULL);
}

int main(int argc, char **argv) {
  if (argc > 2 || !table_read(&table, argc > 1 ? argv[1] : TABLE)) {
    fprintf(stderr, "usage: %s [TABLE]   (without it, from the root of the tree: %s)\n", argv[0], TABLE);
    return 2;
  }
  struct cover c = {0};
  each_try(visit_cover, &c);
  printf("# %zu rows, %u cases, each with %zu choices of sequence numbers\n", table.row_count, c.cases, NUMBERINGS);
  print_departures();
  fflush(stdout);
  struct CMUnitTest *tests = calloc(table.row_count + 2, sizeof *tests);
  char *names = calloc(table.row_count, NAME);
  int failed = tests != NULL && names != NULL ? run_rows(tests, names) : 2;
  free(names);
  free(tests);
  table_free(&table);
  return failed;
}
