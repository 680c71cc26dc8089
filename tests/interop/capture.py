"""What tshark makes of a capture."""
import subprocess

WARNING = 0x600000  # tshark's severities: chat 0x200000, note 0x400000, warning, error 0x800000
# Linux fills in checksums in software as UDP wants them, never 0; in one's complement that is the same (skb_checksum_help).
MANGLED = "TCP Checksum 0xffff instead of 0x0000"
ORDINARY = ("frame.len", "frame.protocols", "_ws.malformed", "_ws.short", "ip.checksum.status", "tcp.checksum.status",
            "icmp.checksum.status", "icmpv6.checksum.status", "ip.src", "ipv6.src", "_ws.expert.severity", "_ws.expert.message")


class Packet(dict):
    def number(self, field):
        return int(self[field] or "0", 0)


def read(path, port, *fields):
    """The packets, with the ordinary fields and these; payloads at this port and the next are not looked at."""
    checks = [o for p in ("ip", "tcp") for o in ("-o", f"{p}.check_checksum:TRUE")]
    wanted = [o for f in (*ORDINARY, *fields) for o in ("-e", f)]
    got = subprocess.run(["tshark", "-n", "-r", path, *checks, "-d",
                          f"tcp.port=={port}-{port + 1},data", "-T", "fields", "-E",
                          "aggregator=|", *wanted], capture_output=True, text=True, timeout=120)
    assert got.returncode == 0, got.stderr
    names = (*ORDINARY, *fields)
    return [Packet(zip(names, line.split("\t"))) for line in got.stdout.split("\n") if line]


def problems(packets, explained, ours):
    """Lines that say what is wrong, but for the expert's warnings that match the regular expression explained.
    ours: the addresses of vtcp."""
    found = []
    for n, p in enumerate(packets, 1):
        quotes = "icmp" in p["frame.protocols"]
        if MANGLED in p["_ws.expert.message"] and not {p["ip.src"], p["ipv6.src"]} & ours:
            continue
        if p["_ws.malformed"] or p["_ws.short"]:
            found.append(f"packet {n}: malformed")
        for field in ("ip.checksum.status", "tcp.checksum.status", "icmp.checksum.status", "icmpv6.checksum.status"):
            if set(p[field].split("|")) - ({"", "1", "2"} if quotes else {"", "1"}):
                found.append(f"packet {n}: {field} {p[field]}")
        for severity, message in zip(p["_ws.expert.severity"].split("|"), p["_ws.expert.message"].split("|")):
            if severity and int(severity) >= WARNING and not (explained and explained.search(message)):
                found.append(f"packet {n}: {message}")
    return found
