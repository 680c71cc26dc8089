/*
 * The invariant of a connection as code: the twin of tcb_inv in spec/tcb.acsl, predicate by predicate and clause by
 * clause. Each function returns NULL, or the predicate and the clause that does not hold.
 */
#ifndef VTCP_TESTS_INV_H
#define VTCP_TESTS_INV_H

#include "vtcp.h"

/* tcb_inv but for tcb_mem, which the sanitizers see to, and vtcp_quiet while CLOSED. */
const char *inv_broken(const struct vtcp *c);

/* T7, after vtcp_output has returned false: what is queued or outstanding has a timer, and what was due has left. */
const char *inv_idle_broken(const struct vtcp *c, uint64_t now);

/* The same connection further on in both streams: offsets grow by this much, sequence numbers stay what they are. The
   window ends where offsets end. The invariant may not hold any more: there may be no room. */
void inv_advance(struct vtcp *c, int64_t by);

/* Whether one call may take a connection from a state to another one (RFC 9293 figure 5). */
bool inv_may_follow(enum vtcp_state from, enum vtcp_state to);

#endif
