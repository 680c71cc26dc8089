#include "records.h"

#include <string.h>

/* libFuzzer has it; where it is missing nobody calls the mutator. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

struct records records_of(const uint8_t *data, size_t size) {
  size_t count = size / RECORD;
  return (struct records){data, count < RECORDS_MAX ? count : RECORDS_MAX, 0};
}

const uint8_t *records_next(struct records *r) { return r->next < r->count ? r->data + RECORD * r->next++ : NULL; }

uint32_t record_value(const uint8_t *r) {
  return (uint32_t)r[8] << 24 | (uint32_t)r[9] << 16 | (uint32_t)r[10] << 8 | r[11];
}

/* ---- the mutator ---- */

static size_t below(unsigned *seed, size_t n) {
  *seed = *seed * 1103515245u + 12345u;
  return n == 0 ? 0 : (*seed >> 8) % n;
}

/* Opens a gap of n records at record k. */
static void open_gap(uint8_t *data, size_t count, size_t k, size_t n) {
  memmove(data + RECORD * (k + n), data + RECORD * k, RECORD * (count - k));
}

/* A run of records again at another place. */
static size_t repeat(uint8_t *data, size_t count, size_t room, unsigned *seed) {
  size_t from = below(seed, count), n = 1 + below(seed, count - from < 8 ? count - from : 8);
  size_t to = below(seed, count + 1);
  uint8_t copy[8 * RECORD];
  if (n > room) return count;
  memcpy(copy, data + RECORD * from, RECORD * n);
  open_gap(data, count, to, n);
  memcpy(data + RECORD * to, copy, RECORD * n);
  return count + n;
}

static size_t cut(uint8_t *data, size_t count, unsigned *seed) {
  size_t from = below(seed, count), n = 1 + below(seed, count - from < 8 ? count - from : 8);
  memmove(data + RECORD * from, data + RECORD * (from + n), RECORD * (count - from - n));
  return count - n;
}

static size_t insert(uint8_t *data, size_t count, size_t room, unsigned *seed) {
  size_t at = below(seed, count + 1);
  if (room == 0) return count;
  open_gap(data, count, at, 1);
  for (size_t i = 0; i < RECORD; i++)
    data[RECORD * at + i] = (uint8_t)(below(seed, 3) > 0 ? below(seed, 16) : below(seed, 256));
  return count + 1;
}

static void swap(uint8_t *data, size_t count, unsigned *seed) {
  uint8_t *a = data + RECORD * below(seed, count), *b = data + RECORD * below(seed, count), copy[RECORD];
  memcpy(copy, a, RECORD);
  memmove(a, b, RECORD);
  memcpy(b, copy, RECORD);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  size_t count = size / RECORD, room = max_size / RECORD - count;
  if (count == 0) return RECORD * insert(data, 0, max_size / RECORD, &seed);
  switch (below(&seed, 8)) {
  case 0: return RECORD * repeat(data, count, room, &seed);
  case 1: return RECORD * (count > 1 ? cut(data, count, &seed) : count);
  case 2: return RECORD * insert(data, count, room, &seed);
  case 3: swap(data, count, &seed); return RECORD * count;
  case 4: /* mixes everything, as the fuzzer likes */ return LLVMFuzzerMutate(data, size, max_size);
  default: /* inside one record */
    LLVMFuzzerMutate(data + RECORD * below(&seed, count), RECORD, RECORD);
    return RECORD * count;
  }
}

/* ---- segments ---- */

static uint32_t pick_len(uint8_t how, uint32_t value, const struct vtcp_status *t) {
  uint32_t n = how < 64    ? 0
               : how < 128 ? how - 63u
               : how < 192 ? value % (t->snd_mss + 1u)
               : how < 208 ? t->rcv_wnd
               : how < 224 ? t->rcv_wnd + 1
               : how < 240 ? value % TEXT_MAX
                           : t->snd_mss;
  return n < TEXT_MAX ? n : TEXT_MAX;
}

