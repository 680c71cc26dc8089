(* Asks a prover about a task of Why3, of which it gets only what matters (relevant.ml).

   usage: ask SPEC NAME FILE.smt2 COMMAND...
          ask SPEC NAME MILLISECONDS MOST FILE.smt2 COMMAND...    in which LIMIT stands for the milliseconds

   SPEC is the folder of the specification. In the second form it knows what an earlier run has found about the same task:
   it does not try again what this prover did not prove (another one did), and has all the time there is for what took it
   long. That saves the gate time and decides nothing: what is proved, the prover says.

   HINTS   a file with lines `NAME -TASK` (not proved) and `NAME +TASK` (it took long: for this one MOST milliseconds)
   LIMIT   milliseconds for what is not known to take long
   FOUND   a file to write such lines to; + also of whatever a NAME proves that is not quick (Gate.hints)

   It runs once a goal: a script would take as long to start as an easy goal to prove. *)
open Text

let long = 0.5 (* of the time: another machine may be slower *)

(* What the command printed, its exit status (negative: killed) and its processor time. *)
let run command =
  let reading, writing = Unix.pipe ~cloexec:true () in
  let child = Unix.create_process command.(0) command Unix.stdin writing writing in
  Unix.close writing;
  let text = all (Unix.in_channel_of_descr reading) in
  let status = match snd (Unix.waitpid [] child) with WEXITED n -> n | WSIGNALED _ | WSTOPPED _ -> -1 in
  text, status, (Unix.times ()).tms_cutime

let ask spec name limit most path command =
  let limit = min limit (min most (Option.fold ~none:most ~some:int_of_string (Sys.getenv_opt "LIMIT"))) in
  let text = read path in
  let task = String.sub (Digest.to_hex (Digest.string text)) 0 12 in
  let hints = match Sys.getenv_opt "HINTS" with Some file -> String.split_on_char '\n' (read file) | None -> [] in
  let known sign = List.mem (Printf.sprintf "%s %s%s" name sign task) hints in
  let note sign = Option.iter (fun path ->
      let file = open_out_gen [Open_append; Open_creat] 0o600 path in
      Printf.fprintf file "%s %s%s\n" name sign task;
      close_out file) (Sys.getenv_opt "FOUND") in
  if known "-" then begin
    note "-";
    print_endline "unknown"
  end else begin
    let given = if known "+" then most else limit in
    write path (Relevant.reduced spec name text);
    let seconds = given / 1000 + 1 in (* CVC4 does not look at its limit while it simplifies *)
    let out, status, used = run (Array.of_list (
        ["setpriv"; "--pdeathsig"; "KILL"; "prlimit"; Printf.sprintf "--cpu=%d" seconds]
        @ List.map (replace "LIMIT" (string_of_int given)) command @ [path])) in
    if not (List.mem "unsat" (String.split_on_char '\n' out)) then note "-"
    else if used > (if starts "quick-" name then long *. float limit /. 1000. else 0.) then note "+";
    print_string (if status >= 0 then out else "unknown\n");
    exit (max status 0)
  end

let () = match Array.to_list Sys.argv with
  | _ :: spec :: name :: limit :: most :: path :: command when int_of_string_opt limit <> None ->
    ask spec name (int_of_string limit) (int_of_string most) path command
  | _ :: spec :: name :: path :: (program :: _ as command) ->
    write path (Relevant.reduced spec name (read path));
    Unix.execvp program (Array.of_list (command @ [path]))
  | _ -> prerr_endline "usage: ask SPEC NAME [MILLISECONDS MOST] FILE.smt2 COMMAND..."; exit 2
