/* Octets in and out. */
#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "stack.h"

#define HELD_MAX 65535u
#define HELD_TIME 200000u /* microseconds; Linux holds back a part of a segment that long at most */

/* A place in an iovec. */
struct cursor {
  const struct iovec *parts;
  size_t count, offset;
};

static int fail(int error) {
  errno = error;
  return -1;
}

static size_t total_of(const struct iovec *parts, size_t count) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++) n += parts[i].iov_len;
  return n;
}

/* The octets at the cursor that lie together, max at most; the cursor goes past them. NULL: none are left. */
static uint8_t *next_piece(struct cursor *c, size_t max, size_t *n) {
  while (c->count > 0 && c->offset == c->parts->iov_len) {
    c->parts++;
    c->count--;
    c->offset = 0;
  }
  if (c->count == 0 || max == 0) return NULL;
  uint8_t *at = (uint8_t *)c->parts->iov_base + c->offset;
  size_t left = c->parts->iov_len - c->offset;
  *n = left < max ? left : max;
  c->offset += *n;
  return at;
}

static void status_of(const struct sock *k, struct vtcp_status *status) {
  memset(status, 0, sizeof *status);
  if (k->buffers != NULL) vtcp_status(&k->tcb, status);
}

/* ---- in ---- */

static void copy_out(struct cursor *to, const uint8_t *from, size_t len, bool discard) {
  size_t n = 0;
  for (size_t done = 0; done < len; done += n) {
    uint8_t *at = next_piece(to, len - done, &n);
    if (at == NULL) return;
    if (!discard) memcpy(at, from + done, n);
  }
}

/* What is there goes to the cursor; max octets at most. */
static size_t take(struct stack *s, struct sock *k, struct cursor *to, size_t max, int flags) {
  if (k->buffers == NULL) return 0;
  struct vtcp_slices there = vtcp_peek(&k->tcb);
  size_t first = there.first_len < max ? there.first_len : max;
  size_t second = there.second_len < max - first ? there.second_len : max - first;
  bool discard = (flags & MSG_TRUNC) != 0;
  copy_out(to, there.first, first, discard);
  copy_out(to, there.second, second, discard);
  if ((flags & MSG_PEEK) == 0 && first + second > 0) {
    (void)vtcp_consume(&k->tcb, (uint32_t)(first + second));
    stack_serve(s, k);
  }
  return first + second;
}

/* Nothing is there: 0 at the end of the stream, EAGAIN when something may come, or another error. The order is
   tcp_recvmsg's. */
static int nothing(struct sock *k) {
  if (k->ended_in) return 0;
  int error = sock_take_error(k);
  if (error != 0) return error;
  if (k->shut_rd) return 0;
  return sock_closed(k) ? ENOTCONN : EAGAIN;
}

/* Enough is there, or no more will come. */
static bool satisfied(const struct sock *k, size_t got, size_t want) {
  struct vtcp_status status;
  status_of(k, &status);
  if (got == 0) return want == 0 && status.unread > 0;
  return got >= want || k->error != 0 || sock_closed(k) || sock_receive_shut(k);
}

ssize_t transfer_receive(struct stack *s, struct sock *k, const struct iovec *parts, size_t count, int flags) {
  uint64_t until = stack_after(s, k->options.rcvtimeo);
  bool nonblocking = k->nonblocking || (flags & MSG_DONTWAIT) != 0, peek = (flags & MSG_PEEK) != 0;
  size_t total = total_of(parts, count), lowat = (size_t)k->options.number[OPTION_RCVLOWAT];
  size_t want = (flags & MSG_WAITALL) != 0 || lowat > total ? total : lowat; /* 0: total is */
  if (k->phase == SOCK_LISTENING) return fail(ENOTCONN);
  if ((flags & MSG_OOB) != 0)
    return fail(sock_closed(k) && !k->ended_in ? ENOTCONN : EINVAL); /* urgent data is inline */
  if ((flags & MSG_ERRQUEUE) != 0) return fail(EAGAIN);
  struct cursor to = {parts, count, 0};
  for (size_t got = 0;;) {
    if (peek) to = (struct cursor){parts, count, 0};
    got = (peek ? 0 : got) + take(s, k, &to, peek ? total : total - got, flags);
    if (satisfied(k, got, want)) return (ssize_t)got;
    int why = got > 0 ? EAGAIN : nothing(k);
    if (why != EAGAIN) return why == 0 ? 0 : fail(why);
    if (nonblocking || !stack_wait(s, until)) return got > 0 ? (ssize_t)got : fail(EAGAIN);
  }
}

/* ---- out ---- */

static bool opening(const struct sock *k) {
  enum vtcp_state state = sock_state(k);
  return state == VTCP_SYN_SENT || state == VTCP_SYN_RECEIVED;
}

