#include "stack.h"

#include <stdlib.h>

struct stack *stack_new(const char *flags) {
  struct stack *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  waiting_init(&s->waiting);
  sysctl_init(&s->sysctl, flags);
  isn_init(&s->isn);
  s->now = STACK_START;
  return s;
}

void stack_free(struct stack *s) {
  (void)pthread_mutex_lock(&s->waiting.lock);
  waiting_stop(&s->waiting);
  for (int fd = 0; fd < DESCRIPTOR_MAX; fd++) {
    struct epoll *e = s->descriptors.of[fd].epoll;
    if (e != NULL) readiness_epoll_release(e);
  }
  sock_free_all(s);
  while (s->first != NULL) {
    struct leaving *next = s->first->next;
    free(s->first);
    s->first = next;
  }
  bool left = s->waiting.waiters == NULL;
  (void)pthread_mutex_unlock(&s->waiting.lock);
  if (left) free(s); /* else a thread is still in it */
}

void stack_enter(struct stack *s) {
  waiting_enter(&s->waiting);
  sysctl_refresh(&s->sysctl);
}

void stack_leave(struct stack *s, bool changing) {
  sock_sweep(s);
  if (changing) waiting_touch(&s->waiting);
  waiting_leave(&s->waiting);
}
