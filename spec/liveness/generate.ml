(* Writes a start of the model as Promela: two processes whose every step is one of spec/tcp.mlw, for liveness.pml. *)
open Endpoint
open Explore

let states =
  [| "CLOSED"; "LISTEN"; "SYN_SENT"; "SYN_RECEIVED"; "ESTABLISHED"; "FIN_WAIT_1"; "FIN_WAIT_2"; "CLOSE_WAIT"; "CLOSING";
     "LAST_ACK"; "TIME_WAIT" |]

let say = Printf.printf

let text m =
  let flag b s = if b then s else "" in
  Printf.sprintf "%s%s%s%s seq %s ack %s len %d wnd %d" (flag m.syn "SYN ") (flag m.fin "FIN ") (flag m.rst "RST ")
    (flag m.ackf "ACK") (Z.to_string m.seq) (Z.to_string m.ack) m.len m.wnd

let process f s side closes name out into control =
  let all = Array.of_list (List.rev side.all) in
  let finished e = done_ ~closes e in
  let label i = Printf.sprintf "%sS%d" (if finished all.(i) then "end" else "") i in
  (* from endpoint e, or at first, to the j-th *)
  let enter e j =
    let e' = all.(j) in
    let is_new value = match e with None -> true | Some e -> value e <> value e' in
    let runs e = Bool.to_int (timers s.world e <> []) in
    Printf.sprintf "%s%s%sgoto %s"
      (if is_new state then Printf.sprintf "%s = %s; " control states.(state e') else "")
      (if is_new (fun e -> Bool.to_int (finished e))
       then Printf.sprintf "done_%s = %b; " control (finished e') else "")
      (if is_new runs then Printf.sprintf "timer_%s = %b; " control (runs e' = 1) else "")
      (label j) in
  let by_local = Array.make side.count [] in
  Hashtbl.iter (fun (i, m) r -> by_local.(i) <- (m, r) :: by_local.(i)) side.received;
  say "\nactive proctype %s() {\n  atomic { %s }\n" name (enter None 0);
  let local e i =
    say "%s:\n  if\n" (label i);
    List.iter
      (fun (m, (next, refused)) ->
        match refused with
        | None -> say "  :: atomic { %s??%d -> %s }\n" into m (enter (Some e) next)
        | Some j ->
          let budget test after to_ =
            say "  :: atomic { %s??[%d] && spent_%s %s BUDGET -> %s??%d; %s%s }\n" into m control test into m after
              (enter (Some e) to_) in
          budget "<" (Printf.sprintf "spent_%s++; " control) next;
          budget ">=" "" j)
      (List.sort compare by_local.(i));
    (match output s.world e with
     | Some (m, next) -> say "  :: atomic { leave(%s, %d); %s }\n" out (number_message f m) (enter (Some e) (number side next))
     | None -> ());
    List.iter (fun next -> say "  :: atomic { true -> %s }\n" (enter (Some e) (number side next))) (application e);
    List.iter
      (fun next ->
        match Hashtbl.find_opt side.locals (Marshal.to_string next [ Marshal.No_sharing ]) with
        | Some j -> say "  :: atomic { timeout && may_run_%s -> runs_out(%b); %s }\n" control (control = "a")
            (enter (Some e) j)
        | None -> () (* the network never comes to rest here *))
      (timers s.world e);
    say "  :: false -> skip\n  fi;\n" in
  Array.iteri (fun i e -> local e i) all;
  say "}\n"

let write s =
  let f = run s in
  let a = f.a.count and b = f.b.count in
  say "/* %s: %d and %d endpoints, %d kinds of segment, %d states */\n" s.name a b (Hashtbl.length f.messages) f.states;
  let closes = fst s.closes || snd s.closes in
  say "#define ROOM %d\n#define LOST %d\n#define TWICE %d\n#define GOAL %s\n" s.room s.lost s.twice
    (if closes then "CLOSED" else "ESTABLISHED");
  say "#include \"spec/liveness/liveness.pml\"\n/*\n";
  List.iteri (fun i m -> say " %d: %s\n" i (text m)) (List.rev f.texts);
  say "*/\n";
  process f s f.a closes "A" "ab" "ba" "a";
  process f s f.b closes "B" "ba" "ab" "b";
  if f.a.count <> a || f.b.count <> b then failwith "an endpoint that the exploration has not seen"

(* ---- the starts ---- *)

let world = { mss = 2; buffer = 2; slow = false; retransmit = true; storm = false }

let plain =
  { name = "both-close"; closes = (true, true); open_ = (true, false); octets = (1, 1); world; room = 2; lost = 1;
    twice = 0 }

let starts =
  [ plain;
    { plain with name = "simultaneous-open"; open_ = (true, true) };
    { plain with name = "one-way"; octets = (2, 0); lost = 2 };
    { plain with name = "twice"; octets = (1, 0); lost = 0; twice = 1 };
    { plain with name = "small-window"; octets = (2, 0); world = { world with buffer = 1; mss = 1; slow = true } };
    { plain with name = "quiet"; closes = (false, false); lost = 2 };
    { plain with name = "quiet-simultaneous"; closes = (false, false); open_ = (true, true) } ]

let usage () =
  prerr_endline "usage: generate START [--without-retransmission | --storm]\n       generate --list";
  exit 2

let () =
  let of_name name = try List.find (fun s -> s.name = name) starts with Not_found -> usage () in
  match Array.to_list Sys.argv |> List.tl with
  | [ "--list" ] -> List.iter (fun s -> print_endline s.name) starts
  | [ name ] -> write (of_name name)
  | [ name; "--without-retransmission" ] ->
    let s = of_name name in
    write { s with world = { s.world with retransmit = false } }
  | [ name; "--storm" ] ->
    let s = of_name name in
    write { s with world = { s.world with storm = true } }
  | _ -> usage ()
