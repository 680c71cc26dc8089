/* poll and epoll. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include "stack.h"

#define LEVEL_EVENTS (POLLERR | POLLHUP | POLLNVAL) /* told without being asked for */

static int fail(int error) {
  errno = error;
  return -1;
}

static uint64_t until_of(const struct stack *s, int timeout_ms) {
  return timeout_ms < 0 ? VTCP_NEVER : stack_after(s, (uint64_t)timeout_ms * 1000u);
}

/* Linux: a third of the send buffer is free. */
static bool writable(const struct sock *k) {
  struct vtcp_status status;
  if (k->shut_wr || k->buffers == NULL) return true;
  vtcp_status(&k->tcb, &status);
  return sock_closed(k) || (status.send_space > 0 && status.send_space >= status.unacknowledged / 2);
}

static bool readable(const struct sock *k) {
  struct vtcp_status status;
  if (k->buffers == NULL) return false;
  vtcp_status(&k->tcb, &status);
  uint32_t lowat = (uint32_t)k->options.number[OPTION_RCVLOWAT];
  return status.unread >= lowat || (status.unread > 0 && sock_receive_shut(k));
}

/* As tcp_poll. */
static short events_of(const struct sock *k) {
  int mask = 0;
  enum vtcp_state state = sock_state(k);
  if (k->phase == SOCK_LISTENING) return k->accept_first != NULL ? POLLIN | POLLRDNORM : 0;
  if ((sock_receive_shut(k) && k->shut_wr) || sock_closed(k)) mask |= POLLHUP;
  if (sock_receive_shut(k)) mask |= POLLIN | POLLRDNORM | POLLRDHUP;
  if (state != VTCP_SYN_SENT && state != VTCP_SYN_RECEIVED) {
    if (readable(k)) mask |= POLLIN | POLLRDNORM;
    if (writable(k)) mask |= POLLOUT | POLLWRNORM;
  }
  if (k->error != 0) mask |= POLLERR;
  return (short)mask;
}

/* What is wanted of what there is, of any descriptor. */
static short ready(const struct stack *s, int fd, short wanted) {
  if (!descriptor_ours(s, fd)) {
    struct pollfd other = {.fd = fd, .events = wanted};
    return poll(&other, 1, 0) > 0 ? other.revents : 0;
  }
  const struct sock *k = descriptor_sock(s, fd);
  return k == NULL ? 0 : (short)(events_of(k) & (wanted | LEVEL_EVENTS));
}

int readiness_poll(struct stack *s, struct pollfd *fds, unsigned long count, int timeout) {
  uint64_t until = until_of(s, timeout);
  if (count > DESCRIPTOR_MAX) return fail(EINVAL);
  if (fds == NULL && count > 0) return fail(EFAULT);
  for (;;) {
    int n = 0;
    for (unsigned long i = 0; i < count; i++) {
      fds[i].revents = fds[i].fd < 0 ? 0 : ready(s, fds[i].fd, fds[i].events);
      if (fds[i].revents != 0) n++;
    }
    if (n > 0 || timeout == 0 || !stack_wait(s, until)) return n;
  }
}

/* ---- epoll ---- */

int readiness_epoll_create(struct stack *s, int size) {
  if (size <= 0) return fail(EINVAL);
  struct epoll *e = calloc(1, sizeof *e);
  if (e == NULL) return fail(ENOMEM);
  int fd = descriptor_new(s, NULL, e, 0, false);
  if (fd < 0) free(e);
  return fd;
}

void readiness_epoll_release(struct epoll *e) {
  while (e->first != NULL) {
    struct interest *next = e->first->next;
    free(e->first);
    e->first = next;
  }
  free(e);
}

static struct interest **find(struct epoll *e, int fd) {
  struct interest **at = &e->first;
  while (*at != NULL && (*at)->fd != fd) at = &(*at)->next;
  return at;
}

static int add(struct epoll *e, int fd, const struct epoll_event *event) {
  struct interest *i = calloc(1, sizeof *i);
  if (i == NULL) return fail(ENOMEM);
  *i = (struct interest){.next = e->first, .fd = fd, .event = *event};
  e->first = i;
  return 0;
}

int readiness_epoll_ctl(struct stack *s, int epfd, int op, int fd, const struct epoll_event *event) {
  struct epoll *e = descriptor_epoll(s, epfd);
  if (e == NULL) return -1;
  struct interest **at = find(e, fd), *i = *at;
  if (fd == epfd) return fail(EINVAL);
  if (event == NULL && op != EPOLL_CTL_DEL) return fail(EFAULT);
  switch (op) {
  case EPOLL_CTL_ADD:
    if (descriptor_sock(s, fd) == NULL && errno == EBADF) return -1;
    return i != NULL ? fail(EEXIST) : add(e, fd, event);
  case EPOLL_CTL_MOD:
    if (i == NULL) return fail(ENOENT);
    *i = (struct interest){.next = i->next, .fd = fd, .event = *event};
    return 0;
  case EPOLL_CTL_DEL:
    if (i == NULL) return fail(ENOENT);
    *at = i->next;
    free(i);
    return 0;
  default: return fail(EINVAL);
  }
}

/* What is to be told of one descriptor. The numbers of poll's and epoll's events are the same. */
static uint32_t due(const struct stack *s, struct interest *i) {
  if (i->disabled) return 0;
  uint32_t mask = (uint16_t)ready(s, i->fd, (short)(i->event.events & SHRT_MAX));
  if ((i->event.events & EPOLLET) == 0 || !descriptor_ours(s, i->fd)) return mask;
  const struct sock *k = descriptor_sock(s, i->fd);
  return k != NULL && i->told && k->edges == i->edges ? 0 : mask;
}

static void note_told(const struct stack *s, struct interest *i) {
  const struct sock *k = descriptor_ours(s, i->fd) ? descriptor_sock(s, i->fd) : NULL;
  i->told = true;
  i->edges = k == NULL ? 0 : k->edges;
  i->disabled = (i->event.events & EPOLLONESHOT) != 0;
}

static int collect(const struct stack *s, struct epoll *e, struct epoll_event *events, int max) {
  int n = 0;
  for (struct interest *i = e->first; i != NULL && n < max; i = i->next) {
    uint32_t mask = due(s, i);
    if (mask == 0) continue;
    events[n++] = (struct epoll_event){.events = mask, .data = i->event.data};
    note_told(s, i);
  }
  return n;
}

int readiness_epoll_wait(struct stack *s, int epfd, struct epoll_event *events, int max, int timeout) {
  uint64_t until = until_of(s, timeout);
  if (max <= 0) return fail(EINVAL);
  if (events == NULL) return fail(EFAULT);
  for (;;) {
    struct epoll *e = descriptor_epoll(s, epfd);
    if (e == NULL) return -1;
    int n = collect(s, e, events, max);
    if (n > 0 || timeout == 0 || !stack_wait(s, until)) return n;
  }
}
