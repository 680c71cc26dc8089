#define _POSIX_C_SOURCE 200809L
#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"
#include "table.h"

#define SECOND 1000000u
#define TUN_NAME "vtcp0" /* of vtcp tun */
#define TUN_ADDRESSES "10.9.0.2/24,fd09::2/64"
#define ENDS (COMMAND_SERVE | COMMAND_CONNECT)
#define ALL (ENDS | COMMAND_DEMO)
#define TUN (ENDS | COMMAND_GATEWAY)
#define EVERY (ALL | COMMAND_GATEWAY)

enum kind { FLAG, TEXT, NUMBER, OCTETS, DURATION, PERCENT, FRAMING, LADDER };

struct option {
  const char *name;
  enum kind kind;
  unsigned commands;
  size_t at; /* of the value in struct options */
  uint64_t min, max;
  const char *help;
};

#define AT(member) offsetof(struct options, member)

/* clang-format off: one line, or two, for each option */
static const struct option table[] = {
    {"-4", FLAG, ALL, AT(ipv4), 0, 0, "IPv4 only"},
    {"-6", FLAG, ALL, AT(ipv6), 0, 0, "IPv6 only"},
    {"--bind", TEXT, COMMAND_CONNECT, AT(bind), 0, 0, "local address"},
    {"--tun", TEXT, TUN, AT(tun), 0, 0, "TUN device (created unless it exists) to speak TCP/IP on, not UDP"},
    {"--address", TEXT, TUN, AT(tun_addresses), 0, 0, "on it: 10.9.0.2/24, fd09::2/64 or both with a comma"},
    {"--mtu", NUMBER, TUN, AT(mtu), 104, 65535, "its largest packet"},
    {"--peers", TEXT, COMMAND_GATEWAY, AT(peers), 0, 0, "network of the UDP peers, such as 127.0.0.0/25"},
    {"--local-port", NUMBER, COMMAND_CONNECT, AT(local_port), 0, 65535, "local port (0: any)"},
    {"--in", TEXT, ENDS, AT(in), 0, 0, "file to send instead of standard input"},
    {"--out", TEXT, ENDS, AT(out), 0, 0, "file for what is received instead of standard output"},
    {"--out-dir", TEXT, COMMAND_SERVE, AT(out_dir), 0, 0, "directory for one file 1, 2, ... per connection"},
    {"--echo", FLAG, COMMAND_SERVE, AT(echo), 0, 0, "send back what is received, to many connections"},
    {"--exec", TEXT, COMMAND_SERVE, AT(exec), 0, 0,
     "shell command for each connection, as its standard input and output"},
    {"--count", NUMBER, COMMAND_SERVE, AT(count), 1, 1000000000, "exit after so many connections"},
    {"--max-connections", NUMBER, COMMAND_SERVE, AT(max_connections), 1, TABLE_MAX, "connections at a time"},
    {"--max-half-open", NUMBER, COMMAND_SERVE, AT(max_half_open), 1, TABLE_MAX, "of them not yet established"},
    {"--half-open-time", DURATION, COMMAND_SERVE, AT(half_open_time), 1000, 3600u * (uint64_t)SECOND,
     "time to become established"},
    {"--isn", NUMBER, ALL, AT(isn), 0, UINT32_MAX, "initial sequence number (demo: the client's), for diagrams"},
    {"--server-isn", NUMBER, COMMAND_DEMO, AT(server_isn), 0, UINT32_MAX, "the server's initial sequence number"},
    {"--window", OCTETS, ALL, AT(window), 1, 16777216, "size of the receive and of the send buffer"},
    {"--mss", NUMBER, ALL, AT(mss), 64, 65475, "largest segment text"},
    {"--msl", DURATION, ALL, AT(msl), 1000, 3600u * (uint64_t)SECOND,
     "maximum segment lifetime; TIME-WAIT is twice that"},
    {"--user-timeout", DURATION, ALL, AT(user_timeout), 0, 86400u * (uint64_t)SECOND,
     "give up after so long without progress (0: never)"},
    {"--keepalive", DURATION, ALL, AT(keepalive), 0, 86400u * (uint64_t)SECOND,
     "ask after so long a silence whether the peer is there (0: never)"},
    {"--keepalive-interval", DURATION, ALL, AT(keepalive_interval), 1000, 86400u * (uint64_t)SECOND,
     "and again so long after each question without an answer"},
    {"--keepalive-count", NUMBER, ALL, AT(keepalive_count), VTCP_KEEPALIVE_COUNT_LEAST, VTCP_KEEPALIVE_COUNT_MAX,
     "give up after so many questions"},
    {"--rto-min", DURATION, ALL, AT(rto_min), 1000, 60u * (uint64_t)SECOND, "shortest retransmission timeout"},
    {"--nodelay", FLAG, ALL, AT(nodelay), 0, 0, "Nagle's algorithm off"},
    {"--no-window-scale", FLAG, ALL, AT(no_window_scale), 0, 0, "no window scale option"},
    {"--ttl", NUMBER, ENDS, AT(ttl), 1, 255, "hop limit (TTL) of what is sent"},
    {"--dscp", NUMBER, ENDS, AT(dscp), 0, 63, "Differentiated Services codepoint of what is sent"},
    {"--framing", FRAMING, EVERY, AT(framing), 0, 0, "rotated or whole: how segments become UDP payloads"},
    {"--checksum", FLAG, EVERY, AT(checksum), 0, 0, "framing whole: send and demand TCP checksums"},
    {"--tcp-port", NUMBER, COMMAND_CONNECT, AT(tcp_port), 1, 65535,
     "framing whole: remote TCP port, if not the UDP port"},
    {"--loss", PERCENT, ALL, AT(faults.loss), 0, 0, "datagrams lost"},
    {"--duplicate", PERCENT, ALL, AT(faults.duplicate), 0, 0, "datagrams duplicated"},
    {"--reorder", PERCENT, ALL, AT(faults.reorder), 0, 0, "datagrams held back so that others overtake"},
    {"--corrupt", PERCENT, ALL, AT(faults.corrupt), 0, 0, "datagrams corrupted"},
    {"--delay", DURATION, ALL, AT(faults.delay), 0, 60u * (uint64_t)SECOND, "one-way delay of every datagram"},
    {"--seed", NUMBER, ALL, AT(faults.seed), 0, UINT64_MAX - 1, "of the faults; the same seed gives the same faults"},
    {"--pcap", TEXT, EVERY, AT(pcap), 0, 0, "file for a capture as TCP/IP packets (demo: at the client)"},
    {"--ladder", LADDER, ALL, AT(ladder), 0, 0, "ladder diagram of the first connection, on standard error or as SVG"},
    {"--quiet", FLAG, EVERY, AT(quiet), 0, 0, "errors only"},
    {"--verbose", FLAG, EVERY, AT(verbose), 0, 0, "more lines"},
    {"--file", TEXT, COMMAND_DEMO, AT(file), 0, 0, "file to send; otherwise a random one"},
    {"--size", OCTETS, COMMAND_DEMO, AT(size), 0, 1073741824, "size of the random file"},
};
/* clang-format on */

