"""What the tree states (clauses of contracts, theorems, tests), and what runs of the provers and the tests say of it.

A line of evidence names one of
  core/vtcp.h: vtcp_output: MUST_14_options    a clause; BEHAVIOUR, BEHAVIOUR.LABEL, `assigns` and `rte` (no undefined
                                               behaviour, no wrap-around) name clauses too; `core: *: rte`: all
  spec/rfc9293.mlw: Connection.MUST_66_rst    a theorem; Module.*: all of a module; *: of the file
  tests/unit/output.c: nagle                   a test
"""
import glob
import json
import os
import re

from digests import of_proof, of_tests

GOALS, DIGESTS, RESULTS = "build/proofs/goals.json", "build/proofs/digests.json", "build/tests/results.json"
DECLARED = re.compile(r"(?:\s|/\*(?!@).*?\*/|//[^\n]*\n)*(?:[A-Za-z_][\w\s]*?[\s*]+)(\w+)\s*\(", re.S)
CLAUSE = re.compile(r"\b(behavior|requires|ensures|assumes|assigns|terminates|exits|complete|disjoint)\b"
                    r"\s*(?:(\w+)\s*:)?")
WORD = re.compile(r"[a-z0-9_]+")


class Clause:
    def __init__(self, path, function, behaviour, label, line, text):
        self.path, self.function, self.behaviour, self.label = path, function, behaviour, label
        self.line, self.text = line, text

    def goals(self):
        """The names that WP may give its goals."""
        behaviour = f"{self.behaviour}_" if self.behaviour else ""
        what = "assigns" if self.label == "assigns" else f"ensures_{self.label}"
        return re.compile(rf"{self.function}_{behaviour}{what}(_part\d+|_\d+)?")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def macros():
    """Macros of spec/*.acsl that stand for clauses: name -> (parameter or None, text)."""
    found = {}
    for path in glob.glob("spec/*.acsl"):
        text = read(path).replace("\\\n", " ")
        for name, parameter, body in re.findall(r"^#define (\w+)(?:\((\w+)\))? (.*)$", text, re.M):
            if "ensures" in body or any(m in body for m in found):
                found[name] = (parameter or None, body)
    return found


def expand(contract, known):
    """The contract with its macros replaced, in place of each the same number of lines."""
    for _ in range(3):
        for name, (parameter, body) in known.items():
            if parameter is None:
                contract = re.sub(rf"\b{name}\b", lambda m: body, contract)
            else:
                contract = re.sub(rf"\b{name}\((\w+)\)", lambda m: re.sub(
                    rf"(?:##)?\b{parameter}\b", m.group(1), body), contract)
    return contract


def clauses_of(path, known):
    """The labelled clauses of the contracts in a file, and `assigns`."""
    text, found = read(path), []
    for comment in re.finditer(r"/\*@(.*?)\*/", text, re.S):
        declared = DECLARED.match(text, comment.end())
        if not declared or not re.match(r"\s*(requires|terminates|exits|assigns|ensures|behavior)\b", comment.group(1)):
            continue
        contract, behaviour = expand(comment.group(1), known), ""
        at = text.count("\n", 0, comment.start(1)) + 1
        marks = list(CLAUSE.finditer(contract))
        for m, after in zip(marks, marks[1:] + [None]):
            body = " ".join(contract[m.start():after.start() if after else len(contract)].split())
            line = at + contract.count("\n", 0, m.start())
            if m.group(1) == "behavior":
                behaviour = m.group(2)
            elif m.group(1) == "ensures" and m.group(2):
                found.append(Clause(path, declared.group(1), behaviour, m.group(2), line, body))
            elif m.group(1) == "assigns":
                found.append(Clause(path, declared.group(1), behaviour, "assigns", line, body))
    return found


