#include "table.h"

#include <stdlib.h>
#include <string.h>

bool table_init(struct table *t, uint32_t cap, uint32_t half_open_max) {
  *t = (struct table){.slots = calloc(cap, sizeof(struct connection *)), .cap = cap, .half_open_max = half_open_max};
  return t->slots != NULL;
}

void table_free(struct table *t) {
  while (t->used > 0) table_remove(t, t->used - 1u);
  free(t->slots);
  t->slots = NULL;
}

struct connection *table_find(const struct table *t, const struct udp_address *local, const struct udp_address *peer,
                              uint16_t local_port, uint16_t remote_port) {
  for (uint32_t i = 0; i < t->used; i++) {
    struct connection *c = t->slots[i];
    if (c->ended || c->local_port != local_port || c->remote_port != remote_port) continue;
    if (udp_same(&c->peer, peer) && memcmp(c->local.ip, local->ip, sizeof local->ip) == 0) return c;
  }
  return NULL;
}

struct connection *table_add(struct table *t, uint32_t buffer) {
  if (t->used == t->cap) return NULL;
  struct connection *c = calloc(1, sizeof *c);
  uint8_t *buffers = c == NULL ? NULL : malloc(2u * (size_t)buffer);
  if (buffers == NULL) {
    free(c);
    return NULL;
  }
  c->buffers = buffers;
  t->slots[t->used++] = c;
  return c;
}

enum vtcp_state table_state(const struct connection *c) {
  struct vtcp_status s;
  vtcp_status(&c->tcb, &s);
  return s.state;
}

uint32_t table_half_open(const struct table *t) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->used; i++)
    if (!t->slots[i]->established) n++;
  return n;
}

void table_remove(struct table *t, uint32_t i) {
  struct connection *c = t->slots[i];
  t->slots[i] = t->slots[--t->used];
  free(c->buffers);
  free(c);
}
