#include "model.h"

#include <stddef.h>

typedef struct model tcb;
typedef struct model_segment segment;

static int64_t max(int64_t a, int64_t b) { return a < b ? b : a; }
static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }

/* spec/sequence.mlw */
static int64_t wire(int64_t off, int64_t isn) { return (uint32_t)((uint64_t)off + (uint64_t)isn); }

/* ---- spec/tcb.acsl, spec/vtcp.acsl ---- */

tcb model_of(const struct vtcp *c) {
  return (tcb){.state = c->state,
               .outcome = c->outcome,
               .passive = c->passive,
               .close_wanted = c->close_wanted,
               .iss = c->iss,
               .irs = c->irs,
               .snd_una = c->snd_una,
               .snd_nxt = c->snd_nxt,
               .snd_end = c->snd.base + c->snd.len,
               .fin = c->fin,
               .snd_up = c->snd_up,
               .snd_wnd = c->snd_wnd,
               .snd_wl1 = c->snd_wl1,
               .snd_wl2 = c->snd_wl2,
               .snd_wnd_max = c->snd_wnd_max,
               .rcv_nxt = c->rcv_nxt,
               .rcv_adv = c->rcv_adv,
               .rcv_fin = c->rcv_fin,
               .rcv_up = c->rcv_up,
               .ack_due = c->ack_due,
               .rst_due = c->rst_due,
               .rst_ackf = c->rst_ackf,
               .rst_seq = c->rst_seq,
               .rst_ack = c->rst_ack};
}

/* The offset nearest to ref with this sequence number; at distance 2^31 the one below. */
static int64_t place(uint32_t seq, uint32_t isn, int64_t ref) {
  uint32_t ahead = seq - (uint32_t)wire(ref, isn);
  return ahead < 0x80000000u ? ref + ahead : ref - (int64_t)(0x100000000u - ahead);
}

segment model_segment_of(const struct vtcp *c, const struct vtcp_segment *s) {
  bool syn = (s->flags & VTCP_SYN) != 0, ackf = (s->flags & VTCP_ACK) != 0;
  return (segment){.syn = syn,
                   .fin = (s->flags & VTCP_FIN) != 0,
                   .rst = (s->flags & VTCP_RST) != 0,
                   .ackf = ackf,
                   .urg = (s->flags & VTCP_URG) != 0,
                   .seq = c->state <= VTCP_SYN_SENT ? 0 : place(s->seq, c->irs, c->rcv_nxt),
                   .ack = c->state <= VTCP_LISTEN || !ackf ? 0 : place(s->ack, c->iss, c->snd_una),
                   .txt = s->text_len,
                   .wnd = syn ? s->wnd : (int64_t)s->wnd * c->snd_factor,
                   .up = s->urg,
                   .wire_seq = s->seq,
                   .wire_ack = s->ack};
}

bool model_allowed(const struct vtcp *c, uint64_t now) {
  return now >= c->challenge.since + VTCP_CHALLENGE_INTERVAL || c->challenge.count < VTCP_CHALLENGE_MAX;
}

bool model_keep_runs(const struct vtcp *c) {
  bool open = c->state == VTCP_ESTABLISHED || c->state == VTCP_FIN_WAIT_2 || c->state == VTCP_CLOSE_WAIT;
  return c->keep.on && c->snd.len == 0 && open;
}

bool model_keep_dead(const struct vtcp *c, uint64_t now) {
  return model_keep_runs(c) && c->keep.at <= now && c->keep.sent == c->keep.count;
}

const char *model_difference(tcb a, tcb b) {
#define MODEL_DIFFERS(name)                                                                                            \
  if (a.name != b.name) return #name;
  MODEL_FIELDS(MODEL_DIFFERS)
  return NULL;
}

/* ---- spec/tcp.mlw ---- */

static int64_t seg_len(segment g) { return g.txt + g.syn + g.fin; }
static int64_t seg_first(segment g) { return g.seq + g.syn; }
static bool receiving(tcb a) {
  return a.state == VTCP_ESTABLISHED || a.state == VTCP_FIN_WAIT_1 || a.state == VTCP_FIN_WAIT_2;
}

