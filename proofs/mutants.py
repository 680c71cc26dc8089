#!/usr/bin/env python3
"""Mutation testing of the proofs: every single small change of the code must make a goal fail.

Run it with `make mutants`. mutate.py makes the mutants; this tries them with the gate's flags and provers (prove.py),
keeps the verdicts in build/proofs/mutants, and holds the survivors against proofs/mutants.json. See proofs/README.md.
"""
import argparse
import collections
import glob
import hashlib
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

import mutate
import prove
import results
import sources

LIST, BUILD = "proofs/mutants.json", "build/proofs/mutants"
STEPS, MARGIN = 30000, 3  # a goal has at least so many steps of CVC4, or three times as many as its clause needs
HARDER = (120000, 600000, 2400000)  # tried when a clause needs more
BY = "by"  # before the provers that a clause needs, when its steps are more than those of its function
ALONE = "alone"  # before the provers of a clause whose steps are another's: they are tried after those of its function
DEADLY, NEAR = 4, 2  # clauses that are tried first: those most mutants of the function died of, those that speak of the line
CLOCKS = (12, 60)  # seconds a goal, should steps not end it: up to the least of the harder, beyond; a third to calibrate
GOAL = re.compile(r"\[wp\] \[([^\]]+)\] Goal (\S+)(?: : (\w[\w ]*))?(?:.* \((\d+)\))?")
WORD = re.compile(r"\b[a-zA-Z]\w+")
NUMBERED = re.compile(rf"\b{results.KIND}\s+([a-zA-Z]\w*_\d+)\s*:")  # `s5_4`
REASON = re.compile(r"(equivalent|contract to be strengthened): \S")
KINDS = ("invalid", "same", "killed", "survived")


def digest(*parts):
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def read(path):
    with open(path, encoding="latin-1", newline="") as f:
        return f.read()


def clauses_of(text, function):
    """{what the contract ensures: the names it speaks of}"""
    found = collections.defaultdict(set)
    for m in sources.CONTRACT.finditer(text):
        for label, says in re.findall(r"\bensures\s+(\w+)\s*:(.*?);", m.group(), re.S) if m.group(1) == function else ():
            found[label] |= set(WORD.findall(says))
    return found


def about(clauses, line):
    """The clauses that speak of a name in the line; first those that share with it what few others speak of."""
    common = collections.Counter(name for names in clauses.values() for name in names)
    shared = {label: sum(1 / common[name] for name in names & set(WORD.findall(line))) for label, names in clauses.items()}
    return sorted((label for label in clauses if shared[label]), key=lambda label: -shared[label])


def by_steps(provers, steps, margin=1):
    clock = CLOCKS[steps > HARDER[0]] // margin
    return ["-wp-prover", ",".join(provers), "-wp-par", "1", "-wp-timeout", str(clock), "-wp-steps", str(steps)]


class Limit:
    """The provers and steps with which a function as it is has every goal proved, with a margin. As text: `cvc4 30000
    inv=90000,by,cvc4o says=2000000,alone,z3`, where the clause inv needs 90000 steps of CVC4o; says is proved by Z3 alone."""

    def __init__(self, provers, steps, harder=()):
        self.provers, self.steps, self.harder = list(provers), steps, dict(harder)

    @staticmethod
    def parse(text):
        provers, steps, *rest = text.split()
        harder = (re.split("[=,]", r) for r in rest)
        return Limit(provers.split(","), int(steps), {c: (int(n), *more) for c, n, *more in harder})

    def __str__(self):
        harder = (f"{c}={','.join(map(str, need))}" for c, need in sorted(self.harder.items()))
        return " ".join([",".join(self.provers), str(self.steps), *harder])

    def of(self, clause):
        """What to try a clause with, one after the other: provers and steps."""
        if clause not in self.harder:
            return [(self.provers, self.steps)]
        steps, *more = self.harder[clause]
        if more[:1] == [ALONE]:
            return [(self.provers, HARDER[0]), (more[1:], steps)]
        return [(more[1:] if more[:1] == [BY] else self.provers + more, steps)]

    def alike(self, clauses):
        """Groups of clauses, in the order of their steps, that can be tried in one run; the last of each has its limit."""
        groups = {}
        for clause in clauses:
            steps, *more = self.harder[clause]
            groups.setdefault((*more, steps > HARDER[0], clause if ALONE in more else ""), []).append(clause)
        return list(groups.values())


