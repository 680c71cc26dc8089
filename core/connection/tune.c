#include "connection/steps.h"

void vtcp_set_nodelay(struct vtcp *c, bool nodelay) { c->nodelay = nodelay; }

enum vtcp_error vtcp_set_user_timeout(struct vtcp *c, uint64_t user_timeout, uint64_t now) {
  if (user_timeout > VTCP_DURATION_MAX || now > VTCP_TIME_MAX) return VTCP_ERR_INVALID;
  c->user_timeout = user_timeout;
  if (c->user_at != VTCP_NEVER) c->user_at = user_timeout > 0 ? now + user_timeout : VTCP_NEVER;
  return VTCP_OK;
}

/*@ requires valid: \valid(c);
    requires now: now <= VTCP_TIME_MAX;
    requires times: 1 <= idle <= VTCP_DURATION_MAX && 1 <= interval <= VTCP_DURATION_MAX;
    requires count: VTCP_KEEPALIVE_COUNT_LEAST <= count <= VTCP_KEEPALIVE_COUNT_MAX;
    terminates \true;
    exits never: \false;
    assigns c->keep;
    ensures set: (c->keep.on <==> on) && c->keep.idle == idle && c->keep.interval == interval && c->keep.count == count;
    ensures begins: c->keep.at == now + idle && c->keep.sent == 0;
    KEEPS_INV;
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void keep(struct vtcp *c, bool on, uint64_t idle, uint64_t interval, uint16_t count, uint64_t now) {
  c->keep.on = on;
  c->keep.idle = idle;
  c->keep.interval = interval;
  c->keep.count = count;
  c->keep.at = now + idle;
  c->keep.sent = 0;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

enum vtcp_error vtcp_set_keepalive(struct vtcp *c, bool on, uint64_t idle, uint64_t interval, uint32_t count,
                                   uint64_t now) {
  if (idle > VTCP_DURATION_MAX || interval > VTCP_DURATION_MAX || now > VTCP_TIME_MAX) return VTCP_ERR_INVALID;
  if (count > 0 && (count < VTCP_KEEPALIVE_COUNT_LEAST || count > VTCP_KEEPALIVE_COUNT_MAX)) return VTCP_ERR_INVALID;
  keep(c, on, idle > 0 ? idle : VTCP_KEEPALIVE_IDLE, interval > 0 ? interval : VTCP_KEEPALIVE_INTERVAL,
       (uint16_t)(count > 0 ? count : VTCP_KEEPALIVE_COUNT), now);
  return VTCP_OK;
}
