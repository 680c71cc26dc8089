#!/usr/bin/env python3
"""vtcp on a TUN device and the TCP of this Linux kernel, in network namespaces made for it: a table of cases.
interop.py [--sample] [WORD]... runs those whose names have every WORD."""
import dataclasses
import hashlib
import itertools
import os
import random
import re
import shutil
import signal
import socket
import struct
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import capture  # noqa: E402
import namespace  # noqa: E402
import support  # noqa: E402
from namespace import Namespace, abort, read_all, sending  # noqa: E402
from support import Skip  # noqa: E402

PORT = 7000
HOST = {4: "10.9.0.1", 6: "fd09::1"}
VTCP = {4: "10.9.0.2", 6: "fd09::2"}
NOBODY = {4: "10.9.0.77", 6: "fd09::77"}
NETWORK = {4: f"{VTCP[4]}/24", 6: f"{VTCP[6]}/64"}
ADDRESS = f"{NETWORK[4]},{NETWORK[6]}"
WORKERS = 6  # they wait more than they work

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


class Run:
    """One case under way."""

    def __init__(self, case, folder, ns):
        self.case, self.t, self.ns, self.ip = case, folder, ns, case.ip
        self.host, self.vtcp = HOST[case.ip], VTCP[case.ip]
        self.data = random.Random(case.name).randbytes(case.size)
        self.pcap = folder / "pcap"
        self.tun = ("--tun", "t0", "--address", ADDRESS if "--mtu" not in case.options else NETWORK[case.ip])

    def start(self, command, *args, **pipes):
        return self.t.start(command, *self.tun, "--pcap", self.pcap, "--verbose", "--msl", "300ms", "--rto-min", "200ms",
                            *self.case.options, *args, prefix=self.ns.prefix, **pipes)

    def serve(self, *args, **pipes):
        p = self.start("serve", *args, PORT, **pipes)
        p.wait_for("listening on")
        return p

    def connect(self, *args, to=None, port=PORT, **pipes):
        return self.start("connect", *args, to or self.host, port, **pipes)

    def kernel_connect(self):
        return self.ns.connect(self.ip, self.vtcp, PORT, **self.case.socket)

    def kernel_listen(self, port=PORT):
        return self.ns.listen(self.ip, port, **self.case.socket)

    def packets(self, *fields):
        return capture.read(self.pcap, PORT, *fields)

    def same(self, got):
        assert hashlib.sha256(got).digest() == hashlib.sha256(self.data).digest(), \
            f"{len(got)} octets of {len(self.data)}, or others"


# Scenarios: the kernel opens


def upload(r):
    server = r.serve("--count", 1, "--out", r.t / "out")
    with r.kernel_connect() as s, sending(s, r.data):
        assert read_all(s) == b""
    server.end()
    r.same(r.t.read("out"))


def download(r):
    server = r.serve("--count", 1, "--in", r.t.file("in", r.data))
    with r.kernel_connect() as s:
        r.same(read_all(s))
    server.end()


def echo(r):
    server = r.serve("--echo", "--count", 1)
    with r.kernel_connect() as s, sending(s, r.data):
        r.same(read_all(s))
    server.end()


# Scenarios: vtcp opens


def put(r):
    with r.kernel_listen() as listener:
        client = r.connect("--in", r.t.file("in", r.data))
        with listener.accept()[0] as s:
            r.same(read_all(s))
        client.end()


def fetch(r):
    with r.kernel_listen() as listener:
        client = r.connect("--in", "/dev/null", "--out", r.t / "out")
        with listener.accept()[0] as s, sending(s, r.data):
            assert read_all(s) == b""
        client.end()
    r.same(r.t.read("out"))


def exchange(r):
    """Both directions at once, and different."""
    other = r.data[::-1]
    with r.kernel_listen() as listener:
        client = r.connect("--in", r.t.file("in", r.data), "--out", r.t / "out")
        with listener.accept()[0] as s, sending(s, other):
            r.same(read_all(s))
        client.end()
    assert r.t.read("out") == other


