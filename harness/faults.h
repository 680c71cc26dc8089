/*
 * A bad path, one direction of it: datagrams are lost, duplicated, held back so that later ones overtake them,
 * delayed and corrupted. What befalls the n-th datagram depends on the seed and n alone.
 *
 * Corruption changes one octet, which the Internet checksum always shows. Where a checksum of our own covers the
 * datagram (framing whole with checksums) it is delivered so; elsewhere the UDP checksum would have made the
 * receiver's kernel drop it, and so does this path, and counts it.
 */
#ifndef HARNESS_FAULTS_H
#define HARNESS_FAULTS_H

#include "udp.h"

#define FAULTS_HELD_MAX 4096u /* datagrams under way at most; more are dropped and counted */

/* What befell a datagram: a sum. */
#define FATE_LOST 1u
#define FATE_DUPLICATED 2u
#define FATE_REORDERED 4u
#define FATE_CORRUPTED 8u
#define FATE_OVERFLOWED 16u

struct faults_config {
  uint64_t loss, duplicate, reorder, corrupt; /* of a million datagrams */
  uint64_t delay;                             /* microseconds, one way */
  uint64_t seed;
  bool deliver_corrupted;
};

struct faults_counts {
  uint64_t datagrams, lost, duplicated, reordered, corrupted, overflowed, delivered;
};

struct faults_datagram {
  uint64_t due, order;
  uint64_t number; /* the number of the faults_put it came by, from 1 on; a duplicate has the same */
  struct udp_address local, peer;
  uint32_t len;
  uint8_t octets[];
};

struct faults {
  struct faults_config config;
  struct faults_counts counts;
  uint64_t random, order; /* the generator's state; datagrams held so far */
  uint32_t held;
  struct faults_datagram *heap[FAULTS_HELD_MAX]; /* the one that is due first is heap[0] */
};

/* The same faults for the other direction, with a fate of its own. */
struct faults_config faults_back(const struct faults_config *config);

void faults_init(struct faults *f, const struct faults_config *config);
void faults_free(struct faults *f);

/* Whether the path does anything at all. */
bool faults_active(const struct faults *f);

/* Takes a copy of a datagram at time now; returns its fate. */
unsigned faults_put(struct faults *f, uint64_t now, const struct udp_address *local, const struct udp_address *peer,
                    const uint8_t *octets, uint32_t len);

/* The next datagram that has come through by now, to be freed by the caller; NULL: none. */
struct faults_datagram *faults_take(struct faults *f, uint64_t now);

/* When faults_take has something; VTCP_NEVER: not before another faults_put. */
uint64_t faults_deadline(const struct faults *f);

#endif
