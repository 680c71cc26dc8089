"""What a run of the gate has found: kept in files, compared with what is expected, and shown as a table."""
import glob
import json
import os
import re
import sys

import sources

# cvc4i is CVC4 with the definitions of the goal unfolded (proofs/provers/cvc4_inline.drv), cvc4o and z3o are without
# the definitions that a step composed of others does not need; see proofs/provers/opaque.ml.
PROVERS, WHY3_PROVERS = ("cvc4i", "cvc4o", "cvc4", "z3o", "z3"), ("cvc4", "z3")
EXPECTED, GOALS, DIGESTS = "proofs/expected.json", "build/proofs/goals.json", "build/proofs/digests.json"
DEFINITIONS = "(definitions)" # in expected.json: those of ACSL
LABEL = re.compile(r"(?:^|_)(?:(?:ensures|requires|assert|variant|check)_(?:rte_)?([a-zA-Z]\w*?)(?:_(?:part)?\d+)*|"
                   r"invariant_([a-zA-Z]\w*?)(?:_preserved|_established|_(?:part)?\d+)*)$")
KIND = "(?:ensures|requires|assert|invariant|variant|check)"


def strip_comments(text):
    """WhyML without its comments, which nest, but with all lines."""
    out, depth, i = [], 0, 0
    while i < len(text):
        if text.startswith("(*", i) and not text.startswith("(*)", i):
            depth, i = depth + 1, i + 2
        elif depth and text.startswith("*)", i):
            depth, i = depth - 1, i + 2
        else:
            if not depth or text[i] == "\n":
                out.append(text[i])
            i += 1
    return "".join(out)


def label_of(goal):
    """The label of the clause, or of its behaviour if that names a requirement, in a goal's name without the function."""
    m = re.fullmatch(r"(?:(\w+?)_)?(?:ensures|requires|exits|assert|check|loop_invariant|invariant)_(?!rte_)(\w+?)"
                     r"(?:_established|_preserved)?", re.sub(r"^(call_.+_requires_.+?)_\d+$", r"\1", goal))
    requirement = m and m.group(1) and re.fullmatch(r"(MUST|SHLD|MAY|REC)_\d+(_\w+)?", m.group(1))
    return requirement.group() if requirement else m.group(2) if m else None


def clause_of(goal, numbered=()):
    """The label by which -wp-prop finds the clause of a goal; "" when it has none. WP, too, adds numbers: numbered are the
    labels that end with one of their own."""
    label = LABEL.search(goal)
    found = next((n for n in numbered if re.search(rf"(?:^|_){KIND}_{n}(?:_preserved|_established|_(?:part)?\d+)*$", goal)), "")
    return found or (label.group(1) or label.group(2) if label else "")


def read_json(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def proved(v):
    return v["wp:main"].get("valid", 0)


def is_open(v):
    return proved(v) != v["wp:main"]["total"]


def provers_of(v):
    return {k.lower().split(":")[0] for k in v if k not in ("wp:main", "seconds") and v[k].get("valid")}


def sums(found):
    goals = [v for g in found.values() for v in g.values()]
    return sum(v["wp:main"]["total"] for v in goals), sum(proved(v) for v in goals)


class Results:
    """The part of the gate that begins when all jobs have ended."""

    def numbers(self):
        """How many goals, and what is proved: each contract, each definition that contracts use, each theorem."""
        result = {DEFINITIONS: {"says": {n: sources.digest(" ".join(sorted(v))) for n, v in self.definitions.items()}}}
        for path, e in self.files.items():
            result[path] = {"functions": {f: sums({f: g})[0] for f, g in e["functions"].items()},
                            "smoke": sums(e["smoke"])[0],
                            "contracts": {f: sources.digest(" ".join(sorted(c))) for f, c in e["contracts"].items()
                                          if f in e["defined"]}}
        for path, t in self.theories.items():
            with open(path, encoding="utf-8") as f:
                says = sources.declarations(strip_comments(f.read()))
            result[path] = {"goals": t["goals"], "says": {n: sources.digest(d) for n, d in says.items()}}
        for path in glob.glob("spec/*.driver"):
            with open(path, encoding="utf-8") as f:
                result[path] = {"says": {n: sources.digest(l) for n, l in sources.bindings(f.read()).items()}}
        return result

    def write_goals(self, whole, made_from):
        """Each goal, its clause's label, who proved it and how fast; of files that this run leaves out, what was known.
        Beside it the digests of what each file's goals were made from."""
        kept, known = ({}, {}) if whole else (read_json(GOALS), read_json(DIGESTS))
        for path, e in self.files.items():
            kept[path] = {f: {g: {
                "label": label_of(g.removeprefix(f + "_")), "proved": not is_open(v),
                "prover": ", ".join(sorted(provers_of(v))),
                "seconds": round(v["seconds"], 3), "parts": v["wp:main"]["total"], "fast": self.fast}
                for g, v in goals.items()} for f, goals in e["functions"].items()}
        for path, t in self.theories.items():
            kept[path] = t["each"]
        known.update({p: d for p, d in made_from.items() if p in self.files or p in self.theories})
        for name, value in ((GOALS, kept), (DIGESTS, known)):
            with open(name, "w", encoding="utf-8") as f:
                json.dump(value, f, indent=1, sort_keys=True)
                f.write("\n")

    def store(self, whole):
        """Writes the list; of a few files, only their part."""
        now, kept = self.numbers(), {}
        if not whole and os.path.exists(EXPECTED):
            with open(EXPECTED, encoding="utf-8") as f:
                kept = {p: v for p, v in json.load(f).items() if p == DEFINITIONS or os.path.exists(p)}
            text = "".join(open(p, encoding="utf-8").read() for p in glob.glob("spec/*.acsl") +
                           glob.glob("core/**/*.[ch]", recursive=True))
            says = {n: d for n, d in kept.get(DEFINITIONS, {}).get("says", {}).items() if re.search(rf"\b{n}\b", text)}
            now[DEFINITIONS]["says"] = {**says, **now[DEFINITIONS]["says"]}
        for path, e in self.files.items():
            now[path]["hints"] = self.hints(path)
        with open(EXPECTED, "w", encoding="utf-8") as f:
            json.dump({**kept, **now}, f, indent=1, sort_keys=True)
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
            for key in sorted((set(a) | set(b)) - {"hints"}):  # what helps the next run, not what must be
                x, y = a.get(key), b.get(key)
                if self.fast and key == "smoke" or x == y:
                    continue
                if key in ("goals", "smoke"):
                    self.problem(path, f"{key}: {y}, expected {x}")
                    continue
                x, y = x or {}, y or {}
                for f in sorted(set(x if whole or path != DEFINITIONS else y) | set(y)):
                    if x.get(f) == y.get(f):
                        continue
                    if key == "functions":
                        self.problem(path, f"{f}: {y.get(f, 0)} goals, expected {x.get(f, 0)}")
                    else:
                        what = "is gone" if f not in y else "is new" if f not in x else "says something else than before"
                        self.problem(path, f"{'the contract of ' if key == 'contracts' else ''}{f} {what}: "
                                           "review it, then `make expected` stores it")

    def finish_reading(self):
        for p in sorted(set(self.problems)):
            print("PROBLEM", p)
        print("only read: nothing is proved")
        sys.exit(1 if self.problems else 2)

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
