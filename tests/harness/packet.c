#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "packet.h"

static const struct udp_address A4 = {.family = AF_INET, .ip = {10, 0, 0, 1}};
static const struct udp_address B4 = {.family = AF_INET, .ip = {10, 0, 0, 2}};
static const struct udp_address A6 = {.family = AF_INET6, .ip = {0xfd, [15] = 1}};
static const struct udp_address B6 = {.family = AF_INET6, .ip = {0xfd, [15] = 2}};

static uint8_t packet[PACKET_MAX + 100u];
static uint32_t length;
static struct packet got;

static void put16(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)(v / 256u);
  p[1] = (uint8_t)(v % 256u);
}

static struct vtcp_segment example(const char *text) {
  return (struct vtcp_segment){.src_port = 7000,
                               .dst_port = 80,
                               .seq = 0x01020304,
                               .ack = 0xfffefdfc,
                               .flags = VTCP_ACK | VTCP_PSH,
                               .wnd = 4321,
                               .text = (const uint8_t *)text,
                               .text_len = (uint32_t)strlen(text)};
}

static void make(int family, const char *text) {
  struct vtcp_segment s = example(text);
  bool v6 = family == AF_INET6;
  length = packet_encode(v6 ? &A6 : &A4, v6 ? &B6 : &B4, &s, packet, PACKET_MAX);
  assert_int_equal(length, packet_header(family) + 20 + strlen(text));
}

/* Reads a copy in memory of exact size, for the sanitizer. */
static enum packet_verdict decode(uint32_t len) {
  uint8_t *copy = malloc(len == 0 ? 1 : len);
  assert_non_null(copy);
  memcpy(copy, packet, len);
  enum packet_verdict v = packet_decode(copy, len, &got);
  got.segment.text = NULL;
  free(copy);
  return v;
}

/* Makes the IPv4 header right again. */
static void mend(uint8_t *ip, uint32_t header) {
  put16(ip + 10, 0);
  put16(ip + 10, 65535u - vtcp_checksum_fold(vtcp_checksum_add(0, ip, header)));
}

static void ipv4_octets(void **state) {
  (void)state;
  /* By hand. IP: 4500+0028+0000+4000+4006+0a00+0001+0a00+0002 = d931, inverted 26ce. TCP: 1b58+0050+0102+0304+fffe+fdfc
     +5018+10e1, pseudo-header 0a00+0001+0a00+0002+0006+0014 = 292be, folded 92c0, inverted 6d3f. */
  static const uint8_t want[] = {0x45, 0,    0,    40,   0,    0,    0x40, 0,    64,   6,    0x26, 0xce, 10, 0,
                                 0,    1,    10,   0,    0,    2,    0x1b, 0x58, 0,    80,   1,    2,    3,  4,
                                 0xff, 0xfe, 0xfd, 0xfc, 0x50, 0x18, 0x10, 0xe1, 0x6d, 0x3f, 0,    0};
  make(AF_INET, "");
  assert_int_equal(length, sizeof want);
  assert_memory_equal(packet, want, sizeof want);
}

static void ipv6_octets(void **state) {
  (void)state;
  static const uint8_t want[40] = {0x60, [5] = 25, 6, 64, 0xfd, [23] = 1, 0xfd, [39] = 2};
  make(AF_INET6, "hello");
  assert_memory_equal(packet, want, sizeof want);
  assert_memory_equal(packet + 60, "hello", 5);
}

static void round_trip(int family) {
  make(family, "some text");
  memset(packet + length, 0xaa, 10); /* padding */
  assert_int_equal(packet_decode(packet, length + 10, &got), PACKET_SEGMENT);
  assert_int_equal(got.src.family, family);
  assert_memory_equal(got.src.ip, (family == AF_INET6 ? A6 : A4).ip, 16);
  assert_memory_equal(got.dst.ip, (family == AF_INET6 ? B6 : B4).ip, 16);
  assert_int_equal(got.src.port, 7000);
  assert_int_equal(got.dst.port, 80);
  assert_int_equal(got.src.scope, 0);
  assert_int_equal(got.segment.seq, 0x01020304);
  assert_int_equal(got.segment.ack, 0xfffefdfc);
  assert_int_equal(got.segment.flags, VTCP_ACK | VTCP_PSH);
  assert_int_equal(got.segment.text_len, 9);
  assert_memory_equal(got.segment.text, "some text", 9);
}

