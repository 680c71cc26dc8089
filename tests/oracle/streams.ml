(* The two streams of octets of a connection, by themselves: what is queued, and what has been received. *)

(* Octets [base, base + length) of a stream, taken from the front and added at the end. *)
module Queue = struct
  type t = { mutable data : Bytes.t; mutable head : int; mutable len : int; mutable base : Z.t }

  let make base = { data = Bytes.create 64; head = 0; len = 0; base }
  let stop q = Z.add q.base (Z.of_int q.len)
  let clear q base = q.head <- 0; q.len <- 0; q.base <- base

  let add q octets from n =
    if q.head + q.len + n > Bytes.length q.data then begin
      let data = if q.len + n > Bytes.length q.data / 2 then Bytes.create (2 * (q.len + n)) else q.data in
      Bytes.blit q.data q.head data 0 q.len;
      q.data <- data;
      q.head <- 0
    end;
    Bytes.blit octets from q.data (q.head + q.len) n;
    q.len <- q.len + n

  let drop q n = q.head <- q.head + n; q.len <- q.len - n; q.base <- Z.add q.base (Z.of_int n)

  (* whether the n octets from the offset at on are those of octets *)
  let equal q at octets n =
    let skip = Z.to_int (Z.sub at q.base) in
    skip >= 0 && skip + n <= q.len && Bytes.length octets = n
    && Bytes.equal (Bytes.sub q.data (q.head + skip) n) octets
end

(* A part of the stream that lies beyond the first octet missing *)
type part = { lo : Z.t; octets : Bytes.t }

let hi p = Z.add p.lo (Z.of_int (Bytes.length p.octets))

(* read: in order and not yet read, up to the first octet missing. parts: neither overlap nor touch. *)
type received = { read : Queue.t; mutable parts : part list }

let ranges_max = 8
let nothing () = { read = Queue.make Z.one; parts = [] }
let first_missing r = Queue.stop r.read
let forget r = Queue.clear r.read Z.one; r.parts <- []

(* One part of both; where they overlap, the octets of the newer one. *)
let join newer older =
  let lo = Z.min newer.lo older.lo in
  let octets = Bytes.create (Z.to_int (Z.sub (Z.max (hi newer) (hi older)) lo)) in
  let lay p = Bytes.blit p.octets 0 octets (Z.to_int (Z.sub p.lo lo)) (Bytes.length p.octets) in
  lay older;
  lay newer;
  { lo; octets }

(* octets are those from lo on, lo at or beyond the first octet missing. False: there is no room for one more part. *)
let store r lo octets =
  let touches p q = Z.leq p.lo (hi q) && Z.leq q.lo (hi p) in
  let rec absorb p parts =
    match List.partition (touches p) parts with
    | [], rest -> (p, rest)
    | near, rest -> absorb (List.fold_left join p near) rest
  in
  let p, rest = absorb { lo; octets } r.parts in
  if Z.equal p.lo (first_missing r) then begin
    Queue.add r.read p.octets 0 (Bytes.length p.octets);
    r.parts <- rest;
    true
  end
  else if List.length rest >= ranges_max then false
  else (r.parts <- p :: rest; true)
