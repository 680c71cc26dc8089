#define _DEFAULT_SOURCE 1 /* <pcap.h> wants u_char */
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "packet.h"

struct capture {
  pcap_t *kind;
  pcap_dumper_t *file;
  const char *path;
  uint64_t too_long;
  uint8_t packet[PACKET_MAX];
};

struct capture *capture_open(const char *path) {
  struct capture *c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  c->path = path;
  c->kind = pcap_open_dead(DLT_RAW, PACKET_MAX);
  c->file = c->kind == NULL ? NULL : pcap_dump_open(c->kind, path);
  if (c->file != NULL) return c;
  log_error("--pcap: %s", c->kind == NULL ? "out of memory" : pcap_geterr(c->kind));
  if (c->kind != NULL) pcap_close(c->kind);
  free(c);
  return NULL;
}

void capture_packet(struct capture *c, const uint8_t *octets, uint32_t len) {
  if (c == NULL) return;
  struct timespec t;
  (void)clock_gettime(CLOCK_REALTIME, &t);
  struct pcap_pkthdr h = {.caplen = len, .len = len};
  h.ts.tv_sec = t.tv_sec;
  h.ts.tv_usec = t.tv_nsec / 1000;
  pcap_dump((u_char *)c->file, &h, octets);
}

void capture_segment(struct capture *c, const struct udp_address *src, const struct udp_address *dst,
                     const struct vtcp_segment *s) {
  if (c == NULL) return;
  uint32_t len = packet_encode(src, dst, s, c->packet, sizeof c->packet);
  if (len == 0)
    c->too_long++;
  else
    capture_packet(c, c->packet, len);
}

bool capture_close(struct capture *c) {
  if (c == NULL) return true;
  if (c->too_long > 0) log_error("--pcap: %llu segments too long for an IP packet", (unsigned long long)c->too_long);
  bool written = pcap_dump_flush(c->file) == 0 && ferror(pcap_dump_file(c->file)) == 0;
  if (!written) log_error("--pcap: cannot write %s: %s", c->path, strerror(errno));
  pcap_dump_close(c->file);
  pcap_close(c->kind);
  bool whole = written && c->too_long == 0;
  free(c);
  return whole;
}
