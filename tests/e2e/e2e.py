#!/usr/bin/env python3
"""Real UDP sockets on the loopback addresses, end to end. e2e.py [WORD]... runs the tests whose names have every WORD."""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import xml.dom.minidom

import support
from support import LOOPBACK, Skip

FAST = ["--msl", "100ms", "--rto-min", "20ms"]
# With losses TIME-WAIT must outlast some retransmissions of the FIN, or the server is left in LAST-ACK.
LOSSY = ["--msl", "3s", "--rto-min", "20ms"]
TESTS = []


def test(function):
    TESTS.append((function.__name__.replace("_", " "), function))
    return function


# Transfers


def transfer(t, ip, options, size, server_options=(), client_options=()):
    """One file from a client to a server; returns what both said."""
    data = os.urandom(size)
    sent = t.file("sent", data)
    server = t.start("serve", *options, *server_options, "--count", 1, "--out", t / "received", LOOPBACK[ip], 0)
    client = t.start("connect", *options, *client_options, "--in", sent, LOOPBACK[ip], server.port())
    said = client.end() + server.end()
    received = t.read("received")
    assert received == data, f"{len(received)} octets received differ from {size} sent\n{client}\n{server}"
    return said


SEVERE = ["--rto-min", "10ms", "--msl", "3s", "--user-timeout", "160s", "--mss", 1000, "--delay", "1ms"]


def faulty(percents, ip, framing, size):
    """percents: of loss, duplication, reordering, corruption, each way."""
    kinds = ("loss", "duplicate", "reorder", "corrupt")

    def run(t):
        options = [*SEVERE, "--framing", framing, *(["--checksum"] if framing == "whole" else [])]
        for kind, percent in zip(kinds, percents):
            options += [f"--{kind}", f"{percent}%"]
        said = transfer(t, ip, options, size, ["--seed", 1], ["--seed", 2])
        counts = re.findall(r"faults in \d+ datagrams: (\d+) lost, (\d+) duplicated, (\d+) reordered, (\d+) corr", said)
        assert len(counts) == 2, said
        for k, percent in enumerate(percents):
            assert (sum(int(c[k]) for c in counts) > 0) == (percent > 0), f"{kinds[k]}\n{said}"
        assert ("with a wrong checksum" in said) == (framing == "whole" and percents[3] > 0), said
    return run


# The slow ones first, so that they run beside all others.
for percents, size, name in (((30, 30, 30, 0), 20_000, "30 % loss, duplication, reordering"),
                             ((0, 0, 0, 30), 20_000, "30 % corruption"),
                             ((10, 10, 10, 10), 100_000, "10 % of each fault"),
                             ((1, 1, 1, 1), 1_000_000, "1 % of each fault")):
    for ip in (4, 6):
        for framing in ("rotated", "whole"):
            TESTS.append((f"{name}, IPv{ip}, framing {framing}", faulty(percents, ip, framing, size)))


@test
def file_of_20_MB_without_faults(t):
    transfer(t, 4, FAST, 20_000_000)


@test
def empty_file(t):
    transfer(t, 4, FAST, 0)


@test
def framing_whole_without_checksums(t):
    transfer(t, 4, [*LOSSY, "--framing", "whole", "--loss", 2, "--corrupt", 2, "--seed", 7], 300_000)


@test
def tiny_windows(t):
    transfer(t, 4, [*FAST, "--window", 100, "--mss", 100], 3_000)


@test
def large_segments(t):
    transfer(t, 4, [*FAST, "--mss", 65475, "--window", "1M"], 3_000_000)


@test
def echo_brings_everything_back(t):
    data = os.urandom(500_000)
    server = t.start("serve", *LOSSY, "--echo", "--count", 1, "--loss", 2, 0)
    t.run("connect", *LOSSY, "--loss", 2, "--in", t.file("sent", data), "--out", t / "back", "127.0.0.1", server.port())
    server.end()
    assert t.read("back") == data


