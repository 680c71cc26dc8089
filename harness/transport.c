#define _POSIX_C_SOURCE 200809L
#include "transport.h"

#include <stdlib.h>
#include <unistd.h>

#include "trace.h"

void transport_init(struct transport *t, int fd, bool connected, const struct udp_address *bound,
                    const struct framing *framing, const struct faults_config *faults, struct capture *capture) {
  t->fd = fd;
  t->connected = connected;
  t->bound = *bound;
  t->framing = *framing;
  t->capture = capture;
  t->counts = (struct transport_counts){0};
  faults_init(&t->faults, faults);
}

static void put_datagram(struct transport *t, const struct udp_address *local, const struct udp_address *peer,
                         const uint8_t *octets, uint32_t len) {
  enum udp_result r = udp_send(t->fd, local, t->connected ? NULL : peer, octets, len);
  if (r == UDP_UNREACHABLE) t->counts.unreachable++;
  if (r == UDP_NOTHING || r == UDP_FAILED) t->counts.unsent++;
}

struct transport_sent transport_send(struct transport *t, uint64_t now, const struct udp_address *local,
                                     const struct udp_address *peer, const struct vtcp_segment *s) {
  struct transport_sent sent = {0, 0};
  uint32_t len = framing_encode(&t->framing, local, peer, s, t->out, sizeof t->out);
  if (len == 0) {
    t->counts.unsent++;
    return sent;
  }
  capture_segment(t->capture, local, peer, s);
  t->counts.sent++;
  sent.print = trace_print(t->out, len);
  if (faults_active(&t->faults))
    sent.fate = faults_put(&t->faults, now, local, peer, t->out, len);
  else
    put_datagram(t, local, peer, t->out, len);
  return sent;
}

enum transport_result transport_receive(struct transport *t, struct udp_address *local, struct udp_address *peer,
                                        struct vtcp_segment *s, uint64_t *print) {
  size_t len = 0;
  *local = t->bound;
  enum udp_result r = udp_receive(t->fd, local, peer, t->store + FRAMING_ROOM, UDP_PAYLOAD_MAX, &len);
  if (r == UDP_UNREACHABLE) t->counts.unreachable++;
  if (r == UDP_UNREACHABLE) return TRANSPORT_UNREACHABLE;
  if (r != UDP_OK) return TRANSPORT_NOTHING;
  *print = trace_print(t->store + FRAMING_ROOM, (uint32_t)len);
  enum framing_verdict v =
      peer->port == 0 ? FRAMING_MALFORMED : framing_decode(&t->framing, peer, local, t->store, (uint32_t)len, s);
  if (v == FRAMING_MALFORMED) t->counts.malformed++;
  if (v == FRAMING_BAD_CHECKSUM) t->counts.bad_checksum++;
  if (v != FRAMING_OK) return TRANSPORT_IGNORED;
  t->counts.received++;
  capture_segment(t->capture, peer, local, s);
  return TRANSPORT_SEGMENT;
}

void transport_flush(struct transport *t, uint64_t now, bool all) {
  struct faults_datagram *d;
  while ((d = faults_take(&t->faults, all ? VTCP_NEVER : now)) != NULL) {
    put_datagram(t, &d->local, &d->peer, d->octets, d->len);
    free(d);
  }
}

bool transport_close(struct transport *t) {
  faults_free(&t->faults);
  (void)close(t->fd);
  return capture_close(t->capture);
}
