#!/usr/bin/env python3
"""Test programs write what the core does, the oracle replays it: spec/tcp.mlw, extracted, against every call.

  oracle.py [--steps N]    1,000,000 steps: stored and random fuzz inputs, scenarios, the matrix, lwIP, the soak
  oracle.py --sample       20,000 steps, as one test of make check

The traced programs are those of the tests, linked by the Makefile with record.c; they lie beside the oracle.
"""
import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile

ROOM = os.path.join(os.environ.get("BUILD", "build"), "oracle")
RECORD = 12  # octets in a step of a fuzz input (tests/fuzz/support/records.h)


def corpus(name):
    folder = f"tests/fuzz/corpus/{name}"
    return [os.path.join(folder, x) for x in sorted(os.listdir(folder)) if not x.startswith(".")]


def random_inputs(folder, seed, count):
    source = random.Random(seed)
    paths = [os.path.join(folder, f"random-{seed}-{k}") for k in range(count)]
    for path in paths:
        with open(path, "wb") as f:
            f.write(source.randbytes(RECORD * source.randrange(20, 400)))
    return paths


def programs(folder, sample):
    """Commands without an end: the last one is the soak, with ever another seed."""
    for target in ("connection", "pair"):
        yield [f"fuzz/{target}", *corpus(target)]
        yield [f"fuzz/{target}", *random_inputs(folder, 1, 10 if sample else 300)]
    for story in ("opening", "closing", "failure") + (() if sample else ("transfer",)):
        yield [f"scenario/{story}"]
    if not sample:
        yield ["matrix/rfc9293"]
        yield ["lwip/lwip"]
    seed = 0
    while True:
        seed += 1
        yield ["soak/soak", "--seed", str(seed), "--runs", "50"]


def run_program(command, trace):
    """None, or what went wrong. The oracle may close the pipe: it has seen enough, or too much."""
    path = os.path.join(ROOM, command[0])
    p = subprocess.run([path, *command[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       pass_fds=(trace,), env=dict(os.environ, ORACLE_TRACE=str(trace)))
    if p.returncode in (0, -signal.SIGPIPE):
        return None
    return f"{command[0]}: exit status {p.returncode}\n" + p.stdout.decode(errors="replace")[-2000:]


def replay(steps, commands, dump):
    """(exit status of the oracle, what it said, what went wrong elsewhere)"""
    env = dict(os.environ, OCAMLPROF_DUMP=os.path.abspath(dump))
    read, write = os.pipe()
    oracle = subprocess.Popen([os.path.join(ROOM, "oracle"), "--steps", str(steps)], stdin=read, stdout=subprocess.PIPE,
                              text=True, env=env)
    os.close(read)
    wrong = None
    for command in commands:
        if oracle.poll() is not None:
            break
        wrong = run_program(command, write)
        if wrong:
            break
    os.close(write)
    said, _ = oracle.communicate()
    return oracle.returncode, said, wrong


def coverage(dump):
    """(functions, called, branches, taken, those not taken) of the extracted specification, from OCaml's profiler."""
    source = subprocess.run(["ocamlprof", "-f", os.path.abspath(dump), "tcp__Tcp.ml"], cwd=ROOM, check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    functions, branches, missing, name, first = {}, [], [], None, False
    for line in source.splitlines():
        head = re.match(r"let (\w+) \(", line)
        if head:
            name, first = head.group(1), True
        for count in map(int, re.findall(r"\(\* (\d+) \*\)", line)):
            if first:
                functions[name], first = count, False
            else:
                branches.append(count)
                if count == 0:
                    missing.append(f"{name}: {re.sub(r' +', ' ', line.strip())}")
    called = sum(1 for n in functions.values() if n > 0)
    missing = [f"{f}: never called" for f, n in functions.items() if n == 0] + missing
    return len(functions), called, len(branches), len([n for n in branches if n > 0]), missing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000, help="as many at least (default %(default)s)")
    parser.add_argument("--sample", action="store_true", help="20,000 steps, as one test that speaks TAP")
    options = parser.parse_args()
    if options.steps < 1:
        parser.error("argument --steps: expected a positive number")
    steps = 20_000 if options.sample else options.steps
    dump = os.path.join(ROOM, "sample.dump" if options.sample else "dump")
    if os.path.exists(dump):
        os.remove(dump)
    with tempfile.TemporaryDirectory() as folder:
        status, said, wrong = replay(steps, programs(folder, options.sample), dump)
    last = said.strip().splitlines()[-1] if said.strip() else "the oracle says nothing"
    good = status == 0 and wrong is None and re.fullmatch(r"(\d+) steps, \1 agreed", last) is not None
    if options.sample:
        print("1..1" if good else f"1..1\n{said}{wrong or ''}")
        print(f"{'' if good else 'not '}ok 1 - the extracted specification: {last}")
        return 0 if good else 1
    body = said.rstrip().splitlines()[:-1]
    print("\n".join(body))
    if wrong:
        print(wrong)
    if status == 0:
        functions, called, branches, taken, missing = coverage(dump)
        print(f"spec/tcp.mlw: {functions} functions, {called} called; {branches} branches, {taken} taken")
        for what in missing:
            print("  never:", what)
    print(last)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
