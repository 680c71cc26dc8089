(* Both endpoints and the network between them, from a start, breadth first: which endpoints there are, what each
   can receive, do and send. All that liveness.pml does is among it: there, budget and turns leave less. *)
open Endpoint

type start = {
  name : string; closes : bool * bool; open_ : bool * bool; octets : int * int; world : world; room : int; lost : int;
  twice : int }

type side = {
  locals : (string, int) Hashtbl.t;
  mutable all : Endpoint.t list; (* the newest first *)
  mutable count : int;
  received : (int * int, int * int option) Hashtbl.t (* by endpoint and message *) }

type found = {
  a : side; b : side; messages : (message, int) Hashtbl.t; mutable texts : message list; mutable states : int }

exception Too_many

let side () = { locals = Hashtbl.create 1000; all = []; count = 0; received = Hashtbl.create 1000 }

let number s e =
  let key = Marshal.to_string e [ Marshal.No_sharing ] in
  match Hashtbl.find_opt s.locals key with
  | Some i -> i
  | None ->
    let i = s.count in
    Hashtbl.add s.locals key i;
    s.all <- e :: s.all;
    s.count <- i + 1;
    i

let number_message f m =
  match Hashtbl.find_opt f.messages m with
  | Some i -> i
  | None ->
    let i = Hashtbl.length f.messages in
    if i > 254 then raise Too_many;
    Hashtbl.add f.messages m i;
    f.texts <- m :: f.texts;
    i

(* What a, b, both channels (sorted) and the faults so far are *)
type node = { ea : Endpoint.t; eb : Endpoint.t; ab : message list; ba : message list; lost : int; twice : int }

let rec without m = function [] -> [] | x :: rest -> if x = m then rest else x :: without m rest

(* A segment that leaves is delivered, lost or doubled. *)
let sent (s : start) n channel m =
  let add k = List.sort compare (List.init k (fun _ -> m) @ channel) in
  let free = s.room - List.length channel in
  (if free >= 1 then [ (n, add 1) ] else [])
  @ (if n.lost < s.lost then [ ({ n with lost = n.lost + 1 }, channel) ] else [])
  @ if n.twice < s.twice && free >= 2 then [ ({ n with twice = n.twice + 1 }, add 2) ] else []

let note f side e m (next, refused) =
  let i = number side e and k = number_message f m in
  if not (Hashtbl.mem side.received (i, k)) then
    Hashtbl.add side.received (i, k) (number side next, Option.map (number side) refused)

(* What A can do; B by symmetry *)
let moves f s n =
  let w = s.world in
  let receive side e channel put =
    List.concat_map
      (fun m ->
        let next, refused = receive w e m in
        note f side e m (next, refused);
        let rest = without m channel in
        put n next rest
        :: (match refused with Some e -> [ put n e rest ] | None -> []))
      (List.sort_uniq compare channel) in
  let leave e channel put =
    match output w e with
    | None -> []
    | Some (m, e) -> ignore (number_message f m); List.map (fun (n, channel) -> put n e channel) (sent s n channel m) in
  receive f.a n.ea n.ba (fun n ea ba -> { n with ea; ba })
  @ receive f.b n.eb n.ab (fun n eb ab -> { n with eb; ab })
  @ leave n.ea n.ab (fun n ea ab -> { n with ea; ab })
  @ leave n.eb n.ba (fun n eb ba -> { n with eb; ba })
  @ List.map (fun ea -> { n with ea }) (application n.ea)
  @ List.map (fun eb -> { n with eb }) (application n.eb)

let late s n =
  List.map (fun ea -> { n with ea }) (timers s.world n.ea) @ List.map (fun eb -> { n with eb }) (timers s.world n.eb)

let begin_ s =
  let a, b = s.open_ and na, nb = s.octets and ca, cb = s.closes in
  { ea = Endpoint.start s.world ~active:a ~isn:100 ~to_send:na ~octets:nb ~to_close:ca;
    eb = Endpoint.start s.world ~active:b ~isn:0xffff_ffff ~to_send:nb ~octets:na ~to_close:cb;
    ab = []; ba = []; lost = 0; twice = 0 }

let states_max = 3_000_000

let run s =
  let f = { a = side (); b = side (); messages = Hashtbl.create 64; texts = []; states = 0 } in
  let seen = Hashtbl.create 100_000 and todo = Queue.create () in
  let visit n =
    let numbers = List.map (number_message f) in
    let key = (number f.a n.ea, number f.b n.eb, numbers n.ab, numbers n.ba, n.lost, n.twice) in
    let key = Marshal.to_string key [] in
    if not (Hashtbl.mem seen key) then begin
      Hashtbl.add seen key ();
      if Hashtbl.length seen > states_max then raise Too_many;
      Queue.add n todo
    end in
  visit (begin_ s);
  while not (Queue.is_empty todo) do
    let n = Queue.pop todo in
    let next = moves f s n in
    List.iter visit (if next = [] then late s n else next)
  done;
  f.states <- Hashtbl.length seen;
  f
