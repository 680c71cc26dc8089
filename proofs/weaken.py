#!/usr/bin/env python3
"""Weakens each guard of the model (spec/system/model.mlw) in turn, and tells whether the proof notices: with a weaker guard
some goal of that step must stay open. `make weaken` runs it.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

import tower

# `s.ack <= x.nxt` in g_ack is not here: no segment of the network acknowledges what was never sent (seg_ok).
# What is weakened: the step whose goals are proved again, the text, and what stands there instead.
CASES = [
    ("established on the SYN: two messages", "syn_listen",
     "{ x with st = SynRcvd; own = isn;", "{ x with st = Estab; own = isn;"),
    ("third message anywhere in the window", "ack_synrcvd", "/\\ (s.seq = x.rnxt \\/ s.seq = x.peer)", "/\\ s.seq >= x.peer"),
    ("third message without an ACK of our SYN", "ack_synrcvd",
     "x.st = SynRcvd /\\ y.out s /\\ s.ackf /\\ x.una < s.ack <= x.nxt", "x.st = SynRcvd /\\ y.out s /\\ s.ackf"),
    ("SYN-ACK that acknowledges anything", "synack", "is_syn s /\\ s.ackf /\\ x.una < s.ack <= x.nxt", "is_syn s /\\ s.ackf"),
    ("an ISN inside what was sent before (active)", "active_open",
     "(x.st = Closed \\/ x.st = Listen) /\\ isn > x.top", "(x.st = Closed \\/ x.st = Listen) /\\ isn >= x.own"),
    ("an ISN without a gap before it (active)", "active_open",
     "(x.st = Closed \\/ x.st = Listen) /\\ isn > x.top", "(x.st = Closed \\/ x.st = Listen) /\\ isn >= x.top"),
    ("the ISN of the last incarnation again (passive)", "syn_listen",
     "is_syn s /\\ not s.ackf /\\ isn > x.top", "is_syn s /\\ not s.ackf /\\ (isn > x.top \\/ isn = x.own)"),
    ("FIN-WAIT-2 on any ACK", "ack", "if x.shut /\\ s.ack = x.top then", "if x.shut then"),
    ("text that the segment does not carry", "text", "(x.rnxt <= i /\\ s.seq <= i < s.lim /\\ r i = s.cell i)", "x.rnxt <= i"),
    ("delivery over a gap", "advance", "x.rnxt < n /\\ forall i. x.rnxt <= i < n -> x.rcvd i <> Blank", "x.rnxt < n"),
    ("text sent that was never queued", "send", "x.una <= s.seq <= x.nxt /\\ s.lim <= x.top", "x.una <= s.seq <= x.nxt"),
    ("acknowledging more than was received", "send", "s.ack = x.rnxt else", "s.ack >= x.rnxt else"),
    ("SEND after CLOSE", "write", "predicate g_write (x: ep) = x.st = Estab", "predicate g_write (x: ep) = estab x \\/ x.st = Estab"),
    ("CLOSE twice", "close", "predicate g_close (x: ep) = x.st = Estab", "predicate g_close (x: ep) = estab x \\/ x.st = Estab"),
    ("CLOSED from FIN-WAIT-2 as if TIME-WAIT had passed", "tw_expire", "predicate g_tw_expire (x: ep) = x.st = TimeW",
     "predicate g_tw_expire (x: ep) = estab x"),
    ("a RST for an acceptable ACK of the handshake", "rst_reply", " /\\ not (x.una < s.ack <= x.nxt)))", "))"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many provers at a time")
    parser.add_argument("--limit", type=int, default=5, help="seconds a goal")
    args = parser.parse_args()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    with open("spec/system/model.mlw", encoding="utf-8") as f:
        model = f.read()
    for what, _, old, _ in CASES:
        if model.count(old) != 1:
            sys.exit(f"weaken.py: {what}: the text to weaken occurs {model.count(old)} times in model.mlw")
    directory, results = tempfile.mkdtemp(prefix="vtcp-weaken-"), {}
    try:
        tower.configure(directory)
        progress = tower.Progress(len(CASES))

        def one(number):
            what, step, old, new = CASES[number]
            place = os.path.join(directory, str(number))
            shutil.copytree("spec/system", os.path.join(place, "spec/system"))
            with open(os.path.join(place, "spec/system/model.mlw"), "w", encoding="utf-8") as f:
                f.write(model.replace(old, new))
            job = tower.Job("spec/system/instance.mlw", "Kept", step, tower.HOW["Kept"])

            def run(command):
                p = subprocess.run(command, cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
                return p.returncode, p.stdout
            job.provers = ["z3"]
            job.prove(1, args.limit, run)
            results[number] = job
            progress.step(what)
        tower.in_parallel(args.jobs, [lambda n=n: one(n) for n in range(len(CASES))])
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    noticed = 0
    print()
    for number, (what, step, _, _) in enumerate(CASES):
        job = results[number]
        if job.problem:
            sys.exit(f"weaken.py: {what}: {job.problem}")
        open_goals = sum(1 for by in job.results.values() if not by)
        noticed += open_goals > 0
        print(f"{'noticed' if open_goals else 'MISSED '}  {step:<12} {open_goals:>3} of {len(job.results):>3} goals open  {what}")
    print(f"{len(CASES)} guards weakened, {noticed} noticed")
    sys.exit(0 if noticed == len(CASES) else 1)


if __name__ == "__main__":
    main()
