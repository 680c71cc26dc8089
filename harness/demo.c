#define _GNU_SOURCE 1 /* MAP_ANONYMOUS */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "digest.h"
#include "ladder.h"
#include "path.h"
#include "progress.h"
#include "signals.h"

#define GRAIN 20 /* milliseconds between two looks at the processes */

enum { CLIENT = PATH_CLIENT, SERVER = PATH_SERVER };

/* Memory that the three processes share. */
struct shared {
  struct trace ends[2], path;
  struct gauge gauges[2];
};

struct demo {
  const struct options *options;
  struct shared *shared;
  struct path path;
  struct udp_address ends[2], front, back; /* the client's and the server's address; the path's to either */
  int sockets[2];                          /* of the two ends */
  pid_t processes[2];
  int stop_fd;
  enum exit_status exits[2];
  uint64_t size, started, delivered_at, closed_at;
  char directory[64], sent[4096], received[96];
};

static bool fails(const char *what) {
  log_error("%s: %s", what, strerror(errno));
  return false;
}

/* A socket on a free port of the loopback address. */
static int open_loopback(const struct options *o, struct udp_address *bound) {
  struct udp_address any;
  const char *error = udp_resolve(o->ipv6 ? "::1" : "127.0.0.1", "0", AF_UNSPEC, &any);
  int fd = error == NULL ? udp_open(&any) : -1;
  if (fd < 0 || !udp_bound(fd, bound)) (void)fails("socket");
  return fd;
}

static bool open_sockets(struct demo *d, struct faults_config *faults) {
  const struct options *o = d->options;
  d->sockets[CLIENT] = open_loopback(o, &d->ends[CLIENT]);
  d->sockets[SERVER] = open_loopback(o, &d->ends[SERVER]);
  int front = open_loopback(o, &d->front), back = open_loopback(o, &d->back);
  if (d->sockets[CLIENT] < 0 || d->sockets[SERVER] < 0 || front < 0 || back < 0) return false;
  if (!udp_connect(d->sockets[CLIENT], &d->front) || !udp_connect(front, &d->ends[CLIENT]) ||
      !udp_connect(back, &d->ends[SERVER]))
    return fails("connect");
  if (faults->seed == OPTIONS_UNSET) faults->seed = randombytes_uniform(1000000000);
  faults->deliver_corrupted = o->checksum;
  path_init(&d->path, front, back, faults, &d->shared->path);
  return true;
}

/* Without --file: random octets, new each time. */
static bool make_file(struct demo *d) {
  uint8_t octets[65536];
  if (d->options->file != NULL) {
    (void)snprintf(d->sent, sizeof d->sent, "%s", d->options->file);
    return true;
  }
  (void)snprintf(d->sent, sizeof d->sent, "%s/sent", d->directory);
  FILE *file = fopen(d->sent, "wb");
  if (file == NULL) return fails(d->sent);
  for (uint64_t left = d->options->size; left > 0;) {
    size_t n = left < sizeof octets ? (size_t)left : sizeof octets;
    randombytes_buf(octets, n);
    if (fwrite(octets, 1, n, file) != n) break;
    left -= n;
  }
  bool written = ferror(file) == 0;
  return (fclose(file) == 0 && written) || fails(d->sent);
}

