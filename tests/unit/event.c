/* What the application is told, in which order, once. */
#include "../support/sim.h"

static void in_order_and_once(void **state) {
  struct sim *s = *state;
  sim_end_init(s, A, (struct sim_options){0});
  sim_role(s, B, SIM_PUPPET);
  struct vtcp *c = &s->end[A].c;
  sim_open(s, A);
  s->end[A].hold = true; /* the application does not ask for events */
  inject(s, A, "SYN,ACK", 300, 101, 0);
  inject(s, A, "URG,FIN,ACK", 301, 101, 10, .urg = 5);
  assert_int_equal(vtcp_event(c), VTCP_EVENT_ESTABLISHED);
  assert_int_equal(vtcp_event(c), VTCP_EVENT_URGENT);
  assert_int_equal(vtcp_event(c), VTCP_EVENT_DATA);
  assert_int_equal(vtcp_event(c), VTCP_EVENT_FIN);
  assert_int_equal(vtcp_event(c), VTCP_EVENT_NONE);
  assert_int_equal(vtcp_event(c), VTCP_EVENT_NONE);
  vtcp_abort(c);
  assert_int_equal(vtcp_event(c), VTCP_EVENT_ENDED);
  assert_int_equal(vtcp_event(c), VTCP_EVENT_NONE);
}

static void nothing_without_cause(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  inject(s, B, "ACK", 101, 301, 0);
  inject(s, B, "ACK", 101, 301, 0, .wnd = 100);
  for (enum vtcp_event v = VTCP_EVENT_ESTABLISHED; v <= VTCP_EVENT_ENDED; v++) {
    expect_no_event(s, A, v);
    expect_no_event(s, B, v);
  }
}

static void data_each_time(void **state) {
  struct sim *s = *state;
  sim_connect(s);
  for (int i = 0; i < 3; i++) {
    sim_write(s, A, 10);
    sim_run(s, SECOND);
    expect_event(s, B, VTCP_EVENT_DATA);
    expect_event(s, A, VTCP_EVENT_SPACE);
    expect_no_event(s, B, VTCP_EVENT_DATA);
  }
}

#define test(f) cmocka_unit_test_setup_teardown(f, sim_setup, sim_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {test(in_order_and_once), test(nothing_without_cause), test(data_each_time)};
  return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
