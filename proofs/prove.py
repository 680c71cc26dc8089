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

import tower

# Per file or directory: "first" = provers of the quick pass, one after the other, "args" = more flags,
# "split" = transformation for Why3 (default split_vc).
OPTIONS = {"core/connection": {"first": ["cvc4o", "cvc4i", "cvc4"]}}
OPTIONS.update({f"core/connection/{f}.c": {"args": ["-wp-split"]} for f in (
    "arrive", "arrive_ack", "arrive_check", "arrive_data", "output", "tcb", "timeout")})
# Recursive ACSL definitions become axioms inside WP; each one here must be shown total in proofs/ASSUMPTIONS.md.
RECURSIVE = set()

WORKERS = 4 # more than cores: while Frama-C works, no prover does
# cvc4i is CVC4 with the definitions of the goal unfolded (proofs/provers/cvc4_inline.drv), cvc4o CVC4 without the
# definitions that a step composed of others does not need (proofs/provers/opaque.py).
PROVERS, WHY3_PROVERS = ("cvc4i", "cvc4o", "cvc4", "z3"), ("cvc4", "z3")
PROVER = """
[prover]
name = "{name}"
version = "{version}"
shortcut = "{shortcut}"
command = "{command}"
command_steps = "{steps}"
driver = "{driver}"
editor = ""
in_place = false
interactive = false
"""
QUICK, FULL, WHY3_LIMIT, SMOKE, CANARY = 2, (60, 240), 10, 2, 5  # seconds a goal
SMOKE_STEPS = 50000
# WP never proves a \from, so writing one would be the assumption, not leaving it out (proofs/ASSUMPTIONS.md).
HARMLESS = re.compile(r"Failed smoke-test|No \\from specification for assigned pointer")
JOB_LIMIT = 3600
EXPECTED = "proofs/expected.json"
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


