#include "policy/window.h"

bool vtcp_window_send(int64_t len, int64_t waiting, int64_t flight, uint32_t smss, uint32_t max_wnd, bool nodelay) {
  if (len <= 0) { return false; }
  if (len >= smss) { return true; }
  return (nodelay || flight <= 0) && (len == waiting || len >= max_wnd - max_wnd / 2);
}

int64_t vtcp_window_edge(int64_t rcv_adv, int64_t limit, uint32_t cap, uint32_t mss) {
  if (limit <= rcv_adv) { return rcv_adv; }
  int64_t gain = limit - rcv_adv;
  return gain >= cap - cap / 2 || gain >= mss ? limit : rcv_adv;
}

uint16_t vtcp_window_field(int64_t wnd, uint32_t factor) {
  if (wnd <= 0) { return 0; }
  int64_t units = wnd / factor;
  return units < 65535 ? (uint16_t)units : 65535;
}

uint32_t vtcp_window_factor(uint16_t shift) {
  uint32_t f = 1;
  /*@ loop invariant index: 0 <= i <= shift;
      loop invariant power: vtcp_factor(i, f);
      loop invariant unit: f == window_unit(i);
      loop assigns i, f;
      loop variant shift - i; */
  for (uint16_t i = 0; i < shift; i++) f *= 2;
  return f;
}

bool vtcp_window_ack_now(int64_t rcv_nxt, int64_t ack_sent, uint32_t mss) {
  return rcv_nxt - ack_sent >= 2 * (int64_t)mss;
}

uint64_t vtcp_window_probe_wait(uint64_t rto, uint32_t probes) {
  uint64_t wait = rto;
  /*@ loop invariant index: 0 <= i <= probes;
      loop invariant bounds: rto <= wait <= VTCP_RTO_MAX;
      loop invariant doubled: wait == window_doubled(rto, i, VTCP_RTO_MAX);
      loop assigns i, wait;
      loop variant probes - i; */
  for (uint32_t i = 0; i < probes && wait < VTCP_RTO_MAX; i++) {
    wait = wait < VTCP_RTO_MAX / 2 ? 2 * wait : VTCP_RTO_MAX;
  }
  return wait;
}
