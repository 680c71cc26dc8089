#define _POSIX_C_SOURCE 200809L
#include "stream.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536u

void stream_init(struct stream *s, int in, int out, bool echo) {
  *s = (struct stream){.in = in, .out = out, .echo = echo, .in_name = "input", .out_name = "output"};
}

static void fail(struct stream *s, const char *what) {
  s->error = errno;
  s->trouble = what;
}

static bool waiting(int error) { return error == EINTR || error == EAGAIN || error == EWOULDBLOCK; }

/* Reading is worth while with an eighth of the send buffer free. */
static uint32_t read_room(const struct stream *s, const struct vtcp *tcb) {
  struct vtcp_status now;
  vtcp_status(tcb, &now);
  if (s->in == STREAM_NONE || s->in_ended || s->trouble != NULL) return 0;
  return now.send_space >= now.unacknowledged / 8u ? now.send_space : 0;
}

static uint32_t unread(const struct vtcp *tcb) {
  struct vtcp_status now;
  vtcp_status(tcb, &now);
  return now.unread;
}

int stream_poll(const struct stream *s, const struct vtcp *tcb, struct pollfd p[2]) {
  int n = 0;
  if (read_room(s, tcb) > 0) p[n++] = (struct pollfd){.fd = s->in, .events = POLLIN};
  if (s->out != STREAM_NONE && s->trouble == NULL && unread(tcb) > 0)
    p[n++] = (struct pollfd){.fd = s->out, .events = POLLOUT};
  return n;
}

static void read_in(struct stream *s, struct vtcp *tcb) {
  uint8_t octets[CHUNK];
  uint32_t room = read_room(s, tcb);
  ssize_t got = room == 0 ? -1 : read(s->in, octets, room < CHUNK ? room : CHUNK);
  if (room == 0 || (got < 0 && waiting(errno))) return;
  if (got < 0) fail(s, s->in_name);
  if (got <= 0) {
    s->in_ended = true;
    return;
  }
  int64_t taken = vtcp_send(tcb, octets, (uint32_t)got, false);
  if (taken > 0) s->sent += (uint64_t)taken;
  if (taken != got) {
    errno = EPIPE;
    fail(s, s->in_name);
  }
}

/* A pipe or terminal that is ready takes PIPE_BUF octets without blocking; a file takes all. */
static uint32_t write_limit(int fd) {
  struct stat kind;
  return fstat(fd, &kind) == 0 && S_ISREG(kind.st_mode) ? CHUNK * 16u : PIPE_BUF;
}

static void write_out(struct stream *s, struct vtcp *tcb) {
  struct vtcp_slices held = vtcp_peek(tcb);
  uint32_t limit = write_limit(s->out), len = held.first_len < limit ? held.first_len : limit;
  if (len == 0) return;
  ssize_t put = write(s->out, held.first, len);
  if (put < 0 && waiting(errno)) return;
  if (put < 0) {
    fail(s, s->out_name);
    return;
  }
  (void)vtcp_consume(tcb, (uint32_t)put);
  s->received += (uint64_t)put;
}

void stream_move(struct stream *s, struct vtcp *tcb, const struct pollfd *p, int n) {
  for (int i = 0; i < n; i++) {
    if (p[i].revents == 0) continue;
    if (p[i].events == POLLIN)
      read_in(s, tcb);
    else
      write_out(s, tcb);
  }
}

/* Takes from the connection only what it can send back. */
static void echo_back(struct stream *s, struct vtcp *tcb) {
  uint8_t octets[4096];
  struct vtcp_status now;
  for (;;) {
    vtcp_status(tcb, &now);
    uint32_t room = now.send_space < sizeof octets ? now.send_space : (uint32_t)sizeof octets;
    if (room == 0 || now.unread == 0) return;
    int64_t got = vtcp_receive(tcb, octets, room);
    if (got <= 0) return;
    s->received += (uint64_t)got;
    s->sent += (uint64_t)got;
    if (vtcp_send(tcb, octets, (uint32_t)got, false) != got) {
      errno = EPIPE;
      fail(s, "echo");
      return;
    }
  }
}

/* Whether our side of the connection is at its end. */
static bool finished(const struct stream *s, const struct vtcp *tcb) {
  if (s->in != STREAM_NONE) return s->in_ended;
  return s->peer_ended && (!s->echo || unread(tcb) == 0);
}

static void close_out(struct stream *s) {
  if (close(s->out) != 0 && s->trouble == NULL) fail(s, s->out_name);
  s->out = STREAM_NONE;
}

void stream_settle(struct stream *s, struct vtcp *tcb) {
  struct vtcp_status now;
  if (s->echo) echo_back(s, tcb);
  if (!s->echo && s->out == STREAM_NONE) {
    uint32_t n = unread(tcb);
    if (vtcp_consume(tcb, n) == VTCP_OK) s->received += n;
  }
  if (s->peer_ended && s->out > STDERR_FILENO && unread(tcb) == 0) close_out(s);
  vtcp_status(tcb, &now);
  if (s->closed || !finished(s, tcb) || (now.state != VTCP_ESTABLISHED && now.state != VTCP_CLOSE_WAIT)) return;
  s->closed = vtcp_close(tcb) == VTCP_OK;
}

bool stream_drained(const struct stream *s, const struct vtcp *tcb) {
  return s->out == STREAM_NONE || s->trouble != NULL || unread(tcb) == 0;
}

void stream_close(struct stream *s) {
  if (s->in > STDERR_FILENO) (void)close(s->in);
  if (s->out > STDERR_FILENO) close_out(s);
  s->in = s->out = STREAM_NONE;
}
