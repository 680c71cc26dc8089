#!/usr/bin/env python3
"""proofs/requirements.py, map.py and report.py: what they refuse, and that results turn what they say. Speaks TAP."""
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "proofs"))
import digests  # noqa: E402

COLUMNS = ["id", "section", "level", "clause", "scope", "evidence", "lacks", "note"]
CLAUSE = "core/connection/tune.c", "vtcp_set_nodelay", "core/vtcp.h: vtcp_set_nodelay: MUST_17_nodelay"
THEOREM, TEST = "spec/window.mlw: Window.window_doubled_most", "tests/unit/tune.c: nodelay"
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Copy:
    """A copy of what the reports read, to change."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="vtcp-reports-")
        for name in ("core", "harness", "spec", "proofs", "tests"):
            shutil.copytree(os.path.join(ROOT, name), os.path.join(self.folder, name),
                            ignore=shutil.ignore_patterns("corpus", "__pycache__"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def change(self, name, old, new):
        text = self.read(name)
        assert old in text, f"{name} has no {old!r}"
        self.write(name, text.replace(old, new))

    def table(self, *rows):
        """The only requirements: by default one MUST for the core, changed by what a row says."""
        base = dict(zip(COLUMNS, ("MUST-17", "3.7.4", "MUST", "x", "core", CLAUSE[2], "", "")))
        with open(self.path("spec/requirements.csv"), "w", encoding="utf-8", newline="") as f:
            writer = csv.DictWriter(f, COLUMNS)
            writer.writeheader()
            for row in rows:
                writer.writerow({**base, **row})

    def alone(self):
        """No clause or theorem bears the name of a requirement or theorem but those that the tests mean."""
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), self.folder)
                if re.match(r"(core|spec|proofs)/.*\.(h|c|acsl|mlw)$", path):
                    text = self.read(path)
                    self.write(path, re.sub(r"\b(?!MUST_17_)((?:MUST|SHLD|MAY|REC|UNL)_\d+_)", r"x\1", text))

    def inside(self, function, *args):
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            return function(*args)
        finally:
            os.chdir(before)

    def results(self, goal=True, test="passed", name="vtcp_set_nodelay_ensures_MUST_17_nodelay", theorem=True):
        """What `make prove` and `make check` would have left: of one clause, one theorem and one test."""
        each = {"label": None, "prover": "cvc4", "seconds": 0.5}
        goals = {CLAUSE[0]: {CLAUSE[1]: {name: {**each, "proved": goal, "parts": 3, "fast": False}}},
                 "spec/window.mlw": {"Window.window_doubled_most'vc": {**each, "proved": theorem}}}
        self.write("build/proofs/goals.json", json.dumps(goals))
        self.write("build/proofs/digests.json", json.dumps({p: self.inside(digests.of_proof, p) for p in goals}))
        self.write("build/tests/results.json", json.dumps({"tests/unit/tune": {
            "made_from": self.inside(digests.of_tests), "passed": 1, "failed": 0, "skipped": 0, "tests": {"nodelay": test}}}))

    def run(self, script, *args):
        p = subprocess.run([sys.executable, f"proofs/{script}.py", *args], cwd=self.folder, capture_output=True, text=True,
                           check=False)
        return p.returncode, p.stdout + p.stderr

    def status(self):
        code, said = self.run("requirements")
        assert code == 0, said
        return re.search(r"^MUST-17 +3\.7\.4 +MUST +(.*?)(?:  |$)", said, re.M).group(1)

    def refused(self, what, script="requirements"):
        code, said = self.run(script)
        problems = "\n".join(l for l in said.splitlines() if l.startswith("PROBLEM"))
        assert code == 1 and what in problems, f"{what!r} is not among the problems (status {code}):\n{said[-2000:]}"


@test
def the_names_in_the_tables_are_there(copy):
    for script in ("requirements", "report"):
        code, said = copy.run(script)
        assert code == 0, said[-2000:]


@test
def wrong_names_are_refused(copy):
    copy.alone()
    for line, why in (
            ("core/vtcp.h: vtcp_set_nodelay: MUST_17_nagle", "no such clause"),
            ("core/vtcp.h: vtcp_nagle: inv", "no contract"),
            ("core/vtcp.h: vtcp_set_nodelay", "no contract"), ("core/tune.h: vtcp_set_nodelay: inv", "no contract"),
            ("spec/window.mlw: Window.doubled", "no such theorem"),
            ("spec/rto.mlw: Window.window_doubled", "no such theorem"), ("tests/unit/tune.c: node", "no such test"),
            ("tests/unit/nagle.c: nodelay", "no such file"), ("nodelay", "not FILE: NAME")):
        copy.table({"evidence": line})
        copy.refused(f"MUST-17: {why}")
    copy.results()
    copy.table({"evidence": "tests/unit/tune.c: quiet_when_closed"})  # there, but it did not run
    copy.refused("no such test among those that ran")


@test
def wrong_rows_are_refused(copy):
    copy.alone()
    for row, why in (({"level": "SHALL"}, "a level is one of"), ({"scope": "nowhere"}, "a scope"),
                     ({"scope": "outside"}, "outside has a reason"), ({"scope": "declined", "evidence": ""}, "declined has a reason")):
        copy.table(row)
        copy.refused(why)
    copy.table({}, {})
    copy.refused("MUST-17: twice")
    copy.table({"id": "MUST-1"})
    copy.refused("named after MUST-17, which is not in")


@test
def results_turn_the_status(copy):
    copy.alone()
    copy.table({"evidence": f"{CLAUSE[2]}\n{THEOREM}\n{TEST}"})
    assert copy.status() == "not run"
    for results, status in (
            ({}, "proved and tested"), ({"test": "failed"}, "a test fails"), ({"test": "skipped"}, "proved, tests not run"),
            ({"goal": False}, "not proved"), ({"theorem": False}, "not proved"),
            ({"name": "vtcp_set_nodelay_ensures_MUST_17_nodelay_too"}, "not proved"),
            ({"name": "vtcp_set_nodelay_other_ensures_MUST_17_nodelay"}, "not proved")):
        copy.results(**results)
        assert copy.status() == status, f"{results}: {copy.status()}, not {status}"
    copy.results()
    copy.table({"evidence": f"{CLAUSE[2]}\n{TEST}", "lacks": "something"})
    assert copy.status() == "proved in part and tested"
    copy.table({"evidence": ""})
    assert copy.status() == "proved"  # by its name alone
    copy.change("core/vtcp.h", "MUST_17_nodelay", "nodelay")
    assert copy.status() == "missing"


@test
def results_of_other_sources_are_not_taken(copy):
    copy.alone()
    copy.table({"evidence": f"{CLAUSE[2]}\n{TEST}"})
    for path in ("core/connection/tune.c", "core/wire/seq.h", "spec/tcb.acsl", "spec/tcp.mlw", "proofs/flags.mk"):
        copy.results()
        copy.write(path, copy.read(path) + "\n")
        assert copy.status().split(",")[0] in ("tested", "not run"), f"{path}: {copy.status()}"
    copy.results()
    copy.write("tests/unit/tune.c", copy.read("tests/unit/tune.c") + "\n")
    assert copy.status() == "proved, tests not run"
    copy.results()
    copy.write("core/connection/call.c", copy.read("core/connection/call.c") + "\n")  # is no part of the proof of tune.c
    assert copy.status() == "proved, tests not run"


@test
def map_wants_every_function_refined(copy):
    copy.change("core/vtcp.h", "tcb_abs(c) == spec_abort(\\old(tcb_abs(c)))", "\\true")
    copy.refused("nothing in C refines abort", "map")


@test
def map_wants_something_for_every_paragraph(copy):
    copy.change("core/vtcp.h", "s3_10_6_", "status_")
    copy.refused("s3.10.6: neither specification nor clause", "map")


@test
def map_shows_every_paragraph(copy):
    _, said = copy.run("map")
    for n in range(1, 9):
        assert re.search(rf"^3\.10\.{n}(\.\d)? .*\.c:\d+", said, re.M), f"s3.10.{n}:\n{said}"
    assert re.search(r"^3\.10\.4 +close +vtcp_close +core/connection/call\.c:\d+ +s3_10_4_close\.refine$", said, re.M), said


@test
def pages_need_no_network_and_tell_wrong_names(copy):
    code, said = copy.run("report")
    assert code == 0, said
    for name in ("report", "requirements"):
        html = copy.read(f"build/{name}.html")
        assert not re.search(r'\bsrc=|<link|@import|url\(|<iframe', html), name
        for target in re.findall(r'href="#([^"]+)"', html):
            assert f'id="{target}"' in html, f"{name}: no #{target}"
        for path in set(re.findall(r'href="\.\./([^"#]+)', html)):
            assert os.path.exists(copy.path(path)), f"{name}: no {path}"
    assert all(f'id="T{n}"' in copy.read("build/report.html") for n in range(1, 9))
    assert "Not proved in this tree" in copy.read("build/report.html")
    copy.change("spec/theorems.csv", "vtcp_output: T7_armed", "vtcp_output: T7_runs")
    copy.refused("T7: no such clause", "report")


def main():
    print(f"1..{len(TESTS)}")
    failed = 0
    for k, function in enumerate(TESTS, 1):
        with Copy() as copy:
            try:
                function(copy)
                word = "ok"
            except Exception:  # a broken test fails
                word = "not ok"
                print("".join(f"# {l}\n" for l in traceback.format_exc().splitlines()), end="")
        failed += word != "ok"
        print(f"{word} {k} - {function.__name__.replace('_', ' ')}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
