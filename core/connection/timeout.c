#include "connection/steps.h"

#define R1 3 /* SHLD-10: at least 3 retransmissions */

/* The retransmission timer: what is outstanding goes again from SND.UNA (RFC 6298 (5.4) to (5.6)). */
static void retransmission(struct vtcp *c) {
  bool again = c->rtt.backoffs > 0;
  vtcp_rtt_timeout(&c->rtt);
  if (c->state >= VTCP_ESTABLISHED) vtcp_congestion_timeout(&c->cc, c->snd_nxt - c->snd_una, c->snd_nxt, again);
  c->snd_ptr = c->snd_una;
  c->rtx_head = false;
  if (c->rtt.backoffs == R1) c->ev_warning = true;
}

/* The window is closed, or so small that sending was not worth while: force something out. */
static void probe(struct vtcp *c) {
  c->probe = true;
  if (c->probes < UINT32_MAX) c->probes++;
}

static void rtx_timeout(struct vtcp *c, uint64_t now) {
  if (c->rtx_at > now) return;
  c->rtx_at = VTCP_NEVER;
  if (c->snd_una == c->snd_nxt || (c->state >= VTCP_ESTABLISHED && c->snd_wnd == 0))
    probe(c);
  else
    retransmission(c);
}

void vtcp_timeout(struct vtcp *c, uint64_t now) {
  if (c->state == VTCP_CLOSED || c->state == VTCP_LISTEN) return;
  if (c->state == VTCP_TIME_WAIT && c->wait_at <= now)
    vtcp_tcb_finish(c, VTCP_OUTCOME_CLOSED);
  else if (c->user_at <= now)
    vtcp_tcb_finish(c, VTCP_OUTCOME_TIMED_OUT);
  else
    rtx_timeout(c, now);
}

uint64_t vtcp_deadline(const struct vtcp *c) {
  uint64_t t = c->rtx_at;
  if (c->user_at < t) t = c->user_at;
  if (c->wait_at < t) t = c->wait_at;
  if (c->ack_due && c->ack_at < t) t = c->ack_at;
  return t;
}
