#include "connection/steps.h"

/* Sixth: the URG bit. The user is told of urgent data in advance of the data consumed. */
/*@ requires valid: \valid(c);
    requires seg: seg_ok(g);
    requires reassembly: tcb_reassembly(c);
    requires nxt: 0 <= c->rcv.nxt <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns c->rcv_up, c->ev_urgent;
    KEEPS_INV;
    KEEPS_OCTETS;
    TOLD;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_arrive_urg(\old(tcb_abs(c)), seg_abs(g)); */
static void arrive_urg(struct vtcp *c, struct vtcp_arrival g) {
  if (!vtcp_tcb_receiving(c) || !g.urg) return;
  int64_t up = g.seq + g.up;
  if (up <= c->rcv_up) return;
  c->rcv_up = up;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
  //@ assert shape: \at(vtcp_reassembly_shape(&c->rcv), Pre) ==> vtcp_reassembly_shape(&c->rcv);
  //@ assert kept: \at(vtcp_reassembly_slots(&c->rcv), Pre) ==> vtcp_reassembly_slots(&c->rcv);
  //@ assert disjoint: \at(vtcp_reassembly_disjoint(&c->rcv), Pre) ==> vtcp_reassembly_disjoint(&c->rcv);
  //@ assert reassembly: \at(tcb_reassembly(c), Pre) ==> tcb_reassembly(c);
  //@ assert refine: tcb_abs(c) == spec_arrive_urg(\at(tcb_abs(c), Pre), seg_abs(g));
  if (up > c->rcv.nxt - c->rcv.len) c->ev_urgent = true;
}

/*@ requires valid: \valid(c);
    terminates \true;
    exits never: \false;
    assigns c->unstored;
    ensures counted: c->unstored == counted(\old(c->unstored));
    KEEPS_INV;
    KEEPS_OCTETS;
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static void count_unstored(struct vtcp *c) {
  if (c->unstored < UINT32_MAX) c->unstored++;
}

/* The octets [off, off + n) go into the receive buffer; nothing else changes. */
/*@ requires mem: tcb_mem(c);
    requires ring: vtcp_ring_inv(&c->snd);
    requires reassembly: tcb_reassembly(c);
    requires src: \valid_read(src + (0 .. n - 1)) && \separated(c, src + (0 .. n - 1)) &&
      \separated(src + (0 .. n - 1), c->rcv.data + (0 .. c->rcv.cap - 1));
    requires off: 0 <= off <= VTCP_OFFSET_MAX && n <= VTCP_BUFFER_MAX;
    terminates \true;
    exits never: \false;
    assigns c->rcv.len, c->rcv.nxt, WRITES_RANGES, c->rcv.data[0 .. c->rcv.cap - 1];
    ensures reassembly: tcb_reassembly(c);
    ensures grows: \old(c->rcv.nxt) <= c->rcv.nxt;
    ensures least: !vtcp_reassembly_present(&c->rcv, c->rcv.nxt);
    ensures taken: \result ==> \forall integer o; vtcp_reassembly_present(&c->rcv, o) <==>
      vtcp_reassembly_present{Pre}(&c->rcv, o) || (off <= o < off + n && \old(c->rcv.nxt) <= o < vtcp_reassembly_limit(&c->rcv));
    ensures refused: !\result ==> \old(c->rcv.nxt) < off && vtcp_reassembly_full{Pre}(&c->rcv) && received_same{Pre, Post}(c);
    ensures octets: \forall octets s; vtcp_reassembly_holds{Pre}(&c->rcv, s) &&
      (\forall integer o; off <= o < off + n ==> \old(src[o - off]) == octet_at(s, o)) ==>
      vtcp_reassembly_holds(&c->rcv, s);
    KEEPS(mem); KEEPS(snd); KEEPS(options); KEEPS(policy); KEEPS(edges); KEEPS(acked); KEEPS(unacked); KEEPS(armed);
    KEEPS_STREAM;
    ensures level: c->rcv_nxt == \old(c->rcv_nxt) && c->rcv_adv == \old(c->rcv_adv);
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static bool insert(struct vtcp *c, int64_t off, const uint8_t *src, uint32_t n) {
  bool stored = vtcp_reassembly_insert(&c->rcv, off, src, n);
  //@ assert offsets: tcb_same_offsets{Pre, Here}(c) && c->snd.base == \at(c->snd.base, Pre);
  /*@ assert others: c->snd_ptr == \at(c->snd_ptr, Pre) && c->ack_sent == \at(c->ack_sent, Pre) &&
        c->cc.recover == \at(c->cc.recover, Pre) && c->rtt.timed_end == \at(c->rtt.timed_end, Pre); */
  /*@ assert words: c->iss == \at(c->iss, Pre) && c->irs == \at(c->irs, Pre) && c->snd_wnd == \at(c->snd_wnd, Pre) &&
        c->snd_wnd_max == \at(c->snd_wnd_max, Pre) && c->rst_seq == \at(c->rst_seq, Pre) &&
        c->rst_ack == \at(c->rst_ack, Pre) && c->snd.len == \at(c->snd.len, Pre); */
  //@ assert room: c->rcv.cap == \at(c->rcv.cap, Pre) && c->snd.cap == \at(c->snd.cap, Pre) && c->snd.head == \at(c->snd.head, Pre);
  //@ assert end: vtcp_reassembly_end(&c->rcv) == \at(vtcp_reassembly_end(&c->rcv), Pre);
  //@ assert same: !stored ==> c->rcv.nxt == \at(c->rcv.nxt, Pre) && vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
  //@ assert full: !stored ==> \at(vtcp_reassembly_full(&c->rcv), Pre);
  //@ assert abs: tcb_abs(c) == \at(tcb_abs(c), Pre);
  //@ assert rtt: \at(vtcp_rtt_inv(&c->rtt), Pre) ==> vtcp_rtt_inv(&c->rtt);
  //@ assert congestion: \at(vtcp_congestion_inv(&c->cc), Pre) ==> vtcp_congestion_inv(&c->cc);
  //@ assert ring: \at(vtcp_ring_inv(&c->snd), Pre) ==> vtcp_ring_inv(&c->snd);
  //@ assert data: \forall integer p; 0 <= p < c->snd.cap ==> c->snd.data[p] == \at(c->snd.data[\at(p, Here)], Pre);
  /*@ assert queue: \forall integer o; c->snd.base <= o < c->snd.base + c->snd.len ==>
        vtcp_ring_octet(&c->snd, o) == vtcp_ring_octet{Pre}(&c->snd, o); */
  //@ assert watched: \at(tcb_watched(c), Pre) ==> tcb_watched(c);
  //@ assert timers: \at(tcb_timers(c), Pre) ==> tcb_timers(c);
  return stored;
}

