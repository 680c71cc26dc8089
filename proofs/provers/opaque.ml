(* A task without the definitions that a step composed of other steps does not need.

   What such a step does follows from the contracts of what it calls; there the predicates of the invariant, the
   abstraction of the TCB and the functions of the specification are names. Unfolding them only leads astray. This leaves
   out their definitions, but for those of the specification that the conclusion names. Leaving out hypotheses can lose a
   proof, never make one. *)
open Text

(* The functions of the specification. *)
let steps spec =
  List.concat_map (fun theory ->
      List.map (fun rest -> List.hd (String.split_on_char ' ' (List.hd (String.split_on_char '\n' rest))))
        (List.tl (split "let function " (read (Filename.concat spec theory)))))
    ["tcp.mlw"; "negotiated.mlw"]

(* Each begins with a comment, which names it. *)
let blocks text =
  match split "\n;; " text with
  | first :: rest -> first :: List.map (fun block -> "\n;; " ^ block) rest
  | [] -> []

let is_goal block =
  let begins = starts "\n;; " block in
  begins && (starts "\n;; goal " (String.lowercase_ascii block) || starts "\n;; wp_goal" block)

(* The symbol that the block defines. *)
let defined block =
  let name, rest = cut "'def\n" (if starts "\n;; " block then from 4 block else "") in
  if rest <> "" && name <> "" && String.for_all is_word name then Some name else None

let conclusion goal =
  let rec last i = match find "(=>" goal i with
    | Some j -> (match last (j + 1) with Some k -> Some k | None -> Some j)
    | None -> None in
  words is_word (match last 0 with Some i -> from i goal | None -> "")

let is_inner name =
  (starts "P_tcb_" name && not (starts "P_tcb_inv" name))
  || List.exists (fun prefix -> starts prefix name) ["P_vtcp_"; "P_seg_ok"; "P_seg_mem"]
  || name = "L_tcb_abs" || name = "L_opt_abs"

let opaque spec text =
  let blocks = blocks text in
  let spoken = conclusion (List.find is_goal blocks) and steps = steps spec in
  let is_name name =
    is_inner name
    || (not (List.mem name spoken) && (List.mem name steps || starts "P_told_" name || starts "P_timed_" name)) in
  String.concat "" (List.map (fun block -> match defined block with
      | Some name when is_name name ->
        let start = Option.get (find "(assert" block 0) in
        String.sub block 0 start ^ from (closing block start) block
      | _ -> block) blocks)
