"""What a result was made from: a digest of files, so that a result of other files is not taken for one of these."""
import glob
import hashlib
import os
import re


def digest(paths):
    h = hashlib.sha256()
    for path in sorted(set(paths)):
        with open(path, "rb") as f:
            h.update(f"{path}\0".encode() + hashlib.sha256(f.read()).digest())
    return h.hexdigest()[:16]


def theories_of(path, found=None):
    """A WhyML file and those of spec/ that it uses, by the names of the files."""
    found = set() if found is None else found
    if path not in found:
        found.add(path)
        with open(path, encoding="utf-8") as f:
            used = re.findall(r"\b(?:use|clone)\s+(?:import\s+|export\s+)?(\w+)\.\w+", f.read())
        for name in used:
            for other in glob.glob(f"spec/**/{name}.mlw", recursive=True):
                theories_of(other, found)
    return found


def bound():
    """The drivers, and the theories that they bind names to with those that these use."""
    drivers = glob.glob("spec/*.driver")
    texts = "".join(open(d, encoding="utf-8").read() for d in drivers)
    named = {f"spec/{name}" for name in re.findall(r'why3\.file \+= "(\w+\.mlw)', texts)}
    return set(drivers).union(*(theories_of(t) for t in named if os.path.exists(t)))


def of_proof(path):
    """The digest of what the goals of a file come from."""
    if path.endswith(".mlw"):
        return digest(theories_of(path))
    return digest([path, "proofs/flags.mk", *bound(), *glob.glob("spec/*.acsl"), *glob.glob("core/**/*.h", recursive=True)])


def of_tests():
    """The digest of what the tests test, and of the tests."""
    return digest([p for folder in ("core", "harness", "tests") for kind in ("c", "h", "py", "sh", "txt")
                   for p in glob.glob(f"{folder}/**/*.{kind}", recursive=True)])