static tcb ack_owed(tcb a) {
  a.ack_due = true;
  return a;
}
static tcb challenge(tcb a, bool allow) { return allow ? ack_owed(a) : a; }

static tcb finish(tcb a, enum vtcp_outcome how) {
  a.state = VTCP_CLOSED;
  a.outcome = how;
  a.close_wanted = a.ack_due = false;
  return a;
}

static tcb enter(tcb a, enum vtcp_state s) {
  a.state = s;
  return a;
}

static tcb fresh_send(tcb a) {
  a.snd_end = 1;
  a.snd_una = a.snd_nxt = a.snd_up = a.snd_wl1 = a.snd_wl2 = 0;
  a.fin = a.close_wanted = a.ack_due = false;
  a.snd_wnd = a.snd_wnd_max = 0;
  return a;
}
static tcb back_to_listen(tcb a) { return enter(fresh_send(a), VTCP_LISTEN); }

/* s3.10.1 OPEN */
static tcb fresh_receive(tcb a, int64_t wnd) {
  a.irs = 0;
  a.rcv_nxt = 1;
  a.rcv_adv = 1 + wnd;
  a.rcv_fin = -1;
  a.rcv_up = 0;
  return a;
}
static tcb renew(tcb a, uint32_t isn) {
  a.outcome = VTCP_OUTCOME_NONE;
  a.iss = isn;
  a.rst_due = a.rst_ackf = false;
  a.rst_seq = a.rst_ack = 0;
  return a;
}
static tcb opened(tcb a, uint32_t isn, int64_t wnd) { return renew(fresh_receive(fresh_send(a), wnd), isn); }
static tcb become(tcb a, enum vtcp_state s, bool passive) {
  a.state = s;
  a.passive = passive;
  return a;
}
tcb model_open_active(tcb a, uint32_t isn, int64_t wnd) {
  return a.state == VTCP_CLOSED || a.state == VTCP_LISTEN ? become(opened(a, isn, wnd), VTCP_SYN_SENT, false) : a;
}
tcb model_open_passive(tcb a, int64_t wnd) {
  return a.state == VTCP_CLOSED ? become(opened(a, 0, wnd), VTCP_LISTEN, true) : a;
}

/* s3.10.2 SEND */
static bool may_send(tcb a) {
  return (a.state == VTCP_SYN_SENT || a.state == VTCP_SYN_RECEIVED || a.state == VTCP_ESTABLISHED ||
          a.state == VTCP_CLOSE_WAIT) &&
         !a.close_wanted;
}
tcb model_send(tcb a, int64_t n, bool urgent) {
  if (!may_send(a)) return a;
  a.snd_end += n;
  if (urgent && 0 < n) a.snd_up = a.snd_end;
  return a;
}

/* s3.10.3 RECEIVE */
tcb model_receive(tcb a, bool update) { return update ? ack_owed(a) : a; }

/* s3.10.4 CLOSE */
static tcb queue_fin(tcb a) {
  a.fin = true;
  a.close_wanted = false;
  a.state = a.state == VTCP_ESTABLISHED ? VTCP_FIN_WAIT_1 : VTCP_LAST_ACK;
  return a;
}
tcb model_close(tcb a) {
  if (a.state == VTCP_LISTEN || a.state == VTCP_SYN_SENT) return finish(a, VTCP_OUTCOME_ABORTED);
  if (a.state == VTCP_SYN_RECEIVED) {
    a.close_wanted = true;
    return a;
  }
  return a.state == VTCP_ESTABLISHED || a.state == VTCP_CLOSE_WAIT ? queue_fin(a) : a;
}

