(* One endpoint of the liveness model: the steps are the functions that `why3 extract` makes of spec/tcp.mlw; added is
   what they leave to others: the octets that have arrived, when something leaves, an application, timers. Streams
   are a few octets long, so that there are few endpoints. Their octets are not told apart, only their places. *)
open Tcp__Tcp
open Sequence__Sequence

let z = Z.of_int

type t = {
  a : tcb;
  isn : Z.t;
  ptr : Z.t;      (* next offset to send or to send again *)
  probe : bool;   (* something may leave into a closed window *)
  held : bool list; (* which octets of the peer's stream have arrived *)
  read : int;     (* how many the application has read *)
  to_send : int;  (* how many it has still to write *)
  to_close : bool }

type message = { syn : bool; fin : bool; rst : bool; ackf : bool; seq : Z.t; ack : Z.t; len : int; wnd : int }

(* slow: the application reads when it likes, not at once *)
type world = { mss : int; buffer : int; slow : bool; retransmit : bool; storm : bool }

let nobody =
  { state = closed; outcome = none; passive = false; close_wanted = false; iss = Z.zero; irs = Z.zero; snd_una = Z.zero;
    snd_nxt = Z.zero; snd_end = Z.one; fin = false; snd_up = Z.zero; snd_wnd = Z.zero; snd_wl1 = Z.zero;
    snd_wl2 = Z.zero; snd_wnd_max = Z.zero; rcv_nxt = Z.one; rcv_adv = Z.one; rcv_fin = Z.minus_one; rcv_up = Z.zero;
    ack_due = false; rst_due = false; rst_ackf = false; rst_seq = Z.zero; rst_ack = Z.zero }

(* to_send and octets: how many the application writes, and its peer does. *)
let start w ~active ~isn ~to_send ~octets ~to_close =
  let isn = z isn and wnd = z w.buffer in
  let opened = if active then open_active nobody isn wnd else open_passive nobody wnd in
  { a = opened; isn; ptr = Z.zero; probe = false; held = List.init octets (fun _ -> false); read = 0; to_send; to_close }

let state e = Z.to_int e.a.state

(* ---- what has arrived ---- *)

let in_order e =
  let rec count n = function true :: rest -> count (n + 1) rest | _ -> n in
  count 0 e.held

let first_missing e = z (1 + in_order e)
let hold e lo hi = List.mapi (fun i h -> h || (Z.leq lo (z (i + 1)) && Z.lt (z (i + 1)) hi)) e.held

(* ---- segments arrive ---- *)

let nearest seq isn place =
  let ahead = mod32 (Z.sub seq (wire place isn)) in
  Z.add place (if Z.lt ahead (Z.shift_left Z.one 31) then ahead else Z.sub ahead (Z.shift_left Z.one 32))

let segment_of e m =
  { seg_syn = m.syn; seg_fin = m.fin; seg_rst = m.rst; seg_ackf = m.ackf; seg_urg = false;
    seg_seq = (if state e <= 2 then Z.zero else nearest m.seq e.a.irs e.a.rcv_nxt);
    seg_ack = (if state e <= 1 || not m.ackf then Z.zero else nearest m.ack e.a.iss e.a.snd_una);
    seg_txt = z m.len; seg_wnd = z m.wnd; seg_up = Z.zero; wire_seq = m.seq; wire_ack = m.ack }

let impossible = z (-7)

(* A reset that is not due says nothing, whatever it was. *)
let normal e =
  let a = if e.a.rst_due then e.a else { e.a with rst_ackf = false; rst_seq = Z.zero; rst_ack = Z.zero } in
  { e with a }

(* Where sending goes on after a step from the control state was: at the SYN while opening. *)
let follow e was =
  let opening = state e <= 3 && state e <> was in
  let again = state e = 0 || opening in
  let ptr = if again then Z.zero else Z.max e.ptr e.a.snd_una in
  normal { e with ptr; probe = e.probe && (not again) && Z.equal e.a.snd_wnd Z.zero }

let unread e = in_order e - e.read
let all_came e = Z.equal e.a.rcv_fin (Z.pred e.a.rcv_nxt)
let readable e = unread e > 0 && (state e <> 0 || (all_came e && not (Z.equal e.a.outcome aborted)))

(* Worth a window update when the window was closed *)
let read e =
  let update = receiving e.a && Z.equal e.a.rcv_adv e.a.rcv_nxt in
  { e with a = Tcp__Tcp.receive e.a update; read = e.read + 1 }

let rec read_all e = if readable e then read_all (read e) else e

let receive_with w e m allow =
  let g = segment_of e m in
  let stored = Z.equal (arrive e.a g allow impossible e.isn).rcv_nxt impossible in
  let held = if stored then hold e (text_lo e.a g) (text_hi e.a g) else e.held in
  let was = state e in
  let a = arrive e.a g allow (first_missing { e with held }) e.isn in
  let next = follow { e with a; held } was in
  (* the peer's SYN again: the answer is the SYN-ACK *)
  let next =
    if state next = 3 && was = 3 && m.syn && (not m.ackf) && a.ack_due then { next with ptr = Z.zero } else next in
  let next = if w.slow then next else read_all next in
  if w.storm && state next >= 4 then { next with a = ack_owed next.a } else next

(* And what becomes of it when the budget has no acknowledgment (RFC 5961 s7), if that matters *)
let receive w e m =
  let next = receive_with w e m true and refused = receive_with w e m false in
  (next, if refused = next then None else Some refused)

(* ---- segments leave ---- *)

let edge w e = if state e >= 4 then Z.max e.a.rcv_adv (z (1 + e.read + w.buffer)) else e.a.rcv_adv

let said a = Z.to_int (Z.sub a.rcv_adv a.rcv_nxt)

let out_message a lo text fin =
  { syn = false; fin; rst = false; ackf = true; seq = wire lo a.iss; ack = wire a.rcv_nxt a.irs; len = text;
    wnd = said a }

let out_syn_message a =
  let ackf = Z.equal a.state syn_received in
  { syn = true; fin = false; rst = false; ackf; seq = a.iss; ack = (if ackf then wire a.rcv_nxt a.irs else Z.zero);
    len = 0; wnd = said a }

(* One past the last offset that may leave now *)
let limit w e =
  let a = e.a in
  let window = Z.add a.snd_una (Z.max a.snd_wnd (if e.probe then Z.one else Z.zero)) in
  Z.min (snd_all a) (Z.min window (Z.add e.ptr (z w.mss)))

(* The segment that vtcp_output would make, and the endpoint after it *)
let output w e =
  let a = e.a in
  let s = state e in
  if a.rst_due then
    Some
      ( { syn = false; fin = false; rst = true; ackf = a.rst_ackf; seq = a.rst_seq; ack = a.rst_ack; len = 0; wnd = 0 },
        normal { e with a = out_rst a } )
  else if (s = 2 || s = 3) && Z.equal e.ptr Z.zero then
    let next = out_range a Z.one a.rcv_adv in
    Some (out_syn_message next, { e with a = next; ptr = Z.one })
  else if s >= 4 && Z.lt e.ptr (limit w e) then
    let lo = e.ptr and hi = limit w e in
    let next = out_range a hi (edge w e) in
    let text = Z.to_int (Z.sub (Z.min hi a.snd_end) lo) in
    let ptr = if Z.equal a.snd_wnd Z.zero then e.ptr else hi in
    Some (out_message next lo text (Z.gt hi a.snd_end), { e with a = next; ptr; probe = false })
  else if s >= 3 && a.ack_due then
    let next = out_range a a.snd_nxt (edge w e) in
    Some (out_message next a.snd_nxt 0 false, { e with a = next })
  else None

(* ---- the application ---- *)

let talks e = state e = 4 || state e = 7

let application e =
  let write =
    if e.to_send > 0 && talks e then [ { e with a = send e.a Z.one false; to_send = e.to_send - 1 } ] else [] in
  let shut = if e.to_close && e.to_send = 0 && talks e then [ { e with a = close e.a; to_close = false } ] else [] in
  write @ (if readable e then [ read e ] else []) @ shut

(* ---- timers ---- *)

let waiting e = state e >= 2 && (Z.lt e.a.snd_una e.a.snd_nxt || (state e >= 4 && Z.lt e.ptr (snd_all e.a)))

let timers w e =
  let again =
    if not (w.retransmit && waiting e) then []
    else if Z.equal e.a.snd_una e.a.snd_nxt || (state e >= 4 && Z.equal e.a.snd_wnd Z.zero) then
      [ { e with probe = true; ptr = e.a.snd_una } ]
    else [ { e with ptr = e.a.snd_una } ] in
  let wait = if state e = 10 then [ follow { e with a = timeout e.a false true } 10 ] else [] in
  again @ wait

(* ---- the end ---- *)

(* All was delivered and acknowledged, and nothing is owed: CLOSED by closing, or, if nobody closes, ESTABLISHED. *)
let done_ ~closes e =
  e.to_send = 0 && (not e.to_close) && e.read = List.length e.held && (not e.a.rst_due)
  && if closes then state e = 0 && Z.equal e.a.outcome ended_closed
     else state e = 4 && Z.equal e.a.snd_una (snd_all e.a) && not e.a.ack_due