#define ROWS (sizeof table / sizeof *table)

static const struct {
  const char *name;
  enum command command;
  const char *usage, *help;
} commands[] = {
    {"serve", COMMAND_SERVE, "serve [OPTION]... [ADDRESS] PORT",
     "Waits for connections at ADDRESS (127.0.0.1 if none is given) and PORT (0: any). Without --echo, --exec,\n"
     "--out-dir, --in or --count: one connection, standard input to it and standard output from it. With --out-dir or "
     "--count\n"
     "but without --in nothing is sent. A connection is closed when its input has ended or, without input, when the\n"
     "peer has closed. With --tun programs of this host reach it at --address with TCP."},
    {"connect", COMMAND_CONNECT, "connect [OPTION]... ADDRESS PORT",
     "Connects to PORT of ADDRESS; sends standard input or --in and closes its side at the end of it; writes what the\n"
     "peer sends to standard output or --out until the peer has closed too. With --tun it reaches TCP servers of this\n"
     "host, and others that the host has routes and forwarding for."},
    {"demo", COMMAND_DEMO, "demo [OPTION]...",
     "Sends a file between two processes over UDP through a third one that loses, duplicates, reorders, delays and\n"
     "corrupts datagrams; shows opening and closing as a ladder and compares the SHA-256 of both files."},
    {"gateway", COMMAND_GATEWAY, "gateway [OPTION]... --tun NAME --address NETWORK --peers NETWORK [ADDRESS] PORT",
     "Translates between segments in UDP, at ADDRESS (127.0.0.1 if none is given) and PORT, and TCP on a TUN device "
     "of\n"
     "this host. Who is at A.B.C.D in the network of --peers, in UDP, is in TCP at the address in that of --address "
     "with\n"
     "the same host bits and the first bit after the prefix set: 127.0.0.1 of 127.0.0.0/25 is 10.9.0.129 for\n"
     "--address 10.9.0.2/24. Ports stay what they are: vtcp connect ADDRESS PORT reaches the host's TCP port PORT."},
};

