"""Mutants of C functions: every single small change of a body, found on clang's syntax tree.

    comparison   < <= > >= == !=, each by each other one
    constant     n by n + 1 and n - 1 (literals, macros, enumerators); true and false by each other
    arithmetic   + - * / %, each by each other one; += -= ++ -- by each other, += by =; a sign removed
    assignment   the right side replaced by 0 (also of an initialisation)
    condition    negated; the same for the operands of && and ||; && and || by each other
    deletion     of a statement: assignments, calls, returns, branches, loops
    field        a member replaced by the next one of the same type in the same struct
"""
import collections
import json
import re
import subprocess

COMPARISON, ARITHMETIC, LOGICAL = ("<", "<=", ">", ">=", "==", "!="), ("+", "-", "*", "/", "%"), ("&&", "||")
COMPOUND = {"+=": ("-=", "="), "-=": ("+=", "="), "*=": ("/=", "="), "/=": ("*=", "="), "%=": ("=",)}
TRANSPARENT = ("ImplicitCastExpr", "ConstantExpr")

Mutant = collections.namedtuple("Mutant", "path function start end text operator line becomes nth")


class Function(collections.namedtuple("Function", "path name start end")):
    """A function and where its body is in the file."""


def squeeze(text):
    return " ".join(text.split())


def place(loc):
    """Offset and length of a token as it stands in the file, and whether it stands there for a macro."""
    at = loc.get("expansionLoc", loc)
    return at["offset"], at["tokLen"], "expansionLoc" in loc


def extent(node):
    (start, _, _), (last, length, _) = place(node["range"]["begin"]), place(node["range"]["end"])
    return start, last + length


def bare(node):
    while node["kind"] in TRANSPARENT:
        node = node["inner"][0]
    return node


def type_of(node):
    return node["type"].get("desugaredQualType", node["type"]["qualType"])


def is_number(node):
    return re.fullmatch(r"(const )?((un)?signed |long |short )*(int|long|short|char|_Bool|enum \w+)", type_of(node)) \
        or re.fullmatch(r"(const )?unsigned", type_of(node))