static void round_trips(void **state) {
  (void)state;
  round_trip(AF_INET);
  round_trip(AF_INET6);
}

static void longest(void **state) {
  (void)state;
  static uint8_t text[65535];
  struct vtcp_segment s = example("");
  s.text = text;
  s.text_len = 65535 - 40;
  assert_int_equal(packet_encode(&A4, &B4, &s, packet, PACKET_MAX), 65535);
  assert_int_equal(decode(65535), PACKET_SEGMENT);
  s.text_len++;
  assert_int_equal(packet_encode(&A4, &B4, &s, packet, PACKET_MAX), 0);
  s.text_len = 65535 - 20;
  assert_int_equal(packet_encode(&A6, &B6, &s, packet, PACKET_MAX), PACKET_MAX);
  assert_int_equal(decode(PACKET_MAX), PACKET_SEGMENT);
  s.text_len++;
  assert_int_equal(packet_encode(&A6, &B6, &s, packet, sizeof packet), 0);
  s.text_len = 0;
  assert_int_equal(packet_encode(&A4, &B4, &s, packet, 39), 0);
  assert_int_equal(packet_encode(&A6, &B6, &s, packet, 30), 0);
  assert_int_equal(packet_encode(&A4, &B4, &s, packet, 40), 40);
}

static void cut_short(void **state) {
  (void)state;
  for (int k = 0; k < 2; k++) {
    make(k == 0 ? AF_INET : AF_INET6, "some text");
    for (uint32_t n = 0; n < length; n++) assert_int_equal(decode(n), PACKET_MALFORMED);
  }
}

/* Over IPv4 every bit but the padding counts; over IPv6 all but traffic class, flow label and hop limit. */
static void flipped_bits(void **state) {
  (void)state;
  for (int k = 0; k < 2; k++) {
    int family = k == 0 ? AF_INET : AF_INET6;
    for (uint32_t bit = 0;; bit++) {
      make(family, "some text");
      if (bit == 8u * length) break;
      packet[bit / 8u] ^= (uint8_t)(0x80u >> bit % 8u);
      bool uncovered = family == AF_INET6 && ((bit >= 4 && bit < 32) || bit / 8u == 7);
      assert_int_equal(decode(length) == PACKET_SEGMENT, uncovered);
    }
  }
  make(AF_INET, "x");
  packet[length - 1]++;
  assert_int_equal(decode(length), PACKET_BAD_CHECKSUM);
  make(AF_INET, "x");
  packet[8]--;
  assert_int_equal(decode(length), PACKET_BAD_CHECKSUM);
}

/* A checksum of 0 may be sent as 0xffff, as Linux does: in one's complement it is the same. */
static void the_other_zero(void **state) {
  (void)state;
  struct vtcp_segment s = example("");
  do {
    s.seq++;
    length = packet_encode(&A4, &B4, &s, packet, PACKET_MAX);
  } while (packet[36] != 0 || packet[37] != 0);
  assert_int_equal(decode(length), PACKET_SEGMENT);
  put16(packet + 36, 0xffff);
  assert_int_equal(decode(length), PACKET_SEGMENT);
  put16(packet + 36, 1);
  assert_int_equal(decode(length), PACKET_BAD_CHECKSUM);
}

static void lengths_that_lie(void **state) {
  (void)state;
  make(AF_INET, "");
  packet[0] = 0x44;
  mend(packet, 16);
  assert_int_equal(decode(length), PACKET_MALFORMED);
  make(AF_INET, "");
  packet[0] = 0x4f; /* more header than packet */
  assert_int_equal(decode(length), PACKET_MALFORMED);
  make(AF_INET, "");
  put16(packet + 2, 41);
  mend(packet, 20);
  assert_int_equal(decode(length), PACKET_MALFORMED);
  make(AF_INET, "");
  put16(packet + 2, 19);
  mend(packet, 20);
  assert_int_equal(decode(length), PACKET_MALFORMED);
  make(AF_INET6, "");
  put16(packet + 4, 21);
  assert_int_equal(decode(length), PACKET_MALFORMED);
  make(AF_INET6, "");
  packet[0] = 0x50;
  assert_int_equal(decode(length), PACKET_MALFORMED);
}

