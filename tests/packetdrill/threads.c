/* Calls that block, on a second thread, and the preloaded getsockopt. */
#include "../support/drill.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND 1000000
#define SLACK 50 /* readings of the clock, 1 us each */

#define HANDSHAKE                                                                                                      \
  "< S 0:0(0) win 10000 <mss 1000>\n"                                                                                  \
  "> S. 0:0(0) ack 1\n"                                                                                                \
  "+0.1 < . 1:1(0) ack 1 win 10000\n"

/* A call that another thread makes, as packetdrill does: it reads the clock as soon as the call is over. */
struct blocked {
  struct drill *d;
  int (*call)(struct blocked *);
  int fd, result, error;
  size_t len;
  char octets[300000];
  int64_t began, ended; /* virtual time */
  atomic_int id;        /* of the thread, once it is about to make the call */
  pthread_t thread;
};

static int64_t now_of(const struct drill *d) {
  struct timeval t = {0};
  (void)d->ifc.gettimeofday(d->ifc.userdata, &t, NULL);
  return (int64_t)t.tv_sec * SECOND + t.tv_usec;
}

static void *run(void *argument) {
  struct blocked *b = argument;
  b->began = now_of(b->d);
  atomic_store(&b->id, gettid());
  b->result = b->call(b);
  b->error = errno;
  b->ended = now_of(b->d);
  return NULL;
}

/* The letter for a thread's state in /proc. */
static char thread_state(pid_t id) {
  char path[64], text[256];
  (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)id);
  int fd = open(path, O_RDONLY);
  if (fd < 0) return '?';
  ssize_t n = read(fd, text, sizeof text - 1);
  (void)close(fd);
  text[n > 0 ? n : 0] = 0;
  const char *at = strrchr(text, ')');
  return at == NULL ? '?' : at[2];
}

static void begin(struct blocked *b, struct drill *d, int fd, int (*call)(struct blocked *)) {
  const struct timespec pause = {0, 1000000};
  size_t len = b->len;
  memset(b, 0, sizeof *b);
  b->d = d;
  b->call = call;
  b->fd = fd;
  b->len = len;
  assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
  while (atomic_load(&b->id) == 0) (void)nanosleep(&pause, NULL);
}

/* Until the thread sleeps, as packetdrill waits: no call of ours is going on, so it is in its own. */
static void start(struct blocked *b, struct drill *d, int fd, int (*call)(struct blocked *)) {
  const struct timespec pause = {0, 1000000};
  begin(b, d, fd, call);
  while (thread_state(atomic_load(&b->id)) != 'S') (void)nanosleep(&pause, NULL);
}

static void finish(struct blocked *b) { assert_int_equal(pthread_join(b->thread, NULL), 0); }

static int accept_call(struct blocked *b) { return b->d->ifc.accept(b->d->ifc.userdata, b->fd, NULL, NULL); }

static int connect_call(struct blocked *b) {
  struct sockaddr_storage a;
  socklen_t len = drill_sockaddr(b->d, true, &a);
  return b->d->ifc.connect(b->d->ifc.userdata, b->fd, (struct sockaddr *)&a, len);
}

static int read_call(struct blocked *b) {
  return (int)b->d->ifc.read(b->d->ifc.userdata, b->fd, b->octets, sizeof b->octets);
}

static int read_all_call(struct blocked *b) {
  return (int)b->d->ifc.recv(b->d->ifc.userdata, b->fd, b->octets, b->len, MSG_WAITALL);
}

static int write_call(struct blocked *b) { return (int)b->d->ifc.write(b->d->ifc.userdata, b->fd, b->octets, b->len); }

static int close_call(struct blocked *b) { return b->d->ifc.close(b->d->ifc.userdata, b->fd); }

static int poll_call(struct blocked *b) {
  struct pollfd p = {.fd = b->fd, .events = POLLIN};
  int n = b->d->ifc.poll(b->d->ifc.userdata, &p, 1, (int)b->len);
  return n == 1 ? p.revents : n;
}