#define COMMANDS (sizeof commands / sizeof *commands)

static const char *argument_name(enum kind kind) {
  static const char *const names[] = {"", " TEXT", " NUMBER", " OCTETS", " TIME", " PERCENT", " KIND", "[=FILE.svg]"};
  return names[kind];
}

static void print_command(size_t c) {
  (void)printf("usage: vtcp %s\n\n%s\n\n", commands[c].usage, commands[c].help);
  for (size_t i = 0; i < ROWS; i++) {
    char left[40];
    if (!(table[i].commands & commands[c].command)) continue;
    (void)snprintf(left, sizeof left, "%s%s", table[i].name, argument_name(table[i].kind));
    (void)printf("  %-24s %s\n", left, table[i].help);
  }
  (void)printf(
      "\nTIME: 200ms, 1.5s, 2min; OCTETS: 1000, 64k, 4M; PERCENT: 2, 0.5%%\n"
      "SIGUSR1: how many connections are in which state, and for how long, on standard error\n"
      "exit status: 0 done, 1 a connection failed or the data differ, 2 wrong usage, 3 a file or socket of this\n"
      "machine failed, 130 interrupted\n");
}

static void print_all(FILE *out) {
  (void)fprintf(out, "usage:\n");
  for (size_t c = 0; c < COMMANDS; c++) (void)fprintf(out, "  vtcp %s\n", commands[c].usage);
  (void)fprintf(out, "  vtcp tun serve|connect ...: the same with --tun %s --address %s\n", TUN_NAME, TUN_ADDRESSES);
  (void)fprintf(out, "vtcp COMMAND --help tells the options.\n");
}

struct suffix {
  const char *name;
  double factor;
};

/* A number with an optional fraction, times the factor of its suffix. False: no number, or more than 2^53. */
static bool parse_scaled(const char *text, const struct suffix *suffixes, double *out) {
  char *end = NULL;
  if (text[0] < '0' || text[0] > '9' || text[1] == 'x' || text[1] == 'X') return false;
  errno = 0;
  double value = strtod(text, &end);
  if (errno != 0) return false;
  for (; suffixes->name != NULL; suffixes++) {
    if (strcmp(end, suffixes->name) != 0) continue;
    *out = value * suffixes->factor;
    return *out <= 9007199254740992.0;
  }
  return false;
}

static bool parse_number(const char *text, uint64_t *out) {
  char *end = NULL;
  if (text[0] < '0' || text[0] > '9') return false;
  errno = 0;
  *out = strtoull(text, &end, 10);
  return errno == 0 && *end == '\0';
}

static bool parse_value(const struct option *row, const char *text, uint64_t *out) {
  static const struct suffix octets[] = {{"", 1}, {"k", 1024}, {"K", 1024}, {"M", 1048576}, {"G", 1073741824}, {0}};
  static const struct suffix times[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"min", 6e7}, {"h", 3.6e9}, {0}};
  static const struct suffix percents[] = {{"", 1e4}, {"%", 1e4}, {0}};
  double scaled = 0;
  bool fits = row->kind == NUMBER     ? parse_number(text, out)
              : row->kind == OCTETS   ? parse_scaled(text, octets, &scaled)
              : row->kind == DURATION ? parse_scaled(text, times, &scaled) || strcmp(text, "0") == 0
                                      : parse_scaled(text, percents, &scaled);
  if (fits && row->kind != NUMBER) *out = (uint64_t)(scaled + 0.5);
  return fits && *out >= (row->kind == PERCENT ? 0 : row->min) && *out <= (row->kind == PERCENT ? 1000000u : row->max);
}

static void report(const struct option *row, const char *text) {
  char wanted[128] = "";
  unsigned long long min = row->min, max = row->max;
  if (row->kind == NUMBER) (void)snprintf(wanted, sizeof wanted, "a number from %llu to %llu", min, max);
  if (row->kind == OCTETS) (void)snprintf(wanted, sizeof wanted, "%llu to %llu octets, such as 64k or 4M", min, max);
  if (row->kind == PERCENT) (void)snprintf(wanted, sizeof wanted, "0 to 100 percent, such as 2 or 0.5%%");
  if (row->kind == FRAMING) (void)snprintf(wanted, sizeof wanted, "rotated or whole");
  if (row->kind == DURATION)
    (void)snprintf(wanted, sizeof wanted, "a time with its unit, such as 200ms, 1.5s or 2min, from %gs to %gs",
                   (double)min / SECOND, (double)max / SECOND);
  log_error("%s: expected %s, not \"%s\"", row->name, wanted, text);
}

