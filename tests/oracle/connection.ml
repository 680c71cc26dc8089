(* What the oracle knows of a connection: the specification's tcb, the two streams, and what the policy arguments of
   spec/tcp.mlw are computed from. None of it comes from the core, but for a connection that a test made by hand. *)
open Tcp__Tcp
open Sequence__Sequence
open Trace

exception Disagree of string

let disagree format = Printf.ksprintf (fun s -> raise (Disagree s)) format
let check condition what = if not condition then raise (Disagree what)
let z = Z.of_int
let offset_max = Z.shift_left Z.one 62
let time_max = Z.shift_left Z.one 62
let never = Z.pred two64
let duration_max = Z.shift_left Z.one 44
let mss_least = 64

type config = {
  local_port : int; mss : int; shift : int; offer : bool; ipv6 : bool; msl : Z.t; snd_cap : int; rcv_cap : int }

(* RFC 5961 s7 *)
type budget = { mutable since : Z.t; mutable count : int }

type t = {
  config : config;
  mutable a : tcb;
  mutable rest : rest; (* as the core has it, checked by settle *)
  mutable snd_mss : int;
  mutable snd_factor : int;
  mutable rcv_factor : int;
  mutable wscale : bool;
  mutable remote_port : int;
  mutable user_timeout : Z.t;
  mutable unstored : int;
  mutable keep : keep;
  budget : budget;
  queue : Streams.Queue.t;
  received : Streams.received }

(* ---- comparing ---- *)

let flag b = if b then "true" else "false"

let fields a =
  [ ("state", Z.to_string a.state); ("outcome", Z.to_string a.outcome); ("passive", flag a.passive);
    ("close_wanted", flag a.close_wanted); ("iss", Z.to_string a.iss); ("irs", Z.to_string a.irs);
    ("snd_una", Z.to_string a.snd_una); ("snd_nxt", Z.to_string a.snd_nxt); ("snd_end", Z.to_string a.snd_end);
    ("fin", flag a.fin); ("snd_up", Z.to_string a.snd_up); ("snd_wnd", Z.to_string a.snd_wnd);
    ("snd_wl1", Z.to_string a.snd_wl1); ("snd_wl2", Z.to_string a.snd_wl2);
    ("snd_wnd_max", Z.to_string a.snd_wnd_max); ("rcv_nxt", Z.to_string a.rcv_nxt);
    ("rcv_adv", Z.to_string a.rcv_adv); ("rcv_fin", Z.to_string a.rcv_fin); ("rcv_up", Z.to_string a.rcv_up);
    ("ack_due", flag a.ack_due); ("rst_due", flag a.rst_due); ("rst_ackf", flag a.rst_ackf);
    ("rst_seq", Z.to_string a.rst_seq); ("rst_ack", Z.to_string a.rst_ack) ]

let difference specified core =
  List.map2 (fun (name, s) (_, c) -> if s = c then [] else [ Printf.sprintf "%s is %s, specified %s" name c s ])
    (fields specified) (fields core)
  |> List.concat |> String.concat ", "

let show a = fields a |> List.map (fun (name, v) -> name ^ " " ^ v) |> String.concat ", "

