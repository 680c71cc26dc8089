/* Packets: in from the script, through the connections, and out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stack.h"

/* ---- out ---- */

void stack_put(struct stack *s, const struct udp_address *local, const struct udp_address *peer,
               const struct vtcp_segment *segment) {
  uint32_t len = packet_encode(local, peer, segment, s->scratch, sizeof s->scratch);
  if (len == 0 || s->packets == STACK_PACKETS_MAX) return;
  struct leaving *p = malloc(sizeof *p + len);
  if (p == NULL) return;
  p->next = NULL;
  p->time = s->now;
  p->len = len;
  memcpy(p->octets, s->scratch, len);
  if (s->first == NULL)
    s->first = p;
  else
    s->last->next = p;
  s->last = p;
  s->packets++;
}

void stack_packet_out(struct stack *s, void *octets, size_t *len, long long *time) {
  while (s->first == NULL && (stack_next_timer(s) || waiting_grace(&s->waiting))) continue;
  struct leaving *p = s->first;
  *time = (long long)s->now;
  if (p == NULL) {
    *len = 0;
    return;
  }
  size_t n = *len > 0 && *len < p->len ? *len : p->len;
  memcpy(octets, p->octets, n);
  *len = n;
  *time = (long long)p->time;
  s->first = p->next;
  s->packets--;
  free(p);
}

/* ---- what a connection has to say ---- */

static void into_accept_queue(struct sock *k) {
  struct sock *l = k->listener;
  if (l == NULL) return;
  if (l->accept_first == NULL)
    l->accept_first = k;
  else
    l->accept_last->accept_next = k;
  l->accept_last = k;
  l->accept_count++;
  l->edges++;
}

static void on_established(struct stack *s, struct sock *k) {
  k->established = true;
  k->counts.timeouts = 0;
  sock_set_timeout(s, k);
  into_accept_queue(k);
}

/* errno as Linux's tcp_reset has it; a connection that was being opened is refused (RFC 9293 s3.10.7.3, s3.10.7.4). */
static void on_ended(struct sock *k) {
  struct vtcp_status status;
  vtcp_status(&k->tcb, &status);
  if (status.outcome == VTCP_OUTCOME_REFUSED) k->error = ECONNREFUSED;
  if (status.outcome == VTCP_OUTCOME_RESET) k->error = k->last_state == VTCP_CLOSE_WAIT ? EPIPE : ECONNRESET;
  if (status.outcome == VTCP_OUTCOME_TIMED_OUT) k->error = k->soft_error != 0 ? k->soft_error : ETIMEDOUT;
  k->shut_rd = k->shut_wr = true;
}

static void on_event(struct stack *s, struct sock *k, enum vtcp_event event) {
  k->edges++;
  if (event == VTCP_EVENT_ESTABLISHED) on_established(s, k);
  if (event == VTCP_EVENT_FIN) k->ended_in = true;
  if (event == VTCP_EVENT_SPACE) transfer_push(s, k, false);
  if (event == VTCP_EVENT_ENDED) on_ended(k);
}

/* A SYN came to nothing: the connection goes back to LISTEN, where the listener is. */
static void relisten(struct sock *k, enum vtcp_state state) {
  if (k->listener == NULL || k->established || state > VTCP_LISTEN) return;
  k->listener = NULL;
  (void)vtcp_close(&k->tcb);
}

uint32_t stack_isn(const struct stack *s, const struct sock *k) {
  if (s->sysctl.now.isn != SYSCTL_RANDOM) return (uint32_t)s->sysctl.now.isn;
  return isn_choose(&s->isn, &k->local, k->local.port, &k->peer, k->peer.port, s->now);
}

void stack_serve(struct stack *s, struct sock *k) {
  struct vtcp_segment segment;
  enum vtcp_event event;
  while ((event = vtcp_event(&k->tcb)) != VTCP_EVENT_NONE) on_event(s, k, event);
  tcp_info_acked(k);
  while (vtcp_output(&k->tcb, s->now, &segment)) {
    tcp_info_sent(k, &segment, s->now);
    stack_put(s, &k->local, &k->peer, &segment);
  }
  enum vtcp_state state = sock_state(k);
  relisten(k, state);
  k->last_state = state;
  if (state == VTCP_FIN_WAIT_2 && sock_orphan(k) && k->give_up == VTCP_NEVER) {
    int linger2 = k->options.number[OPTION_LINGER2];
    uint64_t ms = linger2 > 0 ? (uint64_t)linger2 * 1000u : linger2 < 0 ? 0 : s->sysctl.now.fin_timeout_ms;
    k->give_up = stack_after(s, ms * 1000u);
  } else if (state != VTCP_FIN_WAIT_2) {
    k->give_up = VTCP_NEVER;
  }
}

/* ---- in ---- */

static bool has(const struct vtcp_segment *segment, unsigned flags) { return (segment->flags & flags) == flags; }

static uint32_t half_open(const struct stack *s) {
  uint32_t n = 0;
  for (const struct sock *k = s->socks; k != NULL; k = k->next)
    if (k->listener != NULL && !k->established) n++;
  return n;
}

static bool queue_full(const struct sock *l) { return l->accept_count > (uint32_t)l->backlog; }

static struct sock *child_of(struct stack *s, struct sock *l, const struct packet *p) {
  struct sock *k = sock_new(s, l->domain);
  if (k == NULL) return NULL;
  k->options = l->options;
  k->local = p->dst;
  k->peer = p->src;
  k->phase = SOCK_CONNECTED;
  k->bound = true;
  if (!sock_connection(s, k)) return NULL; /* no reference: swept away */
  k->listener = l;
  return k;
}