static void fragments(void **state) {
  (void)state;
  make(AF_INET, "x");
  packet[6] = 0x20;
  mend(packet, 20);
  assert_int_equal(decode(length), PACKET_FRAGMENT);
  make(AF_INET, "x");
  put16(packet + 6, 185);
  mend(packet, 20);
  assert_int_equal(decode(length), PACKET_FRAGMENT);
}

static void ipv4_options(void **state) {
  (void)state;
  make(AF_INET, "x");
  memmove(packet + 24, packet + 20, length - 20);
  memset(packet + 20, 1, 4);
  packet[0] = 0x46;
  put16(packet + 2, length + 4);
  mend(packet, 24);
  assert_int_equal(decode(length + 4), PACKET_SEGMENT);
  assert_int_equal(got.segment.seq, 0x01020304);
}

/* Puts an extension header of the given kind and size before what follows the IPv6 header. */
static void extend(uint8_t kind, uint32_t size) {
  memmove(packet + 40 + size, packet + 40, length - 40);
  memset(packet + 40, 0, size);
  packet[40] = packet[6];
  packet[41] = (uint8_t)(size / 8u - 1u);
  packet[6] = kind;
  length += size;
  put16(packet + 4, length - 40);
}

static void ipv6_extensions(void **state) {
  (void)state;
  make(AF_INET6, "x");
  extend(60, 16);
  extend(0, 2048);
  assert_int_equal(decode(length), PACKET_SEGMENT);
  assert_int_equal(got.segment.seq, 0x01020304);
  for (uint32_t n = 0; n < length; n++) assert_int_equal(decode(n), PACKET_MALFORMED);
  packet[41] = 255;
  put16(packet + 4, 2047); /* one octet less than the extension header takes */
  assert_int_equal(decode(length), PACKET_MALFORMED);
  make(AF_INET6, "x");
  extend(44, 8);
  assert_int_equal(decode(length), PACKET_SEGMENT); /* RFC 6946 */
  packet[43] = 1;
  assert_int_equal(decode(length), PACKET_FRAGMENT);
  put16(packet + 42, 8);
  assert_int_equal(decode(length), PACKET_FRAGMENT);
  make(AF_INET6, "x");
  extend(43, 8);
  assert_int_equal(decode(length), PACKET_OTHER);
}

/* RFC 9293 s3.9.2.3. */
static void not_one_host(void **state) {
  (void)state;
  static const uint8_t wrong[][4] = {{0}, {224, 0, 0, 1}, {255, 255, 255, 255}};
  for (uint32_t k = 0; k < 6; k++) {
    make(AF_INET, "");
    memcpy(packet + 12 + k % 2 * 4, wrong[k / 2], 4);
    mend(packet, 20);
    assert_int_equal(decode(length), PACKET_OTHER);
  }
  make(AF_INET6, "");
  packet[24] = 0xff;
  assert_int_equal(decode(length), PACKET_OTHER);
  make(AF_INET6, "");
  memset(packet + 8, 0, 16);
  assert_int_equal(decode(length), PACKET_OTHER);
}

/* MUST-48, MUST-49: hop limit and Diffserv field are as asked for, and nothing else is changed. */
static void service(void **state) {
  (void)state;
  static const uint8_t classes[] = {0, 46 * 4, 255};
  for (size_t k = 0; k < 2 * sizeof classes; k++) {
    bool v6 = k % 2 == 0;
    uint8_t before[PACKET_MAX], wanted = classes[k / 2];
    uint32_t header = packet_header(v6 ? AF_INET6 : AF_INET);
    make(v6 ? AF_INET6 : AF_INET, "text");
    memcpy(before, packet, length);
    packet_service(packet, 0, 0);
    assert_memory_equal(packet, before, length);
    packet_service(packet, 7, wanted);
    assert_int_equal(packet[v6 ? 7 : 8], 7);
    assert_int_equal(v6 ? packet[0] % 16u * 16u + packet[1] / 16u : packet[1], wanted);
    assert_int_equal(decode(length), PACKET_SEGMENT);
    assert_int_equal(got.segment.seq, 0x01020304);
    assert_memory_equal(packet + header, before + header, 24);
    packet_service(packet, 64, 0);
    assert_memory_equal(packet, before, length);
  }
}

