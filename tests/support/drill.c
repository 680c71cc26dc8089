#include "drill.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#define REMOTE_PORT 45000
#define REMOTE_ISN 4294966000u /* it wraps soon */
#define TOLERANCE 1000         /* microseconds */
#define WHENEVER INT64_MAX

struct word {
  const char *name;
  int value;
};

#define SAME(x)                                                                                                        \
  { #x, x }
static const struct word ERRORS[] = {SAME(EINPROGRESS), SAME(EALREADY),     SAME(EAGAIN),    SAME(ECONNREFUSED),
                                     SAME(ECONNRESET),  SAME(ECONNABORTED), SAME(ETIMEDOUT), SAME(EPIPE),
                                     SAME(ENOTCONN),    SAME(EISCONN),      SAME(EINVAL),    SAME(EADDRINUSE),
                                     SAME(EOPNOTSUPP),  SAME(EHOSTUNREACH), SAME(EBADF),     {"0", 0}};
static const struct word STATES[] = {{"ESTABLISHED", 1}, {"SYN_SENT", 2},  {"SYN_RECV", 3}, {"FIN_WAIT1", 4},
                                     {"FIN_WAIT2", 5},   {"TIME_WAIT", 6}, {"CLOSE", 7},    {"CLOSE_WAIT", 8},
                                     {"LAST_ACK", 9},    {"LISTEN", 10},   {"CLOSING", 11}};
static const struct word EVENTS[] = {{"IN", POLLIN},
                                     {"OUT", POLLOUT},
                                     {"HUP", POLLHUP},
                                     {"ERR", POLLERR},
                                     {"RDHUP", POLLRDHUP}};

static void broken(const struct drill *d, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  fail_msg("step %d, `%s`: %s", d->line, d->step == NULL ? "" : d->step, text);
  abort(); /* not reached */
}

/* The value of a name; -1: it is none. */
static int value_of(const struct word *words, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(words[i].name, name) == 0) return words[i].value;
  return -1;
}

static const char *name_of(const struct word *words, size_t count, int value) {
  for (size_t i = 0; i < count; i++)
    if (words[i].value == value) return words[i].name;
  return "?";
}
#define VALUE(words, name) value_of(words, sizeof(words) / sizeof *(words), name)
#define NAME(words, value) name_of(words, sizeof(words) / sizeof *(words), value)

uint8_t drill_octet(uint64_t place) { return (uint8_t)(place * 31u + place / 251u); }

/* ---- the object ---- */

/* build/tests/packetdrill/NAME -> build/libvtcp_packetdrill.so */
static void find_object(char *path, size_t size) {
  ssize_t n = readlink("/proc/self/exe", path, size - 1);
  assert_true(n > 0);
  path[n] = 0;
  for (int up = 0; up < 3; up++) *strrchr(path, '/') = 0;
  size_t used = strlen(path);
  (void)snprintf(path + used, size - used, "/libvtcp_packetdrill.so");
}

static void (*init_of(struct drill *d))(const char *, struct packetdrill_interface *) {
  char path[4096];
  void (*init)(const char *, struct packetdrill_interface *) = NULL;
  find_object(path, sizeof path);
  d->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (d->object == NULL) fail_msg("%s (make packetdrill)", dlerror());
  void *symbol = dlsym(d->object, "packetdrill_interface_init");
  assert_non_null(symbol);
  memcpy(&init, &symbol, sizeof init);
  return init;
}

static struct udp_address address(const char *text) {
  struct udp_address a = {.family = strchr(text, ':') == NULL ? AF_INET : AF_INET6};
  assert_int_equal(inet_pton(a.family, text, a.ip), 1);
  return a;
}

void drill_open(struct drill *d, const char *flags, enum drill_family family) {
  *d = (struct drill){.family = family, .fd = -1, .listener = -1, .remote_isn = REMOTE_ISN};
  d->domain = family == DRILL_IPV4 ? AF_INET : AF_INET6;
  d->local = address(family == DRILL_IPV6 ? "fd3d:a0b:17d6::1" : "192.168.0.1");
  d->remote = address(family == DRILL_IPV6 ? "fd3d:fa7b:d17d::1" : "192.0.2.1");
  d->local.port = DRILL_PORT;
  d->remote.port = REMOTE_PORT;
  init_of(d)(flags, &d->ifc);
  d->last = drill_now(d);
}

