#!/usr/bin/env python3
"""Feeds the proof gate one kind of cheating after the other and sees it refuse each, with a message that names it.

Each cheat is tried on a small tree of its own: two files of core/ with what they need, which the gate accepts as they
are. Speaks TAP.

usage: tests/gate/cheats.py [WORD]    only the cheats whose name contains WORD"""
import concurrent.futures
import glob
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
COPY, COPY_H, SEQ, SEQ_H = "core/stream/copy.c", "core/stream/copy.h", "core/wire/seq.c", "core/wire/seq.h"
ACSL, DRIVER, THEORY = "spec/seq.acsl", "spec/seq.driver", "spec/sequence.mlw"
CANARIES = ["proofs/canary/assumed.c", "proofs/canary/dead.c", "proofs/canary/refused.c"]
FILES = [COPY, COPY_H, SEQ, SEQ_H, ACSL, DRIVER, THEORY, "spec/tcp.mlw", "spec/negotiated.mlw",
         "spec/window.mlw", "Makefile", "proofs/flags.mk", "proofs/heap.ml", *CANARIES,
         *(os.path.relpath(p, ROOT) for p in glob.glob(f"{ROOT}/proofs/*.py") + glob.glob(f"{ROOT}/proofs/provers/*"))]
EXPECTED = "proofs/expected.json"
COPIED = "ensures copied: \\forall integer i; 0 <= i < n ==> dst[i] == \\old(src[i]);"
OPEN = """/* canary: open canary_open_ensures_wrong */
/*@ terminates \\true;
    exits never: \\false;
    assigns \\nothing;
    ensures wrong: \\result == 1; */
int canary_open(void) { return 2; }
"""
READ, PROVE, WHOLE = "--read", "", "whole"


