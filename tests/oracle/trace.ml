(* The trace that record.c writes: words of 64 bits, little-endian, read in the order in which they were put. *)
open Tcp__Tcp

type call =
  | Begin | Adopt | Init | Open | Listen | Send | Receive | Peek | Consume | Close | Abort | Nodelay | User_timeout
  | Keepalive | Status | Input | Timeout | Path_mss | Output | Event | Deadline | Refuse

let calls =
  [| Begin; Adopt; Init; Open; Listen; Send; Receive; Peek; Consume; Close; Abort; Nodelay; User_timeout; Keepalive; Status; Input;
     Timeout; Path_mss; Output; Event; Deadline; Refuse |]

let names =
  [| "begin"; "adopt"; "init"; "open"; "listen"; "send"; "receive"; "peek"; "consume"; "close"; "abort"; "set_nodelay";
     "set_user_timeout"; "set_keepalive"; "status"; "input"; "timeout"; "path_mss"; "output"; "event"; "deadline"; "refuse" |]

type record = { number : int; call : call; id : int64; words : Bytes.t; mutable at : int; octets : Bytes.t }

exception Broken of string

let read_words channel n =
  let b = Bytes.create (8 * n) in
  really_input channel b 0 (8 * n);
  b

(* None at the end of the trace. *)
let read channel =
  match read_words channel 2 with
  | exception End_of_file -> None
  | head ->
    let count = Int64.to_int (Bytes.get_int64_le head 0) and len = Int64.to_int (Bytes.get_int64_le head 8) in
    if count < 2 || count > 1000 || len < 0 then raise (Broken "not a trace");
    (try
       let words = read_words channel count in
       let octets = Bytes.create len in
       really_input channel octets 0 len;
       let number = Int64.to_int (Bytes.get_int64_le words 0) in
       if number < 0 || number >= Array.length calls then raise (Broken "no such call");
       Some { number; call = calls.(number); id = Bytes.get_int64_le words 8; words; at = 16; octets }
     with End_of_file -> raise (Broken "the trace ends within a record"))

let raw r =
  if r.at >= Bytes.length r.words then raise (Broken "a record is too short");
  let w = Bytes.get_int64_le r.words r.at in
  r.at <- r.at + 8;
  w

let number r = Z.of_int64 (raw r)
let two64 = Z.shift_left Z.one 64
let time r = let w = raw r in if Int64.compare w 0L < 0 then Z.add two64 (Z.of_int64 w) else Z.of_int64 w
let int r = Int64.to_int (raw r)
let truth r = raw r <> 0L
let ended r = if r.at <> Bytes.length r.words then raise (Broken "a record is too long")

(* tcb_abs, in the order of its fields *)
let tcb r =
  let state = number r in let outcome = number r in let passive = truth r in let close_wanted = truth r in
  let iss = number r in let irs = number r in let snd_una = number r in let snd_nxt = number r in
  let snd_end = number r in let fin = truth r in let snd_up = number r in let snd_wnd = number r in
  let snd_wl1 = number r in let snd_wl2 = number r in let snd_wnd_max = number r in let rcv_nxt = number r in
  let rcv_adv = number r in let rcv_fin = number r in let rcv_up = number r in let ack_due = truth r in
  let rst_due = truth r in let rst_ackf = truth r in let rst_seq = number r in let rst_ack = number r in
  { state; outcome; passive; close_wanted; iss; irs; snd_una; snd_nxt; snd_end; fin; snd_up; snd_wnd; snd_wl1; snd_wl2;
    snd_wnd_max; rcv_nxt; rcv_adv; rcv_fin; rcv_up; ack_due; rst_due; rst_ackf; rst_seq; rst_ack }

(* Keep-alive *)
type keep = { on : bool; idle : Z.t; interval : Z.t; at : Z.t; count : int; sent : int }

(* What else the contracts speak of: timers, how much is held, options, what the application has not been told. *)
type rest = {
  snd_ptr : Z.t; rtx_at : Z.t; user_at : Z.t; wait_at : Z.t; ack_at : Z.t; snd_len : int; rcv_len : int; next : Z.t;
  snd_mss : int; snd_factor : int; rcv_factor : int; wscale : bool; remote_port : int; user_timeout : Z.t;
  unstored : int; keep : keep; events : int }

let rest r =
  let snd_ptr = number r in let rtx_at = time r in let user_at = time r in let wait_at = time r in
  let ack_at = time r in let snd_len = int r in let rcv_len = int r in let next = number r in let snd_mss = int r in
  let snd_factor = int r in let rcv_factor = int r in let wscale = truth r in let remote_port = int r in
  let user_timeout = time r in let unstored = int r in
  let on = truth r in let idle = time r in let interval = time r in let at = time r in let count = int r in
  let sent = int r in let keep = { on; idle; interval; at; count; sent } in let events = int r in
  { snd_ptr; rtx_at; user_at; wait_at; ack_at; snd_len; rcv_len; next; snd_mss; snd_factor; rcv_factor; wscale;
    remote_port; user_timeout; unstored; keep; events }

(* A segment as vtcp_segment_parse gives it *)
type wire = {
  src_port : int; dst_port : int; seq : Z.t; ack : Z.t; flags : int; wnd : int; urg : int; has_mss : bool; mss : int;
  has_wscale : bool; scale : int; sack_permitted : bool; has_ts : bool; sack_count : int; text_len : int;
  more_len : int }

let segment r =
  let src_port = int r in let dst_port = int r in let seq = number r in let ack = number r in let flags = int r in
  let wnd = int r in let urg = int r in let has_mss = truth r in let mss = int r in let has_wscale = truth r in
  let scale = int r in let sack_permitted = truth r in let has_ts = truth r in let sack_count = int r in
  let text_len = int r in let more_len = int r in
  { src_port; dst_port; seq; ack; flags; wnd; urg; has_mss; mss; has_wscale; scale; sack_permitted; has_ts; sack_count;
    text_len; more_len }
