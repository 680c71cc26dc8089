(* Frama-C starts with a small heap for young values, whatever OCAMLRUNPARAM says, and spends a fifth of its time on
   collecting it. Loaded as a module, this decides how fast it is and nothing else. *)
let () = Gc.set { (Gc.get ()) with Gc.minor_heap_size = 4_194_304; space_overhead = 400 }
