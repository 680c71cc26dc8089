/*
 * Random runs of two endpoints in virtual time: random configurations, faults, applications and attackers.
 * After every step: what was read is a prefix of what was written, and the invariants of tests/support/sim.c hold.
 * At the end of a fair run: everything was delivered, both streams came to their end, both sides are CLOSED.
 *
 *   soak [--runs N] [--seed S] [--run K]     K: only this one, with its whole trace
 */
#include "../support/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STALL (2 * 3600 * (uint64_t)SECOND) /* without progress this long, a fair run is stuck */
#define HARSH_TIME (3000 * (uint64_t)SECOND)
#define STEPS_MAX 3000000u
#define FAILURES_MAX 10

struct app {
  uint32_t total;     /* octets to write */
  uint32_t write_max; /* at a time */
  uint32_t read_max;
  uint64_t pace;        /* between two looks at the connection, at most */
  uint64_t close_after; /* not before this time */
  uint64_t next_at;
  uint64_t idle, looked; /* grows while nothing changes; the measure of progress at the last look */
  uint32_t lazy;         /* thousandths: it stops reading for a while, or does not call in time */
};

struct run {
  struct sim *s;
  struct app app[2];
  bool harsh;  /* aborts, dead paths and user timeouts: completion is not promised */
  bool attack; /* a blind attacker sends segments */
  bool both_open;
  uint64_t began, attack_at;
  uint64_t seen, seen_at; /* a measure of progress, and when it last grew */
};

struct totals {
  uint64_t runs, harsh, attacked, both_open, segments, octets, fates[6], retransmitted, challenged, hours;
};

/* ---- what a run is like ---- */

