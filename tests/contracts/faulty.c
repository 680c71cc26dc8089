#include "faulty.h"

#include "vtcp.h"

enum faulty faulty;

enum vtcp_event vtcp_event(struct vtcp *c) {
  if (faulty == FAULTY_INVARIANT) c->snd_una = -1;
  if (faulty == FAULTY_RESULT) return VTCP_EVENT_DATA;
  if (faulty == FAULTY_STATE) c->ev_space = true;
  return VTCP_EVENT_NONE;
}
