/*
 * Two endpoints in one thread and a pipe in memory: MSS 1460, an ACK for every second segment, checksums made and
 * checked by the core. The same work as lwip/lwip_bench.c does with lwIP, without an IP header.
 * usage: bench bulk MiB | cycle N | sizes
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vtcp.h"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else /* no counts then, but times */
#define CALLGRIND_START_INSTRUMENTATION ((void)0)
#define CALLGRIND_STOP_INSTRUMENTATION ((void)0)
#define CALLGRIND_ZERO_STATS ((void)0)
#endif

#define SLOTS 256u
#define SECOND 1000000u
#define WINDOW 65535u

struct datagram {
  uint32_t len;
  uint8_t octets[1536];
};

struct end {
  struct vtcp tcp;
  uint8_t snd[WINDOW], rcv[WINDOW];
  struct datagram queue[SLOTS]; /* what is on its way to this end */
  uint32_t first, count;
};

static struct end client, server;
static const uint8_t addresses[2][4] = {{10, 0, 0, 1}, {10, 0, 0, 2}};
static uint64_t now = SECOND;
static uint64_t data_segments, other_segments, received;
static uint8_t source[65536], sink[WINDOW];

static void need(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "bench: %s\n", what);
  exit(1);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void start(struct end *e, uint16_t local, uint16_t remote) {
  struct vtcp_config cfg = {.local_port = local,
                            .remote_port = remote,
                            .mss = 1460,
                            .msl = SECOND,
                            .rto_min = SECOND,
                            .snd_buf = e->snd,
                            .snd_cap = WINDOW,
                            .rcv_buf = e->rcv,
                            .rcv_cap = WINDOW};
  e->first = e->count = 0;
  need(vtcp_init(&e->tcp, &cfg) == VTCP_OK, "vtcp_init");
}

static struct end *peer_of(const struct end *e) { return e == &client ? &server : &client; }

static uint64_t pseudo(const struct end *from, uint32_t len) {
  unsigned i = from == &client ? 0 : 1;
  return vtcp_checksum_ipv4(addresses[i], addresses[1 - i], len);
}

static void put_datagram(struct end *from, const struct vtcp_segment *s) {
  struct end *to = peer_of(from);
  need(to->count < SLOTS, "the pipe is full");
  struct datagram *d = &to->queue[(to->first + to->count++) % SLOTS];
  uint32_t n = vtcp_segment_emit(s, d->octets, VTCP_HEADER_MAX);
  need(n > 0, "vtcp_segment_emit");
  if (s->text_len > 0) memcpy(d->octets + n, s->text, s->text_len);
  if (s->more_len > 0) memcpy(d->octets + n + s->text_len, s->more, s->more_len);
  d->len = n + s->text_len + s->more_len;
  vtcp_checksum_put(pseudo(from, d->len), d->octets, d->len);
  if (s->text_len + s->more_len > 0)
    data_segments++;
  else
    other_segments++;
}

static bool transmit(struct end *e) {
  struct vtcp_segment s;
  bool some = false;
  for (; vtcp_output(&e->tcp, now, &s); some = true) put_datagram(e, &s);
  return some;
}

/* The application reads all there is, after each segment. */
static void application(struct end *e) {
  for (enum vtcp_event v; (v = vtcp_event(&e->tcp)) != VTCP_EVENT_NONE;) {
    if (v == VTCP_EVENT_DATA)
      for (int64_t n; (n = vtcp_receive(&e->tcp, sink, sizeof sink)) > 0;) received += (uint64_t)n;
    if (v == VTCP_EVENT_FIN && e == &server) need(vtcp_close(&e->tcp) == VTCP_OK, "vtcp_close");
  }
}

