/* getsockopt, setsockopt. */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

#include "stack.h"

#define BUFFER_SETTABLE 212992 /* Linux's net.core.rmem_max, wmem_max */
#define RCVBUF_LEAST 2304      /* SOCK_MIN_RCVBUF, SOCK_MIN_SNDBUF */
#define SNDBUF_LEAST 4608
#define MAXSEG_LEAST 88 /* TCP_MIN_MSS */
#define MAXSEG_MOST 32767
#define CONGESTION "reno"
#define CONGESTION_MAX 16

/* What an option takes; SWITCH: any number, which becomes 0 or 1. */
enum kind { SWITCH, NUMBER };

struct rule {
  int level, name;
  enum sock_option option;
  enum kind kind;
  int initial, low, high;
};

static const struct rule RULES[] = {
    {SOL_SOCKET, SO_REUSEADDR, OPTION_REUSEADDR, SWITCH, 0, 0, 1},
    {SOL_SOCKET, SO_REUSEPORT, OPTION_REUSEPORT, SWITCH, 0, 0, 1},
    {SOL_SOCKET, SO_KEEPALIVE, OPTION_KEEPALIVE, SWITCH, 0, 0, 1},
    {SOL_SOCKET, SO_OOBINLINE, OPTION_OOBINLINE, SWITCH, 0, 0, 1},
    {SOL_SOCKET, SO_BROADCAST, OPTION_BROADCAST, SWITCH, 0, 0, 1},
    {SOL_SOCKET, SO_DONTROUTE, OPTION_DONTROUTE, SWITCH, 0, 0, 1},
    {SOL_SOCKET, SO_DEBUG, OPTION_DEBUG, SWITCH, 0, 0, 1},
    {SOL_SOCKET, SO_PRIORITY, OPTION_PRIORITY, NUMBER, 0, 0, INT32_MAX},
    {SOL_SOCKET, SO_MARK, OPTION_MARK, NUMBER, 0, 0, INT32_MAX},
    {SOL_SOCKET, SO_RCVLOWAT, OPTION_RCVLOWAT, NUMBER, 1, 0, INT32_MAX},
    {IPPROTO_TCP, TCP_NODELAY, OPTION_NODELAY, SWITCH, 0, 0, 1},
    {IPPROTO_TCP, TCP_MAXSEG, OPTION_MAXSEG, NUMBER, 0, MAXSEG_LEAST, MAXSEG_MOST},
    {IPPROTO_TCP, TCP_CORK, OPTION_CORK, SWITCH, 0, 0, 1},
    {IPPROTO_TCP, TCP_KEEPIDLE, OPTION_KEEPIDLE, NUMBER, 7200, 1, 32767},
    {IPPROTO_TCP, TCP_KEEPINTVL, OPTION_KEEPINTVL, NUMBER, 75, 1, 32767},
    {IPPROTO_TCP, TCP_KEEPCNT, OPTION_KEEPCNT, NUMBER, 9, 1, 127},
    {IPPROTO_TCP, TCP_SYNCNT, OPTION_SYNCNT, NUMBER, 0, 1, 127},
    {IPPROTO_TCP, TCP_LINGER2, OPTION_LINGER2, NUMBER, 0, INT32_MIN, INT32_MAX},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, OPTION_DEFER_ACCEPT, NUMBER, 0, INT32_MIN, INT32_MAX},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, OPTION_WINDOW_CLAMP, NUMBER, 0, 0, INT32_MAX},
    {IPPROTO_TCP, TCP_QUICKACK, OPTION_QUICKACK, SWITCH, 1, 0, 1},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, OPTION_USER_TIMEOUT, NUMBER, 0, 0, INT32_MAX},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, OPTION_NOTSENT_LOWAT, NUMBER, 0, 0, INT32_MAX},
    {IPPROTO_IP, IP_TOS, OPTION_TOS, NUMBER, 0, 0, 255},
    {IPPROTO_IP, IP_TTL, OPTION_TTL, NUMBER, 64, 1, 255},
    {IPPROTO_IP, IP_MTU_DISCOVER, OPTION_MTU_DISCOVER, NUMBER, 1, 0, 5},
    {IPPROTO_IP, IP_RECVERR, OPTION_RECVERR, SWITCH, 0, 0, 1},
    {IPPROTO_IPV6, IPV6_V6ONLY, OPTION_V6ONLY, SWITCH, 0, 0, 1},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, OPTION_UNICAST_HOPS, NUMBER, 64, 0, 255},
    {IPPROTO_IPV6, IPV6_TCLASS, OPTION_TCLASS, NUMBER, 0, 0, 255},
    {IPPROTO_IPV6, IPV6_RECVERR, OPTION_RECVERR6, SWITCH, 0, 0, 1},
};
#define RULE_COUNT (sizeof RULES / sizeof *RULES)
_Static_assert(RULE_COUNT == OPTION_COUNT, "a rule for each option");