class File:
    """The mutants of one file; header functions too, when the file is a header."""

    def __init__(self, path, cpp):
        self.path = path
        with open(path, encoding="latin-1", newline="") as f:
            self.text = f.read()
        out = subprocess.run(["clang", "-std=c11", *cpp, "-x", "c", "-fsyntax-only", "-Wno-everything", "-Xclang",
                              "-ast-dump=json", path], stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
        tree = json.loads(out)
        self.fields, self.functions, self.mutants, self.seen = {}, [], [], set()
        self.read_fields(tree)
        for node in tree["inner"]:
            here = node["kind"] == "FunctionDecl" and node["loc"] and "includedFrom" not in node["loc"]
            body = next((n for n in node.get("inner", ()) if n["kind"] == "CompoundStmt"), None)
            if here and body:
                self.function = Function(path, node["name"], *extent(body))
                self.functions.append(self.function)
                self.last = body["inner"][-1] if body.get("inner") else None
                self.visit(body)
        self.number()

    def read_fields(self, node):
        """For each member the next one of its type in the same struct."""
        for child in node.get("inner", ()):
            if child["kind"] == "RecordDecl":
                same = {}
                for f in child.get("inner", ()):
                    if f["kind"] == "FieldDecl" and "name" in f:
                        same.setdefault(f["type"]["qualType"], []).append(f)
                for group in same.values():
                    for f, following in zip(group, group[1:] + group[:1]):
                        if len(group) > 1:
                            self.fields[f["id"]] = following["name"]
                self.read_fields(child)

    def of(self, node):
        start, end = extent(node)
        return self.text[start:end]

    def add(self, operator, start, end, text):
        if (start, end, text) in self.seen or self.text[start:end] == text:
            return
        self.seen.add((start, end, text))
        first = self.text.rindex("\n", 0, start) + 1
        stop = self.text.index("\n", end)
        stop = stop if self.text.count("\n", start, end) == 0 else self.text.index("\n", start)
        after = self.text[end:stop] if end <= stop else ""
        self.mutants.append(Mutant(self.path, self.function.name, start, end, text, operator,
                                   squeeze(self.text[first:stop]), squeeze(self.text[first:start] + text + after), 0))

    def number(self):
        """Mutants that look the same in one function are told apart by their order."""
        count = collections.Counter()
        for i, m in enumerate(self.mutants):
            key = m.function, m.operator, m.line, m.becomes
            count[key] += 1
            self.mutants[i] = m._replace(nth=count[key])

    # -- the tree --------------------------------------------------------------------------------------------------

    def visit(self, node, parent=None):
        kind = node["kind"]
        handler = getattr(self, "on_" + kind, None)
        if handler:
            handler(node, parent)
        for child in node.get("inner", ()):
            if child.get("kind") and child["kind"] != "CaseStmt":
                self.visit(child, node if kind not in TRANSPARENT else parent)

    def operand(self, node, binding=()):
        """The text of an operand, in parentheses where another operator could take it apart."""
        inner, text = bare(node), self.of(node)
        return f"({text})" if inner["kind"] == "BinaryOperator" and inner["opcode"] not in binding else text

    def binary(self, operator, node, parent, replacement):
        left, right = node["inner"]
        if replacement == node["opcode"]:
            return
        binding = COMPARISON + ARITHMETIC if operator == "condition" else ()
        text = f"{self.operand(left, binding)} {replacement} {self.operand(right, binding)}"
        wrap = parent and parent["kind"] in ("BinaryOperator", "UnaryOperator", "CStyleCastExpr") and not (
            operator != "condition" and parent.get("opcode") in ("=", *LOGICAL))
        self.add(operator, *extent(node), f"({text})" if wrap else text)

    def on_BinaryOperator(self, node, parent):
        op, (left, right) = node["opcode"], node["inner"]
        pointers = "*" in type_of(left) or "*" in type_of(right)
        if op in COMPARISON:
            for other in ("==", "!=") if pointers else COMPARISON:
                self.binary("comparison", node, parent, other)
        elif op in ARITHMETIC:
            for other in ("+", "-") if pointers else ARITHMETIC:
                self.binary("arithmetic", node, parent, other)
        elif op in LOGICAL:
            self.binary("condition", node, parent, LOGICAL[op == "&&"])
            if bare(left).get("opcode") != op:  # a && b && c has three operands
                self.negate(left)
            self.negate(right)
        elif op == "=":
            self.nullify(right)

    def on_CompoundAssignOperator(self, node, parent):
        left, right = (extent(n) for n in node["inner"])
        between = self.text[left[1]:right[0]]
        for other in COMPOUND.get(node["opcode"], ()):
            self.add("arithmetic", left[1], right[0], between.replace(node["opcode"], other))

    def on_UnaryOperator(self, node, parent):
        start, end = extent(node)
        op, text = node["opcode"], self.text[start:end]
        if op in ("++", "--"):
            self.add("arithmetic", start, end, text.replace(op, "--" if op == "++" else "++"))
        elif op in ("-", "~", "!"):
            self.add("condition" if op == "!" else "arithmetic", start, start + 1, "")

    def negate(self, node):
        inner = bare(node)
        if inner["kind"] == "UnaryOperator" and inner["opcode"] == "!":
            return  # on_UnaryOperator removes it
        if inner["kind"] == "BinaryOperator" and inner["opcode"] in COMPARISON:
            return  # the opposite comparison
        self.add("condition", *extent(node), "!" + self.operand(node))

    def nullify(self, node):
        if bare(node)["kind"] not in ("IntegerLiteral", "InitListExpr") and "NULL" != self.of(node) \
                and (is_number(node) or "*" in type_of(node)):
            self.add("assignment", *extent(node), "0")

    def on_VarDecl(self, node, parent):
        if node.get("init") == "c":
            self.nullify(node["inner"][-1])

    def on_ConditionalOperator(self, node, parent):
        self.negate(node["inner"][0])

    def on_IntegerLiteral(self, node, parent):
        start, end = extent(node)
        text = self.text[start:end]
        if text in ("true", "false"):
            self.add("constant", start, end, "false" if text == "true" else "true")
        elif place(node["range"]["begin"])[2]:
            self.around(start, end)
        else:
            digits, suffix = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", text).groups()
            value = int(digits, 0)
            self.add("constant", start, end, f"{value + 1}{suffix}")
            self.add("constant", start, end, f"{value - 1}{suffix}" if value else "(-1)")

    def around(self, start, end):
        name = self.text[start:end]
        if re.fullmatch(r"\w+", name) and name != "NULL":
            self.add("constant", start, end, f"({name} + 1)")
            self.add("constant", start, end, f"({name} - 1)")

    def on_DeclRefExpr(self, node, parent):
        if node["referencedDecl"]["kind"] == "EnumConstantDecl":
            self.around(*extent(node))

    def on_MemberExpr(self, node, parent):
        other = self.fields.get(node.get("referencedMemberDecl"))
        start, length, macro = place(node["range"]["end"])
        if other and not macro:
            self.add("field", start, start + length, other)

    # -- statements ------------------------------------------------------------------------------------------------

    def delete(self, node):
        if node["kind"] in ("CompoundStmt", "DeclStmt", "NullStmt", "CaseStmt", "DefaultStmt"):
            return
        if node["kind"] == "ReturnStmt" and node is self.last:
            return  # no function without it
        start, end = extent(node)
        semicolon = re.compile(r"\s*;").match(self.text, end)
        if semicolon and node["kind"] not in ("IfStmt", "WhileStmt", "ForStmt") or \
                semicolon and self.text[end - 1] != "}":
            end = semicolon.end()
        if node["kind"] in ("WhileStmt", "ForStmt", "DoStmt"):
            annotation = re.search(r"(/\*@(?:(?!\*/).)*\*/|//@[^\n]*)\s*$", self.text[:start], re.S)
            start = annotation.start() if annotation else start
        self.add("deletion", start, end, ";")

    def on_CompoundStmt(self, node, parent):
        for child in node.get("inner", ()):
            self.delete(child)

    def on_IfStmt(self, node, parent):
        self.negate(node["inner"][0])
        for branch in node["inner"][1:]:
            self.delete(branch)

    def on_WhileStmt(self, node, parent):
        self.negate(node["inner"][0])
        self.delete(node["inner"][-1])

    def on_DoStmt(self, node, parent):
        self.negate(node["inner"][1])
        self.delete(node["inner"][0])

    def on_ForStmt(self, node, parent):
        if node["inner"][2]:
            self.negate(node["inner"][2])
        self.delete(node["inner"][-1])


def apply(text, mutant):
    return text[:mutant.start] + mutant.text + text[mutant.end:]