class Gate:
    def __init__(self, fast):
        self.fast, self.log, self.problems, self.unproved = fast, Log(), [], []
        self.flags = shlex.split(os.environ.get("WP_FLAGS", ""))
        if not self.flags:
            sys.exit("prove.py: WP_FLAGS is empty: run `make prove`")
        self.tmp = tempfile.mkdtemp(prefix="vtcp-prove-")
        self.children, self.queue, self.lock, self.busy = set(), [], threading.Condition(), 0
        self.files, self.theories, self.contracts, self.order = {}, {}, {}, 0
        self.storeys = {}
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
        opaque = f"{shutil.which('python3', path='/usr/bin:/bin') or sys.executable} -I -S {os.path.abspath('proofs/provers/opaque.py')}"
        inline = os.path.abspath("proofs/provers/cvc4_inline.drv")
        seeds = "-smt2 sat.random_seed=42 nlsat.randomize=false smt.random_seed=42 -st"
        limits = "--stats --lang=smt2 --tlimit=%t00", "--stats --lang=smt2 --rlimit=%S"
        # %t00 milliseconds: see trying()
        for name, driver, by_time, by_steps in (
                ("CVC4", "cvc4_17", *(f"{cvc4} {l} %f" for l in limits)),
                ("CVC4i", inline, *(f"{cvc4} {l} %f" for l in limits)),
                ("CVC4o", "cvc4_17", f"{opaque} tlimit=%t00 %f", f"{opaque} rlimit=%S %f"),
                ("Z3", "z3_471", f"{z3} {seeds} -t:%t00 %f", f"{z3} {seeds} rlimit=%S %f")):
            text += PROVER.format(name=name, version=versions[name[:4]], shortcut=name.lower(), driver=driver,
                                  command=by_time, steps=by_steps)
        with open(conf, "w", encoding="utf-8") as f:
            f.write(text)

    # -- running programs ------------------------------------------------------------------------------------------

    def execute(self, command, on_line=lambda line: None):
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", start_new_session=True) as p:
            self.children.add(p.pid)
            timer = threading.Timer(JOB_LIMIT, lambda: os.killpg(p.pid, signal.SIGKILL))
            timer.start()
            lines = []
            for line in p.stdout:
                lines.append(line)
                on_line(line)
            p.wait()
            timer.cancel()
            self.children.discard(p.pid)
        return p.returncode, "".join(lines)

    def wp(self, path, tag, args):
        """Runs WP on one file; returns its report as {function: {goal: {prover: numbers}}} and its log."""
        stem = os.path.join(self.tmp, re.sub(r"\W", "_", path) + "-" + tag)
        # A proof run knows only what it has proved itself: the full pass takes from the quick one.
        session = re.sub(r"-full\d+$", "-quick", stem) + "-session"
        cache = ["-wp-cache", "update", "-wp-session", "build/proofs/session" if self.fast else session]
        command = ["frama-c", "-no-unicode", *self.flags, *cache, *args, "-wp-report-json", stem + ".json", path]
        status, text = self.execute(command, lambda l: self.log.goal() if "] Goal " in l or "Smoke-test" in l else None)
        if status != 0 or not os.path.exists(stem + ".json"):
            return None, text
        with open(stem + ".json", encoding="utf-8") as f:
            report = json.load(f)
        found = {}
        for section in ("wp:functions", "wp:axiomatics"):
            for name, goals in report.get(section, {}).items():
                key = name if section == "wp:functions" else "(lemmas)"
                found.setdefault(key, {}).update(renumbered({g: v for g, v in goals.items() if g != "wp:section"}))
        total = sum(v["wp:main"]["total"] for goals in found.values() for v in goals.values())
        claimed = report.get("wp:global", {}).get("wp:main", {}).get("total", 0)
        if total != claimed:
            self.problem(path, f"the report lists {total} goals but claims {claimed}")
        return found, text

    # -- reading sources -------------------------------------------------------------------------------------------

    def read_c(self, path):
        """What must hold before any prover runs: contracts are there, complete, labelled, the same everywhere."""
        problems = []
        status, text = self.execute(["frama-c", "-no-unicode", *parse_flags(self.flags), "-print", path])
        if status != 0:
            return [], {}, [f"Frama-C cannot read it:\n{text[-3000:]}"]
        obj = os.path.join(self.tmp, re.sub(r"\W", "_", path) + ".o")
        cpp = shlex.split(next((f.split("=", 1)[1] for f in self.flags if f.startswith("-cpp-extra-args=")), ""))
        status, out = self.execute(["gcc", "-std=c11", "-O0", "-fkeep-static-functions", *cpp, "-c", path, "-o", obj])
        if status != 0:
            return [], {}, [f"gcc cannot compile it:\n{out[-3000:]}"]
        _, symbols = self.execute(["nm", obj])
        defined = [l.split()[2] for l in symbols.splitlines() if len(l.split()) == 3 and l.split()[1] in "tT"]

        contracts = {}
        for m in re.finditer(r"^/\*@(.*?)\*/\s*([^{};/]*)[{;]", text, re.S | re.M):
            name = re.search(r"\b(\w+)\s*\(", m.group(2))
            clause = re.match(r"\s*(requires|terminates|exits|assigns|ensures|behavior|decreases)\b", m.group(1))
            if name and clause:
                contracts.setdefault(name.group(1), set()).add(re.sub(r"\s+", " ", m.group(1)).strip())
        for f in defined:
            if f not in contracts:
                problems.append(f"no contract: {f}")
                continue
            for contract in contracts[f]:
                for what, pattern in (("assigns", r"\bassigns "), ("terminates \\true", r"\bterminates \\true;"),
                                      ("exits \\false", r"\bexits \w+: \\false;")):
                    if not re.search(pattern, contract):
                        problems.append(f"no `{what}`: {f}")
        for comment in re.findall(r"/\*@(.*?)\*/", text, re.S):
            for m in re.finditer(r"(?:^|;)\s*(?:check\s+)?(requires|ensures|exits|loop invariant|assert|check)\s+"
                                 r"(?!\s)(?!\w+:)([^;]*)", comment, re.M):
                problems.append(f"no label: {m.group(1)} {' '.join(m.group(2).split())[:100]}")
            for word in re.findall(r"\b(admit|axiom|inductive)\b(?!:)", comment):
                problems.append(f"`{word}` is an assumption: {' '.join(comment.split())[:100]}")
            for m in re.finditer(r"\b(?:logic|predicate)\b[^;=(]*?(\w+)(?:\{[^}]*\})?\s*(?:\([^)]*\))?\s*=([^;]*);", comment):
                if re.search(rf"\b{m.group(1)}\b", m.group(2)) and m.group(1) not in RECURSIVE:
                    problems.append(f"recursive logic definition: {m.group(1)}")
        if "__FRAMAC__" in open(path, encoding="utf-8").read():
            problems.append("__FRAMAC__ in a .c file: the provers must see what the compiler sees")
        return sorted(defined), contracts, problems

    def read_all(self, paths):
        results = {}

        def work(path):
            results[path] = self.read_c(path)
        for path in paths:
            self.add(0, path, "read", lambda p=path: work(p))
        self.drain()
        for path in paths:
            defined, contracts, problems = results[path]
            self.files[path] = {"defined": defined, "functions": {}, "smoke": {}, "seconds": 0.0, "lines": 0}
            for p in problems:
                self.problem(path, p)
            for name, texts in contracts.items():
                if name in defined and not name.startswith("vtcp_"):
                    continue  # static: another file may have its own
                self.contracts.setdefault(name, {}).setdefault(frozenset(texts), []).append(path)
        for name, variants in self.contracts.items():
            if not name.startswith("__") and (len(variants) > 1 or any(len(v) > 1 for v in variants)):
                self.problem(", ".join(p for v in variants.values() for p in v[:1]), f"two contracts for {name}")

    def read_headers(self):
        for path in glob.glob("core/**/*.h", recursive=True):
            rest = re.sub(r"#ifdef __FRAMAC__\n(#include \"\w+\.acsl\"\n)+#endif\n", "", open(path, encoding="utf-8").read())
            if "__FRAMAC__" in rest:
                self.problem(path, "__FRAMAC__ may only guard the inclusion of .acsl files")
        line = re.compile(r'library [\w: ]+|why3\.(file|import) \+= "[\w.:]+";|type \w+ = "\w+";|'
                          r'(logic \w+|predicate) \w+(\([\w, ]*\))? = "\w+";|')
        for path in glob.glob("spec/*.driver"):
            text = re.sub(r"/\*.*?\*/", "", open(path, encoding="utf-8").read(), flags=re.S)
            for l in text.splitlines():
                if not line.fullmatch(re.sub(r"//.*", "", l).strip()):
                    self.problem(path, f"a driver may only bind names: {l.strip()}")

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

    def prove(self, path):
        """Quick pass; the functions with open goals once more, with all provers and more time."""
        began, options, entry = time.time(), options_for(path), self.files[path]
        first = trying(options.get("first", ["cvc4"]), QUICK) + options.get("args", [])
        found, text = self.wp(path, "quick", first)
        if found is None:
            self.problem(path, f"Frama-C failed:\n{text[-3000:]}")
            return
        self.check_log(path, text)
        needed = 0
        for seconds in FULL:
            hard = {f: left for f, goals in found.items() if (left := {g for g, v in goals.items() if is_open(v)})}
            if not hard:
                break
            needed = max(needed, len(hard))
            rest = trying(PROVERS, seconds, len(PROVERS)) + options.get("args", [])
            if "(lemmas)" not in hard:
                rest += ["-wp-fct", ",".join(sorted(hard))]
            again, text = self.wp(path, f"full{seconds}", rest)
            if again is None:
                self.problem(path, f"Frama-C failed:\n{text[-3000:]}")
                return
            self.check_log(path, text)
            for f, left in hard.items():
                if not set(again.get(f, {})) >= left:
                    self.problem(path, f"the full pass lost goals of {f}")
                for g, v in again.get(f, {}).items():
                    if g not in found[f] or v["wp:main"]["total"] != found[f][g]["wp:main"]["total"]:
                        self.problem(path, f"the passes saw different goals: {g}")
                    elif proved(v) > proved(found[f][g]):
                        found[f][g] = v
        entry["functions"] = found
        entry["seconds"] += time.time() - began
        for f in entry["defined"]:
            if not any("_assigns" in g for g in found.get(f, {})):
                self.problem(path, f"no goal for the assigns of {f}")
        for goals in found.values():
            for g, v in sorted(goals.items()):
                if is_open(v):
                    self.leave(path, f"{g} ({v['wp:main']['total'] - proved(v)} of {v['wp:main']['total']})")
        n, ok = sums(found)
        self.log.line(f"[{self.log.clock()}] {path}: {ok}/{n} goals, {time.time() - began:.0f} s"
                      + (f", {needed} functions needed the full pass" if needed else ""))

    def leave(self, where, what):
        with self.lock:
            self.unproved.append(f"{where}: {what}")

    def smoke(self, path):
        began, entry = time.time(), self.files[path]
        found, text = self.run_smoke(path)
        if found is None:
            self.problem(path, f"Frama-C failed:\n{text[-3000:]}")
            return
        entry["smoke"] = found
        entry["seconds"] += time.time() - began
        for goals in found.values():
            for g, v in goals.items():
                if is_open(v):
                    self.problem(path, f"smoke test failed (contradiction or dead code): {g}")
        n, ok = sums(found)
        if n == 0:
            self.problem(path, "no smoke tests")
        self.log.line(f"[{self.log.clock()}] {path}: {ok}/{n} smoke tests, {time.time() - began:.0f} s")

    def run_smoke(self, path):
        found, text = self.wp(path, "smoke", [
            "-wp-smoke-tests", "-wp-prop=" + NOT_SMOKE, "-wp-smoke-timeout", str(SMOKE), "-wp-timeout", str(SMOKE),
            "-wp-steps", str(SMOKE_STEPS), "-wp-prover", "cvc4", "-wp-par", "1"])
        if found is not None:
            found = {f: {g: v for g, v in goals.items() if "_wp_smoke_" in g} for f, goals in found.items()}
        return found, text

    def why3(self, path):
        began, options = time.time(), options_for(path)
        text = strip_comments(open(path, encoding="utf-8").read())
        for word in re.findall(r"\b(axiom|val|any|assume|diverges)\b", text):
            self.problem(path, f"`{word}` is an assumption")
        results = []
        for prover in WHY3_PROVERS:
            if results and all(r[1] for r in results):
                break
            status, out = self.execute(
                ["why3", "prove", "-L", "spec", "-a", options.get("split", "split_vc"), "-P", prover,
                 "-t", str(10 * WHY3_LIMIT), path],
                lambda l: self.log.goal() if l.startswith("Prover result is:") else None)
            found = re.findall(r"(?:Goal|Sub-goal) (.*?)\.\nProver result is: (\w+)", out)
            if len(found) != out.count("Prover result is:") or (status != 0 and not found):
                self.problem(path, f"why3 failed:\n{out[-3000:]}")
                return
            if results and [r[0] for r in results] != [g for g, _ in found]:
                self.problem(path, "the provers saw different goals")
                return
            results = [(g, (results[i][1] if results else "") or (prover if v == "Valid" else ""))
                       for i, (g, v) in enumerate(found)]
        if not results and re.search(r"\b(lemma|goal|ensures|variant)\b", text):
            self.problem(path, "no goals, but there are statements")
        for goal, by in results:
            if not by:
                self.leave(path, goal)
        self.theories[path] = {"goals": len(results), "by": [by for _, by in results], "seconds": time.time() - began}
        self.log.line(f"[{self.log.clock()}] {path}: {sum(1 for _, by in results if by)}/{len(results)} goals, "
                      f"{time.time() - began:.0f} s")

    def system(self, paths):
        """The system theorem (spec/system): here one prover a goal is enough, `make theorem` asks for two."""
        for where, what in tower.refused({p: open(p, encoding="utf-8").read() for p in tower.paths()}):
            self.problem(where, what)

        def one(job):
            for prover in tower.PROVERS:
                if prover in WHY3_PROVERS and not job.least() and not job.problem:
                    job.prove(prover, self.execute)
            if job.problem:
                self.problem(job.path, f"{job.name()}: {job.problem}")
            for goal in (g for (_, g, _), by in job.results.items() if not by):
                self.leave(job.path, goal)
        self.storeys = {path: tower.jobs_of(path, self.execute) for path in paths}
        for path, jobs in self.storeys.items():
            for job in jobs:
                self.add(2000, path, f"why3 {job.name()}", lambda j=job: one(j))

    def canary(self, path):
        """A canary says in comments what must go wrong; nothing else may, and all of it must."""
        wanted = re.findall(r"/\* canary: (open|smoke|refused|warned) (.*?) \*/", open(path, encoding="utf-8").read())
        if not wanted:
            self.problem(path, "says nothing that must fail")
        kinds = {k for k, _ in wanted}
        _, _, complaints = self.read_c(path)
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

    # -- the end ---------------------------------------------------------------------------------------------------

    def numbers(self):
        result = {}
        for path, e in sorted(self.files.items()):
            result[path] = {"functions": {f: sums({f: g})[0] for f, g in sorted(e["functions"].items())},
                            "smoke": sums(e["smoke"])[0]}
        for path, t in sorted(self.theories.items()):
            result[path] = {"goals": t["goals"]}
        return result

    def store(self, whole):
        """Writes the list; of a few files, only their part."""
        kept = {}
        if not whole and os.path.exists(EXPECTED):
            with open(EXPECTED, encoding="utf-8") as f:
                kept = {p: v for p, v in json.load(f).items() if p not in self.files and p not in self.theories}
        with open(EXPECTED, "w", encoding="utf-8") as f:
            json.dump({**kept, **self.numbers()}, f, indent=1, sort_keys=True)
            f.write("\n")
        print(f"stored {EXPECTED}")

    def compare(self, whole):
        if not os.path.exists(EXPECTED):
            self.problem(EXPECTED, "missing: `make expected` writes it")
            return
        with open(EXPECTED, encoding="utf-8") as f:
            stored = json.load(f)
        now = self.numbers()
        for path in sorted(set(now) | (set(stored) if whole else set())):
            a, b = stored.get(path), now.get(path)
            if a is None or b is None:
                self.problem(path, "not in expected.json" if a is None else "in expected.json, but gone")
                continue
            for key in sorted(set(a) | set(b)):
                if self.fast and key == "smoke" or a.get(key) == b.get(key):
                    continue
                if key != "functions":
                    self.problem(path, f"{key}: {b.get(key)}, expected {a.get(key)}")
                    continue
                for f in sorted(set(a[key]) | set(b[key])):
                    if a[key].get(f) != b[key].get(f):
                        self.problem(path, f"{f}: {b[key].get(f, 0)} goals, expected {a[key].get(f, 0)}")

    def table(self):
        rows, total = [], [0] * 7
        for path, e in sorted(self.files.items()):
            n, ok = sums(e["functions"])
            by = [sum(v[k].get("valid", 0) for goals in e["functions"].values() for v in goals.values()
                      for k in v if k.lower().split(":")[0] == p) for p in ("qed", *PROVERS)]
            s, s_ok = sums(e["smoke"])
            self.smoke_total, self.smoke_passed = self.smoke_total + s, self.smoke_passed + s_ok
            rows.append((path, len(e["defined"]), n, ok, *by, e["seconds"]))
        for path, t in sorted(self.theories.items()):
            by = [0, *(sum(1 for b in t["by"] if b == p) for p in PROVERS)]
            rows.append((path, "", t["goals"], sum(by), *by, t["seconds"]))
        print("\n" if self.log.tty else "")
        head = ("file", "functions", "goals", "proved", "qed", *PROVERS, "s")
        print("{:<34} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6}".format(*head))
        for r in rows:
            print("{:<34} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6.0f}".format(*r))
            total = [t + v for t, v in zip(total, r[2:])]
        print("{:<34} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6.0f}".format(
            "total", sum(r[1] or 0 for r in rows), *total))
        return total[0], total[1]


