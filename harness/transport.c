#define _POSIX_C_SOURCE 200809L
#include "transport.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace.h"

#define BATCH 64 /* packets that enter the faults at a time */

void transport_init(struct transport *t, const struct link *link, const struct faults_config *faults,
                    struct capture *capture) {
  struct faults_config in = {0};
  if (link->kind->packets) in = faults_back(faults);
  t->link = *link;
  t->capture = capture;
  t->counts = (struct transport_counts){0};
  faults_init(&t->faults[TRANSPORT_OUT], faults);
  faults_init(&t->faults[TRANSPORT_IN], &in);
}

static void put(struct transport *t, const struct udp_address *local, const struct udp_address *peer,
                const uint8_t *octets, uint32_t len) {
  enum udp_result r = t->link.kind->send(&t->link, local, peer, octets, len);
  if (r == UDP_UNREACHABLE) t->counts.unreachable++;
  if (r == UDP_NOTHING || r == UDP_FAILED) t->counts.unsent++;
}

struct transport_sent transport_send(struct transport *t, uint64_t now, const struct udp_address *local,
                                     const struct udp_address *peer, const struct vtcp_segment *s) {
  struct transport_sent sent = {0, 0};
  struct faults *f = &t->faults[TRANSPORT_OUT];
  uint32_t len = t->link.kind->encode(&t->link, local, peer, s, t->out, sizeof t->out);
  if (len == 0) {
    t->counts.unsent++;
    return sent;
  }
  if (t->link.kind->packets)
    capture_packet(t->capture, t->out, len);
  else
    capture_segment(t->capture, local, peer, s);
  t->counts.sent++;
  sent.print = trace_print(t->out, len);
  if (faults_active(f))
    sent.fate = faults_put(f, now, local, peer, t->out, len);
  else
    put(t, local, peer, t->out, len);
  return sent;
}

/* The next datagram or packet, into store. */
static enum udp_result take(struct transport *t, uint64_t now, struct udp_address *local, struct udp_address *peer,
                            size_t *len) {
  struct faults *f = &t->faults[TRANSPORT_IN];
  uint8_t *octets = t->store + FRAMING_ROOM;
  if (!faults_active(f)) return t->link.kind->receive(&t->link, local, peer, octets, PACKET_MAX, len);
  for (int i = 0; i < BATCH; i++) {
    enum udp_result r = t->link.kind->receive(&t->link, local, peer, octets, PACKET_MAX, len);
    if (r == UDP_FAILED) return r;
    if (r != UDP_OK) break;
    (void)faults_put(f, now, local, peer, octets, (uint32_t)*len);
  }
  struct faults_datagram *d = faults_take(f, now);
  if (d == NULL) return UDP_NOTHING;
  *local = d->local;
  *peer = d->peer;
  *len = d->len;
  memcpy(octets, d->octets, d->len);
  free(d);
  return UDP_OK;
}

static enum transport_result without_datagram(struct transport *t, enum udp_result r) {
  if (r == UDP_UNREACHABLE) {
    t->counts.unreachable++;
    return TRANSPORT_IGNORED;
  }
  return r == UDP_FAILED && t->link.kind->packets ? TRANSPORT_FAILED : TRANSPORT_NOTHING;
}

enum transport_result transport_receive(struct transport *t, uint64_t now, struct packet *in, uint64_t *print) {
  static const enum transport_result results[PACKET_OTHER + 1u] = {
      [PACKET_SEGMENT] = TRANSPORT_SEGMENT,       [PACKET_SOFT_ERROR] = TRANSPORT_SOFT_ERROR,
      [PACKET_HARD_ERROR] = TRANSPORT_HARD_ERROR, [PACKET_TOO_BIG] = TRANSPORT_TOO_BIG,
      [PACKET_FRAGMENT] = TRANSPORT_IGNORED,      [PACKET_BAD_CHECKSUM] = TRANSPORT_IGNORED,
      [PACKET_MALFORMED] = TRANSPORT_IGNORED,     [PACKET_OTHER] = TRANSPORT_IGNORED,
  };
  struct udp_address local, peer;
  size_t len = 0;
  enum udp_result r = take(t, now, &local, &peer, &len);
  if (r != UDP_OK) return without_datagram(t, r);
  uint8_t *octets = t->store + FRAMING_ROOM;
  *print = trace_print(octets, (uint32_t)len);
  if (t->link.kind->packets) capture_packet(t->capture, octets, (uint32_t)len);
  enum packet_verdict v = t->link.kind->decode(&t->link, &local, &peer, t->store, (uint32_t)len, in);
  t->counts.verdicts[v]++;
  if (v == PACKET_SEGMENT) t->counts.received++;
  if (v == PACKET_SEGMENT && !t->link.kind->packets) capture_segment(t->capture, &peer, &local, &in->segment);
  return results[v];
}

void transport_flush(struct transport *t, uint64_t now, bool all) {
  struct faults_datagram *d;
  while ((d = faults_take(&t->faults[TRANSPORT_OUT], all ? VTCP_NEVER : now)) != NULL) {
    put(t, &d->local, &d->peer, d->octets, d->len);
    free(d);
  }
}

uint64_t transport_deadline(const struct transport *t) {
  uint64_t out = faults_deadline(&t->faults[TRANSPORT_OUT]), in = faults_deadline(&t->faults[TRANSPORT_IN]);
  return out < in ? out : in;
}

bool transport_close(struct transport *t) {
  faults_free(&t->faults[TRANSPORT_OUT]);
  faults_free(&t->faults[TRANSPORT_IN]);
  (void)close(t->link.fd);
  return capture_close(t->capture);
}
