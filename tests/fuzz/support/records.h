/*
 * Inputs as runs: an input is a sequence of records of RECORD octets, each one step; a rest is ignored. So any octets
 * are a valid run, and the mutator below cuts, repeats and moves whole steps.
 */
#ifndef VTCP_FUZZ_RECORDS_H
#define VTCP_FUZZ_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz.h"
#include "sim.h"

#define RECORD 12
#define RECORDS_MAX 400 /* steps of one run */
#define TEXT_MAX 2048u  /* octets of text in a segment of near_segment */

struct records {
  const uint8_t *data;
  size_t count, next;
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

struct records records_of(const uint8_t *data, size_t size);
const uint8_t *records_next(struct records *r); /* NULL at the end */
uint32_t record_value(const uint8_t *r);        /* its last four octets */

/*
 * A segment near the windows of a connection whose STATUS is t, as record r says; its text is what `from` has at these
 * sequence numbers (sim_octet), in text[0 .. TEXT_MAX - 1]. vtcp_segment_emit can write it.
 */
struct vtcp_segment near_segment(const uint8_t *r, const struct vtcp_status *t, enum side from, uint8_t *text);

#endif
