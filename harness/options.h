/* The command line. */
#ifndef HARNESS_OPTIONS_H
#define HARNESS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "faults.h"
#include "framing.h"

#define OPTIONS_UNSET UINT64_MAX

enum command { COMMAND_SERVE = 1, COMMAND_CONNECT = 2, COMMAND_DEMO = 4, COMMAND_GATEWAY = 8 };

struct options {
  enum command command;
  const char *address, *port; /* serve: the local end, connect: the remote end */
  bool ipv4, ipv6;
  const char *bind;
  const char *tun, *tun_addresses; /* NULL: no TUN device */
  uint64_t mtu;
  const char *peers; /* gateway */
  uint64_t local_port;

  const char *in, *out, *out_dir;
  bool echo;
  const char *exec;
  uint64_t count; /* connections to serve; OPTIONS_UNSET: no end */
  uint64_t max_connections, max_half_open, half_open_time;

  uint64_t isn, server_isn; /* OPTIONS_UNSET: as RFC 6528 says */
  uint64_t ttl, dscp;       /* 0: the usual ones */
  uint64_t window, mss, msl, user_timeout, rto_min;
  uint64_t keepalive, keepalive_interval, keepalive_count; /* keepalive: 0 for none */
  bool no_window_scale, nodelay;

  uint64_t framing; /* enum framing_kind */
  bool checksum;
  uint64_t tcp_port; /* framing whole: the remote TCP port; OPTIONS_UNSET: the UDP port */

  struct faults_config faults; /* seed: OPTIONS_UNSET for a random one */

  const char *pcap;
  bool ladder;
  const char *ladder_svg;
  bool quiet, verbose;

  const char *file; /* demo */
  uint64_t size;
};

enum options_result { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_WRONG };

/* OPTIONS_WRONG: reported on standard error; OPTIONS_HELP: help was asked for and printed. */
enum options_result options_parse(struct options *o, int argc, char **argv);

struct framing options_framing(const struct options *o);

/* The family the user asked for: AF_INET, AF_INET6 or AF_UNSPEC. */
int options_family(const struct options *o);

#endif