def simultaneous_open(r):
    """Both SYNs are under way at once, for the delay holds vtcp's back."""
    mine = 40123
    client = r.connect("--in", r.t.file("in", r.data), "--out", r.t / "out", "--delay", "300ms", "--local-port", 40124,
                       port=mine)
    client.wait_for("SYN-SENT")
    s = r.ns.socket(r.ip)
    s.bind((r.host, mine))
    with s:
        s.connect((r.vtcp, 40124))
        with sending(s, b"hello"):
            r.same(read_all(s))
        said = client.end()
    assert r.t.read("out") == b"hello" and "SYN-RECEIVED" in said, said


# Scenarios: closing and resetting


def half_close_of_the_kernel(r):
    """Everything comes after our FIN."""
    server = r.serve("--exec", f"cat >{r.t / 'got'}; cat {r.t.file('in', r.data)}", "--count", 1)
    with r.kernel_connect() as s:
        s.sendall(b"the request")
        s.shutdown(socket.SHUT_WR)
        r.same(read_all(s))
    assert "CLOSE-WAIT" in server.end()
    assert r.t.read("got") == b"the request"


def half_close_of_vtcp(r):
    with r.kernel_listen() as listener:
        client = r.connect("--in", r.t.file("request", b"the request"), "--out", r.t / "out")
        with listener.accept()[0] as s:
            assert read_all(s) == b"the request"
            client.wait_for("FIN-WAIT-2")
            s.sendall(r.data)
        client.end()
    r.same(r.t.read("out"))


def simultaneous_close(r):
    server = r.serve("--delay", "150ms", stdin=support.subprocess.PIPE)
    with r.kernel_connect() as s:
        server.wait_for("ESTABLISHED")
        server.process.stdin.close()
        s.shutdown(socket.SHUT_WR)
        assert read_all(s) == b""
        said = server.end()
    assert "CLOSING" in said, said


def reset_by_the_kernel(r):
    server = r.serve("--echo", "--count", 1)
    s = r.kernel_connect()
    s.sendall(b"x")
    assert s.recv(1) == b"x"
    abort(s)
    assert "reset by the peer" in server.end(status=1)


def reset_by_vtcp(r):
    server = r.serve("--echo", "--count", 1)
    with r.kernel_connect() as s:
        s.sendall(b"x")
        assert s.recv(1) == b"x"
        server.process.send_signal(signal.SIGINT)
        server.end(status=130)
        try:
            raise AssertionError(f"no reset: {s.recv(1)}")
        except ConnectionResetError:
            pass


def closed_with_octets_unread(r):
    """The kernel answers data that nobody will read with RST."""
    server = r.serve("--count", 1, "--in", r.t.file("in", r.data))
    s = r.kernel_connect()
    assert s.recv(1000)
    s.close()
    assert "reset by the peer" in server.end(status=1)


def refused_by_the_kernel(r):
    began = time.time()
    assert "refused" in r.connect(port=9).end(status=1)
    assert time.time() - began < 5


def refused_by_vtcp(r):
    server = r.serve("--echo")
    try:
        r.ns.connect(r.ip, r.vtcp, PORT + 1)
        raise AssertionError("connected")
    except ConnectionRefusedError:
        pass
    server.process.send_signal(signal.SIGINT)
    server.end(status=130)


# Scenarios: windows


def kernel_reader_that_sleeps(r):
    server = r.serve("--count", 1, "--in", r.t.file("in", r.data))
    with r.kernel_connect() as s:
        time.sleep(3)
        r.same(read_all(s))
    server.end()
    assert any(p["tcp.analysis.zero_window"] for p in r.packets("tcp.analysis.zero_window")), "the window never closed"


def vtcp_reader_that_sleeps(r):
    server = r.serve("--window", "32k", stdout=support.subprocess.PIPE)
    with r.kernel_connect() as s, sending(s, r.data):
        time.sleep(3)
        r.same(server.process.stdout.read())
        assert read_all(s) == b""
    server.end()
    assert any(p["tcp.analysis.zero_window"] for p in r.packets("tcp.analysis.zero_window")), "the window never closed"


def slow_kernel_reader(r):
    server = r.serve("--count", 1, "--in", r.t.file("in", r.data))
    with r.kernel_connect() as s:
        r.same(read_all(s, lambda: time.sleep(0.003)))
    server.end()


