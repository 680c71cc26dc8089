"""What `make prove-fast` need not try again: files whose whole input is as it was when all of it was last
proved, and in other files the functions of which that is true."""
import glob
import hashlib
import json
import os
import re

import digests

DIRECTORY = "build/proofs/memory"
GATE = ("digests", "memory", "prove", "results", "sources")
VERSIONS = [["frama-c", "-version"], ["why3", "--version"], ["cvc4", "--version"], ["z3", "--version"],
            ["gcc", "--version"]]


class Memory:
    def __init__(self, flags, execute):
        """flags: Frama-C's; execute: runs a command, gives its status and its output."""
        self.execute, self.known = execute, {}
        self.common = hashlib.sha256(" ".join(flags).encode())
        for command in VERSIONS:
            self.common.update(execute(command)[1].encode())
        for path in sorted([*(f"proofs/{name}.py" for name in GATE), *glob.glob("proofs/provers/*")]):
            self.add(self.common, path)

    @staticmethod
    def add(digest, path):
        with open(path, "rb") as f:
            digest.update(path.encode() + b"\0" + f.read() + b"\0")

    def around(self, path):
        """A digest of the tools, and of the theories beside the file."""
        digest = self.common.copy()
        for source in sorted(digests.theories_of(path) if path.endswith(".mlw") else digests.bound()):
            self.add(digest, source)
        return digest

    def input(self, path):
        """A digest of all that the result for a file depends on: macros and comments, where the contracts are, too."""
        if path not in self.known:
            digest = self.around(path)
            if path.endswith(".c"):
                self.add(digest, path)
                status, text = self.execute(
                    ["gcc", "-std=c11", "-E", "-C", "-dD", "-D__FRAMAC__", "-Icore", "-Ispec", path])
                digest.update(f"{status}\0{text}".encode())
            self.known[path] = digest.hexdigest()
        return self.known[path]

    @staticmethod
    def place(path):
        return os.path.join(DIRECTORY, re.sub(r"\W", "_", path) + ".json")

    def kept(self, path):
        try:
            with open(self.place(path), encoding="utf-8") as f:
                return json.load(f)
        except (OSError, ValueError):
            return {"input": None, "around": None}

    def recall(self, path):
        kept = self.kept(path)
        return kept["result"] if kept["input"] == self.input(path) else None

    def functions(self, path, seen):
        """The results of the functions whose proofs see what they saw."""
        kept = self.kept(path)
        if kept.get("around") != self.around(path).hexdigest():
            return {}
        return {f: goals for f, goals in kept["result"]["functions"].items() if f in seen and kept["result"]["seen"].get(f) == seen[f]}

    def last(self, path):
        """The results for the functions when the file was last proved, whatever has changed since."""
        return self.kept(path).get("result", {}).get("functions", {})

    def keep(self, path, result):
        os.makedirs(DIRECTORY, exist_ok=True)
        with open(self.place(path), "w", encoding="utf-8") as f:
            json.dump({"input": self.input(path), "around": self.around(path).hexdigest(), "result": result}, f, default=sorted)
