#include "connection/steps.h"

/*@ requires valid: \valid_read(c);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures first: \result == next_event(c); */
static enum vtcp_event next_event(const struct vtcp *c) {
  if (c->ev_established) return VTCP_EVENT_ESTABLISHED;
  if (c->ev_urgent) return VTCP_EVENT_URGENT;
  if (c->ev_data) return VTCP_EVENT_DATA;
  if (c->ev_fin) return VTCP_EVENT_FIN;
  if (c->ev_space) return VTCP_EVENT_SPACE;
  if (c->ev_warning) return VTCP_EVENT_WARNING;
  if (c->ev_ended) return VTCP_EVENT_ENDED;
  return VTCP_EVENT_NONE;
}

enum vtcp_event vtcp_event(struct vtcp *c) {
  enum vtcp_event e = next_event(c);
  c->ev_established = false; /* the first of all */
  c->ev_urgent = c->ev_urgent && e != VTCP_EVENT_URGENT;
  c->ev_data = c->ev_data && e != VTCP_EVENT_DATA;
  c->ev_fin = c->ev_fin && e != VTCP_EVENT_FIN;
  c->ev_space = c->ev_space && e != VTCP_EVENT_SPACE;
  c->ev_warning = c->ev_warning && e != VTCP_EVENT_WARNING;
  c->ev_ended = c->ev_ended && e != VTCP_EVENT_ENDED;
  return e;
}
