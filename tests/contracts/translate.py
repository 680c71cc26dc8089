"""ACSL to C: the part of it that can be evaluated while a program runs. Integers are 128 bits wide, overflow trapped."""
from dataclasses import dataclass, replace

import lark

from acsl import Type

Z, TRUTH = Type("integer"), Type("boolean")
REGION = Type("region")
# Defined in spec/*.mlw by these few words, and again in monitor.h.
BOUND = {"wire": "monitor_wire", "window_unit": "monitor_window_unit"}


class Untranslatable(Exception):
    pass


@dataclass(frozen=True)
class Value:
    code: str
    type: Type


@dataclass(frozen=True)
class Scope:
    names: dict  # name -> Type, of parameters and bound variables
    bound: frozenset = frozenset()
    before: object = None  # after a call: dictionary that takes what has to be evaluated before it
    result: Type = None
    said: str = ""  # positive position: what is false there is told, under this name
    states: tuple = ()  # inside a predicate over two states: (its label, Pre or Post)


class Translator:
    def __init__(self, model):
        self.model, self.used, self.reasons = model, {}, {}

    # Definitions

    def definition(self, name):
        """Translates a predicate or logic function on its first use; raises Untranslatable when it cannot be."""
        d = self.model.definitions[name]
        if name in BOUND:
            return d
        if name in self.reasons:
            raise Untranslatable(self.reasons[name])
        if name not in self.used:
            try:
                self.used[name] = self.function(d)
            except Untranslatable as why:
                self.reasons[name] = str(why)
                raise
        return d

    def function(self, d):
        if d.body is None:
            raise Untranslatable(f"{d.name} is defined in Why3")
        if len(d.labels) > 1:
            raise Untranslatable(f"{d.name} compares two states")
        for name, type in d.parameters:
            if type.is_abstract():
                raise Untranslatable(f"{d.name} takes {type.base}, which only Why3 has")
        scope = Scope({n: t for n, t in d.parameters}, said=d.name if d.result == TRUTH else "")
        body = self.truth(d.body, scope) if d.result == TRUTH else self.integer(d.body, scope)
        parameters = ", ".join(declare(n, t) for n, t in d.parameters)
        result = "bool" if d.result == TRUTH else "Z"
        return f"static {result} {d.name}({parameters or 'void'}) {{\n  return {body};\n}}\n"

    # Expressions

    def truth(self, tree, scope):
        value = self.expr(tree, scope)
        if value.type == TRUTH:
            return value.code
        if value.type.is_integer():
            return f"({value.code} != 0)"
        raise Untranslatable(f"a truth is expected, not {value.type.base}: {self.model.source(tree)}")

    def integer(self, tree, scope):
        return self.as_integer(self.expr(tree, replace(scope, said="")), tree)

    def as_integer(self, value, tree):
        if value.type == TRUTH:
            return f"((Z){value.code})"
        if value.type.is_integer():
            return value.code
        raise Untranslatable(f"an integer is expected, not {value.type.base}: {self.model.source(tree)}")

    def pointer(self, tree, scope):
        value = self.expr(tree, replace(scope, said=""))
        if value.type.is_pointer():
            return value
        raise Untranslatable(f"a pointer is expected: {self.model.source(tree)}")

    def expr(self, tree, scope):
        if isinstance(tree, lark.Token):
            raise Untranslatable(f"unexpected {tree}")
        if scope.said and tree.data not in ("and", "implies", "quantified", "call"):
            code = self.truth(tree, replace(scope, said=""))
            return Value(f"monitor_said({code}, {quoted(scope.said + ': ' + self.model.source(tree))})", TRUTH)
        return getattr(self, "on_" + tree.data)(tree, scope)

    def on_number(self, tree, scope):
        return Value(f"((Z){tree.children[0]})", Z)

    def on_constant(self, tree, scope):
        word = str(tree.children[0])
        if word in ("\\true", "\\false"):
            return Value(word[1:], TRUTH)
        if word == "\\null":
            return Value("NULL", Type("void", 1))
        if word == "\\result" and scope.result is not None:
            return typed("result", scope.result)
        raise Untranslatable(word)

    def on_name(self, tree, scope):
        name = str(tree.children[0])
        if name in scope.names:
            return typed(name, scope.names[name])
        if name in self.model.constants:
            return Value(f"((Z){name})", Z)
        raise Untranslatable(f"{name} is not known")

    def on_call(self, tree, scope):
        name, rest = str(tree.children[0]), tree.children[1:]
        labels = [str(x) for x in rest[0].children] if rest and getattr(rest[0], "data", "") == "labels" else []
        arguments = rest[1:] if labels else rest
        if name not in self.model.definitions:
            raise Untranslatable(f"{name} is not known")
        labels = [dict(scope.states).get(x, x) for x in labels]
        if labels in (["Pre", "Post"], ["Old", "Here"], ["Old", "Post"], ["Pre", "Here"]):
            return self.between(self.model.definitions[name], arguments, scope)
        d = self.definition(name)
        if labels in (["Pre"], ["Old"]) and scope.before is not None:
            bare = lark.Tree("call", [tree.children[0], *arguments], tree.meta)
            return self.earlier(bare, scope)
        if labels not in ([], ["Here"], ["Post"]):
            raise Untranslatable(f"{name} in the state {', '.join(labels)}")
        code = ", ".join(self.argument(a, t, scope) for a, (_, t) in zip(arguments, d.parameters))
        called = f"{BOUND.get(name, name)}({code})"
        if d.result != TRUTH:
            return Value(called, Z)
        return Value(called if scope.said else f"monitor_quiet({called})", TRUTH)

    def between(self, d, arguments, scope):
        """A predicate over the states before and after the call, unfolded where it stands."""
        bare = [a.children[1] if a.data == "builtin" and str(a.children[0]) == "\\old" else a for a in arguments]
        if scope.before is None or d.body is None or not all(is_name(a, n) for a, (n, _) in zip(bare, d.parameters)):
            raise Untranslatable(f"{d.name} compares two states")
        return self.expr(d.body, replace(scope, states=tuple(zip(d.labels, ("Pre", "Post")))))

    def argument(self, tree, type, scope):
        if type.is_integer():
            return self.integer(tree, scope)
        if type == TRUTH:
            return self.truth(tree, replace(scope, said=""))
        return self.expr(tree, replace(scope, said="")).code

    def earlier(self, tree, scope):
        """A value from before the call: kept in a variable of its own."""
        if any(str(n.children[0]) in scope.bound for n in tree.find_data("name")):
            raise Untranslatable(f"the value before the call for every one: {self.model.source(tree)}")
        value = self.expr(tree, replace(scope, before=None, result=None, said=""))
        if tree.data == "name":
            return value
        kind = "bool" if value.type == TRUTH else "Z" if value.type.is_integer() else "__auto_type"
        name = scope.before.setdefault(f"{kind} {{}} = {value.code};", f"old_{len(scope.before) + 1}")
        return Value(name, value.type)

    def on_at(self, tree, scope):
        state = dict(scope.states).get(str(tree.children[1]), str(tree.children[1]))
        if state in ("Pre", "Old") and scope.before is not None:
            return self.earlier(tree.children[0], scope)
        if state == "Post" and scope.states:
            return self.expr(tree.children[0], scope)
        raise Untranslatable(f"the state {tree.children[1]}")

    def on_builtin(self, tree, scope):
        name, arguments, inner = str(tree.children[0]), tree.children[1:], replace(scope, said="")
        if name == "\\old":
            # the parameters of a definition or of a precondition have one value
            return self.earlier(arguments[0], scope) if scope.before is not None else self.expr(arguments[0], scope)
        if name in ("\\valid", "\\valid_read"):
            writable = "false" if name == "\\valid_read" else "true"
            regions = [f"monitor_valid({self.region(a, inner)}, {writable})" for a in arguments]
            return Value(f"({' && '.join(regions)})", TRUTH)
        if name == "\\separated":
            regions = ", ".join(self.region(a, inner) for a in arguments)
            return Value(f"monitor_separated({len(arguments)}, (const struct monitor_region[]){{{regions}}})", TRUTH)
        return Value(f"monitor_{name[1:]}({', '.join(self.integer(a, inner) for a in arguments)})", Z)

    def region(self, tree, scope):
        """p + (lo .. hi), or p alone."""
        if tree.data == "binary" and getattr(tree.children[2], "data", "") == "range":
            p = self.pointer(tree.children[0], scope)
            lo, hi = (self.integer(x, scope) for x in tree.children[2].children)
        else:
            p, lo, hi = self.pointer(tree, scope), "0", "0"
        return f"monitor_region({p.code}, sizeof *({p.code}), {lo}, {hi})"

    def on_range(self, tree, scope):
        raise Untranslatable(f"a range: {self.model.source(tree)}")

    def on_arrow(self, tree, scope):
        p = self.pointer(tree.children[0], scope)
        return self.field(p.type.target(), f"{p.code}->", tree.children[1])

    def on_member(self, tree, scope):
        s = self.expr(tree.children[0], replace(scope, said=""))
        return self.field(s.type, f"{s.code}.", tree.children[1])

    def field(self, type, code, name):
        return typed(f"{code}{name}", self.model.structs[type.base][str(name)])

    def on_index(self, tree, scope):
        a = self.expr(tree.children[0], replace(scope, said=""))
        return typed(f"{a.code}[(ptrdiff_t){self.integer(tree.children[1], scope)}]", a.type.target())

    def on_dereference(self, tree, scope):
        p = self.pointer(tree.children[1], scope)
        return typed(f"(*{p.code})", p.type.target())

    def on_address(self, tree, scope):
        v = self.expr(tree.children[0], replace(scope, said=""))
        return Value(f"(&{v.code})", Type(v.type.base, v.type.stars + 1, v.type.sizes))

    def on_cast(self, tree, scope):
        return Value(f"((Z){tree.children[0]}{self.integer(tree.children[1], scope)})", Z)

    def on_negate(self, tree, scope):
        return Value(f"(-{self.integer(tree.children[0], scope)})", Z)

    def on_not(self, tree, scope):
        return Value(f"(!{self.truth(tree.children[0], replace(scope, said=''))})", TRUTH)

    def on_binary(self, tree, scope):
        left, sign, right = tree.children
        value = self.expr(left, replace(scope, said=""))
        if value.type.is_pointer() and sign == "+":
            return Value(f"({value.code} + (ptrdiff_t){self.integer(right, scope)})", value.type)
        return Value(f"({self.as_integer(value, left)} {sign} {self.integer(right, scope)})", Z)

    def on_relation(self, tree, scope):
        parts = []
        for left, relation, right in zip(tree.children[::2], tree.children[1::2], tree.children[2::2]):
            a, b = (self.expr(x, replace(scope, said="")) for x in (left, right))
            if a.type.is_pointer() and b.type.is_pointer():
                parts.append(f"(const void *){a.code} {relation} (const void *){b.code}")
            elif a.type.is_abstract() or b.type.is_abstract():
                raise Untranslatable(f"{self.model.source(tree)} speaks of {a.type.base}, which only Why3 has")
            else:
                parts.append(f"{self.as_integer(a, left)} {relation} {self.as_integer(b, right)}")
        return Value(f"({' && '.join(parts)})", TRUTH)

    def on_and(self, tree, scope):
        return Value(f"({' && '.join(self.truth(x, scope) for x in tree.children)})", TRUTH)

    def on_or(self, tree, scope):
        return Value(f"({' || '.join(self.truth(x, scope) for x in tree.children)})", TRUTH)

    def on_implies(self, tree, scope):
        left, right = tree.children
        return Value(f"(!{self.truth(left, replace(scope, said=''))} || {self.truth(right, scope)})", TRUTH)

    def on_iff(self, tree, scope):
        left, right = tree.children
        return Value(f"({self.truth(left, scope)} == {self.truth(right, scope)})", TRUTH)

    def on_conditional(self, tree, scope):
        test, yes, no = tree.children
        a, b = (self.expr(x, replace(scope, said="")) for x in (yes, no))
        if a.type == b.type == TRUTH:
            return Value(f"({self.truth(test, scope)} ? {a.code} : {b.code})", TRUTH)
        return Value(f"({self.truth(test, scope)} ? {self.as_integer(a, yes)} : {self.as_integer(b, no)})", Z)

    # Quantifiers over integers between bounds, as loops

    def on_quantified(self, tree, scope):
        word, declarations, body = str(tree.children[0]), tree.children[1:-1], tree.children[-1]
        variables = [(str(d.children[1]), " ".join(map(str, d.children[0].children))) for d in declarations]
        if any(kind != "integer" for _, kind in variables):
            raise Untranslatable(f"a quantifier over {', '.join(sorted({k for _, k in variables}))}")
        every = word == "\\forall"
        guard = body.children[0] if every and body.data == "implies" else body
        names = [n for n, _ in variables]
        inner = replace(scope, names={**scope.names, **{n: Z for n in names}}, bound=scope.bound | set(names))
        loops, known = "", set(scope.names)
        for name in names:
            lo, hi = self.bounds(guard, name, set(names) - known, inner)
            loops += f"for (Z {name} = {lo}; {name} <= {hi} && {'holds' if every else '!holds'}; {name}++) "
            known.add(name)
        test = self.truth(body, inner if every else replace(inner, said=""))
        return Value(f"({{ bool holds = {'true' if every else 'false'}; {loops}holds = {test}; holds; }})", TRUTH)

    def bounds(self, guard, name, unknown, scope):
        lo = hi = None
        for part in guard.children if guard.data == "and" else [guard]:
            if part.data != "relation":
                continue
            for left, relation, right in zip(part.children[::2], part.children[1::2], part.children[2::2]):
                if relation not in ("<", "<="):
                    continue
                more = "" if relation == "<=" else " {} 1"
                if is_name(right, name) and lo is None and not mentions(left, unknown):
                    lo = self.integer(left, scope) + more.format("+")
                if is_name(left, name) and hi is None and not mentions(right, unknown):
                    hi = self.integer(right, scope) + more.format("-")
        if lo is None or hi is None:
            raise Untranslatable(f"a quantifier without bounds for {name}")
        return lo, hi


def is_name(tree, name):
    return tree.data == "name" and tree.children[0] == name


def mentions(tree, names):
    return any(str(n.children[0]) in names for n in tree.find_data("name"))


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def declare(name, type):
    """A parameter of a definition, in C."""
    if type == TRUTH:
        return f"bool {name}"
    if type.is_integer():
        return f"Z {name}"
    return f"const {type.base} {'*' * type.stars}{name}" if type.stars else f"{type.base} {name}"


def typed(code, type):
    """A C expression of this type as a value: every integer becomes a Z. Of a _Bool in a structure only the octet is read:
    memory that is not initialised yet may hold anything."""
    if type == Type("_Bool") and ("->" in code or "." in code):
        return Value(f"((Z)(*(const unsigned char *)&{code} != 0))", Z)
    return Value(f"((Z){code})" if type.is_integer() and type != Z else code, Z if type.is_integer() else type)
