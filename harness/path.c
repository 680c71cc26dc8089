#include "path.h"

#include <stdlib.h>

#include "clock.h"

void path_init(struct path *p, int client_fd, int server_fd, const struct faults_config *faults, struct trace *trace) {
  struct faults_config back = faults_back(faults);
  p->fds[PATH_CLIENT] = client_fd;
  p->fds[PATH_SERVER] = server_fd;
  p->trace = trace;
  faults_init(&p->faults[PATH_CLIENT], faults);
  faults_init(&p->faults[PATH_SERVER], &back);
}

void path_free(struct path *p) {
  faults_free(&p->faults[PATH_CLIENT]);
  faults_free(&p->faults[PATH_SERVER]);
}

static void note(struct path *p, uint8_t side, enum trace_kind kind, uint64_t entry, unsigned fate,
                 const uint8_t *octets, uint32_t len) {
  struct trace_record r = {.time = clock_now(),
                           .print = trace_print(octets, len),
                           .entry = entry,
                           .kind = (uint8_t)kind,
                           .side = side,
                           .fate = (uint8_t)fate};
  trace_add(p->trace, &r);
}

static void enter(struct path *p, uint8_t side) {
  static const struct udp_address nowhere;
  struct udp_address local = {0}, peer;
  uint8_t octets[UDP_PAYLOAD_MAX];
  size_t len = 0;
  struct faults *f = &p->faults[side];
  while (udp_receive(p->fds[side], &local, &peer, octets, sizeof octets, &len) == UDP_OK) {
    unsigned fate = faults_put(f, clock_now(), &nowhere, &nowhere, octets, (uint32_t)len);
    note(p, side, TRACE_ENTERED, f->counts.datagrams, fate, octets, (uint32_t)len);
  }
}

static void leave(struct path *p, uint8_t side) {
  struct faults_datagram *d;
  while ((d = faults_take(&p->faults[side], clock_now())) != NULL) {
    note(p, side, TRACE_LEFT, d->number, 0, d->octets, d->len);
    (void)udp_send(p->fds[1 - side], &d->local, NULL, d->octets, d->len);
    free(d);
  }
}

void path_relay(struct path *p) {
  for (uint8_t side = 0; side < 2; side++) {
    enter(p, side);
    leave(p, side);
  }
}

uint64_t path_deadline(const struct path *p) {
  uint64_t a = faults_deadline(&p->faults[PATH_CLIENT]), b = faults_deadline(&p->faults[PATH_SERVER]);
  return a < b ? a : b;
}
