"""Network namespaces, and sockets in them, for one test each."""
import contextlib
import ctypes
import itertools
import os
import shutil
import socket
import struct
import subprocess
import threading

from support import Skip

CLONE_NEWNET = 0x40000000
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
libc = ctypes.CDLL(None, use_errno=True)
number = itertools.count()


def why_not():
    """Why nothing of this can run here; None: it can."""
    if os.geteuid() != 0:
        return "it needs root"
    for program in ("ip", "tshark"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    try:
        with Namespace() as ns:
            ns.ip("tuntap", "add", "t0", "mode", "tun")
    except subprocess.CalledProcessError as error:
        return f"no network namespace with a TUN device: {error.stderr.strip()}"
    return None


class Namespace:
    def __init__(self):
        self.name = f"vtcp-{os.getpid()}-{next(number)}"
        self.prefix = ("ip", "netns", "exec", self.name)

    def __enter__(self):
        self._ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        self._ip("netns", "del", self.name)

    @staticmethod
    def _ip(*args):
        subprocess.run(["ip", *map(str, args)], check=True, capture_output=True, text=True, timeout=20)

    def ip(self, *args):
        self._ip("-n", self.name, *args)

    def start(self, *args, **pipes):
        return subprocess.Popen([*self.prefix, *map(str, args)], **pipes)

    def run(self, *args, seconds=60, status=0):
        got = subprocess.run([*self.prefix, *map(str, args)], capture_output=True, timeout=seconds)
        assert got.returncode == status, f"{args}: exit status {got.returncode}\n{got.stderr.decode(errors='replace')}"
        return got.stdout

    def inside(self, function):
        """What function returns in a thread that is inside; sockets stay where they were made."""
        result = []

        def thread():
            try:
                with open(f"/run/netns/{self.name}") as f:
                    if libc.setns(f.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                result.append(function())
            except Exception as error:  # told to the caller
                result.append(error)
        t = threading.Thread(target=thread)
        t.start()
        t.join()
        if isinstance(result[0], Exception):
            raise result[0]
        return result[0]

    def set(self, name, value):
        """A sysctl of net.ipv4."""
        def write():
            with open(f"/proc/sys/net/ipv4/{name}", "w") as f:
                f.write(str(value))
        try:
            self.inside(write)
        except FileNotFoundError:
            raise Skip(f"this kernel has no net.ipv4.{name}") from None

    def socket(self, ip, kind=socket.SOCK_STREAM, **options):
        s = self.inside(lambda: socket.socket(FAMILY[ip], kind, **options))
        s.settimeout(60)
        return s

    def listen(self, ip, port, **options):
        s = self.socket(ip)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        prepare(s, **options)
        s.bind(("::" if ip == 6 else "0.0.0.0", port))
        s.listen()
        return s

    def connect(self, ip, address, port, **options):
        s = self.socket(ip)
        prepare(s, **options)
        s.connect((address, port))
        return s


def prepare(s, congestion=None, mss=None, receive_buffer=None):
    if congestion:
        try:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
        except OSError as error:
            raise Skip(f"no {congestion} in this kernel: {error}") from None
    if mss:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, mss)
    if receive_buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)


def abort(s):
    """Closes with RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def read_all(s, pause=None):
    octets = bytearray()
    while piece := s.recv(65536 if pause is None else 4096):
        octets += piece
        if pause:
            pause()
    return bytes(octets)


@contextlib.contextmanager
def sending(s, octets, close=True):
    """Sends beside what else happens, then closes this direction."""
    problems = []

    def send():
        try:
            s.sendall(octets)
            if close:
                s.shutdown(socket.SHUT_WR)
        except OSError as error:
            problems.append(error)
    t = threading.Thread(target=send)
    t.start()
    try:
        yield
    finally:
        t.join(60)
    if problems:
        raise problems[0]