static uint32_t log_random(struct sim *s, uint32_t least, uint32_t most) {
  uint32_t bits = 1;
  while (bits < 31 && (most >> bits) != 0) bits++;
  uint32_t top = (uint32_t)1 << sim_below(s, bits + 1);
  uint32_t n = (uint32_t)sim_below(s, (uint64_t)top + 1);
  return n < least ? least : n > most ? most : n;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static bool chance(struct sim *s, uint32_t thousandths) { return sim_below(s, 1000) < thousandths; }

static uint32_t random_isn(struct sim *s) {
  uint32_t isn = (uint32_t)sim_random(s);
  if (chance(s, 500)) isn = UINT32_MAX - (uint32_t)sim_below(s, 50000);
  return isn == 0 ? 1 : isn;
}

static struct sim_options random_options(struct run *r) {
  struct sim *s = r->s;
  struct sim_options o = {0};
  o.iss = random_isn(s);
  o.snd_cap = log_random(s, 1, chance(s, 100) ? 1u << 20 : 65535);
  o.rcv_cap = log_random(s, 1, chance(s, 100) ? 1u << 20 : 65535);
  o.mss = (uint16_t)log_random(s, 64, chance(s, 100) ? 9000 : 1460);
  o.window_scale = chance(s, 700);
  do o.window_shift = (uint16_t)sim_below(s, 15);
  while (o.window_shift > 0 && (1u << o.window_shift) > o.rcv_cap / 4);
  o.nagle = chance(s, 500);
  o.msl = 1 + sim_below(s, chance(s, 500) ? 5 * SECOND : 120 * SECOND);
  static const uint64_t rto_min[] = {1 * MS, 200 * MS, 1 * SECOND};
  o.rto_min = rto_min[sim_below(s, 3)];
  if (r->harsh && chance(s, 700)) o.user_timeout = 1 + sim_below(s, 200 * SECOND);
  if (r->harsh && chance(s, 300)) o.keepalive = 1 + sim_below(s, 20 * SECOND);
  return o;
}

static void random_faults(struct sim *s) {
  s->latency[A] = sim_below(s, chance(s, 500) ? 1 * MS : 200 * MS);
  s->latency[B] = chance(s, 500) ? s->latency[A] : sim_below(s, 200 * MS);
  if (chance(s, 300)) return;
  s->faults.loss = (uint32_t)sim_below(s, chance(s, 500) ? 50 : 300);
  s->faults.twice = (uint32_t)sim_below(s, chance(s, 500) ? 20 : 200);
  s->faults.late = (uint32_t)sim_below(s, chance(s, 500) ? 50 : 300);
  s->faults.corrupt = (uint32_t)sim_below(s, chance(s, 500) ? 20 : 100);
  s->faults.late_by = sim_below(s, chance(s, 500) ? 50 * MS : 3 * SECOND);
}

static void random_app(struct run *r, enum side e) {
  struct sim *s = r->s;
  struct app *a = &r->app[e];
  a->total = log_random(s, 0, 60000);
  a->write_max = log_random(s, 1, 20000);
  a->read_max = log_random(s, 1, 20000);
  a->pace = 1 + log_random(s, 0, chance(s, 800) ? 50 * MS : 2 * SECOND);
  a->lazy = chance(s, 300) ? (uint32_t)sim_below(s, 100) : 0;
  a->next_at = s->now + sim_below(s, a->pace);
  a->close_after = s->now + (chance(s, 700) ? 0 : sim_below(s, 20 * SECOND));
}

static void limit_work(struct run *r) {
  for (int e = A; e <= B; e++) {
    const struct sim_end *x = &r->s->end[e], *y = &r->s->end[1 - e];
    uint32_t narrow = least(least(x->cfg.snd_cap, y->cfg.rcv_cap), least(r->app[e].write_max, r->app[1 - e].read_max));
    r->app[e].total = least(r->app[e].total, least(narrow, 1000) * 300);
  }
}

static void prepare(struct run *r) {
  struct sim *s = r->s;
  if (chance(s, 200)) s->now = chance(s, 500) ? 0 : VTCP_TIME_MAX - ((uint64_t)1 << 50);
  r->began = s->now;
  r->harsh = chance(s, 200);
  r->attack = chance(s, 250);
  r->both_open = chance(s, 250);
  sim_end_init(s, A, random_options(r));
  sim_end_init(s, B, random_options(r));
  random_faults(s);
  random_app(r, A);
  random_app(r, B);
  limit_work(r);
  r->attack_at = r->attack ? s->now : VTCP_NEVER;
  r->seen_at = s->now;
}

/* ---- the applications ---- */

static void check(struct run *r, bool good, const char *what, enum side e) {
  if (!good) sim_fail(r->s, __FILE__, __LINE__, "%c: %s", e == A ? 'A' : 'B', what);
}

static void app_write(struct run *r, enum side e) {
  struct sim *s = r->s;
  struct app *a = &r->app[e];
  size_t written = s->end[e].sent.len;
  enum vtcp_state state = sim_status(s, e).state;
  if (written < a->total && !s->end[e].closed && state >= VTCP_SYN_SENT) {
    uint32_t n = 1 + (uint32_t)sim_below(s, least(a->write_max, a->total - (uint32_t)written));
    uint32_t space = sim_status(s, e).send_space;
    int64_t taken = sim_write(s, e, n);
    check(r, taken == (int64_t)least(n, space), "vtcp_send took another number than STATUS says", e);
  }
  if (s->end[e].sent.len == a->total && !s->end[e].closed && s->now >= a->close_after && state >= VTCP_SYN_RECEIVED)
    check(r, sim_close(s, e) == VTCP_OK, "CLOSE is refused", e);
}

static void app_read(struct run *r, enum side e) {
  struct sim *s = r->s;
  uint32_t n = 1 + (uint32_t)sim_below(s, r->app[e].read_max);
  if (chance(s, 500))
    sim_consume(s, e, n);
  else
    sim_read(s, e, n);
}

/* Does not fetch output, or not call in time, until the next look. */
static void app_lazy(struct run *r, enum side e) {
  struct sim *s = r->s;
  struct sim_end *x = &s->end[e];
  x->hold = chance(s, 300);
  x->deaf = chance(s, 500);
  r->app[e].next_at = s->now + sim_below(s, chance(s, 900) ? 500 * MS : 100 * SECOND);
}

static void app_harsh(struct run *r, enum side e) {
  struct sim *s = r->s;
  if (chance(s, 3)) sim_abort(s, e);
  if (chance(s, 5)) s->cut[e] = !s->cut[e];
}

static void app_look(struct run *r, enum side e) {
  struct sim *s = r->s;
  struct sim_end *x = &s->end[e];
  struct app *a = &r->app[e];
  s->steps++;
  a->idle = a->looked != r->seen ? 0 : least((uint32_t)a->idle * 2 + 1, 5 * SECOND);
  a->looked = r->seen;
  a->next_at = s->now + 1 + sim_below(s, a->pace + a->idle);
  x->hold = x->deaf = false;
  sim_pump(s, e);
  if (chance(s, 100)) sim_timeout(s, e); /* early: harmless */
  if (r->harsh) app_harsh(r, e);
  if (chance(s, 800)) app_write(r, e);
  if (chance(s, 800)) app_read(r, e);
  if (chance(s, a->lazy)) app_lazy(r, e);
  if (sim_status(s, e).state == VTCP_CLOSED && (x->end_seen || sim_status(s, e).outcome > VTCP_OUTCOME_CLOSED))
    a->next_at = VTCP_NEVER;
}

/* ---- a blind attacker: forged segments that must change nothing (RFC 5961) ---- */

static void forge(struct run *r) {
  struct sim *s = r->s;
  static const char junk[200] = {'x', 'x', 'x'};
  r->attack_at = s->now + 1 + sim_below(s, 2 * SECOND);
  s->steps++;
  if (sim_status(s, A).state < VTCP_ESTABLISHED || sim_status(s, B).state < VTCP_ESTABLISHED) return;
  enum side to = chance(s, 500) ? A : B;
  struct vtcp_status t = sim_status(s, to);
  uint32_t near = t.rcv_nxt + (uint32_t)sim_below(s, 2u * t.rcv_wnd + 2) - t.rcv_wnd / 2;
  uint32_t seq = chance(s, 500) ? near : (uint32_t)sim_random(s);
  uint32_t beyond = t.snd_nxt + 1 + (uint32_t)sim_below(s, 1u << 30);
  uint32_t len = (uint32_t)sim_below(s, sizeof junk);
  switch (sim_below(s, 4)) {
  case 0:
    if (seq != t.rcv_nxt) inject(s, to, chance(s, 500) ? "RST" : "RST,ACK", seq, t.snd_nxt, 0);
    break;
  case 1: inject(s, to, chance(s, 500) ? "SYN" : "SYN,ACK", seq, t.snd_nxt, 0); break;
  case 2: inject(s, to, chance(s, 500) ? "ACK" : "FIN,ACK", seq, beyond, len, .text = junk); break;
  default: inject(s, to, "PSH", seq, 0, len, .text = junk); break; /* no ACK: dropped */
  }
}

/* ---- one run ---- */

static void start(struct run *r) {
  struct sim *s = r->s;
  if (!r->both_open) check(r, sim_listen(s, B) == VTCP_OK, "LISTEN is refused", B);
  check(r, sim_open(s, A) == VTCP_OK, "OPEN is refused", A);
  if (r->both_open) check(r, sim_open(s, B) == VTCP_OK, "OPEN is refused", B);
}

static bool over(const struct run *r) {
  const struct sim *s = r->s;
  if (r->app[A].next_at == VTCP_NEVER && r->app[B].next_at == VTCP_NEVER) return true;
  return r->harsh && s->now > r->began + HARSH_TIME;
}

static void watch(struct run *r) {
  struct sim *s = r->s;
  uint64_t seen = 0;
  for (int e = A; e <= B; e++) {
    struct vtcp_status t = sim_status(s, (enum side)e);
    seen +=
        s->end[e].got.len + s->end[e].sent.len + t.unread + (uint32_t)(t.snd_una - t.iss) + 1000u * (unsigned)t.state;
  }
  if (seen != r->seen) r->seen_at = s->now;
  r->seen = seen;
  if (!r->harsh && s->now - r->seen_at > STALL) check(r, false, "no progress", A);
  if (s->steps > STEPS_MAX) check(r, false, "too many steps", A);
}

static void play(struct run *r) {
  struct sim *s = r->s;
  start(r);
  while (!over(r)) {
    uint64_t a = r->app[A].next_at, b = r->app[B].next_at, n = sim_next(s);
    uint64_t at = a < b ? a : b;
    if (r->attack_at < at && r->attack_at < n) {
      s->now = r->attack_at > s->now ? r->attack_at : s->now;
      forge(r);
    } else if (at < n) {
      s->now = at > s->now ? at : s->now;
      app_look(r, at == a ? A : B);
    } else {
      sim_step(s, VTCP_NEVER - 1);
    }
    watch(r);
  }
}

/* MUST-12: when the last acknowledgments are lost until the peer's TIME-WAIT is over, a reset answers, and an end that
   does not know whether all came does not say so. */
static bool ended_well(struct run *r, enum side x) {
  struct vtcp_status mine = sim_status(r->s, x), other = sim_status(r->s, (enum side)(1 - x));
  return mine.outcome == VTCP_OUTCOME_CLOSED ||
         (mine.outcome == VTCP_OUTCOME_RESET && mine.unacknowledged > 0 && other.outcome == VTCP_OUTCOME_CLOSED);
}

static void finish(struct run *r) {
  struct sim *s = r->s;
  for (int e = A; e <= B; e++) {
    enum side x = (enum side)e;
    if (r->harsh) {
      sim_abort(s, x);
      continue;
    }
    check(r, ended_well(r, x), "the connection did not end by closing", x);
    check(r, s->end[x].sent.len == r->app[x].total, "not all was written", x);
    check(r, s->end[x].got.len == r->app[1 - e].total && s->end[x].end_seen, "not all was delivered", x);
  }
}

static bool run_one(uint64_t seed, uint32_t number, struct totals *sum) {
  struct run r;
  memset(&r, 0, sizeof r);
  struct sim *s = sim_new();
  jmp_buf failed;
  s->random = seed * 1000003u + number;
  sim_random(s);
  s->on_failure = &failed;
  r.s = s;
  bool good = setjmp(failed) == 0;
  if (good) {
    prepare(&r);
    play(&r);
    finish(&r);
  }
  if (good && getenv("SIM_TRACE") != NULL) sim_print(s);
  sum->runs++;
  sum->harsh += r.harsh;
  sum->attacked += r.attack;
  sum->both_open += r.both_open;
  sum->segments += s->trace_len;
  sum->octets += s->end[A].got.len + s->end[B].got.len;
  sum->retransmitted += sim_status(s, A).retransmitted + sim_status(s, B).retransmitted;
  sum->challenged += sim_status(s, A).challenged + sim_status(s, B).challenged;
  sum->hours += (s->now - r.began) / (3600 * (uint64_t)SECOND);
  for (int i = 0; i < 6; i++) sum->fates[i] += s->fate_count[i];
  sim_free(s);
  return good;
}

static bool number_of(const char *text, uint64_t *n) {
  char *end;
  errno = 0;
  *n = strtoull(text, &end, 10);
  return errno == 0 && *text != '\0' && *end == '\0';
}

int main(int argc, char **argv) {
  uint64_t runs = 2000, seed = 1, only = UINT64_MAX;
  const char *fewer = getenv("SOAK_RUNS"); /* for builds that are slow */
  if (fewer != NULL && !number_of(fewer, &runs)) {
    fprintf(stderr, "SOAK_RUNS: expected a number, not \"%s\"\n", fewer);
    return 2;
  }
  for (int i = 1; i < argc; i += 2) {
    uint64_t *to = strcmp(argv[i], "--runs") == 0   ? &runs
                   : strcmp(argv[i], "--seed") == 0 ? &seed
                   : strcmp(argv[i], "--run") == 0  ? &only
                                                    : NULL;
    if (to == NULL || i + 1 >= argc || !number_of(argv[i + 1], to)) {
      fprintf(stderr, "usage: soak [--runs N] [--seed S] [--run K]\n");
      return 2;
    }
  }
  struct totals sum;
  memset(&sum, 0, sizeof sum);
  uint64_t first = only == UINT64_MAX ? 0 : only, last = only == UINT64_MAX ? runs : only + 1;
  uint64_t passed = 0, failed = 0;
  if (only != UINT64_MAX) setenv("SIM_TRACE", "1", 1);
  for (uint64_t k = first; k < last && failed < FAILURES_MAX; k++) {
    if (run_one(seed, (uint32_t)k, &sum)) {
      passed++;
    } else {
      failed++;
      fprintf(stderr, "run %llu failed; again with: soak --seed %llu --run %llu\n\n", (unsigned long long)k,
              (unsigned long long)seed, (unsigned long long)k);
    }
    if ((k + 1) % 250 == 0) {
      unsigned long long done = k + 1;
      printf("soak: %llu of %llu runs, %llu segments\n", done, (unsigned long long)last,
             (unsigned long long)sum.segments);
      fflush(stdout);
    }
  }
  printf("seed %llu: %llu runs (%llu harsh, %llu attacked, %llu simultaneous opens), %llu segments, %llu octets "
         "delivered,\n"
         "%llu lost, %llu twice, %llu late, %llu corrupt, %llu forged, %llu sent again, %llu challenges, %llu virtual "
         "hours\n",
         (unsigned long long)seed, (unsigned long long)sum.runs, (unsigned long long)sum.harsh,
         (unsigned long long)sum.attacked, (unsigned long long)sum.both_open, (unsigned long long)sum.segments,
         (unsigned long long)sum.octets, (unsigned long long)sum.fates[SIM_LOST],
         (unsigned long long)sum.fates[SIM_TWICE], (unsigned long long)sum.fates[SIM_LATE],
         (unsigned long long)sum.fates[SIM_CORRUPT],
         (unsigned long long)(sum.segments - sum.fates[0] - sum.fates[1] - sum.fates[2] - sum.fates[3] - sum.fates[4]),
         (unsigned long long)sum.retransmitted, (unsigned long long)sum.challenged, (unsigned long long)sum.hours);
  printf("%llu passed, %llu failed, %llu skipped\n", (unsigned long long)passed, (unsigned long long)failed,
         (unsigned long long)(last - first - passed - failed));
  return failed == 0 ? 0 : 1;
}