static void ports_and_protocols(void **state) {
  (void)state;
  struct vtcp_segment s = example("");
  s.dst_port = 0;
  length = packet_encode(&A4, &B4, &s, packet, PACKET_MAX);
  assert_int_equal(decode(length), PACKET_MALFORMED);
  make(AF_INET, "");
  packet[9] = 17;
  mend(packet, 20);
  assert_int_equal(decode(length), PACKET_OTHER);
}

/* An ICMP message from B to A about a packet that A sent, of which so many octets are quoted. */
static void make_icmp(int family, uint32_t type, uint32_t code, uint32_t rest, uint32_t quoted) {
  bool v6 = family == AF_INET6;
  make(family, "some text");
  uint32_t header = packet_header(family), size = 8 + quoted;
  memmove(packet + header + 8, packet, quoted);
  uint8_t *icmp = packet + header;
  memset(packet, 0, header + 8);
  icmp[0] = (uint8_t)type;
  icmp[1] = (uint8_t)code;
  put16(icmp + 4, rest / 65536u);
  put16(icmp + 6, rest % 65536u);
  packet[0] = v6 ? 0x60 : 0x45;
  packet[v6 ? 6 : 9] = v6 ? 58 : 1;
  memcpy(packet + (v6 ? 8 : 12), v6 ? B6.ip : B4.ip, v6 ? 16 : 4);
  memcpy(packet + (v6 ? 24 : 16), v6 ? A6.ip : A4.ip, v6 ? 16 : 4);
  length = header + size;
  put16(packet + (v6 ? 4 : 2), v6 ? size : length);
  if (!v6) mend(packet, 20);
  uint64_t pseudo = v6 ? vtcp_checksum_ipv6(B6.ip, A6.ip, size) - 6 + 58 : 0;
  put16(icmp + 2, 65535u - vtcp_checksum_fold(vtcp_checksum_add(pseudo, icmp, size)));
}

static void about_the_segment(int family) {
  assert_int_equal(got.src.family, family);
  assert_memory_equal(got.src.ip, (family == AF_INET6 ? A6 : A4).ip, 16);
  assert_memory_equal(got.dst.ip, (family == AF_INET6 ? B6 : B4).ip, 16);
  assert_int_equal(got.src.port, 7000);
  assert_int_equal(got.dst.port, 80);
  assert_int_equal(got.seq, 0x01020304);
}