static bool prepare(struct demo *d, struct faults_config *faults) {
  struct stat kind;
  (void)snprintf(d->directory, sizeof d->directory, "/tmp/vtcp-demo-XXXXXX");
  if (mkdtemp(d->directory) == NULL) {
    d->directory[0] = '\0';
    return fails("/tmp");
  }
  (void)snprintf(d->received, sizeof d->received, "%s/received", d->directory);
  d->shared = mmap(NULL, sizeof *d->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (d->shared == MAP_FAILED) {
    d->shared = NULL;
    return fails("memory");
  }
  d->stop_fd = signals_open();
  if (d->stop_fd < 0) return fails("signals");
  if (!make_file(d)) return false;
  if (stat(d->sent, &kind) != 0) return fails(d->sent);
  if (!S_ISREG(kind.st_mode)) {
    log_error("--file: %s is not a regular file", d->sent);
    return false;
  }
  d->size = (uint64_t)kind.st_size;
  return open_sockets(d, faults);
}

/* The process of one end: an ordinary serve or connect, with perfect sending: the path does the faults. */
static enum exit_status run_end(struct demo *d, int side) {
  struct options o = *d->options;
  struct framing framing = options_framing(d->options);
  struct link link;
  struct window_to shown = {.trace = &d->shared->ends[side], .gauge = &d->shared->gauges[side]};
  memset(&o.faults, 0, sizeof o.faults);
  o.ladder = false;
  o.echo = false;
  o.out_dir = NULL;
  log_name(side == CLIENT ? "client" : "server");
  log_setup(!o.verbose, o.verbose);
  (void)close(d->path.fds[0]);
  (void)close(d->path.fds[1]);
  (void)close(d->sockets[1 - side]);
  if (!link_udp(&link, d->sockets[side], side == CLIENT, &framing)) {
    (void)fails("socket");
    return EXIT_LOCAL;
  }
  if (side == CLIENT) {
    o.in = d->sent;
    o.out = "/dev/null";
    uint16_t tcp_port = o.framing == FRAMING_WHOLE ? d->ends[SERVER].port : d->front.port;
    return client_run_on(&o, &link, &d->front, tcp_port, &shown);
  }
  o.out = d->received;
  o.count = 1;
  o.pcap = NULL;
  o.isn = o.server_isn;
  return server_run_on(&o, &link, &shown);
}

static bool start(struct demo *d, int side) {
  (void)fflush(NULL);
  pid_t pid = fork();
  if (pid < 0) return fails("fork");
  if (pid == 0) exit((int)run_end(d, side));
  d->processes[side] = pid;
  (void)close(d->sockets[side]);
  return true;
}

/* Collects processes that have ended; when one failed the other need not go on. */
static void reap(struct demo *d) {
  for (int side = 0; side < 2; side++) {
    int how = 0;
    if (d->processes[side] == 0 || waitpid(d->processes[side], &how, WNOHANG) != d->processes[side]) continue;
    d->processes[side] = 0;
    d->exits[side] = WIFEXITED(how) ? (enum exit_status)WEXITSTATUS(how) : EXIT_LOCAL;
    if (WIFSIGNALED(how)) log_error("the %s ended by signal %d", side == CLIENT ? "client" : "server", WTERMSIG(how));
    if (d->exits[side] != EXIT_OK && d->processes[1 - side] != 0) (void)kill(d->processes[1 - side], SIGTERM);
  }
}

static void watch(struct demo *d, struct progress *progress) {
  uint64_t now = clock_now();
  struct gauge *client = &d->shared->gauges[CLIENT];
  uint64_t done = atomic_load(&client->acknowledged);
  if (!d->options->quiet) progress_show(progress, done, now);
  if (d->delivered_at == 0 && done == d->size && atomic_load(&client->state) > VTCP_ESTABLISHED) d->delivered_at = now;
  if (d->closed_at == 0 && atomic_load(&client->state) == VTCP_TIME_WAIT) {
    d->closed_at = now;
    log_info("both streams are closed; the client stays in TIME-WAIT for 2 MSL = %.1f s",
             (double)d->options->msl / 5e5);
  }
}

/* Relays until both processes have ended. */
static void relay(struct demo *d) {
  struct progress progress;
  bool told = false;
  progress_init(&progress, d->size, d->started);
  while (d->processes[0] != 0 || d->processes[1] != 0) {
    struct pollfd p[3] = {{.fd = d->path.fds[0], .events = POLLIN},
                          {.fd = d->path.fds[1], .events = POLLIN},
                          {.fd = told ? -1 : d->stop_fd, .events = POLLIN}};
    int wait = clock_wait(clock_now(), path_deadline(&d->path));
    (void)poll(p, 3, wait < 0 || wait > GRAIN ? GRAIN : wait);
    path_relay(&d->path);
    watch(d, &progress);
    reap(d);
    if (!signals_stopped() || told) continue;
    told = true;
    for (int side = 0; side < 2; side++)
      if (d->processes[side] != 0) (void)kill(d->processes[side], SIGTERM);
  }
  log_settle();
}

static bool show_ladder(struct demo *d) {
  struct ladder l;
  const struct options *o = d->options;
  if (!ladder_build(&l, &d->shared->ends[CLIENT], &d->shared->ends[SERVER], &d->shared->path)) return fails("ladder");
  if (!o->quiet) ladder_print(&l, stdout);
  bool drawn = o->ladder_svg == NULL || ladder_svg(&l, o->ladder_svg) || fails(o->ladder_svg);
  ladder_free(&l);
  return drawn;
}

static void show_counts(struct demo *d) {
  const struct faults_counts *a = &d->path.faults[CLIENT].counts, *b = &d->path.faults[SERVER].counts;
  unsigned long long sum[] = {a->lost + b->lost, a->duplicated + b->duplicated, a->reordered + b->reordered,
                              a->corrupted + b->corrupted, a->overflowed + b->overflowed};
  unsigned long long ways[] = {a->datagrams, b->datagrams};
  unsigned long long again[] = {atomic_load(&d->shared->gauges[CLIENT].retransmitted),
                                atomic_load(&d->shared->gauges[SERVER].retransmitted)};
  char size[32], rate[32];
  (void)printf("\ndatagrams on the path   %llu to the server, %llu to the client\n", ways[0], ways[1]);
  (void)printf("faults survived         %llu lost, %llu duplicated, %llu reordered, %llu corrupted (%s)\n", sum[0],
               sum[1], sum[2], sum[3],
               d->options->checksum ? "found by the TCP checksum" : "dropped as the UDP checksum would");
  if (sum[4] > 0) (void)printf("queue of the path full  %llu times\n", sum[4]);
  (void)printf("segments sent again     %llu by the client, %llu by the server\n", again[CLIENT], again[SERVER]);
  if (d->delivered_at <= d->started) return;
  double seconds = (double)(d->delivered_at - d->started) / 1e6;
  progress_octets((double)d->size, size, sizeof size);
  progress_octets((double)d->size / seconds, rate, sizeof rate);
  (void)printf("throughput              %s in %.2f s: %s/s\n", size, seconds, rate);
}

/* Whether both files have the same SHA-256. */
static bool compare(struct demo *d) {
  char sent[DIGEST_TEXT_MAX], received[DIGEST_TEXT_MAX];
  uint64_t sent_size, received_size;
  if (!digest_file(d->sent, sent, &sent_size)) return fails(d->sent);
  if (!digest_file(d->received, received, &received_size)) return fails("nothing was received");
  bool same = strcmp(sent, received) == 0 && sent_size == received_size;
  if (!d->options->quiet) {
    (void)printf("SHA-256 sent            %s  %llu octets\n", sent, (unsigned long long)sent_size);
    (void)printf("SHA-256 received        %s  %llu octets\n", received, (unsigned long long)received_size);
    (void)printf(same ? "The files are the same.\n" : "THE FILES DIFFER.\n");
  }
  if (!same) log_error("the files differ");
  return same;
}

static void announce(const struct demo *d, const struct faults_config *f) {
  char size[32], ends[3][UDP_TEXT_MAX];
  udp_text(&d->ends[CLIENT], ends[0]);
  udp_text(&d->front, ends[1]);
  udp_text(&d->ends[SERVER], ends[2]);
  progress_octets((double)d->size, size, sizeof size);
  log_info("%s from client %s over path %s to server %s, framing %s", size, ends[0], ends[1], ends[2],
           d->options->framing == FRAMING_WHOLE ? "whole" : "rotated");
  log_info("path: %g %% loss, %g %% duplication, %g %% reordering, %g %% corruption, %g ms delay (--seed %llu)",
           (double)f->loss / 1e4, (double)f->duplicate / 1e4, (double)f->reorder / 1e4, (double)f->corrupt / 1e4,
           (double)f->delay / 1e3, (unsigned long long)f->seed);
}

static enum exit_status conclude(struct demo *d) {
  bool drawn = show_ladder(d);
  if (!d->options->quiet) show_counts(d);
  if (signals_stopped()) return EXIT_INTERRUPTED;
  bool same = compare(d);
  for (int side = 0; side < 2; side++)
    if (d->exits[side] != EXIT_OK) return d->exits[side];
  if (!same) return EXIT_CONNECTION;
  return drawn ? EXIT_OK : EXIT_LOCAL;
}

static void clean_up(struct demo *d) {
  char made[96];
  if (d->directory[0] == '\0') return;
  (void)snprintf(made, sizeof made, "%s/sent", d->directory);
  (void)unlink(made);
  (void)unlink(d->received);
  (void)rmdir(d->directory);
  path_free(&d->path);
  if (d->shared != NULL) (void)munmap(d->shared, sizeof *d->shared);
}

enum exit_status demo_run(const struct options *o) {
  static struct demo d; /* zeroed; large */
  struct faults_config faults = o->faults;
  enum exit_status status = EXIT_LOCAL;
  d.options = o;
  if (prepare(&d, &faults)) {
    announce(&d, &faults);
    d.started = clock_now();
    if (start(&d, SERVER) && start(&d, CLIENT)) {
      relay(&d);
      status = conclude(&d);
    }
  }
  if (d.processes[SERVER] != 0) (void)kill(d.processes[SERVER], SIGTERM);
  clean_up(&d);
  if (fflush(stdout) != 0 && status == EXIT_OK) status = EXIT_LOCAL;
  return status;
}