def theorems_of(path):
    """{Module.name: (line, text)} of a WhyML file: goals, lemmas, and functions with a contract."""
    text, found, module = read(path), {}, ""
    bare = re.sub(r"\(\*(?!\)).*?\*\)", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    start = re.compile(r"^ {0,2}(?:(module|theory)\s+(\w+)|(?:goal|lemma|let|with)\b"
                       r"(?:\s+(?:rec|ghost|lemma|function|predicate|constant))*\s+(\w+))", re.M)
    marks = list(start.finditer(bare))
    for m, after in zip(marks, marks[1:] + [None]):
        if m.group(1):
            module = m.group(2)
            continue
        body = bare[m.start():after.start() if after else len(bare)]
        body = re.split(r"\n\s*\n|\n\s*(?:predicate|function|type|use|end)\b", body.strip("\n"))[0].rstrip()
        line = bare.count("\n", 0, m.start(3)) + 1
        found[f"{module}.{m.group(3)}"] = line, "\n".join(l[2:] for l in body.split("\n"))
    return found


def definitions():
    """{(path, function) and function: (path, line)} of the C functions; a static one is found by its path."""
    found = {}
    for path in sorted(glob.glob("core/**/*.[ch]", recursive=True) + glob.glob("proofs/*.c")):
        text = read(path)
        for m in re.finditer(r"^(?:static )?(?:inline )?\w[\w ]*[ *](\w+)\([^;{]*\)\s*\{", text, re.M):
            at = path, text.count("\n", 0, m.start()) + 1
            found[path, m.group(1)] = at
            if not m.group().startswith("static"):
                found[m.group(1)] = at
    return found


class Found:
    """What became of one line of evidence. state: proved, open, passed, failed, skipped, unknown."""

    def __init__(self, line, kind, state, why=""):
        self.line, self.kind, self.state, self.why = line, kind, state, why
        self.clauses, self.theorem, self.goals, self.seconds, self.fast = [], None, 0, 0.0, False


class Wrong(Exception):
    """A line of evidence names nothing that there is."""


class Tree:
    """The statements in the tree, and the results under build/."""

    def __init__(self):
        known = macros()
        self.contracts, self.where = {}, {}
        for path in sorted(glob.glob("core/**/*.[ch]", recursive=True) + glob.glob("proofs/*.c")):
            for clause in clauses_of(path, known):
                self.contracts.setdefault((path, clause.function), []).append(clause)
        self.theorems = {p: theorems_of(p) for p in sorted(glob.glob("spec/**/*.mlw", recursive=True))}
        self.goals, self.proved_from, self.results = (self.load(p) for p in (GOALS, DIGESTS, RESULTS))
        for path, functions in self.goals.items():
            for function in functions if path.endswith(".c") else ():
                self.where.setdefault(function, []).append(path)
        self.digests, self.tests_digest, self.texts = {}, of_tests(), {}

    @staticmethod
    def load(path):
        return json.loads(read(path)) if os.path.exists(path) else {}

    def stale(self, path):
        """Why the goals of a file say nothing, or ''."""
        if path not in self.goals:
            return "not proved in this tree: run `make prove`"
        if path not in self.digests:
            self.digests[path] = os.path.exists(path) and of_proof(path)
        return "" if self.proved_from.get(path) == self.digests[path] else "changed since it was proved: run `make prove`"

    def named(self, key):
        """Evidence by its name: clauses, behaviours and theorems that begin with T4_, MUST_13_ and the like."""
        starts = re.compile(re.escape(key.replace("-", "_")) + r"_(?!\d)")
        for (path, function), clauses in self.contracts.items():
            for c in clauses:
                if starts.match(c.label):
                    yield f"{path}: {function}: {c.label}"
                elif starts.match(c.behaviour):
                    yield f"{path}: {function}: {c.behaviour}"
        for path, theorems in self.theorems.items():
            yield from (f"{path}: {n}" for n in theorems if starts.match(n.split(".")[1]))

    def labels(self):
        """The requirements that clauses, behaviours and theorems are named after."""
        names = [x for clauses in self.contracts.values() for c in clauses for x in (c.label, c.behaviour)]
        names += [n.split(".")[1] for t in self.theorems.values() for n in t]
        found = map(re.compile(r"((?:MUST|SHLD|MAY|REC|UNL)_\d+)").match, names)
        return {m.group(1).replace("_", "-") for m in found if m}

    # -- one line of evidence --------------------------------------------------------------------------------------

    def find(self, line):
        path, _, rest = line.partition(": ")
        if not rest:
            raise Wrong(f"not FILE: NAME: {line}")
        if path.startswith("tests/"):
            return self.find_test(line, path, rest)
        if path.endswith(".mlw"):
            return self.find_theorem(line, path, rest)
        if rest == "*: rte":
            return self.find_all(line, path)
        return self.find_clause(line, path, *rest.split(": ", 1))

    def add_goals(self, found, path, goals):
        """goals: those of the report that the evidence stands for."""
        why = self.stale(path)
        if why or not goals:
            found.state, found.why = ("unknown", why) if why else ("open", "the provers were given no such goal")
            return
        found.goals += sum(g.get("parts", 1) for g in goals)
        found.seconds += sum(g["seconds"] for g in goals)
        found.fast = found.fast or any(g.get("fast") for g in goals)
        if not all(g["proved"] for g in goals):
            found.state, found.why = "open", "a goal is open"

    def find_clause(self, line, path, function, label=None):
        clauses = self.contracts.get((path, function))
        if not clauses or not label:
            raise Wrong(f"no contract of {function} in {path}: {line}")
        found, files = Found(line, "clause", "proved"), [path] if path.endswith(".c") else self.where.get(function, [])
        found.clauses = [c for c in clauses if label in (c.label, c.behaviour, f"{c.behaviour}.{c.label}")
                         and (label.endswith("assigns") or c.label != "assigns")]
        if label == "rte":
            found.clauses, names = clauses[:1], [re.compile(rf"{function}_assert_rte_\w+")]
        elif not found.clauses:
            raise Wrong(f"no such clause of {function} in {path}: {line}")
        else:
            names = [c.goals() for c in found.clauses]
        if not files:
            found.state, found.why = "unknown", "not proved in this tree: run `make prove`"
        for f in files:
            goals = self.goals.get(f, {}).get(function, {})
            for name in names:
                self.add_goals(found, f, [v for g, v in goals.items() if name.fullmatch(g)])
        return found

    def find_all(self, line, folder):
        paths = sorted(glob.glob(f"{folder}/**/*.c", recursive=True))
        if not paths:
            raise Wrong(f"no C files in {folder}: {line}")
        found = Found(line, "clause", "proved")
        for path in paths:
            goals = [v for f in self.goals.get(path, {}).values() for g, v in f.items() if "_assert_rte_" in g]
            if goals or self.stale(path):
                self.add_goals(found, path, goals)
        return found

    def find_theorem(self, line, path, name):
        known = self.theorems.get(path, {})
        pattern = re.escape(name[:-1]) + ".*" if name.endswith("*") else re.escape(name) + r"(?:'\w+)?(?: .*)?"
        names = [n for n in known if re.fullmatch(pattern, n)]
        if not names:
            raise Wrong(f"no such theorem in {path}: {line}")
        found = Found(line, "theorem", "proved")
        found.theorem = (path, *known[names[0]]) if len(names) == 1 else (path, 1, "")
        goals = self.goals.get(path, {})
        self.add_goals(found, path, [v for g, v in goals.items() if re.fullmatch(pattern, g)])
        return found

    def find_test(self, line, path, name):
        if not os.path.exists(path):
            raise Wrong(f"no such file: {line}")
        entry = self.results.get(path.removesuffix(".c"))
        if entry is None or entry["made_from"] != self.tests_digest:
            self.look_for(line, path, name)
            why = "not run" if entry is None else "changed since it ran: run `make check`"
            return Found(line, "test", "unknown", why)
        # IPv4: NAME and line 45: NAME are kinds of NAME
        states = {s for n, s in entry["tests"].items() if n == name or n.endswith(f": {name}")}
        if not states and not entry["failed"]:
            raise Wrong(f"no such test among those that ran: {line}")
        state = "failed" if "failed" in states or not states else "skipped" if "skipped" in states else "passed"
        return Found(line, "test", state, "" if state == "passed" else state)

    def look_for(self, line, path, name):
        """Without results: the name stands somewhere in the sources of the test."""
        folder = os.path.dirname(path)
        if folder not in self.texts:
            self.texts[folder] = "\n".join(read(p) for p in sorted(glob.glob(f"{folder}/*.*")))
        name = re.sub(r", IPv[46]$", "", name)
        names = "|".join(re.escape(n) for n in (name, name.replace(" ", "_")))
        if not re.search(rf"(?<!\w)(?:{names})(?!\w)", self.texts[folder]):
            raise Wrong(f"no such test in {folder}: {line}")

    def spec(self):
        """{function of spec/tcp.mlw: (path, line)}."""
        path = "spec/tcp.mlw"
        return {name.split(".")[1]: (path, at[0]) for name, at in self.theorems.get(path, {}).items()}

    def cached(self):
        """Whether some goals are of `make prove-fast`."""
        return any(g.get("fast") for path, functions in self.goals.items() if path.endswith(".c")
                   for goals in functions.values() for g in goals.values())

    # -- sums ------------------------------------------------------------------------------------------------------

    def proof_sums(self):
        """{file: (goals, proved, seconds, why it is not to be trusted)}, of all files that are to be proved."""
        sums = {}
        for path in sorted(glob.glob("core/**/*.c", recursive=True) + glob.glob("proofs/*.c") + list(self.theorems)):
            entry = self.goals.get(path, {})
            goals = list(entry.values()) if path.endswith(".mlw") else [g for f in entry.values() for g in f.values()]
            sums[path] = (sum(g.get("parts", 1) for g in goals), sum(g.get("parts", 1) for g in goals if g["proved"]),
                          sum(g["seconds"] for g in goals), self.stale(path))
        return sums


def status_of(found):
    """(of proofs, of tests): none, proved or passed, open or failed, unknown."""
    def worst(kinds, good, bad):
        states = [f.state for f in found if f.kind in kinds]
        return "none" if not states else bad if bad in states else good if set(states) == {good} else "unknown"
    return worst(("clause", "theorem"), "proved", "open"), worst(("test",), "passed", "failed")
