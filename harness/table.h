/* The connections of one link. Their number is bounded, and that of those not yet established too. */
#ifndef HARNESS_TABLE_H
#define HARNESS_TABLE_H

#include "stream.h"
#include "udp.h"
#include "vtcp.h"

#define TABLE_MAX 1024u /* connections at most */

struct connection {
  uint64_t id; /* 1, 2, ... in the order of opening */
  struct vtcp tcb;
  struct udp_address local, peer; /* of the datagrams or packets */
  uint16_t local_port, remote_port;
  uint8_t *buffers;
  struct stream stream;
  bool established;
  uint64_t half_open_until; /* to be aborted then unless established; VTCP_NEVER: no such limit */
  enum vtcp_state seen;     /* the state that was logged last */
  uint64_t since;           /* when it entered it */
  bool ended;               /* in CLOSED for good */
  const char *why;          /* why we aborted it; NULL: we did not */
  bool warned;              /* an ICMP error that did not end it has been told */
};

struct table {
  struct connection **slots;
  uint32_t cap, used, half_open_max;
};

/* cap: at most TABLE_MAX. False: out of memory. */
bool table_init(struct table *t, uint32_t cap, uint32_t half_open_max);
void table_free(struct table *t);

/* The connection that a datagram with these addresses and ports belongs to, or NULL. */
struct connection *table_find(const struct table *t, const struct udp_address *local, const struct udp_address *peer,
                              uint16_t local_port, uint16_t remote_port);

/* A zeroed connection with two buffers of the given size one after the other; NULL: the table or memory is full. */
struct connection *table_add(struct table *t, uint32_t buffer);

enum vtcp_state table_state(const struct connection *c);

/* How many are not yet established. */
uint32_t table_half_open(const struct table *t);

/* Forgets slots[i]; the last one takes its place. */
void table_remove(struct table *t, uint32_t i);

#endif
