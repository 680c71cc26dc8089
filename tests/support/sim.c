#include "sim.h"
#include "inv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START (1000u * (uint64_t)SECOND)
#define PATIENCE (3600u * (uint64_t)SECOND)

static enum side other(enum side e) { return e == A ? B : A; }
static char name_of(enum side e) { return e == A ? 'A' : 'B'; }

/* ---- memory ---- */

static void *need(void *p) {
  if (p == NULL) {
    fprintf(stderr, "out of memory\n");
    abort();
  }
  return p;
}

void sim_log_add(struct sim_log *l, const uint8_t *octets, size_t n) {
  if (l->len + n > l->cap) {
    l->cap = (l->len + n) * 2;
    l->octets = need(realloc(l->octets, l->cap));
  }
  if (n > 0) memcpy(l->octets + l->len, octets, n);
  l->len += n;
}

/* ---- random numbers: splitmix64 ---- */

uint64_t sim_random(struct sim *s) {
  s->random += 0x9e3779b97f4a7c15u;
  uint64_t z = s->random;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t sim_below(struct sim *s, uint64_t n) { return n == 0 ? 0 : sim_random(s) % n; }

static bool chance(struct sim *s, uint32_t thousandths) { return thousandths > 0 && sim_below(s, 1000) < thousandths; }

uint8_t sim_octet(enum side from, uint32_t seq) {
  uint32_t x = (seq + (from == A ? 0x517cc1b7u : 0x2545f491u)) * 0x9e3779b1u;
  return (uint8_t)((x ^ (x >> 15)) >> 8);
}

/* ---- names ---- */

static const struct {
  uint16_t bit;
  const char *name;
} flag_names[] = {{VTCP_SYN, "SYN"}, {VTCP_FIN, "FIN"}, {VTCP_RST, "RST"}, {VTCP_PSH, "PSH"},
                  {VTCP_URG, "URG"}, {VTCP_ECE, "ECE"}, {VTCP_CWR, "CWR"}, {VTCP_ACK, "ACK"}};
#define FLAG_NAMES (sizeof flag_names / sizeof flag_names[0])

uint16_t sim_flags(const char *names) {
  uint16_t flags = 0;
  for (size_t i = 0; i < FLAG_NAMES; i++)
    if (strstr(names, flag_names[i].name) != NULL) flags |= flag_names[i].bit;
  return flags;
}

static void flags_text(uint16_t flags, char text[40]) {
  text[0] = '\0';
  for (size_t i = 0; i < FLAG_NAMES; i++)
    if ((flags & flag_names[i].bit) != 0) {
      if (text[0] != '\0') strcat(text, ",");
      strcat(text, flag_names[i].name);
    }
}

const char *sim_state_name(enum vtcp_state state) {
  static const char *const names[] = {"CLOSED",      "LISTEN",     "SYN-SENT",   "SYN-RECEIVED",
                                      "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
                                      "CLOSING",     "LAST-ACK",   "TIME-WAIT"};
  return (unsigned)state < sizeof names / sizeof names[0] ? names[state] : "no state";
}

static const char *event_name(enum vtcp_event event) {
  static const char *const names[] = {"NONE", "ESTABLISHED", "URGENT", "DATA", "FIN", "SPACE", "WARNING", "ENDED"};
  return (unsigned)event < sizeof names / sizeof names[0] ? names[event] : "no event";
}

/* ---- the trace ---- */

static void print_record(const struct sim_record *r, size_t number, bool next) {
  static const char *const fates[] = {"", " [lost]", " [twice]", " [late]", " [corrupt]", " [by hand]"};
  char flags[40];
  flags_text(r->flags, flags);
  fprintf(stderr, "%s%4zu %14.6f  %c %-11s seq=%u ack=%u len=%u wnd=%u", next ? ">" : " ", number,
          (double)r->at / (double)SECOND - 1000.0, name_of(r->from), flags, r->seq, r->ack, r->len, r->wnd);
  if (r->has_mss) fprintf(stderr, " mss=%u", r->mss);
  if (r->has_wscale) fprintf(stderr, " wscale=%u", r->wscale);
  if ((r->flags & VTCP_URG) != 0) fprintf(stderr, " urg=%u", r->urg);
  fprintf(stderr, "  %s%s\n", sim_state_name(r->state), fates[r->fate]);
}

void sim_print(const struct sim *s) {
  size_t first = s->trace_len > 60 ? s->trace_len - 60 : 0;
  if (getenv("SIM_TRACE") != NULL) first = 0;
  fprintf(stderr, "the last %zu of %zu segments, seconds from the start:\n", s->trace_len - first, s->trace_len);
  for (size_t i = first; i < s->trace_len; i++) print_record(&s->trace[i], i + 1, i == s->cursor);
  for (int e = A; e <= B; e++) {
    if (s->end[e].role != SIM_VTCP) continue;
    struct vtcp_status t = sim_status(s, (enum side)e);
    uint64_t d = vtcp_deadline(&s->end[e].c);
    fprintf(stderr,
            "%c: %s, outcome %d, written %zu, read %zu, unread %u, unacknowledged %u, snd_wnd %u, rcv_wnd %u, cwnd %u,",
            name_of((enum side)e), sim_state_name(t.state), (int)t.outcome, s->end[e].sent.len, s->end[e].got.len,
            t.unread, t.unacknowledged, t.snd_wnd, t.rcv_wnd, t.cwnd);
    if (d == VTCP_NEVER)
      fprintf(stderr, " nothing armed\n");
    else
      fprintf(stderr, " due in %.6f s\n", ((double)d - (double)s->now) / (double)SECOND);
  }
}

void sim_fail(struct sim *s, const char *file, int line, const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(s->failure, sizeof s->failure, format, list);
  va_end(list);
  fprintf(stderr, "%s:%d: at %.6f s: %s\n", file, line, (double)s->now / (double)SECOND - 1000.0, s->failure);
  sim_print(s);
  if (s->on_failure != NULL) longjmp(*s->on_failure, 1);
#ifndef SIM_ALONE
  fail_msg("%s", s->failure);
#endif
  abort();
}

#define sim_assert(s, condition, ...)                                                                                  \
  do {                                                                                                                 \
    if (!(condition)) sim_fail(s, __FILE__, __LINE__, __VA_ARGS__);                                                    \
  } while (false)

/* ---- making and unmaking ---- */

static void end_free(struct sim_end *x) {
  free(x->cfg.snd_buf);
  free(x->cfg.rcv_buf);
  free(x->sent.octets);
  free(x->got.octets);
}

void sim_end_init(struct sim *s, enum side e, struct sim_options o) {
  struct sim_end *x = &s->end[e];
  uint32_t emitted = x->emitted;
  end_free(x);
  memset(x, 0, sizeof *x);
  x->emitted = emitted;
  x->iss = o.iss != 0 ? o.iss : e == A ? 100 : 300;
  x->cfg.local_port = e == A ? 40000 : 80;
  x->cfg.remote_port = e == A ? 80 : 40000;
  x->cfg.mss = o.mss != 0 ? o.mss : 1000;
  x->cfg.window_shift = o.window_shift;
  x->cfg.no_window_scale = !o.window_scale;
  x->cfg.nodelay = !o.nagle;
  x->cfg.ipv6 = o.ipv6;
  x->cfg.msl = o.msl != 0 ? o.msl : 120 * (uint64_t)SECOND;
  x->cfg.user_timeout = o.user_timeout;
  x->cfg.rto_min = o.rto_min != 0 ? o.rto_min : SECOND;
  x->cfg.snd_cap = o.snd_cap != 0 ? o.snd_cap : 65535;
  x->cfg.rcv_cap = o.rcv_cap != 0 ? o.rcv_cap : 65535;
  x->cfg.snd_buf = need(malloc(x->cfg.snd_cap));
  x->cfg.rcv_buf = need(malloc(x->cfg.rcv_cap));
  memset(&x->c, 0xa5, sizeof x->c); /* nothing may depend on what was there */
  enum vtcp_error made = vtcp_init(&x->c, &x->cfg);
  sim_assert(s, made == VTCP_OK, "vtcp_init at %c: %d", name_of(e), (int)made);
  if (o.keepalive == 0) return;
  made = vtcp_set_keepalive(&x->c, true, o.keepalive, 1 + o.keepalive / 4, 3, s->now);
  sim_assert(s, made == VTCP_OK, "vtcp_set_keepalive at %c: %d", name_of(e), (int)made);
}

void sim_role(struct sim *s, enum side e, enum sim_role role) {
  s->end[e].role = role;
  s->paired = s->end[A].role == SIM_VTCP && s->end[B].role == SIM_VTCP;
}

struct sim *sim_new(void) {
  struct sim *s = need(calloc(1, sizeof *s));
  s->now = START;
  s->latency[A] = s->latency[B] = LATENCY;
  s->random = 1;
  s->paired = true;
  sim_end_init(s, A, (struct sim_options){.iss = 100});
  sim_end_init(s, B, (struct sim_options){.iss = 300});
  return s;
}

void sim_free(struct sim *s) {
  for (size_t i = 0; i < s->packet_count; i++) free(s->packets[i].octets);
  free(s->packets);
  free(s->trace);
  end_free(&s->end[A]);
  end_free(&s->end[B]);
  free(s);
}

int sim_setup(void **state) {
  *state = sim_new();
  return 0;
}

int sim_teardown(void **state) {
  struct sim *s = *state;
  if (getenv("SIM_TRACE") != NULL) sim_print(s);
  sim_free(s);
  return 0;
}

struct vtcp_status sim_status(const struct sim *s, enum side e) {
  struct vtcp_status t;
  memset(&t, 0, sizeof t);
  vtcp_status(&s->end[e].c, &t);
  return t;
}

/* ---- the wire ---- */

void sim_packet_add(struct sim *s, enum side to, uint64_t at, const uint8_t *octets, uint32_t len) {
  if (s->packet_count == s->packet_cap) {
    s->packet_cap = s->packet_cap * 2 + 16;
    s->packets = need(realloc(s->packets, s->packet_cap * sizeof *s->packets));
  }
  struct sim_packet *p = &s->packets[s->packet_count++];
  p->at = at;
  p->order = s->order++;
  p->to = to;
  p->len = len;
  p->octets = need(malloc(len));
  memcpy(p->octets, octets, len);
}

void sim_drop(struct sim *s, size_t i) {
  free(s->packets[i].octets);
  s->packets[i] = s->packets[--s->packet_count];
}

static void rule_add(struct sim *s, enum side from, uint32_t n, enum sim_fate fate, uint64_t delay) {
  sim_assert(s, s->rule_count < sizeof s->rules / sizeof s->rules[0], "too many rules");
  s->rules[s->rule_count++] = (struct sim_rule){from, s->end[from].emitted + n, fate, delay};
}

void sim_lose(struct sim *s, enum side from, uint32_t n) { rule_add(s, from, n, SIM_LOST, 0); }
void sim_twice(struct sim *s, enum side from, uint32_t n, uint64_t later) { rule_add(s, from, n, SIM_TWICE, later); }
void sim_late(struct sim *s, enum side from, uint32_t n, uint64_t later) { rule_add(s, from, n, SIM_LATE, later); }

static struct sim_record *record_add(struct sim *s, enum side from, const struct vtcp_segment *g, enum sim_fate fate) {
  if (s->trace_len == s->trace_cap) {
    s->trace_cap = s->trace_cap * 2 + 64;
    s->trace = need(realloc(s->trace, s->trace_cap * sizeof *s->trace));
  }
  struct sim_record *r = &s->trace[s->trace_len++];
  struct vtcp_status t;
  memset(&t, 0, sizeof t);
  if (s->end[from].role == SIM_VTCP) t = sim_status(s, from);
  *r = (struct sim_record){.at = s->now,
                           .from = from,
                           .fate = fate,
                           .state = t.state,
                           .cwnd = t.cwnd,
                           .seq = g->seq,
                           .ack = g->ack,
                           .len = g->text_len + g->more_len,
                           .flags = g->flags,
                           .wnd = g->wnd,
                           .urg = g->urg,
                           .has_mss = g->has_mss,
                           .has_wscale = g->has_wscale,
                           .mss = g->mss,
                           .wscale = g->wscale};
  return r;
}

/* Header and text as octets, with the checksum; returns the length. */
static uint32_t encode(struct sim *s, const struct vtcp_segment *g, uint8_t **octets) {
  uint8_t header[VTCP_HEADER_MAX];
  uint32_t h = vtcp_segment_emit(g, header, sizeof header);
  sim_assert(s, h >= 20 && h <= VTCP_HEADER_MAX && h % 4 == 0, "the header has %u octets", h);
  uint32_t len = h + g->text_len + g->more_len;
  *octets = need(malloc(len));
  memcpy(*octets, header, h);
  if (g->text_len > 0) memcpy(*octets + h, g->text, g->text_len);
  if (g->more_len > 0) memcpy(*octets + h + g->text_len, g->more, g->more_len);
  vtcp_checksum_put(0, *octets, len);
  return len;
}

/* What a segment from a connection under test may never say. */
static void check_emitted(struct sim *s, enum side from, const struct vtcp_segment *g) {
  struct sim_end *x = &s->end[from], *y = &s->end[other(from)];
  bool syn = (g->flags & VTCP_SYN) != 0;
  sim_assert(s, g->src_port == x->cfg.local_port && (x->cfg.remote_port == 0 || g->dst_port == x->cfg.remote_port),
             "%c sends from port %u to %u", name_of(from), g->src_port, g->dst_port);
  if ((g->flags & VTCP_RST) != 0) {
    sim_assert(s, g->text_len == 0 && g->wnd == 0 && g->urg == 0, "a reset with text, window or urgent pointer");
    return;
  }
  uint32_t at = g->seq + (syn ? 1 : 0) - (x->iss + 1); /* place of the text in the stream */
  sim_assert(s,
             g->text_len == 0 ||
                 ((size_t)at + g->text_len <= x->sent.len && memcmp(x->sent.octets + at, g->text, g->text_len) == 0),
             "%c sends %u octets at %u that its application did not write there", name_of(from), g->text_len, at);
  if ((g->flags & VTCP_FIN) != 0)
    sim_assert(s, x->closed && (size_t)at + g->text_len == x->sent.len, "%c sends FIN at %u", name_of(from),
               at + g->text_len);
  if (syn) {
    x->offers_scale = g->has_wscale;
    x->shift = g->wscale;
  }
  if (g->text_len > 0) {
    struct vtcp_status t = sim_status(s, from);
    uint32_t wnd = t.snd_wnd > 0 ? t.snd_wnd : 1; /* one octet may probe a closed window */
    sim_assert(s, at + g->text_len <= x->high || at + g->text_len <= t.snd_una + wnd - (x->iss + 1),
               "%c sends beyond the window to %u", name_of(from), g->seq + g->text_len);
    if (at + g->text_len > x->high) x->high = at + g->text_len;
  }
  if (!s->paired) return;
  sim_assert(s, g->text_len <= y->cfg.mss && g->text_len <= x->cfg.mss, "%u octets in one segment", g->text_len);
  if ((g->flags & VTCP_ACK) != 0) {
    uint32_t shift = !syn && x->offers_scale && y->offers_scale ? x->shift : 0;
    uint32_t edge = g->ack + ((uint32_t)g->wnd << shift);
    sim_assert(s, !x->edge_known || (int32_t)(edge - x->edge) > -(int32_t)(1u << shift), "%c shrinks its window by %u",
               name_of(from), x->edge - edge);
    if (!x->edge_known || (int32_t)(edge - x->edge) > 0) x->edge = edge;
    x->edge_known = true;
  } else if (syn) {
    /* the window of a SYN counts from the peer's SYN on, known here only */
    x->edge = y->iss + 1 + g->wnd;
    x->edge_known = true;
  }
}

static enum sim_fate choose_fate(struct sim *s, enum side from, uint64_t *delay) {
  for (size_t i = 0; i < s->rule_count; i++)
    if (s->rules[i].from == from && s->rules[i].number == s->end[from].emitted) {
      *delay = s->rules[i].delay;
      return s->rules[i].fate;
    }
  *delay = sim_below(s, s->faults.late_by + 1);
  if (s->cut[from] || chance(s, s->faults.loss)) return SIM_LOST;
  if (chance(s, s->faults.twice)) return SIM_TWICE;
  if (chance(s, s->faults.late)) return SIM_LATE;
  if (chance(s, s->faults.corrupt)) return SIM_CORRUPT;
  return SIM_SENT;
}

/* Octets of a segment: through the faults, on their way. */
static void carry(struct sim *s, enum side from, const struct vtcp_segment *g, const uint8_t *octets, uint32_t len) {
  uint64_t delay = 0;
  s->end[from].emitted++;
  enum sim_fate fate = choose_fate(s, from, &delay);
  record_add(s, from, g, fate);
  s->fate_count[fate]++;
  enum side to = other(from);
  uint64_t at = s->now + s->latency[from];
  if (fate != SIM_LOST) sim_packet_add(s, to, at + (fate == SIM_LATE ? delay : 0), octets, len);
  if (fate == SIM_CORRUPT)
    s->packets[s->packet_count - 1].octets[sim_below(s, len)] ^= (uint8_t)(1 + sim_below(s, 255));
  if (fate == SIM_TWICE) sim_packet_add(s, to, at + delay, octets, len);
}

bool sim_carry(struct sim *s, enum side from, const uint8_t *octets, uint32_t len) {
  struct vtcp_segment g;
  if (vtcp_segment_parse(octets, len, &g) != VTCP_PARSE_OK) return false;
  carry(s, from, &g, octets, len);
  return true;
}

/* Sends one segment. */
static void transmit(struct sim *s, enum side from, const struct vtcp_segment *g) {
  uint8_t *octets;
  uint32_t len = encode(s, g, &octets);
  struct vtcp_segment back;
  sim_assert(s, vtcp_segment_parse(octets, len, &back) == VTCP_PARSE_OK, "an emitted segment does not parse");
  sim_assert(s,
             back.src_port == g->src_port && back.dst_port == g->dst_port && back.seq == g->seq && back.ack == g->ack &&
                 back.flags == g->flags && back.wnd == g->wnd && back.urg == g->urg && back.has_mss == g->has_mss &&
                 back.has_wscale == g->has_wscale && !back.sack_permitted && !back.has_ts && back.sack_count == 0 &&
                 back.text_len == g->text_len + g->more_len,
             "an emitted segment parses as another one");
  carry(s, from, &back, octets, len);
  if (s->end[from].role == SIM_VTCP) check_emitted(s, from, &back);
  free(octets);
}

static void arrive(struct sim *s, enum side to, const uint8_t *octets, uint32_t len) {
  struct vtcp_segment g, answer;
  if (s->end[to].role == SIM_FOREIGN) {
    s->foreign.arrive(s->foreign.context, octets, len);
    return;
  }
  if (!vtcp_checksum_ok(0, octets, len)) return;
  if (vtcp_segment_parse(octets, len, &g) != VTCP_PARSE_OK) return;
  if (s->end[to].role == SIM_VTCP) {
    sim_assert(s, vtcp_input(&s->end[to].c, &g, s->end[to].iss, s->now) == VTCP_OK,
               "vtcp_input refuses a parsed segment");
    sim_pump(s, to);
  } else if (s->end[to].role == SIM_NOBODY && vtcp_refuse(&g, &answer)) {
    transmit(s, to, &answer);
  }
}

void sim_inject_octets(struct sim *s, enum side to, const uint8_t *octets, uint32_t len) {
  uint8_t *copy = need(malloc(len > 0 ? len : 1)); /* of exact size, for the sanitizer */
  if (len > 0) memcpy(copy, octets, len);
  arrive(s, to, copy, len);
  free(copy);
}

void sim_inject(struct sim *s, enum side to, struct sim_hand h) {
  enum side from = other(to);
  struct vtcp_segment g;
  memset(&g, 0, sizeof g);
  g.src_port = s->end[from].cfg.local_port;
  g.dst_port = s->end[to].cfg.local_port;
  g.seq = h.seq;
  g.ack = h.ack;
  g.flags = sim_flags(h.flags);
  g.wnd = h.zero_window ? 0 : h.wnd != 0 ? h.wnd : 65535;
  g.urg = h.urg;
  g.has_mss = h.has_mss;
  g.mss = h.mss;
  g.has_wscale = h.has_wscale;
  g.wscale = h.wscale;
  uint8_t *text = need(malloc(h.len + 1));
  uint32_t first = h.seq + ((g.flags & VTCP_SYN) != 0 ? 1 : 0);
  for (uint32_t i = 0; i < h.len; i++) text[i] = h.text != NULL ? (uint8_t)h.text[i] : sim_octet(from, first + i);
  g.text = text;
  g.text_len = h.len;
  record_add(s, from, &g, SIM_BY_HAND);
  uint8_t *octets;
  uint32_t len = encode(s, &g, &octets);
  arrive(s, to, octets, len);
  free(octets);
  free(text);
}

/* ---- time ---- */

static size_t next_packet(const struct sim *s) {
  size_t best = 0;
  for (size_t i = 1; i < s->packet_count; i++) {
    const struct sim_packet *p = &s->packets[i], *q = &s->packets[best];
    if (p->at < q->at || (p->at == q->at && p->order < q->order)) best = i;
  }
  return best;
}

static uint64_t deadline_of(const struct sim *s, enum side e) {
  const struct sim_end *x = &s->end[e];
  bool foreign = x->role == SIM_FOREIGN;
  if (!foreign && (x->role != SIM_VTCP || x->deaf || x->hold)) return VTCP_NEVER;
  uint64_t d = foreign ? s->foreign.deadline(s->foreign.context) : vtcp_deadline(&x->c);
  return d < s->now ? s->now : d;
}

uint64_t sim_next(const struct sim *s) {
  uint64_t a = deadline_of(s, A), b = deadline_of(s, B);
  uint64_t d = a < b ? a : b;
  if (s->packet_count > 0) {
    uint64_t p = s->packets[next_packet(s)].at;
    if (p < s->now) p = s->now;
    if (p < d) d = p;
  }
  return d;
}

bool sim_step(struct sim *s, uint64_t until) {
  uint64_t at = sim_next(s);
  if (at == VTCP_NEVER || at > until) return false;
  s->now = at;
  s->steps++;
  if (s->packet_count > 0) {
    size_t i = next_packet(s);
    struct sim_packet p = s->packets[i];
    if (p.at <= at) {
      s->packets[i] = s->packets[--s->packet_count];
      arrive(s, p.to, p.octets, p.len);
      free(p.octets);
      return true;
    }
  }
  sim_timeout(s, deadline_of(s, A) <= at ? A : B);
  return true;
}

void sim_run(struct sim *s, uint64_t duration) {
  uint64_t until = s->now + duration;
  while (sim_step(s, until)) {}
  s->now = until;
}

void sim_deliver(struct sim *s) {
  while (s->packet_count > 0) sim_step(s, VTCP_NEVER - 1);
}

/* ---- the applications ---- */

static bool drain(struct sim *s, enum side e) {
  struct sim_end *x = &s->end[e];
  struct vtcp_segment g;
  uint32_t empty = 0, texts = 0;
  memset(&g, 0xff, sizeof g); /* every member must be written */
  while (vtcp_output(&x->c, s->now, &g)) {
    /* no busy loop: text is bounded by what is queued, and one call needs no more than a few empty segments */
    if (g.text_len + g.more_len == 0)
      empty++;
    else
      texts++;
    sim_assert(s, empty <= 4, "%c: vtcp_output does not come to an end", name_of(e));
    sim_assert(s, texts <= x->cfg.snd_cap + 4, "%c: vtcp_output repeats text without end", name_of(e));
    transmit(s, e, &g);
    memset(&g, 0xff, sizeof g);
  }
  sim_assert(s, !vtcp_output(&x->c, s->now, &g), "%c: vtcp_output says no, then yes", name_of(e));
  const char *broken = s->now <= VTCP_TIME_MAX ? inv_idle_broken(&x->c, s->now) : NULL;
  sim_assert(s, broken == NULL, "%c: %s", name_of(e), broken);
  return empty + texts > 0;
}

static void take_events(struct sim *s, enum side e) {
  for (uint32_t n = 0;; n++) {
    enum vtcp_event v = vtcp_event(&s->end[e].c);
    if (v == VTCP_EVENT_NONE) return;
    sim_assert(s, (unsigned)v <= VTCP_EVENT_ENDED && n < 16, "%c: vtcp_event does not come to an end", name_of(e));
    s->end[e].events[v]++;
  }
}

void sim_pump(struct sim *s, enum side e) {
  struct sim_end *x = &s->end[e];
  if (x->role != SIM_VTCP) return;
  if (x->hold) {
    sim_check(s, e);
    return;
  }
  drain(s, e);
  if (!x->deaf && vtcp_deadline(&x->c) <= s->now) {
    vtcp_timeout(&x->c, s->now);
    drain(s, e);
  }
  take_events(s, e);
  if (x->auto_read && vtcp_peek(&x->c).first_len > 0) {
    while (sim_read(s, e, 65536) > 0) {}
  }
  sim_check(s, e);
  if (!x->deaf)
    sim_assert(s, vtcp_deadline(&x->c) > s->now, "%c: still due after vtcp_timeout and vtcp_output", name_of(e));
}

enum vtcp_error sim_open(struct sim *s, enum side e) {
  enum vtcp_error r = vtcp_open(&s->end[e].c, s->end[e].iss, s->now);
  sim_pump(s, e);
  return r;
}

enum vtcp_error sim_listen(struct sim *s, enum side e) {
  enum vtcp_error r = vtcp_listen(&s->end[e].c);
  sim_pump(s, e);
  return r;
}

int64_t sim_send(struct sim *s, enum side e, const uint8_t *octets, uint32_t n, bool urgent) {
  struct sim_end *x = &s->end[e];
  uint8_t *copy = need(malloc(n > 0 ? n : 1));
  if (n > 0) memcpy(copy, octets, n);
  int64_t r = vtcp_send(&x->c, copy, n, urgent);
  sim_assert(s, r <= (int64_t)n, "vtcp_send took more than there was");
  if (r > 0) sim_log_add(&x->sent, copy, (size_t)r);
  free(copy);
  sim_pump(s, e);
  return r;
}

int64_t sim_write(struct sim *s, enum side e, uint32_t n) {
  struct sim_end *x = &s->end[e];
  uint8_t *octets = need(malloc(n > 0 ? n : 1));
  for (uint32_t i = 0; i < n; i++) octets[i] = sim_octet(e, (uint32_t)(x->iss + 1 + x->sent.len + i));
  int64_t r = sim_send(s, e, octets, n, false);
  free(octets);
  return r;
}

/* The octets read are the next of what the other side wrote. */
static void take(struct sim *s, enum side e, const uint8_t *octets, size_t n) {
  struct sim_end *x = &s->end[e], *y = &s->end[other(e)];
  size_t at = x->got.len;
  sim_log_add(&x->got, octets, n);
  if (s->paired) {
    sim_assert(s, at + n <= y->sent.len, "%c reads %zu octets, of %zu that were written", name_of(e), at + n,
               y->sent.len);
    for (size_t i = 0; i < n; i++)
      sim_assert(s, octets[i] == y->sent.octets[at + i], "%c: octet %zu is wrong", name_of(e), at + i);
  }
}

static void take_end(struct sim *s, enum side e) {
  struct sim_end *x = &s->end[e], *y = &s->end[other(e)];
  x->end_seen = true;
  if (s->paired)
    sim_assert(s, y->closed && x->got.len == y->sent.len, "%c sees the end after %zu of %zu octets", name_of(e),
               x->got.len, y->sent.len);
}

int64_t sim_read(struct sim *s, enum side e, uint32_t n) {
  struct sim_end *x = &s->end[e];
  uint8_t *octets = need(malloc(n > 0 ? n : 1));
  int64_t r = vtcp_receive(&x->c, octets, n);
  sim_assert(s, r <= (int64_t)n, "vtcp_receive gave more than there was room for");
  sim_assert(s, r <= 0 || !x->end_seen, "%c reads beyond the end of the stream", name_of(e));
  if (r > 0) take(s, e, octets, (size_t)r);
  if (r == VTCP_ERR_CLOSING) take_end(s, e);
  free(octets);
  sim_pump(s, e);
  return r;
}

int64_t sim_consume(struct sim *s, enum side e, uint32_t n) {
  struct sim_end *x = &s->end[e];
  struct vtcp_slices v = vtcp_peek(&x->c);
  uint32_t have = v.first_len + v.second_len;
  if (n > have) n = have;
  uint32_t one = n < v.first_len ? n : v.first_len;
  take(s, e, v.first, one);
  take(s, e, v.second, n - one);
  if (n > 0) sim_assert(s, vtcp_consume(&x->c, n) == VTCP_OK, "vtcp_consume refuses what vtcp_peek gave");
  sim_pump(s, e);
  return n;
}

enum vtcp_error sim_close(struct sim *s, enum side e) {
  enum vtcp_error r = vtcp_close(&s->end[e].c);
  if (r == VTCP_OK) s->end[e].closed = true;
  sim_pump(s, e);
  return r;
}

enum vtcp_error sim_abort(struct sim *s, enum side e) {
  enum vtcp_error r = vtcp_abort(&s->end[e].c);
  sim_pump(s, e);
  return r;
}

void sim_timeout(struct sim *s, enum side e) {
  if (s->end[e].role == SIM_FOREIGN) {
    s->foreign.timeout(s->foreign.context);
    return;
  }
  vtcp_timeout(&s->end[e].c, s->now);
  sim_pump(s, e);
}

/* ---- what must hold after every step ---- */

static bool fin_received(enum vtcp_state state) {
  return state == VTCP_CLOSE_WAIT || state == VTCP_CLOSING || state == VTCP_LAST_ACK || state == VTCP_TIME_WAIT;
}

static void check_state(struct sim *s, enum side e, enum vtcp_state state) {
  struct sim_end *x = &s->end[e];
  sim_assert(s, (unsigned)state <= VTCP_TIME_WAIT, "%c: no such state: %d", name_of(e), (int)state);
  sim_assert(s, inv_may_follow(x->state_before, state), "%c: from %s to %s", name_of(e),
             sim_state_name(x->state_before), sim_state_name(state));
  x->state_before = state;
}

static void check_invariant(struct sim *s, enum side e) {
  const struct vtcp *c = &s->end[e].c;
  const char *broken = inv_broken(c);
  sim_assert(s, broken == NULL, "%c: %s", name_of(e), broken);
}

static void check_pair(struct sim *s, enum side e, const struct vtcp_status *t) {
  struct sim_end *x = &s->end[e], *y = &s->end[other(e)];
  uint32_t fin = fin_received(t->state) ? 1 : 0;
  sim_assert(s, t->iss == x->iss && t->irs == y->iss, "%c: iss %u, irs %u: not agreed", name_of(e), t->iss, t->irs);
  sim_assert(s, t->rcv_nxt - t->irs == (uint32_t)(1 + x->got.len + t->unread) + fin,
             "%c: RCV.NXT %u, read %zu, unread %u", name_of(e), t->rcv_nxt, x->got.len, t->unread);
  sim_assert(s, x->got.len + t->unread <= y->sent.len, "%c has received more than was written", name_of(e));
  sim_assert(s, t->snd_nxt - t->snd_una <= t->unacknowledged + 1, "%c: SND.UNA %u, SND.NXT %u, unacknowledged %u",
             name_of(e), t->snd_una, t->snd_nxt, t->unacknowledged);
  sim_assert(s, (uint32_t)(t->snd_una - t->iss) + t->unacknowledged <= (uint32_t)x->sent.len + 2, "%c: SND.UNA %u",
             name_of(e), t->snd_una);
}

/* Nothing is armed: then nothing is waiting either. */
static void check_unarmed(struct sim *s, enum side e, const struct vtcp_status *t) {
  sim_assert(s, t->unacknowledged == 0 || t->state < VTCP_ESTABLISHED, "%c: %u octets queued, nothing armed",
             name_of(e), t->unacknowledged);
  sim_assert(s, t->state == VTCP_ESTABLISHED || t->state == VTCP_FIN_WAIT_2 || t->state == VTCP_CLOSE_WAIT,
             "%c: in %s, nothing armed", name_of(e), sim_state_name(t->state));
}

void sim_check(struct sim *s, enum side e) {
  struct sim_end *x = &s->end[e];
  struct vtcp_status t = sim_status(s, e);
  check_invariant(s, e);
  check_state(s, e, t.state);
  sim_assert(s, t.unread <= x->cfg.rcv_cap, "%c: unread %u", name_of(e), t.unread);
  sim_assert(s, t.unacknowledged <= x->cfg.snd_cap && t.send_space <= x->cfg.snd_cap, "%c: unacknowledged %u, space %u",
             name_of(e), t.unacknowledged, t.send_space);
  if (t.state == VTCP_CLOSED || t.state == VTCP_LISTEN) {
    if (!x->hold)
      sim_assert(s, vtcp_deadline(&x->c) == VTCP_NEVER, "%c: armed in %s", name_of(e), sim_state_name(t.state));
    return;
  }
  sim_assert(s, t.outcome == VTCP_OUTCOME_NONE, "%c: ended in %s", name_of(e), sim_state_name(t.state));
  if (!x->hold && !x->deaf && vtcp_deadline(&x->c) == VTCP_NEVER) check_unarmed(s, e, &t);
  sim_assert(s, t.rto >= x->cfg.rto_min && t.rto <= VTCP_RTO_MAX, "%c: RTO %llu", name_of(e),
             (unsigned long long)t.rto);
  if (t.state < VTCP_ESTABLISHED) return;
  sim_assert(s, t.snd_mss >= 1 && t.snd_mss <= x->cfg.mss, "%c: SND.MSS %u", name_of(e), t.snd_mss);
  sim_assert(s, t.cwnd >= t.snd_mss && t.cwnd <= VTCP_CWND_MAX, "%c: cwnd %u", name_of(e), t.cwnd);
  sim_assert(s, t.ssthresh >= 2u * t.snd_mss, "%c: ssthresh %u", name_of(e), t.ssthresh);
  sim_assert(s, fin_received(t.state) || t.rcv_wnd + t.unread <= x->cfg.rcv_cap, "%c: window %u, unread %u", name_of(e),
             t.rcv_wnd, t.unread);
  if (s->paired) check_pair(s, e, &t);
}

/* ---- assertions ---- */

static size_t skip_by_hand(const struct sim *s, size_t i) {
  while (i < s->trace_len && s->trace[i].fate == SIM_BY_HAND) i++;
  return i;
}

static bool matches(const struct sim_record *r, enum side from, uint16_t flags, uint32_t seq, uint32_t ack,
                    uint32_t len) {
  uint16_t seen = (flags & VTCP_PSH) != 0 ? r->flags : r->flags & (uint16_t)~VTCP_PSH;
  return r->from == from && seen == flags && r->seq == seq && r->ack == ack && r->len == len;
}

const struct sim_record *sim_expect(struct sim *s, const char *file, int line, bool skip, enum side from,
                                    const char *flags, uint32_t seq, uint32_t ack, uint32_t len) {
  uint64_t until = s->now + PATIENCE;
  for (;;) {
    s->cursor = skip_by_hand(s, s->cursor);
    while (s->cursor >= s->trace_len) {
      if (!sim_step(s, until))
        sim_fail(s, file, line, "expected %c %s seq=%u ack=%u len=%u, but nothing leaves", name_of(from), flags, seq,
                 ack, len);
      s->cursor = skip_by_hand(s, s->cursor);
    }
    if (matches(&s->trace[s->cursor], from, sim_flags(flags), seq, ack, len)) return &s->trace[s->cursor++];
    if (!skip) sim_fail(s, file, line, "expected %c %s seq=%u ack=%u len=%u", name_of(from), flags, seq, ack, len);
    s->cursor++;
  }
}

void sim_expect_state(struct sim *s, const char *file, int line, enum side e, enum vtcp_state state) {
  enum vtcp_state is = sim_status(s, e).state;
  if (is != state)
    sim_fail(s, file, line, "expected %c in %s, it is in %s", name_of(e), sim_state_name(state), sim_state_name(is));
}

void sim_expect_event(struct sim *s, const char *file, int line, enum side e, enum vtcp_event event, bool due) {
  unsigned *n = &s->end[e].events[event];
  if ((*n > 0) != due)
    sim_fail(s, file, line, "the application of %c was %stold %s", name_of(e), due ? "not " : "", event_name(event));
  if (due) (*n)--;
}

void sim_expect_ended(struct sim *s, const char *file, int line, enum side e, enum vtcp_outcome outcome) {
  sim_expect_state(s, file, line, e, VTCP_CLOSED);
  struct vtcp_status t = sim_status(s, e);
  if (t.outcome != (int32_t)outcome)
    sim_fail(s, file, line, "outcome of %c is %d, expected %d", name_of(e), (int)t.outcome, (int)outcome);
  sim_expect_event(s, file, line, e, VTCP_EVENT_ENDED, true);
}

void sim_expect_silence(struct sim *s, const char *file, int line, uint64_t duration) {
  sim_run(s, duration);
  s->cursor = skip_by_hand(s, s->cursor);
  if (s->cursor < s->trace_len) sim_fail(s, file, line, "expected silence");
}

void sim_expect_got(struct sim *s, const char *file, int line, enum side e, size_t n) {
  const struct sim_end *x = &s->end[e], *y = &s->end[other(e)];
  if (x->got.len != n) sim_fail(s, file, line, "%c has read %zu octets, expected %zu", name_of(e), x->got.len, n);
  for (size_t i = 0; i < n; i++) {
    uint8_t right = y->role != SIM_PUPPET ? y->sent.octets[i] : sim_octet(other(e), (uint32_t)(y->iss + 1 + i));
    if (x->got.octets[i] != right) sim_fail(s, file, line, "%c: octet %zu is wrong", name_of(e), i);
  }
}

void sim_connect(struct sim *s) {
  uint32_t a = s->end[A].iss, b = s->end[B].iss;
  sim_assert(s, sim_listen(s, B) == VTCP_OK, "B cannot listen");
  sim_assert(s, sim_open(s, A) == VTCP_OK, "A cannot open");
  expect(s, A, "SYN", a, 0, 0);
  expect(s, B, "SYN,ACK", b, a + 1, 0);
  expect(s, A, "ACK", a + 1, b + 1, 0);
  sim_deliver(s);
  expect_state(s, A, VTCP_ESTABLISHED);
  expect_state(s, B, VTCP_ESTABLISHED);
  expect_event(s, A, VTCP_EVENT_ESTABLISHED);
  expect_event(s, B, VTCP_EVENT_ESTABLISHED);
}

static void reach_established(struct sim *s, enum vtcp_state state) {
  uint32_t a = s->end[A].iss, b = s->end[B].iss;
  inject(s, A, "SYN,ACK", b, a + 1, 0, .has_mss = true, .mss = 1000);
  if (state == VTCP_CLOSE_WAIT || state == VTCP_LAST_ACK) inject(s, A, "FIN,ACK", b + 1, a + 1, 0);
  if (state > VTCP_ESTABLISHED && state != VTCP_CLOSE_WAIT) sim_close(s, A);
  if (state == VTCP_CLOSING) inject(s, A, "FIN,ACK", b + 1, a + 1, 0);
  if (state == VTCP_FIN_WAIT_2 || state == VTCP_TIME_WAIT) inject(s, A, "ACK", b + 1, a + 2, 0);
  if (state == VTCP_TIME_WAIT) inject(s, A, "FIN,ACK", b + 1, a + 2, 0);
}

void sim_reach(struct sim *s, struct sim_options o, enum vtcp_state state) {
  sim_end_init(s, A, o);
  sim_role(s, B, SIM_PUPPET);
  if (state == VTCP_LISTEN || state == VTCP_SYN_RECEIVED)
    sim_listen(s, A);
  else if (state != VTCP_CLOSED)
    sim_open(s, A);
  if (state == VTCP_SYN_RECEIVED) inject(s, A, "SYN", s->end[B].iss, 0, 0, .has_mss = true, .mss = 1000);
  if (state >= VTCP_ESTABLISHED) reach_established(s, state);
  expect_state(s, A, state);
  sim_deliver(s);
  s->cursor = s->trace_len;
}
