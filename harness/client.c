#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "progress.h"
#include "tun.h"

struct client {
  const struct options *options;
  int in, out;
  bool sending; /* progress counts what the peer has acknowledged, else what was received */
  struct progress progress;
};

static bool on_established(void *self, struct endpoint *e, struct connection *c) {
  struct client *client = self;
  (void)e;
  stream_init(&c->stream, client->in, client->out, false);
  if (client->options->in != NULL) c->stream.in_name = client->options->in;
  if (client->options->out != NULL) c->stream.out_name = client->options->out;
  client->in = client->out = STREAM_NONE;
  return true;
}

static void on_tick(void *self, struct endpoint *e, uint64_t now) {
  struct client *client = self;
  progress_show(&client->progress,
                client->sending ? atomic_load(&e->gauge->acknowledged) : atomic_load(&e->gauge->received), now);
}

static void on_ended(void *self, struct endpoint *e, struct connection *c, const struct vtcp_status *last) {
  struct client *client = self;
  (void)c;
  if (e->user.tick != NULL && last->outcome == VTCP_OUTCOME_CLOSED) on_tick(client, e, clock_now());
  log_settle();
}

/* Standard input and output unless files are named; failures show before anything is sent. */
static bool open_files(struct client *client, uint64_t *size) {
  const struct options *o = client->options;
  struct stat kind;
  *size = PROGRESS_UNKNOWN;
  client->in = o->in == NULL ? STDIN_FILENO : open(o->in, O_RDONLY | O_CLOEXEC);
  if (client->in < 0) {
    log_error("--in: %s: %s", o->in, strerror(errno));
    return false;
  }
  if (o->in != NULL && fstat(client->in, &kind) == 0 && S_ISREG(kind.st_mode)) *size = (uint64_t)kind.st_size;
  client->out = o->out == NULL ? STDOUT_FILENO : open(o->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (client->out >= 0) return true;
  log_error("--out: %s: %s", o->out, strerror(errno));
  return false;
}

static void close_files(const struct client *client) {
  if (client->in > STDERR_FILENO) (void)close(client->in);
  if (client->out > STDERR_FILENO) (void)close(client->out);
}

enum exit_status client_run_on(const struct options *o, const struct link *link, const struct udp_address *peer,
                               uint16_t tcp_port, const struct window_to *shown) {
  struct client client = {.options = o, .in = STREAM_NONE, .out = STREAM_NONE, .sending = o->in != NULL};
  struct endpoint_user user = {.self = &client, .established = on_established, .ended = on_ended};
  uint64_t size;
  if (!open_files(&client, &size)) {
    close_files(&client);
    (void)close(link->fd);
    return EXIT_LOCAL;
  }
  if (shown->gauge == NULL && !o->quiet && (o->in != NULL || o->out != NULL)) user.tick = on_tick;
  progress_init(&client.progress, size, clock_now());
  struct endpoint *e = endpoint_open(o, link, &user);
  if (e == NULL) {
    close_files(&client);
    return EXIT_LOCAL;
  }
  if (shown->trace != NULL) e->trace = shown->trace;
  if (shown->gauge != NULL) e->gauge = shown->gauge;
  e->done = true; /* when the one connection is gone */
  if (endpoint_connect(e, peer, tcp_port))
    (void)endpoint_run(e);
  else
    endpoint_fail(e, EXIT_LOCAL);
  close_files(&client);
  return endpoint_close(e);
}

/* The local end: any port of any address of the peer's family unless told otherwise. */
static bool choose_local(const struct options *o, int family, struct udp_address *local) {
  char port[8];
  *local = (struct udp_address){.family = family, .port = (uint16_t)o->local_port};
  if (o->bind == NULL) return true;
  (void)snprintf(port, sizeof port, "%u", (unsigned)o->local_port);
  const char *error = udp_resolve(o->bind, port, family, local);
  if (error != NULL) log_error("--bind: %s: %s", o->bind, error);
  return error == NULL;
}

static bool open_udp(const struct options *o, const struct udp_address *peer, struct link *link) {
  struct framing framing = options_framing(o);
  struct udp_address local;
  if (!choose_local(o, peer->family, &local)) return false;
  int fd = udp_open(&local);
  if (fd >= 0 && udp_connect(fd, peer) && link_udp(link, fd, true, &framing)) return true;
  log_error("%s port %s: %s", o->address, o->port, strerror(errno));
  if (fd >= 0) (void)close(fd);
  return false;
}

static bool open_tun(const struct options *o, const struct udp_address *peer, struct link *link) {
  if (!tun_open(link, o->tun, o->tun_addresses, (uint32_t)o->mtu, (uint16_t)o->local_port)) return false;
  if (link_local(link, peer->family) != NULL) return true;
  log_error("--address: expected one of the family of %s", o->address);
  (void)close(link->fd);
  return false;
}

enum exit_status client_run(const struct options *o) {
  static const struct window_to nobody = {NULL, NULL};
  struct udp_address peer;
  struct link link;
  const char *error = udp_resolve(o->address, o->port, options_family(o), &peer);
  if (error != NULL) {
    log_error("%s: %s", o->address, error);
    return EXIT_LOCAL;
  }
  if (!packet_unicast(&peer)) { /* RFC 9293 s3.9.1.1, MUST-46 */
    log_error("%s: expected the address of one host", o->address);
    return EXIT_LOCAL;
  }
  if (!(o->tun != NULL ? open_tun(o, &peer, &link) : open_udp(o, &peer, &link))) return EXIT_LOCAL;
  uint16_t tcp_port = o->tcp_port == OPTIONS_UNSET ? peer.port : (uint16_t)o->tcp_port;
  return client_run_on(o, &link, &peer, tcp_port, &nobody);
}
