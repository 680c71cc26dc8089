#!/usr/bin/env python3
"""The system theorem: proves every goal of spec/system/*.mlw, each by two provers where possible.

`make theorem` runs it. See spec/README.md.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

from results import strip_comments

# From the ground up.
STOREYS = ("model", "invariants", "steps", "instance", "theorems", "scenario", "wrap", "connection",
           "relation", "simulation", "pair", "tower", "reuse")
# By module, or module.goal: transformations; after `|` others to try on what is left; `each` when every goal is a job of
# its own; provers, when not all are of use. Where nothing is listed: split_vc. split_vc makes the goals; what follows it
# says how much a prover sees: inline_all unfolds all definitions, eliminate_definition turns them into axioms, so that few
# are unfolded.
# cvc5 cannot read tcp.mlw: a parameter there is called update, a word of its own.
LAZY = "cvc4 split_vc eliminate_definition | split_vc"
HOW = {"Kept": "each split_vc inline_all", "Kept.step_inv'vc": "split_vc", "KeptRuns.init_inv": "split_vc inline_all split_vc",
       "Known": "split_vc inline_all", "Reached": "cvc4 cvc5 split_vc eliminate_definition",
       "Theorems": "split_vc inline_all", "Pair": LAZY, "Tower": LAZY, "Reuse": "cvc4 split_vc", "Complete": "split_vc inline_all", "Needed": "split_vc inline_all",
       "Control": LAZY, "Relation": "cvc4 split_vc", "Simulation": "each " + LAZY}
PROVERS = ("z3", "cvc4", "cvc5")
LIMIT = 10  # seconds a goal
CONFIG = """[main]
magic = 14
memlimit = 2000
running_provers_max = 1
timelimit = 10

[prover]
name = "CVC4"
version = "1.8"
shortcut = "cvc4"
command = "cvc4 --stats --lang=smt2 --tlimit=%t00 %f"
driver = "cvc4_17"
editor = ""
in_place = false
interactive = false

[prover]
name = "CVC5"
version = "1.0.3"
shortcut = "cvc5"
command = "cvc5 --stats --lang=smt2 --tlimit=%t00 %f"
driver = "{driver}"
editor = ""
in_place = false
interactive = false

