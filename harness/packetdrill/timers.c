/* Virtual time. */
#include "stack.h"

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t sock_deadline(const struct sock *k) {
  if (k->buffers == NULL) return VTCP_NEVER;
  return least(vtcp_deadline(&k->tcb), least(k->give_up, k->held_until));
}

static uint64_t next_timer(const struct stack *s) {
  uint64_t next = waiting_deadline(&s->waiting);
  for (const struct sock *k = s->socks; k != NULL; k = k->next) next = least(next, sock_deadline(k));
  return next;
}

static void expire(struct stack *s, struct sock *k) {
  if (k->held_until <= s->now) {
    transfer_push(s, k, true);
    stack_serve(s, k);
  }
  if (k->give_up <= s->now) {
    k->give_up = VTCP_NEVER;
    sock_disconnect(s, k, false);
    return;
  }
  if (vtcp_deadline(&k->tcb) > s->now) return;
  struct vtcp_status before;
  uint32_t data_out = k->counts.data_out;
  vtcp_status(&k->tcb, &before);
  vtcp_timeout(&k->tcb, s->now);
  stack_serve(s, k);
  tcp_info_timeout(k, before.retransmitted, data_out);
}

/* What is due now. */
static void run(struct stack *s) {
  bool some = false;
  waiting_expire(&s->waiting, s->now);
  for (struct sock *k = s->socks; k != NULL; k = k->next) {
    if (sock_deadline(k) > s->now) continue;
    some = true;
    expire(s, k);
  }
  if (some) waiting_touch(&s->waiting);
  sock_sweep(s);
}

void stack_advance(struct stack *s, uint64_t to) {
  waiting_settle(&s->waiting);
  for (uint64_t next = next_timer(s); next <= to; next = next_timer(s)) {
    /* a timer that is still due after it ran must not stop the clock */
    s->now = next > s->now ? next : s->now + 1;
    run(s);
    waiting_settle(&s->waiting);
  }
  if (s->now < to) s->now = to;
}

bool stack_next_timer(struct stack *s) {
  waiting_settle(&s->waiting);
  uint64_t next = next_timer(s);
  if (next == VTCP_NEVER) return false;
  stack_advance(s, next);
  return true;
}

bool stack_wait(struct stack *s, uint64_t until) {
  if (s->now >= until) return false;
  if (!waiting_owner(&s->waiting)) return waiting_pause(&s->waiting, until);
  if (until == VTCP_NEVER) return false;
  stack_advance(s, least(until, next_timer(s)));
  return true;
}

uint64_t stack_after(const struct stack *s, uint64_t us) {
  return us >= VTCP_TIME_MAX - s->now ? VTCP_NEVER : s->now + us;
}
