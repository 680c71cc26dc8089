#include "stream/ring.h"

void vtcp_ring_clear(struct vtcp_ring *r, int64_t base) {
  r->head = 0;
  r->len = 0;
  r->base = base;
}

void vtcp_ring_init(struct vtcp_ring *r, uint8_t *data, uint32_t cap, int64_t base) {
  r->data = data;
  r->cap = cap;
  vtcp_ring_clear(r, base);
}

/*@ requires mem: vtcp_ring_mem(r) && \valid_read(src + (0 .. n - 1));
    requires apart: \separated(src + (0 .. n - 1), r, r->data + (0 .. r->cap - 1));
    requires inv: vtcp_ring_inv(r);
    requires room: n <= r->cap - r->len && r->base + r->len + n <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns r->len, r->data[0 .. r->cap - 1];
    ensures len: r->len == \old(r->len) + n;
    ensures kept: \forall integer o; r->base <= o < r->base + \old(r->len) ==>
      vtcp_ring_octet(r, o) == vtcp_ring_octet{Pre}(r, o);
    ensures appended: \forall integer o; r->base + \old(r->len) <= o < r->base + r->len ==>
      vtcp_ring_octet(r, o) == \old(src[o - (r->base + r->len)]); */
static void ring_append(struct vtcp_ring *r, const uint8_t *src, uint32_t n) {
  uint32_t tail = vtcp_circle_place(r->cap, r->head, r->len);
  vtcp_circle_store(r->data, r->cap, tail, src, n);
  r->len += n;
}

void vtcp_ring_push(struct vtcp_ring *r, const uint8_t *src, uint32_t n) { ring_append(r, src, n); }

/*@ requires mem: vtcp_ring_mem(r);
    requires inv: vtcp_ring_inv(r);
    requires some: n <= r->len;
    terminates \true;
    exits never: \false;
    assigns r->head, r->len, r->base;
    ensures inv: vtcp_ring_inv(r);
    ensures base: r->base == \old(r->base) + n;
    ensures len: r->len == \old(r->len) - n;
    ensures kept: \forall integer o; r->base <= o < r->base + r->len ==>
      vtcp_ring_octet(r, o) == vtcp_ring_octet{Pre}(r, o); */
static void ring_forget(struct vtcp_ring *r, uint32_t n) {
  r->head = vtcp_circle_place(r->cap, r->head, n);
  r->len -= n;
  r->base += n;
}

void vtcp_ring_drop(struct vtcp_ring *r, uint32_t n) { ring_forget(r, n); }

struct vtcp_slices vtcp_ring_view(const struct vtcp_ring *r, int64_t off, uint32_t n) {
  uint32_t pos = vtcp_circle_place(r->cap, r->head, (uint32_t)(off - r->base));
  return vtcp_circle_slices(r->data, r->cap, pos, n);
}
