#!/usr/bin/env python3
"""Liveness with Spin, on the model that spec/liveness generates from spec/tcp.mlw.

  spin.py             every start, every property; the last line has the totals
  spin.py START ...   some starts
  spin.py --broken    as a test of make check (TAP): a small start holds, broken models are refuted
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

GENERATE = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "liveness", "generate"))
SPEC = os.path.abspath("spec")
CC = ["tcc"]  # the verifiers are large and run for a second: what counts is how long the compiler takes
FLAGS = ["-w", "-DNOREDUCE", "-DMEMLIM=1800"]
# what; options of spin, the compiler and the verifier; and what the verifier must say that it looked for
PROPERTIES = (
    ("every end has both done and nothing on the way", [], [], ["-q"], r"invalid end states\s+\+"),
    ("both are ESTABLISHED", ["-DCLAIMS"], [], ["-a", "-N", "established"], r"never claim\s+\+ \(established\)"),
    ("all is delivered, both are done", ["-DCLAIMS"], [], ["-a", "-N", "ended"], r"never claim\s+\+ \(ended\)"),
    ("no exchange without an end", [], ["-DNP"], ["-l"], r"non-progress cycles\s+\+"),
)


class Failed(Exception):
    pass


def run(command, folder):
    p = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if p.returncode != 0:
        raise Failed(f"{' '.join(command)}: exit status {p.returncode}\n{p.stdout[-2000:]}")
    return p.stdout


def generator(folder, right, wrong):
    """The generator for a specification in which something stands instead of what is right."""
    source = open(os.path.join(SPEC, "tcp.mlw")).read()
    if source.count(right) != 1:
        raise Failed(f"spec/tcp.mlw has {right!r} {source.count(right)} times")
    with open(os.path.join(folder, "tcp.mlw"), "w") as f:
        f.write(source.replace(right, wrong))
    shutil.copy(os.path.join(SPEC, "sequence.mlw"), folder)
    run(["why3", "extract", "-D", "ocaml64", "--modular", "--recursive", "-L", ".", "tcp.Tcp", "-o", "."], folder)
    parts = ["endpoint.ml", "explore.ml", "generate.ml"]
    for name in parts:
        shutil.copy(os.path.join(SPEC, "liveness", name), folder)
    run(["ocamlopt", "-I", "+zarith", "zarith.cmxa", "sequence__Sequence.ml", "tcp__Tcp.ml", *parts,
         "-o", "generate"], folder)
    return os.path.join(folder, "generate")


def model(folder, start, *broken, generate=GENERATE):
    """Writes model.pml; its first line has its size."""
    if not os.path.exists(os.path.join(folder, "spec")):
        os.symlink(SPEC, os.path.join(folder, "spec"))
    text = run([generate, start, *broken], folder)
    with open(os.path.join(folder, "model.pml"), "w") as f:
        f.write(text)
    return text.splitlines()[0].strip("/* ")


def verify(folder, prop):
    """(states, errors) of one property; anything but a complete search for it is an exception."""
    what, model_flags, compiler_flags, options, looked_for = prop
    name = "pan" + "".join(model_flags + compiler_flags)
    if not os.path.exists(os.path.join(folder, name)):
        run(["spin", *model_flags, "-a", "model.pml"], folder)
        run([*CC, *FLAGS, *compiler_flags, "-o", name, "pan.c"], folder)
    said = run([os.path.join(folder, name), *options, "-m1000000"], folder)
    errors, states = re.search(r"errors: (\d+)", said), re.search(r"(\d+) states, stored", said)
    cut_off = re.search("depth too small|out of memory|not completed", said)
    if errors is None or states is None or (cut_off and errors.group(1) == "0"):
        raise Failed(f"{what}: the search is not complete\n{said[-2000:]}")
    if not re.search(looked_for, said):
        raise Failed(f"{what}: Spin looked for something else\n{said[-2000:]}")
    return int(states.group(1)), int(errors.group(1))


def counterexample(folder):
    said = subprocess.run(["spin", "-t", "-p", "model.pml"], cwd=folder, stdout=subprocess.PIPE, text=True).stdout
    return "\n".join(said.splitlines()[-60:])


def every(starts):
    began, holds, total = time.time(), 0, 0
    for k, start in enumerate(starts, 1):
        with tempfile.TemporaryDirectory() as folder:
            print(f"[{k}/{len(starts)}] {model(folder, start)}", flush=True)
            for prop in PROPERTIES:
                what, (states, errors) = prop[0], verify(folder, prop)
                total += 1
                holds += errors == 0
                print(f"  {what}: {states} states, {'holds' if errors == 0 else 'REFUTED'}", flush=True)
                if errors:
                    print(counterexample(folder))
    print(f"{time.time() - began:.0f} s")
    print(f"{total} properties, {holds} hold")
    return 0 if holds == total else 1


# (start, what is broken, option of the generator, number of the property that must be refuted)
BROKEN = (
    ("quiet", "nothing is sent again", "--without-retransmission", 0),
    ("quiet", "nothing is sent again", "--without-retransmission", 2),
    ("quiet", "every segment is answered", "--storm", 3),
)
# (what is broken in spec/tcp.mlw, what stands there, what instead, number of the property)
BROKEN_SPEC = (
    ("a repeated text is not answered", "if (0 < g.seg_txt || g.seg_fin) && not g.seg_syn then ack_owed a",
     "if (0 < g.seg_txt || g.seg_fin) && not g.seg_syn then a", 3),
    ("an acknowledgment of SND.NXT is out of range", "a.snd_una - a.snd_wnd_max <= g.seg_ack <= a.snd_nxt",
     "a.snd_una - a.snd_wnd_max <= g.seg_ack < a.snd_nxt", 2),
)


def broken():
    print(f"1..{len(PROPERTIES) + len(BROKEN) + 1 + len(BROKEN_SPEC)}")
    failed = number = 0

    def say(good, text):
        nonlocal failed, number
        number += 1
        failed += not good
        print(f"{'' if good else 'not '}ok {number} - {text}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        model(folder, "quiet")
        for prop in PROPERTIES:
            say(verify(folder, prop)[1] == 0, f"quiet: {prop[0]}")
    for start, what, option, k in BROKEN:
        with tempfile.TemporaryDirectory() as folder:
            model(folder, start, option)
            say(verify(folder, PROPERTIES[k])[1] > 0, f"{start}, when {what}: refuted is \"{PROPERTIES[k][0]}\"")
    with tempfile.TemporaryDirectory() as folder:
        model(folder, "both-close")
        endless = PROPERTIES[3]
        say(verify(folder, (endless[0], ["-DBUDGET=256"], *endless[2:]))[1] > 0,
            f"both-close, without the budget of RFC 5961: refuted is \"{endless[0]}\"")
    for what, right, wrong, k in BROKEN_SPEC:
        with tempfile.TemporaryDirectory() as folder:
            model(folder, "quiet", generate=generator(folder, right, wrong))
            say(verify(folder, PROPERTIES[k])[1] > 0, f"quiet, when {what}: refuted is \"{PROPERTIES[k][0]}\"")
    return 1 if failed else 0


def main(words):
    known = run([GENERATE, "--list"], ".").split()
    if words == ["--broken"]:
        return broken()
    for w in words:
        if w not in known:
            print(f"spin.py: no start {w!r}; there are: {' '.join(known)}", file=sys.stderr)
            return 2
    return every(words or known)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as e:
        print(f"not ok - {e}")
        sys.exit(1)