@test
def standard_input_and_output(t):
    a, b = os.urandom(100_000), os.urandom(70_000)
    with open(t.file("a", a)) as ina, open(t.file("b", b)) as inb, open(t / "ao", "w") as outa, open(t / "bo", "w") as outb:
        server = t.start("serve", *FAST, 0, stdin=ina, stdout=outa)
        t.run("connect", *FAST, "127.0.0.1", server.port(), stdin=inb, stdout=outb)
        server.end()
    assert t.read("ao") == b and t.read("bo") == a


@test
def many_connections_at_once(t):
    many = 30
    os.mkdir(t / "out")
    files = [os.urandom(20_000 + 997 * k) for k in range(many)]
    server = t.start("serve", *LOSSY, "--loss", 1, "--out-dir", t / "out", "--count", many, 0)
    port = server.port()
    clients = [t.start("connect", *LOSSY, "--loss", 1, "--in", t.file(f"in{k}", files[k]), "127.0.0.1", port)
               for k in range(many)]
    for c in clients:
        c.end()
    server.end()
    assert sorted(files) == sorted(t.read(f"out/{k + 1}") for k in range(many))


@test
def all_addresses(t):
    """A server on every address answers from the one that was asked."""
    server = t.start("serve", *FAST, "--echo", "--count", 1, "0.0.0.0", 0)
    with open(t.file("in", b"hello")) as source, open(t / "out", "w") as sink:
        t.run("connect", *FAST, "127.0.0.2", server.port(), stdin=source, stdout=sink)
    server.end()
    assert t.read("out") == b"hello"


# Opening, closing, failing


@test
def half_close(t):
    """The client closes at once and still receives everything."""
    data = os.urandom(400_000)
    server = t.start("serve", *FAST, "--in", t.file("big", data), "--count", 1, 0)
    said = t.run("connect", *FAST, "--verbose", "--in", "/dev/null", "--out", t / "got", "127.0.0.1", server.port())
    server.end()
    assert t.read("got") == data
    assert said.index("FIN-WAIT-2") < said.index("TIME-WAIT"), said


def status_of(process):
    """What SIGUSR1 makes a vtcp say: {state: (connections, longest seconds)}."""
    before = process.stderr().count("status: connections:")
    process.process.send_signal(signal.SIGUSR1)
    end = time.time() + 10
    while time.time() < end:
        blocks = process.stderr().split("status: connections: ")[1:]
        lines = re.findall(r"status: ([A-Z0-9-]+): (\d+), the longest for ([0-9.]+) s\n", blocks[-1]) if blocks else []
        found = {state: (int(n), float(s)) for state, n, s in lines}
        if len(blocks) > before and sum(n for n, _ in found.values()) == int(blocks[-1].split()[0]):
            return found
        time.sleep(0.01)
    raise AssertionError(f"no answer to SIGUSR1 from {process}")


@test
def status_shows_the_states_and_for_how_long(t):
    """S20: an application that never closes leaves its connections in CLOSE-WAIT."""
    os.mkfifo(t / "never")
    never = os.open(t / "never", os.O_RDWR)  # its readers get no end of file
    os.mkdir(t / "out")
    server = t.start("serve", "--msl", "1s", "--in", t / "never", "--out-dir", t / "out", 0)
    port = server.port()
    assert status_of(server) == {}
    clients = [t.start("connect", *FAST, "127.0.0.1", port) for _ in range(3)]
    clients.append(t.start("connect", *FAST, "--quiet", "127.0.0.1", port, stdin=subprocess.PIPE))
    end = time.time() + 10
    while (seen := status_of(server)).get("CLOSE-WAIT", (0,))[0] < 3 or "ESTABLISHED" not in seen:
        assert time.time() < end, f"{seen} {server}"
        time.sleep(0.05)
    assert {state: n for state, (n, _) in seen.items()} == {"CLOSE-WAIT": 3, "ESTABLISHED": 1}, seen
    time.sleep(1.5)
    later = status_of(server)
    for state in seen:
        assert later[state][0] == seen[state][0] and 1.5 <= later[state][1] - seen[state][1] < 5, f"{seen} {later}"
    assert status_of(clients[0])["FIN-WAIT-2"][0] == 1
    assert status_of(clients[3])["ESTABLISHED"][0] == 1
    os.close(never)  # nobody writes to the FIFO any more: the server closes
    for c in clients[:3]:
        c.end(seconds=20)
    clients[3].process.stdin.close()
    clients[3].end(seconds=20)
    assert status_of(server)["TIME-WAIT"][0] == 1  # to the fourth it has closed first
    while status_of(server):
        assert time.time() < end + 10, server
        time.sleep(0.1)
    server.process.send_signal(signal.SIGTERM)
    server.end(status=130, seconds=5)


