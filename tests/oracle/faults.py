#!/usr/bin/env python3
"""A core with one small fault: the oracle must refuse what it does, and name the call. Speaks TAP."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle  # noqa: E402

BUILD = os.environ.get("BUILD", "build")
CC = os.environ.get("CC", "cc").split()
SOAK, FUZZ = ["soak/soak", "--seed", "7", "--runs", "60"], ["fuzz/connection"]
# (what is wrong, file, what stands there, what stands there instead, call that the oracle refuses)
FAULTS = (
    ("none", "connection/event", "", "", None),
    ("an acknowledgment of SND.NXT is out of range", "connection/arrive", "<= g.ack && g.ack <= c->snd_nxt;",
     "<= g.ack && g.ack < c->snd_nxt;", "input"),
    ("an older window is taken", "connection/arrive_ack", "c->snd_wl2 <= g.ack)", "c->snd_wl2 < g.ack)", "input"),
    ("the window of a SYN is scaled", "connection/arrival", "g.syn ? s->wnd :", "false ? s->wnd :", "input"),
    ("a window scale is not undone", "connection/emit", "c->rcv_factor);\n  s.urg", "1);\n  s.urg", "output"),
    ("FIN is never sent", "connection/emit", "(fin ? VTCP_FIN : 0)", "(fin ? 0 : 0)", "output"),
    ("CLOSE goes to FIN-WAIT-1 always", "connection/tcb", "VTCP_ESTABLISHED ? VTCP_FIN_WAIT_1 : VTCP_LAST_ACK",
     "VTCP_ESTABLISHED ? VTCP_FIN_WAIT_1 : VTCP_FIN_WAIT_1", "close"),
    ("RCV.NXT stays before the FIN", "connection/arrive_data", "c->rcv_nxt++;", "", "input"),
    ("TIME-WAIT lasts one MSL", "connection/arrive_data", "now + 2 * c->msl", "now + c->msl", "input"),
    ("RST anywhere in the window resets", "connection/arrive_check", "if (g.seq != c->rcv_nxt)", "if (false)", "input"),
    ("one more challenge than allowed", "policy/challenge", "ch->count >= VTCP_CHALLENGE_MAX",
     "ch->count > VTCP_CHALLENGE_MAX", "input"),
    ("a text that overlaps is stored from its first octet", "connection/arrive_data", "g.text + (lo - first)", "g.text",
     "(receive|peek)"),
    ("text that overlaps is counted twice", "stream/reassembly", "s.hi = h > s.hi ? h : s.hi;", "s.hi = s.hi;",
     "input"),
    ("a segment larger than the peer takes", "connection/arrival", "if (mss > c->mss) mss = c->mss;", "", "input"),
    ("one octet too many leaves the send queue", "connection/arrive_ack", "(uint32_t)(to - c->snd.base));",
     "(uint32_t)(to - c->snd.base) + (c->snd.len > to - c->snd.base));", "input"),
    ("the urgent pointer is one less", "connection/emit", "ahead < 65535 ? (uint16_t)ahead",
     "ahead < 65535 ? (uint16_t)(ahead - 1)",
     "output"),
    ("sequence numbers lose their highest bit", "wire/seq", "return (uint32_t)((offset + isn) % SEQ_MOD);",
     "return (uint32_t)((offset + isn) % (SEQ_MOD / 2));", "(output|status)"),
    ("an event is told twice", "connection/event", "c->ev_fin = c->ev_fin && e != VTCP_EVENT_FIN;", "", "event"),
    ("ABORT sends no RST", "connection/call", "    vtcp_tcb_rst_to_peer(c);\n", "", "abort"),
    ("the deadline forgets the user timeout", "connection/timeout", "if (c->user_at < t) t = c->user_at;", "",
     "deadline"),
    ("TIME-WAIT never ends", "connection/timeout", "c->state == VTCP_TIME_WAIT && c->wait_at <= now", "false",
     "timeout"),
    ("CLOSE in SYN-RECEIVED is forgotten", "connection/call", "c->close_wanted = true;", "c->close_wanted = false;",
     "close"),
    ("RECEIVE in CLOSED", "connection/call", "c->outcome == VTCP_OUTCOME_ABORTED || c->rcv_nxt != c->rcv.nxt + 1",
     "false", "receive"),
)


def make(folder, source, program):
    """The traced program with this object in the place of the core's."""
    stem = os.path.join(folder, "fault")
    flags = ["-std=c11", "-O1", "-Icore"]
    subprocess.run([*CC, *flags, "-w", "-c", source, "-o", stem + ".o"], check=True)
    recorded = re.search(r"^RECORDED := ((?:.*\\\n)*.*)$", open("Makefile").read(), re.M).group(1)
    wraps = recorded.replace("\\\n", " ").split()
    path = os.path.join(folder, program)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    subprocess.run([*CC, *(f"-Wl,--wrap=vtcp_{w}" for w in wraps), f"{BUILD}/tests/{program}.o",
                    f"{BUILD}/tests/oracle/record.o", stem + ".o", f"{BUILD}/libsupport.a", f"{BUILD}/libharness.a",
                    f"{BUILD}/libvtcp.a", "-lsodium",
                    "-lpcap", "-lcmocka", "-o", path], check=True)
    return path


def verdict(fault):
    """None, or what is wrong with the oracle."""
    _, stem, right, wrong, call = fault
    source = open(f"core/{stem}.c").read()
    if right and source.count(right) != 1:
        return f"core/{stem}.c has {right!r} {source.count(right)} times"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fault.c")
        with open(path, "w") as f:
            f.write(source.replace(right, wrong) if right else source)
        commands = []
        for command in (SOAK, FUZZ):
            make(folder, path, command[0])
            inputs = oracle.corpus("connection") if command is FUZZ else []
            commands.append([os.path.join(folder, command[0]), *command[1:], *inputs])
        status, said, _ = oracle.replay(10**9, commands, os.path.join(folder, "dump"))
    if call is None:
        return None if status == 0 else said
    refused = re.search(r"^refused: vtcp_(\w+) after step \d+: (.*)$", said, re.M)
    if status == 1 and refused and re.fullmatch(call, refused.group(1)):
        return None
    return f"exit status {status}, expected 'refused: vtcp_{call}'\n{said[-3000:]}"


def main():
    print(f"1..{len(FAULTS)}", flush=True)
    failed = 0
    for k, fault in enumerate(FAULTS, 1):
        found = verdict(fault)
        failed += found is not None
        if found:
            print(found)
        print(f"{'not ' if found else ''}ok {k} - {fault[0]}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