static int fail(int error) {
  errno = error;
  return -1;
}

void sockopt_defaults(const struct stack *s, struct sock_options *o) {
  for (size_t i = 0; i < RULE_COUNT; i++) o->number[RULES[i].option] = RULES[i].initial;
  o->rcvtimeo = o->sndtimeo = UINT64_MAX;
  o->rcvbuf = (uint32_t)s->sysctl.now.rcvbuf;
  o->sndbuf = (uint32_t)s->sysctl.now.sndbuf;
}

static const struct rule *find(int level, int name) {
  for (size_t i = 0; i < RULE_COUNT; i++)
    if (RULES[i].level == level && RULES[i].name == name) return &RULES[i];
  return NULL;
}

static int no_such(int level) {
  bool known = level == SOL_SOCKET || level == IPPROTO_TCP || level == IPPROTO_IP || level == IPPROTO_IPV6;
  return fail(known ? ENOPROTOOPT : EOPNOTSUPP);
}

/* ---- get ---- */

static int give(void *value, socklen_t *len, const void *from, size_t size) {
  if (*len > size) *len = (socklen_t)size;
  memcpy(value, from, *len);
  return 0;
}

static int give_int(void *value, socklen_t *len, int n) { return give(value, len, &n, sizeof n); }

static int give_time(void *value, socklen_t *len, uint64_t us) {
  struct timeval t = {0};
  if (us != UINT64_MAX)
    t = (struct timeval){.tv_sec = (time_t)(us / 1000000u), .tv_usec = (suseconds_t)(us % 1000000u)};
  return give(value, len, &t, sizeof t);
}

static int get_socket(struct sock *k, int name, void *value, socklen_t *len) {
  switch (name) {
  case SO_ERROR: return give_int(value, len, sock_take_error(k));
  case SO_TYPE: return give_int(value, len, SOCK_STREAM);
  case SO_DOMAIN: return give_int(value, len, k->domain);
  case SO_PROTOCOL: return give_int(value, len, IPPROTO_TCP);
  case SO_ACCEPTCONN: return give_int(value, len, k->phase == SOCK_LISTENING);
  case SO_RCVBUF: return give_int(value, len, (int)(2u * k->options.rcvbuf));
  case SO_SNDBUF: return give_int(value, len, (int)(2u * k->options.sndbuf));
  case SO_LINGER: return give(value, len, &k->options.linger, sizeof k->options.linger);
  case SO_RCVTIMEO: return give_time(value, len, k->options.rcvtimeo);
  case SO_SNDTIMEO: return give_time(value, len, k->options.sndtimeo);
  case SO_SNDLOWAT: return give_int(value, len, 1);
  default: return fail(ENOPROTOOPT);
  }
}

static int maxseg(const struct sock *k) {
  struct vtcp_status status;
  int wanted = k->options.number[OPTION_MAXSEG];
  if (k->buffers == NULL) return wanted > 0 ? wanted : 536; /* TCP_MSS_DEFAULT */
  vtcp_status(&k->tcb, &status);
  return status.snd_mss;
}

static int get_tcp(struct stack *s, struct sock *k, int name, void *value, socklen_t *len) {
  char congestion[CONGESTION_MAX] = CONGESTION;
  int number = k->options.number[OPTION_SYNCNT];
  switch (name) {
  case TCP_MAXSEG: return give_int(value, len, maxseg(k));
  case TCP_SYNCNT: return give_int(value, len, number > 0 ? number : 6);
  case TCP_LINGER2:
    number = k->options.number[OPTION_LINGER2];
    return give_int(value, len, number > 0 ? number : number < 0 ? -1 : (int)(s->sysctl.now.fin_timeout_ms / 1000u));
  case TCP_INFO: return tcp_info_get(s, k, value, len);
  case TCP_CONGESTION: return give(value, len, congestion, sizeof congestion);
  default: return fail(ENOPROTOOPT);
  }
}

int sockopt_get(struct stack *s, struct sock *k, int level, int name, void *value, socklen_t *len) {
  if (value == NULL || len == NULL) return fail(EFAULT);
  if (*len > INT32_MAX) return fail(EINVAL);
  int result = level == SOL_SOCKET    ? get_socket(k, name, value, len)
               : level == IPPROTO_TCP ? get_tcp(s, k, name, value, len)
                                      : fail(ENOPROTOOPT);
  if (result == 0) return 0;
  const struct rule *r = find(level, name);
  return r == NULL ? no_such(level) : give_int(value, len, k->options.number[r->option]);
}

/* ---- set ---- */

static int set_linger(struct sock *k, const void *value, socklen_t len) {
  if (len < sizeof k->options.linger) return fail(EINVAL);
  memcpy(&k->options.linger, value, sizeof k->options.linger);
  return 0;
}

