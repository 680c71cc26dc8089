#!/usr/bin/env python3
"""The mutator (proofs/mutate.py) makes the changes that it should and no others; `make mutants` (proofs/mutants.py)
kills what a strong contract forbids, and tells what a weak one lets live."""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import types

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "proofs"))
import mutants
import mutate

SNIPPET = """\
#define MOST 9
struct pair { int left, right; unsigned other; };
enum kind { PLAIN, ODD };
static int twice(int n) { return n; }
int f(struct pair *p, int n, _Bool b) {
  if (b && n < MOST) p->left = n;
  n += twice(3);
  /*@ loop assigns n; */
  while (n > 0) n--;
  return !b ? ODD : -n;
}
"""
MADE = {  # function, operator: replacements
    ("f", "condition"): {"b || n < MOST", "!b", "!(b && n < MOST)", "b"},
    ("f", "comparison"): {f"n {op} {right}" for right, ops in (("MOST", "<= > >= == !="), ("0", "< <= >= == !="))
                          for op in ops.split()},
    ("f", "constant"): {"(MOST + 1)", "(MOST - 1)", "(ODD + 1)", "(ODD - 1)", "4", "2", "1", "(-1)"},
    ("f", "field"): {"right"},
    ("f", "assignment"): {"0"},
    ("f", "arithmetic"): {"-=", "=", "n++", ""},  # "" for the sign
    ("f", "deletion"): {"if (b && n < MOST) p->left = n;", "p->left = n;", "n += twice(3);",
                        "/*@ loop assigns n; */ while (n > 0) n--;", "n--;"},
}
PLACE = "\nint smaller(int a, int b) { return a < b ? a : b; }\n"
HEAD = "/*@ requires some: 0 <= a && 0 <= b; terminates \\true; exits never: \\false; assigns \\nothing; ensures {}; */"
WEAK, STRONG = HEAD.format("one: \\result == a || \\result == b"), HEAD.format("least: \\result == \\min(a, b)")
EQUIVALENT = "return a <= b ? a : b; }"


def generator(directory):
    path = os.path.join(directory, "snippet.c")
    with open(path, "w", encoding="utf-8") as f:
        f.write(SNIPPET)
    made = {}
    for m in mutate.File(path, []).mutants:
        what = mutate.squeeze(SNIPPET[m.start:m.end]) if m.operator == "deletion" else \
            m.text + SNIPPET[m.end] if m.operator == "condition" and not m.text else m.text.strip()
        made.setdefault((m.function, m.operator), set()).add(what)
        assert mutate.apply(SNIPPET, m) != SNIPPET, m
    for key in sorted(set(made) | set(MADE)):
        assert made.get(key) == MADE.get(key), f"{key}: made {made.get(key)}, should be {MADE.get(key)}"


def identity(directory):
    """Changes that look the same are told apart."""
    path = os.path.join(directory, "same.c")
    with open(path, "w", encoding="utf-8") as f:
        f.write("int g(int n) {\n  if (n == 1)\n    return 5;\n  if (n == 2)\n    return 5;\n  return 7;\n}\n")
    all_of = mutate.File(path, []).mutants
    keys = [(m.function, m.operator, m.line, m.becomes, m.nth) for m in all_of]
    assert len(set(keys)) == len(keys)
    assert {m.nth for m in all_of if m.line == "return 5;"} == {1, 2}


def run(directory, contract, listed, *options):
    path = os.path.join(directory, "smaller.c")
    with open(path, "w", encoding="utf-8") as f:
        f.write(contract + PLACE)
    flags = subprocess.run(["make", "-s", "wp-flags"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    command = [sys.executable, os.path.join(ROOT, "proofs/mutants.py"), "--jobs", "1", "--list", listed, *options, path]
    done = subprocess.run(command, env=dict(os.environ, WP_FLAGS=flags), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def weak(directory):
    status, out = run(directory, WEAK, os.path.join(directory, "none.json"))
    assert status == 1 and "return a > b ? a : b; }" in out, out
    assert out.splitlines()[-1] == "5 mutants, 0 killed, 5 survived (0 explained)", out


def strong(directory):
    """Only the change that changes nothing survives; with a reason for it the run succeeds."""
    listed = os.path.join(directory, "list.json")
    status, out = run(directory, STRONG, listed, "--store")
    assert status == 1 and out.splitlines()[-1] == "5 mutants, 4 killed, 1 survived (0 explained)", out
    with open(listed, encoding="utf-8") as f:
        stored = json.load(f)
    (entries,) = stored["survivors"].values()
    assert [e["becomes"].endswith(EQUIVALENT) for e in entries] == [True], entries
    for reason, wanted in (("", 1), ("because", 1), ("equivalent: a == b gives the same", 0)):
        entries[0]["reason"] = reason
        with open(listed, "w", encoding="utf-8") as f:
            json.dump(stored, f)
        status, out = run(directory, STRONG, listed)
        assert status == wanted, out
    assert out.splitlines()[-1] == "5 mutants, 4 killed, 1 survived (1 explained)", out


def unproved(directory):
    """A function that is not proved as it is says nothing about its mutants."""
    status, out = run(directory, HEAD.format("wrong: \\result < a"), os.path.join(directory, "none.json"))
    assert status == 1 and "smaller as it is is not proved" in out, out
    assert out.splitlines()[-1].startswith("0 mutants, 0 killed"), out


def sample(directory):
    """The same seed draws the same mutants; over the seeds each of them comes first."""
    status, out = run(directory, STRONG, os.path.join(directory, "none.json"), "--sample", "2", "--seed", "1")
    assert "a sample of 2 of 5 mutants" in out and "SEED=1\n" in out, out
    assert out.splitlines()[-1].startswith("2 mutants, ") and status == (", 0 survived" not in out), out
    path = os.path.join(directory, "smaller.c")
    runner = types.SimpleNamespace(list={"files": {}}, listed="", source=lambda p: mutants.Source(p, []))

    def drawn(seed):
        args = types.SimpleNamespace(file=[path], function=None, sample=2, seed=seed)
        with contextlib.redirect_stdout(io.StringIO()):
            return mutants.chosen(runner, args)[0]
    assert drawn(1) == drawn(1)
    assert {drawn(seed)[0] for seed in range(50)} == set(mutate.File(path, []).mutants)


def main():
    tests = [generator, identity, weak, strong, unproved, sample]
    print(f"1..{len(tests)}")
    failed = 0
    for n, test in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as directory:
            try:
                test(directory)
                print(f"ok {n} - {test.__name__}", flush=True)
            except AssertionError as e:
                failed += 1
                print(f"not ok {n} - {test.__name__}\n# " + str(e).replace("\n", "\n# "), flush=True)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
