#include "stream/reassembly.h"

struct span {
  int64_t lo, hi;
};

void vtcp_reassembly_clear(struct vtcp_reassembly *r, int64_t nxt) {
  r->head = 0;
  r->len = 0;
  r->nxt = nxt;
  /*@ loop invariant index: 0 <= i <= VTCP_RANGES;
      loop invariant free: \forall integer j; 0 <= j < i ==> r->lo[j] == 0 && r->hi[j] == 0;
      loop assigns i, r->lo[0 .. VTCP_RANGES - 1], r->hi[0 .. VTCP_RANGES - 1];
      loop variant VTCP_RANGES - i; */
  for (uint32_t i = 0; i < VTCP_RANGES; i++) {
    r->lo[i] = 0;
    r->hi[i] = 0;
  }
}

void vtcp_reassembly_init(struct vtcp_reassembly *r, uint8_t *data, uint32_t cap, int64_t nxt) {
  r->data = data;
  r->cap = cap;
  vtcp_reassembly_clear(r, nxt);
}

/* One pass: widens [a, b) by every range that it touches and frees their slots. */
/*@ requires valid: \valid(r);
    requires inv: vtcp_reassembly_inv(r);
    requires window: r->nxt <= a < b <= vtcp_reassembly_limit(r);
    terminates \true;
    exits never: \false;
    assigns r->lo[0 .. VTCP_RANGES - 1], r->hi[0 .. VTCP_RANGES - 1];
    ensures slots: vtcp_reassembly_slots(r);
    ensures disjoint: vtcp_reassembly_disjoint(r);
    ensures window: r->nxt <= \result.lo <= a && b <= \result.hi <= vtcp_reassembly_limit(r);
    ensures kept: \forall integer j; 0 <= j < VTCP_RANGES ==> r->lo[j] == r->hi[j] ||
      (r->lo[j] == \old(r->lo[j]) && r->hi[j] == \old(r->hi[j]));
    ensures clear: \forall integer j; 0 <= j < VTCP_RANGES ==>
      vtcp_reassembly_apart(r->lo[j], r->hi[j], \result.lo, \result.hi);
    ensures same: \forall integer o; (\result.lo <= o < \result.hi || vtcp_reassembly_held(r, o)) <==>
      (a <= o < b || vtcp_reassembly_held{Pre}(r, o)); */
static struct span absorb(struct vtcp_reassembly *r, int64_t a, int64_t b) {
  struct span s = {a, b};
  /*@ loop invariant index: 0 <= i <= VTCP_RANGES;
      loop invariant slots: vtcp_reassembly_slots(r);
      loop invariant disjoint: vtcp_reassembly_disjoint(r);
      loop invariant window: r->nxt <= s.lo <= a && b <= s.hi <= vtcp_reassembly_limit(r);
      loop invariant rest: \forall integer j; i <= j < VTCP_RANGES ==>
        r->lo[j] == \at(r->lo[j], Pre) && r->hi[j] == \at(r->hi[j], Pre);
      loop invariant kept: \forall integer j; 0 <= j < i ==> r->lo[j] == r->hi[j] ||
        (r->lo[j] == \at(r->lo[j], Pre) && r->hi[j] == \at(r->hi[j], Pre));
      loop invariant clear: \forall integer j; 0 <= j < i ==>
        vtcp_reassembly_apart(r->lo[j], r->hi[j], s.lo, s.hi);
      loop invariant same: \forall integer o; (s.lo <= o < s.hi || vtcp_reassembly_held(r, o)) <==>
        (a <= o < b || vtcp_reassembly_held{Pre}(r, o));
      loop assigns i, s, r->lo[0 .. VTCP_RANGES - 1], r->hi[0 .. VTCP_RANGES - 1];
      loop variant VTCP_RANGES - i; */
  for (uint32_t i = 0; i < VTCP_RANGES; i++) {
    int64_t l = r->lo[i];
    int64_t h = r->hi[i];
    if (l != h && l <= s.hi && s.lo <= h) {
      /*@ assert others: \forall integer j; 0 <= j < VTCP_RANGES && j != i ==>
            vtcp_reassembly_apart(r->lo[j], r->hi[j], l, h); */
      s.lo = l < s.lo ? l : s.lo;
      s.hi = h > s.hi ? h : s.hi;
      r->lo[i] = 0;
      r->hi[i] = 0;
    }
  }
  return s;
}