class Progress:
    """A bar on a terminal; plain lines elsewhere, one a minute."""

    def __init__(self):
        self.tty, self.start, self.beat = sys.stdout.isatty(), time.time(), time.time()
        self.total, self.count, self.lock = 0, collections.Counter(), threading.Lock()

    def line(self, text):
        with self.lock:
            print(("\r\033[K" if self.tty else "") + text, flush=True)

    def done(self, verdict, what):
        with self.lock:
            self.count[verdict] += 1
            n, seconds = sum(self.count.values()), int(time.time() - self.start)
            tally = ", ".join(f"{self.count[k]} {k}" for k in KINDS if self.count[k])
            text = f"{n}/{self.total} mutants, {tally}, {seconds // 60}:{seconds % 60:02d}"
            if self.tty:
                width = 24 * n // self.total
                line = f"[{'#' * width}{'.' * (24 - width)}] {text} {what}"
                print("\r\033[K" + line[:shutil.get_terminal_size().columns - 1], end="", flush=True)
            elif time.time() - self.beat > 60:
                self.beat = time.time()
                print(f"  ... {text}: {what}", flush=True)


class Source:
    """A file with its mutants, and where it is proved: a header's functions in the first file that calls them."""

    def __init__(self, path, cpp):
        self.path, self.text = path, read(path)
        self.tree = mutate.File(path, cpp)
        self.functions = {f.name: f for f in self.tree.functions}
        self.mutants = self.tree.mutants
        self.hosts, self.speaks = {}, {}

    def host(self, function):
        if not self.path.endswith(".h"):
            return self.path
        if function not in self.hosts:
            self.hosts[function] = next(p for p in sorted(glob.glob("core/**/*.c", recursive=True))
                                        if re.search(rf"\b{function}\(", read(p)))
        return self.hosts[function]

    def without_bodies(self, function):
        """The text without the bodies of all functions: what the proof of this one sees beside its own."""
        text = self.text
        for f in sorted(self.tree.functions, key=lambda f: -f.start):
            text = text[:f.start] + ("{}" if f.name == function else ";") + text[f.end:]
        return text


