/* What a script sets by sysctl: name=value pairs from --so_flags, and from the file that VTCP_SYSCTL names. */
#ifndef HARNESS_PACKETDRILL_SYSCTL_H
#define HARNESS_PACKETDRILL_SYSCTL_H

#include <stdbool.h>
#include <stdint.h>

#include "udp.h"

#define SYSCTL_FILE_MAX 4096

struct sysctl_values {
  uint64_t insecure_rst, insecure_syn, drop_synfin;
  uint64_t msl_ms, fin_timeout_ms;
  uint64_t rcvbuf, sndbuf; /* octets */
  uint64_t window_scale, timestamps, sack;
  uint64_t rto_min_ms, syn_timeout_ms, user_timeout_ms;
  uint64_t mtu;
  uint64_t isn;                           /* SYSCTL_RANDOM: as RFC 6528 says */
  struct udp_address local_ip, local_ip6; /* family 0: not given */
};

#define SYSCTL_RANDOM UINT64_MAX

struct sysctl {
  struct sysctl_values given; /* by the flags */
  struct sysctl_values now;   /* with the file on top */
  const char *path;           /* of the file, or NULL */
  char text[SYSCTL_FILE_MAX]; /* the file, as it was last */
};

/* flags may be NULL. Names and values that are wrong are told on standard error and left out. */
void sysctl_init(struct sysctl *s, const char *flags);

/* Reads the file again. */
void sysctl_refresh(struct sysctl *s);

#endif
