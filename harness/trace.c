#include "trace.h"

#include <sodium.h>
#include <string.h>

void trace_add(struct trace *t, const struct trace_record *r) {
  if (t == NULL) return;
  if (t->count < TRACE_HEAD)
    t->head[t->count] = *r;
  else
    t->tail[(t->count - TRACE_HEAD) % TRACE_TAIL] = *r;
  t->count++;
}

void trace_state(struct trace *t, uint64_t now, enum vtcp_state state) {
  struct trace_record r = {.time = now, .kind = TRACE_STATE, .state = (uint8_t)state};
  trace_add(t, &r);
}

void trace_segment(struct trace *t, uint64_t now, enum trace_kind kind, const struct vtcp_segment *s,
                   enum vtcp_state state, uint64_t print, unsigned fate) {
  struct trace_record r = {.time = now,
                           .print = print,
                           .seq = s->seq,
                           .ack = s->ack,
                           .len = s->text_len + s->more_len,
                           .flags = s->flags,
                           .wnd = s->wnd,
                           .mss = s->mss,
                           .wscale = s->wscale,
                           .has_mss = s->has_mss,
                           .has_wscale = s->has_wscale,
                           .kind = (uint8_t)kind,
                           .state = (uint8_t)state,
                           .fate = (uint8_t)fate};
  trace_add(t, &r);
}

uint32_t trace_kept(const struct trace *t) {
  return t->count < TRACE_HEAD + TRACE_TAIL ? (uint32_t)t->count : TRACE_HEAD + TRACE_TAIL;
}

const struct trace_record *trace_get(const struct trace *t, uint32_t i) {
  if (i < TRACE_HEAD) return &t->head[i];
  uint64_t dropped = t->count > TRACE_HEAD + TRACE_TAIL ? t->count - TRACE_HEAD - TRACE_TAIL : 0;
  return &t->tail[(dropped + i - TRACE_HEAD) % TRACE_TAIL];
}

uint64_t trace_print(const uint8_t *octets, uint32_t len) {
  static const uint8_t key[crypto_shorthash_KEYBYTES] = {0};
  uint8_t hash[crypto_shorthash_BYTES];
  uint64_t print = 0;
  (void)crypto_shorthash(hash, octets, len, key);
  memcpy(&print, hash, sizeof print < sizeof hash ? sizeof print : sizeof hash);
  return print;
}