class Runner:
    def __init__(self, gate, listed, exact, gate_limits=False):
        self.gate, self.listed, self.exact, self.gate_limits = gate, listed, exact, gate_limits
        self.progress = Progress()
        self.cpp = shlex.split(next(f.split("=", 1)[1] for f in gate.flags if f.startswith("-cpp-extra-args=")))
        self.sources, self.limits, self.known = {}, {}, {}
        self.lock, self.locks, self.local = threading.Lock(), collections.defaultdict(threading.Lock), threading.local()
        self.deadly = collections.defaultdict(collections.Counter)  # by function, labels of goals that failed
        self.serial, self.stopped, self.done, self.problems = 0, False, [], []
        code = glob.glob("core/**/*.[ch]", recursive=True) + glob.glob("spec/*.acsl")
        self.numbered = sorted({n for p in code for n in NUMBERED.findall(read(p))}, key=len, reverse=True)
        gate.log.goal = lambda: None
        gate.cache = "update", os.path.abspath(BUILD + "/cache")
        os.makedirs(BUILD, exist_ok=True)
        versions = [gate.execute(c)[1].splitlines()[0] for c in
                    (["frama-c", "-version"], ["why3", "--version"], ["cvc4", "--version"], ["z3", "--version"])]
        parts = sorted([*glob.glob("spec/*.driver"), *glob.glob("spec/*.mlw"), *glob.glob("proofs/provers/*")])
        self.tools = digest(*versions, *gate.flags, *map(read, parts))
        self.load()

    # -- what is known from earlier runs ---------------------------------------------------------------------------

    def load(self):
        self.results = BUILD + "/results.jsonl"
        if os.path.exists(self.results):
            with open(self.results, encoding="utf-8") as f:
                for line in f:
                    try:
                        r = json.loads(line)
                        self.known[r["key"]] = r
                    except (ValueError, KeyError):
                        pass  # a line that an interrupted run has not finished
        self.list = {"files": {}, "limits": {}, "survivors": {}}
        if os.path.exists(self.listed):
            with open(self.listed, encoding="utf-8") as f:
                self.list.update(json.load(f))

    def remember(self, key, **result):
        with self.lock:
            self.known[key] = {"key": key, **result}
            with open(self.results, "a", encoding="utf-8") as f:
                f.write(json.dumps(self.known[key]) + "\n")
        return self.known[key]

    def source(self, path):
        with self.locks[path]:
            if path not in self.sources:
                self.sources[path] = Source(path, self.cpp)
            return self.sources[path]

    def sight(self, path, function):
        """Digest of all that the proof of the function depends on beside its body: not the contracts of what it does not call,
        nor the definitions that nothing speaks of."""
        with self.locks[path, function]:
            source = self.source(path)
            key = "sight", function
            if key not in source.hosts:
                f = source.functions[function]
                called = {function, *re.findall(r"\b(\w+)\(", source.text[f.start:f.end])}
                out = self.stand(source, function, source.without_bodies(function))
                text = subprocess.run(["gcc", "-std=c11", "-E", "-P", "-CC", "-dD", "-D__FRAMAC__", *self.cpp, out],
                                      capture_output=True, check=True, text=True, encoding="latin-1").stdout
                text, logic = sources.without_definitions(text)
                text = sources.without_contracts(text, called)
                source.speaks[function] = clauses_of(text, function)
                source.hosts[key] = digest(self.tools, text, sources.spoken(text + source.text[f.start:f.end], logic))
            return source.hosts[key]

    # -- trying one text -------------------------------------------------------------------------------------------

    def stand(self, source, function, text):
        """Puts the text in a directory of this thread's, and returns the file to prove."""
        if not hasattr(self.local, "number"):
            with self.lock:
                self.serial += 1
                self.local.number = self.serial
        place, host = f"{self.gate.tmp}/{self.local.number}", source.host(function)
        shutil.rmtree(place, ignore_errors=True)
        below = source.path.split("/", 1)[1] if host != source.path else os.path.basename(source.path)
        os.makedirs(os.path.dirname(f"{place}/{below}"))
        if host != source.path:
            shutil.copy(host, place)
        with open(f"{place}/{below}", "w", encoding="latin-1", newline="") as f:
            f.write(text)
        return f"{place}/{os.path.basename(host)}"

    def compiled(self, path):
        """Digest of the object code; None when it does not compile."""
        obj = path + ".o"
        command = ["gcc", "-std=c11", "-O2", "-w", "-fkeep-static-functions", "-fkeep-inline-functions", *self.cpp]
        done = subprocess.run([*command, "-c", path, "-o", obj], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False)
        return digest(read(obj)) if done.returncode == 0 else None

    def run(self, path, function, limit, fatal=lambda clause: True, only=(), but=()):
        """Proves the function (or some clauses of it, or all but some) until a goal of a fatal clause fails: (verdict, goal,
        why, {clause: most steps that a goal took, None when one failed}, {clause: provers that proved its goals})."""
        failed, took, by, text = [], {}, collections.defaultdict(set), ""

        def look(line):
            m = GOAL.match(line.rstrip())
            if not m:
                return False
            goal = m.group(2).split(f"_{function}_", 1)[-1]
            clause = results.clause_of(goal, self.numbered)
            if (m.group(3) or "").startswith("Valid"):
                if took.get(clause, 0) is not None:
                    took[clause] = max(took.get(clause, 0), int(m.group(4) or 0))
                by[clause].add(m.group(1).split()[0].lower())
                return False
            took[clause] = None
            if fatal(clause):
                failed.append((goal, (m.group(3) or m.group(1)).strip()))
            return bool(failed)

        args = limit + ["-wp-fct", function]
        if only or but:
            args += ["-wp-prop=" + ",".join([*sorted(only), *("-" + c for c in sorted(but))])]
        tag = f"mutant{threading.get_ident()}"
        found, text = self.gate.wp(path, tag, args, look)
        for report in glob.glob(f"{self.gate.tmp}/*-{tag}.json"):
            os.remove(report)
        if failed:
            return "killed", *failed[0], took, by
        if only and "No goal generated" in text:  # what the clause is about is not there any more
            return "proved", "", "", took, by
        warned = next(iter(self.gate.warnings(text)), None)
        if found is None or warned:
            return "refused", "", (warned or text.strip()[-300:]), took, by
        goals = found.get(function, {})
        unseen = any(prove.is_open(v) for v in goals.values()) and None not in took.values()
        if unseen or not only and not any("_assigns" in g for g in goals):
            return "refused", "", "goals are missing", took, by
        return "proved", "", "", took, by

    def limit(self, path, function):
        with self.locks[path, function, "limit"]:
            if (path, function) not in self.limits:
                stored = self.list["limits"].get(path, {}).get(function)
                try:
                    found = Limit.parse(stored) if stored and not self.exact else self.calibrate(path, function)
                except RuntimeError as e:  # for the function's other mutants, too
                    found = e
                self.limits[path, function] = found
            if isinstance(self.limits[path, function], RuntimeError):
                raise self.limits[path, function]
            return self.limits[path, function]

    def calibrate(self, path, function):
        source = self.source(path)
        f = source.functions[function]
        key = digest("limit", self.sight(path, function), source.text[f.start:f.end])
        if key in self.known:
            return Limit.parse(self.known[key]["limit"])
        self.local.host = source.host(function)
        first = list(prove.options_for(self.local.host).get("first", ["cvc4"]))
        z3 = [p for p in prove.PROVERS if p.startswith("z3")]
        began, limit, left, easy = time.time(), Limit(first, STEPS), {""}, set()

        def measure(provers, steps, only=()):
            """Proves all clauses, or only these; what they need goes into the limit. Returns the clauses that are open."""
            verdict, _, why, took, by = self.run(self.stand(source, function, source.text), function,
                                                 by_steps(provers, steps, MARGIN), lambda clause: False, only)
            if verdict == "refused":
                raise RuntimeError(f"{path}: {function} as it is is not proved: {why}")
            least = STEPS if steps <= HARDER[0] else HARDER[0] + 10000  # the clock ends a goal, too
            for clause, n in took.items():
                need = max(least, -(-MARGIN * (n or 0) // 10000) * 10000)
                found = [p for p in prove.PROVERS if p in by[clause]]
                if not clause:
                    limit.steps = need
                if not clause or (n is not None and need == STEPS and not only):
                    easy.update(found)
                elif n is not None and (not only or clause in only):
                    limit.harder[clause] = (need, ALONE if provers is z3 else BY, *(found or first[:1]))
            return {c for c in only or took if took.get(c) is None}  # also what -wp-prop does not find

        for steps in (STEPS, *HARDER):
            if "" in left:  # what has no label cannot be proved by itself
                left = measure(first, steps)
        for provers, steps in ((first, HARDER[0]), (z3, HARDER[-1]), *((prove.PROVERS, s) for s in (STEPS, *HARDER))):
            if left and "" not in left:
                left = measure(provers, steps, left)
        if left:
            raise RuntimeError(f"{path}: {function} as it is is not proved: {', '.join(sorted(left))}")
        limit.provers = [p for p in first if p in easy] or first[:1]
        self.remember(key, limit=str(limit), seconds=round(time.time() - began, 1))
        return limit

    def judge(self, m, limit):
        """Whether a goal of the mutant fails, the easy clauses first: (verdict, goal, why)."""
        source = self.source(m.path)
        path = self.stand(source, m.function, mutate.apply(source.text, m))

        def attempt(clause, only=(), but=()):
            for provers, steps in limit.of(clause):
                found = self.run(path, m.function, by_steps(provers, steps),
                                 lambda c: not only or c in only, only, but)[:3]
                if found[0] == "proved":
                    break
            return found

        with self.lock:  # most mutants of a function die of the same few clauses
            deadly = [clause for clause, _ in self.deadly[m.path, m.function].most_common(DEADLY)]
        near = about(source.speaks[m.function], f"{m.line} {m.becomes}")[:NEAR]
        deadly = near + [c for c in deadly if c not in near]
        easy, harder = [c for c in deadly if c not in limit.harder], sorted(limit.harder, key=lambda c: limit.harder[c][0])
        found = attempt("", only=easy) if easy else ("proved",)
        for clause in deadly:
            if found[0] == "proved" and clause in harder:
                found = attempt(clause, only=[clause])
        if found[0] == "proved":
            found = attempt("", but=harder)
        for clauses in limit.alike([c for c in harder if c not in deadly]):
            if found[0] == "proved":
                found = attempt(clauses[-1], only=clauses)
        clause = results.clause_of(found[1], self.numbered) if found[0] == "killed" else ""
        if clause:
            with self.lock:
                self.deadly[m.path, m.function][clause] += 1
        return found

    def examine(self, m):
        """The verdict on one mutant: invalid, same, killed (refused, smoke) or survived."""
        source = self.source(m.path)
        f = source.functions[m.function]
        body = mutate.apply(source.text, m)[f.start:f.end + len(m.text) - (m.end - m.start)]
        sight = self.sight(m.path, m.function)
        screen = digest("object", digest(source.text), sight, body)
        if screen not in self.known:
            self.remember(screen, verdict=self.screen(source, m))
        if self.known[screen]["verdict"] != "valid":
            return self.known[screen]
        limit = self.limit(m.path, m.function)
        key = digest("mutant", sight, body, limit, *["gate"] * self.gate_limits)
        if key in self.known:
            return self.known[key]
        self.local.host, began = source.host(m.function), time.time()
        verdict, goal, why = self.judge(m, limit)
        path = self.stand(source, m.function, mutate.apply(source.text, m))
        if verdict == "killed" and self.gate_limits:
            most = prove.trying(prove.PROVERS, prove.FULL, len(prove.PROVERS))
            verdict, goal, why, *_ = self.run(path, m.function, most)
        if verdict == "proved":
            printed = self.gate.execute(["frama-c", "-no-unicode", *prove.parse_flags(self.gate.flags), "-print", path])[1]
            refused = sources.check_conversions(printed)
            verdict, why = ("refused", refused[0]) if refused else ("survived", "")
        if verdict == "survived":
            found, _ = self.gate.run_smoke(path, ["-wp-fct", m.function])
            dead = [g for g, v in (found or {}).get(m.function, {}).items() if prove.is_open(v)]
            if found is None or dead:
                verdict, goal, why = "smoke", ", ".join(dead), "dead code"
        if self.stopped:
            raise KeyboardInterrupt
        return self.remember(key, verdict=verdict, goal=goal, why=why, seconds=round(time.time() - began, 1))

    def screen(self, source, m):
        original = "original object", m.function
        with self.locks[m.path, "object", m.function]:
            if original not in source.hosts:
                source.hosts[original] = self.compiled(self.stand(source, m.function, source.text))
        code = self.compiled(self.stand(source, m.function, mutate.apply(source.text, m)))
        return "invalid" if code is None else "same" if code == source.hosts[original] else "valid"

    # -- all of them -----------------------------------------------------------------------------------------------

    def try_all(self, mutants, jobs, enough):
        """Tries mutants in this order until `enough` are valid."""
        queue, valid = list(reversed(mutants)), [0]

        def worker():
            while not self.stopped:
                with self.lock:
                    if not queue or valid[0] >= enough:
                        return
                    m = queue.pop()
                    valid[0] += 1
                try:
                    result = self.examine(m)
                except KeyboardInterrupt:
                    return
                except Exception as e:  # a mutant that cannot be tried must fail the run
                    self.problems.append(f"{type(e).__name__}: {e}")
                    continue
                kind = "killed" if result["verdict"] in ("refused", "smoke") else result["verdict"]
                with self.lock:
                    self.done.append((m, {**result, "kind": kind}))
                    valid[0] -= kind in ("invalid", "same")
                if kind == "survived" and not self.reason(m):
                    self.progress.line(f"survived: {shown(m)}")
                self.progress.done(kind, f"{m.path} {m.function}")

        threads = [threading.Thread(target=worker, daemon=True) for _ in range(jobs)]
        for t in threads:
            t.start()
        for t in threads:
            while t.is_alive():
                t.join(0.5)

    def entry(self, m):
        for e in self.list["survivors"].get(m.path, []):
            if (e["function"], e["operator"], e["line"], e["becomes"], e.get("nth", 1)) == \
                    (m.function, m.operator, m.line, m.becomes, m.nth):
                return e
        return None

    def reason(self, m):
        e = self.entry(m)
        return e["reason"] if e and REASON.match(e["reason"]) else None

    def store(self, whole):
        """Adds survivors, for a reason to be written; of whole files also replaces numbers and drops the killed."""
        for path in sorted({m.path for m, _ in self.done}):
            mine = [(m, r) for m, r in self.done if m.path == path]
            alive = [m for m, r in mine if r["kind"] == "survived"]
            entries = [] if path in whole else list(self.list["survivors"].get(path, []))
            for m in alive:
                e = self.entry(m) or {"function": m.function, "operator": m.operator, "line": m.line,
                                      "becomes": m.becomes, **({"nth": m.nth} if m.nth > 1 else {}), "reason": ""}
                if e not in entries:
                    entries.append(e)
            self.list["survivors"][path] = entries
            if not entries:
                del self.list["survivors"][path]
            limits = self.list["limits"].setdefault(path, {})
            limits.update({f: str(limit) for (p, f), limit in self.limits.items() if p == path})
            if path in whole:
                count = collections.Counter(r["kind"] for _, r in mine)
                self.list["files"][path] = {k: count[k] for k in KINDS}
        with open(self.listed, "w", encoding="utf-8") as f:
            json.dump(self.list, f, indent=1, sort_keys=True)
            f.write("\n")
        print(f"stored {self.listed}")


def shown(m):
    return f"{m.path}: {m.function} ({m.operator}{f' #{m.nth}' if m.nth > 1 else ''})\n    {m.line}\n    {m.becomes}"


def table(runner):
    """Numbers a file. Returns (tried, killed, survived, explained) of all."""
    head = ("file", "mutants", "invalid", "same", "killed", "refused", "smoke", "survived", "explained", "%")
    print("{:<30} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>6}".format(*head))
    total = collections.Counter()
    for path in sorted({m.path for m, _ in runner.done}) + ["total"]:
        count = collections.Counter()
        for m, r in runner.done:
            if m.path == path:
                count.update({"mutants", r["kind"]} | ({r["verdict"]} & {"refused", "smoke"}))
                count["explained"] += r["kind"] == "survived" and bool(runner.reason(m))
        total.update(count)
        row = total if path == "total" else count
        tried = row["killed"] + row["survived"]
        print("{:<30} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>6.1f}".format(
            path, *(row[h] for h in head[1:-1]), 100 * row["killed"] / tried if tried else 0))
    return total["killed"] + total["survived"], total["killed"], total["survived"], total["explained"]


def chosen(runner, args):
    """The mutants to try, and the files that are tried whole."""
    files = args.file or sorted(glob.glob("core/**/*.c", recursive=True) + ["core/wire/octets.h"])
    for path in files:
        if not os.path.isfile(path):
            sys.exit(f"mutants.py: FILE={path}: no such file")
    if args.sample and not args.file:
        left = [p for p in files if p not in runner.list["files"]]
        files = [p for p in files if p in runner.list["files"]]
        if left:
            print(f"not sampled, as no whole run of them is in {runner.listed}: {' '.join(left)}")
    mutants = [m for p in files for m in runner.source(p).mutants]
    if args.function:
        mutants = [m for m in mutants if m.function in args.function]
        if not mutants:
            sys.exit(f"mutants.py: FUNCTION={' '.join(args.function)}: no such function, or nothing in it to change")
    whole = [] if args.sample or args.function else files
    if args.sample:
        random.Random(args.seed).shuffle(mutants)
        print(f"a sample of {min(args.sample, len(mutants))} of {len(mutants)} mutants, each as likely as any other: "
              f"SEED={args.seed}")
    return mutants, whole


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--function", action="append", help="only this function")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants, drawn at random")
    parser.add_argument("--seed", type=int, help="of the sample; printed")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    parser.add_argument("--gate-limits", action="store_true",
                        help="try what is killed again, with a minute a goal and all provers: is the limit too low?")
    parser.add_argument("--store", action="store_true",
                        help="write survivors, limits and the numbers of whole files to the list")
    parser.add_argument("--list", default=LIST, help=f"survivors with reasons (default: {LIST})")
    parser.add_argument("file", nargs="*", help="only these (default: all of core/)")
    args = parser.parse_args()
    if args.sample < 0 or args.jobs < 1:
        sys.exit("mutants.py: --sample and --jobs want a positive number")
    args.seed = random.SystemRandom().randrange(10**6) if args.seed is None else args.seed
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    os.environ["PWD"] = os.getcwd()  # Frama-C resolves relative paths by it
    gate = prove.Gate(True)
    runner, stopped = None, False
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, signal.default_int_handler)
    try:
        gate.configure_why3()
        runner = Runner(gate, args.list, not args.sample, args.gate_limits)
        mutants, whole = chosen(runner, args)
        runner.progress.total = args.sample or len(mutants)
        runner.try_all(mutants, args.jobs, args.sample or len(mutants) + 1)
        print("\n" if runner.progress.tty else "")
        if args.store and not runner.problems:
            runner.store(whole)
    except KeyboardInterrupt:
        if not runner:
            sys.exit(130)
        stopped = runner.stopped = True
    finally:
        for pid in list(gate.children):
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(gate.tmp, ignore_errors=True)
    tried, killed, survived, explained = table(runner)
    for m, r in runner.done:
        if r["kind"] == "survived" and not runner.reason(m):
            print(f"NO REASON in {runner.listed}: {shown(m)}")
    for p in sorted(set(runner.problems)):
        print("PROBLEM", p)
    if stopped:
        print("stopped: these are not all")
    print(f"{tried} mutants, {killed} killed, {survived} survived ({explained} explained)")
    sys.exit(130 if stopped else 1 if runner.problems or survived != explained or not tried else 0)


if __name__ == "__main__":
    main()