def slow_vtcp_reader(r):
    server = r.serve(stdout=support.subprocess.PIPE)
    with r.kernel_connect() as s, sending(s, r.data):
        got = bytearray()
        while piece := server.process.stdout.read(4096):
            got += piece
            time.sleep(0.003)
        r.same(bytes(got))
    server.end()


def keep_alive(r):
    """Silence for longer than the kernel would bear without answers to its probes."""
    server = r.serve("--echo", "--count", 1)
    with r.kernel_connect() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT):
            s.setsockopt(socket.IPPROTO_TCP, option, 1)
        s.sendall(b"a")
        assert s.recv(1) == b"a"
        time.sleep(4.5)
        s.sendall(b"b")
        assert s.recv(1) == b"b"
    server.end()
    seen = r.packets("tcp.analysis.keep_alive", "tcp.analysis.keep_alive_ack")
    assert sum(bool(p["tcp.analysis.keep_alive"]) for p in seen) >= 3
    assert sum(bool(p["tcp.analysis.keep_alive_ack"]) for p in seen) >= 3


def urgent(r):
    """The kernel's urgent octet is one of the stream."""
    server = r.serve("--count", 1, "--out", r.t / "out")
    with r.kernel_connect() as s:
        s.sendall(r.data)
        s.send(b"!", socket.MSG_OOB)
        s.sendall(r.data)
        s.shutdown(socket.SHUT_WR)
        assert read_all(s) == b""
    server.end()
    assert r.t.read("out") == r.data + b"!" + r.data


# Scenarios: many, HTTP


def many_connections(r):
    many = 40
    server = r.serve("--echo", "--count", many)
    sockets = [r.kernel_connect() for _ in range(many)]
    results = [None] * many

    def talk(k):
        with sockets[k] as s, sending(s, r.data[k:]):
            results[k] = read_all(s) == r.data[k:]
    threads = [threading.Thread(target=talk, args=(k,)) for k in range(many)]
    for x in threads:
        x.start()
    for x in threads:
        x.join(60)
    assert all(results), results
    server.end()


def http_server(r, count):
    source = r.t.file("page", r.data)
    server = r.serve("--count", count, "--exec", f"{sys.executable} {HERE}/http_responder.py {source}")
    at = f"[{r.vtcp}]" if r.ip == 6 else r.vtcp
    return server, f"http://{at}:{PORT}/page"


def curl_gets(r):
    server, url = http_server(r, 2)
    r.same(r.ns.run("curl", "-sSg", "--fail", "--max-time", 30, url))
    assert b"200 OK" in r.ns.run("curl", "-sSgI", "--fail", "--max-time", 30, url)
    server.end()


def curl_posts(r):
    server, url = http_server(r, 1)
    posted = r.t.file("posted", r.data)
    answer = r.ns.run("curl", "-sSg", "--fail", "--max-time", 30, "--data-binary", f"@{posted}", url)
    assert answer.decode() == hashlib.sha256(r.data).hexdigest(), answer
    server.end()


def vtcp_gets_from_http_server(r):
    r.t.file("page", r.data)
    page = r.ns.start(sys.executable, "-m", "http.server", "--bind", "::" if r.ip == 6 else "0.0.0.0", "--directory",
                      r.t.path, PORT, stdout=support.subprocess.DEVNULL, stderr=support.subprocess.DEVNULL)
    try:
        for _ in range(100):
            if f":{PORT} ".encode() in r.ns.run("ss", "-Hltn"):
                break
            time.sleep(0.1)
        request = r.t.file("request", b"GET /page HTTP/1.0\r\n\r\n")
        r.connect("--in", request, "--out", r.t / "answer").end()
    finally:
        page.kill()
        page.wait()
    head, _, body = r.t.read("answer").partition(b"\r\n\r\n")
    assert b" 200 OK" in head, head
    r.same(body)


# Scenarios: MTU and ICMP


