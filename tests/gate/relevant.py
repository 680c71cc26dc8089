#!/usr/bin/env python3
"""What proofs/provers/relevant.ml leaves out of a task: assertions that the goal does not lead to, and nothing else."""
import os
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "proofs"))
os.chdir(ROOT)
import prove  # noqa: E402

HEAD = "(set-logic ALL_SUPPORTED)\n(declare-sort uni 0)\n(declare-sort ty 0)\n"
SYMBOLS = [  # name, declaration, and assertions, each with its name
    ("sort", "(declare-fun sort (ty\n  uni) Bool)", []),
    ("int", "(declare-fun int () ty)", []),
    ("neqb", "(declare-fun neqb (ty\n  uni\n  uni) Bool)", [
        ("neqb", "(forall ((a ty)) (forall ((x uni) (y uni)) (=> (sort a x) (=> (sort a y) (= (neqb a x y) (not (= x y)))))))")]),
    ("abs", "(declare-fun abs (Int) Int)", [("abs'def", "(forall ((x Int)) (= (abs x) (ite (<= 0 x) x (- x))))")]),
    ("div", "(declare-fun div1 (Int\n  Int) Int)", []),
    ("mod", "(declare-fun mod1 (Int\n  Int) Int)", [
        ("Div_mod", "(forall ((x Int)) (= x (+ (* 2 (div1 x 2)) (mod1 x 2))))"),
        ("Mod_bound", "(forall ((x Int)) (< (mod1 x 2) (abs 2)))")]),
    ("to_uint8", "(declare-fun to_uint8 (Int) Int)", [("id_uint8", "(forall ((x Int)) (=> (<= 0 x 255) (= (to_uint8 x) x)))")]),
    ("t2tb", "(declare-fun t2tb (Int) uni)", [("t2tb_sort", "(forall ((x Int)) (sort int (t2tb x)))")]),
    ("tb2t", "(declare-fun tb2t (uni) Int)", [
        ("BridgeL", "(forall ((i Int)) (! (= (tb2t (t2tb i)) i) :pattern ((t2tb i)) ))"),
        ("BridgeR", "(forall ((j uni)) (! (=> (sort int j) (= (t2tb (tb2t j)) j)) :pattern ((t2tb (tb2t j))) ))")]),
    ("mask", "(declare-fun mask (Int) Int)", [("mask_uint8", "(forall ((x Int)) (= (mask x) (to_uint8 x)))")]),
    ("low", "(declare-fun low (Int) Int)", [("low'def", "(forall ((x Int)) (= (low x) (mod1 x 2)))")]),
    ("even", "(declare-fun P_even (Int) Bool)", [("P_even'def", "(forall ((x Int)) (= (P_even x) (= (low x) 0)))")]),
    ("tcb_even", "(declare-fun P_tcb_even (Int) Bool)", [("P_tcb_even'def", "(forall ((x Int)) (= (P_tcb_even x) (P_even x)))")]),
    ("same", "(declare-fun P_same (Int\n  Int) Bool)", [
        ("P_same'def", "(forall ((x Int)) (forall ((y Int)) (= (P_same x y) (= x y))))"),
        ("same_even", "(forall ((x Int)) (=> (P_same x x) (P_even x)))")]),
    ("a.b'c", "(declare-fun a.b%c (Int) Int)", [("a.b'c'def", "(= (a.b%c 0) 1)")]),
]
CASES = [  # goal, which assertions stay
    ("(<= 0 x)", set()),
    ("(<= 0 (abs x))", {"abs'def"}),
    ("(P_even x)", {"P_even'def", "low'def", "Div_mod", "Mod_bound", "abs'def"}),
    ("(= (div1 x 2) 0)", {"Div_mod", "Mod_bound", "abs'def"}),
    ("(= (to_uint8 x) 0)", {"id_uint8"}),
    ("(= (mask x) 0)", set()),
    ("(= (mask x) (to_uint8 x))", {"mask_uint8", "id_uint8"}),
    ("(P_same x x)", {"P_same'def"}),
    ("(neqb int x x)", {"neqb"}),
    ("(= (t2tb x) (t2tb y))", {"t2tb_sort", "BridgeL", "BridgeR"}),
    ("(=> (P_same x x) (P_even x))", {"P_same'def", "same_even", "P_even'def", "low'def", "Div_mod", "Mod_bound", "abs'def"}),
    ("(= (a.b%c 0) 1)", {"a.b'c'def"}),
    ("(P_tcb_even x)", {"P_tcb_even'def", "P_even'def", "low'def", "Div_mod", "Mod_bound", "abs'def"}),
]
OPAQUE = "(P_tcb_even x)", set()  # to CVC4o a predicate of the invariant is a name


def task(goal):
    text = HEAD
    for name, declaration, facts in SYMBOLS:
        text += f";; {name}\n{declaration}\n\n"
        text += "".join(f";; {fact}\n(assert\n  {what})\n\n" for fact, what in facts)
    return text + f";; Goal wp_goal\n;; File \"x.c\", line 1\n(assert\n  (not (forall ((x Int)) {goal})))\n\n(check-sat)\n"


def commands(text):
    return [c.partition("\n;; ")[0].strip() for c in text.split("\n(")]


def reduced(ask, prover, text):
    path = ask + ".smt2"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return subprocess.run([ask, "spec", prover, path, "cat"], check=True, capture_output=True, text=True).stdout


def main():
    with tempfile.TemporaryDirectory() as directory:
        run(prove.compiled(os.path.join(directory, "ask"), *prove.ASK))


def run(ask):
    failed, named = 0, {f"assert\n  {what})": fact for *_, facts in SYMBOLS for fact, what in facts}
    cases = [("cvc4", *case) for case in CASES] + [(name, *OPAQUE) for name in ("cvc4o", "quick-z3o")]
    for number, (prover, goal, wanted) in enumerate(cases, 1):
        before, after = commands(task(goal)), commands(reduced(ask, prover, task(goal)))
        left = [c for c in before if c not in after]
        found = {named[c] for c in after if c in named}
        good = found == wanted and after == [c for c in before if c not in left] and all(c in named for c in left)
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {prover}: {goal}" + ("" if good else f": {found}"))
    print(f"1..{len(cases)}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
