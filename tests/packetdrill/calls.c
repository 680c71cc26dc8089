/* Each call of packetdrill's interface, by its row of harness/packetdrill/interface.h. */
#include "../support/drill.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND 1000000

#define ESTABLISH                                                                                                      \
  "listen\n"                                                                                                           \
  "< S 0:0(0) win 10000 <mss 1000>\n"                                                                                  \
  "> S. 0:0(0) ack 1\n"                                                                                                \
  "+0.1 < . 1:1(0) ack 1 win 10000\n"                                                                                  \
  "accept\n"

#define fails_with(call, error)                                                                                        \
  do {                                                                                                                 \
    errno = 0;                                                                                                         \
    assert_int_equal((call), -1);                                                                                      \
    assert_int_equal(errno, error);                                                                                    \
  } while (0)

static int setup(void **state) {
  struct drill *d = malloc(sizeof *d);
  if (d == NULL) return -1;
  drill_open(d, NULL, DRILL_IPV4);
  *state = d;
  return 0;
}

static int teardown(void **state) {
  drill_close(*state);
  free(*state);
  return 0;
}

static int option(struct drill *d, int level, int name) {
  int value = -1;
  socklen_t len = sizeof value;
  assert_int_equal(d->ifc.getsockopt(d->ifc.userdata, d->fd, level, name, &value, &len), 0);
  assert_int_equal(len, sizeof value);
  return value;
}

static int put_option(struct drill *d, int level, int name, int value) {
  return d->ifc.setsockopt(d->ifc.userdata, d->fd, level, name, &value, sizeof value);
}