/* s3.10.5 ABORT */
static tcb rst_to_peer(tcb a) {
  a.rst_due = true;
  a.rst_ackf = false;
  a.rst_seq = wire(a.snd_nxt, a.iss);
  a.rst_ack = 0;
  return a;
}
tcb model_abort(tcb a) {
  if (a.state == VTCP_CLOSED) return a;
  bool tells = a.state == VTCP_SYN_RECEIVED || a.state == VTCP_ESTABLISHED || a.state == VTCP_FIN_WAIT_1 ||
               a.state == VTCP_FIN_WAIT_2 || a.state == VTCP_CLOSE_WAIT;
  return finish(tells ? rst_to_peer(a) : a, VTCP_OUTCOME_ABORTED);
}

/* s3.10.7.1 CLOSED */
static tcb reset_for(tcb a, segment g) {
  if (g.rst) return a;
  a.rst_due = true;
  a.rst_ackf = !g.ackf;
  a.rst_seq = g.ackf ? g.wire_ack : 0;
  a.rst_ack = g.ackf ? 0 : wire(seg_len(g), g.wire_seq);
  return a;
}

static tcb window_of(tcb a, segment g) {
  a.snd_wnd = g.wnd;
  a.snd_wl1 = g.seq;
  a.snd_wl2 = g.ack;
  a.snd_wnd_max = max(a.snd_wnd_max, g.wnd);
  return a;
}
static tcb adopt(tcb a, segment g) {
  a.irs = g.wire_seq;
  a.snd_wl1 = a.snd_wl2 = 0;
  return a;
}
static tcb syn_of(tcb a, segment g) { return adopt(window_of(a, g), g); }

/* s3.10.7.2 LISTEN */
static tcb select_iss(tcb a, uint32_t isn) {
  a.iss = isn;
  return a;
}
static tcb arrive_listen(tcb a, segment g, uint32_t isn) {
  if (g.rst) return a;
  if (g.ackf) return reset_for(a, g);
  return g.syn ? enter(select_iss(syn_of(a, g), isn), VTCP_SYN_RECEIVED) : a;
}

/* s3.10.7.4 sixth */
static tcb arrive_urg(tcb a, segment g) {
  if (receiving(a) && g.urg) a.rcv_up = max(a.rcv_up, g.seq + g.up);
  return a;
}

/* seventh */
static int64_t text_lo(tcb a, segment g) { return max(seg_first(g), a.rcv_nxt); }
static int64_t text_hi(tcb a, segment g) {
  int64_t e = min(seg_first(g) + g.txt, a.rcv_adv);
  return 0 <= a.rcv_fin ? min(e, a.rcv_fin) : e;
}
static tcb arrive_text(tcb a, segment g, int64_t nxt) {
  if (!receiving(a)) return a;
  a.text_lo = text_lo(a, g);
  a.text_hi = text_hi(a, g);
  a.rcv_nxt = nxt;
  return 0 < seg_len(g) ? ack_owed(a) : a;
}

/* eighth */
static tcb note_fin(tcb a, segment g) {
  int64_t at = seg_first(g) + g.txt;
  if (receiving(a) && g.fin && a.rcv_fin < 0 && a.rcv_nxt <= at && at < a.rcv_adv) a.rcv_fin = at;
  return a;
}
static tcb take_fin(tcb a) {
  if (!receiving(a) || a.rcv_fin != a.rcv_nxt) return a;
  a.rcv_nxt++;
  a.ack_due = true;
  a.state = a.state == VTCP_ESTABLISHED ? VTCP_CLOSE_WAIT : a.state == VTCP_FIN_WAIT_1 ? VTCP_CLOSING : VTCP_TIME_WAIT;
  return a;
}
static tcb arrive_fin(tcb a, segment g) { return take_fin(note_fin(a, g)); }
static tcb arrive_data(tcb a, segment g, int64_t nxt) { return arrive_fin(arrive_text(arrive_urg(a, g), g, nxt), g); }

static tcb now_established(tcb a, segment g) {
  a.snd_una = g.ack;
  a.state = a.close_wanted ? VTCP_FIN_WAIT_1 : VTCP_ESTABLISHED;
  if (a.close_wanted) a.fin = true;
  a.close_wanted = false;
  return a;
}
static tcb establish(tcb a, segment g) { return now_established(window_of(a, g), g); }

