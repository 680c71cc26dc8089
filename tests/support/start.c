#include "start.h"

#include <string.h>

#define SMALL 2000u /* the receive buffer that is filled to close the window */
#define ANY_ACK 0x12345678u
#define FAR 0x40000000u

#define WINDOW "old", "dup", "strad", "left", "in", "end", "last", "edge", "far"
#define SHUT "old", "dup", "strad", "left", "next", "far"
#define IDLE "ancient", "oldest", "old", "una", "future", "far"
#define ONE "ancient", "oldest", "old", "una", "nxt", "future", "far"
#define TWO "ancient", "oldest", "old", "una", "part", "nxt", "future", "far"
#define NOTHING "zero", "some"

const struct start starts[] = {
    {"CLOSED", VTCP_CLOSED, 0, 0, false, {NOTHING}, {NOTHING}},
    {"CLOSED/ended", VTCP_CLOSED, 0, 0, false, {NOTHING}, {NOTHING}},
    {"LISTEN", VTCP_LISTEN, 0, 0, false, {NOTHING}, {NOTHING}},
    {"SYN-SENT", VTCP_SYN_SENT, 1, 0, false, {NOTHING}, {ONE}},
    {"SYN-RECEIVED/passive", VTCP_SYN_RECEIVED, 1, 1, false, {WINDOW, "irs"}, {ONE}},
    {"SYN-RECEIVED/active", VTCP_SYN_RECEIVED, 1, 1, false, {WINDOW, "irs"}, {ONE}},
    {"ESTABLISHED", VTCP_ESTABLISHED, 0, 1, false, {WINDOW}, {IDLE}},
    {"ESTABLISHED/sent", VTCP_ESTABLISHED, 1000, 1, false, {WINDOW}, {TWO}},
    {"ESTABLISHED/full", VTCP_ESTABLISHED, 500, SMALL + 1, true, {SHUT}, {ONE}},
    {"FIN-WAIT-1", VTCP_FIN_WAIT_1, 1, 1, false, {WINDOW}, {ONE}},
    {"FIN-WAIT-1/sent", VTCP_FIN_WAIT_1, 501, 1, false, {WINDOW}, {TWO}},
    {"FIN-WAIT-1/full", VTCP_FIN_WAIT_1, 1, SMALL + 1, true, {SHUT}, {ONE}},
    {"FIN-WAIT-2", VTCP_FIN_WAIT_2, 0, 1, false, {WINDOW}, {IDLE}},
    {"FIN-WAIT-2/full", VTCP_FIN_WAIT_2, 0, SMALL + 1, true, {SHUT}, {IDLE}},
    {"CLOSE-WAIT", VTCP_CLOSE_WAIT, 0, 2, false, {WINDOW}, {IDLE}},
    {"CLOSE-WAIT/sent", VTCP_CLOSE_WAIT, 1000, 2, false, {WINDOW}, {TWO}},
    {"CLOSING", VTCP_CLOSING, 1, 2, false, {WINDOW}, {ONE}},
    {"LAST-ACK", VTCP_LAST_ACK, 1, 2, false, {WINDOW}, {ONE}},
    {"TIME-WAIT", VTCP_TIME_WAIT, 0, 2, false, {WINDOW}, {IDLE}},
};
const size_t start_count = sizeof starts / sizeof starts[0];

const struct kind kinds[] = {
    {"none", "", 0, 0},
    {"text", "", 10, 10},
    {"FIN", "FIN", 0, 1},
    {"FIN+text", "FIN", 10, 11},
    {"ACK", "ACK", 0, 0},
    {"ACK+text", "ACK", 10, 10},
    {"FIN+ACK", "FIN,ACK", 0, 1},
    {"FIN+ACK+text", "FIN,ACK", 10, 11},
    {"SYN", "SYN", 0, 1},
    {"SYN+text", "SYN", 10, 11},
    {"SYN+FIN", "SYN,FIN", 0, 2},
    {"SYN+ACK", "SYN,ACK", 0, 1},
    {"SYN+ACK+text", "SYN,ACK", 10, 11},
    {"SYN+FIN+ACK", "SYN,FIN,ACK", 0, 2},
    {"RST", "RST", 0, 0},
    {"RST+ACK", "RST,ACK", 0, 0},
    {"RST+text", "RST", 10, 10},
    {"SYN+RST", "SYN,RST", 0, 1},
    {"RST+FIN+ACK+text", "RST,FIN,ACK", 10, 11},
};
const size_t kind_count = sizeof kinds / sizeof kinds[0];

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* The peer fills the receive buffer, and nobody reads. */
static void fill(struct sim *s, uint32_t a, uint32_t b) {
  inject(s, A, "ACK", b + 1, a + 1, SMALL / 2);
  inject(s, A, "ACK", b + 1 + SMALL / 2, a + 1, SMALL / 2);
  sim_run(s, 500 * MS); /* for the acknowledgment */
}

