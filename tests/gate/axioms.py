#!/usr/bin/env python3
"""The rule of proofs/tower.py for axioms in spec/system: only in a module that is cloned and never used, and each of them
a goal at each clone; and its numbers of goals. No prover runs here."""
import json
import os
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "proofs"))
import tower  # noqa: E402

BASE = "module Base\n  predicate p\n  axiom a: p\n  axiom b: p\nend\n"
CLONE = "module Real\n  predicate q = true\n  clone export x.Base with predicate p = q, goal a, goal b\nend\n"
# name, files, what a complaint says (None: no complaint)
CASES = [
    ("axioms of a module that is cloned, each a goal", {"x": BASE, "y": CLONE}, None),
    ("an axiom that the clone does not prove", {"x": BASE, "y": CLONE.replace(", goal b", "")}, "does not prove its axiom b"),
    ("an axiom kept at the clone", {"x": BASE, "y": CLONE.replace("goal b", "axiom b")}, "does not prove its axiom b"),
    ("all axioms kept at the clone", {"x": BASE, "y": CLONE.replace("goal a, goal b", "axiom .")}, "does not prove its axiom a"),
    ("two clones, the second without", {"x": BASE, "y": CLONE, "z": CLONE.replace("Real", "Other").replace(", goal a", "")},
     "module Other clones Base, but does not prove its axiom a"),
    ("a clone after a clone in one module", {"x": BASE, "y": CLONE.replace("goal b\nend", "goal b\n  clone x.Base as B\nend")},
     "does not prove its axiom a"),
    ("a module with axioms, used", {"x": BASE, "y": CLONE, "z": "module User\n  use x.Base\nend\n"}, "uses Base"),
    ("used in its own file", {"x": BASE + "module User\n  use Base\nend\n", "y": CLONE}, "uses Base"),
    ("used under another name", {"x": BASE, "y": CLONE, "z": "module User\n  use x.Base as B\nend\n"}, "uses Base"),
    ("used and exported", {"x": BASE, "y": CLONE, "z": "module User\n  use export x.Base\nend\n"}, "uses Base"),
    ("never cloned", {"x": BASE}, "never cloned"),
    ("an axiom in a comment", {"x": "module M\n  (* axiom a: false (* nested *) *)\n  goal g: true\nend\n"}, None),
    ("an axiom outside any module", {"x": "axiom a: false\n"}, "outside"),
    *((f"`{word}`", {"x": f"module M\n  {word} x\nend\n"}, f"`{word}` is an assumption")
      for word in ("val", "any", "assume", "diverges", "absurd")),
]


def main():
    os.chdir(ROOT)
    real = {p: open(p, encoding="utf-8").read() for p in tower.paths()}
    cases = list(CASES)
    cases.append(("spec/system as it is", real, None))
    lost = {p: t.replace("goal tw_expire, ", "") for p, t in real.items()}
    cases.append(("spec/system without one goal of a clone", lost, "does not prove its axiom tw_expire"))
    failed = 0
    for number, (name, texts, wanted) in enumerate(cases, 1):
        found = [what for _, what in tower.refused(texts)]
        good = not found if wanted is None else any(wanted in what for what in found)
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {name}" + ("" if good else f": {found}"))
    number += 1
    with open(tower.STORED, encoding="utf-8") as f:
        stored = json.load(f)
    path, module = "spec/system/simulation.mlw", "Simulation"
    fewer = {p: dict(m) for p, m in stored.items()}
    fewer[path][module] -= 1
    for name, found, only, good in (("the stored numbers of goals", stored, [], True), ("a goal that is gone", fewer, [], False),
                                    ("a goal that is gone, one file", fewer, [path], False),
                                    ("a file that is gone", {path: stored[path]}, [], False),
                                    ("one file alone", {path: stored[path]}, [path], True)):
        told = tower.different(found, only)
        failed += bool(told) == good
        print(f"{'ok' if bool(told) != good else 'not ok'} {number} - {name}")
        number += 1
    print(f"1..{number - 1}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
