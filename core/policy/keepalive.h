/* Keep-alive (RFC 9293 s3.8.4): after a long silence the peer is asked whether it is still there. Times in microseconds. */
#ifndef VTCP_POLICY_KEEPALIVE_H
#define VTCP_POLICY_KEEPALIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/time.h"

#define VTCP_KEEPALIVE_IDLE 7200000000u /* MUST-28: two hours */
#define VTCP_KEEPALIVE_INTERVAL 75000000u
#define VTCP_KEEPALIVE_COUNT 10u
#define VTCP_KEEPALIVE_COUNT_LEAST 2u /* MUST-29: no specific probe decides */
#define VTCP_KEEPALIVE_COUNT_MAX 1000u

struct vtcp_keepalive {
  uint64_t idle;        /* of silence, before the first probe */
  uint64_t interval;    /* from a probe without an answer to the next */
  uint64_t at;          /* when the next probe is due, or after the last one the end */
  uint16_t count, sent; /* probes without an answer: until the peer is given up; since it was heard */
  bool on;
};

#ifdef __FRAMAC__
#include "keepalive.acsl"
#endif

/* Off, with the intervals above. */
/*@ requires valid: \valid(k);
    terminates \true;
    exits never: \false;
    assigns *k;
    ensures inv: vtcp_keepalive_inv(k);
    ensures MUST_25_off: !k->on;
    ensures MUST_28_default: k->idle == 7200000000;
    ensures defaults: k->interval == 75000000 && k->count == 10;
    ensures unheard: k->at == 0 && k->sent == 0; */
void vtcp_keepalive_init(struct vtcp_keepalive *k);

/* The peer was heard: the silence begins now. */
/*@ requires valid: \valid(k);
    requires inv: vtcp_keepalive_inv(k);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns k->at, k->sent;
    ensures inv: vtcp_keepalive_inv(k);
    ensures MUST_26_silence: k->at == now + k->idle && k->sent == 0; */
void vtcp_keepalive_heard(struct vtcp_keepalive *k, uint64_t now);

/* A probe leaves. */
/*@ requires valid: \valid(k);
    requires inv: vtcp_keepalive_inv(k);
    requires left: k->sent < k->count;
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns k->at, k->sent;
    ensures inv: vtcp_keepalive_inv(k);
    ensures next: k->at == now + k->interval && k->sent == \old(k->sent) + 1; */
void vtcp_keepalive_sent(struct vtcp_keepalive *k, uint64_t now);

#endif
