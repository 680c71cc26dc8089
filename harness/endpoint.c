#define _POSIX_C_SOURCE 200809L
#include "endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "ladder.h"
#include "progress.h"
#include "signals.h"
#include "status.h"

#define BATCH 64 /* datagrams between two looks at timers and files */
#define MSS_MIN 64u
#define MSS_MAX 65475u
#define IPV4_MTU_MIN 68u
#define IPV6_MTU_MIN 1280u

const char *endpoint_outcome(enum vtcp_outcome outcome) {
  static const char *const texts[] = {"open", "closed", "refused", "reset by the peer", "timed out", "aborted"};
  return texts[outcome];
}

void endpoint_fail(struct endpoint *e, enum exit_status status) {
  if (e->status == EXIT_OK) e->status = status;
}

static bool setup(struct endpoint *e, const struct link *link) {
  const struct options *o = e->options;
  struct faults_config faults = o->faults;
  if (faults.seed == OPTIONS_UNSET) randombytes_buf(&faults.seed, sizeof faults.seed);
  faults.deliver_corrupted = link->kind->packets || link->framing.checksum;
  struct capture *capture = o->pcap == NULL ? NULL : capture_open(o->pcap);
  transport_init(&e->transport, link, &faults, capture);
  if (o->pcap != NULL && capture == NULL) return false;
  if (faults_active(&e->transport.faults[TRANSPORT_OUT]))
    log_info("faults: --seed %llu", (unsigned long long)faults.seed);
  isn_init(&e->isn);
  uint32_t cap = (uint32_t)o->max_connections;
  e->polls = calloc(2u + 2u * (size_t)cap, sizeof *e->polls);
  e->trace = e->own_trace = o->ladder ? calloc(1, sizeof *e->trace) : NULL;
  bool room =
      table_init(&e->table, cap, (uint32_t)o->max_half_open) && e->polls != NULL && (!o->ladder || e->trace != NULL);
  if (!room) log_error("out of memory");
  e->stop_fd = signals_open();
  bool signals = e->stop_fd >= 0 && signals_take_questions();
  if (!signals) log_error("signals: %s", strerror(errno));
  bool service = link_service(&e->transport.link, (uint8_t)o->ttl, (uint8_t)(4u * o->dscp)); /* MUST-48, MUST-49 */
  if (!service) log_error("--ttl, --dscp: %s", strerror(errno));
  return room && signals && service;
}

struct endpoint *endpoint_open(const struct options *o, const struct link *link, const struct endpoint_user *user) {
  struct endpoint *e = calloc(1, sizeof *e);
  if (e == NULL) {
    log_error("out of memory");
    (void)close(link->fd);
    return NULL;
  }
  e->options = o;
  e->user = *user;
  e->fixed_isn = o->isn;
  e->gauge = &e->own_gauge;
  e->transport.link = *link;
  if (setup(e, link)) return e;
  (void)endpoint_close(e);
  return NULL;
}

/* The smallest scale that can express the window (RFC 7323 s2.3). */
static uint16_t window_shift(uint64_t window) {
  uint16_t shift = 0;
  while (shift < 14 && (window >> shift) > 65535u) shift++;
  return shift;
}

static uint16_t choose_mss(const struct endpoint *e, int family) {
  const struct link *l = &e->transport.link;
  uint32_t mss = e->options->mss == OPTIONS_UNSET ? l->kind->mss(l, family) : (uint32_t)e->options->mss;
  return (uint16_t)(mss < MSS_MIN ? MSS_MIN : mss > MSS_MAX ? MSS_MAX : mss);
}

