#!/usr/bin/env python3
"""What of core/ the tests have run: coverage.py BUILD FILE... after a run of programs built with --coverage.
Prints lines and branches of each file, and what was never run or taken; fails below 95 % of all lines."""
import json
import os
import subprocess
import sys

LEAST = 95.0


def measure(build, source):
    """Line number -> times run, and line number -> times each of its branches was taken."""
    notes = os.path.join(build, source[:-2] + ".gcda")
    if not os.path.exists(notes):
        sys.exit(f"coverage: {notes} is missing: was {source} built with --coverage, and run?")
    command = ["gcov", "--json-format", "--branch-probabilities", "--stdout", notes]
    out = subprocess.run(command, capture_output=True, check=True).stdout
    lines, branches = {}, {}
    for part in out.splitlines():
        for f in json.loads(part)["files"]:
            if os.path.normpath(f["file"]) == source:
                for line in f["lines"]:
                    n = line["line_number"]
                    lines[n] = max(lines.get(n, 0), line["count"])
                    branches.setdefault(n, []).extend(b["count"] for b in line["branches"])
    return lines, branches


def row(name, lines, branches):
    """A line of the table from (all, run) of both."""
    share = [100 * run / total if total else 100.0 for total, run in (lines, branches)]
    print(f"{name:32} {lines[0]:6} {share[0]:6.1f} % {branches[0]:9} {share[1]:6.1f} %")
    return share[0]


def count(counts):
    return len(counts), sum(1 for c in counts if c > 0)


def main(build, sources):
    totals, missed = [(0, 0), (0, 0)], []
    print(f"{'file':32} {'lines':>6} {'run':>8} {'branches':>9} {'taken':>8}")
    for source in sources:
        lines, branches = measure(build, source)
        both = [count(lines.values()), count(sum(branches.values(), []))]
        row(source, *both)
        totals = [(t[0] + b[0], t[1] + b[1]) for t, b in zip(totals, both)]
        with open(source, encoding="utf-8") as f:
            text = f.read().splitlines()
        for n in sorted(lines):
            what = "never run" if lines[n] == 0 else "a branch never taken" if 0 in branches[n] else None
            missed += [f"{what}: {source}:{n}: {text[n - 1].strip()}"] if what else []
    print(*missed, sep="\n")
    return 0 if row("all of it", *totals) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
