"""The contracts of core/ as Frama-C's kernel understands them: parsed, typed and with every macro expanded."""
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field

import lark

HERE = os.path.dirname(os.path.abspath(__file__))
INTEGERS = {"integer", "_Bool", "int", "long", "char", "short", "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t",
            "uint16_t", "uint32_t", "uint64_t"}


@dataclass(frozen=True)
class Type:
    base: str
    stars: int = 0
    sizes: tuple = ()

    def is_pointer(self):
        return self.stars > 0 and not self.sizes

    def is_integer(self):
        return not self.stars and not self.sizes and (self.base in INTEGERS or self.base.startswith("enum "))

    def is_truth(self):
        return self == Type("boolean")

    def is_abstract(self):
        """A type that only Why3 knows."""
        return not self.is_integer() and not self.is_truth() and not self.stars and not self.base.startswith("struct ")

    def target(self):
        return Type(self.base, self.stars, self.sizes[1:]) if self.sizes else Type(self.base, self.stars - 1)


@dataclass
class Definition:
    """A predicate (result boolean) or a logic function; without a body it is bound to Why3."""
    name: str
    result: Type
    parameters: list  # of (name, Type)
    labels: list = field(default_factory=list)
    body: object = None


@dataclass
class Clause:
    kind: str  # requires, assumes, ensures, terminates, exits, assigns, complete, disjoint
    label: str
    tree: object
    behavior: str = ""


@dataclass
class Function:
    name: str
    result: Type
    parameters: list
    clauses: list
    declaration: str  # as C


class Model:
    def __init__(self, text):
        self.text = text
        self.structs, self.constants, self.definitions, self.functions = {}, {}, {}, {}
        with open(os.path.join(HERE, "acsl.lark")) as grammar:
            parser = lark.Lark(grammar.read(), parser="lalr", propagate_positions=True)
        contract = None
        for item in parser.parse(text).children:
            if item.data == "contract":
                contract = item
                continue
            getattr(self, item.data)(item) if item.data != "prototype" else self.prototype(item, contract)
            contract = None

    def source(self, tree):
        """The text of a part; the parser leaves out parentheses at its ends."""
        begin, end, depth = tree.meta.start_pos, tree.meta.end_pos, 0
        for c in self.text[begin:end]:
            depth += (c == "(") - (c == ")")
            if depth < 0:
                begin, depth = self.text.rindex("(", 0, begin), 0
        for _ in range(depth):
            end = self.text.index(")", end) + 1
        return " ".join(self.text[begin:end].split())

    # Each method takes the children of the grammar's rule of the same name.

    def struct(self, tree):
        self.structs[" ".join(tree.children[0].split())] = dict(declared(d) for d in tree.children[1:])

    def enum(self, tree):
        for e in tree.children[1:]:
            self.constants[str(e.children[0])] = int(e.children[1])

    def predicate(self, tree):
        self.define(Type("boolean"), tree.children)

    def logic(self, tree):
        self.define(type_of(tree.children[0]), tree.children[1:])

    def define(self, result, parts):
        d = Definition(str(parts[0]), result, [])
        for part in parts[1:]:
            if getattr(part, "data", "") == "labels":
                d.labels = [str(x) for x in part.children]
            elif getattr(part, "data", "") == "parameters":
                d.parameters = [declared(x) for x in part.children]
            else:
                d.body = part
        self.definitions[d.name] = d

    def axiomatic(self, tree):
        for item in tree.children[1:]:
            if item.data == "bound_predicate":
                self.define(Type("boolean"), item.children)
            elif item.data == "bound_logic":
                self.define(type_of(item.children[0]), item.children[1:])

    def prototype(self, tree, contract):
        name, result = declared(tree.children[0])
        parameters = [(n, Type(t.base, t.stars + len(t.sizes))) for n, t in map(declared, tree.children[1:])]
        clauses = []
        for part in contract.children if contract else []:
            if part.data == "behavior":
                clauses += [clause(c, str(part.children[0])) for c in part.children[1:]]
            else:
                clauses.append(clause(part, ""))
        self.functions[name] = Function(name, result, parameters, clauses, self.source(tree).rstrip(";"))


def clause(tree, behavior):
    if tree.data in ("requires", "assumes", "ensures", "exits"):
        return Clause(tree.data, tree.children[0].rstrip(" \n\t:"), tree.children[1], behavior)
    kind = str(tree.children[0]) if tree.data == "coverage" else tree.data
    return Clause(kind, "", tree, behavior)


def type_of(tree):
    words = [str(t) for t in tree.children]
    return Type(" ".join(words[0].split()), words.count("*"))


def declared(tree):
    """The name and the type of a declaration."""
    kind, name, sizes = type_of(tree.children[0]), None, ()
    for part in tree.children[1:]:
        if getattr(part, "data", "") == "array":
            sizes += (int(part.children[0]),)
        else:
            name = str(part)
    return name, Type(kind.base, kind.stars, sizes)


def read(root, headers):
    """What Frama-C makes of the headers (names below core/)."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = os.path.join(folder, "all.c"), os.path.join(folder, "all.print")
        with open(source, "w") as f:
            f.writelines(f'#include "{h}"\n' for h in headers)
        command = ["frama-c", "-machdep", "gcc_x86_64", f"-cpp-extra-args=-I{root}/core -I{root}/spec", "-no-unicode",
                   "-print", "-ocode", out, source]
        got = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if got.returncode != 0 or "Warning" in got.stdout or not os.path.exists(out):
            raise SystemExit(f"contracts: frama-c cannot read the headers\n{got.stdout}{got.stderr}")
        with open(out) as f:
            return Model(f.read())


def declared_in(path):
    """The functions that a header of this project declares."""
    with open(path) as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    return re.findall(r"^[a-z][\w ]*?[ *](vtcp_\w+)\(", text, flags=re.M)