static struct connection *add_connection(struct endpoint *e, uint64_t now, const struct udp_address *local,
                                         const struct udp_address *peer, uint16_t local_port, uint16_t remote_port) {
  const struct options *o = e->options;
  uint32_t window = (uint32_t)o->window;
  struct connection *c = table_add(&e->table, window);
  if (c == NULL) return NULL;
  c->local = *local;
  c->peer = *peer;
  c->local_port = local_port;
  c->remote_port = remote_port;
  c->half_open_until = VTCP_NEVER;
  c->seen = VTCP_CLOSED;
  stream_init(&c->stream, STREAM_NONE, STREAM_NONE, false);
  struct vtcp_config config = {.local_port = local_port,
                               .remote_port = remote_port,
                               .mss = choose_mss(e, local->family),
                               .window_shift = window_shift(window),
                               .no_window_scale = o->no_window_scale,
                               .ipv6 = local->family == AF_INET6,
                               .nodelay = o->nodelay,
                               .msl = o->msl,
                               .user_timeout = o->user_timeout,
                               .rto_min = o->rto_min,
                               .snd_buf = c->buffers,
                               .snd_cap = window,
                               .rcv_buf = c->buffers + window,
                               .rcv_cap = window};
  if (vtcp_init(&c->tcb, &config) == VTCP_OK &&
      vtcp_set_keepalive(&c->tcb, o->keepalive > 0, o->keepalive, o->keepalive_interval, (uint32_t)o->keepalive_count,
                         now) == VTCP_OK)
    return c;
  table_remove(&e->table, e->table.used - 1u);
  return NULL;
}

static uint32_t choose_isn(const struct endpoint *e, const struct connection *c, uint64_t now) {
  if (e->fixed_isn != OPTIONS_UNSET) return (uint32_t)e->fixed_isn;
  return isn_choose(&e->isn, &c->local, c->local_port, &c->peer, c->remote_port, now);
}

static void put_segment(struct endpoint *e, const struct connection *c, uint64_t now, const struct vtcp_segment *s) {
  struct transport_sent sent = transport_send(&e->transport, now, &c->local, &c->peer, s);
  if (c->id == 1) trace_segment(e->trace, now, TRACE_SENT, s, table_state(c), sent.print, sent.fate);
}

/* After a change of state: tell people, the trace, and other processes. */
static void note_state(struct endpoint *e, struct connection *c, uint64_t now, enum vtcp_state shown) {
  struct vtcp_status s;
  vtcp_status(&c->tcb, &s);
  if (c->id == 1) {
    uint64_t queued = s.unacknowledged < c->stream.sent ? s.unacknowledged : c->stream.sent;
    atomic_store(&e->gauge->acknowledged, c->stream.sent - queued);
    atomic_store(&e->gauge->received, c->stream.received);
    atomic_store(&e->gauge->retransmitted, s.retransmitted);
    atomic_store(&e->gauge->outcome, s.outcome);
    atomic_store(&e->gauge->state, s.state);
    if (s.state != shown) trace_state(e->trace, now, s.state);
  }
  if (s.state == c->seen) return;
  c->seen = s.state;
  c->since = now;
  char peer[UDP_TEXT_MAX];
  udp_text(&c->peer, peer);
  log_detail("%s: %s", peer, ladder_state((uint8_t)s.state));
}

static void on_established(struct endpoint *e, struct connection *c) {
  char peer[UDP_TEXT_MAX];
  udp_text(&c->peer, peer);
  c->established = true;
  e->counts.established++;
  log_info("%s: connected", peer);
  if (!e->user.established(e->user.self, e, c)) (void)vtcp_abort(&c->tcb);
}

static void on_event(struct endpoint *e, struct connection *c, enum vtcp_event event) {
  char peer[UDP_TEXT_MAX];
  udp_text(&c->peer, peer);
  if (event == VTCP_EVENT_ESTABLISHED) on_established(e, c);
  if (event == VTCP_EVENT_FIN) c->stream.peer_ended = true;
  if (event == VTCP_EVENT_WARNING) log_info("%s: no answer, still trying", peer);
  if (event == VTCP_EVENT_ENDED) c->ended = true;
}

