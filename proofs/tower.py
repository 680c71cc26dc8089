#!/usr/bin/env python3
"""The system theorem: proves every goal of spec/system/*.mlw, then tries a second prover on each for a short while.

`make theorem` runs it. See spec/README.md.
"""
import argparse
import glob
import json
import os
import re
import resource
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
           "relation", "arrivals", "simulation", "pair", "tower", "joint", "reuse")
# By module, or module.goal: provers, in the order in which they are tried, and transformations; after `|` others, to try
# on what is left; `each` when every goal is a job of its own. Where nothing is listed: all provers, split_vc. split_vc
# makes the goals; what follows it says how much a prover sees: inline_all unfolds all definitions, eliminate_definition
# turns them into axioms, so that few are unfolded.
LAZY = "cvc4 cvc5 z3 split_vc eliminate_definition | split_vc"
HOW = {"Kept": "each split_vc inline_all", "Kept.step_inv'vc": "split_vc", "KeptRuns.init_inv": "cvc4 cvc5 split_vc",
       "Known": "split_vc inline_all", "Reached": "cvc4 cvc5 split_vc eliminate_definition | split_vc",
       "Theorems": "split_vc inline_all", "Pair": LAZY, "Tower": LAZY, "Reuse": "cvc4 cvc5 split_vc",
       "Complete": "split_vc inline_all", "Needed": "split_vc inline_all",
       "Control": LAZY, "Relation": "cvc4 z3 cvc5 split_vc | split_vc eliminate_definition",
       "Arrivals": "each " + LAZY, "Simulation": "each " + LAZY, "Joint": "each " + LAZY, "Whole": LAZY}
# Each reads the file that why3 prints, and says `unsat` when the goal is proved.
PROVERS = {"z3": ["z3", "-smt2", "sat.random_seed=42", "nlsat.randomize=false", "smt.random_seed=42"],
           "cvc4": ["cvc4", "--lang=smt2"], "cvc5": ["cvc5", "--lang=smt2"]}