/* RFC 9293 s3.9.2.2. */
static void icmp_kinds(void **state) {
  (void)state;
  static const struct {
    int family;
    uint32_t type, first, last;
    enum packet_verdict verdict;
  } rows[] = {
      {AF_INET, 3, 0, 1, PACKET_SOFT_ERROR},  {AF_INET, 3, 2, 3, PACKET_HARD_ERROR},
      {AF_INET, 3, 4, 4, PACKET_TOO_BIG},     {AF_INET, 3, 5, 15, PACKET_SOFT_ERROR},
      {AF_INET, 4, 0, 0, PACKET_OTHER},       {AF_INET, 8, 0, 0, PACKET_OTHER},
      {AF_INET, 11, 0, 1, PACKET_SOFT_ERROR}, {AF_INET, 12, 0, 2, PACKET_SOFT_ERROR},
      {AF_INET6, 1, 0, 0, PACKET_SOFT_ERROR}, {AF_INET6, 1, 1, 1, PACKET_HARD_ERROR},
      {AF_INET6, 1, 2, 3, PACKET_SOFT_ERROR}, {AF_INET6, 1, 4, 4, PACKET_HARD_ERROR},
      {AF_INET6, 1, 5, 6, PACKET_SOFT_ERROR}, {AF_INET6, 2, 0, 0, PACKET_TOO_BIG},
      {AF_INET6, 3, 0, 1, PACKET_SOFT_ERROR}, {AF_INET6, 4, 0, 2, PACKET_SOFT_ERROR},
      {AF_INET6, 128, 0, 0, PACKET_OTHER},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
    for (uint32_t code = rows[k].first; code <= rows[k].last; code++) {
      make_icmp(rows[k].family, rows[k].type, code, 1400, packet_header(rows[k].family) + 8);
      assert_int_equal(decode(length), rows[k].verdict);
      if (rows[k].verdict == PACKET_OTHER) continue;
      about_the_segment(rows[k].family);
      if (rows[k].verdict == PACKET_TOO_BIG) assert_int_equal(got.mtu, 1400);
      packet[packet_header(rows[k].family) + 1] ^= 1;
      assert_int_equal(decode(length), PACKET_BAD_CHECKSUM);
    }
}

/* Routers that do not tell the MTU (RFC 1191 s5): one less than the size of the packet, from the table. */
static void plateaus(void **state) {
  (void)state;
  static const uint32_t sizes[][2] = {{65535, 32000}, {1500, 1492}, {1492, 1006}, {297, 296}, {296, 68}, {49, 68}};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
    make_icmp(AF_INET, 3, 4, 0, 49);
    put16(packet + 28 + 2, sizes[k][0]);
    put16(packet + 22, 0);
    put16(packet + 22, 65535u - vtcp_checksum_fold(vtcp_checksum_add(0, packet + 20, length - 20)));
    assert_int_equal(decode(length), PACKET_TOO_BIG);
    assert_int_equal(got.mtu, sizes[k][1]);
  }
}

static void icmp_quotes_too_little(void **state) {
  (void)state;
  for (int k = 0; k < 2; k++) {
    int family = k == 0 ? AF_INET : AF_INET6;
    for (uint32_t n = 0; n < packet_header(family) + 8; n++) {
      make_icmp(family, k == 0 ? 3 : 1, 3, 0, n);
      assert_int_equal(decode(length), PACKET_MALFORMED);
    }
  }
}

/* Any octets: no verdict but what there is, and no octet read that is not there (the sanitizer looks). */
static void any_octets(void **state) {
  (void)state;
  uint32_t seen = 0;
  srand(1);
  for (uint32_t round = 0; round < 200000; round++) {
    int family = round % 2 == 0 ? AF_INET : AF_INET6;
    if (round % 3 == 0)
      make_icmp(family, (uint32_t)rand() % 6, (uint32_t)rand() % 6, (uint32_t)rand(), (uint32_t)rand() % 70);
    else
      make(family, "some text");
    if (round % 5 == 0 && family == AF_INET6) extend(round % 2 == 0 ? 0 : 44, 8);
    for (int k = rand() % 4; k > 0; k--) packet[(uint32_t)rand() % length] = (uint8_t)rand();
    if (family == AF_INET && packet[0] == 0x45) mend(packet, 20);
    enum packet_verdict v = decode((uint32_t)rand() % 3 == 0 ? (uint32_t)rand() % length : length);
    assert_true(v <= PACKET_OTHER);
    seen |= 1u << v;
  }
  assert_int_equal(seen, (1u << (PACKET_OTHER + 1)) - 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ipv4_octets),
      cmocka_unit_test(ipv6_octets),
      cmocka_unit_test(round_trips),
      cmocka_unit_test(longest),
      cmocka_unit_test(cut_short),
      cmocka_unit_test(flipped_bits),
      cmocka_unit_test(the_other_zero),
      cmocka_unit_test(lengths_that_lie),
      cmocka_unit_test(fragments),
      cmocka_unit_test(ipv4_options),
      cmocka_unit_test(ipv6_extensions),
      cmocka_unit_test(not_one_host),
      cmocka_unit_test(service),
      cmocka_unit_test(ports_and_protocols),
      cmocka_unit_test(icmp_kinds),
      cmocka_unit_test(plateaus),
      cmocka_unit_test(icmp_quotes_too_little),
      cmocka_unit_test(any_octets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
