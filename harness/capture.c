#define _DEFAULT_SOURCE 1 /* <pcap.h> wants u_char */
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "framing.h"
#include "log.h"

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define PROTOCOL_TCP 6u
#define HOPS 64u
#define PACKET_MAX 65535u

struct capture {
  pcap_t *kind;
  pcap_dumper_t *file;
  const char *path;
  uint16_t id;
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

static void put16(uint8_t *out, uint32_t v) {
  out[0] = (uint8_t)(v / 256u);
  out[1] = (uint8_t)(v % 256u);
}

/* RFC 791 s3.1, without options or fragmentation. */
static void put_ipv4(struct capture *c, const struct udp_address *src, const struct udp_address *dst, uint32_t len) {
  uint8_t *p = c->packet;
  memset(p, 0, IPV4_HEADER);
  p[0] = 0x45;
  put16(p + 2, IPV4_HEADER + len);
  put16(p + 4, c->id++);
  p[6] = 0x40; /* don't fragment */
  p[8] = HOPS;
  p[9] = PROTOCOL_TCP;
  memcpy(p + 12, src->ip, 4);
  memcpy(p + 16, dst->ip, 4);
  put16(p + 10, 65535u - vtcp_checksum_fold(vtcp_checksum_add(0, p, IPV4_HEADER)));
}

/* RFC 8200 s3. */
static void put_ipv6(struct capture *c, const struct udp_address *src, const struct udp_address *dst, uint32_t len) {
  uint8_t *p = c->packet;
  memset(p, 0, IPV6_HEADER);
  p[0] = 0x60;
  put16(p + 4, len);
  p[6] = PROTOCOL_TCP;
  p[7] = HOPS;
  memcpy(p + 8, src->ip, 16);
  memcpy(p + 24, dst->ip, 16);
}

void capture_segment(struct capture *c, const struct udp_address *src, const struct udp_address *dst,
                     const struct vtcp_segment *s) {
  if (c == NULL) return;
  uint32_t ip = src->family == AF_INET6 ? IPV6_HEADER : IPV4_HEADER;
  uint32_t len = framing_segment(src, dst, s, c->packet + ip, PACKET_MAX - ip);
  if (len == 0) {
    c->too_long++;
    return;
  }
  if (src->family == AF_INET6)
    put_ipv6(c, src, dst, len);
  else
    put_ipv4(c, src, dst, len);
  struct timespec t;
  (void)clock_gettime(CLOCK_REALTIME, &t);
  struct pcap_pkthdr h = {.caplen = ip + len, .len = ip + len};
  h.ts.tv_sec = t.tv_sec;
  h.ts.tv_usec = t.tv_nsec / 1000;
  pcap_dump((u_char *)c->file, &h, c->packet);
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
