#!/usr/bin/env python3
"""vtcp on a TUN device and the TCP of this Linux kernel, in network namespaces made for it: a table of cases.
interop.py [--sample] [WORD]... runs those whose names have every WORD."""
import dataclasses
import itertools
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import capture  # noqa: E402
import namespace  # noqa: E402
import packets  # noqa: E402
import scenarios  # noqa: E402
import support  # noqa: E402
from namespace import Namespace  # noqa: E402
from one import PORT, VTCP, Run  # noqa: E402
from scenarios import INSIDE, download, echo, exchange, fetch, put, upload  # noqa: E402

WORKERS = 6  # cases at a time: they wait more than they work

# Warnings of tshark that a case brings about by what it does.
FULL = "window specified by the receiver is now completely full"
ZERO = f"{FULL}|Zero Window"
RESET = "Connection reset"
LOST = "Previous segment|ACKed segment that wasn't captured|Out-Of-Order|suspected|retransmission|zero window|Zero Window|"
LOST += f"{FULL}|{RESET}"  # a duplicate that comes late finds no connection


@dataclasses.dataclass
class Case:
    name: str
    scenario: object
    ip: int = 4
    options: tuple = ()  # vtcp's
    sysctls: dict = dataclasses.field(default_factory=dict)
    socket: dict = dataclasses.field(default_factory=dict)  # the kernel's
    size: int = 1_000_000
    explained: str = FULL  # and ZERO where octets go both ways at once: each waits for the other
    sample: bool = False  # part of make check
    shark: bool = True
    see: object = None  # a check of the packets more


# The table

BOTH_WAYS = (echo, exchange, scenarios.curl_posts, scenarios.gateway, scenarios.device_of_somebody_else)


def see_largest(field, size, to=None):
    """The largest text that goes to the port, or from it, has just this size."""
    def check(seen):
        side = "tcp.dstport" if to else "tcp.srcport"
        sizes = [p.number("tcp.len") for p in seen if p[side] == str(PORT)]
        assert max(sizes) == size, f"{field}: {max(sizes)} octets, expected {size}"
    return check


def see_largest_packet(size):
    def check(seen):
        largest = max(int(p["frame.len"]) for p in seen)
        assert largest == size, largest
    return check


def faults(loss=0, duplicate=0, reorder=0, corrupt=0, seed=1):
    given = (("--loss", loss), ("--duplicate", duplicate), ("--reorder", reorder), ("--corrupt", corrupt))
    return ("--seed", seed, "--delay", "2ms", *(word for name, percent in given if percent for word in (name, percent)))


