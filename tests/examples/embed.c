/*
 * The core alone: two connections in one process pass datagrams to each other in memory. Replace `deliver` by your
 * network (checksum with vtcp_checksum_put and vtcp_checksum_ok), `now` by your clock, and the ISNs by RFC 6528's.
 */
#include <stdio.h>
#include <string.h>

#include "vtcp.h"

struct host {
  struct vtcp tcp;
  uint32_t isn; /* of its next connection; take a random one (RFC 6528) */
  uint8_t snd[4096], rcv[4096];
};

/* The other end reads a datagram, as it would come from a network. */
static void deliver(struct host *to, const uint8_t *datagram, uint32_t len, uint64_t now) {
  struct vtcp_segment s;
  if (vtcp_segment_parse(datagram, len, &s) == VTCP_PARSE_OK) (void)vtcp_input(&to->tcp, &s, to->isn, now);
}

/* Sends all that h has to send: header, then text in up to two slices of the send buffer. */
static bool transmit(struct host *h, struct host *peer, uint64_t now) {
  struct vtcp_segment s;
  bool some = false;
  while (vtcp_output(&h->tcp, now, &s)) {
    uint8_t datagram[1500];
    uint32_t n = vtcp_segment_emit(&s, datagram, VTCP_HEADER_MAX);
    if (s.text_len > 0) memcpy(datagram + n, s.text, s.text_len);
    if (s.more_len > 0) memcpy(datagram + n + s.text_len, s.more, s.more_len);
    deliver(peer, datagram, n + s.text_len + s.more_len, now);
    some = true;
  }
  return some;
}

static enum vtcp_error start(struct host *h, uint16_t local, uint16_t remote) {
  struct vtcp_config cfg = {.local_port = local,
                            .remote_port = remote,
                            .mss = 1400,
                            .msl = 1000000,
                            .rto_min = 1000000,
                            .snd_buf = h->snd,
                            .snd_cap = sizeof h->snd,
                            .rcv_buf = h->rcv,
                            .rcv_cap = sizeof h->rcv};
  return vtcp_init(&h->tcp, &cfg);
}

int main(void) {
  static struct host client, server;
  static const char hello[] = "hello, octets";
  char text[64] = "";
  int64_t got = 0;
  uint64_t now = 0;
  if (start(&client, 40000, 80) != VTCP_OK || start(&server, 80, 0) != VTCP_OK) return 1;
  server.isn = 300;
  if (vtcp_listen(&server.tcp) != VTCP_OK || vtcp_open(&client.tcp, 100, now) != VTCP_OK) return 1;
  for (int step = 0; step < 100; step++) {
    for (enum vtcp_event e; (e = vtcp_event(&client.tcp)) != VTCP_EVENT_NONE;) {
      if (e != VTCP_EVENT_ESTABLISHED) continue;
      if (vtcp_send(&client.tcp, (const uint8_t *)hello, sizeof hello - 1, false) < 0) return 1;
      if (vtcp_close(&client.tcp) != VTCP_OK) return 1; /* what is queued is sent first */
    }
    for (enum vtcp_event e; (e = vtcp_event(&server.tcp)) != VTCP_EVENT_NONE;) {
      if (e == VTCP_EVENT_DATA) got = vtcp_receive(&server.tcp, (uint8_t *)text, sizeof text - 1);
      if (e == VTCP_EVENT_FIN) (void)vtcp_close(&server.tcp);
    }
    bool sent = transmit(&client, &server, now);
    if (transmit(&server, &client, now) || sent) continue;
    uint64_t a = vtcp_deadline(&client.tcp), b = vtcp_deadline(&server.tcp);
    if (a == VTCP_NEVER && b == VTCP_NEVER) break; /* after TIME-WAIT nothing is armed */
    if ((a < b ? a : b) > now) now = a < b ? a : b;
    vtcp_timeout(&client.tcp, now);
    vtcp_timeout(&server.tcp, now);
  }
  struct vtcp_status end;
  vtcp_status(&client.tcp, &end);
  printf("server received \"%s\"; client: %s\n", text, end.outcome == VTCP_OUTCOME_CLOSED ? "closed" : "not closed");
  return got == (int64_t)sizeof hello - 1 && strcmp(text, hello) == 0 && end.outcome == VTCP_OUTCOME_CLOSED ? 0 : 1;
}
