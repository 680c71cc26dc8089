(* A task of Why3 (SMT-LIB) without what its goal does not speak about.

   WP gives each goal every definition of the specification and every axiom of its libraries, and CVC4 takes longer to
   read them than to prove most goals. What stays: the goal, the definitions of what is spoken about, and the axioms with a
   pattern that is spoken about; when they have none, those whose symbols without a definition (or all, when each has one)
   are. Of symbols declared together, as div and mod, one is enough. Leaving out hypotheses can lose a proof, never make one. *)
open Text

module Names = Set.Make (String)

type axiom = { at : int; names : Names.t; patterns : Names.t list }

let is_part c = is_word c || String.contains ".'%@!$" c || Char.code c > 127

(* What in the command decides where a prover uses it, when Why3 says so. *)
let patterns command =
  List.map (fun rest -> String.sub rest 0 (closing rest 0)) (List.tl (split ":pattern " command))

let relevant text =
  let declared = Hashtbl.create 256 (* symbols with those declared beside them *)
  and defines = Hashtbl.create 256 (* symbols with their definitions *) in
  let symbols text = Names.of_list (List.filter (Hashtbl.mem declared) (words is_part text)) in
  let axioms = ref [] and comment = ref "" and together = ref (ref []) and symbol = ref "" in
  let read at command =
    let command, after = cut "\n;; " command in
    if starts "declare-fun " command then begin
      symbol := List.nth (String.split_on_char ' ' command) 1;
      if !symbol <> "sort" && not (ends " ty)" (String.trim command)) then begin (* types are in everything *)
        Hashtbl.replace declared !symbol !together;
        !together := !symbol :: !(!together)
      end
    end else if starts "assert" command then begin
      together := ref [];
      let names = symbols command in
      if ends "'def" !comment then Hashtbl.add defines !symbol (at, names) (* of the symbol declared before *)
      else axioms := { at; names; patterns = List.map symbols (patterns command) } :: !axioms
    end;
    comment := after;
    command in
  let commands = List.mapi read (split "\n(" text) in
  let goal, axioms = match !axioms with goal :: rest -> goal, rest | [] -> failwith "a task without a goal" in
  let kept = Hashtbl.create 256 and spoken = ref Names.empty and todo = ref [] in
  let defined name = Hashtbl.mem defines name in
  let say name =
    if not (Names.mem name !spoken) then (spoken := Names.add name !spoken; todo := name :: !todo) in
  let keep at names =
    Hashtbl.replace kept at ();
    Names.iter (fun name ->
        if not (Names.mem name !spoken) then begin
          say name;
          List.iter (fun other -> if not (defined other) then say other) !(Hashtbl.find declared name)
        end) names in
  let needs axiom =
    let undefined = Names.filter (fun name -> not (defined name)) axiom.names in
    if axiom.patterns <> [] then axiom.patterns
    else if Names.is_empty undefined then [axiom.names] else [undefined] in
  let axioms = List.map (fun axiom -> axiom, needs axiom) axioms in
  let rec close () = match !todo with
    | name :: rest ->
      todo := rest;
      List.iter (fun (at, names) -> keep at names) (Hashtbl.find_all defines name);
      close ()
    | [] ->
      List.iter (fun (axiom, needs) ->
          if not (Hashtbl.mem kept axiom.at) && List.exists (fun names -> Names.subset names !spoken) needs
          then keep axiom.at axiom.names) axioms;
      if !todo <> [] then close () in
  keep goal.at goal.names;
  close ();
  String.concat "\n("
    (List.filteri (fun i command -> Hashtbl.mem kept i || not (starts "assert" command)) commands)

(* What this prover sees of the task: with opaque.ml, too, when its name ends in o. *)
let reduced spec name text = relevant (if ends "o" name then Opaque.opaque spec text else text)
