#include "connection/steps.h"

/* Takes one mark. */
static bool take(bool *mark) {
  bool was = *mark;
  *mark = false;
  return was;
}

enum vtcp_event vtcp_event(struct vtcp *c) {
  if (take(&c->ev_established)) return VTCP_EVENT_ESTABLISHED;
  if (take(&c->ev_urgent)) return VTCP_EVENT_URGENT;
  if (take(&c->ev_data)) return VTCP_EVENT_DATA;
  if (take(&c->ev_fin)) return VTCP_EVENT_FIN;
  if (take(&c->ev_space)) return VTCP_EVENT_SPACE;
  if (take(&c->ev_warning)) return VTCP_EVENT_WARNING;
  if (take(&c->ev_ended)) return VTCP_EVENT_ENDED;
  return VTCP_EVENT_NONE;
}
