/* How many acknowledgments segments that carry nothing may draw out (RFC 5961 s7). */
#ifndef VTCP_POLICY_CHALLENGE_H
#define VTCP_POLICY_CHALLENGE_H

#include <stdbool.h>
#include <stdint.h>

#define VTCP_CHALLENGE_MAX 10u          /* in each interval, per connection */
#define VTCP_CHALLENGE_INTERVAL 5000000u /* microseconds */

struct vtcp_challenge {
  uint64_t since; /* begin of the interval */
  uint32_t count; /* sent in it */
};

void vtcp_challenge_init(struct vtcp_challenge *ch);

/* Takes one from the budget; false when there is none left. */
bool vtcp_challenge_take(struct vtcp_challenge *ch, uint64_t now);

#endif