def mtu_that_shrinks(r):
    server = r.serve("--count", 1, "--out", r.t / "out")
    with r.kernel_connect() as s:
        s.sendall(r.data[:100_000])
        while os.path.getsize(r.t / "out") < 100_000:
            time.sleep(0.02)
        r.ns.ip("link", "set", "t0", "mtu", 1300)
        with sending(s, r.data[100_000:]):
            assert read_all(s) == b""
    server.end()
    r.same(r.t.read("out"))
    sizes = [int(p["frame.len"]) for p in r.packets("tcp.dstport") if p["tcp.dstport"] == str(PORT)]
    assert max(sizes) == 1500 and max(sizes[len(sizes) // 2:]) == 1300, (max(sizes), max(sizes[len(sizes) // 2:]))


class Beyond:
    """Another namespace behind that of the TUN device, which is the router."""

    def __init__(self, r, mtu):
        self.r, self.ns, self.mtu = r, Namespace(), mtu
        self.address = {4: "10.8.0.2", 6: "fd08::2"}[r.ip]

    def __enter__(self):
        r, ns = self.r, self.ns.__enter__()
        r.ns.ip("link", "add", "v0", "mtu", self.mtu, "type", "veth", "peer", "name", "v1", "netns", ns.name)
        for space, name, k in ((r.ns, "v0", 1), (ns, "v1", 2)):
            space.ip("addr", "add", f"10.8.0.{k}/24", "dev", name)
            space.ip("addr", "add", f"fd08::{k}/64", "dev", name, "nodad")
            space.ip("link", "set", name, "up")
        r.ns.run("sysctl", "-q", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        ns.ip("route", "add", "10.9.0.0/24", "via", "10.8.0.1")
        ns.ip("route", "add", "fd09::/64", "via", "fd08::1")
        return self

    def __exit__(self, *_):
        self.ns.__exit__()


def kernel_learns_the_path_mtu(r):
    """vtcp offers a larger MSS than its device takes; the router tells the kernel."""
    with Beyond(r, 1500) as beyond:
        server = r.serve("--mtu", 1280, "--mss", 1440, "--count", 1, "--out", r.t / "out")
        with beyond.ns.connect(r.ip, r.vtcp, PORT) as s, sending(s, r.data):
            assert read_all(s) == b""
        server.end()
    r.same(r.t.read("out"))
    assert max(int(p["frame.len"]) for p in r.packets()) == 1280


def vtcp_learns_the_path_mtu(r):
    """The link behind the router takes less than either end says; the router tells vtcp."""
    with open(os.path.join(HERE, "..", "..", "core", "vtcp.h"), encoding="utf-8") as f:
        if "vtcp_path_mss" not in f.read():
            raise Skip("the core does no path MTU discovery yet")
    with Beyond(r, 1400) as beyond:
        beyond.ns.ip("link", "set", "v1", "mtu", 1500)
        with beyond.ns.listen(r.ip, PORT) as listener:
            client = r.connect("--in", r.t.file("in", r.data), to=beyond.address)
            with listener.accept()[0] as s:
                r.same(read_all(s))
            said = client.end()
    assert re.search(r"[1-9]\d* path MTUs", said), said


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total > 65535:
        total = total // 65536 + total % 65536
    return 65535 - total


def packet(r, ends, tcp):
    """A segment whose checksum field is 0, from and to these addresses, as a packet with right checksums."""
    pseudo = ends + struct.pack("!II", len(tcp), 6)
    tcp = tcp[:16] + checksum(pseudo + tcp).to_bytes(2, "big") + tcp[18:]
    if r.ip == 6:
        return struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + ends + tcp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + ends
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + tcp


def sniff(r):
    """Packets on the TUN device; put sends one to vtcp."""
    kind = {4: 0x0800, 6: 0x86DD}[r.ip]
    s = r.ns.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)))
    s.settimeout(10)
    s.bind(("t0", 0x0003))
    return s, lambda octets: s.sendto(octets, ("t0", kind))