static void vary(struct sim *s, const struct start *at, uint32_t a, uint32_t b) {
  const char *what = strchr(at->name, '/');
  if (what == NULL || is(what, "/passive")) return;
  if (is(what, "/ended")) inject(s, A, "ACK", b + 2, a + 2, 0);
  if (is(what, "/active")) inject(s, A, "SYN", b, 0, 0, .has_mss = true, .mss = 1000);
  if (is(what, "/full")) fill(s, a, b);
  if (is(what, "/sent") || (is(what, "/full") && at->state == VTCP_ESTABLISHED)) sim_write(s, A, 500);
  if (is(what, "/sent") && at->state != VTCP_FIN_WAIT_1) sim_write(s, A, 500);
  if (at->state == VTCP_FIN_WAIT_1 || at->state == VTCP_FIN_WAIT_2) sim_close(s, A);
  if (at->state == VTCP_FIN_WAIT_2) inject(s, A, "ACK", b + 1 + SMALL, a + 2, 0);
}

/* From where the variants go their own way. */
static enum vtcp_state common(const struct start *at) {
  if (strchr(at->name, '/') == NULL || at->state == VTCP_CLOSE_WAIT) return at->state;
  if (at->state == VTCP_CLOSED) return VTCP_LAST_ACK;
  if (at->state == VTCP_SYN_RECEIVED) return is(at->name, "SYN-RECEIVED/passive") ? VTCP_SYN_RECEIVED : VTCP_SYN_SENT;
  return VTCP_ESTABLISHED;
}

/* The numbers are what the name says, and RCV.WND is what the peer has been told. */
static void confirm(struct sim *s, const struct start *at, uint32_t iss, uint32_t irs) {
  expect_state(s, A, at->state);
  struct vtcp_status t = sim_status(s, A);
  if (at->outstanding > 0 && t.snd_nxt - t.snd_una != at->outstanding)
    sim_fail(s, __FILE__, __LINE__, "%s: SND.UNA %u, SND.NXT %u", at->name, t.snd_una, t.snd_nxt);
  if (at->received == 0) return;
  if (t.iss != iss || t.irs != irs || t.rcv_nxt - irs != at->received)
    sim_fail(s, __FILE__, __LINE__, "%s: ISS %u, IRS %u, RCV.NXT %u", at->name, t.iss, t.irs, t.rcv_nxt);
  const struct sim_record *r = &s->trace[s->trace_len];
  while (r > s->trace && (r[-1].from != A || (r[-1].flags & VTCP_ACK) == 0)) r--;
  if (r > s->trace && r[-1].ack + r[-1].wnd != t.rcv_nxt + t.rcv_wnd)
    sim_fail(s, __FILE__, __LINE__, "%s: RCV.WND %u is not what was said", at->name, t.rcv_wnd);
  if ((t.rcv_wnd == 0) != at->zero_window) sim_fail(s, __FILE__, __LINE__, "%s: RCV.WND is %u", at->name, t.rcv_wnd);
}

void start_reach(struct sim *s, const struct start *at, uint32_t iss, uint32_t irs) {
  sim_end_init(s, B, (struct sim_options){.iss = irs});
  sim_reach(s, (struct sim_options){.iss = iss, .rcv_cap = at->zero_window ? SMALL : 0}, common(at));
  vary(s, at, iss, irs);
  sim_deliver(s);
  confirm(s, at, iss, irs);
}

bool start_has_seq(const struct start *at, const struct kind *k, const char *seq) {
  bool syn = strstr(k->flags, "SYN") != NULL && strstr(k->flags, "RST") == NULL;
  if (is(seq, "strad") || is(seq, "end")) return k->text > 0;
  if (is(seq, "irs")) return syn;
  if (is(seq, "dup")) return !(syn && k->len == 1 && at->state == VTCP_SYN_RECEIVED); /* that is irs */
  return true;
}

uint32_t start_seq(const struct vtcp_status *t, const struct kind *k, const char *seq) {
  const struct {
    const char *name;
    uint32_t at;
  } places[] = {{"zero", 0},
                {"some", t->irs + 300},
                {"irs", t->irs},
                {"old", t->rcv_nxt - 1000},
                {"dup", t->rcv_nxt - (k->len > 0 ? k->len : 1)},
                {"strad", t->rcv_nxt - 5},
                {"left", t->rcv_nxt},
                {"next", t->rcv_nxt + 1},
                {"in", t->rcv_nxt + 100},
                {"end", t->rcv_nxt + t->rcv_wnd - k->len},
                {"last", t->rcv_nxt + t->rcv_wnd - 1},
                {"edge", t->rcv_nxt + t->rcv_wnd},
                {"far", t->rcv_nxt + t->rcv_wnd + FAR}};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
    if (is(places[i].name, seq)) return places[i].at;
  fail_msg("no such place: %s", seq);
  return 0;
}

uint32_t start_ack(const struct vtcp_status *t, const char *ack) {
  const struct {
    const char *name;
    uint32_t at;
  } places[] = {{"-", 0},
                {"zero", 0},
                {"some", ANY_ACK},
                {"ancient", t->snd_una - START_WINDOW - 1},
                {"oldest", t->snd_una - START_WINDOW},
                {"old", t->snd_una - 1},
                {"una", t->snd_una},
                {"part", t->snd_una + 500},
                {"nxt", t->snd_nxt},
                {"future", t->snd_nxt + 1},
                {"far", t->snd_nxt + FAR}};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
    if (is(places[i].name, ack)) return places[i].at;
  fail_msg("no such place: %s", ack);
  return 0;
}