static int set_time(uint64_t *to, const void *value, socklen_t len) {
  struct timeval t;
  if (len < sizeof t) return fail(EINVAL);
  memcpy(&t, value, sizeof t);
  if (t.tv_usec < 0 || t.tv_usec >= 1000000) return fail(EDOM);
  uint64_t us = t.tv_sec < 0 ? 0 : (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_usec;
  *to = t.tv_sec == 0 && t.tv_usec == 0 ? UINT64_MAX : us;
  return 0;
}

/* Linux doubles what is asked for, to have room for its own structures: the octets that fit are those asked for. */
static int set_buffer(uint32_t *to, int n, int least, bool force) {
  if (n < 0) n = force ? 0 : BUFFER_SETTABLE;
  if (n > BUFFER_SETTABLE && !force) n = BUFFER_SETTABLE;
  if (n > (int)VTCP_BUFFER_MAX / 2) n = (int)VTCP_BUFFER_MAX / 2;
  *to = (uint32_t)(2 * n > least ? n : least / 2);
  return 0;
}

/* True: name is one of these, and *result the call's. */
static bool set_socket(struct sock *k, int name, const void *value, socklen_t len, int n, int *result) {
  struct sock_options *o = &k->options;
  switch (name) {
  case SO_LINGER: *result = set_linger(k, value, len); return true;
  case SO_RCVTIMEO: *result = set_time(&o->rcvtimeo, value, len); return true;
  case SO_SNDTIMEO: *result = set_time(&o->sndtimeo, value, len); return true;
  case SO_RCVBUF: *result = set_buffer(&o->rcvbuf, n, RCVBUF_LEAST, false); return true;
  case SO_SNDBUF: *result = set_buffer(&o->sndbuf, n, SNDBUF_LEAST, false); return true;
  case SO_RCVBUFFORCE: *result = set_buffer(&o->rcvbuf, n, RCVBUF_LEAST, true); return true;
  case SO_SNDBUFFORCE: *result = set_buffer(&o->sndbuf, n, SNDBUF_LEAST, true); return true;
  default: return false;
  }
}

/* Only the core's own congestion control is there. */
static int set_congestion(const void *value, socklen_t len) {
  char name[CONGESTION_MAX] = "";
  if (len < 1) return fail(EINVAL);
  memcpy(name, value, len < sizeof name - 1 ? len : sizeof name - 1);
  return strcmp(name, CONGESTION) == 0 ? 0 : fail(ENOENT);
}

static bool in_range(const struct rule *r, int n) {
  if (r->kind == SWITCH) return true;
  if (r->option == OPTION_MAXSEG && n == 0) return true;
  if ((r->option == OPTION_UNICAST_HOPS || r->option == OPTION_TTL || r->option == OPTION_TCLASS) && n == -1)
    return true;
  return n >= r->low && n <= r->high;
}

/* What follows from a new value. */
static void apply(struct stack *s, struct sock *k, enum sock_option option) {
  if (option == OPTION_RCVLOWAT && k->options.number[option] == 0) k->options.number[option] = 1;
  if (k->buffers == NULL) return;
  if (option == OPTION_USER_TIMEOUT) sock_set_timeout(s, k);
  if (option == OPTION_KEEPALIVE || option == OPTION_KEEPIDLE || option == OPTION_KEEPINTVL || option == OPTION_KEEPCNT)
    sock_set_keepalive(s, k);
  if (option == OPTION_NODELAY) vtcp_set_nodelay(&k->tcb, k->options.number[option] != 0);
  bool uncorked = option == OPTION_CORK && k->options.number[OPTION_CORK] == 0;
  if (!uncorked && option != OPTION_NODELAY) return;
  transfer_push(s, k, true);
  stack_serve(s, k);
}

int sockopt_set(struct stack *s, struct sock *k, int level, int name, const void *value, socklen_t len) {
  int n = 0, result = 0;
  if (value == NULL) return fail(EFAULT);
  if (level == IPPROTO_TCP && name == TCP_CONGESTION) return set_congestion(value, len);
  if (len >= sizeof n)
    memcpy(&n, value, sizeof n);
  else if (level == IPPROTO_IP && len >= 1)
    n = *(const uint8_t *)value;
  else
    return fail(EINVAL);
  if (level == SOL_SOCKET && set_socket(k, name, value, len, n, &result)) return result;
  const struct rule *r = find(level, name);
  if (r == NULL) return no_such(level);
  bool late = r->option == OPTION_V6ONLY && k->bound;
  if (late || !in_range(r, n)) return fail(EINVAL);
  int *number = &k->options.number[r->option];
  if (n == -1 && r->kind == NUMBER && r->low >= 0)
    *number = r->initial;
  else
    *number = r->kind == SWITCH ? n != 0 : n;
  apply(s, k, r->option);
  return 0;
}
