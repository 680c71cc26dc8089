#include "waiting.h"

#include <errno.h>
#include <time.h>

/* Real time, milliseconds: after that a thread that was woken is taken not to read the clock. A busy machine may keep
   a thread from running for long. */
#define SETTLE_MS 10000
#define GRACE_MS 100         /* no other thread has ever called */
#define GRACE_OTHERS_MS 3000 /* one has, and may again */

void waiting_init(struct waiting *w) {
  pthread_condattr_t attributes;
  *w = (struct waiting){.owner = pthread_self()};
  (void)pthread_mutex_init(&w->lock, NULL);
  (void)pthread_condattr_init(&attributes);
  (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  (void)pthread_cond_init(&w->changed, &attributes);
  (void)pthread_condattr_destroy(&attributes);
}

static struct timespec from_now(long ms) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_nsec += ms * 1000000;
  t.tv_sec += t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  return t;
}

/* The calling thread's place among those that are awake; NULL: it is not. */
static struct awake *awake_self(struct waiting *w) {
  for (unsigned i = 0; i < w->awake_count; i++)
    if (pthread_equal(w->awake[i].thread, pthread_self())) return &w->awake[i];
  return NULL;
}

static void awake_remove(struct waiting *w) {
  struct awake *self = awake_self(w);
  if (self == NULL) return;
  *self = w->awake[--w->awake_count];
  (void)pthread_cond_broadcast(&w->changed);
}

static void awake_add(struct waiting *w) {
  if (w->awake_count < WAITING_AWAKE_MAX) w->awake[w->awake_count++] = (struct awake){.thread = pthread_self()};
}

/* Some thread has yet to look at the latest generation, or to read the clock. */
static bool unsettled(const struct waiting *w) {
  for (const struct waiter *i = w->waiters; i != NULL; i = i->next)
    if (i->seen != w->generation) return true;
  return w->awake_count > 0;
}

void waiting_settle(struct waiting *w) {
  struct timespec limit = from_now(SETTLE_MS);
  if (awake_self(w) != NULL) return;
  while (unsettled(w))
    if (pthread_cond_timedwait(&w->changed, &w->lock, &limit) == ETIMEDOUT) {
      w->awake_count = 0;
      return;
    }
}

bool waiting_grace(struct waiting *w) {
  struct timespec limit = from_now(w->others ? GRACE_OTHERS_MS : GRACE_MS);
  uint64_t generation = w->generation;
  while (w->generation == generation)
    if (pthread_cond_timedwait(&w->changed, &w->lock, &limit) == ETIMEDOUT) return w->generation != generation;
  return true;
}

void waiting_enter(struct waiting *w) {
  (void)pthread_mutex_lock(&w->lock);
  struct awake *self = awake_self(w);
  w->others = w->others || !waiting_owner(w);
  if (self != NULL) self->next_call = true;
  waiting_settle(w);
}

void waiting_leave(struct waiting *w) {
  int error = errno;
  const struct awake *self = awake_self(w);
  if (self != NULL && self->next_call) awake_remove(w);
  (void)pthread_mutex_unlock(&w->lock);
  errno = error;
}

void waiting_touch(struct waiting *w) {
  w->generation++;
  (void)pthread_cond_broadcast(&w->changed);
}

bool waiting_owner(const struct waiting *w) { return pthread_equal(w->owner, pthread_self()) != 0; }

static void unlink_waiter(struct waiting *w, const struct waiter *self) {
  struct waiter **at = &w->waiters;
  while (*at != self) at = &(*at)->next;
  *at = self->next;
}

bool waiting_pause(struct waiting *w, uint64_t until) {
  struct waiter self = {.next = w->waiters, .seen = w->generation, .until = until};
  if (w->stopping) return false;
  awake_remove(w);
  w->waiters = &self; // cppcheck-suppress autoVariables ; unlinked before this returns
  (void)pthread_cond_broadcast(&w->changed);
  while (self.seen == w->generation && !w->stopping) (void)pthread_cond_wait(&w->changed, &w->lock);
  unlink_waiter(w, &self);
  awake_add(w);
  if (w->stopping) (void)pthread_cond_broadcast(&w->changed);
  return !w->stopping;
}

uint64_t waiting_deadline(const struct waiting *w) {
  uint64_t earliest = UINT64_MAX;
  for (const struct waiter *i = w->waiters; i != NULL; i = i->next)
    if (i->until < earliest) earliest = i->until;
  return earliest;
}

void waiting_expire(struct waiting *w, uint64_t now) {
  bool some = false;
  for (struct waiter *i = w->waiters; i != NULL; i = i->next) {
    if (i->until > now) continue;
    i->until = UINT64_MAX; /* told once, even if it does not run in time */
    some = true;
  }
  if (some) waiting_touch(w);
}

void waiting_stop(struct waiting *w) {
  struct timespec limit = from_now(SETTLE_MS);
  w->stopping = true;
  (void)pthread_cond_broadcast(&w->changed);
  while (w->waiters != NULL)
    if (pthread_cond_timedwait(&w->changed, &w->lock, &limit) == ETIMEDOUT) return;
}