/* The listener's part of s3.10.7.2: a connection in LISTEN takes the segment. floor: ISS is to be beyond it. */
static void to_listener(struct stack *s, struct sock *l, const struct packet *p, const uint32_t *floor) {
  const struct vtcp_segment *segment = &p->segment;
  bool syn = has(segment, VTCP_SYN) && !has(segment, VTCP_ACK) && !has(segment, VTCP_RST);
  if (syn && (queue_full(l) || half_open(s) >= STACK_HALF_OPEN_MAX)) return;
  struct sock *k = child_of(s, l, p);
  if (k == NULL) return;
  uint32_t iss = stack_isn(s, k);
  if (floor != NULL && iss - *floor - 1u >= 0x7fffffffu) iss = *floor + 65537u;
  (void)vtcp_listen(&k->tcb);
  tcp_info_received(k, segment, s->now);
  (void)vtcp_input(&k->tcb, segment, iss, s->now);
  stack_serve(s, k);
}

/* New data after close or shutdown(SHUT_RD), which nobody will read: RST (RFC 9293 s3.6.1, SHLD-3). */
static void refuse_data(struct stack *s, struct sock *k, const struct vtcp_segment *segment) {
  struct vtcp_segment rst;
  struct udp_address local = k->local, peer = k->peer;
  if (vtcp_refuse(segment, &rst)) stack_put(s, &local, &peer, &rst);
  sock_disconnect(s, k, false);
  k->error = ECONNRESET;
}

static uint32_t unread(const struct sock *k) {
  struct vtcp_status status;
  vtcp_status(&k->tcb, &status);
  return status.unread;
}

static void to_connection(struct stack *s, struct sock *k, const struct vtcp_segment *segment) {
  enum vtcp_state state = sock_state(k);
  /* as Linux: while the accept queue is full the handshake is not completed */
  if (state == VTCP_SYN_RECEIVED && k->listener != NULL && queue_full(k->listener) && !has(segment, VTCP_RST)) return;
  uint32_t before = unread(k);
  tcp_info_received(k, segment, s->now);
  (void)vtcp_input(&k->tcb, segment, stack_isn(s, k), s->now);
  bool deaf = sock_orphan(k) || (k->shut_rd && (state == VTCP_FIN_WAIT_1 || state == VTCP_FIN_WAIT_2));
  if (deaf && unread(k) > before)
    refuse_data(s, k, segment);
  else
    stack_serve(s, k);
}

/* MAY-2: a SYN beyond what a connection in TIME-WAIT has received opens a new one. */
static bool reopens(const struct sock *k, const struct vtcp_segment *segment, uint32_t *snd_nxt) {
  struct vtcp_status status;
  vtcp_status(&k->tcb, &status);
  *snd_nxt = status.snd_nxt;
  bool syn = has(segment, VTCP_SYN) && !has(segment, VTCP_ACK) && !has(segment, VTCP_RST);
  return syn && status.state == VTCP_TIME_WAIT && segment->seq - status.rcv_nxt < 0x80000000u;
}

static void on_segment(struct stack *s, const struct packet *p) {
  const struct vtcp_segment *segment = &p->segment;
  uint32_t floor = 0;
  bool reopened = false;
  if (s->sysctl.now.drop_synfin != 0 && has(segment, VTCP_SYN | VTCP_FIN)) return;
  struct sock *k = naming_find(s, &p->dst, &p->src), *l = naming_listener(s, &p->dst);
  if (k != NULL && l != NULL && reopens(k, segment, &floor)) {
    sock_disconnect(s, k, false);
    k = NULL;
    reopened = true;
  }
  struct vtcp_segment rst;
  if (k != NULL)
    to_connection(s, k, segment);
  else if (l != NULL)
    to_listener(s, l, p, reopened ? &floor : NULL);
  else if (vtcp_refuse(segment, &rst))
    stack_put(s, &p->dst, &p->src, &rst);
}

/* RFC 9293 s3.9.2.2, RFC 5927 s4: a hard error ends an opening, and nothing else; what it quotes must be in flight. */
static void on_icmp(struct stack *s, const struct packet *p, bool hard) {
  struct sock *k = naming_find(s, &p->src, &p->dst);
  if (k == NULL || !vtcp_path_error(&k->tcb, p->seq, hard)) return;
  k->soft_error = hard ? ECONNREFUSED : EHOSTUNREACH;
  if (k->tcb.state != VTCP_CLOSED) return;
  stack_serve(s, k);
  k->error = ECONNREFUSED;
}

/* RFC 9293 s3.7.5: a path with a smaller MTU; the core checks that the segment is in flight. */
static void on_too_big(struct stack *s, const struct packet *p) {
  struct sock *k = naming_find(s, &p->src, &p->dst);
  uint16_t mss = vtcp_mtu_mss(p->mtu, p->src.family == AF_INET6);
  if (k == NULL || mss == 0 || p->mtu > UINT16_MAX) return;
  if (vtcp_path_mss(&k->tcb, p->seq, mss)) stack_serve(s, k);
}

int stack_packet_in(struct stack *s, const void *octets, size_t len) {
  struct packet p;
  if (len > PACKET_MAX) return -1;
  enum packet_verdict verdict = packet_decode(octets, (uint32_t)len, &p);
  if (verdict == PACKET_SEGMENT) {
    *(p.dst.family == AF_INET6 ? &s->seen6 : &s->seen4) = p.dst;
    on_segment(s, &p);
  } else if (verdict == PACKET_SOFT_ERROR || verdict == PACKET_HARD_ERROR) {
    on_icmp(s, &p, verdict == PACKET_HARD_ERROR);
  } else if (verdict == PACKET_TOO_BIG) {
    on_too_big(s, &p);
  }
  return 0;
}