/* Stores the text's octets in [lo, hi). False: it found no free range, and nothing is stored. */
/*@ requires mem: tcb_mem(c);
    requires ring: vtcp_ring_inv(&c->snd);
    requires rcv: tcb_rcv(c);
    requires reassembly: tcb_reassembly(c);
    requires window: tcb_window(c);
    requires seg: seg_ok(g) && seg_mem(c, g);
    requires level: c->rcv_nxt == c->rcv.nxt;
    requires first: first == seg_first(g);
    requires part: c->rcv_nxt <= lo < hi <= c->rcv_adv && first <= lo && hi <= first + g.txt;
    terminates \true;
    exits never: \false;
    assigns c->rcv.len, c->rcv.nxt, WRITES_RANGES, c->rcv.data[0 .. c->rcv.cap - 1];
    ensures grows: \old(c->rcv.nxt) <= c->rcv.nxt <= c->rcv_adv;
    ensures reassembly: tcb_reassembly(c);
    ensures window: tcb_window(c);
    KEEPS(mem); KEEPS(snd); KEEPS(options); KEEPS(policy); KEEPS(edges); KEEPS(acked); KEEPS(unacked); KEEPS(armed);
    KEEPS_STREAM;
    ensures least: !vtcp_reassembly_present(&c->rcv, c->rcv.nxt);
    ensures taken: \result ==> \forall integer o; vtcp_reassembly_present(&c->rcv, o) <==>
      vtcp_reassembly_present{Pre}(&c->rcv, o) || lo <= o < hi;
    ensures refused: !\result ==> \old(c->rcv.nxt) < lo && vtcp_reassembly_full{Pre}(&c->rcv) && received_same{Pre, Post}(c);
    ensures received: \forall octets s; vtcp_reassembly_holds{Pre}(&c->rcv, s) && seg_carries{Pre}(g, s) ==>
      vtcp_reassembly_holds(&c->rcv, s);
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static bool store(struct vtcp *c, struct vtcp_arrival g, int64_t first, int64_t lo, int64_t hi) {
  //@ assert before: \forall integer o; vtcp_reassembly_present(&c->rcv, o) ==> o < c->rcv_adv;
  bool stored = insert(c, lo, g.text + (lo - first), (uint32_t)(hi - lo));
  //@ assert after: \forall integer o; vtcp_reassembly_present(&c->rcv, o) ==> o < c->rcv_adv;
  //@ assert last: vtcp_reassembly_present(&c->rcv, c->rcv.nxt - 1);
  /*@ assert tops: \forall integer i; 0 <= i < VTCP_RANGES && c->rcv.lo[i] < c->rcv.hi[i] ==>
        vtcp_reassembly_held(&c->rcv, c->rcv.hi[i] - 1); */
  /*@ assert highest: \forall integer i; 0 <= i < VTCP_RANGES && c->rcv.lo[i] < c->rcv.hi[i] ==>
        vtcp_reassembly_present(&c->rcv, c->rcv.hi[i] - 1); */
  /*@ assert below: \forall integer i; 0 <= i < VTCP_RANGES && c->rcv.lo[i] < c->rcv.hi[i] ==>
        c->rcv.hi[i] <= c->rcv_adv; */
  /*@ assert ordered: \forall integer i; 0 <= i < VTCP_RANGES ==>
        c->rcv.lo[i] == c->rcv.hi[i] || c->rcv.lo[i] < c->rcv.hi[i]; */
  //@ assert window: tcb_window(c);
  return stored;
}

