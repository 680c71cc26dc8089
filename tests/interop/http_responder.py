#!/usr/bin/env python3
"""One HTTP/1.1 exchange on standard input and output, for `vtcp serve --exec`: GET gives FILE, POST the SHA-256 of what was posted."""
import hashlib
import sys

method = sys.stdin.buffer.readline().split()[0]
length = 0
while (line := sys.stdin.buffer.readline().strip()):
    name, _, value = line.partition(b":")
    if name.lower() == b"content-length":
        length = int(value)
    if name.lower() == b"expect":
        sys.stdout.buffer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        sys.stdout.buffer.flush()
if method == b"POST":
    body = hashlib.sha256(sys.stdin.buffer.read(length)).hexdigest().encode()
else:
    with open(sys.argv[1], "rb") as f:
        body = f.read()
sys.stdout.buffer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
sys.stdout.buffer.write(b"" if method == b"HEAD" else body)
