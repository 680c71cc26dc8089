/* The states a segment can meet, and the segments: the words of tests/matrix/rfc9293.txt as connections and numbers. */
#ifndef VTCP_TESTS_START_H
#define VTCP_TESTS_START_H

#include "sim.h"

#define START_WINDOW 65535u /* MAX.SND.WND: the largest window the peer has offered */
#define START_WORDS 10

struct start {
  const char *name;
  enum vtcp_state state;
  uint32_t outstanding, received; /* SND.NXT - SND.UNA; RCV.NXT - IRS */
  bool zero_window;
  const char *seqs[START_WORDS], *acks[START_WORDS]; /* what there is to be tried */
};

struct kind {
  const char *name;
  const char *flags;
  uint32_t text, len; /* octets; SEG.LEN */
};

extern const struct start starts[];
extern const size_t start_count;
extern const struct kind kinds[];
extern const size_t kind_count;

/* Brings A there, against a puppet; A's and the peer's initial sequence numbers are given. */
void start_reach(struct sim *s, const struct start *at, uint32_t iss, uint32_t irs);
/* Does this place make sense for this segment? (Only what has a SYN is at irs, only text is at strad and end.) */
bool start_has_seq(const struct start *at, const struct kind *k, const char *seq);
/* SEG.SEQ and SEG.ACK for a word. */
uint32_t start_seq(const struct vtcp_status *t, const struct kind *k, const char *seq);
uint32_t start_ack(const struct vtcp_status *t, const char *ack);

#endif
