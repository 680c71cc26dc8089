/* shutdown, close. */
#include <errno.h>

#include "stack.h"

static int fail(int error) {
  errno = error;
  return -1;
}

/* The children of a listener: the established ones get RST, the others are forgotten, as in Linux. */
static void leave_children(struct stack *s, struct sock *k) {
  for (struct sock *child = s->socks; child != NULL; child = child->next) {
    if (child->listener != k) continue;
    child->listener = NULL;
    sock_disconnect(s, child, child->established);
  }
  k->accept_first = k->accept_last = NULL;
  k->accept_count = 0;
}

static void stop_listening(struct stack *s, struct sock *k) {
  k->phase = SOCK_UNCONNECTED;
  leave_children(s, k);
}

/* What is queued, then FIN. */
static void finish(struct stack *s, struct sock *k) {
  if (k->buffers == NULL) return;
  transfer_push(s, k, true);
  (void)vtcp_close(&k->tcb);
  stack_serve(s, k);
}

int closing_shutdown(struct stack *s, struct sock *k, int how) {
  if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return fail(EINVAL);
  bool rd = how != SHUT_WR, wr = how != SHUT_RD;
  if (k->phase == SOCK_LISTENING) {
    if (rd) stop_listening(s, k);
    return 0;
  }
  if (sock_state(k) == VTCP_SYN_SENT) {
    sock_disconnect(s, k, false);
    k->phase = SOCK_UNCONNECTED;
    k->shut_rd = k->shut_wr = false;
    return 0;
  }
  bool closed = sock_closed(k);
  k->shut_rd = k->shut_rd || rd;
  k->shut_wr = k->shut_wr || wr;
  k->edges++;
  if (closed) return fail(ENOTCONN);
  if (k->phase == SOCK_CONNECTING && sock_state(k) >= VTCP_ESTABLISHED) k->phase = SOCK_CONNECTED;
  if (wr) finish(s, k);
  return 0;
}

static uint32_t unread(const struct sock *k) {
  struct vtcp_status status;
  vtcp_status(&k->tcb, &status);
  return status.unread;
}

/* SO_LINGER: as long as something is not acknowledged. */
static void linger(struct stack *s, struct sock *k) {
  uint64_t until = stack_after(s, (uint64_t)k->options.linger.l_linger * 1000000u);
  if (waiting_owner(&s->waiting)) return;
  for (;;) {
    enum vtcp_state state = sock_state(k);
    if (state != VTCP_FIN_WAIT_1 && state != VTCP_CLOSING && state != VTCP_LAST_ACK) return;
    if (!stack_wait(s, until)) return;
  }
}

/* Octets that nobody has read are lost, and the peer is told so (SHLD-3); SO_LINGER 0 is ABORT. */
void closing_close(struct stack *s, struct sock *k) {
  if (k->phase == SOCK_LISTENING) {
    stop_listening(s, k);
    return;
  }
  if (k->buffers == NULL) return;
  const struct linger *l = &k->options.linger;
  bool abrupt = unread(k) > 0 || (l->l_onoff != 0 && l->l_linger == 0);
  k->shut_rd = k->shut_wr = true;
  if (abrupt && sock_state(k) != VTCP_TIME_WAIT) {
    sock_disconnect(s, k, true);
    return;
  }
  finish(s, k);
  if (l->l_onoff != 0 && l->l_linger > 0) linger(s, k);
}
