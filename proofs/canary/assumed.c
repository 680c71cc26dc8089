/* A proof that rests on an assumption of the memory model: WP says so in a warning, and the gate must not let it by. */
#include <stdint.h>

uint32_t canary_global;

/* canary: warned Memory model hypotheses */
/*@ requires valid: \valid(p);
    terminates \true;
    exits never: \false;
    assigns *p;
    ensures apart: canary_global == \old(canary_global); */
void canary_apart(uint32_t *p) { *p = 1; }