/*@ requires valid: \valid_read(r);
    terminates \true;
    exits never: \false;
    assigns \nothing;
    ensures range: 0 <= \result <= VTCP_RANGES;
    ensures free: \result < VTCP_RANGES ==> r->lo[\result] == r->hi[\result];
    ensures full: \result == VTCP_RANGES ==> \forall integer j; 0 <= j < VTCP_RANGES ==> r->lo[j] != r->hi[j]; */
static uint32_t find_free(const struct vtcp_reassembly *r) {
  uint32_t i = 0;
  /*@ loop invariant index: 0 <= i <= VTCP_RANGES;
      loop invariant full: \forall integer j; 0 <= j < i ==> r->lo[j] != r->hi[j];
      loop assigns i;
      loop variant VTCP_RANGES - i; */
  while (i < VTCP_RANGES && r->lo[i] != r->hi[i]) { i++; }
  return i;
}

/* Notes [a, b) as present; false when there is no slot for it. */
/*@ requires valid: \valid(r);
    requires inv: vtcp_reassembly_inv(r);
    requires window: r->nxt <= a < b <= vtcp_reassembly_limit(r);
    terminates \true;
    exits never: \false;
    assigns r->len, r->nxt, r->lo[0 .. VTCP_RANGES - 1], r->hi[0 .. VTCP_RANGES - 1];
    ensures shape: vtcp_reassembly_shape(r);
    ensures slots: vtcp_reassembly_slots(r);
    ensures disjoint: vtcp_reassembly_disjoint(r);
    ensures base: r->nxt - r->len == \old(r->nxt - r->len);
    ensures grows: \old(r->nxt) <= r->nxt <= vtcp_reassembly_limit(r);
    ensures order: a == \old(r->nxt) ==> \result && r->nxt >= b;
    ensures taken: \result ==> \forall integer o; vtcp_reassembly_present(r, o) <==>
      (vtcp_reassembly_present{Pre}(r, o) || a <= o < b);
    ensures refused: !\result ==> r->nxt == \old(r->nxt) && r->len == \old(r->len) &&
      vtcp_reassembly_same_slots{Pre, Post}(r);
    ensures full: !\result ==> vtcp_reassembly_full(r); */
static bool mark(struct vtcp_reassembly *r, int64_t a, int64_t b) {
  struct span s = absorb(r, a, b);
  if (s.lo <= r->nxt) {
    r->len += (uint32_t)(s.hi - r->nxt);
    r->nxt = s.hi;
    return true;
  }
  uint32_t i = find_free(r);
  if (i == VTCP_RANGES) { return false; }
  r->lo[i] = s.lo;
  r->hi[i] = s.hi;
  return true;
}

/* Stores src as the octets [off, off + n) of the stream. */
/*@ requires mem: vtcp_reassembly_mem(r) && \valid_read(src + (0 .. n - 1));
    requires apart: \separated(src + (0 .. n - 1), r, r->data + (0 .. r->cap - 1));
    requires shape: vtcp_reassembly_shape(r);
    requires window: vtcp_reassembly_base(r) <= off < vtcp_reassembly_end(r) && off + n <= vtcp_reassembly_end(r);
    terminates \true;
    exits never: \false;
    assigns r->data[0 .. r->cap - 1];
    ensures octets: \forall integer o; off <= o < off + n ==> vtcp_reassembly_octet(r, o) == \old(src[o - off]);
    ensures kept: \forall integer o; vtcp_reassembly_base(r) <= o < vtcp_reassembly_end(r) &&
      !(off <= o < off + n) ==> vtcp_reassembly_octet(r, o) == vtcp_reassembly_octet{Pre}(r, o); */
static void put(struct vtcp_reassembly *r, int64_t off, const uint8_t *src, uint32_t n) {
  uint32_t k = (uint32_t)(off - (r->nxt - r->len));
  uint32_t pos = vtcp_circle_place(r->cap, r->head, k);
  vtcp_circle_store(r->data, r->cap, pos, src, n);
}

