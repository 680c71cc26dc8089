#define _GNU_SOURCE 1 /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "tun.h"

struct server {
  const struct options *options;
  uint64_t limit; /* connections to serve; OPTIONS_UNSET: no end */
};

/* Without an option that speaks of many connections there is one, as netcat has it. */
static uint64_t serve_limit(const struct options *o) {
  if (o->count != OPTIONS_UNSET) return o->count;
  return o->echo || o->exec != NULL || o->out_dir != NULL || (o->in != NULL && o->out == NULL) ? OPTIONS_UNSET : 1;
}

static bool uses_stdin(const struct options *o) {
  return !o->echo && o->exec == NULL && o->in == NULL && o->out_dir == NULL && o->count == OPTIONS_UNSET;
}

static void close_pair(const int ends[2]) {
  (void)close(ends[0]);
  (void)close(ends[1]);
}

static int open_out(const struct options *o, uint64_t number) {
  char path[4096];
  if (o->out == NULL && o->out_dir == NULL) return STDOUT_FILENO;
  int n = o->out != NULL ? snprintf(path, sizeof path, "%s", o->out)
                         : snprintf(path, sizeof path, "%s/%llu", o->out_dir, (unsigned long long)number);
  if (n < 0 || (size_t)n >= sizeof path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

/* The shell command, with pipes from its standard output (ends[0]) and to its standard input (ends[1]). */
static bool start_program(const char *command, int ends[2]) {
  int from[2], to[2];
  char shell[] = "sh", flag[] = "-c", *argv[] = {shell, flag, (char *)(uintptr_t)command, NULL};
  pid_t pid;
  if (pipe2(from, O_CLOEXEC) != 0) return false;
  if (pipe2(to, O_CLOEXEC) != 0) {
    close_pair(from);
    return false;
  }
  posix_spawn_file_actions_t files;
  posix_spawnattr_t signals;
  sigset_t usual;
  (void)sigemptyset(&usual);
  (void)sigaddset(&usual, SIGPIPE);
  (void)sigaddset(&usual, SIGCHLD);
  (void)posix_spawn_file_actions_init(&files);
  (void)posix_spawn_file_actions_adddup2(&files, to[0], STDIN_FILENO);
  (void)posix_spawn_file_actions_adddup2(&files, from[1], STDOUT_FILENO);
  (void)posix_spawnattr_init(&signals);
  (void)posix_spawnattr_setsigdefault(&signals, &usual);
  (void)posix_spawnattr_setflags(&signals, POSIX_SPAWN_SETSIGDEF);
  errno = posix_spawn(&pid, "/bin/sh", &files, &signals, argv, environ);
  bool started = errno == 0;
  (void)posix_spawn_file_actions_destroy(&files);
  (void)posix_spawnattr_destroy(&signals);
  (void)close(from[1]);
  (void)close(to[0]);
  ends[0] = from[0];
  ends[1] = to[1];
  if (!started) close_pair(ends);
  return started;
}

static bool give_program(const struct options *o, struct connection *c) {
  int ends[2];
  if (!start_program(o->exec, ends)) {
    log_error("--exec: %s", strerror(errno));
    return false;
  }
  stream_init(&c->stream, ends[0], ends[1], false);
  return true;
}

static bool give_stream(const struct options *o, struct connection *c, uint64_t number) {
  if (o->echo) {
    stream_init(&c->stream, STREAM_NONE, STREAM_NONE, true);
    return true;
  }
  if (o->exec != NULL) return give_program(o, c);
  int in = uses_stdin(o) ? STDIN_FILENO : o->in == NULL ? STREAM_NONE : open(o->in, O_RDONLY | O_CLOEXEC);
  if (in < 0 && in != STREAM_NONE) in = STREAM_NONE;
  if (in == STREAM_NONE && o->in != NULL) {
    log_error("--in: %s: %s", o->in, strerror(errno));
    return false;
  }
  int out = open_out(o, number);
  if (out < 0) log_error("%s: %s", o->out != NULL ? "--out" : "--out-dir", strerror(errno));
  if (out < 0 && in > STDERR_FILENO) (void)close(in);
  if (out < 0) return false;
  stream_init(&c->stream, in, out, false);
  if (o->in != NULL) c->stream.in_name = o->in;
  if (o->out != NULL) c->stream.out_name = o->out;
  return true;
}

static bool on_established(void *self, struct endpoint *e, struct connection *c) {
  const struct server *server = self;
  if (e->counts.established >= server->limit) {
    e->listening = false;
    e->done = true;
    for (uint32_t i = 0; i < e->table.used; i++) /* nobody is left to serve them */
      if (!e->table.slots[i]->established) e->table.slots[i]->half_open_until = 0;
  }
  if (e->counts.established <= server->limit && give_stream(server->options, c, e->counts.established)) return true;
  endpoint_fail(e, EXIT_LOCAL);
  return false;
}

static void on_ended(void *self, struct endpoint *e, struct connection *c, const struct vtcp_status *last) {
  (void)self;
  (void)e;
  (void)c;
  (void)last;
}

enum exit_status server_run_on(const struct options *o, const struct link *link, const struct window_to *shown) {
  struct server server = {.options = o, .limit = serve_limit(o)};
  struct endpoint_user user = {.self = &server, .established = on_established, .ended = on_ended};
  struct endpoint *e = endpoint_open(o, link, &user);
  if (e == NULL) return EXIT_LOCAL;
  e->listening = true;
  if (o->exec != NULL) (void)signal(SIGCHLD, SIG_IGN); /* nobody waits for the programs */
  if (shown->trace != NULL) e->trace = shown->trace;
  if (shown->gauge != NULL) e->gauge = shown->gauge;
  char text[2 * UDP_TEXT_MAX];
  trace_state(e->trace, clock_now(), VTCP_LISTEN);
  link_text(&e->transport.link, text);
  log_info("listening on %s", text);
  (void)endpoint_run(e);
  return endpoint_close(e);
}

enum exit_status server_run(const struct options *o) {
  static const struct window_to nobody = {NULL, NULL};
  struct udp_address local;
  struct link link;
  if (o->tun != NULL) {
    bool opened = tun_open(&link, o->tun, o->tun_addresses, (uint32_t)o->mtu, (uint16_t)strtoul(o->port, NULL, 10));
    return opened ? server_run_on(o, &link, &nobody) : EXIT_LOCAL;
  }
  const char *error = udp_resolve(o->address, o->port, options_family(o), &local);
  if (error != NULL) {
    log_error("%s: %s", o->address, error);
    return EXIT_LOCAL;
  }
  struct framing framing = options_framing(o);
  int fd = udp_open(&local);
  if (fd >= 0 && link_udp(&link, fd, false, &framing)) return server_run_on(o, &link, &nobody);
  log_error("%s port %s: %s", o->address, o->port, strerror(errno));
  return EXIT_LOCAL;
}