# Seconds of processor time a goal: at first, when no prover is that quick, and for the second prover, which may spend
# PATIENCE on failures in one job: so the whole ends.
QUICK, LIMIT, SECOND, PATIENCE = 2, 10, 1, 20
MEMORY = 2 << 30
STORED = "proofs/tower.json"  # how many goals each module has
CONFIG = """[main]
magic = 14

[prover]
name = "CVC4"
version = "1.8"
shortcut = "cvc4"
command = "cvc4"
driver = "cvc4_17"
editor = ""
in_place = false
interactive = false

[prover]
name = "CVC5"
version = "1.0.3"
shortcut = "cvc5"
command = "cvc5"
driver = "{driver}"
editor = ""
in_place = false
interactive = false

[prover]
name = "Z3"
version = "4.8.12"
shortcut = "z3"
command = "z3"
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


def solve(prover, path, limit):
    """(proved, seconds of processor time)"""
    def bound():
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with subprocess.Popen([*PROVERS[prover], path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, preexec_fn=bound) as p:
        answer = p.stdout.read().split(b"\n")[0]
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = status
    return answer == b"unsat", used.ru_utime + used.ru_stime


class Job:
    """The goals of one module, or one of them, with the transformations that split them."""

    def __init__(self, path, module, goal, how):
        self.path, self.module, self.goal = path, module, goal
        words_of = how.replace("|", " ").split()
        self.provers = list(dict.fromkeys(w for w in words_of if w in PROVERS)) or list(PROVERS)
        self.ways = [[w for w in way.split() if w not in PROVERS and w != "each"] for way in how.split("|")]
        self.results = {}  # (name, number) -> {prover: seconds}
        self.files, self.tried = {}, {}  # (prover, way) -> {goal: file}; (prover, way, goal) -> seconds
        self.patience = PATIENCE
        self.problem, self.directory = "", tempfile.mkdtemp(prefix="vtcp-goals-")

    def name(self):
        return self.module + (f".{self.goal}" if self.goal else "")

    def printed(self, prover, way, run):
        """The goals as files for the prover."""
        out = os.path.join(self.directory, f"{prover}-{way}")
        os.mkdir(out)
        select = ["-T", self.module] + (["-G", self.goal] if self.goal else [])
        status, said = run(["why3", "prove", "-L", "spec", "-L", "spec/system", self.path, *select, "-P", prover, "-o", out,
                            *(w for transformation in self.ways[way] for w in ("-a", transformation))])
        files, numbers = {}, {}
        for file in sorted(os.listdir(out), key=lambda f: (len(f), f)):
            with open(os.path.join(out, file), encoding="utf-8") as f:
                name = re.findall(r"^;; Goal (.*)$", f.read(), re.M)[-1]
            numbers[name] = numbers.get(name, 0) + 1
            files[name, numbers[name]] = os.path.join(out, file)
        if status or not files:
            self.problem = f"why3 failed (status {status}):\n{said[-2000:]}"
        elif self.results and set(self.results) != set(files):
            self.problem = "the provers saw different goals"
        return files

    def attempt(self, prover, way, least, limit, run):
        """The prover on each goal that has fewer proofs than `least`."""
        if self.problem or self.results and all(len(by) >= least or prover in by for by in self.results.values()):
            return
        if (prover, way) not in self.files:
            self.files[prover, way] = self.printed(prover, way, run)
        for goal, file in self.files[prover, way].items():
            by = self.results.setdefault(goal, {})
            if self.problem or len(by) >= least or prover in by or self.tried.get((prover, way, goal), 0) >= limit:
                continue
            if by and self.patience <= 0:
                continue
            proved, seconds = solve(prover, file, limit)
            self.tried[prover, way, goal] = limit
            if proved:
                by[prover] = seconds
            elif by:
                self.patience -= seconds

    def count(self, run):
        """Only finds the goals."""
        self.results = {goal: {} for goal in self.printed(self.provers[0], 0, run)}
        shutil.rmtree(self.directory, ignore_errors=True)

    def prove(self, least, limit, run, second=SECOND):
        """One prover for each goal, first quickly; then another, if `least` is 2."""
        try:
            for seconds, proofs in [(min(QUICK, limit), 1), (limit, 1)] + ([(second, 2)] if least > 1 else []):
                for way in range(len(self.ways)):
                    for prover in self.provers:
                        self.attempt(prover, way, proofs, seconds, run)
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)


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


def work_on(jobs, workers, action):
    progress = Progress(len(jobs))

    def one(job):
        try:
            action(job)
        except (OSError, IndexError) as e:
            job.problem = str(e)
        progress.step(job.name())
    in_parallel(workers, [lambda j=j: one(j) for j in jobs])
    if progress.tty:
        print("\r\033[K", end="")


def counts(jobs):
    """{path: {module: goals}}"""
    found = {}
    for j in jobs:
        of = found.setdefault(j.path, {})
        of[j.module] = of.get(j.module, 0) + len(j.results)
    return found


def different(found, only):
    """How the counts differ from those stored, of these files or of all."""
    if not os.path.exists(STORED):
        return [f"{STORED}: not there: run proofs/tower.py --store"]
    with open(STORED, encoding="utf-8") as f:
        stored = json.load(f)
    keys = sorted({(p, m) for counted in (found, stored) for p in counted if not only or p in only for m in counted[p]})
    now, then = [[c.get(p, {}).get(m, 0) for p, m in keys] for c in (found, stored)]
    return [f"{p} {m}: {a} goals, not {b} as stored" for (p, m), a, b in zip(keys, now, then) if a != b]


def store(jobs, problems):
    if problems:
        sys.exit("\n".join(problems))
    with open(STORED, "w", encoding="utf-8") as f:
        f.write(json.dumps(counts(jobs), indent=1) + "\n")
    print(f"{STORED}: {sum(len(j.results) for j in jobs)} goals")
    sys.exit(0)


def report(jobs):
    """A line for each goal as it stands in the file, under its words: (goals, proved, by two)."""
    total = [0, 0, 0]
    for path in dict.fromkeys(j.path for j in jobs):
        print(f"\n{path}")
        said = words(path)
        for job in (j for j in jobs if j.path == path):
            rows = {}
            for (goal, _), by in job.results.items():
                rows.setdefault(goal.removesuffix("'vc"), []).append(by)
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
    parser.add_argument("--limit", type=int, default=LIMIT, help="seconds of processor time a goal and prover")
    parser.add_argument("--goal", action="append", default=[], help="only jobs with this in their name")
    parser.add_argument("--once", action="store_true", help="one prover a goal is enough")
    parser.add_argument("--store", action="store_true", help=f"prove nothing: write how many goals there are to {STORED}")
    parser.add_argument("files", nargs="*", help="only these (default: spec/system/*.mlw)")
    args = parser.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    if args.store and (args.files or args.goal):
        sys.exit("tower.py: --store: not with files or --goal")
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
        work_on(jobs, args.jobs, (lambda job: job.count(execute)) if args.store else
                lambda job: job.prove(1 if args.once else 2, args.limit, execute))
    except KeyboardInterrupt:
        sys.exit(130)
    except RuntimeError as e:
        sys.exit(f"tower.py: {e}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    problems += [f"{j.path} {j.name()}: {j.problem}" for j in jobs if j.problem]
    if args.store:
        store(jobs, problems)
    goals, proved, twice = report(jobs)
    problems += [] if args.goal else different(counts(jobs), args.files)
    print()
    for p in problems:
        print("PROBLEM", p)
    for j in jobs:
        for (goal, number), by in j.results.items():
            if not by:
                print(f"UNPROVED {j.path} {j.module}.{goal} #{number}")
    print(f"{time.time() - began:.0f} s")
    by = ", ".join(f"{p} {sum(1 for j in jobs for b in j.results.values() if p in b)}" for p in PROVERS)
    print(f"{goals} goals, {proved} proved ({by}), {twice} by two provers")
    sys.exit(1 if problems or proved != goals or not goals else 0)


if __name__ == "__main__":
    main()
