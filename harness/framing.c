#include "framing.h"

#include <string.h>
#include <sys/socket.h>

#define PORTS_AT 0u
#define SEQ_AT 4u
#define OFFSET_AT 12u
#define CHECKSUM_AT 16u
#define HEADER_MIN 20u
#define ROTATED_MIN 12u

static uint64_t pseudo_header(const struct udp_address *src, const struct udp_address *dst, uint32_t len) {
  return src->family == AF_INET6 ? vtcp_checksum_ipv6(src->ip, dst->ip, len)
                                 : vtcp_checksum_ipv4(src->ip, dst->ip, len);
}

/* Header and text, checksum field 0. */
static uint32_t gather(const struct vtcp_segment *s, uint8_t *out, uint32_t cap) {
  uint32_t header = vtcp_segment_emit(s, out, cap);
  uint64_t total = (uint64_t)header + s->text_len + s->more_len;
  if (header == 0 || total > cap) return 0;
  if (s->text_len > 0) memcpy(out + header, s->text, s->text_len);
  if (s->more_len > 0) memcpy(out + header + s->text_len, s->more, s->more_len);
  return (uint32_t)total;
}

uint32_t framing_segment(const struct udp_address *src, const struct udp_address *dst, const struct vtcp_segment *s,
                         uint8_t *out, uint32_t cap) {
  uint32_t len = gather(s, out, cap);
  if (len > 0) vtcp_checksum_put(pseudo_header(src, dst, len), out, len);
  return len;
}

static uint32_t encode_rotated(const struct vtcp_segment *s, uint8_t *out, uint32_t cap) {
  uint8_t header[VTCP_HEADER_MAX];
  struct vtcp_segment calm = *s;
  if (calm.flags & VTCP_URG) calm.flags = (uint16_t)(calm.flags - VTCP_URG);
  calm.urg = 0;
  uint32_t n = vtcp_segment_emit(&calm, header, sizeof header);
  uint64_t total = (uint64_t)n - FRAMING_ROOM + s->text_len + s->more_len;
  if (n < HEADER_MIN || total > cap) return 0;
  memcpy(out, header + OFFSET_AT, 4);
  memcpy(out + 4, header + SEQ_AT, 8);
  memcpy(out + ROTATED_MIN, header + HEADER_MIN, n - HEADER_MIN);
  uint8_t *text = out + n - FRAMING_ROOM;
  if (s->text_len > 0) memcpy(text, s->text, s->text_len);
  if (s->more_len > 0) memcpy(text + s->text_len, s->more, s->more_len);
  return (uint32_t)total;
}

uint32_t framing_encode(const struct framing *f, const struct udp_address *src, const struct udp_address *dst,
                        const struct vtcp_segment *s, uint8_t *out, uint32_t cap) {
  if (f->kind == FRAMING_ROTATED) return encode_rotated(s, out, cap);
  return f->checksum ? framing_segment(src, dst, s, out, cap) : gather(s, out, cap);
}

/* Turns the datagram back in place: a canonical header begins FRAMING_ROOM octets before it. */
static enum framing_verdict decode_rotated(const struct udp_address *src, const struct udp_address *dst, uint8_t *store,
                                           uint32_t len, struct vtcp_segment *out) {
  uint8_t moved[ROTATED_MIN];
  if (len < ROTATED_MIN) return FRAMING_MALFORMED;
  memcpy(moved, store + FRAMING_ROOM, sizeof moved);
  store[PORTS_AT] = (uint8_t)(src->port / 256u);
  store[PORTS_AT + 1] = (uint8_t)(src->port % 256u);
  store[PORTS_AT + 2] = (uint8_t)(dst->port / 256u);
  store[PORTS_AT + 3] = (uint8_t)(dst->port % 256u);
  memcpy(store + SEQ_AT, moved + 4, 8);
  memcpy(store + OFFSET_AT, moved, 4);
  memset(store + CHECKSUM_AT, 0, 4);
  if (vtcp_segment_parse(store, len + FRAMING_ROOM, out) != VTCP_PARSE_OK) return FRAMING_MALFORMED;
  return (out->flags & VTCP_URG) ? FRAMING_MALFORMED : FRAMING_OK;
}

static enum framing_verdict decode_whole(const struct framing *f, const struct udp_address *src,
                                         const struct udp_address *dst, const uint8_t *octets, uint32_t len,
                                         struct vtcp_segment *out) {
  if (len < HEADER_MIN) return FRAMING_MALFORMED;
  bool absent = octets[CHECKSUM_AT] == 0 && octets[CHECKSUM_AT + 1] == 0;
  if ((f->checksum || !absent) && !vtcp_checksum_ok(pseudo_header(src, dst, len), octets, len))
    return FRAMING_BAD_CHECKSUM;
  if (vtcp_segment_parse(octets, len, out) != VTCP_PARSE_OK) return FRAMING_MALFORMED;
  return out->src_port == 0 || out->dst_port == 0 ? FRAMING_MALFORMED : FRAMING_OK;
}

enum framing_verdict framing_decode(const struct framing *f, const struct udp_address *src,
                                    const struct udp_address *dst, uint8_t *store, uint32_t len,
                                    struct vtcp_segment *out) {
  if (f->kind == FRAMING_ROTATED) return decode_rotated(src, dst, store, len, out);
  return decode_whole(f, src, dst, store + FRAMING_ROOM, len, out);
}

uint16_t framing_mss(const struct framing *f, int family) {
  uint32_t ip = family == AF_INET6 ? 40u : 20u, udp = 8u;
  return (uint16_t)(1500u - ip - udp - (f->kind == FRAMING_ROTATED ? ROTATED_MIN : HEADER_MIN));
}
