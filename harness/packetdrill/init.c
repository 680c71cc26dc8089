/* The table of calls, and getsockopt for a preload. */
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interface.h"
#include "log.h"
#include "pipes.h"

#define EXPORTED __attribute__((visibility("default")))

/* The one that the exported getsockopt looks at. */
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct stack *current;

static int fail(int error) {
  errno = error;
  return -1;
}

/* A call on a socket: from enter_sock to leave_sock the socket stays. NULL: errno says why, and the call is over. */
static struct sock *enter_sock(struct stack *s, int fd) {
  stack_enter(s);
  struct sock *k = descriptor_sock(s, fd);
  if (k == NULL)
    stack_leave(s, false);
  else
    k->calls++;
  return k;
}

static void leave_sock(struct stack *s, struct sock *k) {
  k->calls--;
  stack_leave(s, true);
}

static void free_(void *self) {
  struct stack *s = self;
  (void)pthread_mutex_lock(&current_lock);
  if (current == s) current = NULL;
  (void)pthread_mutex_unlock(&current_lock);
  if (s != NULL) stack_free(s);
}

/* ---- sockets ---- */

static int make_socket(struct stack *s, int domain, int type, int protocol) {
  if (domain != AF_INET && domain != AF_INET6) return fail(EAFNOSUPPORT);
  if ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM) return fail(ESOCKTNOSUPPORT);
  if (protocol != 0 && protocol != IPPROTO_TCP) return fail(EPROTONOSUPPORT);
  struct sock *k = sock_new(s, domain);
  if (k == NULL) return fail(ENOMEM);
  k->nonblocking = (type & SOCK_NONBLOCK) != 0;
  return descriptor_new(s, k, NULL, 0, (type & SOCK_CLOEXEC) != 0);
}

static int socket_(void *self, int domain, int type, int protocol) {
  stack_enter(self);
  int fd = make_socket(self, domain, type, protocol);
  stack_leave(self, true);
  return fd;
}

static int bind_(void *self, int fd, const struct sockaddr *a, socklen_t len) {
  struct sock *k = enter_sock(self, fd);
  if (k == NULL) return -1;
  int result = opening_bind(self, k, a, len);
  leave_sock(self, k);
  return result;
}

static int listen_(void *self, int fd, int backlog) {
  struct sock *k = enter_sock(self, fd);
  if (k == NULL) return -1;
  int result = opening_listen(self, k, backlog);
  leave_sock(self, k);
  return result;
}

static int accept_(void *self, int fd, struct sockaddr *a, socklen_t *len) {
  struct sock *k = enter_sock(self, fd);
  if (k == NULL) return -1;
  int result = opening_accept(self, k, a, len);
  leave_sock(self, k);
  return result;
}

static int connect_(void *self, int fd, const struct sockaddr *a, socklen_t len) {
  struct sock *k = enter_sock(self, fd);
  if (k == NULL) return -1;
  int result = opening_connect(self, k, a, len);
  leave_sock(self, k);
  return result;
}

static int shutdown_(void *self, int fd, int how) {
  struct sock *k = enter_sock(self, fd);
  if (k == NULL) return -1;
  int result = closing_shutdown(self, k, how);
  leave_sock(self, k);
  return result;
}

static int close_(void *self, int fd) {
  stack_enter(self);
  int result = descriptor_close(self, fd);
  stack_leave(self, true);
  return result;
}

/* ---- octets ---- */

/* socket: only a socket will do. */
static ssize_t get(struct stack *s, int fd, const struct iovec *parts, int count, int flags, bool socket) {
  stack_enter(s);
  bool ours = descriptor_ours(s, fd);
  stack_leave(s, false);
  if (!ours && !socket) return pipes_read(fd, parts, count);
  struct sock *k = enter_sock(s, fd);
  if (k == NULL) return -1;
  ssize_t n = count < 0 ? fail(EINVAL) : transfer_receive(s, k, parts, (size_t)count, flags);
  leave_sock(s, k);
  return n;
}

static ssize_t put(struct stack *s, int fd, const struct iovec *parts, int count, int flags, bool socket) {
  stack_enter(s);
  bool ours = descriptor_ours(s, fd);
  stack_leave(s, false);
  if (!ours && !socket) return pipes_write(fd, parts, count);
  struct sock *k = enter_sock(s, fd);
  if (k == NULL) return -1;
  ssize_t n = count < 0 ? fail(EINVAL) : transfer_send(s, k, parts, (size_t)count, flags);
  leave_sock(s, k);
  return n;
}

