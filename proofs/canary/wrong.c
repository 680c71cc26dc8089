/* Contracts that the code does not keep: each goal named here must stay open, and every other must be proved. */
#include <stdbool.h>
#include <stdint.h>

/* canary: open canary_result_ensures_wrong */
/*@ requires small: n < 10;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures wrong: \result == n + 2; */
uint32_t canary_result(uint32_t n) { return n + 1u; }

/* canary: open canary_wrap_assert_rte_unsigned_overflow */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures more: \result == n + 1; */
uint32_t canary_wrap(uint32_t n) { return n + 1u; }

/* canary: open canary_bound_assert_rte_mem_access */
/*@ requires octets: \valid_read(octets + (0 .. 3));
    terminates \true;
    exits never: \false;
    assigns \nothing; */
uint8_t canary_bound(const uint8_t *octets) { return octets[4]; }

/* canary: open canary_narrow_assert_rte_unsigned_downcast */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures same: \result == n; */
uint16_t canary_narrow(uint32_t n) { return (uint16_t)n; }

/* canary: open canary_frame_assigns */
/*@ requires valid: \valid(a) && \valid(b) && \separated(a, b);
    terminates \true;
    exits never: \false;
    assigns *a; */
void canary_frame(uint32_t *a, uint32_t *b) {
  *a = 1;
  *b = 2;
}

/* canary: open canary_endless_terminates */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing; */
void canary_endless(uint32_t n) {
  /*@ loop invariant any: n <= 4294967295;
      loop assigns n; */
  while (n != 7) n = n / 2u;
}

/* canary: open canary_loop_loop_invariant_wrong */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing; */
void canary_loop(uint32_t n) {
  uint32_t i = 0;
  /*@ loop invariant wrong: i < n;
      loop assigns i;
      loop variant n - i; */
  while (i < n) i = i + 1u;
}

/* canary: open canary_alias_ensures_wrong */
/*@ requires valid: \valid(a) && \valid(b);
    terminates \true;
    exits never: \false;
    assigns *a, *b;
    ensures wrong: *a == 1 && *b == 2; */
void canary_alias(uint32_t *a, uint32_t *b) {
  *a = 1;
  *b = 2;
}

/* canary: open canary_needs_requires_small */
/*@ requires small: n < 10;
    terminates \true;
    exits never: \false;
    assigns \nothing; */
static void canary_needs(uint32_t n) { (void)n; }

/*@ terminates \true;
    exits never: \false;
    assigns \nothing; */
void canary_caller(uint32_t n) { canary_needs(n); }
