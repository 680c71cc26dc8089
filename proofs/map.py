#!/usr/bin/env python3
"""RFC 9293 section 3.10, paragraph by paragraph: specification, C, clauses, tests (`make map`).

Read from the sources: the section comments of spec/tcp.mlw, the clauses that name functions of the specification, and the
sections that clauses and tests name. It fails when nothing in C does what a function of the specification says, or when a
paragraph has nothing.
"""
import glob
import os
import re
import sys

import evidence

SPEC = "spec/tcp.mlw"
PARAGRAPHS = {"3.10.1": "OPEN", "3.10.2": "SEND", "3.10.3": "RECEIVE", "3.10.4": "CLOSE", "3.10.5": "ABORT", "3.10.6": "STATUS",
              "3.10.7": "SEGMENT ARRIVES", "3.10.7.1": "CLOSED", "3.10.7.2": "LISTEN", "3.10.7.3": "SYN-SENT",
              "3.10.7.4": "other states", "3.10.8": "timeouts"}
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
            if named:
                number, title = named.group(1), heading.group(1)[named.end():]
                section = " ".join(filter(None, named.groups()))
            else:
                section, title = (f"{number} {ordinal.group()}", heading.group(1)[ordinal.end():]) if ordinal else ("", heading.group(1))
            found.append((section, re.split(r"\. |;", title.strip(" :,"))[0], []))
        name = re.match(r"\s*let function (\w+)", line)
        if name:
            found[-1][2].append(name.group(1))
    return found


def users():
    """{function of the specification: what else in spec/ uses it}."""
    bodies = {n.split(".")[1]: t for n, (_, t) in evidence.theorems_of(SPEC).items()}
    others = {p: evidence.read(p) for p in sorted(glob.glob("spec/**/*.mlw", recursive=True))
              if p not in (SPEC, "spec/rfc9293.mlw") and "tcp.Tcp" in evidence.read(p)}
    return {name: [o for o, text in {**bodies, **others}.items() if o != name and re.search(rf"(?<![\w.]){name}\b", text)]
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
    rows = [l for l in evidence.read("tests/matrix/rfc9293.txt").splitlines() if l.count("->") == 1 and not l.startswith("#")]
    named = [sorted({" ".join(filter(None, g)) for g in SECTION.findall(row.split("->")[1])}) for row in rows]
    for section in sorted({s for n in named for s in n}):
        add(section, "tests/matrix/rfc9293.txt", f"{sum(section in n for n in named)} rows")
    return found


def main():
    if len(sys.argv) > 1:
        sys.exit(f"map.py: {sys.argv[1]}: takes no arguments")
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    tree = evidence.Tree()
    problems, spec, used, refined, tested = [], sections_of_spec(), users(), refinements(tree), tests()
    where, lines = evidence.definitions(), []
    known = {s for s, _, _ in spec}
    spec += [(p, title, []) for p, title in PARAGRAPHS.items() if p not in known]
    key = lambda s: ([int(x) for x in s.split()[0].split(".")], ORDINALS.index(s.split()[1]) if " " in s else -1) if s else ([9], 0)
    for section, title, functions in sorted(spec, key=lambda s: key(s[0])):
        rows = []
        for name in functions:
            clauses = refined.get(name, [])
            by = list(dict.fromkeys((c.path, c.function) for c in clauses))
            for at in by:
                path, line = where.get(at) or where.get(at[1], (at[0], 0))
                labels = dict.fromkeys(c.label if not c.behaviour else f"{c.behaviour}.{c.label}" for c in clauses
                                       if (c.path, c.function) == at)
                rows.append((name, at[1], f"{path}:{line}", ", ".join(labels)))
            if not by:
                inner = used.get(name, [])
                rows.append((name, "", "", "within " + ", ".join(inner[:3]) + (", ..." if len(inner) > 3 else "") if inner else "-"))
                if not inner:
                    problems.append(f"{SPEC}: nothing in C refines {name}")
        shown = {r[1] for r in rows}
        for c in labelled(tree, section) if section and " " not in section else ():
            if c.function not in shown:
                shown.add(c.function)
                path, line = where.get((c.path, c.function)) or where.get(c.function, (c.path, 0))
                labels = dict.fromkeys(x.behaviour or x.label for x in labelled(tree, section) if x.function == c.function)
                rows.append(("", c.function, f"{path}:{line}", ", ".join(labels)))
        paragraph = section in PARAGRAPHS and not any(s.startswith((section + ".", section + " ")) for s, _, f in spec if f)
        if paragraph and not rows:
            problems.append(f"s{section}: neither specification nor clause")
        rows += [("", "", path, what) for path, what in tested.get(section, [])]
        lines.append((section, title, rows))
    widths = [max([len(r[k]) for _, _, rows in lines for r in rows] + [14]) for k in range(3)]
    print(f"{'section':<18}{'specification':<{widths[0] + 2}}{'C function':<{widths[1] + 2}}{'where':<{widths[2] + 2}}clauses, tests")
    for section, title, rows in lines:
        if not rows:
            continue
        print(f"\n{('s' + section) if section else 'all':<18}{title}")
        for r in rows:
            print(f"{section:<18}" + "".join(f"{x:<{w + 2}}" for x, w in zip(r, widths)) + r[3])
    for p in problems:
        print("PROBLEM", p)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