/* Stores what of the text is inside the window and before a FIN already known. True: it went in at RCV.NXT and left
   no gap behind it. */
/*@ requires mem: tcb_mem(c);
    requires ring: vtcp_ring_inv(&c->snd);
    requires rcv: tcb_rcv(c);
    requires reassembly: tcb_reassembly(c);
    requires window: tcb_window(c);
    requires seg: seg_ok(g) && seg_mem(c, g);
    requires level: c->rcv_nxt == c->rcv.nxt;
    requires receiving: spec_receiving(tcb_abs(c)) == \true;
    terminates \true;
    exits never: \false;
    assigns c->rcv.len, c->rcv.nxt, WRITES_RANGES, c->rcv.data[0 .. c->rcv.cap - 1], c->unstored;
    ensures grows: \old(c->rcv.nxt) <= c->rcv.nxt <= c->rcv_adv;
    ensures reassembly: tcb_reassembly(c);
    ensures window: tcb_window(c);
    KEEPS(mem); KEEPS(snd); KEEPS(options); KEEPS(policy); KEEPS(edges); KEEPS(acked); KEEPS(unacked); KEEPS(armed);
    KEEPS_STREAM;
    TAKES(takes_data);
    ensures counted: c->unstored == \old(c->unstored) ||
      (c->unstored == counted(\old(c->unstored)) && text_refused{Pre, Post}(c, g));
    ensures uncounted: c->unstored == counted(\old(c->unstored)) || (\forall integer o;
      vtcp_reassembly_present(&c->rcv, o) <==> vtcp_reassembly_present{Pre}(&c->rcv, o) ||
        spec_takes_data(\old(tcb_abs(c)), seg_abs(g), o));
    ensures in_order: \result <==> seg_first(g) <= c->rcv_nxt < seg_text_end(c, g) == c->rcv.nxt;
    KEEPS_NEGOTIATED;
    ensures abs: tcb_abs(c) == \old(tcb_abs(c)); */
static bool store_text(struct vtcp *c, struct vtcp_arrival g) {
  int64_t first = g.seq + (g.syn ? 1 : 0);
  int64_t lo = first < c->rcv_nxt ? c->rcv_nxt : first;
  int64_t hi = first + g.txt;
  if (hi > c->rcv_adv) hi = c->rcv_adv;
  if (c->rcv_fin >= 0 && hi > c->rcv_fin) hi = c->rcv_fin;
  if (lo >= hi) return false;
  if (!store(c, g, first, lo, hi)) count_unstored(c);
  return lo == c->rcv_nxt && c->rcv.nxt == hi;
}

/* RCV.NXT goes to the first octet that is missing. */
/*@ requires valid: \valid(c);
    requires grown: c->rcv_nxt <= c->rcv.nxt <= c->rcv_adv;
    terminates \true;
    exits never: \false;
    assigns c->rcv_nxt, c->ev_data;
    ensures level: c->rcv_nxt == c->rcv.nxt;
    KEEPS(mem); KEEPS(snd); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(acked); KEEPS(unacked);
    KEEPS(armed); KEEPS_STREAM; KEEPS_RECEIVED;
    ensures rcv: \old(tcb_edges(c)) && 1 <= c->rcv.nxt ==> tcb_rcv(c);
    ensures data: c->ev_data <==> \old(c->ev_data) || \old(c->rcv_nxt) < c->rcv.nxt;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_advance(\old(tcb_abs(c)), c->rcv.nxt); */
