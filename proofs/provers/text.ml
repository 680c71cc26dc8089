(* What the other modules need of strings and files. *)

let all channel =
  let text = Buffer.create 4096 in
  (try while true do Buffer.add_channel text channel 4096 done with End_of_file -> ());
  close_in channel;
  Buffer.contents text

let read path =
  let file = open_in_bin path in
  let text = really_input_string file (in_channel_length file) in
  close_in file;
  text

let write path text =
  let file = open_out_bin path in
  output_string file text;
  close_out file

let starts prefix text = String.starts_with ~prefix text
let ends suffix text = String.ends_with ~suffix text

(* Where the word is in the text, at or after a place. *)
let find word text from =
  let n = String.length word in
  let rec at i =
    if i + n > String.length text then None
    else match String.index_from_opt text i word.[0] with
      | Some j when j + n <= String.length text && String.sub text j n = word -> Some j
      | Some j -> at (j + 1)
      | None -> None in
  at from

let from i text = String.sub text i (String.length text - i)

(* The parts between the words. *)
let split word text =
  let rec parts start = match find word text start with
    | Some i -> String.sub text start (i - start) :: parts (i + String.length word)
    | None -> [from start text] in
  parts 0

let replace word by text = String.concat by (split word text)

(* Before and after the first such word. *)
let cut word text = match find word text 0 with
  | Some i -> String.sub text 0 i, from (i + String.length word) text
  | None -> text, ""

(* What lies between other characters. *)
let words is_part text =
  let found = ref [] and start = ref (-1) in
  for i = 0 to String.length text do
    let part = i < String.length text && is_part text.[i] in
    if part && !start < 0 then start := i;
    if not part && !start >= 0 then (found := String.sub text !start (i - !start) :: !found; start := -1)
  done;
  !found

let is_word = function 'a' .. 'z' | 'A' .. 'Z' | '0' .. '9' | '_' -> true | _ -> false

(* The end of the parenthesis that opens at a place. *)
let closing text place =
  let rec at i depth =
    let depth = match text.[i] with '(' -> depth + 1 | ')' -> depth - 1 | _ -> depth in
    if depth = 0 then i + 1 else at (i + 1) depth in
  at place 0
