#include "policy/challenge.h"

void vtcp_challenge_init(struct vtcp_challenge *ch) {
  ch->since = 0;
  ch->count = 0;
}

bool vtcp_challenge_take(struct vtcp_challenge *ch, uint64_t now) {
  if (now >= ch->since && now - ch->since >= VTCP_CHALLENGE_INTERVAL) {
    ch->since = now;
    ch->count = 0;
  }
  if (ch->count >= VTCP_CHALLENGE_MAX) { return false; }
  ch->count++;
  return true;
}
