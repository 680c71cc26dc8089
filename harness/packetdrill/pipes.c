/*
 * Descriptors that are the kernel's: pipes, and whatever else a script has. They are real, so a call on them could
 * really block: the owner of the clock gets what is there. splice moves octets between them and our sockets.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pipes.h"

static int fail(int error) {
  errno = error;
  return -1;
}

static bool can(int fd, short events) {
  struct pollfd p = {.fd = fd, .events = events};
  return poll(&p, 1, 0) != 0; /* an error is for the call to tell */
}

ssize_t pipes_read(int fd, const struct iovec *parts, int count) {
  return can(fd, POLLIN) ? readv(fd, parts, count) : fail(EAGAIN);
}

ssize_t pipes_write(int fd, const struct iovec *parts, int count) {
  return can(fd, POLLOUT) ? writev(fd, parts, count) : fail(EAGAIN);
}

/* One piece, as large as a pipe takes without blocking. */
static ssize_t to_pipe(struct stack *s, struct sock *k, int fd, size_t len, int flags) {
  uint8_t octets[PIPE_BUF];
  struct iovec part = {octets, len < sizeof octets ? len : sizeof octets};
  if (!can(fd, POLLOUT)) return fail(EAGAIN);
  ssize_t n = transfer_receive(s, k, &part, 1, flags);
  if (n <= 0) return n;
  return write(fd, octets, (size_t)n);
}

static ssize_t from_pipe(struct stack *s, struct sock *k, int fd, size_t len, int flags) {
  uint8_t octets[PIPE_BUF];
  struct vtcp_status status = {0};
  int there = 0;
  if (k->buffers != NULL) vtcp_status(&k->tcb, &status);
  if (!can(fd, POLLIN)) return fail(EAGAIN);
  if (ioctl(fd, FIONREAD, &there) != 0) return -1;
  struct iovec part = {octets, len < sizeof octets ? len : sizeof octets};
  if ((size_t)there < part.iov_len) part.iov_len = (size_t)there;
  if (there == 0) return 0; /* all writers have closed it */
  if (status.send_space < part.iov_len && status.send_space > 0) part.iov_len = status.send_space;
  if (status.send_space == 0 && status.state >= VTCP_SYN_SENT && !k->shut_wr) return fail(EAGAIN);
  ssize_t n = read(fd, octets, part.iov_len);
  if (n <= 0) return n;
  part.iov_len = (size_t)n;
  return transfer_send(s, k, &part, 1, flags);
}

/* The first piece may wait, the others take what is there. */
static ssize_t move(struct stack *s, struct sock *k, int fd, bool in, size_t len, unsigned flags) {
  size_t done = 0;
  int wait = (flags & SPLICE_F_NONBLOCK) != 0 ? MSG_DONTWAIT : 0;
  while (done < len) {
    int how = done > 0 ? MSG_DONTWAIT : wait;
    ssize_t n = in ? to_pipe(s, k, fd, len - done, how) : from_pipe(s, k, fd, len - done, how);
    if (n < 0 && done == 0) return -1;
    if (n <= 0) break;
    done += (size_t)n;
  }
  return (ssize_t)done;
}

static bool is_pipe(int fd) { return fcntl(fd, F_GETPIPE_SZ) >= 0; }

ssize_t pipes_splice(struct stack *s, int in, loff_t *in_at, int out, loff_t *out_at, size_t len, unsigned flags) {
  bool in_ours = descriptor_ours(s, in), out_ours = descriptor_ours(s, out);
  if (!in_ours && !out_ours) return splice(in, in_at, out, out_at, len, flags | SPLICE_F_NONBLOCK);
  struct sock *k = in_ours ? descriptor_sock(s, in) : descriptor_sock(s, out);
  if (k == NULL || (in_ours && out_ours) || !is_pipe(in_ours ? out : in)) return fail(EINVAL);
  if (in_at != NULL || out_at != NULL) return fail(ESPIPE);
  k->calls++;
  ssize_t n = move(s, k, in_ours ? out : in, in_ours, len, flags);
  k->calls--;
  return n;
}