static int epoll_call(struct blocked *b) {
  struct epoll_event e = {.events = EPOLLIN};
  int ep = b->d->ifc.epoll_create(b->d->ifc.userdata, 1);
  (void)b->d->ifc.epoll_ctl(b->d->ifc.userdata, ep, EPOLL_CTL_ADD, b->fd, &e);
  int n = b->d->ifc.epoll_wait(b->d->ifc.userdata, ep, &e, 1, -1);
  return n == 1 ? (int)e.events : n;
}

static int usleep_call(struct blocked *b) { return b->d->ifc.usleep(b->d->ifc.userdata, (useconds_t)b->len); }

static struct blocked blocked;

static void near(int64_t a, int64_t b) { assert_true(a - b <= SLACK && b - a <= SLACK); }

static int setup(void **state) {
  struct drill *d = malloc(sizeof *d);
  if (d == NULL) return -1;
  drill_open(d, NULL, DRILL_IPV4);
  blocked.len = 0;
  *state = d;
  return 0;
}

static int teardown(void **state) {
  drill_close(*state);
  free(*state);
  return 0;
}

/* A socket of a connection; calls on it block, but not the owner's. */
static int establish(struct drill *d) {
  drill_play(d, "listen\n" HANDSHAKE "accept\n");
  return d->fd;
}

static void blocking_accept(void **state) {
  struct drill *d = *state;
  drill_step(d, "listen");
  start(&blocked, d, d->listener, accept_call);
  drill_play(d, HANDSHAKE);
  int64_t arrived = d->last;
  drill_wait(d, 5 * SECOND); /* the clock may not run ahead of the thread that was woken */
  finish(&blocked);
  assert_true(blocked.result > 0);
  near(blocked.ended, arrived);
  d->fd = blocked.result;
  drill_play(d, "state ESTABLISHED\nwrite 10\n> P. 1:11(10) ack 1\n");
}

static void blocking_connect(void **state) {
  struct drill *d = *state;
  drill_step(d, "socket");
  start(&blocked, d, d->fd, connect_call);
  d->last = blocked.began;
  drill_play(d, "> S 0:0(0)\n+0.1 < S. 0:0(0) ack 1 win 10000\n");
  int64_t arrived = d->last;
  drill_play(d, "> . 1:1(0) ack 1\n+2 state ESTABLISHED\n");
  finish(&blocked);
  assert_int_equal(blocked.result, 0);
  near(blocked.ended, arrived);
}

static void blocking_connect_fails(void **state) {
  struct drill *d = *state;
  drill_step(d, "socket");
  start(&blocked, d, d->fd, connect_call);
  d->last = blocked.began;
  drill_play(d, "> S 0:0(0)\n+0.1 < R. 0:0(0) ack 1 win 0\n");
  finish(&blocked);
  assert_int_equal(blocked.result, -1);
  assert_int_equal(blocked.error, ECONNREFUSED);
}

static void blocking_connect_times_out(void **state) {
  struct drill *d = *state;
  drill_step(d, "socket");
  start(&blocked, d, d->fd, connect_call);
  drill_wait(d, 200ll * SECOND);
  finish(&blocked);
  assert_int_equal(blocked.error, ETIMEDOUT);
  assert_in_range(blocked.ended - blocked.began, 180ll * SECOND, 180ll * SECOND + SLACK);
}

static void blocking_read(void **state) {
  struct drill *d = *state;
  start(&blocked, d, establish(d), read_call);
  drill_step(d, "+75 < P. 1:101(100) ack 1 win 10000");
  int64_t arrived = d->last;
  drill_wait(d, SECOND);
  finish(&blocked);
  assert_int_equal(blocked.result, 100);
  assert_int_equal((uint8_t)blocked.octets[99], drill_octet(99));
  near(blocked.ended, arrived);
  start(&blocked, d, d->fd, read_call);
  drill_step(d, "+1 < F. 101:101(0) ack 1 win 10000");
  finish(&blocked);
  assert_int_equal(blocked.result, 0);
}

