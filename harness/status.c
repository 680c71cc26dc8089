#include "status.h"

#include "ladder.h"
#include "log.h"

void status_print(const struct table *t, uint64_t now) {
  log_answer("status: connections: %u", (unsigned)t->used);
  for (unsigned state = VTCP_CLOSED; state <= VTCP_TIME_WAIT; state++) {
    unsigned count = 0;
    uint64_t since = now;
    for (uint32_t i = 0; i < t->used; i++) {
      const struct connection *c = t->slots[i];
      if (c->seen != (enum vtcp_state)state) continue;
      count++;
      if (c->since < since) since = c->since;
    }
    if (count == 0) continue;
    log_answer("status: %s: %u, the longest for %.3f s", ladder_state((uint8_t)state), count,
               (double)(now - since) / 1e6);
  }
}