/* text: "" when there is no argument */
static bool store(struct options *o, const struct option *row, const char *text) {
  char *at = (char *)o + row->at;
  bool yes = true;
  uint64_t value = FRAMING_ROTATED;
  if (row->kind == FLAG || row->kind == LADDER) {
    memcpy(at, &yes, sizeof yes);
    if (row->kind == LADDER) o->ladder_svg = *text == '\0' ? NULL : text;
    return true;
  }
  if (row->kind == TEXT) {
    memcpy(at, &text, sizeof text);
    return true;
  }
  bool known = row->kind == FRAMING ? strcmp(text, "rotated") == 0 || strcmp(text, "whole") == 0
                                    : parse_value(row, text, &value);
  if (row->kind == FRAMING && strcmp(text, "whole") == 0) value = FRAMING_WHOLE;
  if (!known) {
    report(row, text);
    return false;
  }
  memcpy(at, &value, sizeof value);
  return true;
}

static const struct option *find(const char *argument, size_t len) {
  for (size_t i = 0; i < ROWS; i++)
    if (strlen(table[i].name) == len && strncmp(table[i].name, argument, len) == 0) return &table[i];
  return NULL;
}

/* One option at argv[*i], with its argument after '=' or in the next word. */
static bool take_option(struct options *o, int argc, char **argv, int *i) {
  const char *argument = argv[*i], *equals = strchr(argument, '=');
  const struct option *row = find(argument, equals == NULL ? strlen(argument) : (size_t)(equals - argument));
  const char *value = equals == NULL ? NULL : equals + 1;
  if (row == NULL || !(row->commands & o->command)) {
    log_error("%s: %s; --help lists the options", argument,
              row == NULL ? "no such option" : "not an option of this command");
    return false;
  }
  if (row->kind == FLAG && value != NULL) {
    log_error("%s: takes no argument", row->name);
    return false;
  }
  if (row->kind != FLAG && row->kind != LADDER && value == NULL) {
    if (*i + 1 == argc) {
      log_error("%s: expected an argument:%s", row->name, argument_name(row->kind));
      return false;
    }
    value = argv[++*i];
  }
  if (value != NULL && *value == '\0') {
    log_error("%s: expected an argument:%s", row->name, argument_name(row->kind));
    return false;
  }
  return store(o, row, value == NULL ? "" : value);
}

static void set_defaults(struct options *o) {
  *o = (struct options){.command = o->command,
                        .count = OPTIONS_UNSET,
                        .max_connections = 256,
                        .max_half_open = 64,
                        .half_open_time = 30u * (uint64_t)SECOND,
                        .isn = OPTIONS_UNSET,
                        .server_isn = OPTIONS_UNSET,
                        .window = 262144,
                        .mtu = 1500,
                        .mss = OPTIONS_UNSET,
                        .msl = 120u * (uint64_t)SECOND,
                        .user_timeout = 300u * (uint64_t)SECOND,
                        .keepalive_interval = VTCP_KEEPALIVE_INTERVAL,
                        .keepalive_count = VTCP_KEEPALIVE_COUNT,
                        .rto_min = SECOND,
                        .tcp_port = OPTIONS_UNSET,
                        .faults = {.seed = OPTIONS_UNSET},
                        .size = 4u * 1048576u};
  if (o->command != COMMAND_DEMO) return;
  o->msl = SECOND;
  o->user_timeout = 30u * (uint64_t)SECOND;
  o->rto_min = 100000;
  o->faults =
      (struct faults_config){.loss = 20000, .duplicate = 10000, .reorder = 20000, .delay = 3000, .seed = OPTIONS_UNSET};
}

