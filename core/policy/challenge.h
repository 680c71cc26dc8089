/* How many acknowledgments segments that carry nothing may draw out (RFC 5961 s7). */
#ifndef VTCP_POLICY_CHALLENGE_H
#define VTCP_POLICY_CHALLENGE_H

#include <stdbool.h>
#include <stdint.h>

#define VTCP_CHALLENGE_MAX 10u           /* in each interval, per connection */
#define VTCP_CHALLENGE_INTERVAL 5000000u /* microseconds */

struct vtcp_challenge {
  uint64_t since; /* begin of the interval */
  uint32_t count; /* sent in it */
};

#ifdef __FRAMAC__
#include "challenge.acsl"
#endif

/* The whole budget is there. */
/*@ requires valid: \valid(ch);
    terminates \true;
    exits never: \false;
    assigns ch->since, ch->count;
    ensures inv: vtcp_challenge_inv(ch);
    ensures unused: ch->since == 0 && ch->count == 0; */
void vtcp_challenge_init(struct vtcp_challenge *ch);

/* Takes one from the budget; false when there is none left. A clock that went back begins no new interval. */
/*@ requires valid: \valid(ch);
    requires inv: vtcp_challenge_inv(ch);
    terminates \true;
    exits never: \false;
    assigns ch->since, ch->count;
    ensures inv: vtcp_challenge_inv(ch);
    ensures open: \result <==> vtcp_challenge_open{Pre}(ch, now);
    behavior s7_next_interval:
      assumes next: vtcp_challenge_over(ch, now);
      ensures first: ch->since == now && ch->count == 1;
    behavior s7_within:
      assumes within: !vtcp_challenge_over(ch, now) && ch->count < VTCP_CHALLENGE_MAX;
      ensures one_more: ch->since == \old(ch->since) && ch->count == \old(ch->count) + 1;
    behavior s7_spent:
      assumes spent: !vtcp_challenge_over(ch, now) && ch->count >= VTCP_CHALLENGE_MAX;
      ensures unchanged: ch->since == \old(ch->since) && ch->count == \old(ch->count);
    complete behaviors;
    disjoint behaviors; */
bool vtcp_challenge_take(struct vtcp_challenge *ch, uint64_t now);

#endif
