(* Reads a trace of the core from the standard input and replays it with the functions that `why3 extract` makes of
   spec/tcp.mlw. The last line: how many steps, how many agreed. Exit status 1 at the first step that does not.
   --steps N: stop after as many. *)
open Trace
open Connection

(* A step: a connection is made, a segment arrives or leaves, or another call changes the specification's tcb or gives
   octets. The rest is compared as well, and counted apart. *)
let steps = ref 0
let others = ref 0
let programs = ref 0
let by_hand = ref 0
let counts = Array.make_matrix (Array.length names) 11 0

let states =
  [| "CLOSED"; "LISTEN"; "SYN-SENT"; "SYN-RCVD"; "ESTAB"; "FIN-W-1"; "FIN-W-2"; "CLOSE-W"; "CLOSING"; "LAST-ACK";
     "TIME-W" |]

let count r state step =
  if step then begin
    incr steps;
    counts.(r.number).(state) <- counts.(r.number).(state) + 1
  end
  else incr others

let replay r =
  match r.call with
  | Begin -> incr programs; Hashtbl.reset Step.known
  | Adopt -> incr by_hand; Step.adopt r
  | Init -> Step.init r; count r 0 true
  | Refuse -> Leaves.refuse Step.nobody r; count r 0 true
  | _ ->
    let c =
      try Hashtbl.find Step.known r.id with Not_found -> raise (Broken "a call on a connection that nobody made") in
    let leaves = r.call = Output && Bytes.get_int64_le r.words 24 <> 0L in
    let a = c.a and held = c.rest.rcv_len and state = state c in
    (List.assq r.call Step.calls) c r;
    count r state (r.call = Input || leaves || a <> c.a || held <> c.rest.rcv_len)

(* ---- what it says ---- *)

let table () =
  Printf.printf "%-17s" "";
  Array.iter (Printf.printf "%9s") states;
  print_newline ();
  Array.iteri
    (fun i row ->
      if Array.exists (fun n -> n > 0) row then begin
        Printf.printf "%-17s" names.(i);
        Array.iter (fun n -> if n = 0 then Printf.printf "%9s" "." else Printf.printf "%9d" n) row;
        print_newline ()
      end)
    counts

let report () =
  table ();
  Printf.printf "%d programs, %d connections made by hand; %d calls that changed nothing agreed\n" !programs !by_hand
    !others;
  Printf.printf "%d steps, %d agreed\n%!" !steps !steps

let refuse_trace r before why =
  table ();
  Printf.printf "refused: vtcp_%s after step %d: %s\n" names.(r.number) !steps why;
  (match before with Some a -> Printf.printf "before: %s\n" (show a) | None -> ());
  let words = Bytes.length r.words / 8 in
  Printf.printf "words of the call:";
  for i = 2 to Stdlib.min (words - 1) 19 do Printf.printf " %Lu" (Bytes.get_int64_le r.words (8 * i)) done;
  Printf.printf "\n%d steps, %d agreed\n%!" (!steps + 1) !steps;
  exit 1

let progress wanted =
  let tty = Unix.isatty Unix.stderr and every = Stdlib.max 1 (wanted / 20) and last = ref 0 in
  fun () ->
    if !steps / every > !last then begin
      last := !steps / every;
      let percent = Stdlib.min 100 (100 * !steps / wanted) in
      if tty then Printf.eprintf "\r\027[K[%s%s] %d steps%!" (String.make (percent * 3 / 10) '#')
          (String.make (30 - (percent * 3 / 10)) '.') !steps
      else Printf.eprintf "oracle: %d of %d steps\n%!" !steps wanted
    end

let wanted () =
  match Sys.argv with
  | [| _ |] -> None
  | [| _; "--steps"; n |] when int_of_string_opt n <> None && int_of_string n > 0 -> Some (int_of_string n)
  | _ -> prerr_endline "usage: oracle [--steps N] < TRACE"; exit 2

let () =
  let wanted = wanted () in
  let tell = match wanted with Some n -> progress n | None -> ignore in
  let enough () = match wanted with Some n -> !steps >= n | None -> false in
  set_binary_mode_in stdin true;
  let rec go () =
    if not (enough ()) then
      match read stdin with
      | None -> ()
      | Some r ->
        let before = match Hashtbl.find_opt Step.known r.id with Some c -> Some c.a | None -> None in
        (try replay r; ended r
         with Disagree why -> refuse_trace r before why);
        tell ();
        go ()
  in
  (try go () with Broken why -> Printf.printf "broken: %s\n%!" why; exit 2);
  if Unix.isatty Unix.stderr then prerr_string "\r\027[K";
  report ()