def icmp_error(r, packet, kind, code, mtu=0, change_seq=0):
    """An ICMP error that says that this packet, of vtcp, came to nothing."""
    at = 20 if r.ip == 4 else 40
    seq = (int.from_bytes(packet[at + 4:at + 8], "big") + change_seq) % (1 << 32)
    quoted = packet[:at + 4] + seq.to_bytes(4, "big")
    message = struct.pack("!BBHI", kind, code, 0, mtu) + quoted
    if r.ip == 4:
        message = message[:2] + checksum(message).to_bytes(2, "big") + message[4:]
    with r.ns.socket(r.ip, socket.SOCK_RAW, proto=socket.IPPROTO_ICMP if r.ip == 4 else socket.IPPROTO_ICMPV6) as raw:
        raw.sendto(message, (r.vtcp, 0))


def first_syn(r):
    """The SYN of a vtcp that connects to where nobody is, and its process."""
    r.ns.ip("tuntap", "add", "t0", "mode", "tun")  # so that it can be listened to in time
    r.ns.ip("link", "set", "t0", "up")
    s, _ = sniff(r)
    client = r.connect("--user-timeout", "2s", to=NOBODY[r.ip])
    wanted = socket.inet_pton(namespace.FAMILY[r.ip], NOBODY[r.ip])
    with s:
        while True:
            packet = s.recv(2000)
            if packet[16:20] == wanted or packet[24:40] == wanted:
                return packet, client


PORT_UNREACHABLE = {4: (3, 3), 6: (1, 4)}
HOST_UNREACHABLE = {4: (3, 1), 6: (1, 3)}


def hard_error_ends_SYN_SENT(r):
    packet, client = first_syn(r)
    began = time.time()
    icmp_error(r, packet, *PORT_UNREACHABLE[r.ip])
    assert "no such protocol or port" in client.end(status=1)
    assert time.time() - began < 1.5


def soft_and_forged_errors_do_not(r):
    packet, client = first_syn(r)
    icmp_error(r, packet, *HOST_UNREACHABLE[r.ip])
    icmp_error(r, packet, *PORT_UNREACHABLE[r.ip], change_seq=1)
    icmp_error(r, packet, *PORT_UNREACHABLE[r.ip], change_seq=-1)
    said = client.end(status=1)
    assert "timed out" in said and "1 without effect, 2 about nothing under way" in said, said


def errors_about_open_connection(r, kind, code, mtu=0, change_seq=0):
    """Answers to octets of an open connection: ICMP errors, before the kernel's acknowledgments. Returns what vtcp said."""
    server = r.serve("--echo", "--count", 1)
    device, _ = sniff(r)
    with r.kernel_connect() as s, device:
        for k in range(20):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)  # acknowledge late
            s.sendall(b"x" * (200 + k))
            while True:
                packet, whence = device.recvfrom(2000)
                if whence[2] != socket.PACKET_OUTGOING and len(packet) >= 200 + k:
                    break
            icmp_error(r, packet, kind, code, mtu, change_seq)
            assert len(s.recv(1000)) == 200 + k
    return server.end()


def hard_error_ends_no_open_connection(r):
    said = errors_about_open_connection(r, *PORT_UNREACHABLE[r.ip])
    assert re.search(r"ICMP errors: [1-9]\d* without effect", said), said


def packet_too_big_is_validated(r):
    kind = {4: (3, 4), 6: (2, 0)}[r.ip]
    said = errors_about_open_connection(r, *kind, 1400)
    assert re.search(r"[1-9]\d* path MTUs", said), said


def forged_packet_too_big(r):
    """About a segment that is not under way."""
    kind = {4: (3, 4), 6: (2, 0)}[r.ip]
    said = errors_about_open_connection(r, *kind, 1400, change_seq=5000)
    assert "ICMP errors: 0 without effect, 20 about nothing under way, 0 path MTUs" in said, said


def path_mtu_that_is_too_small(r):
    kind = {4: (3, 4), 6: (2, 0)}[r.ip]
    said = errors_about_open_connection(r, *kind, {4: 67, 6: 1279}[r.ip])
    assert re.search(r"[1-9]\d* without effect", said) and " 0 path MTUs" in said, said