def trying(provers, seconds, at_a_time=1):
    """The first to prove a goal ends it. The provers count seconds of the processor; WP gives up after ten times as many
    on the clock, so that what else the machine does changes nothing."""
    return ["-wp-prover", ",".join(provers), "-wp-par", str(at_a_time), "-wp-timeout", str(10 * seconds)]


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


def strip_comments(text):
    """WhyML without its comments, which nest."""
    out, depth, i = [], 0, 0
    while i < len(text):
        if text.startswith("(*", i) and not text.startswith("(*)", i):
            depth, i = depth + 1, i + 2
        elif depth and text.startswith("*)", i):
            depth, i = depth - 1, i + 2
        else:
            if not depth:
                out.append(text[i])
            i += 1
    return "".join(out)


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


def proved(v):
    return v["wp:main"].get("valid", 0)


def is_open(v):
    return proved(v) != v["wp:main"]["total"]


def sums(found):
    goals = [v for g in found.values() for v in g.values()]
    return sum(v["wp:main"]["total"] for v in goals), sum(proved(v) for v in goals)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true", help="with a cache; no smoke tests, no canaries")
    parser.add_argument("--store", action="store_true", help="store the numbers of goals, when all are proved")
    parser.add_argument("files", nargs="*", help="only these (default: everything)")
    args = parser.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    os.environ["PWD"] = os.getcwd()  # Frama-C resolves relative paths by it
    os.makedirs("build/proofs", exist_ok=True)
    gate = Gate(args.fast)
    whole = not args.files
    sources = sorted(args.files or glob.glob("core/**/*.c", recursive=True) + glob.glob("proofs/*.c"))
    theories = [f for f in sources if f.endswith(".mlw")] if not whole else sorted(glob.glob("spec/*.mlw"))
    system = [f for f in theories if f.startswith("spec/system/")]
    theories = [f for f in theories if f not in system]
    canaries = [f for f in sources if "/canary/" in f] if not whole else sorted(glob.glob("proofs/canary/*.c"))
    sources = [f for f in sources if f.endswith(".c") and f not in canaries]
    try:
        gate.configure_why3()
        gate.read_headers()
        gate.read_all(sources)
        try:
            with open(EXPECTED, encoding="utf-8") as f:
                sizes = {p: sum(v.get("functions", {}).values()) for p, v in json.load(f).items()}
        except (OSError, ValueError):
            sizes = {}
        for path in sources:
            size = sizes.get(path, os.path.getsize(path) // 40)
            gate.add(10 * size, path, "proof", lambda p=path: gate.prove(p))
            if not args.fast:
                gate.add(2 * size, path, "smoke", lambda p=path: gate.smoke(p))
        for path in theories:
            gate.add(os.path.getsize(path) // 10, path, "why3", lambda p=path: gate.why3(p))
        gate.system(tower.paths() if whole else system)
        if not args.fast:
            for path in canaries:
                gate.add(0, path, "canary", lambda p=path: gate.canary(p))
            if whole and not canaries:
                gate.problem("proofs/canary", "no canaries")
        gate.drain()
        for path, jobs in gate.storeys.items():
            gate.theories[path] = tower.numbers(jobs)
        with open("build/proofs/numbers.json", "w", encoding="utf-8") as f:
            json.dump(gate.numbers(), f, indent=1, sort_keys=True)
            f.write("\n")
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
        print("a cached run: no smoke tests, no canaries; `make prove` is the proof")
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