/*@ requires mem: vtcp_reassembly_mem(r) && \valid_read(src + (0 .. n - 1));
    requires apart: \separated(src + (0 .. n - 1), r, r->data + (0 .. r->cap - 1));
    requires inv: vtcp_reassembly_inv(r);
    requires off: -0x200000000 <= off <= VTCP_OFFSET_MAX + 0x200000000 && n <= VTCP_BUFFER_MAX;
    terminates \true;
    exits never: \false;
    assigns r->len, r->nxt, r->lo[0 .. VTCP_RANGES - 1], r->hi[0 .. VTCP_RANGES - 1], r->data[0 .. r->cap - 1];
    ensures shape: vtcp_reassembly_shape(r);
    ensures slots: vtcp_reassembly_slots(r);
    ensures disjoint: vtcp_reassembly_disjoint(r);
    ensures base: r->nxt - r->len == \old(r->nxt - r->len);
    ensures grows: \old(r->nxt) <= r->nxt <= vtcp_reassembly_limit(r);
    ensures order: off <= \old(r->nxt) ==> \result && r->nxt >= \min(off + n, vtcp_reassembly_limit(r));
    ensures taken: \result ==> \forall integer o; vtcp_reassembly_present(r, o) <==>
      (vtcp_reassembly_present{Pre}(r, o) ||
       (off <= o < off + n && \old(r->nxt) <= o < vtcp_reassembly_limit(r)));
    ensures octets: \result ==> \forall integer o;
      off <= o < off + n && \old(r->nxt) <= o < vtcp_reassembly_limit(r) ==>
      vtcp_reassembly_octet(r, o) == \old(src[o - off]);
    ensures kept: \forall integer o; vtcp_reassembly_base(r) <= o < vtcp_reassembly_end(r) &&
      !(\result && off <= o < off + n && \old(r->nxt) <= o < vtcp_reassembly_limit(r)) ==>
      vtcp_reassembly_octet(r, o) == vtcp_reassembly_octet{Pre}(r, o);
    ensures refused: !\result ==> r->nxt == \old(r->nxt) && r->len == \old(r->len) &&
      vtcp_reassembly_same_slots{Pre, Post}(r);
    ensures full: !\result ==> vtcp_reassembly_full(r); */
static bool insert_octets(struct vtcp_reassembly *r, int64_t off, const uint8_t *src, uint32_t n) {
  int64_t end = r->nxt - r->len + r->cap;
  int64_t limit = end < VTCP_OFFSET_MAX ? end : VTCP_OFFSET_MAX;
  int64_t a = off < r->nxt ? r->nxt : off;
  int64_t b = off + n < limit ? off + n : limit;
  if (a >= b) { return true; }
  if (!mark(r, a, b)) { return false; }
  put(r, a, src + (a - off), (uint32_t)(b - a));
  return true;
}

bool vtcp_reassembly_insert(struct vtcp_reassembly *r, int64_t off, const uint8_t *src, uint32_t n) {
  return insert_octets(r, off, src, n);
}

struct vtcp_slices vtcp_reassembly_view(const struct vtcp_reassembly *r) {
  return vtcp_circle_slices(r->data, r->cap, r->head, r->len);
}

/*@ requires mem: vtcp_reassembly_mem(r);
    requires inv: vtcp_reassembly_inv(r);
    requires some: n <= r->len;
    terminates \true;
    exits never: \false;
    assigns r->head, r->len;
    ensures shape: vtcp_reassembly_shape(r);
    ensures slots: vtcp_reassembly_slots(r);
    ensures disjoint: vtcp_reassembly_disjoint(r);
    ensures len: r->len == \old(r->len) - n;
    ensures present: \forall integer o; vtcp_reassembly_present(r, o) <==> vtcp_reassembly_present{Pre}(r, o);
    ensures kept: \forall integer o; vtcp_reassembly_base(r) <= o < \old(vtcp_reassembly_end(r)) ==>
      vtcp_reassembly_octet(r, o) == vtcp_reassembly_octet{Pre}(r, o); */
static void consume_octets(struct vtcp_reassembly *r, uint32_t n) {
  r->head = vtcp_circle_place(r->cap, r->head, n);
  r->len -= n;
}

void vtcp_reassembly_consume(struct vtcp_reassembly *r, uint32_t n) { consume_octets(r, n); }

/*@ requires mem: vtcp_reassembly_mem(r) && \valid(dst + (0 .. n - 1));
    requires apart: \separated(dst + (0 .. n - 1), r, r->data + (0 .. r->cap - 1));
    requires inv: vtcp_reassembly_inv(r);
    requires some: n <= r->len;
    terminates \true;
    exits never: \false;
    assigns dst[0 .. n - 1];
    ensures octets: \forall integer k; 0 <= k < n ==>
      dst[k] == vtcp_reassembly_octet{Pre}(r, vtcp_reassembly_base(r) + k); */
static void fetch(const struct vtcp_reassembly *r, uint8_t *dst, uint32_t n) {
  struct vtcp_slices s = vtcp_circle_slices(r->data, r->cap, r->head, n);
  vtcp_circle_gather(dst, s);
}

uint32_t vtcp_reassembly_read(struct vtcp_reassembly *r, uint8_t *dst, uint32_t n) {
  uint32_t m = n < r->len ? n : r->len;
  fetch(r, dst, m);
  consume_octets(r, m);
  return m;
}
