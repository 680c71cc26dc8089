#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "network.h"

static struct network read_right(const char *text) {
  struct network n;
  assert_true(network_read(text, &n));
  return n;
}

static void assert_address(struct udp_address a, const char *want) {
  char text[INET6_ADDRSTRLEN];
  assert_non_null(inet_ntop(a.family, a.ip, text, sizeof text));
  assert_string_equal(text, want);
  assert_int_equal(a.port, 0);
}

static void texts(void **state) {
  (void)state;
  static const char *const wrong[] = {"",
                                      "10.9.0.2/",
                                      "10.9.0.2/33",
                                      "10.9.0.2/-1",
                                      "10.9.0.2/+1",
                                      "10.9.0.2/2x",
                                      "10.9.0/24",
                                      "host/24",
                                      "fd09::2/129",
                                      "/24",
                                      "10.9.0.2 /24",
                                      "fd09:::2/3",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/3"};
  struct network n;
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) assert_false(network_read(wrong[k], &n));
  n = read_right("10.9.0.2/24");
  assert_address(n.address, "10.9.0.2");
  assert_int_equal(n.prefix, 24);
  n = read_right("fd09::2");
  assert_address(n.address, "fd09::2");
  assert_int_equal(n.prefix, NETWORK_NO_PREFIX);
  assert_int_equal(read_right("0.0.0.0/0").prefix, 0);
  assert_int_equal(read_right("fd09::2/128").prefix, 128);
}

static void has(void **state) {
  (void)state;
  static const struct {
    const char *network, *address;
    bool inside;
  } rows[] = {
      {"10.9.0.2/24", "10.9.0.255", true},      {"10.9.0.2/24", "10.9.1.2", false},
      {"10.9.0.130/25", "10.9.0.129", true},    {"10.9.0.130/25", "10.9.0.2", false},
      {"10.9.0.2/0", "1.2.3.4", true},          {"10.9.0.2/32", "10.9.0.2", true},
      {"10.9.0.2/32", "10.9.0.3", false},       {"10.9.0.2", "10.9.0.2", true},
      {"10.9.0.2", "10.9.0.3", false},          {"fd09::/65", "fd09::7:0:0:1", true},
      {"fd09::/65", "fd09::8000:0:0:1", false}, {"::/0", "fd09::", true},
      {"10.9.0.2/24", "fd09::2", false},        {"::/0", "10.9.0.2", false},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    struct network n = read_right(rows[k].network), a = read_right(rows[k].address);
    assert_int_equal(network_has(&n, &a.address), rows[k].inside);
  }
}

static void other(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"10.9.0.2/24", "10.9.0.1"}, {"10.9.0.1/24", "10.9.0.2"}, {"10.9.7.77/16", "10.9.0.1"},
      {"10.9.0.2/31", "10.9.0.3"}, {"10.9.0.3/31", "10.9.0.2"}, {"10.9.0.6/30", "10.9.0.5"},
      {"fd09::2/64", "fd09::1"},   {"fd09::1/64", "fd09::2"},   {"fd09::5/127", "fd09::4"},
      {"10.9.0.9/1", "0.0.0.1"},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    struct network n = read_right(rows[k][0]);
    assert_address(network_other(&n), rows[k][1]);
  }
}

/* There and back again. */
static void move(void **state) {
  (void)state;
  static const char *const rows[][4] = {
      {"127.0.0.0/25", "127.0.0.1", "10.9.0.128/25", "10.9.0.129"},
      {"192.168.5.32/27", "192.168.5.62", "10.9.0.128/27", "10.9.0.158"},
      {"::/65", "::1", "fd09::8000:0:0:0/65", "fd09::8000:0:0:1"},
      {"1.2.3.4/32", "1.2.3.4", "10.9.0.128/32", "10.9.0.128"},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    struct network from = read_right(rows[k][0]), a = read_right(rows[k][1]), to = read_right(rows[k][2]);
    struct udp_address moved = network_move(&to, &a.address);
    assert_address(moved, rows[k][3]);
    assert_true(network_has(&to, &moved));
    assert_address(network_move(&from, &moved), rows[k][1]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(has), cmocka_unit_test(other),
                                     cmocka_unit_test(move)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