static struct tcp_info info_of(struct drill *d) {
  struct tcp_info i;
  socklen_t len = sizeof i;
  memset(&i, 0xff, sizeof i);
  assert_int_equal(d->ifc.getsockopt(d->ifc.userdata, d->fd, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
  assert_int_equal(len, sizeof i);
  return i;
}

/* ---- the table ---- */

static void every_member_is_set(void **state) {
  const struct drill *d = *state;
  void *members[sizeof d->ifc / sizeof(void *)];
  memcpy(members, &d->ifc, sizeof d->ifc);
  assert_int_equal(sizeof members / sizeof *members, 33); /* userdata and 32 rows */
  for (size_t i = 0; i < sizeof members / sizeof *members; i++) assert_non_null(members[i]);
}

/* ---- 2 to 6 ---- */

static void socket_kinds(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  fails_with(d->ifc.socket(u, AF_UNIX, SOCK_STREAM, 0), EAFNOSUPPORT);
  fails_with(d->ifc.socket(u, AF_INET, SOCK_DGRAM, 0), ESOCKTNOSUPPORT);
  fails_with(d->ifc.socket(u, AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
  int fd = d->ifc.socket(u, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  assert_true(fd > 2);
  assert_int_equal(d->ifc.fcntl(u, fd, F_GETFL, 0L), O_RDWR | O_NONBLOCK);
  assert_true(fcntl(fd, F_GETFD) >= 0); /* a real one */
  d->fd = fd;
  drill_play(d, "poll OUT HUP\nstate CLOSE\nread ENOTCONN\nwrite EPIPE\nshutdown wr ENOTCONN\n");
  assert_int_equal(d->ifc.close(u, fd), 0);
  fails_with(d->ifc.close(u, fd), EBADF);
  fails_with(d->ifc.listen(u, fd, 1), EBADF);
}

static void descriptors_closed_behind_our_back(void **state) {
  struct drill *d = *state;
  drill_play(d, ESTABLISH);
  int fd = d->fd;
  assert_int_equal(close(fd), 0); /* as packetdrill closes leftovers */
  assert_int_equal(d->ifc.socket(d->ifc.userdata, AF_INET, SOCK_STREAM, 0), fd);
  d->fd = fd;
  drill_play(d, "> F. 1:1(0) ack 1\nstate CLOSE\n");
}

static void bind_errors(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  struct sockaddr_storage any, v6 = {.ss_family = AF_INET6};
  socklen_t len = drill_sockaddr(d, false, &any);
  struct sockaddr *a = (struct sockaddr *)&any;
  int one = d->ifc.socket(u, AF_INET, SOCK_STREAM, 0), two = d->ifc.socket(u, AF_INET, SOCK_STREAM, 0);
  fails_with(d->ifc.bind(u, one, a, 4), EINVAL);
  fails_with(d->ifc.bind(u, one, (struct sockaddr *)&v6, sizeof v6), EAFNOSUPPORT);
  assert_int_equal(d->ifc.bind(u, one, a, len), 0);
  fails_with(d->ifc.bind(u, one, a, len), EINVAL);
  fails_with(d->ifc.bind(u, two, a, len), EADDRINUSE);
  d->fd = two;
  assert_int_equal(put_option(d, SOL_SOCKET, SO_REUSEADDR, 1), 0);
  fails_with(d->ifc.bind(u, two, a, len), EADDRINUSE); /* both have to allow it */
  d->fd = one;
  assert_int_equal(put_option(d, SOL_SOCKET, SO_REUSEADDR, 1), 0);
  assert_int_equal(d->ifc.bind(u, two, a, len), 0);
  assert_int_equal(d->ifc.listen(u, one, 1), 0);
  fails_with(d->ifc.listen(u, two, 1), EADDRINUSE);
  d->fd = d->ifc.socket(u, AF_INET, SOCK_STREAM, 0);
  assert_int_equal(put_option(d, SOL_SOCKET, SO_REUSEADDR, 1), 0);
  fails_with(d->ifc.bind(u, d->fd, a, len), EADDRINUSE); /* one of them listens */
  assert_int_equal(d->ifc.close(u, one), 0);
  assert_int_equal(d->ifc.listen(u, two, 1), 0);
}

static void listen_accept_connect_errors(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  struct sockaddr_storage remote;
  socklen_t len = drill_sockaddr(d, true, &remote);
  struct sockaddr *a = (struct sockaddr *)&remote;
  int fd = d->ifc.socket(u, AF_INET, SOCK_STREAM, 0);
  fails_with(d->ifc.accept(u, fd, NULL, NULL), EINVAL);
  fails_with(d->ifc.accept(u, STDIN_FILENO, NULL, NULL), ENOTSOCK);
  fails_with(d->ifc.connect(u, fd, a, 4), EINVAL);
  assert_int_equal(d->ifc.listen(u, fd, 5), 0); /* to a port of our choice */
  assert_int_equal(d->ifc.listen(u, fd, 7), 0);
  fails_with(d->ifc.accept(u, fd, NULL, NULL), EAGAIN);
  fails_with(d->ifc.connect(u, fd, a, len), EISCONN);
  fails_with(d->ifc.shutdown(u, fd, 7), EINVAL);
  assert_int_equal(d->ifc.shutdown(u, fd, SHUT_RD), 0); /* it listens no more */
  fails_with(d->ifc.accept(u, fd, NULL, NULL), EINVAL);
  drill_play(d, ESTABLISH "connect EISCONN\n");
  fails_with(d->ifc.listen(u, d->fd, 1), EINVAL);
}

static void connect_to_nobody_dissolves(void **state) {
  struct drill *d = *state;
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  drill_play(d, ESTABLISH);
  assert_int_equal(d->ifc.connect(d->ifc.userdata, d->fd, &none, sizeof none), 0);
  drill_play(d, "> R 1:1(0)\nstate CLOSE\nerror 0\nread ENOTCONN\n");
}

static void families(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = htons(DRILL_PORT)};
  assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &mapped.sin6_addr), 1);
  d->fd = d->ifc.socket(u, AF_INET6, SOCK_STREAM, 0);
  assert_int_equal(put_option(d, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
  fails_with(d->ifc.connect(u, d->fd, (struct sockaddr *)&mapped, sizeof mapped), ENETUNREACH);
  fails_with(d->ifc.bind(u, d->fd, (struct sockaddr *)&mapped, sizeof mapped), EINVAL);
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(DRILL_PORT)};
  assert_int_equal(d->ifc.bind(u, d->fd, (struct sockaddr *)&any, sizeof any), 0);
  fails_with(put_option(d, IPPROTO_IPV6, IPV6_V6ONLY, 0), EINVAL);
  assert_int_equal(d->ifc.listen(u, d->fd, 1), 0);
  drill_play(d, "< S 0:0(0) win 1000\n> R. 0:0(0) ack 1\n"); /* IPv4 is not for it */
  drill_play(d, ESTABLISH);                                  /* and its port is free for an IPv4 listener */
}

/* ---- 7 to 11 ---- */

static void reading(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  char a[100] = "", b[100] = "";
  struct iovec parts[2] = {{a, 3}, {b, 4}};
  struct sockaddr_storage from;
  socklen_t len = sizeof from;
  struct msghdr m = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = parts, .msg_iovlen = 2, .msg_flags = -1};
  drill_play(d, ESTABLISH "< P. 1:101(100) ack 1 win 10000\n+0.04 > . 1:1(0) ack 101\n");
  assert_int_equal(d->ifc.recv(u, d->fd, a, sizeof a, MSG_PEEK), 100);
  assert_int_equal((uint8_t)a[99], drill_octet(99));
  assert_int_equal(d->ifc.readv(u, d->fd, parts, 2), 7);
  assert_int_equal((uint8_t)a[2], drill_octet(2));
  assert_int_equal((uint8_t)b[3], drill_octet(6));
  assert_int_equal(d->ifc.recvfrom(u, d->fd, a, 3, 0, (struct sockaddr *)&from, &len), 3);
  assert_int_equal(len, 0); /* a stream does not say */
  assert_int_equal(d->ifc.recvmsg(u, d->fd, &m, 0), 7);
  assert_int_equal(m.msg_namelen, 0);
  assert_int_equal(m.msg_flags, 0);
  assert_int_equal((uint8_t)b[3], drill_octet(16));
  memset(a, 1, sizeof a);
  assert_int_equal(d->ifc.recv(u, d->fd, a, 10, MSG_TRUNC), 10); /* thrown away */
  assert_int_equal(a[0], 1);
  assert_int_equal(d->ifc.recv(u, d->fd, a, 5, MSG_DONTWAIT), 5);
  assert_int_equal((uint8_t)a[0], drill_octet(27));
  assert_int_equal(d->ifc.recv(u, d->fd, a, 100, MSG_WAITALL), 68); /* the owner of the clock never blocks */
  fails_with(d->ifc.recv(u, d->fd, a, 1, MSG_DONTWAIT), EAGAIN);
  fails_with(d->ifc.recv(u, d->fd, a, 1, MSG_OOB), EINVAL);
  fails_with(d->ifc.readv(u, d->fd, parts, -1), EINVAL);
}

static void read_timeout_in_virtual_time(void **state) {
  struct drill *d = *state;
  struct timeval t = {3, 0};
  char a[1];
  drill_play(d, ESTABLISH);
  assert_int_equal(d->ifc.setsockopt(d->ifc.userdata, d->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), 0);
  int64_t before = drill_now(d);
  fails_with(d->ifc.read(d->ifc.userdata, d->fd, a, 1), EAGAIN);
  assert_in_range(drill_now(d) - before, 3 * SECOND, 3 * SECOND + 100);
}

/* ---- 12 to 16 ---- */

static void writing(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  uint8_t octets[40];
  for (size_t i = 0; i < sizeof octets; i++) octets[i] = drill_octet(i);
  struct iovec parts[2] = {{octets, 5}, {octets + 5, 5}};
  struct iovec rest[1] = {{octets + 30, 5}};
  struct msghdr m = {.msg_iov = rest, .msg_iovlen = 1};
  drill_play(d, ESTABLISH "nodelay 1\n");
  assert_int_equal(d->ifc.writev(u, d->fd, parts, 2), 10);
  drill_step(d, "> P. 1:11(10) ack 1");
  assert_int_equal(d->ifc.send(u, d->fd, octets + 10, 10, MSG_NOSIGNAL), 10);
  drill_step(d, "> P. 11:21(10) ack 1");
  assert_int_equal(d->ifc.sendto(u, d->fd, octets + 20, 10, 0, NULL, 0), 10);
  drill_step(d, "> P. 21:31(10) ack 1");
  assert_int_equal(d->ifc.sendmsg(u, d->fd, &m, 0), 5);
  drill_step(d, "> P. 31:36(5) ack 1");
  assert_int_equal(d->ifc.send(u, d->fd, octets + 35, 1, MSG_MORE), 1);
  assert_int_equal(d->ifc.send(u, d->fd, octets + 36, 1, 0), 1);
  drill_step(d, "> P. 36:38(2) ack 1");
  assert_int_equal(d->ifc.send(u, d->fd, octets + 37, 2, MSG_OOB), 2);
  drill_step(d, "> PU. 38:40(2) ack 1 urg 2");
  fails_with(d->ifc.send(u, d->fd, octets, 1, MSG_FASTOPEN), EOPNOTSUPP);
  fails_with(d->ifc.writev(u, d->fd, parts, -1), EINVAL);
}

static void a_full_send_buffer(void **state) {
  struct drill *d = *state;
  static uint8_t octets[300000];
  void *u = d->ifc.userdata;
  for (size_t i = 0; i < sizeof octets; i++) octets[i] = drill_octet(i);
  drill_play(d, ESTABLISH "poll OUT\n");
  assert_int_equal(d->ifc.write(u, d->fd, octets, sizeof octets), 212992); /* what there is room for */
  fails_with(d->ifc.write(u, d->fd, octets, 1), EAGAIN);
  drill_play(d, "poll\n> . 1:1001(1000) ack 1\n> . 1001:2001(1000) ack 1\n");
  drill_step(d, "< . 1:1(0) ack 2001 win 10000");
  drill_play(d, "poll\n"); /* not yet a third */
  assert_int_equal(d->ifc.write(u, d->fd, octets + 212992, 50000), 2000);
}

/* ---- 17 to 20 ---- */

static void duplicates_share_a_socket(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  drill_play(d, ESTABLISH);
  int other = d->ifc.fcntl(u, d->fd, F_DUPFD, 100L);
  assert_true(other >= 100);
  fails_with(d->ifc.fcntl(u, d->fd, F_SETLK, 0L), EINVAL);
  assert_int_equal(d->ifc.fcntl(u, other, F_SETFL, (long)O_NONBLOCK), 0);
  assert_int_equal(d->ifc.fcntl(u, d->fd, F_GETFL, 0L), O_RDWR | O_NONBLOCK);
  assert_int_equal(d->ifc.close(u, d->fd), 0);
  d->fd = other;
  drill_play(d, "state ESTABLISHED\nsilent\nclose\n> F. 1:1(0) ack 1\n");
}

static void amounts(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  int n = -1;
  drill_play(d,
             ESTABLISH "< F. 1:101(100) ack 1 win 10000\n> . 1:1(0) ack 102\nunread 100\nwrite 20000\nunsent 20000\n");
  assert_int_equal(d->ifc.ioctl(u, d->fd, SIOCOUTQNSD, &n), 0);
  assert_int_equal(n, 10000);
  n = 1;
  assert_int_equal(d->ifc.ioctl(u, d->fd, FIONBIO, &n), 0);
  assert_int_equal(d->ifc.fcntl(u, d->fd, F_GETFL, 0L), O_RDWR | O_NONBLOCK);
  fails_with(d->ifc.ioctl(u, d->fd, SIOCGIFINDEX, &n), ENOTTY);
  fails_with(d->ifc.ioctl(u, d->listener, SIOCINQ, &n), EINVAL);
  fails_with(d->ifc.ioctl(u, d->listener, SIOCOUTQ, &n), EINVAL);
}

/* ---- 21, 22 ---- */

static void plain_options(void **state) {
  struct drill *d = *state;
  static const struct {
    int level, name, initial, value;
  } options[] = {{SOL_SOCKET, SO_REUSEADDR, 0, 1},     {SOL_SOCKET, SO_KEEPALIVE, 0, 1},
                 {SOL_SOCKET, SO_PRIORITY, 0, 3},      {SOL_SOCKET, SO_RCVLOWAT, 1, 100},
                 {IPPROTO_TCP, TCP_NODELAY, 0, 1},     {IPPROTO_TCP, TCP_CORK, 0, 1},
                 {IPPROTO_TCP, TCP_KEEPIDLE, 7200, 5}, {IPPROTO_TCP, TCP_KEEPINTVL, 75, 2},
                 {IPPROTO_TCP, TCP_KEEPCNT, 9, 3},     {IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 1500},
                 {IPPROTO_TCP, TCP_SYNCNT, 6, 2},      {IPPROTO_TCP, TCP_LINGER2, 60, 10},
                 {IPPROTO_TCP, TCP_MAXSEG, 536, 1000}, {IPPROTO_TCP, TCP_QUICKACK, 1, 0},
                 {IPPROTO_IP, IP_TTL, 64, 3},          {IPPROTO_IP, IP_TOS, 0, 16}};
  drill_play(d, "socket\n");
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    assert_int_equal(option(d, options[i].level, options[i].name), options[i].initial);
    assert_int_equal(put_option(d, options[i].level, options[i].name, options[i].value), 0);
    assert_int_equal(option(d, options[i].level, options[i].name), options[i].value);
  }
  assert_int_equal(put_option(d, SOL_SOCKET, SO_KEEPALIVE, 17), 0);
  assert_int_equal(option(d, SOL_SOCKET, SO_KEEPALIVE), 1);
  assert_int_equal(option(d, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
  assert_int_equal(option(d, SOL_SOCKET, SO_DOMAIN), AF_INET);
  assert_int_equal(option(d, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
  assert_int_equal(option(d, SOL_SOCKET, SO_ACCEPTCONN), 0);
  assert_int_equal(put_option(d, SOL_SOCKET, SO_RCVBUF, 5000), 0);
  assert_int_equal(option(d, SOL_SOCKET, SO_RCVBUF), 10000); /* Linux doubles it */
  assert_int_equal(put_option(d, SOL_SOCKET, SO_SNDBUF, 1), 0);
  assert_int_equal(option(d, SOL_SOCKET, SO_SNDBUF), 4608);
}

static void option_errors(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  int value = 1;
  socklen_t len = sizeof value;
  drill_play(d, "socket\n");
  fails_with(put_option(d, SOL_SOCKET, 9999, 1), ENOPROTOOPT);
  fails_with(put_option(d, IPPROTO_TCP, 9999, 1), ENOPROTOOPT);
  fails_with(put_option(d, 9999, 1, 1), EOPNOTSUPP);
  fails_with(d->ifc.getsockopt(u, d->fd, SOL_SOCKET, 9999, &value, &len), ENOPROTOOPT);
  fails_with(put_option(d, IPPROTO_TCP, TCP_MAXSEG, 40), EINVAL);
  fails_with(put_option(d, IPPROTO_TCP, TCP_MAXSEG, 40000), EINVAL);
  fails_with(put_option(d, IPPROTO_TCP, TCP_KEEPCNT, 128), EINVAL);
  fails_with(put_option(d, IPPROTO_TCP, TCP_KEEPIDLE, 0), EINVAL);
  fails_with(put_option(d, IPPROTO_TCP, TCP_USER_TIMEOUT, -1), EINVAL);
  fails_with(d->ifc.setsockopt(u, d->fd, IPPROTO_TCP, TCP_NODELAY, &value, 1), EINVAL);
  fails_with(d->ifc.setsockopt(u, d->fd, IPPROTO_TCP, TCP_NODELAY, NULL, 4), EFAULT);
  fails_with(d->ifc.setsockopt(u, d->fd, SOL_SOCKET, SO_LINGER, &value, sizeof value), EINVAL);
  fails_with(d->ifc.setsockopt(u, STDIN_FILENO, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value), ENOTSOCK);
}

static void options_of_other_shapes(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  struct linger l = {1, 7};
  struct timeval t = {2, 500000};
  char name[16] = "";
  drill_play(d, "socket\n");
  socklen_t len = sizeof l;
  assert_int_equal(d->ifc.setsockopt(u, d->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l), 0);
  memset(&l, 0, sizeof l);
  assert_int_equal(d->ifc.getsockopt(u, d->fd, SOL_SOCKET, SO_LINGER, &l, &len), 0);
  assert_int_equal(l.l_linger, 7);
  assert_int_equal(d->ifc.setsockopt(u, d->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t), 0);
  memset(&t, 0, sizeof t);
  len = sizeof t;
  assert_int_equal(d->ifc.getsockopt(u, d->fd, SOL_SOCKET, SO_SNDTIMEO, &t, &len), 0);
  assert_int_equal(t.tv_usec, 500000);
  t.tv_usec = SECOND;
  fails_with(d->ifc.setsockopt(u, d->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t), EDOM);
  len = sizeof name;
  assert_int_equal(d->ifc.getsockopt(u, d->fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
  assert_string_equal(name, "reno");
  assert_int_equal(d->ifc.setsockopt(u, d->fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
  fails_with(d->ifc.setsockopt(u, d->fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5), ENOENT);
}

static void tcp_info(void **state) {
  struct drill *d = *state;
  drill_play(d, "listen\n"
                "< S 0:0(0) win 10000 <mss 1000,nop,wscale 7>\n"
                "> S. 0:0(0) ack 1\n"
                "+0.1 < . 1:1(0) ack 1 win 10000\n"
                "accept\n");
  struct tcp_info i = info_of(d);
  assert_int_equal(i.tcpi_state, 1);
  assert_int_equal(i.tcpi_options, 4); /* TCPI_OPT_WSCALE */
  assert_int_equal(i.tcpi_snd_wscale, 7);
  assert_int_equal(i.tcpi_rcv_wscale, 0);
  assert_int_equal(i.tcpi_snd_mss, 1000);
  assert_int_equal(i.tcpi_advmss, 1460);
  assert_int_equal(i.tcpi_snd_cwnd, 10);
  assert_int_equal(i.tcpi_snd_ssthresh, 0x7fffffff);
  assert_int_equal(i.tcpi_snd_wnd, 1280000);
  assert_in_range(i.tcpi_rtt, 100000, 101000);
  assert_in_range(i.tcpi_rto, 300000, 303000); /* SRTT + 4 * SRTT / 2 */
  assert_int_equal(i.tcpi_unacked, 0);
}

static void tcp_info_of_a_loss(void **state) {
  struct drill *d = *state;
  drill_play(d, ESTABLISH "write 2500\n> . 1:1001(1000) ack 1\n> . 1001:2001(1000) ack 1\n");
  struct tcp_info i = info_of(d);
  assert_int_equal(i.tcpi_unacked, 2);
  assert_int_equal(i.tcpi_notsent_bytes, 500);
  assert_int_equal(i.tcpi_retransmits, 0);
  drill_step(d, "+* > . 1:1001(1000) ack 1");
  drill_step(d, "+* > . 1:1001(1000) ack 1");
  i = info_of(d);
  assert_int_equal(i.tcpi_retransmits, 2);
  assert_int_equal(i.tcpi_backoff, 2);
  assert_int_equal(i.tcpi_total_retrans, 2);
  assert_int_equal(i.tcpi_ca_state, 4); /* TCP_CA_Loss */
  assert_int_equal(i.tcpi_snd_cwnd, 1);
  assert_int_equal(i.tcpi_lost, 2);
  assert_int_equal(i.tcpi_sacked, 0);
  assert_in_range(i.tcpi_rto, 1200000, 1212000);
  drill_play(d, "< . 1:1(0) ack 1001 win 10000\n+* > . 1001:2001(1000) ack 1\n");
  i = info_of(d);
  assert_int_equal(i.tcpi_retransmits, 0);
  assert_int_equal(i.tcpi_bytes_acked, 1001); /* the SYN is one, as in Linux */
  assert_int_equal(i.tcpi_segs_in, 3);
}

static void tcp_info_of_a_listener(void **state) {
  struct drill *d = *state;
  drill_play(d, "listen 5\n< S 0:0(0) win 1000\n> S. 0:0(0) ack 1\n< . 1:1(0) ack 1 win 1000\n");
  struct tcp_info i = info_of(d);
  assert_int_equal(i.tcpi_state, 10);
  assert_int_equal(i.tcpi_unacked, 1);
  assert_int_equal(i.tcpi_sacked, 5);
  uint8_t first[4] = {0};
  socklen_t len = sizeof first; /* shorter than the whole */
  assert_int_equal(d->ifc.getsockopt(d->ifc.userdata, d->fd, IPPROTO_TCP, TCP_INFO, first, &len), 0);
  assert_int_equal(len, 4);
  assert_int_equal(first[0], 10);
}

/* ---- 23, 28 to 30 ---- */

static void polling(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  int ends[2];
  assert_int_equal(d->ifc.pipe(u, ends), 0);
  drill_play(d, ESTABLISH);
  struct pollfd p[4] = {{d->fd, POLLIN, -1}, {ends[0], POLLIN, -1}, {-1, POLLIN, -1}, {999, POLLIN, -1}};
  assert_int_equal(d->ifc.poll(u, p, 4, 0), 1);
  assert_int_equal(p[0].revents, 0);
  assert_int_equal(p[2].revents, 0);
  assert_int_equal(p[3].revents, POLLNVAL);
  int64_t before = drill_now(d);
  assert_int_equal(d->ifc.poll(u, p, 3, 5000), 0); /* virtual time */
  assert_in_range(drill_now(d) - before, 5 * SECOND, 5 * SECOND + 100);
  assert_int_equal(d->ifc.poll(u, p, 3, -1), 0); /* the owner of the clock never blocks */
  assert_int_equal(write(ends[1], "x", 1), 1);
  drill_step(d, "< P. 1:2(1) ack 1 win 10000");
  assert_int_equal(d->ifc.poll(u, p, 3, -1), 2);
  assert_int_equal(p[0].revents, POLLIN);
  assert_int_equal(p[1].revents, POLLIN);
  assert_int_equal(d->ifc.close(u, ends[0]), 0);
  assert_int_equal(d->ifc.close(u, ends[1]), 0);
}

static int wait_one(struct drill *d, int ep, uint32_t *events) {
  struct epoll_event e = {0};
  int n = d->ifc.epoll_wait(d->ifc.userdata, ep, &e, 1, 0);
  *events = e.events;
  if (n == 1) assert_int_equal(e.data.u32, 77);
  return n;
}

static void epoll_levels_and_edges(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  struct epoll_event e = {.events = EPOLLIN, .data.u32 = 77};
  uint32_t got = 0;
  int ep = d->ifc.epoll_create(u, 1);
  assert_true(ep > 2);
  drill_play(d, ESTABLISH);
  assert_int_equal(d->ifc.epoll_ctl(u, ep, EPOLL_CTL_ADD, d->fd, &e), 0);
  assert_int_equal(wait_one(d, ep, &got), 0);
  drill_step(d, "< P. 1:11(10) ack 1 win 10000");
  assert_int_equal(wait_one(d, ep, &got), 1);
  assert_int_equal(got, EPOLLIN);
  assert_int_equal(wait_one(d, ep, &got), 1); /* as long as it is so */
  e.events = EPOLLIN | EPOLLET;
  assert_int_equal(d->ifc.epoll_ctl(u, ep, EPOLL_CTL_MOD, d->fd, &e), 0);
  assert_int_equal(wait_one(d, ep, &got), 1);
  assert_int_equal(wait_one(d, ep, &got), 0); /* told */
  drill_step(d, "< P. 11:21(10) ack 1 win 10000");
  assert_int_equal(wait_one(d, ep, &got), 1);
  assert_int_equal(wait_one(d, ep, &got), 0);
  e.events = EPOLLIN | EPOLLONESHOT;
  assert_int_equal(d->ifc.epoll_ctl(u, ep, EPOLL_CTL_MOD, d->fd, &e), 0);
  assert_int_equal(wait_one(d, ep, &got), 1);
  drill_step(d, "< P. 21:31(10) ack 1 win 10000");
  assert_int_equal(wait_one(d, ep, &got), 0);
  int64_t before = drill_now(d);
  struct epoll_event one;
  assert_int_equal(d->ifc.epoll_wait(u, ep, &one, 1, 2000), 0);
  assert_in_range(drill_now(d) - before, 2 * SECOND, 2 * SECOND + 100);
}

static void epoll_errors(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  struct epoll_event e = {.events = EPOLLIN};
  fails_with(d->ifc.epoll_create(u, 0), EINVAL);
  int ep = d->ifc.epoll_create(u, 1);
  drill_play(d, ESTABLISH);
  fails_with(d->ifc.epoll_ctl(u, d->fd, EPOLL_CTL_ADD, d->fd, &e), EINVAL);
  fails_with(d->ifc.epoll_ctl(u, ep, EPOLL_CTL_ADD, 999, &e), EBADF);
  fails_with(d->ifc.epoll_ctl(u, ep, EPOLL_CTL_ADD, d->fd, NULL), EFAULT);
  fails_with(d->ifc.epoll_ctl(u, ep, EPOLL_CTL_MOD, d->fd, &e), ENOENT);
  assert_int_equal(d->ifc.epoll_ctl(u, ep, EPOLL_CTL_ADD, d->fd, &e), 0);
  fails_with(d->ifc.epoll_ctl(u, ep, EPOLL_CTL_ADD, d->fd, &e), EEXIST);
  fails_with(d->ifc.epoll_wait(u, ep, &e, 0, 0), EINVAL);
  int fd = d->fd;
  drill_step(d, "close"); /* it is no longer watched */
  fails_with(d->ifc.epoll_ctl(u, ep, EPOLL_CTL_DEL, fd, &e), ENOENT);
  fails_with(d->ifc.shutdown(u, ep, SHUT_WR), ENOTSOCK);
  assert_int_equal(d->ifc.close(u, ep), 0);
  fails_with(d->ifc.epoll_wait(u, ep, &e, 1, 0), EBADF);
}

/* ---- 31, 32 ---- */

static void pipes(void **state) {
  struct drill *d = *state;
  void *u = d->ifc.userdata;
  int ends[2], file = open("/dev/zero", O_RDWR);
  uint8_t octets[9000];
  loff_t at = 0;
  for (size_t i = 0; i < sizeof octets; i++) octets[i] = drill_octet(i);
  assert_int_equal(d->ifc.pipe(u, ends), 0);
  fails_with(d->ifc.read(u, ends[0], octets, 1), EAGAIN);
  assert_int_equal(d->ifc.write(u, ends[1], octets, 1500), 1500);
  drill_play(d, ESTABLISH);
  fails_with(d->ifc.splice(u, ends[0], &at, d->fd, NULL, 10, 0), ESPIPE);
  fails_with(d->ifc.splice(u, d->fd, NULL, d->fd, NULL, 10, 0), EINVAL);
  fails_with(d->ifc.splice(u, d->fd, NULL, file, NULL, 10, 0), EINVAL);
  (void)close(file);
  assert_int_equal(d->ifc.splice(u, ends[0], NULL, d->fd, NULL, 9000, 0), 1500);
  drill_step(d, "> . 1:1001(1000) ack 1");
  fails_with(d->ifc.splice(u, ends[0], NULL, d->fd, NULL, 9000, 0), EAGAIN);
  drill_play(d, "< . 1:1(0) ack 1001 win 10000\n> P. 1001:1501(500) ack 1\n< P. 1:901(900) ack 1501 win 10000\n");
  assert_int_equal(d->ifc.splice(u, d->fd, NULL, ends[1], NULL, 9000, SPLICE_F_NONBLOCK), 900);
  memset(octets, 0, sizeof octets);
  assert_int_equal(d->ifc.read(u, ends[0], octets, sizeof octets), 900);
  for (size_t i = 0; i < 900; i++) assert_int_equal(octets[i], drill_octet(i));
  fails_with(d->ifc.splice(u, d->fd, NULL, ends[1], NULL, 10, 0), EAGAIN);
  assert_int_equal(d->ifc.close(u, ends[1]), 0);
  assert_int_equal(d->ifc.splice(u, ends[0], NULL, d->fd, NULL, 9000, 0), 0); /* no writer */
  assert_int_equal(d->ifc.close(u, ends[0]), 0);
}

/* ---- 24 to 27 ---- */

static void the_clock(void **state) {
  struct drill *d = *state;
  struct timespec began, ended;
  (void)clock_gettime(CLOCK_MONOTONIC, &began);
  int64_t before = drill_now(d);
  assert_int_equal(drill_now(d) - before, 1); /* a reading costs 1 us */
  drill_wait(d, 86400ll * SECOND);
  assert_int_equal(drill_now(d) - before, 86400ll * SECOND + 2);
  (void)clock_gettime(CLOCK_MONOTONIC, &ended);
  assert_true(ended.tv_sec - began.tv_sec < 5);
}

static void no_packet_will_ever_come(void **state) {
  struct drill *d = *state;
  assert_false(drill_next(d));
  drill_play(d, ESTABLISH);
  assert_false(drill_next(d));
}

static void a_packet_has_the_time_when_it_left(void **state) {
  struct drill *d = *state;
  drill_play(d, ESTABLISH "write 10\n> P. 1:11(10) ack 1\n");
  int64_t left = d->last;
  drill_wait(d, 10 * SECOND); /* retransmissions wait to be taken */
  assert_true(drill_next(d));
  assert_in_range(d->pending_time - left, 299000, 310000);
}

static void octets_that_are_no_packet(void **state) {
  struct drill *d = *state;
  uint8_t octets[200];
  drill_play(d, ESTABLISH);
  srandom(1);
  for (int i = 0; i < 20000; i++) {
    size_t len = (size_t)random() % sizeof octets;
    for (size_t k = 0; k < len; k++) octets[k] = (uint8_t)random();
    if (len > 0) octets[0] = i % 2 == 0 ? 0x45 : 0x60;
    assert_int_equal(d->ifc.netdev_send(d->ifc.userdata, octets, len), 0);
  }
  assert_int_equal(d->ifc.netdev_send(d->ifc.userdata, NULL, 10), -1);
  drill_play(d, "state ESTABLISHED\nsilent\n");
}

/* Segments with right checksums and random numbers, flags and options, at sockets in all states. */
static void hostile_segments(void **state) {
  struct drill *d = *state;
  static uint8_t octets[2048], text[1000];
  drill_play(d, ESTABLISH);
  srandom(2);
  for (int i = 0; i < 20000; i++) {
    struct vtcp_segment s = {.src_port = (uint16_t)(45000 + random() % 300), .dst_port = DRILL_PORT};
    s.seq = d->remote_isn + (uint32_t)(random() % 3000);
    s.ack = d->local_isn + (uint32_t)(random() % 3);
    s.flags = (uint16_t)(random() % 256);
    s.wnd = (uint16_t)random();
    s.urg = (uint16_t)random();
    s.has_mss = random() % 2 == 0;
    s.mss = (uint16_t)random();
    s.text = text;
    s.text_len = (uint32_t)(random() % 1000);
    uint32_t len = packet_encode(&d->remote, &d->local, &s, octets, sizeof octets);
    assert_true(len > 0);
    assert_int_equal(d->ifc.netdev_send(d->ifc.userdata, octets, len), 0);
  }
  drill_play(d, "listener\nstate LISTEN\nclose\n");
}

/* SYNs from many ports: connections that are not established are bounded, and given up. */
static void many_syns(void **state) {
  struct drill *d = *state;
  char step[64];
  int answers = 0;
  drill_step(d, "listen 4096");
  for (int i = 0; i < 2000; i++) {
    (void)snprintf(step, sizeof step, "peer %d", 20000 + i);
    drill_step(d, step);
    drill_step(d, "< S 0:0(0) win 1000");
  }
  int64_t now = drill_now(d);
  for (; drill_next(d) && d->pending_time <= now; d->pending_len = 0) answers++;
  assert_int_equal(answers, 128);
  drill_wait(d, 200ll * SECOND);
  d->pending_len = 0;
  while (drill_next(d)) d->pending_len = 0;
  drill_play(d, "peer 45000\n< S 0:0(0) win 1000\n> S. 0:0(0) ack 1\n< . 1:1(0) ack 1 win 1000\naccept\n");
}

/* ---- ICMP ---- */

/* Destination unreachable about a segment of ours with this SEG.SEQ (RFC 792). */
static void unreachable_mtu(struct drill *d, uint8_t code, uint32_t seq, uint16_t mtu) {
  uint8_t quoted[64], octets[128] = {0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1};
  struct vtcp_segment s = {.src_port = d->local.port, .dst_port = d->remote.port, .seq = d->local_isn + seq};
  s.flags = VTCP_SYN;
  assert_true(packet_encode(&d->local, &d->remote, &s, quoted, sizeof quoted) >= 28);
  memcpy(octets + 12, d->remote.ip, 4);
  memcpy(octets + 16, d->local.ip, 4);
  octets[20] = 3;
  octets[21] = code;
  octets[26] = (uint8_t)(mtu / 256);
  octets[27] = (uint8_t)mtu;
  memcpy(octets + 28, quoted, 28);
  uint16_t sum = (uint16_t)~vtcp_checksum_fold(vtcp_checksum_add(0, octets + 20, 36));
  octets[22] = (uint8_t)(sum / 256);
  octets[23] = (uint8_t)sum;
  sum = (uint16_t)~vtcp_checksum_fold(vtcp_checksum_add(0, octets, 20));
  octets[10] = (uint8_t)(sum / 256);
  octets[11] = (uint8_t)sum;
  assert_int_equal(d->ifc.netdev_send(d->ifc.userdata, octets, 56), 0);
}

static void unreachable(struct drill *d, uint8_t code, uint32_t seq) { unreachable_mtu(d, code, seq, 0); }

/* RFC 9293 s3.7.5, RFC 1191: smaller segments from now on, and what was too big again at once. */
static void icmp_too_big(void **state) {
  struct drill *d = *state;
  drill_play(d, ESTABLISH "write 1000\n> P. 1:1001(1000) ack 1\n");
  unreachable_mtu(d, 4, 5000, 600); /* not what is in flight */
  unreachable_mtu(d, 4, 1, 600);
  drill_play(d, "> . 1:561(560) ack 1\n> P. 561:1001(440) ack 1\n");
  assert_int_equal(option(d, IPPROTO_TCP, TCP_MAXSEG), 560);
}

static void icmp_hard_error(void **state) {
  struct drill *d = *state;
  drill_play(d, "connect\n> S 0:0(0)\n");
  unreachable(d, 3, 5); /* not what is in flight */
  drill_play(d, "state SYN_SENT\n");
  unreachable(d, 3, 0);
  drill_play(d, "state CLOSE\nerror ECONNREFUSED\nsilent\n");
}

/* MUST-56: a soft error must not abort; it is told when time is up. */
static void icmp_soft_error(void **state) {
  struct drill *d = *state;
  drill_play(d, "connect\n> S 0:0(0)\n");
  unreachable(d, 1, 0);
  drill_play(d, "state SYN_SENT\nerror 0\n+181 state CLOSE\nerror EHOSTUNREACH\n");
}

static void icmp_does_not_end_a_connection(void **state) {
  struct drill *d = *state;
  drill_play(d, ESTABLISH "write 10\n> P. 1:11(10) ack 1\n");
  unreachable(d, 3, 1);
  drill_play(d, "state ESTABLISHED\nerror 0\n< . 1:1(0) ack 11 win 10000\nunsent 0\n");
}

/* ---- flags ---- */

/* What init says on standard error about the flags. */
static void complaint(const char *flags, char *text, size_t size) {
  struct drill d;
  int ends[2], saved = dup(STDERR_FILENO);
  assert_int_equal(pipe(ends), 0);
  assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
  drill_open(&d, flags, DRILL_IPV4);
  drill_close(&d);
  assert_true(dup2(saved, STDERR_FILENO) >= 0);
  (void)close(saved);
  (void)close(ends[1]);
  ssize_t n = read(ends[0], text, size - 1);
  text[n > 0 ? n : 0] = 0;
  (void)close(ends[0]);
}

static void flags_that_are_wrong(void **state) {
  char text[1000];
  (void)state;
  complaint("insecure_rst=0,insecure_syn=0,drop_synfin=1,msl_ms=5,rcvbuf=9,sndbuf=9,window_scale=0,timestamps=0,sack=0",
            text, sizeof text);
  assert_string_equal(text, "");
  complaint("rcvbfu=9", text, sizeof text);
  assert_non_null(strstr(text, "rcvbfu: no such flag"));
  assert_non_null(strstr(text, "window_scale"));
  complaint("msl_ms=often", text, sizeof text);
  assert_non_null(strstr(text, "msl_ms=often: expected a number from 1"));
  complaint("sack", text, sizeof text);
  assert_non_null(strstr(text, "sack: expected name=value"));
  complaint("sack=1", text, sizeof text);
  assert_non_null(strstr(text, "sack=1 has no effect"));
  complaint("local_ip=here", text, sizeof text);
  assert_non_null(strstr(text, "local_ip=here: expected an IPv4 or IPv6 address"));
}

static void rewrite(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

static void the_file_is_read_before_each_call(void **state) {
  char path[] = "/tmp/vtcp-sysctl-XXXXXX";
  int fd = mkstemp(path);
  struct drill d;
  (void)state;
  assert_true(fd >= 0);
  (void)close(fd);
  assert_int_equal(setenv("VTCP_SYSCTL", path, 1), 0);
  drill_open(&d, "rcvbuf=20000", DRILL_IPV4);
  drill_play(&d, "connect\n> S 0:0(0) win 20000 <mss local,nop,wscale 0>\nclose\n");
  rewrite(path, "window_scale=0\nrcvbuf=30000\n");
  drill_play(&d, "connect\n> S 0:0(0) win 30000 <mss local>\nclose\n");
  rewrite(path, "drop_synfin=1");
  d.local.port = DRILL_PORT;
  d.remote.port = 45000;
  d.local_isn = 0;
  drill_play(&d, "< SF 0:0(0) win 100\nsilent\n");
  rewrite(path, ""); /* what the flags say */
  drill_play(&d, "< SF 0:0(0) win 100\n> R. 0:0(0) ack 2\n");
  drill_play(&d, "connect\n> S 0:0(0) win 20000 <mss local,nop,wscale 0>\n");
  drill_close(&d);
  assert_int_equal(unsetenv("VTCP_SYSCTL"), 0);
  assert_int_equal(unlink(path), 0);
}

static void local_address_and_isn_by_flag(void **state) {
  struct drill d;
  (void)state;
  drill_open(&d, "local_ip=10.1.2.3,isn=4294967295", DRILL_IPV4);
  assert_int_equal(inet_pton(AF_INET, "10.1.2.3", d.local.ip), 1);
  drill_play(&d, "connect\n> S 0:0(0)\n< S. 0:0(0) ack 1 win 1000\n> . 1:1(0) ack 1\nwrite 5\n> P. 1:6(5) ack 1\n");
  assert_int_equal(d.local_isn, UINT32_MAX);
  drill_close(&d);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_member_is_set),
      TEST(socket_kinds),
      TEST(descriptors_closed_behind_our_back),
      TEST(bind_errors),
      TEST(listen_accept_connect_errors),
      TEST(connect_to_nobody_dissolves),
      TEST(families),
      TEST(reading),
      TEST(read_timeout_in_virtual_time),
      TEST(writing),
      TEST(a_full_send_buffer),
      TEST(duplicates_share_a_socket),
      TEST(amounts),
      TEST(plain_options),
      TEST(option_errors),
      TEST(options_of_other_shapes),
      TEST(tcp_info),
      TEST(tcp_info_of_a_loss),
      TEST(tcp_info_of_a_listener),
      TEST(polling),
      TEST(epoll_levels_and_edges),
      TEST(epoll_errors),
      TEST(pipes),
      TEST(the_clock),
      TEST(no_packet_will_ever_come),
      TEST(a_packet_has_the_time_when_it_left),
      TEST(octets_that_are_no_packet),
      TEST(hostile_segments),
      TEST(many_syns),
      TEST(icmp_too_big),
      TEST(icmp_hard_error),
      TEST(icmp_soft_error),
      TEST(icmp_does_not_end_a_connection),
      cmocka_unit_test(flags_that_are_wrong),
      cmocka_unit_test(the_file_is_read_before_each_call),
      cmocka_unit_test(local_address_and_isn_by_flag),
  };
  return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