def garbage(r):
    """Octets of chance, changed segments and fragments change nothing."""
    chance = random.Random(3)
    server = r.serve("--count", 1, "--out", r.t / "out")
    s, send = sniff(r)
    address = {4: lambda a: socket.inet_pton(socket.AF_INET, a), 6: lambda a: socket.inet_pton(socket.AF_INET6, a)}[r.ip]
    ends = address(r.host) + address(r.vtcp)
    for k in range(3000):
        tcp = bytearray(struct.pack("!HHIIBBHHH", 999, PORT, chance.getrandbits(32), 0, 80, 2, 1000, 0, 0))
        if r.ip == 4:
            fragment = 0x2000 if k % 7 == 0 else 0
            head = bytearray(struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, fragment, 64, 6, 0) + ends)
            head[10:12] = checksum(bytes(head)).to_bytes(2, "big")
        else:
            more = b"\x06\0\0\1\0\0\0\0" if k % 7 == 0 else b""
            head = bytearray(struct.pack("!IHBB", 6 << 28, 20 + len(more), 44 if more else 6, 64) + ends + more)
        packet = head + tcp
        if k % 3 == 0:
            packet[chance.randrange(2, len(packet))] ^= 1 + chance.randrange(255)
        if k % 5 == 0:
            packet = packet[:chance.randrange(1, len(packet))]
        if k % 11 == 0:
            packet = bytearray(chance.randbytes(chance.randrange(1, 100)))
        send(bytes(packet))
        if k % 50 == 0:
            time.sleep(0.01)
    s.close()
    with r.kernel_connect() as c, sending(c, r.data):
        assert read_all(c) == b""
    said = server.end()
    r.same(r.t.read("out"))
    dropped = re.search(r"dropped: (\d+) malformed, (\d+) with a wrong checksum, (\d+) fragments", said)
    assert dropped and all(int(n) > 100 for n in dropped.groups()), said


def usual_names(r):
    """vtcp tun, with the device and addresses that it has by itself."""
    r.tun = ()
    server = r.t.start("tun", "serve", "--pcap", r.pcap, "--msl", "300ms", "--count", 1, "--out", r.t / "out", PORT,
                       prefix=r.ns.prefix)
    assert "listening on 10.9.0.2:7000, [fd09::2]:7000" in server.wait_for("listening on")
    with r.kernel_connect() as s, sending(s, r.data):
        assert read_all(s) == b""
    server.end()
    r.same(r.t.read("out"))


def nothing_for_the_wrong_address(r):
    """Segments from our own address, to another than ours, or from and to no single host draw no answer."""
    server = r.serve("--echo")
    device, send = sniff(r)
    device.settimeout(1)
    ip = {4: socket.AF_INET, 6: socket.AF_INET6}[r.ip]
    group, nobody = {4: ("224.0.0.1", "0.0.0.0"), 6: ("ff02::1", "::")}[r.ip]
    for source, target in ((r.vtcp, r.vtcp), (r.host, NOBODY[r.ip]), (r.host, group), (group, r.vtcp), (nobody, r.vtcp)):
        ends = socket.inet_pton(ip, source) + socket.inet_pton(ip, target)
        send(packet(r, ends, struct.pack("!HHIIBBHHH", 999, PORT, 1, 0, 80, 2, 1000, 0, 0)))
    try:
        while True:
            octets, whence = device.recvfrom(2000)
            assert whence[2] == socket.PACKET_OUTGOING, f"an answer: {octets.hex()}"
    except TimeoutError:
        pass
    device.close()
    with r.kernel_connect() as s, sending(s, b"hello"):
        assert read_all(s) == b"hello"
    server.process.send_signal(signal.SIGINT)
    said = server.end(status=130)
    assert int(re.search(r"other packets: (\d+)", said).group(1)) >= 5, said


def device_that_goes_away(r):
    server = r.serve("--echo")
    r.ns.ip("link", "del", "t0")
    assert "--tun t0:" in server.end(status=3, seconds=10)


def device_of_somebody_else(r):
    r.ns.ip("tuntap", "add", "t0", "mode", "tun")
    r.ns.ip("link", "set", "t0", "mtu", 1400, "up")
    r.ns.ip("addr", "add", f"{HOST[r.ip]}/{24 if r.ip == 4 else 64}", "dev", "t0")
    r.tun = ("--tun", "t0", "--address", VTCP[r.ip])
    echo(r)
    assert max(int(p["frame.len"]) for p in r.packets()) == 1400