/* s3.10.7.3 SYN-SENT */
static bool ack_acceptable(tcb a, segment g) { return a.snd_una < g.ack && g.ack <= a.snd_nxt; }
static tcb arrive_syn_sent(tcb a, segment g, int64_t nxt) {
  if (g.ackf && !ack_acceptable(a, g)) return reset_for(a, g);
  if (g.rst) return g.ackf ? finish(a, VTCP_OUTCOME_REFUSED) : a;
  if (!g.syn) return a;
  return g.ackf ? arrive_data(ack_owed(establish(syn_of(a, g), g)), g, nxt) : enter(syn_of(a, g), VTCP_SYN_RECEIVED);
}

/* s3.10.7.4 first */
static bool inside(tcb a, int64_t at) { return a.rcv_nxt <= at && at < a.rcv_adv; }
static bool acceptable(tcb a, segment g) {
  if (seg_len(g) == 0) return a.rcv_adv == a.rcv_nxt ? g.seq == a.rcv_nxt : inside(a, g.seq);
  return inside(a, g.seq) || inside(a, g.seq + seg_len(g) - 1);
}
static bool allowance(tcb a, segment g) {
  return a.rcv_adv == a.rcv_nxt && g.seq == a.rcv_nxt && (g.ackf || g.urg || g.rst);
}
static tcb refuse_seq(tcb a, segment g, bool allow) {
  if (g.rst) return a;
  return (0 < g.txt || g.fin) && !g.syn ? ack_owed(a) : challenge(a, allow);
}

/* second */
static tcb arrive_rst(tcb a, segment g, bool allow) {
  if (g.seq < a.rcv_nxt) return a;
  if (g.seq != a.rcv_nxt) return challenge(a, allow);
  if (a.state == VTCP_SYN_RECEIVED) return a.passive ? back_to_listen(a) : finish(a, VTCP_OUTCOME_REFUSED);
  bool ended = VTCP_CLOSING <= a.state && a.snd_end <= a.snd_una;
  return finish(a, ended ? VTCP_OUTCOME_CLOSED : VTCP_OUTCOME_RESET);
}

/* fourth */
static tcb arrive_syn(tcb a, segment g, bool allow) {
  bool again = a.state == VTCP_SYN_RECEIVED && a.passive && a.rcv_nxt <= g.seq;
  return again ? back_to_listen(a) : challenge(a, allow);
}

/* fifth */
static bool ack_in_range(tcb a, segment g) { return a.snd_una - a.snd_wnd_max <= g.ack && g.ack <= a.snd_nxt; }
static tcb ack_una(tcb a, segment g) {
  a.snd_una = max(a.snd_una, g.ack);
  return a;
}
static tcb ack_window(tcb a, segment g) {
  bool newer = a.snd_wl1 < g.seq || (a.snd_wl1 == g.seq && a.snd_wl2 <= g.ack);
  return a.snd_una <= g.ack && newer ? window_of(a, g) : a;
}
static tcb ack_fin(tcb a) {
  if (!a.fin || a.snd_una != a.snd_end + 1) return a;
  if (a.state == VTCP_FIN_WAIT_1) return enter(a, VTCP_FIN_WAIT_2);
  if (a.state == VTCP_CLOSING) return enter(a, VTCP_TIME_WAIT);
  return a.state == VTCP_LAST_ACK ? finish(a, VTCP_OUTCOME_CLOSED) : a;
}
static tcb arrive_ack(tcb a, segment g) { return ack_fin(ack_window(ack_una(a, g), g)); }

static tcb arrive_synchronized(tcb a, segment g, bool allow, int64_t nxt) {
  if (!g.ackf) return a;
  if (!ack_in_range(a, g)) return challenge(a, allow);
  return arrive_data(arrive_ack(a, g), g, nxt);
}

