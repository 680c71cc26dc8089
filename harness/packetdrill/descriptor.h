/*
 * Descriptors. Each is a real one of the kernel (/dev/null), so that libc's close does no harm; a number that the
 * kernel gives again was closed behind our back.
 */
#ifndef HARNESS_PACKETDRILL_DESCRIPTOR_H
#define HARNESS_PACKETDRILL_DESCRIPTOR_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#define DESCRIPTOR_MAX 1024

struct stack;
struct sock;

/* What epoll_ctl was told of one descriptor. */
struct interest {
  struct interest *next;
  int fd;
  struct epoll_event event;
  uint64_t edges; /* of the socket, when it was last told (EPOLLET) */
  bool told;
  bool disabled; /* EPOLLONESHOT, told */
};

struct epoll {
  unsigned refs;
  struct interest *first;
};

/* Either a socket or an epoll; neither: not ours. */
struct descriptor {
  struct sock *sock;
  struct epoll *epoll;
};

struct descriptors {
  struct descriptor of[DESCRIPTOR_MAX];
};

/* A new number for a socket or an epoll; -1 with errno. They belong to the descriptor then, or are the caller's still. */
int descriptor_new(struct stack *s, struct sock *sock, struct epoll *epoll, int least, bool cloexec);
/* The socket of a descriptor, or NULL with errno EBADF or ENOTSOCK. */
struct sock *descriptor_sock(const struct stack *s, int fd);
struct epoll *descriptor_epoll(const struct stack *s, int fd);
bool descriptor_ours(const struct stack *s, int fd);
int descriptor_close(struct stack *s, int fd);
int descriptor_fcntl(struct stack *s, int fd, int cmd, long argument);

/* ---- readiness.c ---- */
int readiness_poll(struct stack *s, struct pollfd *fds, unsigned long count, int timeout);
int readiness_epoll_create(struct stack *s, int size);
int readiness_epoll_ctl(struct stack *s, int epfd, int op, int fd, const struct epoll_event *event);
int readiness_epoll_wait(struct stack *s, int epfd, struct epoll_event *events, int max, int timeout);
void readiness_epoll_release(struct epoll *e);

#endif