def table():
    bulk = (upload, download, echo, put, fetch, exchange)
    # Slow ones first: they wait beside the others.
    for ip in (4, 6):
        yield Case("keep-alive probes of the kernel", scenarios.keep_alive, ip)
        yield Case("kernel reader that sleeps", scenarios.kernel_reader_that_sleeps, ip, socket={"receive_buffer": 8192}, explained=ZERO)
        yield Case("vtcp reader that sleeps", scenarios.vtcp_reader_that_sleeps, ip, explained=ZERO)
    for (percent, size), scenario in itertools.product(((1, 800_000), (5, 200_000)), bulk):
        yield Case(f"{scenario.__name__}, {percent} % lost", scenario, 4, faults(loss=percent), size=size, explained=LOST)
    for percent, scenario in itertools.product((1, 5), (upload, download)):
        yield Case(f"{scenario.__name__}, {percent} % duplicated", scenario, 6, faults(duplicate=percent), explained=LOST)
        yield Case(f"{scenario.__name__}, {percent} % reordered", scenario, 4, faults(reorder=percent), explained=LOST)
    for ip in (4, 6):
        yield Case("exchange, 5 % lost, duplicated, reordered each", exchange, ip,
                   faults(loss=5, duplicate=5, reorder=5), size=100_000, explained=LOST)
    yield Case("exchange, 2 % corrupted", exchange, 4, faults(corrupt=2), size=300_000, explained=LOST, shark=False)
    for name in ("reno", "cubic", "bbr"):
        for percent, scenario in ((0, upload), (1, upload), (1, fetch)):
            yield Case(f"{scenario.__name__}, kernel with {name}, {percent} % lost", scenario, 4,
                       faults(loss=percent) if percent else (), socket={"congestion": name},
                       size=300_000 if percent else 2_000_000, explained=LOST if percent else FULL)
    for ip, scenario in itertools.product((4, 6), bulk):
        yield Case(f"{scenario.__name__}, no faults", scenario, ip, size=2_000_000, sample=scenario in (echo, exchange))
    yield Case("upload of 20 MB", upload, size=20_000_000, shark=False)
    for ip in (4, 6):
        yield Case("half-close of the kernel", scenarios.half_close_of_the_kernel, ip)
        yield Case("half-close of nc -N", scenarios.half_close_of_netcat, ip)
        yield Case("half-close of vtcp", scenarios.half_close_of_vtcp, ip)
        yield Case("simultaneous close", scenarios.simultaneous_close, ip, sample=True)
        yield Case("simultaneous open", scenarios.simultaneous_open, ip, size=5000)
        yield Case("RST of the kernel", scenarios.reset_by_the_kernel, ip, explained=RESET)
        yield Case("RST of vtcp", scenarios.reset_by_vtcp, ip, explained=RESET)
        yield Case("closed with octets unread", scenarios.closed_with_octets_unread, ip, explained=f"{RESET}|{FULL}")
        yield Case("port refused by the kernel", scenarios.refused_by_the_kernel, ip, explained=RESET, sample=True)
        yield Case("port refused by vtcp", scenarios.refused_by_vtcp, ip, explained=RESET, sample=True)
        yield Case("curl gets from vtcp", scenarios.curl_gets, ip)
        yield Case("curl posts to vtcp", scenarios.curl_posts, ip)
        yield Case("vtcp gets from http.server", scenarios.vtcp_gets_from_http_server, ip)
        yield Case("kernel learns the path MTU", scenarios.kernel_learns_the_path_mtu, ip, explained=LOST)
        yield Case("vtcp learns the path MTU", scenarios.vtcp_learns_the_path_mtu, ip, explained=LOST)
        yield Case("hard ICMP error ends SYN-SENT", packets.hard_error_ends_SYN_SENT, ip, sample=ip == 4)
        yield Case("soft and forged ICMP errors do not", packets.soft_and_forged_errors_do_not, ip, sample=ip == 4)
        yield Case("hard ICMP error ends no open connection", packets.hard_error_ends_no_open_connection, ip)
        yield Case("packet too big is validated", packets.packet_too_big_is_validated, ip)
        yield Case("packet too big, forged", packets.forged_packet_too_big, ip)
        yield Case("packet too big, too small a path MTU", packets.path_mtu_that_is_too_small, ip)
        yield Case("vtcp tun by itself", scenarios.usual_names, ip)
        yield Case("garbage on the device", packets.garbage, ip, shark=False)
        yield Case("nothing for the wrong address", packets.nothing_for_the_wrong_address, ip, shark=False)
        yield Case("device of somebody else", scenarios.device_of_somebody_else, ip)
        for framing in ("rotated", "whole"):
            yield Case(f"gateway, framing {framing}", scenarios.gateway, ip, ("--framing", framing), size=500_000)
    yield Case("device that goes away", scenarios.device_that_goes_away, shark=False)
    yield Case("urgent data", scenarios.urgent, size=50_000)
    yield Case("many connections at once", scenarios.many_connections, size=30_000)
    yield Case("slow kernel reader", scenarios.slow_kernel_reader, size=600_000, socket={"receive_buffer": 16384}, explained=ZERO)
    yield Case("slow vtcp reader", scenarios.slow_vtcp_reader, size=600_000, options=("--window", "32k"), explained=ZERO)
    yield Case("window of 600 octets", upload, options=("--window", 600), size=30_000, explained=ZERO)
    # More than the device's queue of 500 packets holds.
    yield Case("window of 4 MB", exchange, options=("--window", "4M"), size=4_000_000, explained=LOST)
    yield Case("window scale off at vtcp", exchange, options=("--no-window-scale",))
    yield Case("MTU that shrinks", scenarios.mtu_that_shrinks)
    for mss in (88, 536, 1400):
        yield Case(f"MSS of vtcp {mss}", upload, options=("--mss", mss), size=100_000, see=see_largest("MSS", mss, True))
    for mss in (100, 536, 1400):
        yield Case(f"MSS of the kernel {mss}", download, socket={"mss": mss}, size=100_000, see=see_largest("MSS", mss))
    yield Case("MTU 576", echo, options=("--mtu", 576), size=100_000, see=see_largest_packet(576))
    for ip, mtu in ((4, 1280), (6, 1280), (4, 9000), (6, 9000)):
        yield Case(f"MTU {mtu}", echo, ip, ("--mtu", mtu), see=see_largest_packet(mtu))
    yield Case("MTU 65535", echo, options=("--mtu", 65535), see=see_largest_packet(65475 + 40))  # the core's largest MSS
    for name, values in (("tcp_timestamps", (0, 1)), ("tcp_sack", (0, 1)), ("tcp_window_scaling", (0, 1)), ("tcp_ecn", (1,))):
        for value, scenario in itertools.product(values, (echo, exchange)):
            yield Case(f"{scenario.__name__}, kernel's {name} {value}", scenario, sysctls={name: value})
    for timestamps, sack in itertools.product((0, 1), (0, 1)):
        yield Case(f"upload, kernel's tcp_timestamps {timestamps}, tcp_sack {sack}, 1 % lost", upload, 4, faults(loss=1, seed=5),
                   {"tcp_timestamps": timestamps, "tcp_sack": sack}, size=300_000, explained=LOST)


