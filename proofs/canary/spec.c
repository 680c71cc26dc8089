/* Code that does not do what the bound Why3 definitions say: if a driver bound names to nothing, or to something
   contradictory, these would be proved. */
#include "connection/steps.h"
#include "wire/checksum.h"
#include "wire/seq.h"

/* canary: open canary_fold_ensures_wrong */
/*@ requires small: sum <= 65535;
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures wrong: \result == sum + 1; */
uint16_t canary_fold(uint64_t sum) { return vtcp_checksum_fold(sum); }

/* canary: open canary_stream_ensures_wrong */
/*@ requires valid: \valid_read(p);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures wrong: \forall octets s; octet_at(s, 0) == \result; */
uint8_t canary_stream(const uint8_t *p) { return *p; }

/* canary: open canary_false_ensures_wrong */
/*@ terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures wrong: \false; */
void canary_false(void) {}

/* The control: with the right specification the same code is proved. */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->ack_due;
    ensures refine: tcb_abs(c) == spec_ack_owed(\old(tcb_abs(c))); */
void canary_right(struct vtcp *c) { c->ack_due = true; }

/* canary: open canary_refine_ensures_wrong */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->ack_due;
    ensures wrong: tcb_abs(c) == spec_ack_owed(\old(tcb_abs(c))); */
void canary_refine(struct vtcp *c) { c->ack_due = false; }

/* canary: open canary_negotiated_ensures_wrong */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->wscale;
    ensures wrong: opt_abs(c) == spec_opt_fresh(\old(opt_abs(c))); */
void canary_negotiated(struct vtcp *c) { c->wscale = false; }

/* canary: open canary_told_ensures_wrong */
/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->state;
    ensures wrong: told{Pre, Post}(c); */
void canary_told(struct vtcp *c) { c->state = VTCP_CLOSED; }
