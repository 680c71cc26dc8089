(* Segments that leave: vtcp_output against s3.10 and spec/output.acsl, vtcp_refuse against s3.10.7.1. *)
open Tcp__Tcp
open Sequence__Sequence
open Trace
open Connection

let plain s = not (s.has_mss || s.has_wscale || s.sack_permitted || s.has_ts) && s.sack_count = 0
let empty s = s.text_len = 0 && s.more_len = 0
let header s seq ack flags wnd urg =
  same_z "SEG.SEQ" seq s.seq;
  same_z "SEG.ACK" ack s.ack;
  same "the control bits" flags s.flags;
  same "SEG.WND" wnd s.wnd;
  same "SEG.UP" urg s.urg

let rst_header a s = header s a.rst_seq a.rst_ack (if a.rst_ackf then 4 + 16 else 4) 0 0

let syn_due c = (state c = 2 || state c = 3) && Z.equal c.rest.snd_ptr Z.zero
let said edge unit = Stdlib.min 65535 (Z.to_int (Z.max edge Z.zero) / unit)

(* The SYN or SYN-ACK; its window is not scaled (RFC 7323 s2.2). *)
let syn c s =
  let a = c.a in
  let ackf = state c = 3 in
  check (syn_due c) "a SYN that is not due";
  header s a.iss (if ackf then wire a.rcv_nxt a.irs else Z.zero) (if ackf then 2 + 16 else 2)
    (said (Z.sub a.rcv_adv a.rcv_nxt) 1) 0;
  check (empty s && s.has_mss && not (s.sack_permitted || s.has_ts) && s.sack_count = 0) "the options of the SYN";
  same "the MSS option" c.config.mss s.mss;
  check (s.has_wscale = if ackf then c.wscale else c.config.offer) "the window scale option";
  if s.has_wscale then same "the window scale" c.config.shift s.scale

let fin_of s = if bit s.flags 1 then 1 else 0

(* [lo, hi) may leave: out_may. *)
let may_leave c lo hi =
  let a = c.a in
  check (Z.geq lo Z.one && Z.leq a.snd_una lo && Z.leq lo a.snd_nxt && Z.leq lo hi && Z.leq hi (snd_all a))
    "what leaves is not queued";
  check (Z.leq (Z.sub hi lo) (z c.snd_mss)) "more than the peer takes in a segment";
  check (Z.leq hi (Z.add a.snd_una (Z.max a.snd_wnd Z.one)) || Z.leq hi a.snd_nxt) "beyond the window"

(* A keep-alive probe is from just before what the peer expects. *)
let asks c s now = keep_due c now && Z.equal s.seq (wire (Z.pred c.a.snd_nxt) c.a.iss)

(* Text, FIN or an acknowledgment; asks: a keep-alive probe. The core chooses [lo, hi) and the window's edge. *)
let range c s octets ~asks (core : tcb) =
  let a = c.a in
  let lo = nearest s.seq a.iss a.snd_una in
  let text = s.text_len + s.more_len in
  let hi = Z.add lo (z (text + fin_of s)) in
  check (not (syn_due c)) "the SYN is due";
  check (plain s) "options";
  if asks then check (empty s && fin_of s = 0) "a keep-alive probe carries something" else may_leave c lo hi;
  check (Streams.Queue.equal c.queue lo octets text || text = 0) "other octets than were queued";
  let some = Z.lt lo hi and edge = core.rcv_adv in
  let urgent = some && Z.gt a.snd_up lo in
  header s (wire lo a.iss) (wire a.rcv_nxt a.irs)
    (16 + (if Z.lt lo a.snd_end && Z.leq a.snd_end hi then 8 else 0) + (if some && Z.gt hi a.snd_end then 1 else 0)
     + if urgent then 32 else 0)
    (said (Z.sub edge a.rcv_nxt) c.rcv_factor)
    (if urgent then Z.to_int (Z.min (Z.sub a.snd_up lo) (z 65535)) else 0);
  check (Z.geq edge a.rcv_adv) "the window shrinks";
  check (Z.equal edge a.rcv_adv || Z.leq edge (Z.add c.received.read.base (z c.config.rcv_cap)))
    "a window larger than the buffer";
  out_range a (if asks then a.snd_nxt else hi) edge

(* T7: what is queued or in flight has a timer. *)
let check_armed c =
  if state c >= 4 && Z.lt c.rest.snd_ptr (snd_all c.a) then
    check (not (Z.equal c.rest.rtx_at never)) "something waits, and no timer runs"

let ports c s =
  same "the source port" c.config.local_port s.src_port;
  same "the destination port" c.remote_port s.dst_port

let output_ c r =
  let now = time r in let leaves = truth r in
  let due = Z.leq now time_max && (c.a.rst_due || syn_due c) and rst = c.a.rst_due in
  if leaves then begin
    let s = segment r in
    let core = tcb r in let rest = rest r in
    check (Z.leq now time_max) "after the end of time";
    ports c s;
    let specified =
      if rst then begin
        rst_header c.a s;
        check (plain s && empty s) "a reset with options or text";
        out_rst c.a
      end
      else if bit s.flags 2 then (syn c s; out_range c.a Z.one c.a.rcv_adv)
      else begin
        let asks = asks c s now in
        if asks then asked c now;
        range c s r.octets ~asks core
      end
    in
    settle c ~now specified core rest
  end
  else begin
    check (not due) "a reset or SYN is due";
    check (not (Z.leq now time_max && keep_due c now)) "a keep-alive probe is due";
    let core = tcb r in let rest = rest r in
    settle c ~now c.a core rest
  end;
  if Z.leq now time_max && not rst then check_armed c

(* A host without a connection: the reset that the specification has in CLOSED *)
let refuse nobody r =
  let s = segment r in let due = truth r in
  let g =
    { seg_syn = bit s.flags 2; seg_fin = bit s.flags 1; seg_rst = bit s.flags 4; seg_ackf = bit s.flags 16;
      seg_urg = bit s.flags 32; seg_seq = Z.zero; seg_ack = Z.zero; seg_txt = z s.text_len; seg_wnd = z s.wnd;
      seg_up = z s.urg; wire_seq = s.seq; wire_ack = s.ack } in
  let specified = arrive nobody g true Z.one Z.zero in
  check (due = (specified.rst_due && s.text_len <= 65535 && s.more_len = 0)) "a reset is due, or none";
  if due then begin
    let out = segment r in
    rst_header specified out;
    check (plain out && empty out) "a reset with options or text";
    same "the source port" s.dst_port out.src_port;
    same "the destination port" s.src_port out.dst_port
  end