(* The core's tcb is the specified one. *)
let agree specified core = if specified <> core then raise (Disagree (difference specified core))

let same what specified core = if specified <> core then disagree "%s is %d, specified %d" what core specified
let same_z what specified core =
  if not (Z.equal specified core) then disagree "%s is %s, specified %s" what (Z.to_string core) (Z.to_string specified)

(* ---- spec/vtcp.acsl ---- *)

let state c = Z.to_int c.a.state

let send_none c = state c = 0 || state c = 1
let send_closing c = (not (send_none c)) && (c.a.close_wanted || (state c > 4 && state c <> 7))
let send_space c = Z.min (z (c.config.snd_cap - c.queue.len)) (Z.sub (Z.pred offset_max) c.a.snd_end)
let receive_none c = state c = 0 && (Z.equal c.a.outcome aborted || Z.equal c.a.rcv_nxt (Streams.first_missing c.received))
let receive_end c = (not (receive_none c)) && c.received.read.len = 0 && (state c >= 7 || state c = 0)
let close_closing c = state c >= 3 && (c.a.close_wanted || (state c > 4 && state c <> 7))

(* The offset nearest to place whose sequence number is seq *)
let nearest seq isn place =
  let ahead = mod32 (Z.sub seq (wire place isn)) in
  let ahead = if Z.lt ahead (Z.shift_left Z.one 31) then ahead else Z.sub ahead (Z.shift_left Z.one 32) in
  Z.add place ahead

let in_flight c seq =
  let o = nearest seq c.a.iss c.a.snd_una in
  Z.leq c.a.snd_una o && Z.lt o c.a.snd_nxt

let bit flags n = flags land n <> 0

(* seg_of, with SEG.SEQ and SEG.ACK where seg_places has them *)
let segment_of c (s : Trace.wire) =
  let syn = bit s.flags 2 and ackf = bit s.flags 16 in
  { seg_syn = syn; seg_fin = bit s.flags 1; seg_rst = bit s.flags 4; seg_ackf = ackf; seg_urg = bit s.flags 32;
    seg_seq = (if state c <= 2 then Z.zero else nearest s.seq c.a.irs c.a.rcv_nxt);
    seg_ack = (if state c <= 1 || not ackf then Z.zero else nearest s.ack c.a.iss c.a.snd_una);
    seg_txt = z s.text_len; seg_wnd = z (if syn then s.wnd else s.wnd * c.snd_factor); seg_up = z s.urg;
    wire_seq = s.seq; wire_ack = s.ack }

(* ---- s3.8.4: keep-alive ---- *)

let keep_off =
  { on = false; idle = z 7_200_000_000; interval = z 75_000_000; at = Z.zero; count = 10; sent = 0 }
let keep_runs c = c.keep.on && c.queue.len = 0 && List.mem (state c) [ 4; 6; 7 ]
let keep_past c now = keep_runs c && Z.leq c.keep.at now
let keep_due c now = keep_past c now && c.keep.sent < c.keep.count
let keep_dead c now = keep_past c now && c.keep.sent = c.keep.count
let heard c now = c.keep <- { c.keep with at = Z.add now c.keep.idle; sent = 0 }
let asked c now = c.keep <- { c.keep with at = Z.add now c.keep.interval; sent = c.keep.sent + 1 }

(* ---- RFC 5961 s7: ten in five seconds ---- *)

let budget_max = 10
let budget_interval = z 5_000_000
let budget_over b now = Z.geq now (Z.add b.since budget_interval)
let allowed b now = budget_over b now || b.count < budget_max

let take b now =
  if budget_over b now then (b.since <- now; b.count <- 0);
  if b.count < budget_max then b.count <- b.count + 1

(* ---- options (RFC 9293 s3.7.1, RFC 7323 s2.2) ---- *)

let fresh_options c =
  c.wscale <- false;
  c.snd_factor <- 1;
  c.rcv_factor <- 1;
  c.snd_mss <- c.config.mss;
  c.budget.since <- Z.zero;
  c.budget.count <- 0

let take_options c (s : Trace.wire) =
  let theirs = if s.has_mss then s.mss else if c.config.ipv6 then 1220 else 536 in
  c.snd_mss <- Stdlib.max mss_least (Stdlib.min c.config.mss theirs);
  c.wscale <- c.config.offer && s.has_wscale;
  c.snd_factor <- (if c.wscale then 1 lsl s.scale else 1);
  c.rcv_factor <- (if c.wscale then 1 lsl c.config.shift else 1)

(* ---- what holds after every call ---- *)

(* The send queue holds what is queued and not acknowledged. *)
let follow_queue c =
  let base = Z.max Z.one (Z.min c.a.snd_una c.a.snd_end) in
  if Z.lt c.a.snd_end (Streams.Queue.stop c.queue) then Streams.Queue.clear c.queue base
  else Streams.Queue.drop c.queue (Z.to_int (Z.sub base c.queue.base))

let check_rest c (rest : rest) =
  same "the send queue" c.queue.len rest.snd_len;
  same "what is unread" c.received.read.len rest.rcv_len;
  same_z "the first octet missing" (Streams.first_missing c.received) rest.next;
  same "SND.MSS" c.snd_mss rest.snd_mss;
  same "the peer's window unit" c.snd_factor rest.snd_factor;
  same "the window unit" c.rcv_factor rest.rcv_factor;
  check (c.wscale = rest.wscale) "window scale";
  same "the remote port" c.remote_port rest.remote_port;
  same_z "the user timeout" c.user_timeout rest.user_timeout;
  same "texts without room" c.unstored rest.unstored;
  check (c.keep = rest.keep) "keep-alive"

(* Timers move only as they may: TIME-WAIT lasts 2 MSL from now, the user timeout runs from now. *)
let check_timers c (before : rest) (rest : rest) now was =
  let after length at = match now with Some t -> Z.equal at (Z.add t length) | None -> false in
  check (Z.equal rest.user_at before.user_at || Z.equal rest.user_at never || after c.user_timeout rest.user_at)
    "the user timeout is neither off, nor as before, nor from now";
  let two_msl = Z.mul (z 2) c.config.msl in
  if state c = 10 then
    check ((was = 10 && Z.equal rest.wait_at before.wait_at) || after two_msl rest.wait_at) "TIME-WAIT is not 2 MSL";
  if state c = 0 && was <> 0 then
    check (Z.equal rest.rtx_at never && Z.equal rest.user_at never && Z.equal rest.wait_at never)
      "a timer runs in CLOSED"

let established_told = 1 and urgent_told = 2 and data_told = 4 and fin_told = 8 and space_told = 16 and ended_told = 64

(* spec/told.acsl: the application will be told what happened, and nothing else. *)
let check_told (before : rest) (old : tcb) (a : tcb) (rest : rest) =
  let pending (r : rest) bit = r.events land bit <> 0 in
  let told bit happened what =
    if pending rest bit <> (pending before bit || happened) then
      disagree "%s: %s" (if happened then "not told" else "told without cause") what in
  let s = Z.to_int old.state and s' = Z.to_int a.state in
  let consumed = Z.sub before.next (z before.rcv_len) in
  told ended_told (s <> 0 && s' = 0) "the end";
  told established_told (s < 4 && s' >= 4) "ESTABLISHED";
  told fin_told (s < 7 && s' >= 7) "the peer's FIN";
  told data_told (Z.lt before.next rest.next) "data";
  told space_told (s >= 4 && Z.lt old.snd_una a.snd_una && not old.fin) "space";
  told urgent_told (Z.lt (Z.max old.rcv_up consumed) a.rcv_up) "urgent data"

(* A call has made specified of the connection; the core has made core and rest of it. *)
let settle c ?now ?(events = `More) specified core (rest : rest) =
  agree specified core;
  let old = c.a and before = c.rest in
  c.a <- specified;
  follow_queue c;
  check_rest c rest;
  check_timers c before rest now (Z.to_int old.state);
  (match events with
   | `More ->
     same "what was to be told" before.events (before.events land rest.events);
     check_told before old specified rest
   | `Are e -> same "what is to be told" e rest.events);
  c.rest <- rest