static ssize_t read_(void *self, int fd, void *to, size_t n) {
  struct iovec part = {to, n};
  return get(self, fd, &part, 1, 0, false);
}

static ssize_t readv_(void *self, int fd, const struct iovec *parts, int count) {
  return get(self, fd, parts, count, 0, false);
}

static ssize_t recv_(void *self, int fd, void *to, size_t n, int flags) {
  struct iovec part = {to, n};
  return get(self, fd, &part, 1, flags, true);
}

/* A stream does not tell where octets are from. */
static ssize_t recvfrom_(void *self, int fd, void *to, size_t n, int flags, struct sockaddr *from, socklen_t *len) {
  ssize_t got = recv_(self, fd, to, n, flags);
  if (got >= 0 && from != NULL && len != NULL) *len = 0;
  return got;
}

static ssize_t recvmsg_(void *self, int fd, struct msghdr *m, int flags) {
  if (m == NULL) return fail(EFAULT);
  if (m->msg_iovlen > 1024) return fail(EMSGSIZE);
  ssize_t got = get(self, fd, m->msg_iov, (int)m->msg_iovlen, flags, true);
  if (got < 0) return -1;
  m->msg_namelen = 0;
  m->msg_controllen = 0;
  m->msg_flags = 0;
  return got;
}

/* The casts take away const, which an iovec cannot have; nothing is written there. */
static ssize_t write_(void *self, int fd, const void *from, size_t n) {
  struct iovec part = {(void *)(uintptr_t)from, n};
  return put(self, fd, &part, 1, 0, false);
}

static ssize_t writev_(void *self, int fd, const struct iovec *parts, int count) {
  return put(self, fd, parts, count, 0, false);
}

static ssize_t send_(void *self, int fd, const void *from, size_t n, int flags) {
  struct iovec part = {(void *)(uintptr_t)from, n};
  return put(self, fd, &part, 1, flags, true);
}

/* Linux ignores the address of a stream socket. */
static ssize_t sendto_(void *self, int fd, const void *from, size_t n, int flags, const struct sockaddr *a,
                       socklen_t len) {
  (void)a;
  (void)len;
  return send_(self, fd, from, n, flags);
}

static ssize_t sendmsg_(void *self, int fd, const struct msghdr *m, int flags) {
  if (m == NULL) return fail(EFAULT);
  if (m->msg_iovlen > 1024) return fail(EMSGSIZE);
  return put(self, fd, m->msg_iov, (int)m->msg_iovlen, flags, true);
}

/* ---- control ---- */

static int fcntl_(void *self, int fd, int cmd, ...) {
  va_list arguments;
  va_start(arguments, cmd);
  long argument = va_arg(arguments, long);
  va_end(arguments);
  stack_enter(self);
  int result = descriptor_fcntl(self, fd, cmd, argument);
  stack_leave(self, true);
  return result;
}

static int ioctl_(void *self, int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  int *value = va_arg(arguments, int *);
  va_end(arguments);
  stack_enter(self);
  bool ours = descriptor_ours(self, fd);
  stack_leave(self, false);
  if (!ours) return ioctl(fd, request, value);
  struct sock *k = enter_sock(self, fd);
  if (k == NULL) return -1;
  int result = transfer_ioctl(k, request, value);
  leave_sock(self, k);
  return result;
}

static int getsockopt_(void *self, int fd, int level, int name, void *value, socklen_t *len) {
  struct sock *k = enter_sock(self, fd);
  if (k == NULL) return -1;
  int result = sockopt_get(self, k, level, name, value, len);
  leave_sock(self, k);
  return result;
}

static int setsockopt_(void *self, int fd, int level, int name, const void *value, socklen_t len) {
  struct sock *k = enter_sock(self, fd);
  if (k == NULL) return -1;
  int result = sockopt_set(self, k, level, name, value, len);
  leave_sock(self, k);
  return result;
}

/* ---- readiness ---- */

static int poll_(void *self, struct pollfd *fds, nfds_t count, int timeout) {
  stack_enter(self);
  int result = readiness_poll(self, fds, count, timeout);
  stack_leave(self, false);
  return result;
}

