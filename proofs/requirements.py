#!/usr/bin/env python3
"""The requirements of RFC 9293 (spec/requirements.csv) and what proves and tests each of them: `make requirements`.

Nothing here is typed but the names of the evidence: what became of it is read from build/proofs/goals.json
(`make prove`) and build/tests/results.json (`make check`). A name that there is not is an error. See spec/README.md.
"""
import argparse
import csv
import os
import re
import sys

import evidence
import page

TABLE, OUT = "spec/requirements.csv", "build/requirements.html"
COLUMNS = ["id", "section", "level", "clause", "scope", "evidence", "lacks", "note"]
LEVELS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "RECOMMENDED")
SCOPES = {"core": "core", "harness": "harness", "both": "core and harness", "outside": "", "declined": ""}
# status -> (column of the sums, colour)
PROVED, PART, TESTED, NOT_RUN, OPEN, NOT_MET, OUTSIDE = (
    "proved", "proved in part", "tested", "not run", "failed", "not met", "not applicable")
SUMS = (PROVED, PART, TESTED, NOT_RUN, OPEN, NOT_MET, OUTSIDE)
COLOUR = {PROVED: "good", PART: "part", TESTED: "part", NOT_RUN: "", OPEN: "bad", NOT_MET: "bad", OUTSIDE: ""}


class Row:
    def __init__(self, fields, tree, problems):
        for name in COLUMNS:
            setattr(self, name, (fields.get(name) or "").strip())
        self.found = []
        for line in dict.fromkeys([*self.evidence.splitlines(), *tree.named(self.id)]):
            try:
                self.found.append(tree.find(line))
            except evidence.Wrong as e:
                problems.append(f"{self.id}: {e}")
        if self.level not in LEVELS or self.scope not in SCOPES:
            problems.append(f"{self.id}: a level is one of {', '.join(LEVELS)}; a scope one of {', '.join(SCOPES)}")
        if self.scope in ("outside", "declined") and (self.evidence or not self.note):
            problems.append(f"{self.id}: {self.scope} has a reason in `note`, and no evidence")
        self.proofs, self.tests = evidence.status_of(self.found)
        self.sum, self.status = self.judge()

    def judge(self):
        """(column of the sums, words)."""
        if self.scope == "outside":
            return OUTSIDE, "not applicable"
        if self.scope == "declined":
            return (OUTSIDE, "not taken") if self.level == "MAY" else (NOT_MET, "not met")
        if not self.found:
            return NOT_MET, "missing"
        if "open" == self.proofs or "failed" == self.tests:
            return OPEN, "not proved" if self.proofs == "open" else "a test fails"
        part = " in part" if self.lacks else ""
        tests = {"passed": " and tested", "unknown": ", tests not run", "none": ""}[self.tests]
        if self.proofs == "proved":
            return (PART if part else PROVED), f"proved{part}{tests}"
        if self.tests == "passed":
            return TESTED, f"tested{part}" + (", proof not run" if self.proofs == "unknown" else "")
        return NOT_RUN, "not run"


def read_rows(path, tree):
    problems = []
    with open(path, encoding="utf-8", newline="") as f:
        reader = csv.DictReader(f)
        if reader.fieldnames != COLUMNS:
            sys.exit(f"{path}: expected the columns {', '.join(COLUMNS)}")
        rows = [Row(r, tree, problems) for r in reader]
    known = {r.id for r in rows}
    for label in sorted(tree.labels() - known):
        problems.append(f"a clause or theorem is named after {label}, which is not in {path}")
    for key in {r.id for r in rows if sum(r.id == o.id for o in rows) > 1}:
        problems.append(f"{key}: twice in {path}")
    return rows, problems


