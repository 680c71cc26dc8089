#!/usr/bin/env python3
"""One page for people: what is proved of vtcp, by what, and what is not (`make report`).

The theorems are in spec/theorems.csv with the names of their evidence; a clause or theorem whose name begins with T1_
... T8_ belongs to it by that. All numbers are read from what `make prove`, `make check` and `make mutants` wrote.
"""
import csv
import json
import os
import re
import sys

import evidence
import page
import requirements

TABLE, OUT = "spec/theorems.csv", "build/report.html"
MUTANTS, ASSUMPTIONS = "proofs/mutants.json", "proofs/ASSUMPTIONS.md"
COLUMNS = ["id", "title", "text", "evidence", "rests_on", "lacks"]


class Theorem:
    def __init__(self, fields, tree, problems):
        for name in COLUMNS:
            setattr(self, name, (fields.get(name) or "").strip())
        self.found = []
        there = [f for f in self.rests_on.split() if os.path.exists(f)]
        for line in dict.fromkeys([*self.evidence.splitlines(), *tree.named(self.id), *(f"{f}: *" for f in there)]):
            try:
                self.found.append(tree.find(line))
            except evidence.Wrong as e:
                problems.append(f"{self.id}: {e}")
        if missing := [f for f in self.rests_on.split() if f not in there]:
            self.lacks = f"What is true of two endpoints and a network: not in this tree: {', '.join(missing)}"
        self.proofs, self.tests = evidence.status_of(self.found)
        self.goals, self.seconds = sum(f.goals for f in self.found), sum(f.seconds for f in self.found)

    def status(self):
        if self.proofs == "open" or self.tests == "failed":
            return "not proved" if self.proofs == "open" else "a test fails", "bad"
        if self.proofs != "proved":
            return "not proved in this tree", "bad" if self.proofs == "none" else ""
        return ("proved in part", "part") if self.lacks else ("proved", "good")


def read_theorems(tree, path=TABLE):
    problems = []
    with open(path, encoding="utf-8", newline="") as f:
        reader = csv.DictReader(f)
        if reader.fieldnames != COLUMNS:
            sys.exit(f"{path}: expected the columns {', '.join(COLUMNS)}")
        return [Theorem(r, tree, problems) for r in reader], problems


def markdown(text):
    """Headings, paragraphs, lists, code, bold and links: what our own files use."""
    out, item, kind = [], [], ""

    def inline(s):
        s = page.text(s)
        s = re.sub(r"`([^`]+)`", r"<code>\1</code>", s)
        s = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", s)
        return re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r'<a href="../proofs/\2">\1</a>', s)

    def flush():
        if item:
            out.append(f"<{kind}>{inline(' '.join(item))}</{kind}>")
            item.clear()
    for line in text.splitlines() + [""]:
        heading, bullet = re.match(r"(#+) (.*)", line), re.match(r"\s*- (.*)", line)
        if heading or bullet or not line.strip():
            flush()
        if heading:
            out.append(f"<h3>{inline(heading.group(2))}</h3>")
        elif bullet:
            kind = "li"
            item.append(bullet.group(1))
        elif line.strip():
            kind = kind if item else "p"
            item.append(line.strip())
    return re.sub(r"((?:<li>.*?</li>\n?)+)", r"<ul>\1</ul>", "\n".join(out))


