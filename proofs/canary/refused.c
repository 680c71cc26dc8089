/* Annotations that the gate must refuse before a prover sees them. */
#include <stdint.h>

/* canary: refused no contract: canary_bare */
uint32_t canary_bare(uint32_t n) { return n; }

/* canary: refused no `assigns`: canary_unframed */
/*@ terminates \true;
    exits never: \false;
    ensures same: \result == n; */
uint32_t canary_unframed(uint32_t n) { return n; }

/* canary: refused no `terminates \true`: canary_open_ended */
/*@ exits never: \false;
    assigns \nothing;
    ensures same: \result == n; */
uint32_t canary_open_ended(uint32_t n) { return n; }

/* canary: refused no label: ensures \result == */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures \result == n; */
uint32_t canary_unlabelled(uint32_t n) { return n; }

/* canary: refused `admit` is an assumption */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing; */
void canary_admit(uint32_t n) {
  //@ admit believed: n == 3;
}

/* canary: refused `axiom` is an assumption */
/*@ axiomatic Canary {
      logic integer canary_number;
      axiom canary_believed: canary_number == canary_number + 1;
    } */

/* canary: refused recursive logic definition: canary_recursive */
/*@ logic integer canary_recursive(integer n) = canary_recursive(n) + 1; */

/* canary: refused a negative constant becomes unsigned: (uint64_t)(-1) */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures small: \result == 0; */
uint64_t canary_sign(void) { return -1; }

/* canary: refused becomes an enumeration's value */
enum canary_kind { CANARY_NONE, CANARY_SOME };
/*@ requires none: n == -1;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures some: \result == CANARY_SOME; */
enum canary_kind canary_enumerator(int n) { return n; }
