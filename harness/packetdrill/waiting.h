/*
 * Threads that wait. One thread, the owner, moves virtual time and never waits; calls that block come from others.
 *
 * Time must not pass between the moment when such a call can go on and the moment when its thread reads the clock.
 * So everything that changes something counts up a generation, and before time passes every waiting thread has looked
 * at the latest generation: it either waits again, or has returned and made its next call, which is to read the clock.
 */
#ifndef HARNESS_PACKETDRILL_WAITING_H
#define HARNESS_PACKETDRILL_WAITING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define WAITING_AWAKE_MAX 16

struct waiter {
  struct waiter *next;
  uint64_t seen;  /* generation */
  uint64_t until; /* virtual time */
};

/* A thread that was woken and has not read the clock. */
struct awake {
  pthread_t thread;
  bool next_call; /* it has left the call in which it waited */
};

struct waiting {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  pthread_t owner;
  uint64_t generation;
  struct waiter *waiters;
  struct awake awake[WAITING_AWAKE_MAX];
  unsigned awake_count;
  bool others; /* threads that are not the owner have made calls */
  bool stopping;
};

/* The calling thread is the owner. */
void waiting_init(struct waiting *w);
/* Wakes all, gives them some real time to leave. */
void waiting_stop(struct waiting *w);

/* Every call from outside is between these two: the lock is held. */
void waiting_enter(struct waiting *w);
void waiting_leave(struct waiting *w);

/* Something has changed that a waiting call may go on with. */
void waiting_touch(struct waiting *w);
/* Returns when no thread is on its way to read the clock, or this one is; after some real time in any case. */
void waiting_settle(struct waiting *w);
/* Some real time for other threads to do something; false: they did nothing. */
bool waiting_grace(struct waiting *w);

bool waiting_owner(const struct waiting *w);
/* Returns when something has changed or virtual time has come to until. Not for the owner. False: no more waiting. */
bool waiting_pause(struct waiting *w, uint64_t until);
/* The earliest time that a waiting thread waits for; UINT64_MAX: none. */
uint64_t waiting_deadline(const struct waiting *w);
/* Wakes the threads whose time has come. */
void waiting_expire(struct waiting *w, uint64_t now);

#endif
