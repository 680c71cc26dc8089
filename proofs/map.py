#!/usr/bin/env python3
"""RFC 9293 section 3.10, paragraph by paragraph: specification, C, clauses, tests (`make map`).

Read from the sources: the section comments of spec/tcp.mlw, the clauses that name functions of the specification, and
the sections that clauses and tests name. It fails when nothing in C does what a function of the specification says, or
when a paragraph has nothing.
"""
import glob
import os
import re
import sys

import evidence

SPEC = "spec/tcp.mlw"
OCTETS = "spec/system/connection.mlw"
PARAGRAPHS = {"3.10.1": "OPEN", "3.10.2": "SEND", "3.10.3": "RECEIVE", "3.10.4": "CLOSE", "3.10.5": "ABORT",
              "3.10.6": "STATUS", "3.10.7": "SEGMENT ARRIVES", "3.10.7.1": "CLOSED", "3.10.7.2": "LISTEN",
              "3.10.7.3": "SYN-SENT", "3.10.7.4": "other states", "3.10.8": "timeouts"}
ORDINALS = "first second third fourth fifth sixth seventh eighth".split()
SECTION = re.compile(r"(?<![\d.])s?(3\.10(?:\.\d+)+)(?:,? (" + "|".join(ORDINALS) + r")\b)?")


def sections_of_spec():
    """[(section, title, [function])] in the order of the text. Functions before the first heading serve all."""
    text = evidence.read(SPEC)
    found, number = [("", "shared", [])], ""
    for line in text.splitlines():
        heading = re.match(r"\s*\(\* ---- (.*?)(?: ----|$)", line)
        if heading:
            named = SECTION.match(heading.group(1))
            ordinal = re.match("|".join(ORDINALS), heading.group(1))
            number = named.group(1) if named else number
            section = " ".join(filter(None, named.groups())) if named else f"{number} {ordinal.group()}" if ordinal else ""
            title = heading.group(1)[(named or ordinal).end() if named or ordinal else 0:]
            found.append((section, re.split(r"\. |;", title.strip(" :,"))[0], []))
        name = re.match(r"\s*let function (\w+)", line)
        if name:
            found[-1][2].append(name.group(1))
    return found


def users():
    """{function of the specification: what else in spec/ uses it}. A new state of the TCB is C's to make; a number or a
    condition may also be for the octets around the TCB."""
    bodies = {n.split(".")[1]: t for n, (_, t) in evidence.theorems_of(SPEC).items()}
    steps = set(re.findall(r"let function (\w+)[^=]*: tcb =", evidence.read(SPEC)))
    octets = {OCTETS: evidence.read(OCTETS)}
    return {name: [o for o, text in {**bodies, **({} if name in steps else octets)}.items()
                   if o != name and re.search(rf"(?<![\w.]){name}\b", text)]
            for name in bodies}


def outermost(text):
    """The functions of the specification that a clause equates with what C does: none is the argument of another."""
    names, depth, inside = [], 0, []
    for m in re.finditer(r"spec_(\w+)\s*\(|[()]", text):
        if m.group(1):
            if not inside:
                names.append(m.group(1))
            depth += 1
            inside.append(depth)
        elif m.group() == "(":
            depth += 1
        else:
            if inside and inside[-1] == depth:
                inside.pop()
            depth -= 1
    return names


def refinements(tree):
    """{function of the specification: [clause]}."""
    found = {}
    for clauses in tree.contracts.values():
        for c in clauses:
            right = re.split(r"<==>|==(?!>)", c.text, maxsplit=1)
            for name in dict.fromkeys(outermost(right[1])) if c.label != "assigns" and len(right) == 2 else ():
                found.setdefault(name, []).append(c)
    return found


def labelled(tree, section):
    """The clauses whose label or behaviour names the section."""
    name = "s" + section.replace(".", "_")
    return [c for clauses in tree.contracts.values() for c in clauses
            if any(re.fullmatch(rf"{name}(_(?!\d)\w+)?", x) for x in (c.label, c.behaviour))]


