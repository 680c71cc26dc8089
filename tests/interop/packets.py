"""What vtcp makes of packets that no kernel sends: ICMP errors right and forged, garbage, wrong addresses."""
import random
import re
import signal
import socket
import struct
import time

import namespace
from namespace import read_all, sending
from one import NOBODY, PORT

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


def first_syn(r, user_timeout):
    """The SYN of a vtcp that connects to where nobody is, and its process."""
    r.ns.ip("tuntap", "add", "t0", "mode", "tun")  # so that it can be listened to in time
    r.ns.ip("link", "set", "t0", "up")
    s, _ = sniff(r)
    client = r.connect("--user-timeout", user_timeout, to=NOBODY[r.ip])
    wanted = socket.inet_pton(namespace.FAMILY[r.ip], NOBODY[r.ip])
    with s:
        while True:
            packet = s.recv(2000)
            if packet[16:20] == wanted or packet[24:40] == wanted:
                return packet, client


PORT_UNREACHABLE = {4: (3, 3), 6: (1, 4)}
HOST_UNREACHABLE = {4: (3, 1), 6: (1, 3)}


def hard_error_ends_SYN_SENT(r):
    packet, client = first_syn(r, "100s")
    began = time.time()
    icmp_error(r, packet, *PORT_UNREACHABLE[r.ip])
    assert "no such protocol or port" in client.end(status=1)
    assert time.time() - began < 30


def soft_and_forged_errors_do_not(r):
    packet, client = first_syn(r, "4s")
    icmp_error(r, packet, *HOST_UNREACHABLE[r.ip])
    icmp_error(r, packet, *PORT_UNREACHABLE[r.ip], change_seq=1)
    icmp_error(r, packet, *PORT_UNREACHABLE[r.ip], change_seq=-1)
    said = client.end(status=1)
    assert "timed out" in said and "1 without effect, 2 about nothing under way" in said, said
    assert "ICMP: it cannot be reached now; still trying" in said, said


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
    assert said.count("ICMP: the host has no such protocol or port; still trying") == 1, said


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