void transfer_push(struct stack *s, struct sock *k, bool all) {
  struct vtcp_status status;
  status_of(k, &status);
  (void)s;
  if (k->held_len == 0 || (!all && k->held_len < status.snd_mss)) return;
  int64_t n = vtcp_send(&k->tcb, k->held, k->held_len, false);
  if (n <= 0) return;
  k->held_len -= (uint32_t)n;
  memmove(k->held, k->held + n, k->held_len);
  k->held_until = k->held_len > 0 ? s->now + HELD_TIME : VTCP_NEVER;
}

/* TCP_CORK, MSG_MORE: only whole segments leave. */
static size_t hold(struct stack *s, struct sock *k, const uint8_t *from, size_t len) {
  struct vtcp_status status;
  status_of(k, &status);
  if (k->held == NULL) k->held = malloc(HELD_MAX);
  if (k->held == NULL) return 0;
  size_t done = 0;
  while (done < len && k->held_len < status.snd_mss) {
    size_t room = status.snd_mss - k->held_len, n = len - done < room ? len - done : room;
    memcpy(k->held + k->held_len, from + done, n);
    if (k->held_len == 0) k->held_until = s->now + HELD_TIME;
    k->held_len += (uint32_t)n;
    done += n;
    transfer_push(s, k, false);
  }
  return done;
}

/* As much as there is room for. */
static size_t give(struct stack *s, struct sock *k, struct cursor *from, int flags) {
  bool more = k->options.number[OPTION_CORK] != 0 || (flags & MSG_MORE) != 0;
  size_t n = 0, done = 0;
  uint8_t *at;
  if (!more) transfer_push(s, k, true);
  for (struct cursor before = *from; (at = next_piece(from, HELD_MAX, &n)) != NULL; before = *from) {
    size_t taken = 0;
    if (more) {
      taken = hold(s, k, at, n);
    } else if (k->held_len == 0) {
      int64_t sent = vtcp_send(&k->tcb, at, (uint32_t)n, (flags & MSG_OOB) != 0);
      taken = sent > 0 ? (size_t)sent : 0;
    }
    done += taken;
    if (taken == n) continue;
    *from = before;
    from->offset += taken;
    break;
  }
  stack_serve(s, k);
  return done;
}

/* The error of a call that cannot send. */
static int broken(struct sock *k) {
  int error = sock_take_error(k);
  return fail(error != 0 ? error : EPIPE);
}

/* No SIGPIPE: it would end the tool. */
ssize_t transfer_send(struct stack *s, struct sock *k, const struct iovec *parts, size_t count, int flags) {
  uint64_t until = stack_after(s, k->options.sndtimeo);
  bool nonblocking = k->nonblocking || (flags & MSG_DONTWAIT) != 0;
  size_t total = total_of(parts, count), done = 0;
  struct cursor from = {parts, count, 0};
  if ((flags & MSG_FASTOPEN) != 0) return fail(EOPNOTSUPP);
  while (opening(k) && k->error == 0)
    if (nonblocking || !stack_wait(s, until)) return fail(EAGAIN);
  for (;;) {
    bool able = sock_state(k) == VTCP_ESTABLISHED || sock_state(k) == VTCP_CLOSE_WAIT;
    if (!able || k->error != 0 || k->shut_wr) return done > 0 ? (ssize_t)done : broken(k);
    done += give(s, k, &from, flags);
    if (done == total) return (ssize_t)done;
    if (nonblocking || !stack_wait(s, until)) return done > 0 ? (ssize_t)done : fail(EAGAIN);
  }
}

/* ---- how much ---- */

/* Queued and not acknowledged, the FIN included, as Linux counts. */
static uint32_t outstanding(const struct sock *k, const struct vtcp_status *status) {
  bool fin = status->state == VTCP_FIN_WAIT_1 || status->state == VTCP_CLOSING || status->state == VTCP_LAST_ACK;
  return status->unacknowledged + k->held_len + (fin ? 1u : 0u);
}

static int amount(struct sock *k, unsigned long request, int *value) {
  struct vtcp_status status;
  status_of(k, &status);
  if (k->phase == SOCK_LISTENING) return fail(EINVAL);
  uint32_t n = 0, flight = status.snd_nxt - status.snd_una, out = outstanding(k, &status);
  if (request == SIOCINQ) n = status.unread;
  if (request == SIOCOUTQ) n = opening(k) ? 0 : out;
  if (request == SIOCOUTQNSD) n = opening(k) || out < flight ? 0 : out - flight;
  *value = (int)n;
  return 0;
}

int transfer_ioctl(struct sock *k, unsigned long request, int *value) {
  switch (request) {
  case SIOCINQ:
  case SIOCOUTQ:
  case SIOCOUTQNSD: return value == NULL ? fail(EFAULT) : amount(k, request, value);
  case FIONBIO:
    if (value == NULL) return fail(EFAULT);
    k->nonblocking = *value != 0;
    return 0;
  default: return fail(ENOTTY);
  }
}
