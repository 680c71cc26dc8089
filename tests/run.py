#!/usr/bin/env python3
"""Runs test programs and scripts that speak TAP (or end in a line of sums), and adds up: the last line is `N passed, N failed, N skipped`."""
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "proofs"))
from digests import of_tests  # noqa: E402

RESULTS = os.environ.get("TEST_RESULTS")  # a file for every test's name and what became of it
LIMIT = float(os.environ.get("TEST_TIMEOUT", "900"))
LINE = re.compile(r"^(not ok|ok)\b\s*\d*\s*(?:- )?(.*)$")
# cmocka writes "not ok 3 # SKIP name"; TAP's own form is "ok 3 name # SKIP why"
SKIP = re.compile(r"# SKIP\b:?\s*(.*)$", re.I)
NOTE = re.compile(r"^# note: (.*)$", re.M)  # what a reader of the sums should know
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
PLAN = re.compile(r"^1\.\.(\d+)")


class Result:
    def __init__(self):
        self.passed, self.failed, self.skipped, self.planned, self.tests = 0, [], [], 0, {}

    def note(self, name, what):
        """Of tests with the same name the worst counts."""
        worst = ("passed", "skipped", "failed")
        self.tests[name] = max(what, self.tests.get(name, what), key=worst.index)

    def read(self, text):
        for line in text.splitlines():
            plan, m = PLAN.match(line), LINE.match(line)
            if plan:
                self.planned += int(plan.group(1))
            elif m and SKIP.search(m.group(2)):
                self.skipped.append(m.group(2).replace("# SKIP", "").strip())
                self.note(SKIP.sub("", m.group(2)).strip() or SKIP.search(m.group(2)).group(1), "skipped")
            elif m and m.group(1) == "ok":
                self.passed += 1
                self.note(m.group(2).strip(), "passed")
            elif m:
                self.failed.append(m.group(2).strip())
                self.note(m.group(2).strip(), "failed")

        total = SUMMARY.findall(text)
        if total and not self.seen():  # a program with sums of its own, as the soak
            passed, failed, skipped = map(int, total[-1])
            self.passed = passed
            self.failed = [f"{failed} of {passed + failed}"] * failed
            self.skipped = [f"{skipped} left out"] * skipped

    def seen(self):
        return self.passed + len(self.failed) + len(self.skipped)


def run(path):
    result = Result()
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    command = ["python3", path] if path.endswith(".py") else ["bash", path] if path.endswith(".sh") else ["./" + path]
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, errors="replace", env=env, start_new_session=True)
    try:
        out, _ = p.communicate(timeout=LIMIT)
        result.read(out)
        if result.planned > result.seen():
            result.failed.append(f"{result.planned - result.seen()} planned tests never ran, exit status {p.returncode}")
        elif p.returncode != 0 and not result.failed:
            result.failed.append(f"exit status {p.returncode}")
        elif result.seen() == 0:
            result.failed.append("no test in it")
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        out, _ = p.communicate()
        result.read(out)
        result.failed.append(f"no end within {LIMIT:.0f} s")
    return result, out


def store(results):
    """Adds these results to the file; those of programs that did not run now stay."""
    known = {}
    if os.path.exists(RESULTS):
        with open(RESULTS, encoding="utf-8") as f:
            known = json.load(f)
    os.makedirs(os.path.dirname(RESULTS) or ".", exist_ok=True)
    with open(RESULTS, "w", encoding="utf-8") as f:
        json.dump({**known, **results}, f, indent=1, sort_keys=True)
        f.write("\n")


def main(paths):
    made_from, results = RESULTS and of_tests(), {}
    tty, start = sys.stdout.isatty(), time.time()
    passed, failed, skipped, notes = 0, [], [], []
    for k, path in enumerate(paths):
        name = path.replace("build/sanitize/", "").replace("build/", "")
        if tty:
            width = 30 * k // len(paths)
            print(f"\r\033[K[{'#' * width}{'.' * (30 - width)}] {k}/{len(paths)} {name}", end="", flush=True)
        began = time.time()
        result, out = run(path)
        passed += result.passed
        results[name] = {"made_from": made_from, "passed": result.passed, "failed": len(result.failed),
                         "skipped": len(result.skipped), "tests": result.tests}
        notes += [f"{name}: {x}" for x in NOTE.findall(out)]
        failed += [f"{name}: {x}" for x in result.failed]
        skipped += [f"{name}: {x}" for x in result.skipped]
        extra = f", {len(result.skipped)} skipped" if result.skipped else ""
        print(f"{chr(13) + chr(27) + '[K' if tty else ''}[{k + 1}/{len(paths)}] {name}: {result.passed} passed, "
              f"{len(result.failed)} failed{extra} ({time.time() - began:.1f} s)", flush=True)
        if result.failed:
            print(out[-20000:], flush=True)
    if RESULTS:
        store(results)
    for x in notes:
        print("note:", x)
    for x in dict.fromkeys(skipped):
        print("skipped:", x)
    for x in dict.fromkeys(failed):
        print("failed:", x)
    print(f"{time.time() - start:.0f} s")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
