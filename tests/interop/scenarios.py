"""What vtcp and the kernel do together: sockets, curl and http.server on the one side, the program on the other."""
import hashlib
import os
import re
import signal
import socket
import sys
import threading
import time

import support
from namespace import Namespace, abort, read_all, sending
from one import HOST, NETWORK, PORT, VTCP

HERE = os.path.dirname(os.path.abspath(__file__))

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


def half_close_of_netcat(r):
    server = r.serve("--exec", f"cat >{r.t / 'got'}; cat {r.t.file('in', r.data)}", "--count", 1)
    request = r.t.file("request", b"the request")
    r.same(r.ns.run("sh", "-c", f"exec nc -N {r.vtcp} {PORT} <{request}"))
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
    with Beyond(r, 1400) as beyond:
        beyond.ns.ip("link", "set", "v1", "mtu", 1500)
        with beyond.ns.listen(r.ip, PORT) as listener:
            client = r.connect("--in", r.t.file("in", r.data), to=beyond.address)
            with listener.accept()[0] as s:
                r.same(read_all(s))
            said = client.end()
    assert re.search(r"[1-9]\d* path MTUs", said), said
    sizes = [int(p["frame.len"]) for p in r.packets("tcp.dstport") if p["tcp.dstport"] == str(PORT)]
    assert max(sizes) == 1500 and max(sizes[len(sizes) // 2:]) == 1400, (max(sizes), max(sizes[len(sizes) // 2:]))


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
