#!/usr/bin/env python3
"""The proof gate: proves everything in core/, proofs/*.c and spec/*.mlw, and believes nothing but the provers' reports.

Run it with `make prove`, which passes the flags of proofs/flags.mk in WP_FLAGS. See proofs/README.md.
"""
import argparse
import glob
import heapq
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import memory
import sources
from digests import of_proof
from results import EXPECTED, PROVERS, WHY3_PROVERS, Results, clause_of, is_open, proved, provers_of, strip_comments, sums

# Per file or directory: "first" = provers that have a second a goal, one after the other, before all have two minutes,
# "split" = Why3's transformation (default split_vc), "cost" = seconds a goal, about: how to share the work out.
OPTIONS = {"core/connection": {"first": ["cvc4", "cvc4o", "cvc4i"], "cost": 0.35}}

WORKERS = 4 # more than cores: while Frama-C works, no prover does
PROVER = """
[prover]
name = "{name}"
version = "{version}"
alternative = "{alternative}"
shortcut = "{shortcut}"
command = "{command}"
command_steps = "{steps}"
driver = "{driver}"
editor = ""
in_place = false
interactive = false
"""
QUICK, SOON, MID, FULL, WHY3_LIMIT, SMOKE, CANARY = 1, 3, 10, 120, 10, 2, 5  # seconds a goal
SMOKE_STEPS = 30000
COST, SMOKE_COST, CANARY_COST, SHARE = 0.15, 0.35, 30, 60  # seconds a goal, a smoke test, canaries, a share: about
# WP never proves a \from, so writing one would be the assumption, not leaving it out (proofs/ASSUMPTIONS.md).
HARMLESS = re.compile(r"Failed smoke-test|No \\from specification for assigned pointer")
JOB_LIMIT = 3600
ASK = ["unix.cmxa", *(f"proofs/provers/{name}.ml" for name in ("text", "opaque", "relevant", "ask"))]
ONLY_WP = ["-no-autoload-plugins", "-load-module"]  # Frama-C starts in two thirds of the time
# What a prover must and must not prove; see Gate.check_provers.
PLAIN = """theory Plain
  use int.Int
  goal right: forall x: int. x < x + 1
  goal wrong: forall x: int. x < 2 * x
end
"""
NOT_SMOKE = ",".join("-@" + c for c in (
    "assigns ensures requires exits terminates assert check invariant variant lemma decreases breaks continues "
    "returns complete_behaviors disjoint_behaviors axiom admit").split())


class Log:
    """Progress: a bar on a terminal, plain lines elsewhere."""

    def __init__(self):
        self.lock, self.start, self.tty = threading.RLock(), time.time(), sys.stdout.isatty()
        self.jobs, self.finished, self.goals, self.running, self.beat = 0, 0, 0, {}, 0.0

    def clock(self):
        s = int(time.time() - self.start)
        return f"{s // 60}:{s % 60:02d}"

    def line(self, text):
        with self.lock:
            print(("\r\033[K" if self.tty else "") + text, flush=True)
            self.bar()

    def bar(self):
        if self.tty and self.jobs:
            width = 24 * self.finished // self.jobs
            names = ", ".join(os.path.basename(x) for x in self.running.values())
            text = (f"[{'#' * width}{'.' * (24 - width)}] {self.finished}/{self.jobs} jobs, {self.goals} goals, "
                    f"{self.clock()} {names}")
            print("\r\033[K" + text[:shutil.get_terminal_size().columns - 1], end="", flush=True)

    def goal(self):
        with self.lock:
            self.goals += 1
            if self.tty:
                self.bar()
            elif time.time() - self.beat > 60:
                self.beat = time.time()
                names = ", ".join(self.running.values())
                print(f"  ... {self.finished}/{self.jobs} jobs, {self.goals} goals tried, {self.clock()}: {names}",
                      flush=True)


