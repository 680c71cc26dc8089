(* The calls, one after the other: each against the function of spec/tcp.mlw that it refines, and the rest of its
   contract in core/vtcp.h. Results are read, and compared, in the order in which record.c puts them. *)
open Tcp__Tcp
open Sequence__Sequence
open Trace
open Connection

let ok = 0 and invalid = -1 and no_connection = -2 and exists = -3 and closing_error = -4
let known : (int64, Connection.t) Hashtbl.t = Hashtbl.create 64

let window c = z (Stdlib.min c.config.rcv_cap 65535)

(* ---- making ---- *)

let config r =
  let local_port = int r in let mss = int r in let shift = int r in let offer = truth r in let ipv6 = truth r in
  let msl = time r in let snd_cap = int r in let rcv_cap = int r in
  { local_port; mss; shift; offer; ipv6; msl; snd_cap; rcv_cap }

let make config a (rest : rest) budget =
  { config; a; rest; snd_mss = rest.snd_mss; snd_factor = rest.snd_factor; rcv_factor = rest.rcv_factor;
    wscale = rest.wscale; remote_port = rest.remote_port; user_timeout = rest.user_timeout; unstored = rest.unstored; keep = rest.keep;
    budget; queue = Streams.Queue.make (Z.max Z.one (Z.min a.snd_una a.snd_end)); received = Streams.nothing () }

(* A test made this connection by hand: there is nothing to compare it with. *)
let adopt r =
  let a = tcb r in let rest = rest r in let config = config r in
  let since = time r in let count = int r in
  let c = make config a rest { since; count } in
  let at = ref 0 in
  let part n = let b = Bytes.sub r.octets !at n in at := !at + n; b in
  Streams.Queue.add c.queue (part rest.snd_len) 0 rest.snd_len;
  Streams.Queue.clear c.received.read (Z.sub rest.next (z rest.rcv_len));
  Streams.Queue.add c.received.read (part rest.rcv_len) 0 rest.rcv_len;
  for _ = 1 to Streams.ranges_max do
    let lo = number r in let hi = number r in
    let octets = part (Z.to_int (Z.sub hi lo)) in
    if Z.lt lo hi then c.received.parts <- { Streams.lo; octets } :: c.received.parts
  done;
  Hashtbl.replace known r.id c

let config_ok c user_timeout rto_min =
  c.mss >= 64 && c.mss <= 65475 && c.shift <= 14 && Z.leq c.msl duration_max && Z.leq user_timeout duration_max
  && Z.geq rto_min (z 1000) && Z.leq rto_min (z 60_000_000)
  && c.snd_cap >= 1 && c.snd_cap <= 1 lsl 30 && c.rcv_cap >= 1 && c.rcv_cap <= 1 lsl 30 && 1 lsl c.shift <= c.rcv_cap

let nobody =
  { state = closed; outcome = none; passive = false; close_wanted = false; iss = Z.zero; irs = Z.zero; snd_una = Z.zero;
    snd_nxt = Z.zero; snd_end = Z.one; fin = false; snd_up = Z.zero; snd_wnd = Z.zero; snd_wl1 = Z.zero;
    snd_wl2 = Z.zero; snd_wnd_max = Z.zero; rcv_nxt = Z.one; rcv_adv = Z.one; rcv_fin = Z.minus_one; rcv_up = Z.zero;
    ack_due = false; rst_due = false; rst_ackf = false; rst_seq = Z.zero; rst_ack = Z.zero }

