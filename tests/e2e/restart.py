#!/usr/bin/env python3
"""A process that is killed, started again, stopped or continued at any moment of a connection (S22), over real UDP sockets: what
the other side says, that nothing hangs, and that the next connection with the same ports works.

restart.py [WORD]... runs the tests whose names have every WORD."""
import os
import signal
import socket
import subprocess
import sys
import time

import support
from support.relay import ACK, FIN, HOST, RST, SYN, Relay, moments, stop

MSS, SIZE = 1000, 40_000
QUICK = ["--rto-min", "20ms", "--msl", "100ms", "--mss", MSS, "--window", "8k"]
SILENCE = 1.0  # the user timeout of those who wait in vain, in seconds
SOON = ["--user-timeout", f"{SILENCE:.0f}s"]
LATE = ["--user-timeout", "20s"]
SLACK = 8  # seconds that a busy machine may take on top
MOMENTS = moments()
OPENING, ENDED = ("SYN",), ("the server's FIN", "the last ACK")
TESTS = []


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((HOST, 0))
        return s.getsockname()[1]


class Pair:
    """A server, a relay, and clients that all use the same port: the server sees one four-tuple."""

    def __init__(self, t, moment, act, server=(), client=()):
        self.t, self.server_options, self.client_options = t, server, client
        self.server_port, self.client_port, self.runs, self.client = free_port(), free_port(), 0, None
        os.mkdir(t / "out")
        self.server = self.serve()
        self.relay = Relay(self.server_port, MOMENTS[moment] if isinstance(moment, str) else moment, lambda: act(self))
        t.relays.append(self.relay)

    def serve(self, *options):
        """A server; each has a directory of its own for what it receives."""
        self.runs += 1
        folder = self.t / f"out/{self.runs}"
        os.mkdir(folder)
        server = self.t.start("serve", *QUICK, "--verbose", "--half-open-time", "2s",
                              *(options or self.server_options or [*LATE, "--out-dir", folder]), HOST, self.server_port)
        server.port()
        return server

    def connect(self, data=None, *options, **pipes):
        source = ["--in", self.t.file(f"in{time.time_ns()}", data)] if data is not None else []
        return self.t.start("connect", *QUICK, "--verbose", "--local-port", self.client_port,
                            *(options or self.client_options or LATE), *source, HOST, self.relay.port, **pipes)

    def signal(self, who, by):
        """To the server or the client, which may only just have been started."""
        settle(lambda: getattr(self, who) is not None, "no process")
        stop(getattr(self, who).process, by)

    def restart_server(self):
        self.signal("server", signal.SIGKILL)
        self.server.kill()
        self.server = self.serve()

    def received(self):
        """The files that the servers have written."""
        return [self.t.read(os.path.join("out", run, name)) for run in os.listdir(self.t / "out")
                for name in os.listdir(self.t / f"out/{run}")]

    def works_again(self):
        """A whole transfer with the same addresses and ports."""
        data = os.urandom(SIZE)
        self.connect(data).end(seconds=SLACK + 12)
        settle(lambda: data in self.received(), "what was sent last has not arrived")


def settle(true, otherwise, seconds=SLACK):
    end = time.time() + seconds
    while not true():
        assert time.time() < end, otherwise
        time.sleep(0.02)


def ends(process, status, said, least, most):
    """It ends with this status, having said this, so many seconds from now."""
    began = time.time()
    text = process.end(status=status, seconds=most + SLACK)
    assert said in text, f"expected '{said}' from {process}"
    assert time.time() - began >= least, f"ended after {time.time() - began:.2f} s, expected {least}: {process}"
    return text


def test(name):
    def add(function):
        def run(t):
            t.relays = []
            try:
                function(t)
            finally:
                for p in t.processes:
                    p.kill()
                for r in t.relays:
                    r.close()
        TESTS.append((name, run))
        return function
    return add


# The server dies


def server_killed(moment):
    def run(t):
        p = Pair(t, moment, lambda p: p.signal("server", signal.SIGKILL), client=SOON)
        client = p.connect(os.urandom(SIZE))
        p.relay.wait()
        if moment in ENDED:  # all the client has to know, it knows
            client.end(seconds=SLACK)
        else:
            ends(client, 1, f"{HOST}:{p.relay.port}: timed out", SILENCE / 2, 2 * SILENCE)
        p.restart_server()
        p.client_options = LATE
        p.works_again()
    return run


def server_restarted(moment):
    def run(t):
        p = Pair(t, moment, Pair.restart_server)
        data = os.urandom(SIZE)
        client = p.connect(data)
        p.relay.wait()
        if moment in OPENING:  # the new server has never seen another
            client.end(seconds=SLACK)
            settle(lambda: data in p.received(), "the file has not arrived")
        elif moment in ENDED:
            client.end(seconds=SLACK)
        else:
            ends(client, 1, f"{HOST}:{p.relay.port}: reset by the peer", 0, 1)
            resets = [s for s in p.relay.seen if s.has(RST)]
            assert resets and not any(s.from_client for s in resets), f"{p.relay}"
        p.works_again()
    return run


