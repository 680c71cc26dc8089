/*
 * What one observer saw of one connection: segments and changes of state, the first and the last so many of them.
 * The store has no pointers, so that processes can share it.
 */
#ifndef HARNESS_TRACE_H
#define HARNESS_TRACE_H

#include "vtcp.h"

#define TRACE_HEAD 32768u
#define TRACE_TAIL 32768u

enum trace_kind { TRACE_STATE, TRACE_SENT, TRACE_RECEIVED, TRACE_ENTERED, TRACE_LEFT };

struct trace_record {
  uint64_t time;
  uint64_t print; /* fingerprint of the datagram */
  uint64_t entry; /* TRACE_ENTERED and TRACE_LEFT: which datagram on the path */
  uint32_t seq, ack, len;
  uint16_t flags, wnd, mss, wscale;
  bool has_mss, has_wscale;
  uint8_t kind;  /* enum trace_kind */
  uint8_t state; /* enum vtcp_state, after it */
  uint8_t fate;  /* TRACE_ENTERED, TRACE_SENT: what befell it on the path */
  uint8_t side;  /* TRACE_ENTERED, TRACE_LEFT: 0 from the client, 1 from the server */
};

struct trace {
  uint64_t count; /* of all records, kept or not */
  struct trace_record head[TRACE_HEAD], tail[TRACE_TAIL];
};

/* All zeros is an empty trace. NULL everywhere: no trace is wanted. */
void trace_add(struct trace *t, const struct trace_record *r);
void trace_state(struct trace *t, uint64_t now, enum vtcp_state state);
void trace_segment(struct trace *t, uint64_t now, enum trace_kind kind, const struct vtcp_segment *s,
                   enum vtcp_state state, uint64_t print, unsigned fate);

/* How many records are kept, and the i-th of them. */
uint32_t trace_kept(const struct trace *t);
const struct trace_record *trace_get(const struct trace *t, uint32_t i);

/* Equal datagrams have equal fingerprints. */
uint64_t trace_print(const uint8_t *octets, uint32_t len);

#endif