let init r =
  let config = config r in let remote_port = int r in let user_timeout = time r in let rto_min = time r in
  let result = int r in
  same "the result" (if config_ok config user_timeout rto_min then ok else invalid) result;
  if result = ok then begin
    let core = tcb r in let rest = rest r in
    let c = make config nobody rest { since = Z.zero; count = 0 } in
    c.remote_port <- remote_port;
    c.user_timeout <- user_timeout;
    c.unstored <- 0;
    c.keep <- keep_off;
    fresh_options c;
    settle c ~events:(`Are 0) (become (opened nobody Z.zero (window c)) closed false) core rest;
    Hashtbl.replace known r.id c
  end

(* ---- user calls ---- *)

(* The call does what the specification says; a refused one, nothing. *)
let answer c ?now r right specified =
  let result = int r in
  same "the result" right result;
  let core = tcb r in let rest = rest r in
  let specified = specified () in
  check (result >= 0 || specified = c.a) "the specification does not refuse";
  settle c ?now specified core rest

let unchanged c ?now ?events r =
  let core = tcb r in let rest = rest r in
  settle c ?now ?events c.a core rest

(* Nothing has been received, and no option is agreed on. *)
let begins c right =
  if right = ok then begin
    fresh_options c;
    Streams.forget c.received;
    c.rest <- { c.rest with events = 0 }
  end

let open_ c r =
  let iss = number r in let now = time r in
  let right = if Z.gt now time_max || c.remote_port = 0 then invalid else if state c > 1 then exists else ok in
  begins c right;
  answer c ~now r right (fun () -> if right = invalid then c.a else open_active c.a iss (window c));
  if right = ok then
    same_z "the user timeout" (if Z.equal c.user_timeout Z.zero then never else Z.add now c.user_timeout) c.rest.user_at

let listen_ c r =
  let right = if state c <> 0 then exists else ok in
  begins c right;
  answer c r right (fun () -> open_passive c.a (window c))

let send_ c r =
  let n = int r in let urgent = truth r in
  let right =
    if send_none c then no_connection else if send_closing c then closing_error
    else Z.to_int (Z.min (z n) (send_space c)) in
  if right > 0 then Streams.Queue.add c.queue r.octets 0 right;
  answer c r right (fun () -> send c.a (z (Stdlib.max 0 right)) urgent)

(* Whether what was read is worth a window update is policy. *)
let read_ c r right =
  let result = int r in
  same "the result" right result;
  let core = tcb r in let rest = rest r in
  settle c (receive c.a (core.ack_due && not c.a.ack_due)) core rest

let unread_ c octets n =
  check (Streams.Queue.equal c.received.read c.received.read.base octets n) "other octets than arrived"

let receive_ c r =
  let n = int r in
  let right =
    if receive_none c then no_connection else if receive_end c then closing_error
    else Stdlib.min n c.received.read.len in
  if right >= 0 then begin
    unread_ c r.octets right;
    Streams.Queue.drop c.received.read right
  end;
  read_ c r right

let peek_ c r =
  unread_ c r.octets c.received.read.len;
  unchanged c r

let consume_ c r =
  let n = int r in
  let right = if n > c.received.read.len then invalid else ok in
  if right = ok then Streams.Queue.drop c.received.read n;
  read_ c r right

let close_ c r =
  let right = if state c = 0 then no_connection else if close_closing c then closing_error else ok in
  answer c r right (fun () -> close c.a)

let abort_ c r = answer c r (if state c = 0 then no_connection else ok) (fun () -> abort c.a)

let user_timeout_ c r =
  let length = time r in let now = time r in
  let right = if Z.gt length duration_max || Z.gt now time_max then invalid else ok in
  let ran = not (Z.equal c.rest.user_at never) in
  if right = ok then c.user_timeout <- length;
  answer c ~now r right (fun () -> c.a);
  if right = ok then
    same_z "the user timeout" (if ran && Z.gt length Z.zero then Z.add now length else never) c.rest.user_at

let keepalive_ c r =
  let on = truth r in let idle = time r in let interval = time r in let count = int r in let now = time r in
  let or_default n default = if Z.equal n Z.zero then default else n in
  let right =
    if Z.gt idle duration_max || Z.gt interval duration_max || Z.gt now time_max || count = 1 || count > 1000
    then invalid else ok in
  if right = ok then begin
    let idle = or_default idle keep_off.idle and interval = or_default interval keep_off.interval in
    c.keep <- { on; idle; interval; at = Z.add now idle; count = (if count = 0 then keep_off.count else count); sent = 0 }
  end;
  answer c r right (fun () -> c.a)

let status_ c r =
  let a = c.a in
  List.iter (fun (what, right) -> same_z what right (number r))
    [ ("state", a.state); ("outcome", a.outcome); ("local_port", z c.config.local_port);
      ("remote_port", z c.remote_port); ("snd_mss", z c.snd_mss); ("unread", z c.received.read.len);
      ("unacknowledged", z c.queue.len); ("send_space", if send_none c || send_closing c then Z.zero else send_space c);
      ("snd_wnd", a.snd_wnd); ("rcv_wnd", Z.min (Z.sub a.rcv_adv a.rcv_nxt) (z 0xffff_ffff));
      ("snd_una", wire a.snd_una a.iss); ("snd_nxt", wire a.snd_nxt a.iss); ("rcv_nxt", wire a.rcv_nxt a.irs);
      ("iss", a.iss); ("irs", a.irs) ];
  unchanged c r

let path_mss_ c r =
  let seq = number r in let mss = Stdlib.max mss_least (int r) in
  let right = state c >= 4 && mss < c.snd_mss && in_flight c seq in
  check (truth r = right) "another result";
  if right then c.snd_mss <- mss;
  unchanged c r

(* ---- s3.10.7 SEGMENT ARRIVES ---- *)

(* The text goes where the specification has [text_lo, text_hi), if it takes it. *)
let store_text c g text =
  let lo = text_lo c.a g in
  let n = Z.sub (text_hi c.a g) lo in
  if Z.gt n Z.zero && takes c.a g lo
     && not (Streams.store c.received lo (Bytes.sub text (Z.to_int (Z.sub lo (seg_first g))) (Z.to_int n)))
  then c.unstored <- c.unstored + 1

(* The budget is asked when what is owed depends on it. *)
let challenges c g nxt =
  let a = { c.a with ack_due = false } in
  arrive a g true nxt Z.zero <> arrive a g false nxt Z.zero

let soon = z 500_000

let input_ c r =
  let isn = number r in let now = time r in let s = segment r in
  let right = if s.more_len > 0 || s.text_len > 65535 || Z.gt now time_max then invalid else ok in
  let g = segment_of c s and was = state c and before = c.rest in
  if right = ok then store_text c g r.octets;
  let nxt = Streams.first_missing c.received in
  let allow = allowed c.budget now in
  if right = ok then begin
    let next = arrive c.a g allow nxt isn in
    if challenges c g nxt then take c.budget now;
    heard c now;
    if (was = 1 || was = 2) && Z.to_int next.state >= 3 then begin
      take_options c s;
      if was = 1 then c.remote_port <- s.src_port
    end
  end;
  answer c ~now r right (fun () -> if right = invalid then c.a else arrive c.a g allow nxt isn);
  if c.a.ack_due && right = ok then
    check (Z.equal c.rest.ack_at before.ack_at || Z.leq c.rest.ack_at (Z.add now soon)) "an acknowledgment is not soon"

(* ---- s3.10.8 ---- *)

let timeout_ c r =
  let now = time r in
  let past at = Z.leq at now in
  let specified = timeout c.a (past c.rest.user_at || keep_dead c now) (past c.rest.wait_at) in
  let core = tcb r in let rest = rest r in
  settle c ~now specified core rest

let deadline_ c r =
  let t = c.rest in
  let ack = if c.a.ack_due then t.ack_at else never and keep = if keep_runs c then c.keep.at else never in
  same_z "the deadline" (List.fold_left Z.min keep [ t.rtx_at; t.user_at; t.wait_at; ack ]) (time r);
  unchanged c r

let event_ c r =
  let rec first i = if i > 6 then 0 else if c.rest.events land (1 lsl i) <> 0 then i + 1 else first (i + 1) in
  let e = first 0 in
  same "the event" e (int r);
  unchanged c ~events:(`Are (if e = 0 then c.rest.events else c.rest.events land lnot (1 lsl (e - 1)))) r

let calls =
  [ (Open, open_); (Listen, listen_); (Send, send_); (Receive, receive_); (Peek, peek_); (Consume, consume_);
    (Close, close_); (Abort, abort_); (Nodelay, fun c r -> unchanged c r); (User_timeout, user_timeout_);
    (Keepalive, keepalive_); (Status, status_); (Input, input_); (Timeout, timeout_); (Path_mss, path_mss_); (Output, Leaves.output_);
    (Event, event_); (Deadline, deadline_) ]
