/*
 * The translation of the invariant by generate.py against E-ACSL's, part by part: both have to say the same of random TCBs, most of
 * which are one or two words away from one that is right.
 */
#include "agree.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "monitor.h"
#include "vtcp.h"

#define ROUNDS 100000

static uint64_t seed = 88172645463325252u;
static struct vtcp tcb;

static uint64_t chance(uint64_t n) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed % n;
}

/* A connection, CLOSED or SYN-SENT, of which some words are changed to values at the edges of what is allowed. */
static void draw(void) {
  static const int64_t edges[] = {0,
                                  1,
                                  -1,
                                  -2,
                                  2,
                                  3,
                                  10,
                                  11,
                                  14,
                                  15,
                                  63,
                                  64,
                                  65,
                                  1000,
                                  16384,
                                  16385,
                                  65535,
                                  65536,
                                  60000000,
                                  60000001,
                                  VTCP_BUFFER_MAX,
                                  VTCP_BUFFER_MAX + 1,
                                  VTCP_OFFSET_MAX,
                                  VTCP_OFFSET_MAX + 1};
  static uint8_t snd[64], rcv[64];
  struct vtcp_config cfg = {.local_port = 1,
                            .remote_port = 2,
                            .mss = 1000,
                            .rto_min = 1000,
                            .snd_buf = snd,
                            .snd_cap = 64,
                            .rcv_buf = rcv,
                            .rcv_cap = 64};
  assert_int_equal(vtcp_init(&tcb, &cfg), VTCP_OK);
  if (chance(2) == 0) assert_int_equal(vtcp_open(&tcb, 100, 0), VTCP_OK);
  for (uint64_t n = chance(3); n > 0; n--) {
    int64_t value = edges[chance(sizeof edges / sizeof *edges)];
    size_t octets = (size_t)2 << chance(3), at = octets * (size_t)chance(sizeof tcb / octets);
    int32_t word = (int32_t)value;
    int16_t half = (int16_t)value;
    memcpy((uint8_t *)&tcb + at,
           octets == 8   ? (const void *)&value
           : octets == 4 ? (const void *)&word
                         : &half,
           octets);
  }
  if (chance(3) == 0) tcb.state = (int32_t)chance(12);
}

static const struct monitor_part *part_named(const char *name) {
  const struct monitor_part *p = monitor_parts;
  while (p->name != NULL && strcmp(p->name, name) != 0) p++;
  if (p->name == NULL) fail_msg("%s: not a part of the invariant", name);
  return p;
}

static void both_say_the_same(void **state) {
  (void)state;
  for (const struct agree_part *e = agree_eacsl; e->name != NULL; e++) {
    const struct monitor_part *mine = part_named(e->name);
    unsigned verdicts[2] = {0, 0};
    for (int k = 0; k < ROUNDS; k++) {
      draw();
      agree_false = 0;
      e->check(&tcb);
      bool holds = mine->holds(&tcb);
      if (holds == (agree_false != 0))
        fail_msg("%s: not the same at TCB %d (%s)", e->name, k, holds ? "true" : "false");
      verdicts[holds]++;
    }
    print_message("# %s: %u true, %u false\n", e->name, verdicts[1], verdicts[0]);
    assert_true(verdicts[0] >= 10 && verdicts[1] >= 10);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(both_say_the_same)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
