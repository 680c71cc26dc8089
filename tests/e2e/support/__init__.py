"""Runs vtcp processes for end-to-end tests, and the tests themselves: several at a time, TAP on standard output."""
import concurrent.futures
import os
import signal
import socket
import subprocess
import tempfile
import time
import traceback

VTCP = os.environ.get("VTCP", os.path.join(os.path.dirname(__file__), "..", "..", "..", "build", "vtcp"))
LIMIT = 170  # seconds for one process
LOOPBACK = {4: "127.0.0.1", 6: "::1"}


class Skip(Exception):
    pass


def need_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.bind(("::1", 0))
    except OSError as why:
        raise Skip(f"no IPv6 here: {why}") from None


class Process:
    """A vtcp process, perhaps run by another command (prefix); its standard error goes to a file, so that it never blocks."""

    def __init__(self, folder, *args, prefix=(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
        self.args = [str(a) for a in args]
        if "::1" in self.args or "-6" in self.args and "-4" not in self.args:
            need_ipv6()
        self.log = tempfile.NamedTemporaryFile("w+", dir=folder, prefix="stderr-", delete=False)
        self.process = subprocess.Popen([*prefix, VTCP, *self.args], stdin=stdin, stdout=stdout, stderr=self.log)

    def stderr(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def wait_for(self, text, seconds=10):
        end = time.time() + seconds
        while time.time() < end:
            for line in self.stderr().splitlines():
                if text in line:
                    return line
            if self.process.poll() is not None and text not in self.stderr():
                break
            time.sleep(0.01)
        raise AssertionError(f"no line with '{text}' from {self}")

    def port(self):
        return int(self.wait_for("listening on").rsplit(":", 1)[1])

    def end(self, status=0, seconds=LIMIT):
        """Waits for the end and checks the exit status; returns standard error."""
        try:
            got = self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"no end within {seconds} s of {self}") from None
        assert got == status, f"exit status {got}, expected {status}, of {self}"
        return self.stderr()

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def __str__(self):
        return f"vtcp {' '.join(self.args)}\n{self.stderr()}"


class Folder:
    """A directory for one test, whose processes end with it."""

    def __init__(self, path):
        self.path, self.processes = path, []

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def start(self, *args, **pipes):
        p = Process(self.path, *args, **pipes)
        self.processes.append(p)
        return p

    def run(self, *args, status=0, seconds=LIMIT, **pipes):
        return self.start(*args, **pipes).end(status, seconds)

    def file(self, name, octets):
        path = self / name
        with open(path, "wb") as f:
            f.write(octets)
        return path

    def read(self, name):
        with open(self / name, "rb") as f:
            return f.read()


def run_one(test):
    name, function = test
    began = time.time()
    with tempfile.TemporaryDirectory(prefix="vtcp-e2e-") as path:
        folder = Folder(path)
        try:
            function(folder)
            return name, "ok", "", time.time() - began
        except Skip as why:
            return name, "skip", str(why), time.time() - began
        except Exception:  # whatever went wrong is this test's failure
            return name, "fail", traceback.format_exc(), time.time() - began
        finally:
            for p in folder.processes:
                p.kill()


def run_all(tests, workers):
    """Prints TAP and the totals; returns the exit status."""
    counts = {"ok": 0, "fail": 0, "skip": 0}
    print(f"1..{len(tests)}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for n, (name, verdict, detail, seconds) in enumerate(pool.map(run_one, tests), 1):
            counts[verdict] += 1
            if verdict == "fail":
                print("\n".join("# " + line for line in detail.splitlines()))
            word = "not ok" if verdict == "fail" else "ok"
            print(f"{word} {n} - {name}{' # SKIP ' + detail if verdict == 'skip' else ''}", flush=True)
            print(f"# {seconds:.1f} s", flush=True)
    print(f"{counts['ok']} passed, {counts['fail']} failed, {counts['skip']} skipped")
    return 1 if counts["fail"] else 0
