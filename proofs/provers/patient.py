#!/usr/bin/env python3
"""A prover that knows what an earlier run has found about the same task: it does not try again what it did not prove
(another one did), and has all the time there is for what took it long. That saves the gate time and decides nothing:
what is proved, the prover says. It gets only what matters of the task (relevant.py).

usage: patient.py NAME MILLISECONDS MOST FILE.smt2 COMMAND...    in which LIMIT stands for the milliseconds

HINTS   a file with lines `NAME -TASK` (not proved) and `NAME +TASK` (it took long: for this one MOST milliseconds)
LIMIT   milliseconds for what is not known to take long
FOUND   a file to write such lines to; + also of whatever a NAME proves that is not quick (Gate.hints)

It runs once a goal, so it imports little: subprocess alone takes as long as an easy goal."""
import hashlib
import os
import resource
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from relevant import reduced  # pylint: disable=wrong-import-position

LONG = 0.5  # of the time: another machine may be slower


def run(command, seconds):
    """Returns what the command printed, its exit status (negative: killed) and its processor time."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    os.close(writing)
    with open(reading, "rb") as f:
        out = f.read()
    _, status, used = os.wait4(child, 0)
    return out, os.waitstatus_to_exitcode(status), used.ru_utime


def main():
    name, limit, most, path, *command = sys.argv[1:]
    hints, found = os.environ.get("HINTS"), os.environ.get("FOUND")
    limit = min(int(limit), int(most), int(os.environ.get("LIMIT", most)))
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
    with open(path, "w", encoding="utf-8") as f:
        f.write(reduced(name, text))
    command = ["setpriv", "--pdeathsig", "KILL", *(word.replace("LIMIT", str(limit)) for word in command), path]
    out, status, used = run(command, limit // 1000 + 1)  # CVC4 does not look at its limit while it simplifies
    if b"unsat" not in out.splitlines():
        note("-" + task)
    elif 1000 * used > long:
        note("+" + task)
    sys.stdout.buffer.write(out if status >= 0 else b"unknown\n")
    sys.exit(max(status, 0))


if __name__ == "__main__":
    main()
