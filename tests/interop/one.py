"""One case under way, for the scenarios."""
import hashlib
import random

import capture

PORT = 7000
HOST = {4: "10.9.0.1", 6: "fd09::1"}
VTCP = {4: "10.9.0.2", 6: "fd09::2"}
NOBODY = {4: "10.9.0.77", 6: "fd09::77"}
NETWORK = {4: f"{VTCP[4]}/24", 6: f"{VTCP[6]}/64"}
ADDRESS = f"{NETWORK[4]},{NETWORK[6]}"


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
