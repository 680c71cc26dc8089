"""A relay between one client and one server on UDP, in a thread of the test: it sees every segment (framing rotated), and can do
something to a process at a chosen one, before it passes it on."""
import os
import select
import signal
import socket
import threading
import time
from dataclasses import dataclass

FIN, SYN, RST, ACK = 1, 2, 4, 16
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Segment:
    from_client: bool
    flags: int
    seq: int
    ack: int
    length: int  # octets of text
    number: int = 0  # how many with text have come this way, this one included

    def has(self, flags):
        return self.flags & flags == flags


def parse(from_client, octets):
    return Segment(from_client, octets[1], int.from_bytes(octets[4:8], "big"), int.from_bytes(octets[8:12], "big"),
                   len(octets) - octets[0] // 16 * 4 + 8)


def stop(process, by):
    """Sends the signal by and returns once the process does nothing more."""
    process.send_signal(by)
    end = time.time() + 5
    while time.time() < end:
        try:
            with open(f"/proc/{process.pid}/stat") as f:
                if f.read().rsplit(")", 1)[1].split()[0] in "TZX":
                    return
        except FileNotFoundError:
            return
        time.sleep(0.001)
    raise AssertionError("the signal has no effect")


class Relay:
    """Clients connect to .port; every client looks to the server like the same peer. At the first segment for which
    moment(relay, segment) is true act() is called, once, and then the segment is passed on."""

    def __init__(self, server_port, moment=None, act=None):
        self.front, self.back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.front.bind((HOST, 0))
        self.back.bind((HOST, 0))
        self.port, self.server, self.client = self.front.getsockname()[1], (HOST, server_port), None
        self.moment, self.act, self.acted, self.failure = moment, act, threading.Event(), None
        self.seen, self.texts, self.ended = [], {True: 0, False: 0}, False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.ended:
                for s in select.select([self.front, self.back], [], [], 0.05)[0]:
                    self.pass_on(s)
        except Exception as why:  # told by close()
            self.failure = why

    def pass_on(self, s):
        try:
            octets, sender = s.recvfrom(70000)
        except ConnectionError:  # an ICMP error of an earlier datagram
            return
        from_client = s is self.front
        if from_client:
            self.client = sender
        segment = parse(from_client, octets)
        if segment.length > 0:
            self.texts[from_client] += 1
            segment = Segment(*[getattr(segment, f) for f in ("from_client", "flags", "seq", "ack", "length")],
                              self.texts[from_client])
        self.seen.append(segment)
        if self.moment is not None and not self.acted.is_set() and self.moment(self, segment):
            self.act()
            self.acted.set()
        try:
            (self.back if from_client else self.front).sendto(octets, self.server if from_client else self.client)
        except ConnectionError:
            pass

    def wait(self, seconds=10):
        """Until act() has been called."""
        assert self.acted.wait(seconds), f"the moment never came; seen:\n{self}"

    def close(self):
        self.ended = True
        self.thread.join(5)
        self.front.close()
        self.back.close()
        assert self.failure is None, self.failure

    def __str__(self):
        names = ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (ACK, "ACK"))
        return "\n".join(f"{'->' if s.from_client else '<-'} {'+'.join(n for f, n in names if s.flags & f)} seq={s.seq} "
                         f"ack={s.ack} len={s.length}" for s in self.seen[-40:])


def moments():
    """Moments of one transfer from client to server, by name: handshake, text, close."""
    def sent(from_client, flags, without=0):
        return lambda r, s: s.from_client == from_client and s.has(flags) and not s.flags & without

    def text(n):
        return lambda r, s: s.from_client and s.number == n

    def acknowledgment(n):
        return lambda r, s: not s.from_client and s.flags == ACK and sum(x == ACK for x in acks(r)) == n

    def acks(r):
        return [x.flags for x in r.seen if not x.from_client]

    def last(r, s):
        return s.from_client and s.flags == ACK and any(x.has(FIN) and not x.from_client for x in r.seen)

    return {
        "SYN": sent(True, SYN),
        "SYN-ACK": sent(False, SYN | ACK),
        "the ACK of the SYN": sent(True, ACK, SYN),
        "the 1st text": text(1),
        "the 2nd acknowledgment": acknowledgment(2),
        "the 9th text": text(9),
        "the 30th text": text(30),
        "the 12th acknowledgment": acknowledgment(12),
        "the client's FIN": sent(True, FIN),
        "the server's FIN": sent(False, FIN),
        "the last ACK": last,
    }