static void blocking_read_is_reset(void **state) {
  struct drill *d = *state;
  start(&blocked, d, establish(d), read_call);
  drill_step(d, "+1 < R 1:1(0) win 0");
  finish(&blocked);
  assert_int_equal(blocked.result, -1);
  assert_int_equal(blocked.error, ECONNRESET);
}

static void read_waits_for_all(void **state) {
  struct drill *d = *state;
  blocked.len = 300;
  start(&blocked, d, establish(d), read_all_call);
  drill_play(d, "+1 < P. 1:101(100) ack 1 win 10000\n+1 < P. 101:201(100) ack 1 win 10000\n"
                "+1 < P. 201:401(200) ack 1 win 10000\n");
  int64_t arrived = d->last;
  finish(&blocked);
  assert_int_equal(blocked.result, 300);
  near(blocked.ended, arrived);
  drill_step(d, "unread 100");
}

static void read_timeout(void **state) {
  struct drill *d = *state;
  struct timeval t = {4, 0};
  int fd = establish(d);
  assert_int_equal(d->ifc.setsockopt(d->ifc.userdata, fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), 0);
  start(&blocked, d, fd, read_call);
  drill_wait(d, 10 * SECOND);
  finish(&blocked);
  assert_int_equal(blocked.error, EAGAIN);
  assert_in_range(blocked.ended - blocked.began, 4 * SECOND, 4 * SECOND + SLACK);
}

static void blocking_write(void **state) {
  struct drill *d = *state;
  blocked.len = 213992; /* 1000 more than the buffer takes */
  start(&blocked, d, establish(d), write_call);
  drill_wait(d, 100000);
  d->last = drill_now(d);
  drill_step(d, "< . 1:1(0) ack 1001 win 10000");
  finish(&blocked);
  assert_int_equal(blocked.result, 213992);
  near(blocked.ended, d->last);
}

static void polls_that_block(void **state) {
  struct drill *d = *state;
  int fd = establish(d);
  blocked.len = 3000;
  start(&blocked, d, fd, poll_call);
  drill_wait(d, 5 * SECOND);
  finish(&blocked);
  assert_int_equal(blocked.result, 0);
  assert_in_range(blocked.ended - blocked.began, 3 * SECOND, 3 * SECOND + SLACK);
  start(&blocked, d, fd, epoll_call);
  d->last = drill_now(d);
  drill_step(d, "+1 < P. 1:101(100) ack 1 win 10000");
  finish(&blocked);
  assert_int_equal(blocked.result, EPOLLIN);
}

static void close_lingers(void **state) {
  struct drill *d = *state;
  int fd = establish(d);
  drill_play(d, "linger 10\nwrite 100\n> P. 1:101(100) ack 1\n");
  start(&blocked, d, fd, close_call);
  d->last = drill_now(d);
  drill_play(d, "> F. 101:101(0) ack 1\n+0.1 < . 1:1(0) ack 101 win 10000\n+0.1 < . 1:1(0) ack 102 win 10000\n");
  int64_t arrived = d->last;
  drill_wait(d, SECOND);
  finish(&blocked);
  assert_int_equal(blocked.result, 0);
  near(blocked.ended, arrived);
}

static void close_lingers_no_longer_than_it_should(void **state) {
  struct drill *d = *state;
  int fd = establish(d);
  drill_play(d, "linger 2\nwrite 100\n> P. 1:101(100) ack 1\n");
  start(&blocked, d, fd, close_call);
  drill_wait(d, 5 * SECOND);
  finish(&blocked);
  assert_in_range(blocked.ended - blocked.began, 2 * SECOND, 2 * SECOND + SLACK);
}

static void usleep_on_a_second_thread(void **state) {
  struct drill *d = *state;
  blocked.len = 2 * SECOND;
  start(&blocked, d, -1, usleep_call);
  drill_wait(d, 5 * SECOND);
  finish(&blocked);
  assert_in_range(blocked.ended - blocked.began, 2 * SECOND, 2 * SECOND + SLACK);
}