# The client dies


def client_killed_and_restarted(moment):
    """The new SYN meets the old connection: an acknowledgment, RST from the client, and the next SYN opens (RFC 9293 3.10.7.4,
    RFC 5961 4; figure 9 of RFC 9293)."""
    def run(t):
        p = Pair(t, moment, lambda p: p.signal("client", signal.SIGKILL))
        p.client = p.connect(os.urandom(SIZE))
        p.relay.wait()
        p.client.kill()
        p.works_again()
        said = p.server.stderr()
        told = said.count("reset by the peer")
        halfway = MOMENTS_OF_A_SERVER_WITHOUT_END.get(moment)
        assert halfway is None or told == halfway, f"told {told} times of a reset, expected {halfway}:\n{said}\n{p.relay}"
        if told:
            assert any(s.from_client and s.has(RST) for s in p.relay.seen), f"{p.relay}"
    return run


# How often the server says "reset by the peer". Before ESTABLISHED nobody is told; in LAST-ACK a reset is an end (s3.10.7.4).
MOMENTS_OF_A_SERVER_WITHOUT_END = {"SYN": 0, "SYN-ACK": 0, "the 1st text": 1, "the 2nd acknowledgment": 1, "the 9th text": 1,
                                   "the 30th text": 1, "the 12th acknowledgment": 1, "the server's FIN": 0,
                                   "the last ACK": 0}


def client_killed_while_it_receives(n):
    """The server has octets that nobody acknowledges: it gives up."""
    def run(t):
        data = t.file("data", os.urandom(SIZE))
        p = Pair(t, lambda r, s: not s.from_client and s.number == n, lambda p: p.signal("client", signal.SIGKILL),
                 server=[*SOON, "--in", data, "--count", 1])
        p.client = p.connect()
        p.relay.wait()
        ends(p.server, 1, ": timed out", SILENCE / 2, 2 * SILENCE)
        p.client.kill()
        p.server_options = []
        p.server = p.serve()
        p.works_again()
    return run


# Stopped, and continued or not


def stopped_for_a_while(moment, who):
    def run(t):
        p = Pair(t, moment, lambda p: p.signal(who, signal.SIGSTOP))
        data = os.urandom(SIZE)
        p.client = p.connect(data)
        p.relay.wait()
        time.sleep(0.4)
        getattr(p, who).process.send_signal(signal.SIGCONT)
        p.client.end(seconds=SLACK)
        settle(lambda: data in p.received(), "the file has not arrived")
        p.server.wait_for(": closed,")
        assert "reset" not in p.client.stderr() + p.server.stderr(), f"{p.client}\n{p.server}\n{p.relay}"
        p.works_again()
    return run


def server_stopped_for_good(moment):
    """Silence: the client gives up. When the server goes on, it finds a connection that is dead, and the next one works."""
    def run(t):
        p = Pair(t, moment, lambda p: p.signal("server", signal.SIGSTOP), client=SOON)
        client = p.connect(os.urandom(SIZE))
        p.relay.wait()
        ends(client, 1, f"{HOST}:{p.relay.port}: timed out", SILENCE / 2, 2 * SILENCE)
        p.server.process.send_signal(signal.SIGCONT)
        p.client_options = LATE
        p.works_again()
    return run


def client_stopped_until_the_server_gave_up(t):
    """The client comes back to a server that has forgotten it: its acknowledgment draws a reset."""
    data = t.file("data", os.urandom(SIZE))
    p = Pair(t, lambda r, s: not s.from_client and s.number == 5, lambda p: p.signal("client", signal.SIGSTOP),
             server=[*SOON, "--in", data])
    p.client = p.connect()
    p.relay.wait()
    p.server.wait_for(": timed out", SILENCE + SLACK)
    assert p.server.process.poll() is None, "a server of many connections ended with one of them"
    p.client.process.send_signal(signal.SIGCONT)
    ends(p.client, 1, "reset by the peer", 0, 1)


for m in MOMENTS:
    test(f"server killed at {m}")(server_killed(m))
    test(f"server killed and started again at {m}")(server_restarted(m))
    test(f"client killed and started again at {m}")(client_killed_and_restarted(m))
    test(f"server stopped for a while at {m}")(stopped_for_a_while(m, "server"))
    test(f"client stopped for a while at {m}")(stopped_for_a_while(m, "client"))
for m in ("SYN", "the ACK of the SYN", "the 9th text", "the client's FIN"):
    test(f"server stopped for good at {m}")(server_stopped_for_good(m))
for n in (1, 12):
    test(f"client killed while it receives, at text {n}")(client_killed_while_it_receives(n))
