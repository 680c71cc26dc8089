/* bind, listen, accept, connect. */
#include <errno.h>
#include <stdlib.h>

#include "stack.h"

#define SOMAXCONN_LINUX 4096

static int fail(int error) {
  errno = error;
  return -1;
}

int opening_bind(struct stack *s, struct sock *k, const struct sockaddr *a, socklen_t len) {
  struct udp_address wanted;
  int error = naming_read(k, a, len, &wanted);
  if (error == ENETUNREACH || (error == 0 && (k->bound || k->phase != SOCK_UNCONNECTED))) error = EINVAL;
  if (error == 0) error = naming_bind(s, k, &wanted);
  return error == 0 ? 0 : fail(error);
}

/* Another listener has the port. */
static bool rival(const struct stack *s, const struct sock *k) {
  const struct sock *found = naming_listener(s, &k->local);
  return found != NULL && found != k && naming_any(&found->local) == naming_any(&k->local);
}

int opening_listen(struct stack *s, struct sock *k, int backlog) {
  if (k->phase != SOCK_LISTENING) {
    if (k->phase != SOCK_UNCONNECTED || sock_state(k) != VTCP_CLOSED) return fail(EINVAL);
    int error = naming_autobind(s, k);
    if (error == 0 && rival(s, k) && k->options.number[OPTION_REUSEPORT] == 0) error = EADDRINUSE;
    if (error != 0) return fail(error);
    k->phase = SOCK_LISTENING;
    k->shut_rd = k->shut_wr = false;
  }
  k->backlog = backlog < 0 || backlog > SOMAXCONN_LINUX ? SOMAXCONN_LINUX : backlog;
  return 0;
}

int opening_accept(struct stack *s, struct sock *k, struct sockaddr *a, socklen_t *len) {
  uint64_t until = stack_after(s, k->options.rcvtimeo);
  while (k->phase == SOCK_LISTENING && k->accept_first == NULL)
    if (k->nonblocking || !stack_wait(s, until)) return fail(EAGAIN);
  if (k->phase != SOCK_LISTENING) return fail(EINVAL);
  struct sock *child = k->accept_first;
  int fd = descriptor_new(s, child, NULL, 0, false);
  if (fd < 0) return -1;
  k->accept_first = child->accept_next;
  if (k->accept_first == NULL) k->accept_last = NULL;
  k->accept_count--;
  child->listener = NULL;
  child->accept_next = NULL;
  naming_write(child, &child->peer, a, len);
  return fd;
}

/* The addresses of a connection to peer, other than those of one that there is. */
static int choose_addresses(struct stack *s, struct sock *k, const struct udp_address *peer) {
  struct udp_address local = k->local;
  bool bound = k->bound;
  if (peer->port == 0) return ECONNREFUSED;
  if (!bound) {
    int error = naming_autobind(s, k);
    if (error != 0) return error;
    local = k->local;
  }
  if (!naming_any(&local) && local.family != peer->family) return ENETUNREACH;
  if (naming_any(&local)) naming_source(s, peer, &local);
  if (naming_find(s, &local, peer) != NULL) {
    k->bound = bound;
    return EADDRNOTAVAIL;
  }
  k->local = local;
  k->peer = *peer;
  return 0;
}

static int begin(struct stack *s, struct sock *k, const struct sockaddr *a, socklen_t len) {
  struct udp_address peer;
  int error = naming_read(k, a, len, &peer);
  if (error == 0) error = choose_addresses(s, k, &peer);
  if (error != 0) return error;
  if (!sock_connection(s, k)) return ENOMEM;
  k->shut_rd = k->shut_wr = k->ended_in = k->established = false;
  k->error = k->soft_error = 0;
  (void)vtcp_open(&k->tcb, stack_isn(s, k), s->now);
  k->phase = SOCK_CONNECTING;
  stack_serve(s, k);
  return 0;
}

/* connect to AF_UNSPEC. */
static int dissolve(struct stack *s, struct sock *k) {
  if (k->phase == SOCK_LISTENING) closing_shutdown(s, k, SHUT_RD);
  sock_disconnect(s, k, true);
  k->phase = SOCK_UNCONNECTED;
  k->error = 0;
  k->shut_rd = k->shut_wr = k->ended_in = false;
  return 0;
}

static bool opening(const struct sock *k) {
  enum vtcp_state state = sock_state(k);
  return state == VTCP_SYN_SENT || state == VTCP_SYN_RECEIVED;
}

/* The connection is established, or came to its end. */
static int opened(struct sock *k) {
  if (!sock_closed(k)) {
    k->phase = SOCK_CONNECTED;
    return 0;
  }
  int error = sock_take_error(k);
  k->phase = SOCK_UNCONNECTED;
  k->shut_rd = k->shut_wr = k->ended_in = false;
  return fail(error != 0 ? error : ECONNABORTED);
}

int opening_connect(struct stack *s, struct sock *k, const struct sockaddr *a, socklen_t len) {
  uint64_t until = stack_after(s, k->options.sndtimeo);
  int waiting = EINPROGRESS;
  if (a != NULL && len >= sizeof a->sa_family && a->sa_family == AF_UNSPEC) return dissolve(s, k);
  if (k->phase == SOCK_LISTENING || k->phase == SOCK_CONNECTED) return fail(EISCONN);
  if (k->phase == SOCK_CONNECTING) {
    waiting = EALREADY;
  } else {
    int error = begin(s, k, a, len);
    if (error != 0) return fail(error);
  }
  while (opening(k))
    if (k->nonblocking || !stack_wait(s, until)) return fail(waiting);
  return opened(k);
}