/* netdev_receive, while a call that will make a packet is yet to be made. */
static void a_packet_that_another_thread_makes(void **state) {
  struct drill *d = *state;
  drill_step(d, "socket");
  begin(&blocked, d, d->fd, connect_call);
  drill_play(d, "+* > S 0:0(0)\n< R. 0:0(0) ack 1 win 0\n");
  finish(&blocked);
  assert_int_equal(blocked.error, ECONNREFUSED);
}

static void two_threads(void **state) {
  static struct blocked other;
  struct drill *d = *state;
  int fd = establish(d);
  start(&blocked, d, fd, read_call);
  start(&other, d, d->listener, accept_call);
  drill_play(d, "peer 45001\n" HANDSHAKE);
  int64_t accepted = d->last;
  uint32_t isn = d->local_isn;
  drill_wait(d, SECOND);
  finish(&other);
  assert_true(other.result > 0);
  near(other.ended, accepted);
  d->local_isn = isn;
  assert_int_equal(d->ifc.close(d->ifc.userdata, d->listener), 0);
  drill_wait(d, SECOND);
  d->fd = fd;
  assert_int_equal(d->ifc.shutdown(d->ifc.userdata, fd, SHUT_RD), 0);
  finish(&blocked);
  assert_int_equal(blocked.result, 0);
}

static int read_and_leave(struct blocked *b) {
  (void)read_call(b);
  pthread_exit(NULL); /* there is no clock to read any more */
}

static void free_while_a_call_blocks(void **state) {
  struct drill d;
  (void)state;
  drill_open(&d, NULL, DRILL_IPV4);
  start(&blocked, &d, establish(&d), read_and_leave);
  drill_close(&d);
  finish(&blocked);
}

/* ---- preload ---- */

/* In a process with the object preloaded: libc's getsockopt. */
static int preloaded(void) {
  struct drill d;
  struct tcp_info i = {0};
  socklen_t len = sizeof i;
  drill_open(&d, NULL, DRILL_IPV4);
  establish(&d);
  if (getsockopt(d.fd, IPPROTO_TCP, TCP_INFO, &i, &len) != 0 || i.tcpi_state != 1 || i.tcpi_snd_mss != 1000) return 1;
  if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &i, &len) != -1 || errno != ENOTSOCK) return 2;
  int real = socket(AF_INET, SOCK_DGRAM, 0), type = 0;
  len = sizeof type;
  if (real < 0 || getsockopt(real, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_DGRAM) return 3;
  (void)close(real);
  drill_close(&d);
  return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ? 0 : 4;
}

static void getsockopt_of_a_preload(void **state) {
  char self[4096], object[4096 + 64];
  (void)state;
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  assert_true(n > 0);
  self[n] = 0;
  char *cut = strstr(self, "/tests/packetdrill/");
  assert_non_null(cut);
  (void)snprintf(object, sizeof object, "%.*s/libvtcp_packetdrill.so", (int)(cut - self), self);
  pid_t child = fork();
  if (child == 0) {
    int null = open("/dev/null", O_RDONLY);
    (void)dup2(null, STDIN_FILENO);
    (void)setenv("LD_PRELOAD", object, 1);
    (void)setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    (void)execl(self, self, "preloaded", (char *)NULL);
    _exit(99);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "preloaded") == 0) return preloaded();
  const struct CMUnitTest tests[] = {
      TEST(blocking_accept),
      TEST(blocking_connect),
      TEST(blocking_connect_fails),
      TEST(blocking_connect_times_out),
      TEST(blocking_read),
      TEST(blocking_read_is_reset),
      TEST(read_waits_for_all),
      TEST(read_timeout),
      TEST(blocking_write),
      TEST(polls_that_block),
      TEST(close_lingers),
      TEST(close_lingers_no_longer_than_it_should),
      TEST(usleep_on_a_second_thread),
      TEST(a_packet_that_another_thread_makes),
      TEST(two_threads),
      cmocka_unit_test(free_while_a_call_blocks),
      cmocka_unit_test(getsockopt_of_a_preload),
  };
  return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
