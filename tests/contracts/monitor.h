/*
 * Run-time support of the monitors that generate.py makes of the contracts in core/: what is valid memory, what is told
 * when a clause does not hold.
 *
 * Memory is valid when AddressSanitizer does not know it as poisoned (outside an object, freed, left) and the process
 * has it mapped, for writing where the clause says \valid. Needs gcc; one thread.
 */
#ifndef VTCP_TESTS_CONTRACTS_MONITOR_H
#define VTCP_TESTS_CONTRACTS_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 Z; /* the integers of ACSL, as far as they go */

struct monitor_region {
  uintptr_t at;
  Z size; /* octets; not positive: empty */
};

/* The elements [lo, hi] of an array of elements of size octets. */
static inline struct monitor_region monitor_region(const void *p, size_t size, Z lo, Z hi) {
  uintptr_t at = (uintptr_t)p + (uintptr_t)(lo * (Z)size);
  return (struct monitor_region){.at = at, .size = (hi - lo + 1) * (Z)size};
}

bool monitor_valid(struct monitor_region r, bool writable);
bool monitor_separated(int count, const struct monitor_region *regions);

static inline Z monitor_min(Z a, Z b) { return a < b ? a : b; }
static inline Z monitor_max(Z a, Z b) { return a > b ? a : b; }
static inline Z monitor_abs(Z a) { return a < 0 ? -a : a; }

/* spec/sequence.mlw: wire */
static inline Z monitor_wire(Z offset, Z isn) {
  Z rest = (offset + isn) % 4294967296;
  return rest < 0 ? rest + 4294967296 : rest;
}

/* spec/window.mlw: window_unit; of scales up to 100 */
static inline Z monitor_window_unit(Z scale) { return scale <= 0 ? 1 : (Z)1 << scale; }

/* The first part of a clause that was found false; NULL: none. */
extern const char *monitor_why;

static inline bool monitor_said(bool holds, const char *text) {
  if (!holds && monitor_why == NULL) monitor_why = text;
  return holds;
}

/* A predicate where being false is no failure. */
#define monitor_quiet(call)                                                                                            \
  __extension__({                                                                                                      \
    const char *monitor_kept = monitor_why;                                                                            \
    bool monitor_holds = (call);                                                                                       \
    monitor_why = monitor_kept;                                                                                        \
    monitor_holds;                                                                                                     \
  })

struct monitor_clause {
  const char *function, *kind, *label, *text;
};

/* Tells which clause does not hold, and aborts. */
_Noreturn void monitor_stop(const struct monitor_clause *clause);

#define MONITOR(clause, holds)                                                                                         \
  do {                                                                                                                 \
    monitor_why = NULL;                                                                                                \
    if (!(holds)) monitor_stop(clause);                                                                                \
  } while (0)

/* Every clause of a public function's `requires`; the last has function NULL. */
extern const struct monitor_clause monitor_public_requires[];

/* Calls so far of each wrapped function, in the order of monitor_names; for MONITOR_CALLS. */
extern const char *const monitor_names[];
extern unsigned long long monitor_calls[];

/* NULL: the invariant of the connection (spec/tcb.acsl) holds; otherwise the first part of it that does not. */
struct vtcp;
const char *monitor_tcb_inv(const struct vtcp *c);

/* Its parts, each a predicate of spec/; the last has name NULL. */
struct monitor_part {
  const char *name;
  bool (*holds)(const struct vtcp *c);
};
extern const struct monitor_part monitor_parts[];

#endif