# Scenarios: the gateway

PEERS = {4: "127.0.0.0/25", 6: "::/65"}
INSIDE = {4: "10.9.0.129", 6: "fd09::8000:0:0:1"}  # 127.0.0.1 and ::1
LOOPBACK = {4: "127.0.0.1", 6: "::1"}


def gateway(r):
    """Both ways through one gateway, a vtcp in UDP on the one side, the kernel on the other."""
    udp = [*r.case.options, "--msl", "300ms", "--rto-min", "200ms"]
    g = r.t.start("gateway", *r.case.options, "--tun", "t0", "--address", NETWORK[r.ip],
                  "--peers", PEERS[r.ip], "--pcap", r.pcap, LOOPBACK[r.ip], PORT, prefix=r.ns.prefix)
    g.wait_for("listening on")
    with r.kernel_listen() as listener:
        client = r.t.start("connect", *udp, "--in", r.t.file("in", r.data), "--out", r.t / "out", LOOPBACK[r.ip], PORT,
                           prefix=r.ns.prefix)
        s, peer = listener.accept()
        with s, sending(s, r.data):
            r.same(read_all(s))
        client.end()
        r.same(r.t.read("out"))
        assert peer[0] == INSIDE[r.ip], peer
    server = r.t.start("serve", *udp, "--echo", "--count", 3, LOOPBACK[r.ip], PORT + 1, prefix=r.ns.prefix)
    server.wait_for("listening on")
    for _ in range(3):
        with r.ns.connect(r.ip, INSIDE[r.ip], PORT + 1) as s, sending(s, r.data):
            r.same(read_all(s))
    server.end()
    g.process.send_signal(signal.SIGINT)
    g.end(status=130)


# The table

BOTH_WAYS = (echo, exchange, curl_posts, gateway, device_of_somebody_else)


def see_largest(field, size, to=None):
    """The largest text that goes to the port, or from it, has just this size."""
    def check(packets):
        side = "tcp.dstport" if to else "tcp.srcport"
        sizes = [p.number("tcp.len") for p in packets if p[side] == str(PORT)]
        assert max(sizes) == size, f"{field}: {max(sizes)} octets, expected {size}"
    return check


def see_largest_packet(size):
    def check(packets):
        largest = max(int(p["frame.len"]) for p in packets)
        assert largest == size, largest
    return check


def faults(loss=0, duplicate=0, reorder=0, corrupt=0, seed=1):
    given = (("--loss", loss), ("--duplicate", duplicate), ("--reorder", reorder), ("--corrupt", corrupt))
    return ("--seed", seed, "--delay", "2ms", *(word for name, percent in given if percent for word in (name, percent)))


