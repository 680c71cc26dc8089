#!/usr/bin/env python3
"""A prover that knows what an earlier run has found about the same task: it does not try again what it did not prove
(another one did), and has all the time there is for what took it long. That saves the gate time and decides nothing:
what is proved, the prover says.

usage: patient.py NAME MILLISECONDS MOST FILE.smt2 COMMAND...    in which LIMIT stands for the milliseconds

HINTS   a file with lines `NAME -TASK` (not proved) and `NAME +TASK` (it took long: for this one MOST milliseconds)
FOUND   a file to write such lines to; + also of whatever a NAME proves that is not quick (Gate.hints)"""
import hashlib
import os
import re
import resource
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from opaque import opaque  # pylint: disable=wrong-import-position

LONG = 0.5  # of the time: another machine may be slower


def main():
    name, limit, most, path, *command = sys.argv[1:]
    limit, hints, found = min(int(limit), int(most)), os.environ.get("HINTS"), os.environ.get("FOUND")
    long = LONG * limit if name.startswith("quick-") else 0

    def note(task):
        if found:
            with open(found, "a", encoding="ascii") as f:
                f.write(f"{name} {task}\n")

    with open(path, encoding="utf-8") as f:
        text = f.read()
    task = hashlib.sha256(text.encode()).hexdigest()[:12]
    if hints:
        with open(hints, encoding="ascii") as f:
            known = set(f.read().split("\n"))
        if f"{name} -{task}" in known:
            note("-" + task)
            print("unknown")
            return
        if f"{name} +{task}" in known:
            limit = int(most)
    if name.endswith("cvc4o"):
        with open(path, "w", encoding="utf-8") as f:
            f.write(opaque(text))
    command = ["setpriv", "--pdeathsig", "KILL", *(word.replace("LIMIT", str(limit)) for word in command), path]
    seconds = limit // 1000 + 1  # CVC4 does not look at its limit while it simplifies
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds)))
    if not re.search(rb"^unsat\b", done.stdout, re.M):
        note("-" + task)
    elif 1000 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime > long:
        note("+" + task)
    sys.stdout.buffer.write(done.stdout if done.returncode >= 0 else b"unknown\n")
    sys.exit(max(done.returncode, 0))


if __name__ == "__main__":
    main()