def tests():
    """{section: [(file, what)]} of tests that name it."""
    found = {}

    def add(section, path, what):
        rows = found.setdefault(section, [])
        if (path, what) not in rows:
            rows.append((path, what))

    for path in sorted(glob.glob("tests/*/*.c") + glob.glob("tests/*/*.py")):
        text = evidence.read(path)
        head = re.match(r"/\*.*?\*/", text, re.S)
        for first, last in re.findall(r"s(3\.10[\d.]*\d) to s(3\.10[\d.]*\d)", head.group() if head else ""):
            for p in list(PARAGRAPHS)[list(PARAGRAPHS).index(first):list(PARAGRAPHS).index(last) + 1]:
                add(p, path, "")
        for m in SECTION.finditer(text):
            if path.endswith(".c") and head and m.start() < head.end():
                add(" ".join(filter(None, m.groups())), path, "")
                continue
            line = text[text.rfind("\n", 0, m.start()) + 1:text.index("\n", m.start())]
            quoted = re.search(r'\{"([^"]*3\.10[^"]*)"', line)
            after = re.compile(r"^static void (\w+)\(void \*\*|^def (\w+)\(t\)", re.M).search(text, m.start())
            if quoted:
                add(m.group(1), path, quoted.group(1))
            elif after and "----" not in line:
                add(" ".join(filter(None, m.groups())), path, (after.group(1) or after.group(2).replace("_", " ")))
    rows = [l for l in evidence.read("tests/matrix/rfc9293.txt").splitlines() if "->" in l and not l.startswith("#")]
    named = [sorted({" ".join(filter(None, g)) for g in SECTION.findall(row.split("->")[1])}) for row in rows]
    for section in sorted({s for n in named for s in n}):
        add(section, "tests/matrix/rfc9293.txt", f"{sum(section in n for n in named)} rows")
    return found


class Map:
    def __init__(self):
        self.tree, self.where, self.problems = evidence.Tree(), evidence.definitions(), []
        self.used, self.refined, self.tested = users(), refinements(self.tree), tests()
        spec = sections_of_spec()
        known = {section for section, _, _ in spec}
        spec += [(p, title, []) for p, title in PARAGRAPHS.items() if p not in known]
        self.blocks = [(s, title, self.rows(s, functions)) for s, title, functions in sorted(spec, key=order)]
        for p in PARAGRAPHS:
            parts = [r for s, _, rows in self.blocks for r in rows if (s + " ").startswith((p + " ", p + ".")) and r[1]]
            if not parts:
                self.problems.append(f"s{p}: neither specification nor clause")

    def at(self, path, function):
        path, line = self.where.get((path, function)) or self.where.get(function, (path, 0))
        return f"{path}:{line}"

    def rows(self, section, functions):
        """[(function of the specification, C function, where, clauses)], then the tests in the same columns."""
        rows = [row for name in functions for row in self.rows_of(name)]
        shown = {r[1] for r in rows}
        by = {}
        for c in labelled(self.tree, section) if section and " " not in section else ():
            by.setdefault((c.path, c.function), []).append(c)
        for (path, function), clauses in by.items():
            if function not in shown:
                names = dict.fromkeys(c.behaviour or c.label for c in clauses)
                rows.append(("", function, self.at(path, function), ", ".join(names)))
        return rows + [("", "", path, what or "the whole file") for path, what in self.tested.get(section, [])]

    def rows_of(self, name):
        by = {}
        for c in self.refined.get(name, []):
            by.setdefault((c.path, c.function), []).append(f"{c.behaviour}.{c.label}" if c.behaviour else c.label)
        for (path, function), names in by.items():
            yield name, function, self.at(path, function), ", ".join(dict.fromkeys(names))
        if not by:
            inner = self.used.get(name, [])
            yield name, "", "", "within " + ", ".join(inner[:3] + ["..."] * (len(inner) > 3)) if inner else "-"
            if not inner:
                self.problems.append(f"{SPEC}: nothing in C refines {name}")

    def print(self):
        widths = [max([len(r[k]) for _, _, rows in self.blocks for r in rows] + [14]) + 2 for k in range(3)]
        head = ("specification", "C function", "where", "clauses, tests")
        for section, title, rows in [("", "", [head])] + self.blocks:
            if rows and rows[0] is not head:
                print(f"\n{'s' + section if section else 'all':<18}{title}")
            for r in rows:
                first = "section" if r is head else section
                print(f"{first:<18}" + "".join(f"{x:<{w}}" for x, w in zip(r, widths)) + r[3])


def order(block):
    """Sections in their order, what serves all of them last."""
    number, _, ordinal = block[0].partition(" ")
    return [int(x) for x in number.split(".")] if number else [9], ORDINALS.index(ordinal) if ordinal else -1


def main():
    if len(sys.argv) > 1:
        sys.exit(f"map.py: {sys.argv[1]}: takes no arguments")
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    result = Map()
    result.print()
    for p in result.problems:
        print("PROBLEM", p)
    sys.exit(1 if result.problems else 0)


if __name__ == "__main__":
    main()