def sections(text):
    """{heading: text below it} of a Markdown file, by its headings of the second level."""
    parts = re.split(r"^## (.*)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def theorem_html(t, definitions, spec):
    proofs = [f for f in t.found if f.kind != "test"]
    tests = len(t.found) - len(proofs)
    counts = " · ".join(page.plural(n, what) for n, what in (
        (sum(f.kind == "clause" for f in proofs), "clause"), (sum(f.kind == "theorem" for f in proofs), "theorem"),
        (t.goals, "goal"), (tests, "test")) if n)
    items = "".join(page.render(f, definitions, spec) for f in t.found)
    lacks = f'<p class="part">Not shown: {page.text(t.lacks)}</p>' if t.lacks else ""
    return (f'<article id="{t.id}"><div class="what"><h3>{t.id} {page.text(t.title)}</h3>'
            f'{page.status(*t.status())}</div><div><p>{page.text(t.text)}</p>{lacks}'
            f'<details><summary>{counts}</summary><ul class="evidence">{items}</ul></details></div></article>')


def bar(value, most, second=0):
    """value, and second behind it, as a part of most."""
    a, b = (100 * x / most if most else 0 for x in (value, value + second))
    rest = f'<rect x="{a:.2f}" width="{b - a:.2f}" height="10" fill="var(--bar2)"/>' if second else ""
    return (f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-hidden="true">'
            f'<rect width="{a:.2f}" height="10" fill="var(--bar)"/>{rest}</svg>')


def seconds(s):
    return f"{s:.1f} s" if s < 60 else f"{int(s) // 60} min {int(s) % 60:02d} s"


def effort_html(tree):
    rows, most = [], max([s for _, _, s, why in tree.proof_sums().values() if not why] + [0.001])
    total = [0, 0, 0.0]
    for path, (goals, proved, took, why) in sorted(tree.proof_sums().items(), key=lambda x: (bool(x[1][3]), -x[1][2])):
        if not why and not goals:
            continue
        name = page.link(path, 1, f"<code>{page.text(path)}</code>")
        if why:
            rows.append([name, f'<span class="soft">{page.text(why)}</span>', "", ""])
            continue
        total = [total[0] + goals, total[1] + proved, total[2] + took]
        open_ = f' <span class="bad">{goals - proved} open</span>' if proved != goals else ""
        rows.append([name, bar(took, most), seconds(took), f"{goals:,}{open_}"])
    rows.append(["all", "", seconds(total[2]), f"{total[0]:,}"])
    head = ["file", "time of the provers", "", "goals"]
    told = f"<p>{total[0]:,} goals, {total[1]:,} proved." + (
        " Goals are statements that a prover decides one by one; more of them are not more proof.</p>" if total[0] else "</p>")
    return told + page.table(head, rows, numbers=(2, 3), total=True)


def mutants_html():
    if not os.path.exists(MUTANTS):
        return ('<p class="soft">Not run: <code>make mutants</code> changes the code in small ways and demands that each '
                "change breaks a proof.</p>")
    data = json.loads(evidence.read(MUTANTS))
    files, survivors = data["files"], data["survivors"]
    most, rows, total = max((f["killed"] + f["survived"] for f in files.values()), default=0), [], [0, 0]
    for path, f in sorted(files.items()):
        total = [total[0] + f["killed"], total[1] + f["survived"]]
        rows.append([page.link(path, 1, f"<code>{page.text(path)}</code>"), bar(f["killed"], most, f["survived"]),
                     f["killed"], f["survived"]])
    rows.append(["all", "", *total])
    equivalent = sum(e["reason"].startswith("equivalent") for l in survivors.values() for e in l)
    weak = [(path, e) for path, l in sorted(survivors.items()) for e in l if not e["reason"].startswith("equivalent")]
    share = f" ({100 * total[0] / sum(total):.1f} %)" if sum(total) else ""
    told = (f"<p>{sum(total):,} small changes of the code that compile and change something; {total[0]:,} of them "
            f"break a proof{share}. Of the others {page.plural(equivalent, 'is', 'are')} equivalent to the code, and "
            f"{page.plural(len(weak), 'shows', 'show')} what no contract says.</p>")
    return told + page.table(["file", "", "killed", "survived"], rows, numbers=(2, 3), total=True)


CSS = """<style>
svg.bar { width: 100%; min-width: 6rem; height: .7rem; margin-top: .4rem; }
td:has(svg.bar) { width: 45%; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .1rem 2rem;
  margin: 1.4rem 0 0; }
.cards div { border-top: 1px solid var(--line); padding: .5rem 0 .6rem; }
.cards b { display: block; font-size: 1.35rem; font-weight: 650; font-variant-numeric: tabular-nums; }
main ul { padding-left: 1.2rem; max-width: 46rem; } main li { margin: .3rem 0; }
main ul.evidence { padding-left: 0; max-width: none; } main ul.evidence li { margin: .12rem 0; }
#assumptions h3 { margin-top: 1.2rem; }
</style>"""


def body(theorems, rows, tree):
    definitions, spec = evidence.definitions(), tree.spec()
    sums = tree.proof_sums()
    goals, proved = (sum(s[k] for s in sums.values() if not s[3]) for k in (0, 1))
    fresh = [e for e in tree.results.values() if e["made_from"] == tree.tests_digest]
    passed, failed = (sum(e[k] for e in fresh) for k in ("passed", "failed"))
    musts = [r for r in rows if r.level in ("MUST", "MUST NOT") and r.scope != "outside"]
    cards = [("theorems proved", f"{sum(t.status()[0] == 'proved' for t in theorems)} of {len(theorems)}"),
             ("goals proved", f"{proved:,} of {goals:,}" if goals else "none here"),
             ("MUSTs that apply: proved", f"{sum(r.sum == requirements.PROVED for r in musts)} of {len(musts)}"),
             ("tests passed", f"{passed:,} of {passed + failed:,}" if fresh else "none here")]
    assumptions = sections(evidence.read(ASSUMPTIONS))
    not_proved = assumptions.pop("Not proved", "")
    lacking = "".join(f"<li>{t.id}: {page.text(t.lacks)}</li>" for t in theorems if t.lacks)
    unmet = "".join(f'<li><a href="requirements.html#{r.id}">{r.id}</a>: {page.text(r.note)}</li>' for r in rows
                    if r.sum == requirements.NOT_MET)
    in_part = sum(r.sum == requirements.PART for r in rows)
    return (
        CSS + '<header class="top"><h1>What is proved of vtcp</h1>'
        "<p>vtcp is TCP (RFC 9293) as a C library. Its functions carry contracts, which provers check against a specification: "
        "not for some inputs, as a test does, but for all. This page says in plain words what that gives, where it stands in the "
        "tree, and what it does not give.</p>"
        + page.notes(requirements.told(tree))
        + '<div class="cards">' + "".join(f"<div><b>{page.text(v)}</b>{page.text(k)}</div>" for k, v in cards)
        + "</div></header>"
        '<nav><div><a href="#theorems">Theorems</a><a href="#requirements">Requirements</a><a href="#effort">Effort</a>'
        '<a href="#mutants">Mutants</a><a href="#not">Not proved</a><a href="#assumptions">Assumptions</a></div></nav><main>'
        '<h2 id="theorems">Theorems</h2>' + "".join(theorem_html(t, definitions, spec) for t in theorems)
        + '<h2 id="requirements">Requirements of RFC 9293</h2><p>How many, by what shows them; '
        '<a href="requirements.html">each of them with its evidence</a>.</p>' + requirements.sums_html(rows)
        + '<h2 id="effort">Proof by file</h2>' + effort_html(tree)
        + '<h2 id="mutants">Do the contracts say enough?</h2>' + mutants_html()
        + '<h2 id="not">What is not proved</h2>' + markdown(not_proved)
        + (f"<p>Of the theorems:</p><ul>{lacking}</ul>" if lacking else "")
        + f"<p>Of the requirements {page.plural(in_part, 'is', 'are')} proved in part: each says what is not shown.</p>"
        + (f"<p>Requirements that are not met:</p><ul>{unmet}</ul>" if unmet else "")
        + '<section id="assumptions"><h2>What the proofs rest on</h2>'
        + "".join(f"<h3>{page.text(h)}</h3>{markdown(t)}" for h, t in assumptions.items()) + "</section></main>"
        "<footer>Made by <code>make report</code> from spec/theorems.csv, spec/requirements.csv, proofs/ASSUMPTIONS.md and "
        "the results of the last runs.</footer>")


def main():
    if len(sys.argv) > 1:
        sys.exit(f"report.py: {sys.argv[1]}: takes no arguments")
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    tree = evidence.Tree()
    theorems, problems = read_theorems(tree)
    rows, more = requirements.read_rows(requirements.TABLE, tree)
    for t in theorems:
        lacks = f"  not shown: {t.lacks}" if t.lacks else ""
        print(f"{t.id} {t.title:<16} {t.status()[0]:<24} {page.plural(t.goals, 'goal'):>12}{lacks}")
    requirements.write_html(rows, tree)
    with open(OUT, "w", encoding="utf-8") as f:
        f.write(page.page("What is proved of vtcp", body(theorems, rows, tree)))
    print(f"written {OUT}")
    for p in problems + more:
        print("PROBLEM", p)
    sys.exit(1 if problems or more else 0)


if __name__ == "__main__":
    main()
