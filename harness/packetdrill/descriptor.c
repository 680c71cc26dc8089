#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "stack.h"

static int fail(int error) {
  errno = error;
  return -1;
}

/* What a descriptor stood for is left. */
static void leave(struct stack *s, struct descriptor d) {
  if (d.sock != NULL && --d.sock->descriptors == 0) {
    d.sock->calls++;
    closing_close(s, d.sock);
    d.sock->calls--;
  }
  if (d.epoll != NULL && --d.epoll->refs == 0) readiness_epoll_release(d.epoll);
}

/* A descriptor that is closed is no longer watched. */
static void unwatch(struct stack *s, int fd) {
  struct epoll_event none = {0};
  int error = errno;
  for (int i = 0; i < DESCRIPTOR_MAX; i++)
    if (s->descriptors.of[i].epoll != NULL) (void)readiness_epoll_ctl(s, i, EPOLL_CTL_DEL, fd, &none);
  errno = error;
}

static void forget(struct stack *s, int fd) {
  struct descriptor d = s->descriptors.of[fd];
  if (d.sock == NULL && d.epoll == NULL) return;
  unwatch(s, fd);
  s->descriptors.of[fd] = (struct descriptor){0};
  leave(s, d);
}

int descriptor_new(struct stack *s, struct sock *sock, struct epoll *epoll, int least, bool cloexec) {
  int fd = open("/dev/null", O_RDWR | (cloexec ? O_CLOEXEC : 0));
  if (fd >= 0 && fd < least) {
    int higher = fcntl(fd, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, least);
    (void)close(fd);
    fd = higher;
  }
  if (fd < 0) return -1;
  if (fd >= DESCRIPTOR_MAX) {
    (void)close(fd);
    return fail(EMFILE);
  }
  forget(s, fd);
  s->descriptors.of[fd] = (struct descriptor){sock, epoll};
  if (sock != NULL) sock->descriptors++;
  if (epoll != NULL) epoll->refs++;
  return fd;
}

static const struct descriptor *look(const struct stack *s, int fd) {
  static const struct descriptor none;
  return fd >= 0 && fd < DESCRIPTOR_MAX ? &s->descriptors.of[fd] : &none;
}

bool descriptor_ours(const struct stack *s, int fd) { return look(s, fd)->sock != NULL || look(s, fd)->epoll != NULL; }

struct sock *descriptor_sock(const struct stack *s, int fd) {
  const struct descriptor *d = look(s, fd);
  if (d->sock == NULL) errno = d->epoll != NULL || fcntl(fd, F_GETFD) >= 0 ? ENOTSOCK : EBADF;
  return d->sock;
}

struct epoll *descriptor_epoll(const struct stack *s, int fd) {
  const struct descriptor *d = look(s, fd);
  if (d->epoll == NULL) errno = d->sock != NULL || fcntl(fd, F_GETFD) >= 0 ? EINVAL : EBADF;
  return d->epoll;
}

int descriptor_close(struct stack *s, int fd) {
  if (descriptor_ours(s, fd)) forget(s, fd);
  return close(fd);
}

int descriptor_fcntl(struct stack *s, int fd, int cmd, long argument) {
  const struct descriptor d = *look(s, fd);
  int number = (int)argument; /* an int was passed: the other half of the register has no meaning */
  if (!descriptor_ours(s, fd) || cmd == F_GETFD || cmd == F_SETFD) return fcntl(fd, cmd, argument);
  switch (cmd) {
  case F_DUPFD:
  case F_DUPFD_CLOEXEC:
    if (number < 0 || number >= DESCRIPTOR_MAX) return fail(EINVAL);
    return descriptor_new(s, d.sock, d.epoll, number, cmd == F_DUPFD_CLOEXEC);
  case F_GETFL: return O_RDWR | (d.sock != NULL && d.sock->nonblocking ? O_NONBLOCK : 0);
  case F_SETFL:
    if (d.sock != NULL) d.sock->nonblocking = (number & O_NONBLOCK) != 0;
    return 0;
  default: return fail(EINVAL);
  }
}