def tcp_count(ns, name):
    """A counter of the kernel's TCP in the namespace."""
    head, values = [x.split() for x in ns.inside(lambda: open("/proc/thread-self/net/snmp").read()).splitlines()
                    if x.startswith("Tcp:")]
    return int(values[head.index(name)])


def sent_again(folder, ns):
    said = "".join(p.stderr() for p in folder.processes)
    return tcp_count(ns, "RetransSegs") > 0 or re.search(r"[1-9]\d* (segments )?sent again", said)


def befell(case, said, ns):
    """The faults that were asked for have been there, both ways."""
    counts = re.findall(r"faults in \d+ datagrams (sent|received): (\d+) lost, (\d+) duplicated, (\d+) reordered, (\d+) corr", said)
    kinds = [k for k, name in enumerate(("--loss", "--duplicate", "--reorder", "--corrupt"), 1) if name in case.options]
    assert not kinds or {c[0] for c in counts} == {"sent", "received"}, said
    for k in kinds:
        assert sum(int(c[k]) for c in counts) > 0, said
    if "--corrupt" in case.options:
        assert re.search(r"[1-9]\d* with a wrong checksum", said), said
        assert tcp_count(ns, "InCsumErrors") > 0, "the kernel saw no wrong checksum"


def test(case):
    def run(folder):
        with Namespace() as ns:
            for name, value in case.sysctls.items():
                ns.set(name, value)
            r = Run(case, folder, ns)
            case.scenario(r)
            befell(case, folder.processes[0].stderr(), ns)
            explained = f"{case.explained}|{ZERO}" if case.scenario in BOTH_WAYS else case.explained
            if case.shark:
                seen = r.packets("tcp.len", "tcp.srcport", "tcp.dstport")
                assert seen, "nothing captured"
                if os.getloadavg()[0] > os.cpu_count():  # readers sleep, and timers run out before anybody had time to answer
                    explained += f"|{LOST}" if sent_again(folder, ns) else f"|{ZERO}"
                found = capture.problems(seen, re.compile(explained), {*VTCP.values(), *INSIDE.values()})
                assert not found, "\n".join(found[:20])
                if case.see:
                    case.see(seen)
    return f"{case.name}, IPv{case.ip}", run


def main(words):
    sample = "--sample" in words
    words = [w for w in words if w != "--sample"]
    reason = namespace.why_not()
    missing = [tool for tool in ("curl", "nc") if shutil.which(tool) is None]
    if reason is None and missing:
        reason = f"{' and '.join(missing)} not installed"
    if reason is not None:
        print(f"1..1\nok 1 - interoperation with the kernel # SKIP {reason}\n0 passed, 0 failed, 1 skipped")
        return 0
    cases = [test(c) for c in table() if c.sample or not sample]
    return support.run_all([c for c in cases if all(w in c[0] for w in words)], WORKERS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