@test
def time_wait_lasts_twice_the_segment_lifetime(t):
    server = t.start("serve", "--msl", "800ms", "--count", 1, 0)
    began = time.time()
    t.run("connect", "--msl", "800ms", "127.0.0.1", server.port())
    assert 1.6 <= time.time() - began < 5


@test
def refused_by_a_server_that_has_its_one_connection(t):
    server = t.start("serve", *FAST, 0, stdin=subprocess.PIPE)
    port = server.port()
    first = t.start("connect", *FAST, "127.0.0.1", port, stdin=subprocess.PIPE)
    server.wait_for("connected")
    began = time.time()
    assert "refused" in t.run("connect", *FAST, "127.0.0.1", port, status=1)
    assert time.time() - began < 4
    for p in (first, server):
        p.process.stdin.close()
    first.end()
    server.end()


@test
def refused_TCP_port_inside_framing_whole(t):
    server = t.start("serve", *FAST, "--framing", "whole", "--echo", 0)
    said = t.run("connect", *FAST, "--framing", "whole", "--tcp-port", 9, "127.0.0.1", server.port(), status=1)
    assert "refused" in said, said


@test
def refused_UDP_port(t):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    began = time.time()
    assert "refused" in t.run("connect", "127.0.0.1", port, status=1)
    assert time.time() - began < 4


@test
def addresses_of_no_one_host(t):
    """MUST-46."""
    for address in ("224.0.0.1", "255.255.255.255", "0.0.0.0", "ff02::1", "::"):
        said = t.run("connect", *FAST, address, 9, status=3, seconds=5)
        assert "expected the address of one host" in said, said


@test
def hop_limit_and_Diffserv_field(t):
    """MUST-48, MUST-49, SHLD-22: as the other side sees them, and the usual ones when none are asked for."""
    recvttl, recvtos = 12, 13  # <linux/in.h>
    for family, address, level, ask, ttl, tos in (
            (socket.AF_INET, "127.0.0.1", socket.IPPROTO_IP, (recvttl, recvtos), socket.IP_TTL, socket.IP_TOS),
            (socket.AF_INET6, "::1", socket.IPPROTO_IPV6, (socket.IPV6_RECVHOPLIMIT, socket.IPV6_RECVTCLASS),
             socket.IPV6_HOPLIMIT, socket.IPV6_TCLASS)):
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.bind((address, 0))
            s.settimeout(20)
            for option in ask:
                s.setsockopt(level, option, 1)
            for options, wanted in ((("--ttl", 7, "--dscp", 46), (7, 46 * 4)), ((), (64, 0))):
                client = t.start("connect", *FAST, "--user-timeout", "1s", *options, address, s.getsockname()[1])
                _, control, _, _ = s.recvmsg(2000, 200)
                seen = {kind: int.from_bytes(value, sys.byteorder) for _, kind, value in control}
                assert (seen[ttl], seen[tos]) == wanted, (options, seen)
                client.end(status=1)
                s.setblocking(False)
                while True:  # its other SYNs
                    try:
                        s.recv(2000)
                    except BlockingIOError:
                        break
                s.settimeout(20)
    for wrong in (("--ttl", 0), ("--ttl", 256), ("--dscp", 64)):
        assert f"{wrong[0]}: expected a number" in t.run("connect", *wrong, "127.0.0.1", 9, status=2)