static uint32_t pick_seq(uint8_t how, uint32_t value, uint32_t len, const struct vtcp_status *t) {
  switch (how % 16u) {
  case 4: return t->rcv_nxt + t->rcv_wnd;
  case 5: return t->irs;
  case 6: return t->rcv_nxt - len;
  case 7: return t->rcv_nxt + t->rcv_wnd - len;
  case 8: return t->rcv_nxt + t->rcv_wnd / 2;
  case 9: return value;
  case 10: return t->rcv_nxt + (uint32_t)(value % (t->rcv_wnd + (uint64_t)1));
  case 11: return t->rcv_nxt + 0x80000000u;
  case 12: return t->rcv_nxt - len / 2;
  default: return t->rcv_nxt;
  }
}

static uint32_t pick_ack(uint8_t how, uint32_t value, const struct vtcp_status *t) {
  switch (how % 16u) {
  case 4:
  case 5: return t->snd_una;
  case 6: return t->iss;
  case 7: return t->snd_una + (uint32_t)(value % (t->snd_nxt - t->snd_una + (uint64_t)1));
  case 8: return value;
  case 9: return t->snd_una + 0x80000000u;
  case 10: return t->snd_una - t->snd_wnd;
  case 11: return 0;
  default: return t->snd_nxt;
  }
}

static uint16_t pick_flags(uint8_t how) {
  static const uint16_t plausible[] = {VTCP_ACK,
                                       VTCP_ACK,
                                       VTCP_ACK | VTCP_PSH,
                                       VTCP_SYN,
                                       VTCP_SYN | VTCP_ACK,
                                       VTCP_FIN | VTCP_ACK,
                                       VTCP_RST,
                                       VTCP_RST | VTCP_ACK,
                                       VTCP_ACK | VTCP_URG,
                                       VTCP_FIN | VTCP_ACK | VTCP_PSH | VTCP_URG,
                                       VTCP_SYN | VTCP_FIN,
                                       0,
                                       VTCP_SYN | VTCP_ACK | VTCP_FIN,
                                       VTCP_FIN,
                                       VTCP_ACK | VTCP_ECE | VTCP_CWR,
                                       VTCP_SYN | VTCP_RST};
  return how < 192 ? plausible[how % 16u] : how;
}

static void pick_options(uint8_t how, uint32_t value, struct vtcp_segment *g) {
  g->has_mss = (how & 1u) != 0;
  g->mss = (how & 128u) != 0 ? (uint16_t)value : (uint16_t)(500 + value % 1000u);
  g->has_wscale = (how & 2u) != 0;
  g->wscale = (uint16_t)(value % 15u);
  g->sack_permitted = (how & 4u) != 0;
  g->has_ts = (how & 8u) != 0;
  g->tsval = value;
  g->tsecr = ~value;
  g->sack_count = (uint16_t)((how >> 4) % 5u);
  for (uint32_t i = 0; i < g->sack_count; i++) {
    g->sack_left[i] = value + i;
    g->sack_right[i] = value + 2 * i;
  }
  uint8_t header[VTCP_HEADER_MAX];
  if (vtcp_segment_emit(g, header, sizeof header) == 0) g->sack_count = 0; /* not all of them fit */
}

/* Mostly 0, often one to either side of an edge, at most 41, modulo 2^32. */
static uint32_t beside(uint8_t o) {
  return o < 112 ? 0 : o < 144 ? 1 : o < 176 ? UINT32_MAX : o < 216 ? o - 174u : 214u - o;
}

struct vtcp_segment near_segment(const uint8_t *r, const struct vtcp_status *t, enum side from, uint8_t *text) {
  struct vtcp_segment g;
  uint32_t value = record_value(r);
  memset(&g, 0, sizeof g);
  g.src_port = t->remote_port != 0 ? t->remote_port : 7;
  g.dst_port = t->local_port;
  g.flags = pick_flags(r[1]);
  g.text_len = pick_len(r[5], value, t);
  g.seq = pick_seq(r[2], value, g.text_len, t) + beside(r[3]);
  g.ack = pick_ack(r[2] >> 4, value, t) + beside(r[4]);
  g.wnd = r[6] < 16 ? r[6] : r[6] < 128 ? UINT16_MAX : (uint16_t)value;
  g.urg = (uint16_t)(value >> 16);
  pick_options(r[7], value, &g);
  uint32_t first = g.seq + ((g.flags & VTCP_SYN) != 0 ? 1 : 0);
  for (uint32_t i = 0; i < g.text_len; i++) text[i] = sim_octet(from, first + i);
  g.text = text;
  return g;
}
