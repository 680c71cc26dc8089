#include "connection/steps.h"

void vtcp_set_nodelay(struct vtcp *c, bool nodelay) { c->nodelay = nodelay; }

enum vtcp_error vtcp_set_user_timeout(struct vtcp *c, uint64_t user_timeout, uint64_t now) {
  if (user_timeout > VTCP_DURATION_MAX || now > VTCP_TIME_MAX) return VTCP_ERR_INVALID;
  c->user_timeout = user_timeout;
  if (c->user_at != VTCP_NEVER) c->user_at = user_timeout > 0 ? now + user_timeout : VTCP_NEVER;
  return VTCP_OK;
}