void drill_close(struct drill *d) {
  d->ifc.free(d->ifc.userdata);
  (void)dlclose(d->object);
}

socklen_t drill_sockaddr(const struct drill *d, bool remote, struct sockaddr_storage *out) {
  memset(out, 0, sizeof *out);
  if (d->domain == AF_INET) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(DRILL_PORT)};
    if (remote) memcpy(&v4.sin_addr, d->remote.ip, 4);
    memcpy(out, &v4, sizeof v4);
    return sizeof v4;
  }
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(DRILL_PORT)};
  uint8_t *ip = (uint8_t *)&v6.sin6_addr;
  if (remote && d->family == DRILL_IPV6) memcpy(ip, d->remote.ip, 16);
  if (remote && d->family == DRILL_MAPPED) {
    ip[10] = ip[11] = 0xff;
    memcpy(ip + 12, d->remote.ip, 4);
  }
  memcpy(out, &v6, sizeof v6);
  return sizeof v6;
}

int64_t drill_now(struct drill *d) {
  struct timeval t;
  assert_int_equal(d->ifc.gettimeofday(d->ifc.userdata, &t, NULL), 0);
  return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

void drill_wait(struct drill *d, int64_t us) {
  for (; us > 1000000000; us -= 1000000000) (void)d->ifc.usleep(d->ifc.userdata, 1000000000);
  if (us > 0) (void)d->ifc.usleep(d->ifc.userdata, (useconds_t)us);
}

bool drill_next(struct drill *d) {
  long long time = 0;
  if (d->pending_len > 0) return true;
  size_t len = sizeof d->pending;
  assert_int_equal(d->ifc.netdev_receive(d->ifc.userdata, d->pending, &len, &time), 0);
  d->pending_len = len;
  d->pending_time = time;
  return len > 0;
}

/* ---- a segment as text ---- */

static uint16_t flags_of(const struct drill *d, const char *text) {
  static const char letters[] = "FSRP.UEW";
  uint16_t flags = 0;
  for (; *text != 0 && strcmp(text, "-") != 0; text++) {
    const char *at = strchr(letters, *text);
    if (at == NULL) broken(d, "no such flag: %c", *text);
    flags = (uint16_t)(flags | 1u << (at - letters));
  }
  return flags;
}

static void option_of(const struct drill *d, const char *text, struct vtcp_segment *s) {
  unsigned a = 0, b = 0;
  if (strcmp(text, "mss local") == 0) { /* what an MTU of 1500 leaves */
    s->has_mss = true;
    s->mss = d->family == DRILL_IPV6 ? 1440 : 1460;
  } else if (sscanf(text, "mss %u", &a) == 1) {
    s->has_mss = true;
    s->mss = (uint16_t)a;
  } else if (sscanf(text, "wscale %u", &a) == 1) {
    s->has_wscale = true;
    s->wscale = (uint16_t)a;
  } else if (sscanf(text, "TS val %u ecr %u", &a, &b) == 2) {
    s->has_ts = true;
    s->tsval = a;
    s->tsecr = b;
  } else if (strcmp(text, "sackOK") == 0) {
    s->sack_permitted = true;
  } else if (strcmp(text, "nop") != 0 && strcmp(text, "eol") != 0) {
    broken(d, "no such option: %s", text);
  }
}

struct expected {
  struct vtcp_segment segment; /* numbers relative to the ISNs */
  uint32_t len;
  bool win, options;
};

/* FLAGS SEQ:END(LEN) [ack N] [win N] [urg N] [<OPTION,OPTION>] */
static struct expected parse(const struct drill *d, const char *text) {
  struct expected e = {0};
  char flags[16] = "", word[32], options[200] = "";
  unsigned seq = 0, end = 0, len = 0, n = 0;
  int used = 0;
  if (sscanf(text, "%15s %u:%u(%u)%n", flags, &seq, &end, &len, &used) != 4 || end != seq + len)
    broken(d, "expected FLAGS SEQ:END(LEN)");
  e.segment.flags = flags_of(d, flags);
  e.segment.seq = seq;
  e.len = len;
  text += used;
  while (sscanf(text, "%31s %u%n", word, &n, &used) == 2 && word[0] != '<') {
    if (strcmp(word, "ack") == 0) e.segment.ack = n;
    if (strcmp(word, "win") == 0) e.segment.wnd = (uint16_t)n;
    if (strcmp(word, "urg") == 0) e.segment.urg = (uint16_t)n;
    e.win = e.win || strcmp(word, "win") == 0;
    text += used;
  }
  e.options = sscanf(text, " <%199[^>]>", options) == 1 || strstr(text, "<>") != NULL;
  char *rest = NULL;
  for (char *o = strtok_r(options, ",", &rest); o != NULL; o = strtok_r(NULL, ",", &rest)) option_of(d, o, &e.segment);
  return e;
}

static void inject(struct drill *d, const char *text) {
  static uint8_t octets[PACKET_MAX], payload[65536];
  struct expected e = parse(d, text);
  struct vtcp_segment s = e.segment;
  for (uint32_t i = 0; i < e.len; i++) payload[i] = drill_octet((uint64_t)s.seq - 1u + i);
  s.seq += d->remote_isn;
  if ((s.flags & VTCP_ACK) != 0) s.ack += d->local_isn;
  s.src_port = d->remote.port;
  s.dst_port = d->local.port;
  s.text = payload;
  s.text_len = e.len;
  uint32_t len = packet_encode(&d->remote, &d->local, &s, octets, sizeof octets);
  assert_true(len > 0);
  assert_int_equal(d->ifc.netdev_send(d->ifc.userdata, octets, len), 0);
}

static void describe(const struct vtcp_segment *s, char *text, size_t size) {
  static const char letters[] = "FSRP.UEW";
  char flags[9] = "";
  for (size_t i = 0, n = 0; i < 8; i++)
    if ((s->flags >> i & 1u) != 0) flags[n++] = letters[i];
  (void)snprintf(text, size, "%s %u:%u(%u) ack %u win %u mss %u wscale %d", flags, s->seq, s->seq + s->text_len,
                 s->text_len, s->ack, s->wnd, s->mss, s->has_wscale ? s->wscale : -1);
}

/* The pending packet, numbers relative; the ISN and port of our side are learnt from its SYN. */
static struct vtcp_segment take(struct drill *d) {
  struct packet p;
  if (!drill_next(d)) broken(d, "no packet will ever leave");
  if (packet_decode(d->pending, (uint32_t)d->pending_len, &p) != PACKET_SEGMENT) broken(d, "no TCP segment left");
  d->pending_len = 0;
  if ((p.segment.flags & VTCP_SYN) != 0) {
    d->local_isn = p.segment.seq;
    d->local_known = true;
    if ((p.segment.flags & VTCP_ACK) == 0) d->local.port = p.src.port;
    if ((p.segment.flags & VTCP_ACK) == 0) d->remote.port = p.dst.port;
  }
  if (!udp_same(&p.src, &d->local) || !udp_same(&p.dst, &d->remote)) broken(d, "other addresses or ports");
  p.segment.seq -= d->local_isn;
  if ((p.segment.flags & VTCP_ACK) != 0) p.segment.ack -= d->remote_isn;
  return p.segment;
}

static void expect(struct drill *d, const char *text, int64_t after) {
  struct expected e = parse(d, text);
  struct vtcp_segment s = take(d);
  char seen[200];
  describe(&s, seen, sizeof seen);
  bool push = (e.segment.flags & VTCP_PSH) != 0; /* PSH may be left out of an expectation */
  uint16_t flags = push ? s.flags : (uint16_t)(s.flags & ~VTCP_PSH);
  int64_t late = d->pending_time - d->last - after;
  if (flags != e.segment.flags || s.seq != e.segment.seq || s.ack != e.segment.ack || s.text_len != e.len)
    broken(d, "%s left", seen);
  if (e.win && s.wnd != e.segment.wnd) broken(d, "%s left: another window", seen);
  if (e.options && (s.has_mss != e.segment.has_mss || s.mss != e.segment.mss || s.has_wscale != e.segment.has_wscale ||
                    (s.has_wscale && s.wscale != e.segment.wscale)))
    broken(d, "%s left: other options", seen);
  if (s.urg != e.segment.urg) broken(d, "urgent pointer %u", s.urg);
  for (uint32_t i = 0; i < s.text_len; i++)
    if (s.text[i] != drill_octet((uint64_t)s.seq - 1u + i)) broken(d, "wrong octet at %u", s.seq + i);
  if (after != WHENEVER && (late > TOLERANCE || late < -TOLERANCE))
    broken(d, "%s left %+.3f s from the time", seen, (double)late / 1e6);
  d->last = d->pending_time;
}

/* ---- calls ---- */

static void check_call(const struct drill *d, int result, const char *error) {
  int wanted = error == NULL || *error == 0 ? 0 : VALUE(ERRORS, error), got = result < 0 ? errno : 0;
  if (wanted < 0) broken(d, "no such errno: %s", error);
  if (got != wanted) broken(d, "%s", got == 0 ? "no error" : strerror(got));
}

static void make_socket(struct drill *d) {
  d->fd = d->ifc.socket(d->ifc.userdata, d->domain, SOCK_STREAM, IPPROTO_TCP);
  if (d->fd < 0) broken(d, "%s", strerror(errno));
  d->written = d->read = 0;
}

static void set(struct drill *d, int level, int name, const void *value, socklen_t len) {
  check_call(d, d->ifc.setsockopt(d->ifc.userdata, d->fd, level, name, value, len), NULL);
}

static void set_int(struct drill *d, int level, int name, int value) { set(d, level, name, &value, sizeof value); }

/* BACKLOG, SO_RCVBUF */
static void do_listen(struct drill *d, const char *argument) {
  struct sockaddr_storage a;
  int backlog = 1, rcvbuf = 0;
  (void)sscanf(argument, "%d %d", &backlog, &rcvbuf);
  socklen_t len = drill_sockaddr(d, false, &a);
  make_socket(d);
  d->listener = d->fd;
  set_int(d, SOL_SOCKET, SO_REUSEADDR, 1);
  check_call(d, d->ifc.bind(d->ifc.userdata, d->fd, (struct sockaddr *)&a, len), NULL);
  if (rcvbuf > 0) set_int(d, SOL_SOCKET, SO_RCVBUF, rcvbuf);
  check_call(d, d->ifc.listen(d->ifc.userdata, d->fd, backlog), NULL);
}

static void do_accept(struct drill *d, const char *error) {
  struct sockaddr_storage a;
  socklen_t len = sizeof a;
  d->written = d->read = 0;
  int fd = d->ifc.accept(d->ifc.userdata, d->listener, (struct sockaddr *)&a, &len);
  check_call(d, fd, error);
  if (fd < 0) return;
  d->fd = fd;
  struct sockaddr_in6 v6;
  memcpy(&v6, &a, sizeof v6);
  if (len != (d->domain == AF_INET ? sizeof(struct sockaddr_in) : sizeof v6) || a.ss_family != d->domain ||
      ntohs(v6.sin6_port) != d->remote.port)
    broken(d, "wrong address of the peer");
}

static void do_connect(struct drill *d, const char *error) {
  struct sockaddr_storage a;
  socklen_t len = drill_sockaddr(d, true, &a);
  if (d->fd < 0) {
    make_socket(d);
    check_call(d, d->ifc.fcntl(d->ifc.userdata, d->fd, F_SETFL, (long)(O_RDWR | O_NONBLOCK)), NULL);
  }
  check_call(d, d->ifc.connect(d->ifc.userdata, d->fd, (struct sockaddr *)&a, len),
             *error == 0 ? "EINPROGRESS" : error);
}

static void do_write(struct drill *d, const char *argument) {
  static uint8_t octets[1 << 20];
  char *error = NULL;
  size_t n = strtoul(argument, &error, 10);
  if (error == argument) n = 1;
  for (size_t i = 0; i < n; i++) octets[i] = drill_octet(d->written + i);
  ssize_t sent = d->ifc.write(d->ifc.userdata, d->fd, octets, n);
  check_call(d, sent < 0 ? -1 : 0, error == argument ? argument : NULL);
  if (sent > 0 && (size_t)sent != n) broken(d, "%zd octets", sent);
  if (sent > 0) d->written += (size_t)sent;
}

static void do_read(struct drill *d, const char *argument) {
  static uint8_t octets[1 << 20];
  char *error = NULL;
  size_t n = strtoul(argument, &error, 10);
  ssize_t got = d->ifc.read(d->ifc.userdata, d->fd, octets, n > 0 ? n : 1);
  check_call(d, got < 0 ? -1 : 0, error == argument ? argument : NULL);
  if (got >= 0 && (size_t)got != n) broken(d, "%zd octets", got);
  for (ssize_t i = 0; i < got; i++)
    if (octets[i] != drill_octet(d->read + (uint64_t)i)) broken(d, "wrong octet at %zd", i);
  if (got > 0) d->read += (uint64_t)got;
}

static void do_close(struct drill *d) {
  check_call(d, d->ifc.close(d->ifc.userdata, d->fd), NULL);
  if (d->fd == d->listener) d->listener = -1;
  d->fd = -1;
}

static void do_shutdown(struct drill *d, const char *argument) {
  char how[8] = "", error[32] = "";
  (void)sscanf(argument, "%7s %31s", how, error);
  int value = strcmp(how, "rd") == 0 ? SHUT_RD : strcmp(how, "wr") == 0 ? SHUT_WR : SHUT_RDWR;
  check_call(d, d->ifc.shutdown(d->ifc.userdata, d->fd, value), error);
}

/* ---- questions ---- */

static void ask_state(struct drill *d, const char *name) {
  struct tcp_info info;
  socklen_t len = sizeof info;
  check_call(d, d->ifc.getsockopt(d->ifc.userdata, d->fd, IPPROTO_TCP, TCP_INFO, &info, &len), NULL);
  if (VALUE(STATES, name) < 0) broken(d, "no such state");
  if (info.tcpi_state != VALUE(STATES, name)) broken(d, "%s", NAME(STATES, info.tcpi_state));
}

static void ask_error(struct drill *d, const char *name) {
  int error = 0;
  socklen_t len = sizeof error;
  check_call(d, d->ifc.getsockopt(d->ifc.userdata, d->fd, SOL_SOCKET, SO_ERROR, &error, &len), NULL);
  if (error != VALUE(ERRORS, name)) broken(d, "%s", NAME(ERRORS, error));
}

static void ask_poll(struct drill *d, const char *names) {
  struct pollfd p = {.fd = d->fd, .events = POLLIN | POLLOUT | POLLRDHUP};
  char text[64];
  int wanted = 0;
  (void)snprintf(text, sizeof text, "%s", names);
  char *rest = NULL;
  for (char *name = strtok_r(text, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
    if (VALUE(EVENTS, name) < 0) broken(d, "no such event: %s", name);
    wanted |= VALUE(EVENTS, name);
  }
  int n = d->ifc.poll(d->ifc.userdata, &p, 1, 0);
  if (p.revents != wanted || n != (wanted != 0))
    broken(d, "events %#x, not %#x", (unsigned)p.revents, (unsigned)wanted);
}

static void ask_amount(struct drill *d, unsigned long request, const char *argument) {
  int n = -1;
  check_call(d, d->ifc.ioctl(d->ifc.userdata, d->fd, request, &n), NULL);
  if (n != atoi(argument)) broken(d, "%d octets", n);
}

/* Nothing has left by now. */
static void ask_silent(struct drill *d) {
  int64_t now = drill_now(d);
  if (!drill_next(d) || d->pending_time > now) return;
  struct vtcp_segment s = take(d);
  char seen[200];
  describe(&s, seen, sizeof seen);
  broken(d, "%s left", seen);
}

/* ---- steps ---- */

static bool call(struct drill *d, const char *name, const char *argument) {
  int n = atoi(argument);
  if (strcmp(name, "listen") == 0)
    do_listen(d, argument);
  else if (strcmp(name, "accept") == 0)
    do_accept(d, argument);
  else if (strcmp(name, "socket") == 0)
    make_socket(d);
  else if (strcmp(name, "connect") == 0)
    do_connect(d, argument);
  else if (strcmp(name, "write") == 0)
    do_write(d, argument);
  else if (strcmp(name, "read") == 0)
    do_read(d, argument);
  else if (strcmp(name, "shutdown") == 0)
    do_shutdown(d, argument);
  else if (strcmp(name, "close") == 0)
    do_close(d);
  else if (strcmp(name, "nonblock") == 0)
    check_call(d, d->ifc.fcntl(d->ifc.userdata, d->fd, F_SETFL, (long)O_NONBLOCK), NULL);
  else if (strcmp(name, "nodelay") == 0)
    set_int(d, IPPROTO_TCP, TCP_NODELAY, n);
  else if (strcmp(name, "cork") == 0)
    set_int(d, IPPROTO_TCP, TCP_CORK, n);
  else if (strcmp(name, "timeout") == 0)
    set_int(d, IPPROTO_TCP, TCP_USER_TIMEOUT, n);
  else if (strcmp(name, "keepalive") == 0)
    set_int(d, SOL_SOCKET, SO_KEEPALIVE, n);
  else if (strcmp(name, "keepidle") == 0)
    set_int(d, IPPROTO_TCP, TCP_KEEPIDLE, n);
  else if (strcmp(name, "keepintvl") == 0)
    set_int(d, IPPROTO_TCP, TCP_KEEPINTVL, n);
  else if (strcmp(name, "keepcnt") == 0)
    set_int(d, IPPROTO_TCP, TCP_KEEPCNT, n);
  else if (strcmp(name, "rcvbuf") == 0)
    set_int(d, SOL_SOCKET, SO_RCVBUF, n);
  else if (strcmp(name, "maxseg") == 0)
    set_int(d, IPPROTO_TCP, TCP_MAXSEG, n);
  else if (strcmp(name, "linger") == 0) {
    struct linger l = {1, n};
    set(d, SOL_SOCKET, SO_LINGER, &l, sizeof l);
  } else
    return false;
  return true;
}

static bool question(struct drill *d, const char *name, const char *argument) {
  if (strcmp(name, "state") == 0)
    ask_state(d, argument);
  else if (strcmp(name, "error") == 0)
    ask_error(d, argument);
  else if (strcmp(name, "poll") == 0)
    ask_poll(d, argument);
  else if (strcmp(name, "unread") == 0)
    ask_amount(d, SIOCINQ, argument);
  else if (strcmp(name, "unsent") == 0)
    ask_amount(d, SIOCOUTQ, argument);
  else if (strcmp(name, "silent") == 0)
    ask_silent(d);
  else if (strcmp(name, "listener") == 0)
    d->fd = d->listener;
  else if (strcmp(name, "peer") == 0)
    d->remote.port = (uint16_t)atoi(argument);
  else
    return false;
  return true;
}

void drill_step(struct drill *d, const char *step) {
  char name[32] = "";
  int used = 0;
  double seconds = 0;
  int64_t after = 0;
  d->step = step;
  if (strncmp(step, "+*", 2) == 0) {
    after = WHENEVER;
    step += 2;
  } else if (sscanf(step, "+%lf%n", &seconds, &used) == 1) {
    after = (int64_t)(seconds * 1e6 + 0.5);
    step += used;
  }
  if (sscanf(step, "%31s%n", name, &used) != 1) broken(d, "what is to be done?");
  const char *argument = step + used + strspn(step + used, " ");
  if (strcmp(name, ">") == 0) {
    expect(d, argument, after);
    return;
  }
  drill_wait(d, d->last + after - drill_now(d));
  if (strcmp(name, "<") == 0)
    inject(d, argument);
  else if (!call(d, name, argument) && !question(d, name, argument))
    broken(d, "no such step");
  d->last = drill_now(d);
}

void drill_play(struct drill *d, const char *script) {
  char *text = strdup(script), *rest = NULL;
  assert_non_null(text);
  d->line = 0;
  for (char *step = strtok_r(text, "\n", &rest); step != NULL; step = strtok_r(NULL, "\n", &rest)) {
    d->line++;
    step += strspn(step, " ");
    if (*step != 0 && *step != '#') drill_step(d, step);
  }
  free(text);
  d->step = NULL;
}