static void advance(struct vtcp *c) {
  if (c->rcv_nxt < c->rcv.nxt) c->ev_data = true;
  c->rcv_nxt = c->rcv.nxt;
}

/*@ requires valid: \valid(c);
    requires rcv: tcb_rcv(c);
    requires now: now <= VTCP_TIME_MAX;
    requires state: c->state >= VTCP_SYN_RECEIVED;
    terminates \true;
    exits never: \false;
    assigns c->ack_due, c->ack_at;
    ensures due: c->ack_due;
    TIMES(ack);
    ensures SHLD_19_second: c->rcv_nxt - c->ack_sent >= 2 * \min(c->snd_mss, c->mss) ==> c->ack_at == 0;
    ensures SHLD_18_delayed: in_order && !\old(c->ack_due) &&
      c->rcv_nxt - c->ack_sent < 2 * \min(c->snd_mss, c->mss) ==> c->ack_at == now + VTCP_ACK_DELAY;
    ensures RFC5681_s4_2_gap: !in_order ==> c->ack_at == 0;
    ensures sooner: in_order && \old(c->ack_due) && c->rcv_nxt - c->ack_sent < 2 * \min(c->snd_mss, c->mss) ==>
      c->ack_at == \old(c->ack_at);
    KEEPS_INV;
    KEEPS_OCTETS;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_ack_owed(\old(tcb_abs(c))); */
/* When the ACK that text draws must leave: at once when the text was out of order (RFC 5681 s4.2) or a second full
   segment (SHLD-19), else soon (MUST-58). */
static void schedule_ack(struct vtcp *c, bool in_order, uint64_t now) {
  uint32_t mss = c->snd_mss < c->mss ? c->snd_mss : c->mss;
  if (!in_order || vtcp_window_ack_now(c->rcv_nxt, c->ack_sent, mss))
    c->ack_at = 0;
  else if (!c->ack_due)
    c->ack_at = now + VTCP_ACK_DELAY;
  c->ack_due = true;
}

/* Seventh: the segment text. */
/*@ requires inv: tcb_inv(c);
    requires seg: seg_ok(g) && seg_mem(c, g);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->rcv.len, c->rcv.nxt, WRITES_RANGES, c->rcv.data[0 .. c->rcv.cap - 1], c->unstored, c->rcv_nxt,
      c->ev_data, c->ack_due, c->ack_at;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    TAKES(takes_data);
    ensures marks: c->rcv_up == \old(c->rcv_up) && c->snd_una == \old(c->snd_una);
    TOLD;
    KEEPS_NEGOTIATED;
    TIMES(ack);
    ensures refine: tcb_abs(c) == spec_arrive_text(\old(tcb_abs(c)), seg_abs(g), c->rcv.nxt); */
static void arrive_text(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  if (!vtcp_tcb_receiving(c)) return;
  bool in_order = store_text(c, g);
  advance(c);
  if (g.txt > 0 || g.syn || g.fin) schedule_ack(c, in_order, now);
}

/* A FIN beyond a gap is remembered by its place. */
/*@ requires valid: \valid(c);
    requires seg: seg_ok(g);
    terminates \true;
    exits never: \false;
    assigns c->rcv_fin;
    KEEPS_INV;
    KEEPS_OCTETS;
    KEEPS_NEGOTIATED;
    ensures refine: tcb_abs(c) == spec_note_fin(\old(tcb_abs(c)), seg_abs(g)); */
static void note_fin(struct vtcp *c, struct vtcp_arrival g) {
  if (!vtcp_tcb_receiving(c) || !g.fin || c->rcv_fin >= 0) return;
  int64_t at = g.seq + (g.syn ? 1 : 0) + g.txt;
  if (c->rcv_nxt <= at && at < c->rcv_adv) c->rcv_fin = at;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
}

/* RCV.NXT goes past the FIN. */
/*@ requires valid: \valid(c);
    requires fin: 0 <= c->rcv_nxt < c->rcv_adv <= VTCP_OFFSET_MAX;
    terminates \true;
    exits never: \false;
    assigns c->rcv_nxt, c->ev_fin;
    ensures nxt: c->rcv_nxt == \old(c->rcv_nxt) + 1;
    ensures fin: c->ev_fin;
    KEEPS_NEGOTIATED;
    KEEPS(mem); KEEPS(snd); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(edges); KEEPS(acked);
    KEEPS(unacked); KEEPS(armed); KEEPS_STREAM; KEEPS_RECEIVED; */