/* Everything that any call on a connection makes necessary. shown: the state the trace has last. */
static void serve_connection(struct endpoint *e, struct connection *c, uint64_t now, enum vtcp_state shown) {
  struct vtcp_segment s;
  enum vtcp_event event;
  while ((event = vtcp_event(&c->tcb)) != VTCP_EVENT_NONE) on_event(e, c, event);
  if (c->established && c->stream.trouble == NULL) stream_settle(&c->stream, &c->tcb);
  if (c->stream.trouble != NULL && !c->ended && vtcp_abort(&c->tcb) == VTCP_OK) c->ended = true;
  while (vtcp_output(&c->tcb, now, &s)) {
    put_segment(e, c, now, &s);
    shown = table_state(c);
  }
  if (table_state(c) == VTCP_LISTEN) c->ended = true; /* a SYN that came to nothing */
  note_state(e, c, now, shown);
}

bool endpoint_connect(struct endpoint *e, const struct udp_address *peer, uint16_t remote_port) {
  const struct udp_address *local = link_local(&e->transport.link, peer->family);
  uint64_t now = clock_now();
  struct connection *c = local == NULL ? NULL : add_connection(e, now, local, peer, local->port, remote_port);
  if (c == NULL) {
    log_error("cannot make a connection");
    return false;
  }
  c->id = ++e->counts.opened;
  trace_state(e->trace, now, VTCP_CLOSED);
  enum vtcp_error error = vtcp_open(&c->tcb, choose_isn(e, c, now), now);
  serve_connection(e, c, now, VTCP_CLOSED);
  return error == VTCP_OK;
}

/* A SYN to the port we listen on gets a TCB of its own, in LISTEN; NULL: none. */
static struct connection *accept_syn(struct endpoint *e, uint64_t now, const struct udp_address *local,
                                     const struct udp_address *peer, const struct vtcp_segment *s) {
  bool syn = (s->flags & (VTCP_SYN | VTCP_ACK | VTCP_RST)) == VTCP_SYN;
  if (!syn || !e->listening || s->dst_port != e->transport.link.port) return NULL;
  if (table_half_open(&e->table) >= e->table.half_open_max) return NULL;
  struct connection *c = add_connection(e, now, local, peer, s->dst_port, s->src_port);
  if (c == NULL) return NULL;
  c->id = ++e->counts.opened;
  c->half_open_until = now + e->options->half_open_time;
  (void)vtcp_listen(&c->tcb);
  return c;
}

/* RFC 9293 s3.10.7.1, but a SYN that there is only no room for is dropped: it will come again. */
static void answer_stray(struct endpoint *e, uint64_t now, const struct udp_address *local,
                         const struct udp_address *peer, const struct vtcp_segment *s) {
  struct vtcp_segment reset;
  bool syn = (s->flags & (VTCP_SYN | VTCP_ACK | VTCP_RST)) == VTCP_SYN;
  if (syn && e->listening && s->dst_port == e->transport.link.port) {
    e->counts.turned_away++;
    return;
  }
  if (!vtcp_refuse(s, &reset)) return;
  e->counts.refused++;
  (void)transport_send(&e->transport, now, local, peer, &reset);
}

static void segment_arrives(struct endpoint *e, const struct udp_address *local, const struct udp_address *peer,
                            const struct vtcp_segment *s, uint64_t print) {
  uint64_t now = clock_now();
  struct connection *c = table_find(&e->table, local, peer, s->dst_port, s->src_port);
  if (c == NULL) c = accept_syn(e, now, local, peer, s);
  if (c == NULL) {
    answer_stray(e, now, local, peer, s);
    return;
  }
  uint32_t isn = table_state(c) == VTCP_LISTEN ? choose_isn(e, c, now) : 0;
  (void)vtcp_input(&c->tcb, s, isn, now);
  if (c->id == 1) trace_segment(e->trace, now, TRACE_RECEIVED, s, table_state(c), print, 0);
  serve_connection(e, c, now, table_state(c));
}

static void abort_connection(struct endpoint *e, struct connection *c, uint64_t now, const char *why) {
  enum vtcp_state before = table_state(c);
  if (vtcp_abort(&c->tcb) != VTCP_OK) return;
  c->why = why;
  serve_connection(e, c, now, before);
}

/* RFC 1191 s6.4, RFC 8201 s5.2: smaller segments from now on; those under way go again. */
static void endpoint_too_big(struct endpoint *e, struct connection *c, uint32_t seq, uint16_t mss) {
  enum vtcp_state before = table_state(c);
  if (!vtcp_path_mss(&c->tcb, seq, mss)) {
    e->counts.errors++;
    return;
  }
  e->counts.too_big++;
  serve_connection(e, c, clock_now(), before);
}