[prover]
name = "Z3"
version = "4.8.12"
shortcut = "z3"
command = "z3 -smt2 sat.random_seed=42 nlsat.randomize=false smt.random_seed=42 -st -t:%t00 %f"
driver = "z3_471"
editor = ""
in_place = false
interactive = false
"""


def paths():
    """The files in the order of STOREYS; one that is not listed there comes last."""
    rank = {f"spec/system/{s}.mlw": i for i, s in enumerate(STOREYS)}
    return sorted(glob.glob("spec/system/*.mlw"), key=lambda p: (rank.get(p, len(rank)), p))


def modules(text):
    """The modules of a text without comments: name -> body."""
    parts = re.split(r"(?m)^\s*(?:module|theory)\s+(\w+)", text)
    return dict(zip(parts[1::2], parts[2::2]))


def refused(texts):
    """What must not be assumed. An axiom may stand only in a module that is never used, only cloned, and each clone must
    turn each of its axioms into a goal: {path: text} -> [(path, complaint)]."""
    bad, axioms, found = [], {}, {}
    for path, text in texts.items():
        text = strip_comments(text)
        for word in re.findall(r"\b(val|any|assume|diverges|absurd)\b", text):
            bad.append((path, f"`{word}` is an assumption"))
        if "axiom" in re.split(r"(?m)^\s*(?:module|theory)\b", text)[0]:
            bad.append((path, "an axiom outside any module"))
        for name, body in modules(text).items():
            if name in found:
                bad.append((path, f"two modules {name}: their names must differ"))
            found[name] = (path, body)
            declared = re.findall(r"\baxiom\s+(\w+)\s*:", body)
            if declared:
                axioms[name] = declared
    for name, declared in axioms.items():
        clones = 0
        for other, (path, body) in found.items():
            for used in re.findall(r"\buse\b(?:\s+(?:import|export))?\s+([\w.]+)", body):
                if used.split(".")[-1] == name:
                    bad.append((path, f"module {other} uses {name}, which has axioms"))
            # Up to the next declaration: what a clone substitutes has the form `kind name` or `kind name = name`.
            for part in re.split(r"\bclone\b", body)[1:]:
                words_of = re.match(r"\s*(?:(?:import|export)\s+)?([\w.]+)", part)
                if not words_of or words_of.group(1).split(".")[-1] != name:
                    continue
                clones += 1
                proved = re.match(r"(?:\s*,?\s*(?:(?:type|predicate|function|constant|val)\s+\w+\s*=\s*\w+|goal\s+\w+(?!\s*:)))*",
                                  re.sub(r"^.*?\bwith\b", "", part, count=1, flags=re.S) if " with" in part else "").group()
                for axiom in declared:
                    if not re.search(rf"\bgoal\s+{axiom}\b", proved):
                        bad.append((path, f"module {other} clones {name}, but does not prove its axiom {axiom}"))
        if not clones:
            bad.append((found[name][0], f"module {name} has axioms and is never cloned"))
    return bad


class Job:
    """The goals of one module, or one of them, with the transformations that split them."""

    def __init__(self, path, module, goal, how):
        self.path, self.module, self.goal = path, module, goal
        words_of = how.replace("|", " ").split()
        self.provers = [p for p in PROVERS if p in words_of] or list(PROVERS)
        self.ways = [[w for w in way.split() if w not in PROVERS and w != "each"] for way in how.split("|")]
        self.results = {}  # (line, name, number) -> {prover: seconds}
        self.problem, self.seconds = "", 0.0

    def name(self):
        return self.module + (f".{self.goal}" if self.goal else "")

    def prove(self, prover, run, limit=LIMIT):
        for way in self.ways if prover in self.provers else []:
            if not self.problem and not (self.results and all(prover in by for by in self.results.values())):
                self.attempt(prover, way, run, limit)

    def attempt(self, prover, way, run, limit):
        began = time.time()
        select = ["-T", self.module] + (["-G", self.goal] if self.goal else [])
        status, out = run(["why3", "prove", "-L", "spec", "-L", "spec/system", self.path, *select, "-P", prover, "-t",
                           str(10 * limit), *(w for transformation in way for w in ("-a", transformation))])
        found = re.findall(r"^File (?:.*, line (\d+), .*|.*):\n(?:Goal|Sub-goal) (.*?)\.\nProver result is: (\w+)(?: \(([\d.]+)s)?",
                           out, re.M)
        self.seconds += time.time() - began
        if len(found) != out.count("Prover result is:") or not found:
            self.problem = f"why3 failed (status {status}):\n{out[-2000:]}"
            return
        seen, names = {}, []
        for line, goal, verdict, seconds in found:
            seen[line, goal] = seen.get((line, goal), 0) + 1
            names.append((line, goal, seen[line, goal], verdict, float(seconds or 0)))
        if self.results and set(self.results) != {n[:3] for n in names}:
            self.problem = "the provers saw different goals"
            return
        for line, goal, number, verdict, seconds in names:
            by = self.results.setdefault((line, goal, number), {})
            if verdict == "Valid":
                by[prover] = seconds

    def least(self):
        return min((len(by) for by in self.results.values()), default=0)


def goals_of(path, run):
    """The goals of a file as Why3 has them, before they are split: [(module, goal)]."""
    out = tempfile.mkdtemp(prefix="vtcp-goals-")
    try:
        status, text = run(["why3", "prove", "-L", "spec", "-L", "spec/system", "-P", "z3", "-o", out, path])
        stem = os.path.basename(path)[:-4] + "-"
        names = [f[len(stem):-5].replace("qtvc", "'vc").split("-", 1) for f in sorted(os.listdir(out))]
    finally:
        shutil.rmtree(out, ignore_errors=True)
    if status:
        raise RuntimeError(f"{path}: why3 failed:\n{text[-2000:]}")
    return [tuple(n) for n in names]


def jobs_of(path, run):
    """Every goal of the file is in exactly one job."""
    goals, jobs = goals_of(path, run), []
    for module in dict.fromkeys(m for m, _ in goals):
        names = [g for m, g in goals if m == module]
        how = HOW.get(module, "split_vc")
        if "each" in how.split() or any(f"{module}.{g}" in HOW for g in names):
            jobs += [Job(path, module, g, HOW.get(f"{module}.{g}", how)) for g in names]
        else:
            jobs.append(Job(path, module, None, how))
    return jobs


def words(path):
    """What a theorem says: goal -> the comment above it."""
    text, result = open(path, encoding="utf-8").read(), {}
    for m in re.finditer(r"\(\*((?:(?!\*\)).)*)\*\)\s*(?:goal|lemma|axiom|let rec lemma|let lemma|let ghost|let rec ghost)\s+(\w+)", text, re.S):
        result[m.group(2)] = " ".join(m.group(1).split())
    return result


class Progress:
    def __init__(self, total):
        self.total, self.done, self.start, self.lock = total, 0, time.time(), threading.Lock()
        self.tty, self.beat = sys.stdout.isatty(), 0.0

    def step(self, text):
        with self.lock:
            self.done += 1
            clock = int(time.time() - self.start)
            if self.tty:
                bar = "#" * (24 * self.done // self.total)
                line = f"[{bar:.<24}] {self.done}/{self.total} {clock // 60}:{clock % 60:02d} {text}"
                print("\r\033[K" + line[:shutil.get_terminal_size().columns - 1], end="", flush=True)
            elif time.time() - self.beat > 20 or self.done == self.total:
                self.beat = time.time()
                print(f"  ... {self.done}/{self.total} runs, {clock // 60}:{clock % 60:02d}: {text}", flush=True)


def execute(command):
    p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       errors="replace", check=False)
    return p.returncode, p.stdout


def configure(directory):
    """A configuration of its own, so that ~/.why3.conf decides nothing."""
    for program in ("why3", *PROVERS):
        if not shutil.which(program):
            sys.exit(f"tower.py: no {program}: run `make setup`")
    conf = os.path.join(directory, "why3.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(CONFIG.format(driver=os.path.abspath("proofs/provers/cvc5.drv")))
    os.environ["WHY3CONFIG"] = conf


def in_parallel(workers, calls):
    todo, lock = list(calls), threading.Lock()

    def work():
        while True:
            with lock:
                if not todo:
                    return
                call = todo.pop(0)
            call()
    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for t in threads:
        t.start()
    for t in threads:
        while t.is_alive():
            t.join(0.5)


def prove_all(jobs, at_least, workers, limit, run=execute):
    """Each prover in turn on the jobs that have a goal with too few proofs."""
    for prover in PROVERS:
        left = [j for j in jobs if prover in j.provers and not j.problem and j.least() < at_least]
        if not left:
            continue
        progress = Progress(len(left))

        def one(job, prover=prover, progress=progress):
            job.prove(prover, run, limit)
            progress.step(f"{prover}: {job.name()}")
        in_parallel(workers, [lambda j=j: one(j) for j in left])
        if progress.tty:
            print("\r\033[K", end="")


def report(jobs):
    """A line for each goal as it stands in the file, under its words: (goals, proved, by two)."""
    total = [0, 0, 0]
    for path in dict.fromkeys(j.path for j in jobs):
        print(f"\n{path}")
        said = words(path)
        for job in (j for j in jobs if j.path == path):
            rows = {}
            for (line, goal, _), by in job.results.items():
                base = re.sub(r".*\[VC for (.*?)\].*|.* of goal (.*)", lambda m: m.group(1) or m.group(2), goal)
                rows.setdefault(re.sub(r"'vc$|\.\d+.*$", "", base), []).append(by)
            for name, bys in rows.items():
                if name in said:
                    print(textwrap.fill(said[name], 108, initial_indent="  ", subsequent_indent="  "))
                count = ", ".join(f"{p} {sum(1 for b in bys if p in b)}" for p in PROVERS if any(p in b for b in bys))
                took = sum(sum(b.values()) for b in bys)
                print(f"    {job.module}.{name}: {len(bys)} goals, {sum(1 for b in bys if b)} proved ({count}), {took:.1f} s")
                total = [total[0] + len(bys), total[1] + sum(1 for b in bys if b),
                         total[2] + sum(1 for b in bys if len(b) > 1)]
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many provers at a time")
    parser.add_argument("--limit", type=int, default=LIMIT, help="seconds a goal and prover")
    parser.add_argument("--goal", action="append", default=[], help="only jobs with this in their name")
    parser.add_argument("--once", action="store_true", help="one prover a goal is enough")
    parser.add_argument("files", nargs="*", help="only these (default: spec/system/*.mlw)")
    args = parser.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    everything = {p: open(p, encoding="utf-8").read() for p in paths()}
    for path in args.files:
        if path not in everything:
            sys.exit(f"tower.py: {path}: not one of spec/system/*.mlw")
    directory, began = tempfile.mkdtemp(prefix="vtcp-tower-"), time.time()
    try:
        configure(directory)
        problems = [f"{p}: {what}" for p, what in refused(everything)]
        jobs = [j for path in (args.files or everything) for j in jobs_of(path, execute)
                if not args.goal or any(g in j.name() for g in args.goal)]
        prove_all(jobs, 1 if args.once else 2, args.jobs, args.limit)
    except KeyboardInterrupt:
        sys.exit(130)
    except RuntimeError as e:
        sys.exit(f"tower.py: {e}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    goals, proved, twice = report(jobs)
    problems += [f"{j.path} {j.name()}: {j.problem}" for j in jobs if j.problem]
    print()
    for p in problems:
        print("PROBLEM", p)
    for j in jobs:
        for (line, goal, number), by in j.results.items():
            if not by:
                print(f"UNPROVED {j.path}:{line} {goal} #{number}")
    print(f"{time.time() - began:.0f} s")
    print(f"{goals} goals, {proved} proved, {twice} by two provers")
    sys.exit(1 if problems or proved != goals or not goals else 0)


if __name__ == "__main__":
    main()