static int epoll_create_(void *self, int size) {
  stack_enter(self);
  int fd = readiness_epoll_create(self, size);
  stack_leave(self, false);
  return fd;
}

static int epoll_ctl_(void *self, int epfd, int op, int fd, struct epoll_event *event) {
  stack_enter(self);
  int result = readiness_epoll_ctl(self, epfd, op, fd, event);
  stack_leave(self, true);
  return result;
}

static int epoll_wait_(void *self, int epfd, struct epoll_event *events, int max, int timeout) {
  stack_enter(self);
  int result = readiness_epoll_wait(self, epfd, events, max, timeout);
  stack_leave(self, false);
  return result;
}

static int pipe_(void *self, int fds[2]) {
  (void)self;
  return pipe(fds);
}

static ssize_t splice_(void *self, int in, loff_t *in_at, int out, loff_t *out_at, size_t len, unsigned flags) {
  stack_enter(self);
  ssize_t n = pipes_splice(self, in, in_at, out, out_at, len, flags);
  stack_leave(self, true);
  return n;
}

/* ---- packets and time ---- */

static int netdev_send_(void *self, const void *packet, size_t len) {
  stack_enter(self);
  int result = packet == NULL ? -1 : stack_packet_in(self, packet, len);
  stack_leave(self, true);
  return result;
}

static int netdev_receive_(void *self, void *packet, size_t *len, long long *time) {
  stack_enter(self);
  stack_packet_out(self, packet, len, time);
  stack_leave(self, false);
  return 0;
}

/* Only the owner moves the clock by this; another thread waits until it has. */
static int usleep_(void *self, useconds_t us) {
  struct stack *s = self;
  stack_enter(s);
  uint64_t until = stack_after(s, us);
  if (waiting_owner(&s->waiting)) stack_advance(s, until);
  while (stack_wait(s, until)) continue;
  stack_leave(s, false);
  return 0;
}

static int gettimeofday_(void *self, struct timeval *t, struct timezone *zone) {
  struct stack *s = self;
  (void)zone;
  stack_enter(s);
  stack_advance(s, s->now + 1);
  if (t != NULL)
    *t = (struct timeval){.tv_sec = (time_t)(s->now / 1000000u), .tv_usec = (suseconds_t)(s->now % 1000000u)};
  stack_leave(s, false);
  return 0;
}

EXPORTED void packetdrill_interface_init(const char *flags, struct packetdrill_interface *ifc) {
  struct stack *s = stack_new(flags);
  if (s == NULL) {
    log_error("packetdrill: out of memory");
    abort();
  }
  (void)pthread_mutex_lock(&current_lock);
  current = s;
  (void)pthread_mutex_unlock(&current_lock);
  *ifc = (struct packetdrill_interface){
      .userdata = s,
      .free = free_,
      .socket = socket_,
      .bind = bind_,
      .listen = listen_,
      .accept = accept_,
      .connect = connect_,
      .read = read_,
      .readv = readv_,
      .recv = recv_,
      .recvfrom = recvfrom_,
      .recvmsg = recvmsg_,
      .write = write_,
      .writev = writev_,
      .send = send_,
      .sendto = sendto_,
      .sendmsg = sendmsg_,
      .fcntl = fcntl_,
      .ioctl = ioctl_,
      .close = close_,
      .shutdown = shutdown_,
      .getsockopt = getsockopt_,
      .setsockopt = setsockopt_,
      .poll = poll_,
      .netdev_send = netdev_send_,
      .netdev_receive = netdev_receive_,
      .usleep = usleep_,
      .gettimeofday = gettimeofday_,
      .epoll_create = epoll_create_,
      .epoll_ctl = epoll_ctl_,
      .epoll_wait = epoll_wait_,
      .pipe = pipe_,
      .splice = splice_,
  };
}

/* For scripts that call libc's getsockopt on our descriptors: the object is preloaded too. */
EXPORTED int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len) {
  (void)pthread_mutex_lock(&current_lock);
  struct stack *s = current;
  bool ours = false;
  if (s != NULL) {
    stack_enter(s);
    ours = descriptor_ours(s, fd);
    stack_leave(s, false);
  }
  int result = ours ? getsockopt_(s, fd, level, name, value, len) : 0;
  (void)pthread_mutex_unlock(&current_lock);
  return ours ? result : (int)syscall(SYS_getsockopt, fd, level, name, value, len);
}