test("client stopped until the server gave up")(client_stopped_until_the_server_gave_up)


# TIME-WAIT


@test("client killed in TIME-WAIT")
def client_killed_in_time_wait(t):
    p = Pair(t, None, None)
    data = os.urandom(SIZE)
    client = p.connect(data, *LATE, "--msl", "20s")
    client.wait_for("TIME-WAIT", SLACK)
    stop(client.process, signal.SIGKILL)
    client.kill()
    began = time.time()
    p.works_again()
    assert time.time() - began < SLACK


@test("second client on the port of one in TIME-WAIT")
def second_client_in_time_wait(t):
    """It cannot have the port before 2 MSL are over, and then it can."""
    p = Pair(t, None, None)
    first = p.connect(os.urandom(SIZE), *LATE, "--msl", "1s")
    first.wait_for("TIME-WAIT", SLACK)
    began = time.time()
    assert "Address already in use" in p.connect(b"", *LATE).end(status=3, seconds=SLACK)
    first.end(seconds=SLACK)
    assert time.time() - began >= 1.5
    p.works_again()


@test("client started again while the server is in TIME-WAIT")
def server_in_time_wait(t):
    """The SYN draws an acknowledgment, that a reset, which ends TIME-WAIT (s3.10.7.4); the next SYN opens."""
    data, patient = os.urandom(SIZE), [*LATE, "--rto-min", "1s"]  # a FIN sent twice would draw an RST, too early
    p = Pair(t, None, None, server=[*patient, "--msl", "20s", "--in", t.file("data", data)])
    with open(t / "got", "wb") as out:
        first = p.connect(None, *patient, stdin=subprocess.PIPE, stdout=out)
        settle(lambda: os.path.getsize(t / "got") == SIZE, "the file has not arrived")
        first.process.stdin.close()  # after the server: the server is in TIME-WAIT
        first.end(seconds=SLACK)
    p.server.wait_for("TIME-WAIT")
    assert "reset" not in p.server.stderr()
    with open(t / "again", "wb") as out:
        p.connect(None, *patient, stdout=out).end(seconds=SLACK)
    assert t.read("got") == data == t.read("again")
    opening = [s.flags for s in p.relay.seen if s.from_client and s.flags & (SYN | RST)]
    assert opening == [SYN, SYN, RST, SYN], f"{opening}\n{p.relay}"
    assert "reset by the peer" not in p.server.stderr(), p.server


# Where the RFC has no timer


@test("FIN-WAIT-2 outlives the peer, silently")
def fin_wait_2(t):
    """Half-closed: nothing is outstanding, so nothing times out (RFC 9293 has no timer here, and there is no keep-alive); an
    interrupt ends it."""
    p = Pair(t, lambda r, s: any(x.from_client and x.has(FIN) for x in r.seen) and not s.from_client and s.flags == ACK,
             lambda p: p.signal("server", signal.SIGKILL), server=[*LATE])
    p.server.kill()
    p.server = t.start("serve", *QUICK, *LATE, "--verbose", HOST, p.server_port, stdin=subprocess.PIPE)
    p.server.port()
    client = p.connect(b"x" * 100, *SOON)
    p.relay.wait()
    client.wait_for("FIN-WAIT-2")
    time.sleep(1.5 * SILENCE)
    assert client.process.poll() is None, client
    client.process.send_signal(signal.SIGINT)
    ends(client, 130, "interrupted", 0, 1)


@test("an ICMP error ends no open connection")
def icmp(t):
    """Without a relay the kernel tells the client that nobody has the port any more: that is no reset (RFC 5927), so it is the
    user timeout that ends the connection."""
    port = free_port()
    server = t.start("serve", *QUICK, "--echo", HOST, port)
    server.port()
    client = t.start("connect", *QUICK, *SOON, HOST, port, stdin=subprocess.PIPE)
    client.wait_for("connected")
    server.kill()
    client.process.stdin.write(b"x" * 5000)
    client.process.stdin.flush()
    ends(client, 1, f"{HOST}:{port}: timed out", SILENCE / 2, 2 * SILENCE)


@test("refused while the server is away")
def refused(t):
    port, mine = free_port(), free_port()
    server = t.start("serve", *QUICK, "--echo", HOST, port)
    server.port()
    server.kill()
    ends(t.start("connect", *QUICK, *LATE, "--local-port", mine, HOST, port), 1, f"{HOST}:{port}: refused", 0, 1)
    t.start("serve", *QUICK, "--echo", HOST, port).port()
    data = os.urandom(SIZE)
    t.run("connect", *QUICK, *LATE, "--local-port", mine, "--in", t.file("in", data), "--out", t / "back", HOST, port)
    assert t.read("back") == data


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(support.run_all([x for x in TESTS if all(w in x[0] for w in words)], workers=4))