def check_quotes(rows, path):
    """Every clause stands in the text of the RFC, but for labels, line breaks and hyphens at them."""
    def plain(text):
        text = re.sub(r"\s*\[?\((?:MUST|SHLD|MAY|REC)-\s*\d+[^)]*\)\]?", "", text)
        return re.sub(r"-\s+", "-", re.sub(r"[\s|]+", " ", text))
    rfc = plain(evidence.read(path))
    labels = set(re.findall(r"\b(?:MUST|SHLD|MAY|REC)-\d+\b", rfc + evidence.read(path)))
    return ([f"{r.id}: not the words of {path}: {r.clause}" for r in rows if plain(r.clause) not in rfc]
            + [f"{label}: in {path}, but not here" for label in sorted(labels - {r.id for r in rows})])


def sums(rows):
    """[(level, number in each column of SUMS..., all)], the last row for all levels."""
    table = [(level, *(sum(r.level == level and r.sum == s for r in rows) for s in SUMS),
              sum(r.level == level for r in rows)) for level in LEVELS]
    table = [t for t in table if t[-1]]
    return table + [("all", *(sum(t[k] for t in table) for k in range(1, len(SUMS) + 2)))]


def told(tree):
    """What the results are, in words."""
    lines = []
    if not tree.goals:
        lines.append("Not proved in this tree: run `make prove`.")
    else:
        stale = sorted(p for p, s in tree.proof_sums().items() if s[3])
        if stale:
            which = ", ".join(stale) if len(stale) < 7 else f"{len(stale)} files of {len(tree.proof_sums())}"
            lines.append(f"Not proved in this tree, or changed since they were: {which}. Run `make prove`.")
        if tree.cached():
            lines.append("Some proofs are of a cached run (`make prove-fast`), which is not the proof: run `make prove`.")
    if not tree.results:
        lines.append("Not tested in this tree: run `make check`.")
    elif any(e["made_from"] != tree.tests_digest for e in tree.results.values()):
        lines.append("Some tests ran before the last change: run `make check`.")
    return lines


def print_text(rows, tree):
    for r in rows:
        kinds = [f.kind for f in r.found]
        counts = [page.plural(kinds.count(k), k) for k in ("clause", "theorem", "test") if k in kinds]
        print(f"{r.id:<8} {r.section:<10} {r.level:<12} {r.status:<28} {', '.join(counts)}".rstrip())
        for what, text in (("not shown: ", r.lacks), ("", r.note if r.sum in (NOT_MET, OUTSIDE) else "")):
            if text:
                print(f"{'':9}{what}{text}")
        for f in r.found:
            if f.state in ("open", "failed", "skipped"):
                print(f"{'':9}{f.why}: {f.line}")
    print()
    print(f"{'':<12}" + "".join(f"{s:>15}" for s in SUMS) + f"{'all':>6}")
    for level, *numbers in sums(rows):
        print(f"{level:<12}" + "".join(f"{n:>15}" for n in numbers[:-1]) + f"{numbers[-1]:>6}")
    for line in told(tree):
        print(line)


def sums_html(rows):
    """Without the columns for what has not run and what failed, when there is nothing in them."""
    shown = [s for s in SUMS if s not in (NOT_RUN, OPEN) or any(r.sum == s for r in rows)]
    head, lines = ["", *map(page.text, shown), "all"], []
    for level, *numbers in sums(rows):
        cells = [f'<span class="{COLOUR[s] if n else "soft"}">{n}</span>' for s, n in zip(SUMS, numbers) if s in shown]
        lines.append([page.text(level), *cells, numbers[-1]])
    return page.table(head, lines, numbers=range(1, len(head)), total=True)