class Gate(Results):
    def __init__(self, fast, quick=False, storing=False):
        self.quick, self.storing = quick, storing
        self.cache = "update" if fast else "rebuild", "build/proofs/cache"  # the proof fills it and reads nothing of it
        self.fast, self.log, self.problems, self.unproved = fast, Log(), [], []
        self.flags = shlex.split(os.environ.get("WP_FLAGS", ""))
        if not self.flags:
            sys.exit("prove.py: WP_FLAGS is empty: run `make prove`")
        for problem in sources.check_flags(self.flags):
            sys.exit(f"prove.py: WP_FLAGS: {problem}: they must be those of proofs/flags.mk")
        self.tmp = tempfile.mkdtemp(prefix="vtcp-prove-")
        self.children, self.queue, self.lock, self.busy = set(), [], threading.Condition(), 0
        self.files, self.theories, self.contracts, self.order = {}, {}, {}, 0
        self.recalled = []
        try:
            with open(EXPECTED, encoding="utf-8") as f:
                self.stored = json.load(f)
        except (OSError, ValueError):
            self.stored = {}
        self.definitions, self.bound = {}, sources.bound()
        self.smoke_total = self.smoke_passed = self.canaries = self.canaries_open = 0

    def problem(self, where, what):
        with self.lock:
            self.problems.append(f"{where}: {what}")

    def configure_why3(self):
        """Every run has a Why3 configuration of its own, so that ~/.why3.conf decides nothing."""
        conf = os.path.join(self.tmp, "why3.conf")
        os.environ["WHY3CONFIG"] = conf
        _, text = self.execute(["why3", "config", "detect", "-C", conf])
        versions = dict(re.findall(r"Found prover (CVC4|Z3) version ([\d.]+), OK", text))
        if len(versions) != 2 or not os.path.exists(conf):
            sys.exit(f"prove.py: Why3 does not find CVC4 and Z3 (`make setup`):\n{text}")
        with open(conf, encoding="utf-8") as f:
            text = re.sub(r"\[partial_prover\]\n(?:\w+ = .*\n)*", "", f.read())
        cvc4, z3 = (os.path.realpath(shutil.which(p)) for p in ("cvc4", "z3"))
        ask = f"{self.compiled('ask', *ASK)} {os.path.abspath('spec')}"
        inline = os.path.abspath("proofs/provers/cvc4_inline.drv")
        options = "--lang=smt2"
        seeds = "-smt2 sat.random_seed=42 nlsat.randomize=false smt.random_seed=42 -st"
        # %t00 milliseconds: see trying()
        for name, driver, command, by_time, by_steps in (
                ("CVC4", "cvc4_17", f"{cvc4} {options}", "--tlimit=LIMIT", "--stats --rlimit=%S"),
                ("CVC4i", inline, f"{cvc4} {options}", "--tlimit=LIMIT", "--stats --rlimit=%S"),
                ("CVC4o", "cvc4_17", f"{cvc4} {options}", "--tlimit=LIMIT", "--stats --rlimit=%S"),
                ("Z3o", "z3_471", f"{z3} {seeds}", "-t:LIMIT", "rlimit=%S"),
                ("Z3", "z3_471", f"{z3} {seeds}", "-t:LIMIT", "rlimit=%S")):
            for alternative, seconds in (("", FULL), ("mid", MID), ("soon", SOON), ("quick", QUICK)):
                shortcut = f"{alternative}-{name.lower()}".lstrip("-")
                text += PROVER.format(name=name, version=versions[re.match("CVC4|Z3", name)[0]], alternative=alternative, shortcut=shortcut, driver=driver,
                                      command=f"{ask} {shortcut} {1000 * seconds} %t00 %f {command} {by_time}",
                                      steps=f"{ask} {shortcut} %f {command} {by_steps}")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(text)

    def check_provers(self):
        """A prover that says "valid" to everything, or to nothing, is none."""
        path = os.path.join(self.tmp, "plain.mlw")
        with open(path, "w", encoding="utf-8") as f:
            f.write(PLAIN)
        for prover in PROVERS:
            _, out = self.execute(["why3", "prove", "-P", prover, "-t", str(10 * QUICK), path])
            found = dict(re.findall(r"Goal (\w+)\.\nProver result is: (\w+)", out))
            if found.get("right") != "Valid" or found.get("wrong", "Valid") == "Valid":
                self.problem(prover, f"no prover: {found or out.strip()}, where only the first is true")

    # -- running programs ------------------------------------------------------------------------------------------

    def execute(self, command, on_line=lambda line: None, env=None):
        """Runs a program until it ends, or until on_line has seen enough and says so."""
        with subprocess.Popen(command, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True) as p:
            self.children.add(p.pid)
            timer = threading.Timer(JOB_LIMIT, lambda: os.killpg(p.pid, signal.SIGKILL))
            timer.start()
            lines = []
            for line in p.stdout:
                lines.append(line)
                if on_line(line):
                    os.killpg(p.pid, signal.SIGKILL)
                    break
            p.wait()
            timer.cancel()
            self.children.discard(p.pid)
        return p.returncode, "".join(lines)

    def compiled(self, name, *parts):
        with self.lock:
            path = os.path.join(self.tmp, name)
            return path if os.path.exists(path) else compiled(path, *parts)

    def wp(self, path, tag, args, on_line=None, env=None):
        """Runs WP on one file; returns its report as {function: {goal: {prover: numbers}}} and its log."""
        stem = os.path.join(self.tmp, re.sub(r"\W", "_", path) + "-" + tag)
        how, where = self.cache
        os.makedirs(where, exist_ok=True)
        if not tag.endswith("proof") and not self.fast:
            how = "none"  # what `make prove-fast` does not try
        cache = ["-wp-cache", how, "-wp-cache-dir", where, "-wp-session", stem + "-session"]
        heap = self.compiled("heap.cmxs", "-shared", "proofs/heap.ml").removesuffix(".cmxs")
        command = ["frama-c", "-no-unicode", *ONLY_WP, f"{heap},rtegen,wp", *self.flags, *cache, *args,
                   "-wp-report-json", stem + ".json", path]
        status, text = self.execute(command, on_line or (
            lambda l: self.log.goal() if "] Goal " in l or "Smoke-test" in l else None), env)
        if status != 0 or not os.path.exists(stem + ".json"):
            return None, text
        with open(stem + ".json", encoding="utf-8") as f:
            report = json.load(f) or {}  # null: there was nothing to prove
        found, times = {}, self.seconds(text)
        for section in ("wp:functions", "wp:axiomatics"):
            for name, goals in report.get(section, {}).items():
                key = name if section == "wp:functions" else "(lemmas)"
                goals = {g: {**v, "seconds": times.get(g, 0.0)} for g, v in goals.items() if g != "wp:section"}
                found.setdefault(key, {}).update(renumbered(goals))
        total = sum(v["wp:main"]["total"] for goals in found.values() for v in goals.values())
        claimed = report.get("wp:global", {}).get("wp:main", {}).get("total", 0)
        if total != claimed:
            self.problem(path, f"the report lists {total} goals but claims {claimed}")
        return found, text

    def seconds(self, text):
        """How long the proved goals took, by the names that the report uses: WP's log names the model and the part, too."""
        drivers = self.flags[self.flags.index("-wp-driver") + 1].split(",") if "-wp-driver" in self.flags else []
        model = "_".join(["typed", *(os.path.splitext(os.path.basename(d))[0] for d in drivers), ""])
        times = {}
        for goal, took in re.findall(r"^\[wp\] \[.+?\] Goal (\w+) : Valid(.*)$", text, re.M):
            goal = re.sub(r"_part\d+$", "", goal.removeprefix(model))
            for minutes, number, unit in re.findall(r"\((?:Qed:)?(?:(\d+)')?([\d.]+)(ms|s)\)", took):
                times[goal] = times.get(goal, 0.0) + 60 * int(minutes or 0) + float(number) / (1 if unit == "s" else 1000)
        return times

    # -- reading sources -------------------------------------------------------------------------------------------

    def read_c(self, path):
        """The functions that a file defines and calls, their contracts, the logic it sees, and what is wrong with it."""
        file = {"defined": [], "called": [], "contracts": {}, "definitions": {}, "problems": []}
        status, text = self.execute(["frama-c", "-no-unicode", *parse_flags(self.flags), "-print", path])
        if status != 0:
            file["problems"].append(f"Frama-C cannot read it:\n{text[-3000:]}")
            return file
        file["defined"], file["called"], out = self.symbols(path)
        if not file["defined"]:
            file["problems"].append(f"gcc cannot compile it, or it has no functions:\n{out[-3000:]}")
            return file
        with open(path, encoding="utf-8") as f:
            file["problems"] += sources.check_text(f.read())
        _, compiled = self.execute(["gcc", "-std=c11", "-E", "-P", "-Icore", path])
        _, proved = self.execute(["gcc", "-std=c11", "-E", "-P", "-Icore", "-Ispec", "-D__FRAMAC__", path])
        if compiled.split() != proved.split():
            file["problems"].append("the provers would see other code than the compiler")
        file["problems"] += sources.check_functions(text, file["defined"]) + sources.check_annotations(text, self.bound)
        file["problems"] += sources.check_conversions(text)
        file["contracts"], file["definitions"] = sources.contracts(text), sources.definitions(text)
        file["seen"] = sources.seen(text)
        return file

    def symbols(self, path):
        """What a file defines and calls, by the compiler."""
        obj = os.path.join(self.tmp, re.sub(r"\W", "_", path) + ".o")
        status, out = self.execute(
            ["gcc", "-std=c11", "-O0", "-fkeep-static-functions", "-Icore", "-c", path, "-o", obj])
        if status != 0:
            return [], [], out
        lines = [l.split() for l in self.execute(["nm", obj])[1].splitlines()]
        return (sorted(l[2] for l in lines if len(l) == 3 and l[1] in "tT"), [l[1] for l in lines if l[0] == "U"], out)

    def read_all(self, paths, whole):
        results = {}

        def work(path):
            results[path] = self.read_c(path)
        for path in paths:
            if path not in self.files:
                self.add(0, path, "read", lambda p=path: work(p))
        self.drain()
        for path, file in results.items():
            self.files[path] = {"functions": {}, "smoke": {}, "seconds": 0.0, **file}
        for path in paths:
            file = self.files[path]
            for p in file["problems"]:
                self.problem(path, p)
            for name, texts in file["contracts"].items():
                if name in file["defined"] and not name.startswith("vtcp_"):
                    continue  # static: another file may have its own
                self.contracts.setdefault(name, {}).setdefault(frozenset(texts), []).append(path)
            for name, text in file["definitions"].items():
                self.definitions.setdefault(name, {}).setdefault(text, []).append(path)
        for name, variants in self.contracts.items():
            if not name.startswith("__") and (len(variants) > 1 or any(len(v) > 1 for v in variants)):
                self.problem(", ".join(p for v in variants.values() for p in v[:1]), f"two contracts for {name}")
        for name, variants in self.definitions.items():
            if len(variants) > 1:
                self.problem(", ".join(v[0] for v in variants.values()), f"two definitions of {name}")
        self.check_called(paths, whole)

    def check_called(self, paths, whole):
        """A contract is a promise: whoever is called must be defined where it is proved."""
        known = {f for path in paths for f in self.files[path]["defined"]}
        rest = [] if whole else sorted(glob.glob("core/**/*.c", recursive=True))
        for path in paths:
            for f in set(self.files[path]["called"]) & set(self.files[path]["contracts"]):
                while f not in known and rest:
                    known |= set(self.symbols(rest.pop())[0])
                if f not in known:
                    self.problem(path, f"calls {f}, which is not defined where it is proved")

    def read_specification(self):
        for path, problems in [*sources.check_headers().items(),
                               *((p, sources.check_driver(p)) for p in glob.glob("spec/*.driver")),
                               ("spec", sources.check_spec_files())]:
            for p in problems:
                self.problem(path, p)

    # -- the queue: a few workers, longest jobs first ---------------------------------------------------------------

    def add(self, weight, path, stage, job):
        with self.lock:
            self.order += 1
            heapq.heappush(self.queue, (-weight, self.order, path, stage, job))
            self.log.jobs += 1
            self.lock.notify()

    def drain(self):
        def worker():
            while True:
                with self.lock:
                    while not self.queue and self.busy:
                        self.lock.wait()
                    if not self.queue:
                        self.lock.notify_all()
                        return
                    _, order, path, stage, job = heapq.heappop(self.queue)
                    self.busy += 1
                    self.log.running[order] = f"{path} ({stage})"
                try:
                    job()
                except Exception as e:  # a broken job must fail the gate, not hang it
                    self.problem(path, f"{stage}: {type(e).__name__}: {e}")
                with self.lock:
                    self.busy -= 1
                    self.log.finished += 1
                    del self.log.running[order]
                    self.lock.notify_all()
        threads = [threading.Thread(target=worker, daemon=True) for _ in range(WORKERS)]
        for t in threads:
            t.start()
        for t in threads:
            while t.is_alive():
                t.join(0.5)

    @staticmethod
    def warnings(text):
        for m in re.finditer(r"^\[[^\]]*\] (?:\S+:\d+: )?(?:Warning|User Error|Failure):\s*(.*(?:\n  .*)*)", text, re.M):
            what = " ".join(m.group(1).split())
            if not HARMLESS.match(what):
                yield f"warning: {what}"

    def check_log(self, path, text):
        for w in self.warnings(text):
            self.problem(path, w)

    # -- jobs ------------------------------------------------------------------------------------------------------

    def shares(self, path):
        """The functions of a file in shares of about the same work, to be proved side by side; all at once where there are
        lemmas, since WP leaves those out when it is given functions. What is recalled is left out."""
        cost, known = options_for(path).get("cost", COST), self.stored.get(path, {}).get("functions", {})
        entry = self.files[path]
        work = {f: cost * known.get(f, 50) for f in entry["defined"] if f not in entry["functions"]}
        if not entry["functions"] and (sum(work.values()) < SHARE or self.lemmas(path)):
            return [(sum(work.values()), [])]
        shares = [[] for _ in range(1 + int(sum(work.values()) // SHARE))]
        for f in sorted(work, key=lambda f: -work[f]):
            min(shares, key=lambda s: sum(work[g] for g in s)).append(f)
        return [(sum(work[f] for f in s), ["-wp-fct", ",".join(s)]) for s in shares if s]

    def lemmas(self, path):
        return [n for n, text in self.files[path]["definitions"].items() if text.startswith("lemma")]

    def by_prover(self, path, work, only):
        """A share in parts, each with the prover that proved its clauses when they were proved last: it is asked first."""
        by = {}
        for g, v in ((g, v) for goals in self.files[path]["last"].values() for g, v in goals.items()):
            by.setdefault(clause_of(g), []).extend(provers_of(v))
        parts = {}
        for clause, provers in by.items():
            most = max(PROVERS, key=provers.count)
            if clause and most in provers and most != "cvc4":
                parts.setdefault(most, []).append(clause)
        rest = ",".join("-" + c for clauses in parts.values() for c in clauses)
        return [(work, [*only, "-wp-prop=" + ",".join(clauses)], p) for p, clauses in parts.items()] + \
            [(work, [*only, *(["-wp-prop=" + rest] if rest else [])])]

    def prove(self, path, share=0, only=(), ahead=()):
        """First the provers that prove most have a second a goal, then all have two minutes (before that three seconds and ten,
        when no run has found yet which one it takes); what an earlier run has found (ask.ml) saves most of that. With a cache all have
        three seconds, or up to ten when a goal of these functions took half of that before: whoever works wants to hear soon what
        is open. Ahead: provers to ask before all others."""
        began, first = time.time(), options_for(path).get("first", ["cvc4"])
        hints = os.path.join(self.tmp, re.sub(r"\W", "_", path) + f"-{share}-hints")
        with open(hints, "w", encoding="ascii") as f:
            f.writelines(f"{p} {task}\n" for p, tasks in self.stored.get(path, {}).get("hints", {}).items() for task in tasks.split())
        later = [] if self.quick else [*reversed(first), *(p for p in PROVERS if p not in first)]
        env, soon, mid = {"HINTS": hints}, [], []
        if self.fast:
            last = [v for goals in self.files[path]["last"].values() for v in goals.values()]
            limit = min(MID, max(SOON, 2 * max((v["seconds"] for v in last), default=MID)))
            env["LIMIT"], soon = str(int(1000 * limit)), later
            later = later if limit > SOON else []
        elif self.storing:
            env["FOUND"], soon, mid = self.found(path), later, later
        provers = [*ahead, *("quick-" + p for p in first), *("soon-" + p for p in soon), *("mid-" + p for p in mid), *later]
        found, text = self.wp(path, f"{share}-proof", trying(provers, FULL) + list(only), env=env)
        if found is None:
            self.problem(path, f"Frama-C failed:\n{text[-3000:]}")
            return
        self.check_log(path, text.replace("Warning: No goal generated", "") if self.fast else text)  # of a part
        self.gather(path, "functions", found, began)

    def found(self, path):
        """Where a run that stores keeps what later ones are told."""
        return os.path.join(self.tmp, re.sub(r"\W", "_", path) + "-found")

    def hints(self, path):
        """What the run has found: for each prover the tasks that it did not prove (-) and those that took it long (+)."""
        last = {}
        if os.path.exists(self.found(path)):
            with open(self.found(path), encoding="ascii") as f:
                for name, task in (line.split() for line in f):
                    last.setdefault(name.removeprefix("mid-").removeprefix("soon-"), {})[task[1:]] = task[0]
        for name in [n for n in last if "quick-" + n in last]:
            last["quick-" + name].update({t: "+" for t, sign in last[name].items() if sign == "+"})
            last[name] = {t: sign for t, sign in last[name].items() if sign == "-"}
        return {n: " ".join(sorted(sign + t for t, sign in tasks.items())) for n, tasks in sorted(last.items()) if tasks}

    def gather(self, path, key, found, began):
        """Puts what a share has found to what the others have; the last one looks at all of it."""
        with self.lock:
            entry = self.files[path]
            for f, goals in found.items():
                for g in set(goals) & set(entry[key].setdefault(f, {})):
                    self.problem(path, f"two shares have {g}")
                entry[key][f].update(goals)
            entry["seconds"] += time.time() - began
            entry[key + " left"] -= 1
            if entry[key + " left"]:
                return
        if key == "smoke":
            self.judge_smoke(path, entry)
        else:
            self.judge(path, entry)

    def judge(self, path, entry):
        for f in entry["defined"]:
            if not any("_assigns" in g for g in entry["functions"].get(f, {})):
                self.problem(path, f"no goal for the assigns of {f}")
        for lemma in self.lemmas(path):
            if not any(lemma in g for g in entry["functions"].get("(lemmas)", {})):
                self.problem(path, f"no goal for the lemma {lemma}")
        for goals in entry["functions"].values():
            for g, v in sorted(goals.items()):
                if is_open(v):
                    self.leave(path, f"{g} ({v['wp:main']['total'] - proved(v)} of {v['wp:main']['total']})")
        n, ok = sums(entry["functions"])
        self.log.line(f"[{self.log.clock()}] {path}: {ok}/{n} goals, {entry['seconds']:.0f} s")

    def recall(self, path, result):
        if result is not None:
            self.recalled.append(path)
            (self.theories if path.endswith(".mlw") else self.files)[path] = {**result, "seconds": 0.0}

    def is_proved(self, path):
        return (path in self.files or path in self.theories) and \
            not any(p.startswith(path + ":") for p in self.problems + self.unproved)

    def leave(self, where, what):
        with self.lock:
            self.unproved.append(f"{where}: {what}")

    def smoke(self, path, share=0, only=()):
        began = time.time()
        found, text = self.run_smoke(path, only, f"{share}-smoke")
        if found is None:
            self.problem(path, f"Frama-C failed:\n{text[-3000:]}")
            return
        self.gather(path, "smoke", found, began)

    def judge_smoke(self, path, entry):
        for goals in entry["smoke"].values():
            for g, v in goals.items():
                if is_open(v):
                    self.problem(path, f"smoke test failed (contradiction or dead code): {g}")
        n, ok = sums(entry["smoke"])
        if n == 0 and self.supposes(entry):
            self.problem(path, "no smoke tests")
        self.log.line(f"[{self.log.clock()}] {path}: {ok}/{n} smoke tests")

    @staticmethod
    def supposes(entry):
        """Whether a proof in this file begins with anything that could contradict itself."""
        own = [text for f in entry["defined"] for text in entry["contracts"].get(f, ())]
        return bool(entry["called"]) or any("requires" in text for text in own)

    def run_smoke(self, path, args=(), tag="smoke"):
        found, text = self.wp(path, tag, [
            "-wp-smoke-tests", "-wp-prop=" + NOT_SMOKE, "-wp-smoke-timeout", str(10 * SMOKE), "-wp-timeout", str(10 * SMOKE),
            "-wp-steps", str(SMOKE_STEPS), "-wp-prover", "cvc4", "-wp-par", "1", *args])
        if found is not None:
            found = {f: smoke for f, goals in found.items()
                     if (smoke := {g: v for g, v in goals.items() if "_wp_smoke_" in g})}
        return found, text

    def why3(self, path):
        began, options = time.time(), options_for(path)
        text = strip_comments(open(path, encoding="utf-8").read())
        for word in re.findall(r"\b(axiom|val|any|assume|diverges)\b", text):
            self.problem(path, f"`{word}` is an assumption")
        for p in sources.check_theory(text):
            self.problem(path, p)
        results = []
        for prover in WHY3_PROVERS:
            if results and all(r[1] for r in results):
                break
            status, out = self.execute(
                ["why3", "prove", "-L", "spec", "-a", options.get("split", "split_vc"), "-P", prover,
                 "-t", str(10 * WHY3_LIMIT), path],
                lambda l: self.log.goal() if l.startswith("Prover result is:") else None)
            found = re.findall(r"line (\d+), .*\n(?:Goal|Sub-goal) (.*?)\.\nProver result is: (\w+)(?: \(([\d.]+)s)?", out)
            if len(found) != out.count("Prover result is:") or (status != 0 and not found):
                self.problem(path, f"why3 failed:\n{out[-3000:]}")
                return
            if results and [r[0] for r in results] != [f[:2] for f in found]:
                self.problem(path, "the provers saw different goals")
                return
            results = [results[i] if results and results[i][1] else
                       (f[:2], prover if f[2] == "Valid" else "", float(f[3] or 0)) for i, f in enumerate(found)]
        if not results and re.search(r"\b(lemma|goal|ensures|variant)\b", text):
            self.problem(path, "no goals, but there are statements")
        goals = {}
        for (line, goal), by, seconds in results:
            if not by:
                self.leave(path, goal)
            module = re.findall(r"(?m)^\s*(?:module|theory)\s+(\w+)", "\n".join(text.split("\n")[:int(line)]))[-1]
            name = re.sub(r"(.*) of goal (.*)", r"\2 \1", goal)
            same = sum(1 for g in goals if re.fullmatch(re.escape(f"{module}.{name}") + r"( \d+)?", g))
            goals[f"{module}.{name}" + (f" {same + 1}" if same else "")] = {
                "label": None, "proved": bool(by), "prover": by, "seconds": seconds}
        self.theories[path] = {"goals": len(results), "by": [r[1] for r in results], "seconds": time.time() - began,
                               "each": goals}
        self.log.line(f"[{self.log.clock()}] {path}: {sum(1 for r in results if r[1])}/{len(results)} goals, "
                      f"{time.time() - began:.0f} s")

    def canary(self, path):
        """A canary says in comments what must go wrong; nothing else may, and all of it must."""
        wanted = re.findall(r"/\* canary: (open|smoke|refused|warned) (.*?) \*/", open(path, encoding="utf-8").read())
        if not wanted:
            self.problem(path, "says nothing that must fail")
        kinds = {k for k, _ in wanted}
        complaints = self.read_c(path)["problems"]
        open_goals, failed, warned = set(), set(), []
        if kinds & {"open", "warned"}:
            found, text = self.wp(path, "canary", trying(PROVERS, CANARY, len(PROVERS)))
            warned = list(self.warnings(text))
            open_goals = {g for goals in (found or {}).values() for g, v in goals.items() if is_open(v)}
            if found is None:
                self.problem(path, f"Frama-C failed:\n{text[-3000:]}")
        if "smoke" in kinds:
            found, text = self.run_smoke(path)
            failed = {f for f, goals in (found or {}).items() if any(is_open(v) for v in goals.values())}
        for kind, what in wanted:
            caught = what in open_goals if kind == "open" else what in failed if kind == "smoke" else \
                any(what in c for c in (warned if kind == "warned" else complaints))
            with self.lock:
                self.canaries += 1
                self.canaries_open += caught
            if not caught:
                self.problem(path, f"the gate no longer notices: {kind} {what}")
        for g in open_goals - {w for k, w in wanted if k == "open"}:
            self.problem(path, f"unproved beside the canary: {g}")
        for c in warned if "warned" not in kinds else []:
            self.problem(path, c)
        if "refused" not in kinds:
            for c in complaints:
                self.problem(path, c)
        self.log.line(f"[{self.log.clock()}] {path}: {len(wanted)} canaries")


def trying(provers, seconds, at_a_time=1):
    """The first to prove a goal ends it. The provers count seconds of the processor; WP gives up after ten times as many
    on the clock, so that what else the machine does changes nothing."""
    return ["-wp-prover", ",".join(provers), "-wp-par", str(at_a_time), "-wp-timeout", str(10 * seconds)]


def compiled(path, *parts):
    """The program or module that ocamlopt makes of these words and files; what else it makes lies beside it."""
    files = [shutil.copy(p, os.path.dirname(path)) if p.endswith(".ml") else p for p in parts]
    done = subprocess.run(["ocamlopt", "-I", os.path.dirname(path), *files, "-o", path], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ocamlopt cannot compile {parts[-1]} (`make setup`):\n{done.stdout}{done.stderr}")
    return path


def parse_flags(flags):
    kept, i = [], 0
    while i < len(flags):
        if flags[i] == "-machdep":
            kept += flags[i:i + 2]
            i += 1
        elif flags[i].startswith("-cpp-extra-args"):
            kept.append(flags[i])
        i += 1
    return kept


def renumbered(goals):
    """WP numbers what calls require through the file, so that the names depend on which functions are tried: here they
    are numbered within the function."""
    calls = {}
    for g in goals:
        m = re.fullmatch(r"(.+_requires_.+?)(?:_(\d+))?", g)
        calls.setdefault(m.group(1) if m else g, []).append((int(m.group(2) or 1) if m else 1, g))
    return {base + (f"_{k}" if k > 1 else ""): goals[g]
            for base, names in calls.items() for k, (_, g) in enumerate(sorted(names), 1)}


def options_for(path):
    return {**OPTIONS.get(os.path.dirname(path), {}), **OPTIONS.get(path, {})}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true", help="with a cache; no smoke tests, no canaries")
    parser.add_argument("--store", action="store_true", help="store the numbers of goals, when all are proved")
    parser.add_argument("--quick", action="store_true", help="a second a goal, no more")
    parser.add_argument("--read", action="store_true", help="only refuse: proves nothing, and so never succeeds")
    parser.add_argument("files", nargs="*", help="only these (default: everything)")
    args = parser.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    os.environ["PWD"] = os.getcwd()  # Frama-C resolves relative paths by it
    os.makedirs("build/proofs", exist_ok=True)
    gate = Gate(args.fast, args.quick, args.store)
    whole = not args.files
    paths = sorted(args.files or glob.glob("core/**/*.c", recursive=True) + glob.glob("proofs/*.c"))
    theories = [f for f in paths if f.endswith(".mlw")] if not whole else sorted(glob.glob("spec/*.mlw"))
    canaries = [f for f in paths if "/canary/" in f] if not whole else sorted(glob.glob("proofs/canary/*.c"))
    paths = [f for f in paths if f.endswith(".c") and f not in canaries]
    made_from = {p: of_proof(p) for p in [*paths, *theories]}
    try:
        gate.read_specification()
        past = memory.Memory(gate.flags, gate.execute)
        for path in paths + theories if args.fast else []:
            gate.recall(path, past.recall(path))
        gate.read_all(paths, whole)
        if args.read:
            gate.finish_reading()
        recalled, tried = {*gate.recalled}, {}
        if not args.fast or not recalled >= {*paths, *theories}:
            gate.configure_why3()
            gate.check_provers()
        for path in paths:
            if path in recalled:
                continue
            if args.fast and not gate.lemmas(path):
                gate.files[path]["functions"].update(past.functions(path, gate.files[path]["seen"]))
            if args.fast:
                gate.files[path]["last"] = {f: g for f, g in past.last(path).items() if f not in gate.files[path]["functions"]}
            tried[path] = f"{path} ({len(set(gate.files[path]['defined']) - set(gate.files[path]['functions']))} functions)"
            shares = gate.shares(path)
            if args.fast and len(shares) == 1:
                shares = gate.by_prover(path, *shares[0])
            gate.files[path].update({"functions left": len(shares), "smoke left": len(shares)})
            if not shares:
                gate.judge(path, gate.files[path])
            for k, (work, only, *ahead) in enumerate(shares):
                gate.add(work, path, "proof", lambda p=path, k=k, o=only, a=ahead: gate.prove(p, k, o, a))
                if not args.fast:
                    smoke = SMOKE_COST * gate.stored.get(path, {}).get("smoke", 50) / len(shares)
                    gate.add(smoke, path, "smoke", lambda p=path, k=k, o=only: gate.smoke(p, k, o))
        for path in theories:
            if path in recalled:
                continue
            tried[path] = path
            gate.add(os.path.getsize(path) / 1000, path, "why3", lambda p=path: gate.why3(p))
        if not args.fast:
            for path in canaries:
                gate.add(CANARY_COST, path, "canary", lambda p=path: gate.canary(p))
            if whole and not canaries:
                gate.problem("proofs/canary", "no canaries")
        gate.drain()
        for path in {*paths, *theories} - recalled:
            if gate.is_proved(path):
                past.keep(path, gate.files.get(path) or gate.theories.get(path))
        with open("build/proofs/numbers.json", "w", encoding="utf-8") as f:
            json.dump(gate.numbers(), f, indent=1, sort_keys=True)
            f.write("\n")
        gate.write_goals(whole, made_from)
        if args.store and not gate.fast and not gate.problems and not gate.unproved:
            gate.store(whole)
        gate.compare(whole)
        goals, ok = gate.table()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        for pid in list(gate.children):
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(gate.tmp, ignore_errors=True)
    for p in sorted(set(gate.problems)):
        print("PROBLEM", p)
    for g in gate.unproved:
        print("UNPROVED", g)
    if args.fast:
        print(f"from an earlier run, since nothing they depend on has changed: {len(recalled)} of {len(paths) + len(theories)} files; "
              f"now, with a cache: {', '.join(tried.values()) or 'none'}")
        print(f"a cached run: {SOON} to {MID} seconds a prover, no smoke tests, no canaries; `make prove` is the proof")
    else:
        print(f"smoke tests: {gate.smoke_total}, {gate.smoke_passed} passed; "
              f"canaries: {gate.canaries}, {gate.canaries_open} caught; {gate.log.clock()} in all")
    failed = gate.problems or gate.unproved or ok != goals
    if failed:
        print(f"NOT PROVED: {len(set(gate.problems))} problems, {goals - ok} goals open")
    print(f"{goals} goals, {ok} proved")
    sys.exit(1 if failed or (whole and not goals) else 0)


if __name__ == "__main__":
    main()