static bool consistent(const struct options *o) {
  const char *wrong = NULL;
  if (o->ipv4 && o->ipv6) wrong = "-4 and -6: only one of them";
  if (o->quiet && o->verbose) wrong = "--quiet and --verbose: only one of them";
  if (o->echo && (o->in != NULL || o->out != NULL || o->out_dir != NULL))
    wrong = "--echo: not with --in, --out or --out-dir";
  if (o->exec != NULL && (o->echo || o->in != NULL || o->out != NULL || o->out_dir != NULL))
    wrong = "--exec: not with --echo, --in, --out or --out-dir";
  if (o->out != NULL && o->out_dir != NULL) wrong = "--out and --out-dir: only one of them";
  if (o->checksum && o->framing != FRAMING_WHOLE) wrong = "--checksum: only with --framing whole";
  if (o->tcp_port != OPTIONS_UNSET && o->framing != FRAMING_WHOLE) wrong = "--tcp-port: only with --framing whole";
  if (o->out != NULL && o->count != OPTIONS_UNSET && o->count > 1) wrong = "--out: one connection only; see --out-dir";
  if (o->command == COMMAND_GATEWAY && (o->tun == NULL || o->tun_addresses == NULL || o->peers == NULL))
    wrong = "--tun, --address and --peers: all of them are needed";
  if ((o->tun != NULL) != (o->tun_addresses != NULL)) wrong = "--tun and --address: only together";
  if (o->tun != NULL && o->command != COMMAND_GATEWAY && (o->bind != NULL || o->framing == FRAMING_WHOLE))
    wrong = "--tun: not with --bind or --framing whole";
  if (wrong != NULL) log_error("%s", wrong);
  return wrong == NULL;
}

/* The words that are not options. */
static bool take_operands(struct options *o, int count, const char *const *words) {
  int most = o->command == COMMAND_DEMO ? 0 : 2, least = o->command == COMMAND_CONNECT ? 2 : most - 1;
  if (o->command == COMMAND_SERVE && o->tun != NULL) most = 1;
  if (count > most || count < least) {
    for (size_t c = 0; c < COMMANDS; c++)
      if (commands[c].command == o->command) log_error("expected: vtcp %s", commands[c].usage);
    return false;
  }
  if (count > 0) o->port = words[count - 1];
  bool ipv6 = o->ipv6 || (o->peers != NULL && strchr(o->peers, ':') != NULL);
  o->address = count == 2 ? words[0] : ipv6 ? "::1" : "127.0.0.1";
  uint64_t port = 0, lowest = o->command == COMMAND_CONNECT ? 1 : 0;
  if (count == 0 || (parse_number(o->port, &port) && port >= lowest && port <= 65535)) return true;
  log_error("PORT: expected a number from %u to 65535, not \"%s\"", (unsigned)lowest, o->port);
  return false;
}

/* The words after the command. */
static enum options_result take_words(struct options *o, int argc, char **argv, size_t command) {
  const char *words[3];
  int count = 0;
  bool options_end = false;
  for (int i = 2; i < argc; i++) {
    bool option = !options_end && argv[i][0] == '-' && argv[i][1] != '\0';
    if (option && strcmp(argv[i], "--help") == 0) {
      print_command(command);
      return OPTIONS_HELP;
    }
    if (option && strcmp(argv[i], "--") == 0) {
      options_end = true;
    } else if (option) {
      if (!take_option(o, argc, argv, &i)) return OPTIONS_WRONG;
    } else {
      words[count < 2 ? count : 2] = argv[i];
      count++;
    }
  }
  return take_operands(o, count, words) && consistent(o) ? OPTIONS_RUN : OPTIONS_WRONG;
}

enum options_result options_parse(struct options *o, int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "";
  size_t c = 0;
  bool tun = strcmp(name, "tun") == 0;
  if (tun) {
    argc--;
    argv++;
    name = argc > 1 ? argv[1] : "";
  }
  if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
    print_all(stdout);
    return OPTIONS_HELP;
  }
  while (c < COMMANDS && strcmp(commands[c].name, name) != 0) c++;
  if (tun && (c == COMMANDS || !(commands[c].command & ENDS))) {
    log_error("tun: expected serve or connect after it");
    return OPTIONS_WRONG;
  }
  if (c == COMMANDS) {
    log_error(argc > 1 ? "%s: no such command" : "%sa command is expected", name);
    print_all(stderr);
    return OPTIONS_WRONG;
  }
  o->command = commands[c].command;
  set_defaults(o);
  if (tun) {
    o->tun = TUN_NAME;
    o->tun_addresses = TUN_ADDRESSES;
  }
  return take_words(o, argc, argv, c);
}

struct framing options_framing(const struct options *o) {
  return (struct framing){.kind = o->framing == FRAMING_WHOLE ? FRAMING_WHOLE : FRAMING_ROTATED,
                          .checksum = o->checksum};
}

int options_family(const struct options *o) { return o->ipv4 ? AF_INET : o->ipv6 ? AF_INET6 : AF_UNSPEC; }