/* An MTU that no link may have is none (RFC 791 s3.2, RFC 8201 s4). */
static void path_mtu(struct endpoint *e, struct connection *c, const struct packet *error) {
  bool v6 = error->src.family == AF_INET6;
  if (error->mtu < (v6 ? IPV6_MTU_MIN : IPV4_MTU_MIN))
    e->counts.errors++;
  else
    endpoint_too_big(e, c, error->seq, vtcp_mtu_mss(error->mtu, v6));
}

/* MUST-47, SHLD-25: told once; the connection goes on. */
static void tell_error(struct endpoint *e, struct connection *c, enum transport_result kind) {
  char peer[UDP_TEXT_MAX];
  e->counts.errors++;
  if (c->warned) return;
  c->warned = true;
  udp_text(&c->peer, peer);
  log_info("%s: ICMP: %s; still trying", peer,
           kind == TRANSPORT_SOFT_ERROR ? "it cannot be reached now" : "the host has no such protocol or port");
}

/* RFC 9293 s3.9.2.2 MUST-54, MUST-56, SHLD-26; RFC 5927 s4.1, s5.2: a hard error ends no connection that is open. */
static void error_arrives(struct endpoint *e, enum transport_result kind, const struct packet *error) {
  struct connection *c = table_find(&e->table, &error->src, &error->dst, error->src.port, error->dst.port);
  enum vtcp_state before = c == NULL ? VTCP_CLOSED : table_state(c);
  if (c == NULL || !vtcp_path_error(&c->tcb, error->seq, kind == TRANSPORT_HARD_ERROR)) {
    e->counts.forged++;
  } else if (kind == TRANSPORT_TOO_BIG) {
    path_mtu(e, c, error);
  } else if (table_state(c) == VTCP_CLOSED) {
    c->why = "refused, the host has no such protocol or port";
    serve_connection(e, c, clock_now(), before);
  } else {
    tell_error(e, c, kind);
  }
}

/* False: the link is gone. */
static bool receive_batch(struct endpoint *e) {
  struct packet in;
  uint64_t print = 0;
  for (int i = 0; i < BATCH; i++) {
    enum transport_result r = transport_receive(&e->transport, clock_now(), &in, &print);
    if (r == TRANSPORT_NOTHING) return true;
    if (r == TRANSPORT_FAILED) log_error("--tun %s: %s", e->transport.link.name, strerror(errno));
    if (r == TRANSPORT_FAILED) return false;
    if (r == TRANSPORT_SEGMENT)
      segment_arrives(e, &in.dst, &in.src, &in.segment, print);
    else if (r != TRANSPORT_IGNORED)
      error_arrives(e, r, &in);
  }
  return true;
}

/* What a UDP socket told: nobody has the port of its only peer. The same rule as above. */
static void look_unreachable(struct endpoint *e, uint64_t now) {
  if (e->transport.counts.unreachable == e->unreachable) return;
  e->unreachable = e->transport.counts.unreachable;
  for (uint32_t i = 0; i < e->table.used; i++) {
    struct connection *c = e->table.slots[i];
    if (table_state(c) != VTCP_SYN_SENT) continue;
    abort_connection(e, c, now, "refused, nobody has the UDP port");
  }
}

static void run_timers(struct endpoint *e, uint64_t now) {
  for (uint32_t i = 0; i < e->table.used; i++) {
    struct connection *c = e->table.slots[i];
    enum vtcp_state before = table_state(c);
    if (!c->established && !c->ended && c->half_open_until <= now) {
      e->counts.expired++;
      abort_connection(e, c, now, "half-open for too long");
    } else if (vtcp_deadline(&c->tcb) <= now) {
      vtcp_timeout(&c->tcb, now);
      serve_connection(e, c, now, before);
    }
  }
}