@test
def user_timeout(t):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        said = t.run("connect", "--user-timeout", "1500ms", "127.0.0.1", s.getsockname()[1], status=1, seconds=10)
    assert "timed out" in said, said


@test
def keepalive(t):
    options = [*FAST, "--keepalive", "300ms", "--keepalive-interval", "100ms", "--keepalive-count", 3]
    server = t.start("serve", *FAST, 0, stdin=subprocess.PIPE)
    client = t.start("connect", *options, "127.0.0.1", server.port(), stdin=subprocess.PIPE)
    server.wait_for("connected")
    time.sleep(1.5)
    assert client.process.poll() is None, client  # the server answers
    server.process.send_signal(signal.SIGSTOP)
    assert "timed out" in client.end(status=1, seconds=10)
    server.kill()


@test
def interrupt_aborts_and_the_peer_is_reset(t):
    server = t.start("serve", *FAST, 0, stdin=subprocess.PIPE)
    client = t.start("connect", *FAST, "127.0.0.1", server.port(), stdin=subprocess.PIPE)
    server.wait_for("connected")
    client.process.send_signal(signal.SIGINT)
    client.end(status=130, seconds=5)
    assert "reset" in server.end(status=1, seconds=5)


@test
def output_that_cannot_be_written(t):
    server = t.start("serve", *FAST, "--count", 1, "--out", "/dev/full", 0)
    client = t.start("connect", *FAST, "--in", t.file("in", os.urandom(100_000)), "127.0.0.1", server.port())
    assert "/dev/full: No space left" in server.end(status=3, seconds=10)
    client.end(status=1, seconds=10)


@test
def reader_that_goes_away(t):
    """A closed pipe is an error message, not a signal."""
    server = t.start("serve", *FAST, "--in", t.file("in", os.urandom(500_000)), 0)
    client = t.start("connect", *FAST, "127.0.0.1", server.port(), stdout=subprocess.PIPE)
    client.process.stdout.read(1000)
    client.process.stdout.close()
    assert "output: Broken pipe" in client.end(status=3, seconds=10)


@test
def reader_that_sleeps(t):
    """The window closes, probes keep the connection alive, and nothing is lost."""
    data = os.urandom(600_000)
    server = t.start("serve", *FAST, "--window", "64k", "--in", t.file("in", data), "--count", 1, 0)
    client = t.start("connect", *FAST, "--window", "64k", "127.0.0.1", server.port(), stdout=subprocess.PIPE)
    time.sleep(3)
    assert client.process.stdout.read() == data
    client.end()
    server.end()


@test
def program_for_each_connection(t):
    """What comes is its input, with an end; what it writes is sent, also after that end."""
    server = t.start("serve", *FAST, "--count", 3, "--exec", "tr a-z A-Z; echo done", 0)
    for text in (b"one", b"two" * 50_000, b""):
        t.run("connect", *FAST, "--in", t.file("in", text), "--out", t / "out", "127.0.0.1", server.port())
        assert t.read("out") == text.upper() + b"done\n"
    server.end()


@test
def program_that_does_not_read(t):
    server = t.start("serve", *FAST, "--count", 1, "--exec", "exec true", 0)
    t.run("connect", *FAST, "--in", t.file("in", os.urandom(1_000_000)), "127.0.0.1", server.port(), status=1)
    assert "output: Broken pipe" in server.end(status=3)


