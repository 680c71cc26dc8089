#include "faults.h"

#include <stdlib.h>
#include <string.h>

#include "vtcp.h"

#define MILLION 1000000u

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(struct faults *f) {
  f->random += 0x9e3779b97f4a7c15u;
  uint64_t z = f->random;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

struct faults_config faults_back(const struct faults_config *config) {
  struct faults_config back = *config;
  back.seed ^= 0x5555555555555555u;
  return back;
}

void faults_init(struct faults *f, const struct faults_config *config) {
  memset(f, 0, sizeof *f);
  f->config = *config;
  f->random = config->seed;
}

void faults_free(struct faults *f) {
  while (f->held > 0) free(f->heap[--f->held]);
}

bool faults_active(const struct faults *f) {
  const struct faults_config *c = &f->config;
  return c->loss > 0 || c->duplicate > 0 || c->reorder > 0 || c->corrupt > 0 || c->delay > 0;
}

static bool earlier(const struct faults_datagram *a, const struct faults_datagram *b) {
  return a->due < b->due || (a->due == b->due && a->order < b->order);
}

static void heap_push(struct faults *f, struct faults_datagram *d) {
  uint32_t i = f->held++;
  for (uint32_t above; i > 0; i = above) {
    above = (i - 1) / 2;
    if (!earlier(d, f->heap[above])) break;
    f->heap[i] = f->heap[above];
  }
  f->heap[i] = d;
}

static struct faults_datagram *heap_pop(struct faults *f) {
  struct faults_datagram *first = f->heap[0], *last = f->heap[--f->held];
  uint32_t i = 0;
  for (uint32_t child = 1; child < f->held; child = 2 * i + 1) {
    if (child + 1 < f->held && earlier(f->heap[child + 1], f->heap[child])) child++;
    if (!earlier(f->heap[child], last)) break;
    f->heap[i] = f->heap[child];
    i = child;
  }
  f->heap[i] = last;
  return first;
}

static bool hold(struct faults *f, uint64_t due, const struct udp_address *local, const struct udp_address *peer,
                 const uint8_t *octets, uint32_t len, struct faults_datagram **out) {
  struct faults_datagram *d = f->held < FAULTS_HELD_MAX ? malloc(sizeof *d + len) : NULL;
  if (d == NULL) {
    f->counts.overflowed++;
    return false;
  }
  *d = (struct faults_datagram){.due = due,
                                .order = f->order++,
                                .number = f->counts.datagrams,
                                .local = *local,
                                .peer = *peer,
                                .len = len};
  memcpy(d->octets, octets, len);
  heap_push(f, d);
  *out = d;
  return true;
}

/* Every datagram takes the same number of draws, whatever befalls it. */
static unsigned decide(struct faults *f, uint64_t *held_back, uint64_t *spot, uint8_t *change) {
  const struct faults_config *c = &f->config;
  unsigned fate = 0;
  if (draw(f) % MILLION < c->loss) fate |= FATE_LOST;
  if (draw(f) % MILLION < c->duplicate) fate |= FATE_DUPLICATED;
  if (draw(f) % MILLION < c->reorder) fate |= FATE_REORDERED;
  if (draw(f) % MILLION < c->corrupt) fate |= FATE_CORRUPTED;
  uint64_t step = c->delay > 1000u ? c->delay : 1000u;
  *held_back = step / 2 + draw(f) % (2 * step);
  *spot = draw(f);
  *change = (uint8_t)(1u + draw(f) % 255u);
  return fate & FATE_LOST ? FATE_LOST : fate;
}

static void count(struct faults *f, unsigned fate) {
  f->counts.datagrams++;
  if (fate & FATE_LOST) f->counts.lost++;
  if (fate & FATE_DUPLICATED) f->counts.duplicated++;
  if (fate & FATE_REORDERED) f->counts.reordered++;
  if (fate & FATE_CORRUPTED) f->counts.corrupted++;
}

unsigned faults_put(struct faults *f, uint64_t now, const struct udp_address *local, const struct udp_address *peer,
                    const uint8_t *octets, uint32_t len) {
  uint64_t held_back, spot;
  uint8_t change;
  struct faults_datagram *d = NULL;
  unsigned fate = decide(f, &held_back, &spot, &change);
  count(f, fate);
  if (fate & FATE_LOST) return fate;
  uint64_t due = now + f->config.delay;
  if ((fate & FATE_DUPLICATED) && !hold(f, due, local, peer, octets, len, &d)) fate |= FATE_OVERFLOWED;
  if ((fate & FATE_CORRUPTED) && !f->config.deliver_corrupted) return fate;
  if (!hold(f, (fate & FATE_REORDERED) ? due + held_back : due, local, peer, octets, len, &d))
    return fate | FATE_OVERFLOWED;
  if ((fate & FATE_CORRUPTED) && len > 0) d->octets[spot % len] ^= change;
  return fate;
}

struct faults_datagram *faults_take(struct faults *f, uint64_t now) {
  if (f->held == 0 || f->heap[0]->due > now) return NULL;
  f->counts.delivered++;
  return heap_pop(f);
}

uint64_t faults_deadline(const struct faults *f) { return f->held == 0 ? VTCP_NEVER : f->heap[0]->due; }
