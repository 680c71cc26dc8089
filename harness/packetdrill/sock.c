#include "sock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stack.h"

#define USECS_PER_MS 1000u
#define SYN_RTO 1000000u /* RFC 6298 (2.1) */

struct sock *sock_new(struct stack *s, int domain) {
  struct sock *k = calloc(1, sizeof *k);
  if (k == NULL) return NULL;
  k->domain = domain;
  k->local.family = k->peer.family = domain;
  k->give_up = k->held_until = VTCP_NEVER;
  sockopt_defaults(s, &k->options);
  k->next = s->socks;
  s->socks = k;
  return k;
}

bool sock_orphan(const struct sock *k) { return k->descriptors == 0 && k->listener == NULL; }

static void drop_buffers(struct sock *k) {
  free(k->buffers);
  free(k->held);
  k->buffers = k->held = NULL;
  k->held_len = 0;
  k->held_until = VTCP_NEVER;
}

static void forget(struct sock *k) {
  drop_buffers(k);
  free(k);
}

void sock_sweep(struct stack *s) {
  for (struct sock **at = &s->socks; *at != NULL;) {
    struct sock *k = *at;
    if (sock_orphan(k) && k->calls == 0 && sock_state(k) == VTCP_CLOSED) {
      *at = k->next;
      forget(k);
    } else {
      at = &k->next;
    }
  }
}

void sock_free_all(struct stack *s) {
  while (s->socks != NULL) {
    struct sock *k = s->socks;
    s->socks = k->next;
    forget(k);
  }
}

enum vtcp_state sock_state(const struct sock *k) {
  struct vtcp_status status;
  if (k->buffers == NULL) return VTCP_CLOSED;
  vtcp_status(&k->tcb, &status);
  return status.state;
}

bool sock_closed(const struct sock *k) {
  enum vtcp_state state = sock_state(k);
  return k->phase != SOCK_LISTENING && (state == VTCP_CLOSED || state == VTCP_TIME_WAIT);
}

bool sock_receive_shut(const struct sock *k) { return k->shut_rd || k->ended_in; }

int sock_take_error(struct sock *k) {
  int error = k->error;
  k->error = 0;
  return error;
}

/* The smallest scale that can express the window (RFC 7323 s2.3). */
static uint16_t shift_for(uint32_t window) {
  uint16_t shift = 0;
  while (shift < 14 && (window >> shift) > 65535u) shift++;
  return shift;
}

static uint16_t mss_for(const struct stack *s, const struct sock *k) {
  uint16_t most = vtcp_mtu_mss((uint32_t)s->sysctl.now.mtu, k->local.family == AF_INET6);
  int wanted = k->options.number[OPTION_MAXSEG];
  return wanted > 0 && wanted < most ? (uint16_t)wanted : most;
}

/* How long a SYN or SYN-ACK is repeated: 1 s, doubled TCP_SYNCNT times, if that is set. */
static uint64_t syn_timeout(const struct stack *s, const struct sock *k) {
  const int *number = k->options.number;
  if (number[OPTION_USER_TIMEOUT] > 0) return (uint64_t)number[OPTION_USER_TIMEOUT] * USECS_PER_MS;
  if (number[OPTION_SYNCNT] == 0) return s->sysctl.now.syn_timeout_ms * USECS_PER_MS;
  uint64_t total = 0, rto = SYN_RTO;
  for (int i = 0; i <= number[OPTION_SYNCNT]; i++) {
    total += rto;
    rto = rto < VTCP_RTO_MAX / 2 ? 2 * rto : VTCP_RTO_MAX;
  }
  return total;
}

bool sock_connection(struct stack *s, struct sock *k) {
  const struct sock_options *o = &k->options;
  drop_buffers(k);
  memset(&k->counts, 0, sizeof k->counts);
  k->buffers = malloc((size_t)o->rcvbuf + o->sndbuf);
  if (k->buffers == NULL) return false;
  uint16_t shift = shift_for(o->rcvbuf);
  k->counts.own_shift = shift;
  struct vtcp_config config = {.local_port = k->local.port,
                               .remote_port = k->peer.port,
                               .mss = mss_for(s, k),
                               .window_shift = shift,
                               .no_window_scale = s->sysctl.now.window_scale == 0,
                               .ipv6 = k->local.family == AF_INET6,
                               .nodelay = o->number[OPTION_NODELAY] != 0,
                               .msl = s->sysctl.now.msl_ms * USECS_PER_MS,
                               .user_timeout = syn_timeout(s, k),
                               .rto_min = s->sysctl.now.rto_min_ms * USECS_PER_MS,
                               .snd_buf = k->buffers + o->rcvbuf,
                               .snd_cap = o->sndbuf,
                               .rcv_buf = k->buffers,
                               .rcv_cap = o->rcvbuf};
  if (vtcp_init(&k->tcb, &config) != VTCP_OK) {
    drop_buffers(k);
    return false;
  }
  sock_set_keepalive(s, k);
  return true;
}

void sock_set_keepalive(const struct stack *s, struct sock *k) {
  const int *number = k->options.number;
  uint32_t count = (uint32_t)number[OPTION_KEEPCNT], least = VTCP_KEEPALIVE_COUNT_LEAST;
  (void)vtcp_set_keepalive(&k->tcb, number[OPTION_KEEPALIVE] != 0,
                           (uint64_t)number[OPTION_KEEPIDLE] * 1000u * USECS_PER_MS,
                           (uint64_t)number[OPTION_KEEPINTVL] * 1000u * USECS_PER_MS, count < least ? least : count,
                           s->now);
}

void sock_set_timeout(const struct stack *s, struct sock *k) {
  int ms = k->options.number[OPTION_USER_TIMEOUT];
  uint64_t us = (ms > 0 ? (uint64_t)ms : s->sysctl.now.user_timeout_ms) * USECS_PER_MS;
  if (k->buffers != NULL) (void)vtcp_set_user_timeout(&k->tcb, k->established ? us : syn_timeout(s, k), s->now);
}

void sock_disconnect(struct stack *s, struct sock *k, bool abort) {
  struct vtcp_segment segment;
  if (k->buffers == NULL) return;
  if (vtcp_abort(&k->tcb) != VTCP_OK) return;
  if (!abort)
    while (vtcp_output(&k->tcb, s->now, &segment)) continue;
  stack_serve(s, k);
}