@test
def addresses_that_are_none(t):
    for address in ("10.9.0.2/33", "10.9.0.2/32", "10.9.0.2/0", "nowhere/24", "10.9.0.2/24,10.8.0.2/24", "10.9.0.2/24,", "::"[:1]):
        said = t.run("serve", "--tun", "t0", "--address", address, 7, status=3, seconds=5)
        assert "--address: expected an address with its prefix" in said, said
    assert "--tun: expected a name" in t.run("serve", "--tun", "n" * 16, "--address", "10.9.0.2/24", 7, status=3)
    assert "--mtu: expected at least 1280" in t.run("serve", "--tun", "t0", "--address", "fd09::2/64", "--mtu", 1279, 7, status=3)
    for address, peers in (("10.9.0.2/24", "127.0.0.0/24"), ("10.9.0.2/24", "::/65"), ("10.9.0.2", "127.0.0.0/25")):
        said = t.run("gateway", "--tun", "t0", "--address", address, "--peers", peers, 0, status=3, seconds=5)
        assert "--peers: expected a network" in said, said


@test
def files_that_are_not_there(t):
    assert "/nowhere/in: No such file" in t.run("connect", "--in", "/nowhere/in", "127.0.0.1", 9, status=3)
    assert "/nowhere/out: No such file" in t.run("connect", "--out", "/nowhere/out", "127.0.0.1", 9, status=3)
    assert "/nowhere/x.pcap: No such file" in t.run("connect", "--pcap", "/nowhere/x.pcap", "127.0.0.1", 9, status=3)
    assert "/nowhere/f: No such file" in t.run("demo", "--file", "/nowhere/f", status=3)


@test
def wrong_usage(t):
    for args, said in (
        ([], "a command is expected"),
        (["listen"], "listen: no such command"),
        (["serve"], "expected: vtcp serve"),
        (["connect", "127.0.0.1"], "expected: vtcp connect"),
        (["demo", "7"], "expected: vtcp demo"),
        (["connect", "127.0.0.1", "0"], "PORT: expected a number from 1 to 65535"),
        (["serve", "65536"], "PORT: expected a number"),
        (["serve", "--mss", "63", "7"], "--mss: expected a number from 64 to 65475"),
        (["serve", "--mss"], "--mss: expected an argument"),
        (["serve", "--mss=", "7"], "--mss: expected an argument"),
        (["serve", "--window", "0", "7"], "--window: expected 1 to"),
        (["serve", "--window", "4X", "7"], "--window: expected 1 to"),
        (["serve", "--msl", "5", "7"], "--msl: expected a time with its unit"),
        (["serve", "--loss", "101", "7"], "--loss: expected 0 to 100 percent"),
        (["serve", "--loss", "nan", "7"], "--loss: expected 0 to 100 percent"),
        (["serve", "--isn", "-1", "7"], "--isn: expected a number from 0 to 4294967295"),
        (["serve", "--isn", "4294967296", "7"], "--isn: expected a number from 0 to 4294967295"),
        (["serve", "--framing", "round", "7"], "--framing: expected rotated or whole"),
        (["serve", "--checksum", "7"], "--checksum: only with --framing whole"),
        (["serve", "--nonsense", "7"], "--nonsense: no such option"),
        (["demo", "--echo"], "--echo: not an option of this command"),
        (["serve", "--echo=yes", "7"], "--echo: takes no argument"),
        (["serve", "--echo", "--out", "x", "7"], "--echo: not with"),
        (["serve", "-4", "-6", "7"], "-4 and -6"),
        (["serve", "--exec", "cat", "--echo", "7"], "--exec: not with"),
        (["serve", "--tun", "t", "7"], "--tun and --address: only together"),
        (["connect", "--address", "10.9.0.2/24", "10.9.0.1", "7"], "--tun and --address: only together"),
        (["tun", "connect", "--bind", "10.9.0.2", "10.9.0.1", "7"], "--tun: not with --bind"),
        (["tun", "serve", "127.0.0.1", "7"], "expected: vtcp serve"),
        (["tun", "demo"], "tun: expected serve or connect"),
        (["tun"], "tun: expected serve or connect"),
        (["gateway", "7"], "--tun, --address and --peers: all of them"),
        (["gateway", "--echo", "7"], "--echo: not an option of this command"),
        (["connect", "--peers", "::/65", "::1", "7"], "--peers: not an option of this command"),
    ):
        got = t.run(*args, status=2, seconds=5)
        assert said in got, f"{args}: {got}"


