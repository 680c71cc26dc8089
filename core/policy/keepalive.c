#include "policy/keepalive.h"

void vtcp_keepalive_init(struct vtcp_keepalive *k) {
  k->idle = VTCP_KEEPALIVE_IDLE;
  k->interval = VTCP_KEEPALIVE_INTERVAL;
  k->at = 0;
  k->count = VTCP_KEEPALIVE_COUNT;
  k->sent = 0;
  k->on = false;
}

void vtcp_keepalive_heard(struct vtcp_keepalive *k, uint64_t now) {
  k->at = now + k->idle;
  k->sent = 0;
}

void vtcp_keepalive_sent(struct vtcp_keepalive *k, uint64_t now) {
  k->at = now + k->interval;
  k->sent++;
}