def article(r, definitions, spec):
    section = f'<a href="https://www.rfc-editor.org/rfc/rfc9293#section-{r.section}">section {r.section}</a>'
    items = "".join(page.render(f, definitions, spec) for f in r.found)
    more = (f"<details><summary>{page.plural(len(r.found), 'piece')} of evidence</summary>"
            f'<ul class="evidence">{items}</ul></details>') if items else ""
    lacks = f'<p class="part">Not shown: {page.text(r.lacks)}</p>' if r.lacks else ""
    note = f'<p class="soft">{page.text(r.note)}</p>' if r.note else ""
    scope = f" · {SCOPES[r.scope]}" if SCOPES.get(r.scope) else ""
    return (f'<article id="{r.id}" data-level="{r.level}" data-sum="{r.sum}"><div class="what">'
            f'<h3><a href="#{r.id}">{r.id}</a></h3>{page.status(r.status, COLOUR[r.sum])}'
            f'<span class="soft">{r.level} · {section}{scope}</span></div>'
            f"<div><blockquote>{page.text(r.clause)}</blockquote>{lacks}{note}{more}</div></article>")


FILTER = """<script>
(function () {
  var level = document.getElementById("level"), sum = document.getElementById("sum");
  var word = document.getElementById("word"), left = document.getElementById("left");
  var all = document.querySelectorAll("article");
  function show() {
    var n = 0, w = word.value.toLowerCase();
    all.forEach(function (a) {
      var yes = (!level.value || a.dataset.level === level.value) && (!sum.value || a.dataset.sum === sum.value) &&
        (!w || a.textContent.toLowerCase().indexOf(w) >= 0);
      a.hidden = !yes;
      n += yes;
    });
    left.textContent = n + " of " + all.length;
  }
  [level, sum, word].forEach(function (e) { e.addEventListener("input", show); });
  document.getElementById("open").addEventListener("click", function () {
    document.querySelectorAll("article:not([hidden]) > div > details").forEach(function (d) { d.open = true; });
  });
  document.getElementById("filter").hidden = false;
  show();
})();
</script>"""


def choice(name, what, values):
    return (f'<select id="{name}" aria-label="{what}"><option value="">{what}</option>'
            + "".join(f"<option>{page.text(v)}</option>" for v in values) + "</select>")


def write_html(rows, tree):
    definitions, spec = evidence.definitions(), tree.spec()
    body = (
        '<header class="top"><h1>vtcp and the requirements of RFC 9293</h1>'
        "<p>Every labelled statement of the RFC, and the ones with MUST, SHOULD or MAY that have no label (UNL), with what "
        "proves and tests it. A clause is a part of a contract of a C function, a theorem one about the specification; "
        "both are proved by machine. Names come from spec/requirements.csv; what became of them from the last runs.</p>"
        + page.notes(told(tree)) + "</header>"
        '<nav><div id="filter" hidden>' + choice("level", "every level", LEVELS) + choice("sum", "every status", SUMS)
        + '<input id="word" type="search" placeholder="words" aria-label="words">'
        '<button id="open">show the evidence</button><span class="soft" id="left"></span></div></nav><main>' + sums_html(rows)
        + "".join(article(r, definitions, spec) for r in rows) + "</main>"
        "<footer>Made by <code>make requirements</code>. “Proved in part”: what the evidence does not show is said. "
        "“Tested”: by tests alone.</footer>" + FILTER)
    os.makedirs(os.path.dirname(OUT), exist_ok=True)
    with open(OUT, "w", encoding="utf-8") as f:
        f.write(page.page("vtcp and the requirements of RFC 9293", body))
    print(f"written {OUT}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rfc", metavar="FILE", help="compare every clause with the text of RFC 9293 in FILE")
    parser.add_argument("--table", metavar="FILE", default=TABLE, help=f"instead of {TABLE}")
    args = parser.parse_args()
    table = os.path.abspath(args.table) if args.table != TABLE else TABLE
    rfc = args.rfc and os.path.abspath(args.rfc)
    for flag, path in (("--rfc", rfc), ("--table", args.table != TABLE and table)):
        if path and not os.path.exists(path):
            sys.exit(f"requirements.py: {flag}: no such file: {path}")
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    tree = evidence.Tree()
    rows, problems = read_rows(table, tree)
    problems += check_quotes(rows, rfc) if rfc else []
    print_text(rows, tree)
    if table == TABLE:
        write_html(rows, tree)
    for p in problems:
        print("PROBLEM", p)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