@test
def help_names_every_command(t):
    text = subprocess.run([support.VTCP, "--help"], capture_output=True, text=True, check=True).stdout
    for command in ("serve", "connect", "demo", "gateway"):
        assert f"vtcp {command}" in text
        more = subprocess.run([support.VTCP, command, "--help"], capture_output=True, text=True, check=True).stdout
        assert "--framing" in more and "exit status" in more


# Hostile peers


def rotated(flags, seq, ack, text=b"", window=65535):
    return bytes([0x50, flags]) + window.to_bytes(2, "big") + seq.to_bytes(4, "big") + ack.to_bytes(4, "big") + text


@test
def garbage_is_counted_and_dropped(t):
    chance = random.Random(1)
    for framing in ("rotated", "whole"):
        server = t.start("serve", *FAST, "--framing", framing, "--count", 1, "--out", t / f"out-{framing}", 0)
        port = server.port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            for k in range(4000):
                octets = bytearray(chance.randbytes(chance.choice((0, 1, 11, 12, 19, 20, 24, 60, 1400))))
                if len(octets) > 13 and k % 2:
                    octets[0 if framing == "rotated" else 12] = 16 * chance.randrange(4, 16)
                s.sendto(octets, ("127.0.0.1", port))
        data = os.urandom(50_000)
        t.run("connect", *FAST, "--framing", framing, "--in", t.file("in", data), "127.0.0.1", port)
        said = server.end()
        assert t.read(f"out-{framing}") == data
        assert re.search(r"dropped: [1-9]\d* malformed", said), said