static bool drain(struct end *e) {
  bool some = e->count > 0;
  while (e->count > 0) {
    const struct datagram *d = &e->queue[e->first];
    struct vtcp_segment s;
    need(vtcp_checksum_ok(pseudo(peer_of(e), d->len), d->octets, d->len), "checksum");
    need(vtcp_segment_parse(d->octets, d->len, &s) == VTCP_PARSE_OK, "vtcp_segment_parse");
    (void)vtcp_input(&e->tcp, &s, 300, now);
    e->first = (e->first + 1) % SLOTS;
    e->count--;
    application(e);
    (void)transmit(e);
  }
  return some;
}

static void pump(void) {
  bool some = true;
  while (some) {
    some = transmit(&client);
    some = drain(&server) || some;
    some = drain(&client) || some;
  }
}

static void timers(void) {
  now += 10;
  if (vtcp_deadline(&client.tcp) <= now) vtcp_timeout(&client.tcp, now);
  if (vtcp_deadline(&server.tcp) <= now) vtcp_timeout(&server.tcp, now);
}

static void connect_both(void) {
  start(&client, 40000, 5001);
  start(&server, 5001, 0);
  need(vtcp_listen(&server.tcp) == VTCP_OK && vtcp_open(&client.tcp, 100, now) == VTCP_OK, "open");
  pump();
}

static enum vtcp_state state_of(const struct end *e) {
  struct vtcp_status s;
  vtcp_status(&e->tcp, &s);
  return s.state;
}

static void bulk(uint64_t total) {
  const uint64_t warm = 4u << 20;
  uint64_t from = 0, data = 0, others = 0;
  double began = 0;
  connect_both();
  while (received < total + warm) {
    if (from == 0 && received >= warm) {
      from = received, data = data_segments, others = other_segments;
      CALLGRIND_START_INSTRUMENTATION;
      CALLGRIND_ZERO_STATS;
      began = seconds();
    }
    for (int64_t n = 1; n > 0;) n = vtcp_send(&client.tcp, source, 8 * 1460, false);
    (void)transmit(&client);
    (void)drain(&server);
    (void)drain(&client);
    timers();
  }
  double took = seconds() - began;
  CALLGRIND_STOP_INSTRUMENTATION;
  struct vtcp_status s;
  vtcp_status(&client.tcp, &s);
  need(s.retransmitted == 0, "a segment was sent again");
  printf("bulk wnd=%u bytes=%llu dataseg=%llu ack=%llu  %.1f MB/s\n", WINDOW, (unsigned long long)(received - from),
         (unsigned long long)(data_segments - data), (unsigned long long)(other_segments - others),
         (double)(received - from) / took / 1e6);
}

static void cycle(uint64_t n) {
  const uint64_t warm = 200;
  uint64_t segments = 0;
  double began = 0;
  for (uint64_t i = 0; i < n + warm; i++) {
    if (i == warm) {
      segments = data_segments + other_segments;
      CALLGRIND_START_INSTRUMENTATION;
      CALLGRIND_ZERO_STATS;
      began = seconds();
    }
    connect_both();
    need(state_of(&client) == VTCP_ESTABLISHED && state_of(&server) == VTCP_ESTABLISHED, "not established");
    need(vtcp_close(&client.tcp) == VTCP_OK, "vtcp_close");
    pump();
    need(state_of(&client) == VTCP_TIME_WAIT && state_of(&server) == VTCP_CLOSED, "not closed");
    timers();
  }
  double took = seconds() - began;
  CALLGRIND_STOP_INSTRUMENTATION;
  printf("cycle n=%llu  %.0f cycles/s  %.2f segs/cycle\n", (unsigned long long)n, (double)n / took,
         (double)(data_segments + other_segments - segments) / (double)n);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "bulk") == 0)
    bulk(strtoull(argv[2], NULL, 10) << 20);
  else if (argc == 3 && strcmp(argv[1], "cycle") == 0)
    cycle(strtoull(argv[2], NULL, 10));
  else if (argc == 2 && strcmp(argv[1], "sizes") == 0)
    printf("sizes vtcp=%zu\n", sizeof(struct vtcp));
  else
    return fprintf(stderr, "usage: bench bulk MiB | cycle N | sizes\n"), 2;
  return 0;
}