static void report_end(struct endpoint *e, struct connection *c, const struct vtcp_status *s) {
  char peer[UDP_TEXT_MAX];
  udp_text(&c->peer, peer);
  stream_close(&c->stream);
  e->counts.retransmitted += s->retransmitted;
  if (c->stream.trouble != NULL) {
    log_error("%s: %s: %s", peer, c->stream.trouble, strerror(c->stream.error));
    endpoint_fail(e, EXIT_LOCAL);
  } else if (s->outcome != VTCP_OUTCOME_CLOSED && (c->established || c->half_open_until == VTCP_NEVER)) {
    log_error("%s: %s", peer, c->why != NULL ? c->why : endpoint_outcome((enum vtcp_outcome)s->outcome));
    endpoint_fail(e, EXIT_CONNECTION);
  } else if (c->established) {
    log_info("%s: closed, %llu octets sent, %llu received, %u segments sent again", peer,
             (unsigned long long)c->stream.sent, (unsigned long long)c->stream.received, (unsigned)s->retransmitted);
  }
}

/* Connections that have ended and whose octets are all written. */
static void sweep(struct endpoint *e) {
  for (uint32_t i = 0; i < e->table.used;) {
    struct connection *c = e->table.slots[i];
    struct vtcp_status s;
    vtcp_status(&c->tcb, &s);
    bool whole = c->stream.peer_ended && s.outcome != VTCP_OUTCOME_ABORTED;
    if (!c->ended || (whole && !stream_drained(&c->stream, &c->tcb))) {
      i++;
      continue;
    }
    report_end(e, c, &s);
    e->counts.ended++;
    e->user.ended(e->user.self, e, c, &s);
    table_remove(&e->table, i);
  }
}

static uint64_t next_deadline(const struct endpoint *e) {
  uint64_t next = transport_deadline(&e->transport);
  for (uint32_t i = 0; i < e->table.used; i++) {
    const struct connection *c = e->table.slots[i];
    uint64_t at = vtcp_deadline(&c->tcb);
    if (at < next) next = at;
    if (!c->established && !c->ended && c->half_open_until < next) next = c->half_open_until;
  }
  return e->user.tick != NULL && e->tick_at < next ? e->tick_at : next;
}

/* Moves octets of the connections whose files are ready; their entries stand in polls[2..] in the table's order. */
static void move_streams(struct endpoint *e, const int *entries, uint32_t connections) {
  const struct pollfd *p = e->polls + 2;
  for (uint32_t i = 0; i < connections; p += entries[i], i++) {
    struct connection *c = e->table.slots[i];
    bool ready = (entries[i] > 0 && p[0].revents != 0) || (entries[i] > 1 && p[1].revents != 0);
    if (!ready) continue;
    enum vtcp_state before = table_state(c);
    stream_move(&c->stream, &c->tcb, p, entries[i]);
    serve_connection(e, c, clock_now(), before);
  }
}

/* Waits for something to happen and deals with it. False: poll failed. */
static bool wait_once(struct endpoint *e) {
  int entries[TABLE_MAX];
  nfds_t n = 2;
  uint32_t connections = e->table.used;
  e->polls[0] = (struct pollfd){.fd = e->transport.link.fd, .events = POLLIN};
  e->polls[1] = (struct pollfd){.fd = e->stop_fd, .events = POLLIN};
  for (uint32_t i = 0; i < connections; i++) {
    struct connection *c = e->table.slots[i];
    entries[i] = c->established ? stream_poll(&c->stream, &c->tcb, e->polls + n) : 0;
    n += (nfds_t)entries[i];
  }
  int ready = poll(e->polls, n, clock_wait(clock_now(), next_deadline(e)));
  if (ready < 0 && errno == EINTR) return true;
  if (ready < 0) {
    log_error("poll: %s", strerror(errno));
    return false;
  }
  if (ready > 0) move_streams(e, entries, connections);
  bool held = e->transport.faults[TRANSPORT_IN].held > 0;
  return (e->polls[0].revents == 0 && !held) || receive_batch(e);
}

