#include "wire/address.h"

/*@ requires readable: \valid_read(ip + (0 .. n - 1));
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures none: \result <==> \forall integer k; 0 <= k < n ==> ip[k] == 0; */
static bool none(const uint8_t *ip, uint32_t n) {
  /*@ loop invariant range: 0 <= i <= n;
      loop invariant zero: \forall integer k; 0 <= k < i ==> ip[k] == 0;
      loop assigns i;
      loop variant n - i; */
  for (uint32_t i = 0; i < n; i++)
    if (ip[i] != 0) { return false; }
  return true;
}

bool vtcp_address_ipv4(const uint8_t *ip) { return ip[0] < 224 && !none(ip, 4); }

bool vtcp_address_ipv6(const uint8_t *ip) { return ip[0] != 255 && !none(ip, 16); }