def table():
    bulk = (upload, download, echo, put, fetch, exchange)
    # Slow ones first: they wait beside the others.
    for ip in (4, 6):
        yield Case("keep-alive probes of the kernel", keep_alive, ip)
        yield Case("kernel reader that sleeps", kernel_reader_that_sleeps, ip, socket={"receive_buffer": 8192}, explained=ZERO)
        yield Case("vtcp reader that sleeps", vtcp_reader_that_sleeps, ip, explained=ZERO)
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
        yield Case("half-close of the kernel", half_close_of_the_kernel, ip)
        yield Case("half-close of vtcp", half_close_of_vtcp, ip)
        yield Case("simultaneous close", simultaneous_close, ip, sample=True)
        yield Case("simultaneous open", simultaneous_open, ip, size=5000)
        yield Case("RST of the kernel", reset_by_the_kernel, ip, explained=RESET)
        yield Case("RST of vtcp", reset_by_vtcp, ip, explained=RESET)
        yield Case("closed with octets unread", closed_with_octets_unread, ip, explained=f"{RESET}|{FULL}")
        yield Case("port refused by the kernel", refused_by_the_kernel, ip, explained=RESET, sample=True)
        yield Case("port refused by vtcp", refused_by_vtcp, ip, explained=RESET, sample=True)
        yield Case("curl gets from vtcp", curl_gets, ip)
        yield Case("curl posts to vtcp", curl_posts, ip)
        yield Case("vtcp gets from http.server", vtcp_gets_from_http_server, ip)
        yield Case("kernel learns the path MTU", kernel_learns_the_path_mtu, ip, explained=LOST)
        yield Case("vtcp learns the path MTU", vtcp_learns_the_path_mtu, ip, explained=LOST)
        yield Case("hard ICMP error ends SYN-SENT", hard_error_ends_SYN_SENT, ip, sample=ip == 4)
        yield Case("soft and forged ICMP errors do not", soft_and_forged_errors_do_not, ip)
        yield Case("hard ICMP error ends no open connection", hard_error_ends_no_open_connection, ip)
        yield Case("packet too big is validated", packet_too_big_is_validated, ip)
        yield Case("packet too big, forged", forged_packet_too_big, ip)
        yield Case("packet too big, too small a path MTU", path_mtu_that_is_too_small, ip)
        yield Case("vtcp tun by itself", usual_names, ip)
        yield Case("garbage on the device", garbage, ip, shark=False)
        yield Case("nothing for the wrong address", nothing_for_the_wrong_address, ip, shark=False)
        yield Case("device of somebody else", device_of_somebody_else, ip)
        for framing in ("rotated", "whole"):
            yield Case(f"gateway, framing {framing}", gateway, ip, ("--framing", framing), size=500_000)
    yield Case("device that goes away", device_that_goes_away, shark=False)
    yield Case("urgent data", urgent, size=50_000)
    yield Case("many connections at once", many_connections, size=30_000)
    yield Case("slow kernel reader", slow_kernel_reader, size=600_000, socket={"receive_buffer": 16384}, explained=ZERO)
    yield Case("slow vtcp reader", slow_vtcp_reader, size=600_000, options=("--window", "32k"), explained=ZERO)
    yield Case("window of 600 octets", upload, options=("--window", 600), size=30_000, explained=ZERO)
    # More than the device's queue of 500 packets holds.
    yield Case("window of 4 MB", exchange, options=("--window", "4M"), size=4_000_000, explained=LOST)
    yield Case("window scale off at vtcp", exchange, options=("--no-window-scale",))
    yield Case("MTU that shrinks", mtu_that_shrinks)
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


def befell(case, said, ns):
    """The faults that were asked for have been there, both ways."""
    counts = re.findall(r"faults in \d+ datagrams (sent|received): (\d+) lost, (\d+) duplicated, (\d+) reordered, (\d+) corr", said)
    kinds = [k for k, name in enumerate(("--loss", "--duplicate", "--reorder", "--corrupt"), 1) if name in case.options]
    assert not kinds or {c[0] for c in counts} == {"sent", "received"}, said
    for k in kinds:
        assert sum(int(c[k]) for c in counts) > 0, said
    if "--corrupt" in case.options:
        assert re.search(r"[1-9]\d* with a wrong checksum", said), said
        head, values = [x.split() for x in ns.inside(lambda: open("/proc/thread-self/net/snmp").read()).splitlines()
                        if x.startswith("Tcp:")]
        assert int(values[head.index("InCsumErrors")]) > 0, "the kernel saw no wrong checksum"


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
                packets = r.packets("tcp.len", "tcp.srcport", "tcp.dstport")
                assert packets, "nothing captured"
                found = capture.problems(packets, re.compile(explained), {*VTCP.values(), *INSIDE.values()})
                assert not found, "\n".join(found[:20])
                if case.see:
                    case.see(packets)
    return f"{case.name}, IPv{case.ip}", run


def main(words):
    sample = "--sample" in words
    words = [w for w in words if w != "--sample"]
    reason = namespace.why_not()
    if reason is None and shutil.which("curl") is None:
        reason = "curl is not installed"
    if reason is not None:
        print(f"1..1\nok 1 - interoperation with the kernel # SKIP {reason}\n0 passed, 0 failed, 1 skipped")
        return 0
    cases = [test(c) for c in table() if c.sample or not sample]
    return support.run_all([c for c in cases if all(w in c[0] for w in words)], WORKERS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