static void abort_all(struct endpoint *e) {
  for (uint32_t i = 0; i < e->table.used; i++) {
    struct connection *c = e->table.slots[i];
    if (!c->ended) abort_connection(e, c, clock_now(), "interrupted");
  }
}

enum exit_status endpoint_run(struct endpoint *e) {
  while (!(e->done && e->table.used == 0)) {
    while (signals_asked()) status_print(&e->table, clock_now());
    if (signals_stopped()) {
      log_error("interrupted");
      e->status = EXIT_INTERRUPTED;
      abort_all(e);
      break;
    }
    if (!wait_once(e)) {
      endpoint_fail(e, EXIT_LOCAL);
      break;
    }
    uint64_t now = clock_now();
    run_timers(e, now);
    transport_flush(&e->transport, now, false);
    look_unreachable(e, now);
    sweep(e);
    if (e->user.tick == NULL || now < e->tick_at) continue;
    e->tick_at = now + PROGRESS_INTERVAL;
    e->user.tick(e->user.self, e, now);
  }
  transport_flush(&e->transport, clock_now(), true);
  return e->status;
}

static void report_faults(const struct faults_counts *f, const char *way) {
  typedef unsigned long long n;
  if (f->datagrams > 0)
    log_info("faults in %llu datagrams%s: %llu lost, %llu duplicated, %llu reordered, %llu corrupted", (n)f->datagrams,
             way, (n)f->lost, (n)f->duplicated, (n)f->reordered, (n)f->corrupted);
}

static void report_counts(const struct endpoint *e) {
  const struct transport_counts *t = &e->transport.counts;
  const struct endpoint_counts *c = &e->counts;
  const uint64_t *v = t->verdicts;
  typedef unsigned long long n;
  log_detail("segments: %llu sent, %llu received, %llu sent again", (n)t->sent, (n)t->received, (n)c->retransmitted);
  log_detail("connections: %llu opened, %llu established, %llu half-open expired, %llu turned away, %llu refused",
             (n)c->opened, (n)c->established, (n)c->expired, (n)c->turned_away, (n)c->refused);
  if (c->errors + c->forged + c->too_big + v[PACKET_OTHER] > 0)
    log_detail("ICMP errors: %llu without effect, %llu about nothing under way, %llu path MTUs; other packets: %llu",
               (n)c->errors, (n)c->forged, (n)c->too_big, (n)v[PACKET_OTHER]);
  if (v[PACKET_MALFORMED] + v[PACKET_BAD_CHECKSUM] + v[PACKET_FRAGMENT] + t->unsent > 0)
    log_info("dropped: %llu malformed, %llu with a wrong checksum, %llu fragments, %llu unsent", (n)v[PACKET_MALFORMED],
             (n)v[PACKET_BAD_CHECKSUM], (n)v[PACKET_FRAGMENT], (n)t->unsent);
  report_faults(&e->transport.faults[TRANSPORT_OUT].counts, e->transport.link.kind->packets ? " sent" : "");
  report_faults(&e->transport.faults[TRANSPORT_IN].counts, " received");
}

static bool draw_ladder(const struct endpoint *e, const struct trace *trace) {
  struct ladder l;
  bool server = trace_kept(trace) > 0 && trace_get(trace, 0)->state == VTCP_LISTEN;
  if (!ladder_build(&l, server ? NULL : trace, server ? trace : NULL, NULL)) return false;
  if (e->options->ladder_svg == NULL) ladder_print(&l, stderr);
  bool drawn = e->options->ladder_svg == NULL || ladder_svg(&l, e->options->ladder_svg);
  if (!drawn) log_error("--ladder: %s: %s", e->options->ladder_svg, strerror(errno));
  ladder_free(&l);
  return drawn;
}

enum exit_status endpoint_close(struct endpoint *e) {
  report_counts(e);
  if (e->own_trace != NULL && !draw_ladder(e, e->own_trace)) endpoint_fail(e, EXIT_LOCAL);
  if (!transport_close(&e->transport)) endpoint_fail(e, EXIT_LOCAL);
  enum exit_status status = e->status;
  table_free(&e->table);
  free(e->polls);
  free(e->own_trace);
  free(e);
  return status;
}