class Tree:
    def __init__(self, directory):
        self.root = directory
        for path in FILES:
            os.makedirs(os.path.dirname(os.path.join(directory, path)), exist_ok=True)
            shutil.copy(os.path.join(ROOT, path), os.path.join(directory, path))
        with open(os.path.join(ROOT, EXPECTED), encoding="utf-8") as f:
            stored = json.load(f)
        logic = re.findall(r"logic \w+ (\w+)", self.read(ACSL))
        stored["(definitions)"]["says"] = {n: d for n, d in stored["(definitions)"]["says"].items() if n in logic}
        self.write(EXPECTED, json.dumps({p: v for p, v in stored.items() if p in FILES or p == "(definitions)"}))
        self.env = dict(os.environ)

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as f:
            return f.read()

    def write(self, path, text):
        with open(os.path.join(self.root, path), "w", encoding="utf-8") as f:
            f.write(text)

    def flags(self):
        out = subprocess.run(["make", "-s", "wp-flags"], cwd=self.root, capture_output=True, text=True,
                             check=True).stdout
        return out.strip()

    def gate(self, arguments):
        self.env.setdefault("WP_FLAGS", self.flags())
        p = subprocess.run([sys.executable, "proofs/prove.py", *arguments], cwd=self.root, env=self.env, text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return p.returncode, p.stdout


def change(path, old, new):
    def apply(tree):
        text = tree.read(path)
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
        tree.write(path, text.replace(old, new))
    return apply


def append(path, text):
    return lambda tree: tree.write(path, tree.read(path) + text)


def prepend(path, text):
    return lambda tree: tree.write(path, text + tree.read(path))


def create(path, text):
    return lambda tree: tree.write(path, text)


def remove(*paths):
    return lambda tree: [os.remove(os.path.join(tree.root, path)) for path in paths]


def flags(edit):
    def apply(tree):
        tree.env["WP_FLAGS"] = edit(tree.flags())
    return apply


def expect(edit):
    def apply(tree):
        stored = json.loads(tree.read(EXPECTED))
        edit(stored)
        tree.write(EXPECTED, json.dumps(stored))
    return apply


def believer(*names, answer="unsat"):
    """Provers that give one answer to everything, first in PATH."""
    def apply(tree):
        directory = os.path.join(tree.root, "bin")
        os.makedirs(directory)
        for name in names:
            path = os.path.join(directory, name)
            with open(path, "w", encoding="utf-8") as f:
                f.write(f'#!/bin/sh\ncase "$*" in *-version*) exec {shlex.quote(shutil.which(name))} "$@";; esac\necho {answer}\n')
            os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        tree.env["PATH"] = directory + os.pathsep + tree.env["PATH"]
    return apply


def both(*edits):
    return lambda tree: [e(tree) for e in edits]


# name, what to do, how to run the gate (READ: it refuses before any prover; PROVE; WHOLE), on which file, what it must say
CHEATS = [
    # assumptions
    ("an admit in the code", change(COPY, "{ dst[i] = src[i]; }", "{ dst[i] = src[i]; /*@ admit lie: n == 0; */ }"),
     READ, COPY,
     r"`admit` is an assumption"),
    ("an admitted ensures", change(COPY_H, "ensures copied", "admit ensures copied"), READ, COPY,
     r"`admit` is an assumption"),
    ("an axiom in ACSL", change(ACSL, "isn);", "isn);\naxiom lie: 0 == 1;"), READ, SEQ, r"`axiom` is an assumption"),
    ("an inductive predicate", append(ACSL, "/*@ inductive lie(integer n) { case a: lie(0); } */\n"), READ, SEQ,
     r"`inductive`"),
    ("a recursive logic function", append(ACSL, "/*@ logic integer lie(integer n) = lie(n) + 1; */\n"), READ, SEQ,
     r"recursive logic definition: lie"),
    ("recursion behind \\let", append(ACSL, "/*@ logic integer lie(integer n) = \\let k = n; lie(k) + 1; */\n"), READ,
     SEQ,
     r"recursive logic definition: lie"),
    ("a promise: a contract of a function that nobody defines", both(
        change(COPY, "void vtcp",
     "/*@ terminates \\true; exits never: \\false; assigns \\nothing; ensures lie: n == 0; */\n"
               "void believe(uint32_t n);\nvoid vtcp"),
        change(COPY, "n) {", "n) {\n  believe(n);")), READ, COPY, r"calls believe, which is not defined"),
    ("a negative constant where it is unsigned", append(COPY, "/*@ terminates \\true; exits never: \\false; assigns \\nothing; "
                                                       "ensures lie: \\false; */\nuint64_t most(void) { return -1; }\n"),
     READ, COPY, r"a negative constant becomes unsigned: \(uint64_t\)\(-1\)"),
    ("any number where an enumeration is", append(COPY, "enum kind { NONE, SOME };\n/*@ requires n: n < 0; terminates \\true; exits never: "
                                                  "\\false; assigns \\nothing; ensures lie: \\false; */\nenum kind kind(int n) { return n; }\n"),
     READ, COPY, r"becomes an enumeration's value, and is neither"),
    ("ghost code", change(COPY, "n) {", "n) {\n  //@ ghost uint32_t k = n;"), READ, COPY, r"annotation `ghost`"),
    ("a statement contract", change(COPY, "{ dst", "{ /*@ requires lie: \\false; ensures lie: \\false; */ dst"), READ,
     COPY,
     r"annotation `requires` in a function"),
    ("an annotation for one behaviour", both(change(COPY_H, COPIED, COPIED + "\n behavior b: ensures lie: n == n;"),
                                             change(COPY, "{ dst", "{ /*@ for b: assert lie: \\false; */ dst")), READ,
     COPY,
     r"annotation `for` in a function"),
    ("a loop pragma", change(COPY, "loop variant", "loop pragma UNROLL 3; loop variant"), READ, COPY,
     r"annotation `loop pragma`|annotation `loop unfold`"),
    ("two contracts for one function", create("core/stream/other.c",
     '#include <stdint.h>\n/*@ terminates \\true; exits never: '
     '\\false; assigns \\nothing; */\nvoid vtcp_copy_octets(uint8_t *restrict dst, const uint8_t *restrict src, uint32_t n);\n'
     '/*@ terminates \\true; exits never: \\false; assigns \\nothing; */\nvoid vtcp_other(uint8_t *p) { vtcp_copy_octets(p, p, 0); }'),
     READ, f"{COPY} core/stream/other.c", r"two contracts for vtcp_copy_octets"),
    # contracts that say less
    ("a function without a contract", append(COPY, "void bare(void) {}\n"), READ, COPY, r"no contract: bare"),
    ("assigns missing", change(COPY_H, "assigns dst[0 .. n - 1];", ""), READ, COPY, r"no `assigns`: vtcp_copy_octets"),
    ("terminates \\false", change(COPY_H, "terminates \\true", "terminates \\false"), READ, COPY,
     r"no `terminates \\true`"),
    ("exits missing", change(COPY_H, "exits never: \\false;", ""), READ, COPY, r"no `exits \\false`"),
    ("a label deleted", change(COPY_H, "ensures copied:", "ensures"), READ, COPY, r"no label: ensures"),
    ("an ensures weakened to \\true", change(COPY_H, COPIED, "ensures copied: \\true;"), READ, COPY,
     r"says nothing: ensures copied"),
    # the provers read something else
    ("code for the provers alone", change(COPY, "dst[i] = src[i];", "\n#ifdef __FRAMAC__\ndst[i] = src[i];\n#endif\n"),
     READ, COPY,
     r"the provers must see what the compiler sees"),
    ("the same in a header", change(COPY_H, "#endif",
     "#ifdef __FRAMAC__\n#define vtcp_copy_octets vtcp_copy\n#endif\n#endif"), READ,
     COPY, r"the provers must see what the compiler sees"),
    ("the same in an .acsl file", append(ACSL, "#define SEQ_MOD 1\n#define vtcp_seq_to_wire other\n"), READ, SEQ,
     r"other code than the compiler"),
    ("code for Frama-C's headers", change(COPY, "dst[i] = src[i];", "\n#ifdef __FC_STDINT\ndst[i] = src[i];\n#endif\n"),
     READ, COPY,
     r"depends on who reads it"),
    ("code for the optimizer", change(COPY, "dst[i] = src[i];", "\n#if !__OPTIMIZE__\ndst[i] = src[i];\n#endif\n"),
     READ, COPY,
     r"depends on who reads it"),
    ("a pragma", prepend(COPY, "#pragma GCC optimize(\"fast-math\")\n"), READ, COPY, r"depends on who reads it"),
    ("assembler", change(COPY, "dst[i] = src[i];", "__asm__(\"nop\");"), READ, COPY,
     r"`__asm__` is not C that the proof is about"),
    # names that mean something else
    ("a driver with an axiom", append(DRIVER, 'axiom lie: "false";\n'), READ, SEQ,
     r"a driver may only bind names: axiom"),
    ("a driver that reads a theory of its own", both(create("spec/lie.why", "theory Lie axiom lie: false end\n"),
     change(
        DRIVER, "sequence.mlw", "lie.why")), READ, SEQ, r"a driver may only bind names"),
    ("a theory that nobody proves", create("spec/lie.why", "theory Lie axiom lie: false end\n"), READ, SEQ,
     r"Why3 could load this"),
    ("a definition where a driver binds", change(ACSL, "isn);", "isn) = 0;"), READ, SEQ,
     r"defined in ACSL, but a driver binds it"),
    ("a name bound to nothing", change(DRIVER, "logic integer wire", "// logic integer wire"), READ, SEQ,
     r"neither defined nor bound by a driver: wire"),
    # flags
    ("no flags", flags(lambda f: ""), READ, COPY, r"WP_FLAGS is empty"),
    ("no goals of run-time errors", flags(lambda f: f.replace(" -wp-rte", "")), READ, COPY,
     r"WP_FLAGS: -wp-rte is missing"),
    ("some properties only", flags(lambda f: f + " -wp-prop=-ensures"), READ, COPY, r"WP_FLAGS: unknown flag -wp-prop"),
    ("some functions only", flags(lambda f: f + " -wp-skip-fct vtcp_copy_octets"), READ, COPY,
     r"WP_FLAGS: unknown flag -wp-skip-fct"),
    ("a driver left out", flags(lambda f: re.sub("-wp-driver \\S+", "-wp-driver nothing.driver", f)), READ, SEQ,
     r"WP_FLAGS: -wp-driver"),
    # theories
    ("an axiom in WhyML", change(THEORY, "\nend", "\n  axiom lie: false\nend"), PROVE, THEORY,
     r"`axiom` is an assumption"),
    ("a val in WhyML", change(THEORY, "\nend", "\n  val lie (n: int) : int ensures { false }\nend"), PROVE, THEORY,
     r"`val` is an assumption"),
    ("an any in WhyML", change(THEORY, "\nend",
     "\n  let lie () : int ensures { result = 0 } = any int ensures { result = 0 }\nend"), PROVE,
     THEORY, r"`any` is an assumption"),
    ("an assume in WhyML", change(THEORY, "let r =", "assume { false }; let r ="), PROVE, THEORY,
     r"`assume` is an assumption"),
    ("an endless function in WhyML", change(THEORY, "\nend",
     "\n  let rec function lie (n: int) : int diverges = lie n + 1\nend"), PROVE,
     THEORY, r"`diverges` is an assumption"),
    ("an abstract type with an invariant", change(THEORY, "\nend",
     "\n  type lie = abstract { n: int } invariant { n <> n }\nend"), PROVE,
     THEORY, r"`abstract` is an assumption"),
    ("an attribute for the goals of WhyML", change(THEORY, "let function mod32", "let function [@vc:divergent] mod32"),
     PROVE, THEORY,
     r"`\[@vc:divergent` is an assumption"),
    ("a false lemma in WhyML", change(THEORY, "\nend", "\n  lemma lie: forall n. wire n 0 = n\nend"), PROVE, THEORY,
     r"UNPROVED spec/sequence.mlw: lie"),
    ("a definition changed", change(THEORY, "mod32 (off + isn)", "off + isn"), PROVE, THEORY,
     r"Sequence.wire says something else"),
    # contradictions, dead code, loops
    ("requires that contradict each other", change(COPY_H, "requires dst",
     "requires lie: n < 3 && n > 5;\n    requires dst"), PROVE,
     COPY, r"smoke test failed \(contradiction or dead code\): vtcp_copy_octets"),
    ("dead code", change(COPY, "{ dst", "{ if (i > n) dst[0] = 7; dst"), PROVE, COPY,
     r"smoke test failed \(contradiction or dead code\): vtcp_copy_octets"),
    ("assert \\false in dead code", change(COPY, "{ dst", "{ if (i > n) { /*@ assert lie: \\false; */ return; } dst"),
     READ, COPY,
     r"says that nothing gets here, and smoke tests may miss it: assert"),
    ("an invariant \\false", change(COPY, "loop invariant done",
     "loop invariant lie: \\false;\n      loop invariant done"), PROVE, COPY,
     r"UNPROVED core/stream/copy.c: vtcp_copy_octets_loop_invariant_lie"),
    ("a loop without a variant", change(COPY, "loop variant n - i;", ""), PROVE, COPY,
     r"UNPROVED core/stream/copy.c: vtcp_copy_octets_terminates"),
    ("a loop without assigns", change(COPY, "loop assigns i, dst[0 .. n - 1];", ""), PROVE, COPY,
     r"UNPROVED core/stream/copy.c: vtcp_copy_octets|warning:"),
    ("a false lemma in ACSL", append(ACSL, "/*@ lemma lie: \\forall integer x; x > 0; */\n"), PROVE, SEQ,
     r"UNPROVED core/wire/seq.c: .*lie"),
    # contracts that are not what they were
    ("an ensures deleted", change(COPY_H, COPIED, ""), PROVE, COPY,
     r"the contract of vtcp_copy_octets says something else"),
    ("an ensures weakened", change(COPY_H, "==> dst[i] == \\old(src[i])", "==> dst[i] == \\at(dst[i], Post)"), PROVE,
     COPY,
     r"the contract of vtcp_copy_octets says something else"),
    ("a requires more", change(COPY_H, "requires dst", "requires few: n < 5;\n    requires dst"), PROVE, COPY,
     r"the contract of vtcp_copy_octets says something else"),
    ("a false ensures, with flags for WP in a comment", both(change(COPY_H, "dst[i] == \\old(src[i])", "dst[i] == 0"),
     prepend(
        COPY, "/* run.config OPT: -wp-timeout 0 -wp-prop=-ensures */\n// frama-c: -wp-no-rte\n")), PROVE, COPY,
     r"UNPROVED core/stream/copy.c: vtcp_copy_octets_ensures_copied"),
    ("code that does something else", change(COPY, "dst[i] = src[i];", "dst[i] = 0;"), PROVE, COPY,
     r"UNPROVED core/stream/copy.c: vtcp_copy_octets_loop_invariant_done"),
    # the stored numbers
    ("a number raised", expect(lambda s: s[COPY]["functions"].update(vtcp_copy_octets=99)), PROVE, COPY,
     r"vtcp_copy_octets: \d+ goals, expected 99"),
    ("a smoke test less", expect(lambda s: s[COPY].update(smoke=2)), PROVE, COPY, r"smoke: 3, expected 2"),
    ("a function removed", lambda tree: tree.write(SEQ, re.sub(r"\nint64_t.*", "", tree.read(SEQ), flags=re.S)), PROVE,
     SEQ,
     r"the contract of vtcp_seq_from_wire is gone"),
    ("a file removed", remove(SEQ), WHOLE, "", rf"PROBLEM {SEQ}: in expected.json, but gone"),
    ("the numbers removed", remove(EXPECTED), PROVE, COPY, r"expected.json: missing"),
    # the gate's own tests
    ("the canaries removed", remove(*CANARIES), WHOLE, "", r"no canaries"),
    ("a canary made harmless", change(CANARIES[1], "requires high: n > 20;", "requires high: n >= 0;"), PROVE,
     CANARIES[1],
     r"no longer notices: smoke canary_contradiction"),
    ("provers that believe everything", both(believer("cvc4", "z3"), create("proofs/canary/open.c", OPEN)), PROVE,
     "proofs/canary/open.c", r"no longer notices: open canary_open_ensures_wrong(?s:.*)z3: no prover"),
    ("a CVC4 that believes everything", believer("cvc4"), PROVE, COPY, r"smoke test failed(?s:.*)cvc4: no prover"),
    ("provers that prove nothing", believer("cvc4", answer="unknown"), PROVE, THEORY, r"cvc4: no prover"),
]


def honest(tree):
    status, out = tree.gate([])
    return status == 0 and re.search(r"^(\d+) goals, \1 proved$",
                                     out.strip().splitlines()[-1]), f"exit status {status}\n{out}"


def remembered(tree):
    """prove-fast leaves out what has not changed at all, files and functions, and nothing else; it does not take the place of the
    proof."""
    steps = [(lambda t: None, 0, rf"0 of 1 files.*{SEQ} \(2 functions\)"), (lambda t: None, 0, "1 of 1 files"),
             (change(SEQ, "(offset + isn) %", "(isn + offset) %"), 0, rf"0 of 1 files.*{SEQ} \(1 functions\)"),
             (append(THEORY, "(* more *)\n"), 0, rf"0 of 1 files.*{SEQ} \(2 functions\)"),
             (append(ACSL, "/*@ predicate bare(integer x) = x >= 0; predicate said(integer x) = bare(x); */\n"), 1,
              rf"{SEQ} \(0 functions\)"),
             (change(SEQ, "  int64_t at", "  //@ assert said: said(isn);\n  int64_t at"), 1, rf"{SEQ} \(1 functions\)"),
             (change(ACSL, "x >= 0;", "x >= -1;"), 1, rf"{SEQ} \(1 functions\)"),
             (change(SEQ, "SEQ_MOD / 2", "SEQ_MOD / 3"), 1, "UNPROVED .*vtcp_seq_from_wire")]
    for edit, wanted, message in steps:
        edit(tree)
        status, out = tree.gate(["--fast", "--quick", SEQ])
        if status != wanted or not re.search(message, out):
            return False, f"exit status {status}, wanted {wanted} and: {message}\n{out}"
    status, out = tree.gate([READ, SEQ])
    return status == 2 and "only read" in out, out


def refused(tree, cheat):
    _, edit, how, files, message = cheat
    edit(tree)
    # --quick: what is false is not tried for minutes
    status, out = tree.gate([how if how == READ else "--quick"] + files.split())
    return status == 1 and re.search(message, out), f"exit status {status}, wanted: {message}\n{out}"


def main():
    if not shutil.which("frama-c"):
        print("1..0 # SKIP frama-c is not installed")
        return 0
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    tests = [("the small tree as it is", honest), ("reading alone never succeeds", lambda t: (t.gate([READ,
                                                                                                      COPY])[0] == 2,
                                                                                              ""))]
    tests.append(("prove-fast remembers what has not changed, and no more", remembered))
    tests += [(c[0], lambda t, c=c: refused(t, c)) for c in CHEATS]
    tests = [t for t in tests if word in t[0]]

    def run(test):
        with tempfile.TemporaryDirectory(prefix="vtcp-gate-") as directory:
            return test[1](Tree(directory))
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for n, (test, (ok, out)) in enumerate(zip(tests, pool.map(run, tests)), 1):
            print(f"{'ok' if ok else 'not ok'} {n} - {test[0]}", flush=True)
            if not ok:
                failed += 1
                print("\n".join("# " + l for l in out.splitlines()), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
