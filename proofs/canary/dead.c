/* Contracts and code that contradict themselves: their smoke tests must fail, or anything could be "proved". */
#include <stdint.h>

/* canary: smoke canary_contradiction */
/*@ requires low: n < 10;
    requires high: n > 20;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures vacuous: \result == 77; */
uint32_t canary_contradiction(uint32_t n) { return n; }

/* canary: smoke canary_dead */
/*@ requires low: n < 10;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures low: \result < 10; */
uint32_t canary_dead(uint32_t n) {
  if (n > 20u) return 3;
  return n;
}