@test
def wrong_checksums_are_counted_and_dropped(t):
    server = t.start("serve", *FAST, "--framing", "whole", "--echo", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = server.port()
        head = s.getsockname()[1].to_bytes(2, "big") + port.to_bytes(2, "big") + bytes(8) + b"\x50\x02\x10\x00"
        s.sendto(head + b"\x12\x34\0\0", ("127.0.0.1", port))  # a SYN with a wrong checksum
        s.settimeout(0.5)
        try:
            raise AssertionError(f"an answer to a wrong checksum: {s.recv(2000)}")
        except TimeoutError:
            pass
        s.sendto(head + bytes(4), ("127.0.0.1", port))  # and with none
        assert s.recv(2000)[13] == 0x12
    server.process.send_signal(signal.SIGINT)
    assert "1 with a wrong checksum" in server.end(status=130)


@test
def flood_of_SYNs(t):
    """Half-open connections are few and short-lived; a real client gets in afterwards."""
    server = t.start("serve", *FAST, "--echo", "--verbose", "--count", 1, "--max-half-open", 8,
                     "--half-open-time", "1s", 0)
    port, sockets = server.port(), []
    for k in range(100):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(("127.0.0.1", port))
        s.send(rotated(2, 1000 + k, 0))
        sockets.append(s)
    time.sleep(0.5)
    answered = 0
    for s in sockets:
        s.setblocking(False)
        try:
            answered += s.recv(2000)[1] == 0x12
        except BlockingIOError:
            pass
    assert answered == 8, f"{answered} SYNs were answered"
    time.sleep(1)
    with open(t.file("in", b"hello")) as source:
        t.run("connect", *FAST, "127.0.0.1", port, stdin=source)
    said = server.end()
    assert re.search(r"8 half-open expired, 92 turned away", said), said
    for s in sockets:
        s.close()


@test
def stray_segments_draw_one_reset_and_resets_none(t):
    server = t.start("serve", *FAST, "--echo", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", server.port()))
        s.settimeout(0.3)
        s.send(rotated(0x10, 5, 77))  # ACK
        answer = s.recv(2000)
        assert answer[1] == 4 and int.from_bytes(answer[4:8], "big") == 77, answer
        s.send(rotated(1, 5, 0, b"xyz"))  # FIN without ACK
        answer = s.recv(2000)
        assert answer[1] == 0x14 and int.from_bytes(answer[8:12], "big") == 9, answer
        s.send(rotated(4, 5, 0))  # RST
        try:
            raise AssertionError(f"an answer to a reset: {s.recv(2000)}")
        except TimeoutError:
            pass


@test
def random_segments_on_open_connections(t):
    """Whatever an established peer sends, the server answers with a bounded number of segments and goes on serving."""
    chance = random.Random(2)
    server = t.start("serve", *FAST, "--echo", "--window", "4k", 0)
    port = server.port()
    for _ in range(20):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", port))
            s.settimeout(5)
            s.send(rotated(2, 1000, 0))
            answer = s.recv(2000)
            iss = int.from_bytes(answer[4:8], "big")
            s.send(rotated(0x10, 1001, iss + 1))
            for _ in range(300):
                seq = (1001 + chance.choice((0, 0, 1, -1, 100, 4000, 5000, chance.randrange(1 << 32)))) % (1 << 32)
                ack = (iss + 1 + chance.choice((0, 0, 1, -1, 10, chance.randrange(1 << 32)))) % (1 << 32)
                flags = chance.choice((0x10, 0x18, 0x11, 0x12, 0x02, 0x10, 0x10, chance.randrange(64) & ~0x24))
                text = chance.randbytes(chance.choice((0, 0, 1, 100, 1400)))
                s.send(rotated(flags, seq, ack, text, chance.choice((0, 1, 100, 65535))))
            s.setblocking(False)
            answers = 0
            try:
                while s.recv(2000):
                    answers += 1
            except BlockingIOError:
                pass
            assert answers <= 600, answers
    data = os.urandom(50_000)
    t.run("connect", *FAST, "--in", t.file("in", data), "--out", t / "out", "127.0.0.1", port)
    assert t.read("out") == data


# Initial sequence numbers, captures, ladders


def ladder(t, *client_options, server_isn=300, text=b"x" * 312, window=100):
    server = t.start("serve", *FAST, "--count", 1, "--isn", server_isn, "--window", window, "--mss", 100,
                     "--no-window-scale", "--out", t / "out", 0)
    return t.run("connect", *FAST, "--mss", 100, "--no-window-scale", "--ladder", *client_options, "--in",
                 t.file("in", text), "127.0.0.1", server.port())


@test
def ladder_of_312_octets_through_a_window_of_100(t):
    said = ladder(t, "--isn", 100, server_isn=200)
    assert "SYN seq=100 " in said and "SYN+ACK seq=200 ack=101 wnd=100 mss=100" in said, said
    sent = [line for line in said.splitlines() if ">|" in line and "len=" in line]
    places = [tuple(map(int, re.search(r"seq=(\d+) ack=201 len=(\d+)", line).groups())) for line in sent]
    assert places == [(101, 100), (201, 100), (301, 100), (401, 12)], said
    for state in ("SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "TIME-WAIT", "CLOSED"):
        assert state in said, said


@test
def initial_sequence_numbers_differ_from_run_to_run(t):
    seen = [int(re.search(r"SYN seq=(\d+)", ladder(t)).group(1)) for _ in range(4)]
    assert len({n // 65536 for n in seen}) > 2, seen


def shark(path, *fields):
    """What tshark makes of every packet: one list of fields each."""
    if shutil.which("tshark") is None:
        raise Skip("tshark is not installed")
    checks = [o for p in ("ip", "tcp") for o in ("-o", f"{p}.check_checksum:TRUE")]
    wanted = [o for f in fields for o in ("-e", f)]
    # The system chose the ports; what protocol is registered for one must not be looked for in the text.
    plain = ["-d", "tcp.port==1-65535,data", "-o", "tcp.desegment_tcp_streams:FALSE", "-o", "tcp.try_heuristic_first:FALSE"]
    got = subprocess.run(["tshark", "-n", "-r", path, *checks, *plain, "-T", "fields", *wanted], capture_output=True, text=True,
                         timeout=120)
    assert got.returncode == 0, got.stderr
    return [line.split("\t") for line in got.stdout.splitlines()]


def captured(ip, framing):
    def run(t):
        options = [*LOSSY, "--framing", framing, "--loss", 3, "--duplicate", 3, "--reorder", 3, "--delay", "1ms"]
        transfer(t, ip, options, 200_000, ["--pcap", t / "server.pcap"], ["--pcap", t / "client.pcap"])
        for name in ("server.pcap", "client.pcap"):
            packets = shark(t / name, "_ws.malformed", "_ws.short", "tcp.checksum.status", "ip.checksum.status", "tcp.flags",
                            "tcp.len", "ipv6.src")
            assert len(packets) > 200
            for malformed, short, tcp_sum, ip_sum, _, _, ipv6 in packets:
                assert (malformed, short, tcp_sum) == ("", "", "1") and (ip_sum == "1" if ip == 4 else ipv6 == "::1"), packets
            # A late duplicate may find no connection any more: RST.
            flags = {int(p[4], 16) & 0x17 for p in packets} - {0x04, 0x14}
            assert flags == {0x02, 0x12, 0x10, 0x11}, flags
            assert sum(int(p[5]) for p in packets) >= 200_000
    return run


for ip, framing in ((4, "rotated"), (6, "rotated"), (4, "whole"), (6, "whole")):
    TESTS.append((f"capture read by tshark, IPv{ip}, framing {framing}", captured(ip, framing)))


# The demo


def demo(*options):
    def run(t):
        with open(t / "said", "w+") as said:
            t.run("demo", "--size", "300k", *options, f"--ladder={t / 'ladder.svg'}", stdout=said)
        text = t.read("said").decode()
        digests = re.findall(r"SHA-256 (?:sent|received) +([0-9a-f]{64})  307200 octets", text)
        assert len(digests) == 2 and digests[0] == digests[1] and "The files are the same." in text, text
        for word in ("SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "LAST-ACK", "TIME-WAIT", "faults survived", "throughput"):
            assert word in text, text
        drawing = xml.dom.minidom.parse(t / "ladder.svg")
        assert len(drawing.getElementsByTagName("line")) > 5
    return run


for name, options in (("by default", []), ("IPv6", ["-6"]), ("framing whole", ["--framing", "whole"]),
                      ("framing whole with checksums and corruption",
                       ["--framing", "whole", "--checksum", "--corrupt", "3"]),
                      ("IPv6, framing whole with checksums", ["-6", "--framing", "whole", "--checksum"])):
    TESTS.append((f"demo, {name}", demo(*options)))


@test
def demo_of_a_file_of_one_s_own(t):
    data = os.urandom(100_001)
    t.run("demo", "--quiet", "--msl", "200ms", "--file", t.file("mine", data))
    assert t.read("mine") == data


@test
def demo_fails_when_nothing_arrives(t):
    t.run("demo", "--loss", 100, "--user-timeout", "1s", "--size", 1000, status=1, seconds=20)


@test
def demo_interrupted(t):
    p = t.start("demo", "--delay", "50ms", "--size", "50M")
    p.wait_for("path:")
    time.sleep(0.5)
    p.process.send_signal(signal.SIGTERM)
    p.end(status=130, seconds=10)


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(support.run_all([x for x in TESTS if all(w in x[0] for w in words)], workers=8))