static bool syn_ack_at_irs(tcb a, segment g) {
  return a.state == VTCP_SYN_RECEIVED && g.syn && g.ackf && !g.rst && !g.fin && g.seq == 0 && ack_acceptable(a, g);
}
static tcb arrive_syn_received(tcb a, segment g, bool allow, int64_t nxt) {
  if (!g.ackf) return a;
  if (!ack_acceptable(a, g)) return reset_for(a, g);
  return g.seq != a.rcv_nxt ? challenge(a, allow) : arrive_data(establish(a, g), g, nxt);
}

static tcb arrive_other(tcb a, segment g, bool allow, int64_t nxt) {
  if (syn_ack_at_irs(a, g)) return arrive_data(ack_owed(establish(a, g)), g, nxt);
  if (!acceptable(a, g) && !allowance(a, g)) return refuse_seq(a, g, allow);
  if (g.rst) return arrive_rst(a, g, allow);
  if (g.syn) return arrive_syn(a, g, allow);
  return a.state == VTCP_SYN_RECEIVED ? arrive_syn_received(a, g, allow, nxt) : arrive_synchronized(a, g, allow, nxt);
}

/* s3.10.7 */
tcb model_arrive(tcb a, segment g, bool allow, int64_t nxt, uint32_t isn) {
  if (a.state == VTCP_CLOSED) return reset_for(a, g);
  if (a.state == VTCP_LISTEN) return arrive_listen(a, g, isn);
  return a.state == VTCP_SYN_SENT ? arrive_syn_sent(a, g, nxt) : arrive_other(a, g, allow, nxt);
}

/* s3.10.8 */
tcb model_timeout(tcb a, bool user, bool wait) {
  if (wait && a.state == VTCP_TIME_WAIT) return finish(a, VTCP_OUTCOME_CLOSED);
  bool gives_up = user && a.state != VTCP_CLOSED && a.state != VTCP_LISTEN;
  return gives_up ? finish(a, VTCP_OUTCOME_TIMED_OUT) : a;
}

/* output */
tcb model_out_rst(tcb a) {
  a.rst_due = false;
  return a;
}
tcb model_out_range(tcb a, int64_t hi, int64_t adv) {
  a.snd_nxt = max(a.snd_nxt, hi);
  a.rcv_adv = adv;
  a.ack_due = false;
  return a;
}

/* ---- spec/negotiated.mlw, spec/negotiated.acsl ---- */

struct model_options model_options_of(const struct vtcp *c) {
  struct model_options o;
#define MODEL_OPTION(name) o.name = c->name;
  MODEL_OPTIONS(MODEL_OPTION)
#undef MODEL_OPTION
  return o;
}

const char *model_options_difference(struct model_options a, struct model_options b) {
#define MODEL_OPTION_DIFFERS(name)                                                                                     \
  if (a.name != b.name) return #name;
  MODEL_OPTIONS(MODEL_OPTION_DIFFERS)
  return NULL;
}

struct model_options model_opt_fresh(struct model_options o) {
  o.snd_mss = o.mss;
  o.wscale = 0;
  o.snd_factor = o.rcv_factor = 1;
  return o;
}

static struct model_options opt_syn(struct model_options o, const struct vtcp_segment *syn) {
  int64_t offered = syn->has_mss ? syn->mss : o.ipv6 ? 1220 : 536;
  o.snd_mss = max(64, min(o.mss, offered));
  o.wscale = o.wscale_offer && syn->has_wscale;
  o.snd_factor = o.wscale ? (int64_t)1 << syn->wscale : 1;
  o.rcv_factor = o.wscale ? (int64_t)1 << o.rcv_shift : 1;
  return o;
}

struct model_options model_opt_arrive(struct model_options o, tcb a, segment g, const struct vtcp_segment *syn) {
  if (!g.syn || g.rst || (a.state != VTCP_LISTEN && a.state != VTCP_SYN_SENT)) return o;
  if (g.ackf && (a.state == VTCP_LISTEN || !ack_acceptable(a, g))) return o;
  o = opt_syn(o, syn);
  if (a.state == VTCP_LISTEN) o.remote_port = syn->src_port;
  return o;
}
