#include "sysctl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "vtcp.h"

#define SEPARATORS ", \t\r\n"

struct rule {
  const char *name;
  size_t at;
  uint64_t low, high;
  const char *missing; /* why a value but 0 has no effect */
};

#define AT(member) offsetof(struct sysctl_values, member)
#define HOUR_MS 3600000u
static const struct rule RULES[] = {
    {"insecure_rst", AT(insecure_rst), 0, 1, "the core resets at SEG.SEQ = RCV.NXT only (RFC 5961 s3.2)"},
    {"insecure_syn", AT(insecure_syn), 0, 1, "the core answers a SYN with a challenge ACK (RFC 5961 s4.2)"},
    {"drop_synfin", AT(drop_synfin), 0, 1, NULL},
    {"msl_ms", AT(msl_ms), 1, HOUR_MS, NULL},
    {"fin_timeout_ms", AT(fin_timeout_ms), 1, HOUR_MS, NULL},
    {"rcvbuf", AT(rcvbuf), 1, VTCP_BUFFER_MAX, NULL},
    {"sndbuf", AT(sndbuf), 1, VTCP_BUFFER_MAX, NULL},
    {"window_scale", AT(window_scale), 0, 1, NULL},
    {"timestamps", AT(timestamps), 0, 1, "the core has no timestamps yet"},
    {"sack", AT(sack), 0, 1, "the core has no SACK yet"},
    {"rto_min_ms", AT(rto_min_ms), 1, 60000, NULL},
    {"syn_timeout_ms", AT(syn_timeout_ms), 0, HOUR_MS, NULL},
    {"user_timeout_ms", AT(user_timeout_ms), 0, 24u * HOUR_MS, NULL},
    {"mtu", AT(mtu), 296, 65535, NULL},
    {"isn", AT(isn), 0, UINT32_MAX, NULL},
};

static const struct sysctl_values DEFAULTS = {.msl_ms = 30000, /* 2 MSL are Linux's 60 s */
                                              .fin_timeout_ms = 60000,
                                              .rcvbuf = 65535,
                                              .sndbuf = 212992,
                                              .window_scale = 1,
                                              .rto_min_ms = 200,         /* Linux's */
                                              .syn_timeout_ms = 180000,  /* MUST-23: at least 3 minutes */
                                              .user_timeout_ms = 924600, /* Linux's 15 retransmissions */
                                              .mtu = 1500,
                                              .isn = SYSCTL_RANDOM};

static void put(struct sysctl_values *v, const struct rule *r, const char *value) {
  char *end = NULL;
  errno = 0;
  uint64_t n = strtoull(value, &end, 10);
  if (value[0] < '0' || value[0] > '9' || *end != 0 || errno != 0 || n < r->low || n > r->high) {
    log_error("packetdrill flag %s=%s: expected a number from %llu to %llu", r->name, value, (unsigned long long)r->low,
              (unsigned long long)r->high);
    return;
  }
  memcpy((char *)v + r->at, &n, sizeof n);
  if (r->missing != NULL && n != 0) log_error("packetdrill flag %s=%s has no effect: %s", r->name, value, r->missing);
}

static void put_address(struct sysctl_values *v, const char *value) {
  struct udp_address a = {.family = strchr(value, ':') == NULL ? AF_INET : AF_INET6};
  if (inet_pton(a.family, value, a.ip) == 1)
    *(a.family == AF_INET ? &v->local_ip : &v->local_ip6) = a;
  else
    log_error("packetdrill flag local_ip=%s: expected an IPv4 or IPv6 address", value);
}

static void unknown(const char *name) {
  char known[512] = "local_ip";
  for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
    size_t used = strlen(known);
    (void)snprintf(known + used, sizeof known - used, ", %s", RULES[i].name);
  }
  log_error("packetdrill flag %s: no such flag; expected name=value with one of %s", name, known);
}

static void pair(struct sysctl_values *v, char *text) {
  char *value = strchr(text, '=');
  if (value == NULL) {
    log_error("packetdrill flag %s: expected name=value", text);
    return;
  }
  *value++ = 0;
  if (strcmp(text, "local_ip") == 0) {
    put_address(v, value);
    return;
  }
  for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++)
    if (strcmp(text, RULES[i].name) == 0) {
      put(v, &RULES[i], value);
      return;
    }
  unknown(text);
}

static void parse(struct sysctl_values *v, char *text) {
  char *rest = NULL;
  for (char *t = strtok_r(text, SEPARATORS, &rest); t != NULL; t = strtok_r(NULL, SEPARATORS, &rest)) pair(v, t);
}

/* --local_ip of the command line that this process was started with, if it is packetdrill's. */
static void command_line(struct sysctl_values *v) {
  static const char option[] = "--local_ip=";
  char text[SYSCTL_FILE_MAX];
  int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t n = read(fd, text, sizeof text - 1);
  (void)close(fd);
  if (n <= 0) return;
  text[n] = 0;
  for (char *at = text; at < text + n; at += strlen(at) + 1)
    if (strncmp(at, option, sizeof option - 1) == 0) put_address(v, at + sizeof option - 1);
}

void sysctl_init(struct sysctl *s, const char *flags) {
  memset(s, 0, sizeof *s);
  s->given = DEFAULTS;
  command_line(&s->given);
  char *copy = strdup(flags == NULL ? "" : flags);
  if (copy != NULL) parse(&s->given, copy);
  free(copy);
  s->now = s->given;
  s->path = getenv("VTCP_SYSCTL");
  sysctl_refresh(s);
}

void sysctl_refresh(struct sysctl *s) {
  char text[SYSCTL_FILE_MAX] = "";
  if (s->path == NULL) return;
  int fd = open(s->path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    ssize_t n = read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    (void)close(fd);
  }
  if (strcmp(text, s->text) == 0) return;
  memcpy(s->text, text, sizeof text);
  s->now = s->given;
  parse(&s->now, text);
}
