/* What agree.c compares: parts of the invariant, as E-ACSL has them. */
#ifndef VTCP_TESTS_CONTRACTS_AGREE_H
#define VTCP_TESTS_CONTRACTS_AGREE_H

struct vtcp;

struct agree_part {
  const char *name;
  void (*check)(struct vtcp *c); /* calls __e_acsl_assert */
};

extern const struct agree_part agree_eacsl[]; /* the last has name NULL */

/* Whether an assertion was false since this was last set to 0. */
extern int agree_false;

#endif