static void pass_fin(struct vtcp *c) {
  c->rcv_nxt++;
  //@ assert slots: vtcp_reassembly_same_slots{Pre, Here}(&c->rcv);
  c->ev_fin = true;
}

/* The state after the peer's FIN. */
/*@ requires valid: \valid(c);
    requires policy: tcb_policy(c);
    requires now: now <= VTCP_TIME_MAX;
    requires state: VTCP_ESTABLISHED <= c->state <= VTCP_FIN_WAIT_2;
    terminates \true;
    exits never: \false;
    assigns c->state, c->wait_at, c->user_at;
    KEEPS_NEGOTIATED;
    ensures state: c->state == (\old(c->state) == VTCP_ESTABLISHED ? VTCP_CLOSE_WAIT :
      \old(c->state) == VTCP_FIN_WAIT_1 ? VTCP_CLOSING : VTCP_TIME_WAIT);
    KEEPS(mem); KEEPS(snd); KEEPS(rcv); KEEPS(reassembly); KEEPS(window); KEEPS(options); KEEPS(policy); KEEPS(armed);
    KEEPS_STREAM; KEEPS_RECEIVED;
    TIMES(wait); */
static void after_fin(struct vtcp *c, uint64_t now) {
  if (c->state == VTCP_ESTABLISHED) {
    c->state = VTCP_CLOSE_WAIT;
  } else if (c->state == VTCP_FIN_WAIT_1) {
    c->state = VTCP_CLOSING;
  } else {
    c->state = VTCP_TIME_WAIT;
    c->wait_at = now + 2 * c->msl;
    c->user_at = VTCP_NEVER;
  }
}

/*@ requires inv: tcb_inv(c);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->rcv_nxt, c->ev_fin, c->ack_due, c->ack_at, c->state, c->wait_at, c->user_at;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures half: c->state == \old(c->state) ||
      (VTCP_ESTABLISHED <= \old(c->state) <= VTCP_FIN_WAIT_2 && c->state >= VTCP_CLOSE_WAIT);
    TOLD;
    KEEPS_NEGOTIATED;
    TIMES(wait);
    TIMES(ack);
    ensures refine: tcb_abs(c) == spec_take_fin(\old(tcb_abs(c))); */
static void take_fin(struct vtcp *c, uint64_t now) {
  if (!vtcp_tcb_receiving(c) || c->rcv_fin != c->rcv_nxt) return;
  pass_fin(c);
  vtcp_tcb_ack_now(c);
  after_fin(c, now);
  //@ assert rcv: tcb_rcv(c);
  //@ assert state: tcb_state(c);
  //@ assert acked: tcb_acked(c) && tcb_unacked(c);
}

/* Eighth: the FIN bit. */
/*@ requires inv: tcb_inv(c);
    requires seg: seg_ok(g);
    requires now: now <= VTCP_TIME_MAX;
    terminates \true;
    exits never: \false;
    assigns c->rcv_fin, c->rcv_nxt, c->ev_fin, c->ack_due, c->ack_at, c->state, c->wait_at, c->user_at;
    ensures inv: tcb_inv(c);
    KEEPS_STREAM;
    KEEPS_RECEIVED;
    ensures half: c->state == \old(c->state) ||
      (VTCP_ESTABLISHED <= \old(c->state) <= VTCP_FIN_WAIT_2 && c->state >= VTCP_CLOSE_WAIT);
    TOLD;
    KEEPS_NEGOTIATED;
    TIMES(wait);
    TIMES(ack);
    ensures refine: tcb_abs(c) == spec_arrive_fin(\old(tcb_abs(c)), seg_abs(g)); */
static void arrive_fin(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  note_fin(c, g);
  take_fin(c, now);
}

void vtcp_arrive_data(struct vtcp *c, struct vtcp_arrival g, uint64_t now) {
  arrive_urg(c, g);
  /*@ assert takes: \forall integer o;
        spec_takes_data(tcb_abs(c), seg_abs(g), o) <==> spec_takes_data(\at(tcb_abs(c), Pre), seg_abs(g), o); */
  arrive_text(c, g, now);
  /*@ assert present: text_refused{Pre, Here}(c, g) || (\forall integer o; vtcp_reassembly_present(&c->rcv, o) <==>
        vtcp_reassembly_present{Pre}(&c->rcv, o) || spec_takes_data(\at(tcb_abs(c), Pre), seg_abs(g), o)); */
  arrive_fin(c, g, now);
}
