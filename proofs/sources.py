"""What must hold of the sources before any prover runs: every contract is there, complete and labelled; nothing is
assumed; the provers read the same program as the compiler. Each function returns what it finds wrong, as text."""
import glob
import hashlib
import os
import re

# What may stand in a function, and outside.
INSIDE = {"assert", "check", "loop assigns", "loop invariant", "loop variant"}
CLAUSES = {"assigns", "behavior", "decreases", "ensures", "exits", "requires", "terminates"}
LOGIC = {"axiomatic", "lemma", "logic", "predicate", "type"}
# Recursive ACSL definitions become axioms inside WP; each one here must be shown total in proofs/ASSUMPTIONS.md.
RECURSIVE = set()
SPEC = {".acsl", ".csv", ".driver", ".md", ".ml", ".mlw", ".pml"}  # .ml, .pml: not for Why3 or WP
CONTRACT = re.compile(r"/\*@(?:(?!\*/).)*\*/\s*(?:/\*[^@](?:(?!\*/).)*\*/\s*)?"  # with its declaration
                      r"[\w\s*]*?(\w+)\([^;{}()]*\)\s*(?:;|\{[^{}]*\})", re.S)
FUNCTION = re.compile(r"^(\w[^\n;{}]*?\b(\w+)\([^;{}]*\))\n\{\n(.*?)^\}\n", re.M | re.S)  # as Frama-C prints it
WP_SWITCHES = ["-wp", "-wp-rte", "-warn-unsigned-overflow", "-warn-unsigned-downcast", "-warn-signed-downcast",
               "-wp-no-pruning", "-wp-no-ground"]


def digest(text):
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:12]


def check_flags(flags):
    """WP_FLAGS must be what proofs/flags.mk has: one more could hide goals, one less makes no goals of overflows."""
    problems, given, values = [], [], {"-machdep": "gcc_x86_64", "-wp-timeout": r"\d+", "-wp-filename-truncation": r"\d+",
                                       "-wp-driver": ".*"}
    rest = iter(flags)
    for flag in rest:
        if flag in values:
            value = next(rest, "")
            if flag == "-wp-driver" and sorted(value.split(",")) != sorted(glob.glob("spec/*.driver")):
                problems.append(f"-wp-driver names other drivers than those in spec/: {value}")
            if not re.fullmatch(values[flag], value):
                problems.append(f"{flag} {value}")
        elif flag not in WP_SWITCHES and flag != "-cpp-extra-args=-Icore -Ispec":
            problems.append(f"unknown flag {flag}")
        given.append(flag)
    for flag in [*WP_SWITCHES, "-machdep", "-cpp-extra-args=-Icore -Ispec"]:
        if flag not in given:
            problems.append(f"{flag} is missing")
    return problems


# -- C ----------------------------------------------------------------------------------------------------------------

def annotations(text):
    """The annotations in what Frama-C prints: (in a function?, annotation, what stands behind it)."""
    depth = 0
    for m in re.finditer(r"/\*@(.*?)\*/|/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])+'|[{}]", text, re.S):
        depth += {"{": 1, "}": -1}.get(m.group(), 0)
        if m.group(1) is not None:
            yield depth > 0, m.group(1), text[m.end():m.end() + 2000]


def contracts(text):
    """{function: its contracts}"""
    found = {}
    for inside, comment, behind in annotations(text):
        name = re.match(r"\s*[^{};/]*?\b(\w+)\s*\([^{};]*[{;]", behind)
        if not inside and first_word(comment) in CLAUSES and name:
            found.setdefault(name.group(1), set()).add(" ".join(comment.split()))
    return found


def without_contracts(text, but):
    return CONTRACT.sub(lambda c: c.group() if c.group(1) in but else "", text)


def without_definitions(text):
    """The text without its logic functions and predicates, and these by name: those of one name together."""
    found = {}

    def rest(m):
        comment = re.sub(r"//[^\n]*", "", m.group(1))
        if first_word(comment) not in LOGIC - {"axiomatic"}:
            return m.group()
        kept = ""
        for kind, name, part in parts(comment):
            if kind in ("logic", "predicate"):
                found[name] = found.get(name, "") + part
            else:
                kept += part
        return f"/*@{kept}*/" if kept.strip() else ""
    return re.sub(r"/\*@(.*?)\*/", rest, text, flags=re.S), found


def spoken(text, logic):
    """The definitions of which the text speaks, and those of which they do."""
    found, todo = set(), {*re.findall(r"\w+", text)} & logic.keys()
    while todo:
        found |= todo
        todo = {*re.findall(r"\w+", " ".join(logic[name] for name in todo))} & logic.keys() - found
    return "".join(logic[name] for name in sorted(found))


def seen(text):
    """{function: digest of what its proof sees of what Frama-C prints}: its body, its contract and those of what it calls, who
    else calls whom (recursion), the definitions that these speak of, and all else that is no function."""
    bodies, calls = {}, {}
    text, logic = without_definitions(text)

    def reduced(m):
        head, name, bodies[name] = m.groups()
        calls[name] = {*re.findall(r"\b(\w+)\(", re.sub(r"/\*.*?\*/", "", bodies[name], flags=re.S))}
        return f"{head} {{{' '.join(sorted(calls[name]))}}}\n"
    text, found = FUNCTION.sub(reduced, text), {}
    for f, body in bodies.items():
        sight = without_contracts(text, {f, *calls[f]}) + body
        found[f] = digest(sight + spoken(sight, logic))
    return found


def first_word(comment):
    m = re.match(r"\s*(loop\s+\w+|\w+|\S)", comment)
    return " ".join(m.group(1).split()) if m else ""


def parts(comment):
    """(kind, name, text) of each definition; what is none has neither."""
    # logic integer f{L}(...) = ...; predicate p(...) = ...; lemma l: ...; type t;
    for part in re.split(r"(?:^|(?<=[;{}]))\s*(?=(?:logic|predicate|lemma|type)\b)", comment):
        m = re.match(r"(logic|predicate|lemma|type)\b[^;=(:]*?(\w+)\s*(?:\{[^}]*\})?\s*(?:<[^>]*>)?\s*[;=(:]", part)
        yield (*m.groups(), part) if m else ("", "", part)


def definitions(text):
    """{name: text} of the logic functions, predicates, lemmas and types"""
    found = {}
    for inside, comment, _ in annotations(text):
        if inside or first_word(comment) not in LOGIC:
            continue
        found.update({name: " ".join(part.split()).rstrip(" }") for kind, name, part in parts(comment) if kind})
    return found


def defined_as(text):
    """What a logic function or predicate is defined as, or None when it is only declared."""
    m = re.match(r"(?:logic|predicate)\b[^;=(]*(?:\([^)]*\))?\s*=(.*)", text)
    return m.group(1) if m else None


def check_functions(text, defined):
    problems, found = [], contracts(text)
    for f in defined:
        if f not in found:
            problems.append(f"no contract: {f}")
            continue
        for contract in found[f]:
            for what, pattern in (("assigns", r"\bassigns "), ("terminates \\true", r"\bterminates \\true;"),
                                  ("exits \\false", r"\bexits \w+: \\false;")):
                if not re.search(pattern, contract):
                    problems.append(f"no `{what}`: {f}")
    return problems


def check_conversions(text):
    """Frama-C's RTE asks nothing of a negative constant that becomes unsigned with 64 bits, nor of anything that becomes an
    enumeration's value, and WP takes the result for what it was: if that is not in the type's range, everything follows."""
    text = without_comments(text)
    enums = dict(re.findall(r"\b(enum \w+)\s*\{([^}]*)\}", text))
    enumerators = set(re.findall(r"\b[A-Za-z_]\w*", " ".join(enums.values())))
    negative = set(re.findall(r"\b(\w+) = \(?-", " ".join(enums.values())))
    own = "".join("|" + t for t in re.findall(r"\btypedef unsigned\b[\w ]*\b(\w+);", text))
    inner = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*"
    problems = []
    for m in re.finditer(rf"(?=(\((?:unsigned\b[\w ]*|uint\w*_t|size_t{own})\)\s*([~-]?\s*[\w.>-]+|[~-]?\s*\({inner}\))))", text):
        names = set(re.findall(r"\b[A-Za-z_]\w*", m.group(2)))
        if names <= enumerators and (names & negative or re.search(r"[~-]", m.group(2))):
            problems.append(f"a negative constant becomes unsigned: {m.group(1)}")
    for m in re.finditer(r"\((enum \w+)\)\s*(\(?\(uint(?:8|16|32)_t\)|[\w.>-]+|[^;]{0,30})", text):
        if m.group(2) not in re.findall(r"\w+", enums.get(m.group(1), "")) and not re.match(r"\(?\(uint", m.group(2)):
            problems.append(f"becomes an enumeration's value, and is neither one of its names nor made uint32_t before: {m.group()}")
    return problems


def check_annotations(text, bound):
    problems = []
    for inside, comment, _ in annotations(text):
        shown, word = " ".join(comment.split())[:100], first_word(comment)
        if word not in (INSIDE if inside else CLAUSES | LOGIC):
            problems.append(f"annotation `{word}` {'in a function' if inside else 'outside a function'}: {shown}")
        for loop in re.findall(r"(?:^|;)\s*loop\s+(\w+)", comment):
            if f"loop {loop}" not in INSIDE:
                problems.append(f"annotation `loop {loop}`: {shown}")
        for m in re.finditer(r"(?:^|;)\s*(?:check\s+)?(requires|ensures|exits|loop invariant|assert|check)\s+"
                             r"(?!\s)(?!\w+:)([^;]*)", comment, re.M):
            problems.append(f"no label: {m.group(1)} {' '.join(m.group(2).split())[:100]}")
        for label in re.findall(r"(?:^|;)\s*ensures\s+(\w+):\s*\\true\s*;", comment, re.M):
            problems.append(f"says nothing: ensures {label}: \\true")
        for what in re.findall(r"(?:^|;)\s*(assert|check|loop invariant)\s+\w+:\s*\\false\s*;", comment, re.M):
            problems.append(f"says that nothing gets here, and smoke tests may miss it: {what} \\false")
        for w in re.findall(r"\b(admit|axiom|inductive)\b(?!:)", comment):
            problems.append(f"`{w}` is an assumption: {shown}")
    for name, definition in definitions(text).items():
        body = defined_as(definition)
        if body is not None and re.search(rf"\b{name}\b", body) and name not in RECURSIVE:
            problems.append(f"recursive logic definition: {name}")
        if body is not None and name in bound:
            problems.append(f"defined in ACSL, but a driver binds it to something else: {name}")
        if body is None and name not in bound and definition.startswith(("logic", "predicate")):
            problems.append(f"neither defined nor bound by a driver: {name}")
    return problems


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"",
                  lambda m: m.group() if m.group()[0] == '"' else " ", text, flags=re.S)


def check_text(text):
    """No code that depends on who reads it."""
    problems = []
    text = without_comments(text.replace("\\\n", "").replace("%:", "#").replace("??=", "#"))
    guard = re.search(r"#ifndef (\w+_H)\n#define \1\n", text)
    if guard:
        text = text[:guard.start()] + text[guard.end():].rstrip().removesuffix("#endif") + "\n"
    text = re.sub(r"#ifdef __FRAMAC__\n(#include \"\w+\.acsl\"\n)+#endif\n", "", text)
    text = re.sub(r"#ifndef (VTCP_\w+)\n#define \1 .*\n#endif\n", "", text)
    if "__FRAMAC__" in text:
        problems.append("__FRAMAC__ may only guard the inclusion of .acsl files: the provers must see what the compiler sees")
    for line in re.findall(r"(?m)^\s*#\s*(?:if|el|pragma|line|undef).*", text):
        problems.append(f"code that depends on who reads it: {line.strip()}")
    for word in re.findall(r"\b(asm|__asm\w*|__attribute__|_Noreturn|noreturn|_Pragma|__FC_\w+)\b", text):
        problems.append(f"`{word}` is not C that the proof is about")
    return problems


def check_headers():
    return {path: check_text(open(path, encoding="utf-8").read()) for path in glob.glob("core/**/*.h", recursive=True)}


# -- what the contracts speak of ---------------------------------------------------------------------------------------

def bindings(text):
    """{name: its line} of a driver"""
    return {m.group(1): m.group() for m in re.finditer(r"(?m)^(?:logic \w+|predicate|type) (\w+).*", text)}


def bound():
    return {name for path in glob.glob("spec/*.driver") for name in bindings(open(path, encoding="utf-8").read())}


def check_driver(path):
    problems = []
    line = re.compile(r'library [\w: ]+|why3\.file \+= "(\w+)\.mlw(?::\w+)?";|why3\.import \+= "(\w+)\.\w+";|type \w+ = "\w+";|'
                      r'(?:logic \w+|predicate) \w+(?:\([\w, ]*\))? = "\w+";|')
    text = re.sub(r"/\*.*?\*/", "", open(path, encoding="utf-8").read(), flags=re.S)
    for l in text.splitlines():
        m = line.fullmatch(re.sub(r"//.*", "", l).strip())
        if not m:
            problems.append(f"a driver may only bind names: {l.strip()}")
        elif (m.group(1) or m.group(2)) and not os.path.exists(f"spec/{m.group(1) or m.group(2)}.mlw"):
            problems.append(f"a driver may only name theories of spec/: {l.strip()}")
    return problems


def check_spec_files():
    return [f"{path}: Why3 could load this, and nobody proves it" for path in glob.glob("spec/**/*", recursive=True)
            if os.path.isfile(path) and os.path.splitext(path)[1] not in SPEC]


def check_theory(text):
    """More ways than `axiom` and `val` to assume something in WhyML."""
    return [f"`{w}` is an assumption" for w in re.findall(r"\b(?:meta|abstract|private)\b|\[@vc:\w*", text)]


def declarations(text):
    """{name: text} of what a theory defines and states; of a lemma with a proof the statement alone"""
    found, module = {}, ""
    for part in re.split(r"(?m)^ {0,2}(?=(?:module|theory|let|with|function|predicate|lemma|goal|constant|type|axiom|val|clone"
                         r"|inductive)\b)", text):
        m = re.match(r"module\s+(\w+)|theory\s+(\w+)|(?:let|with|function|predicate|lemma|goal|constant|type|axiom|val|inductive|clone)"
                     r"(?:\s+(?:rec|ghost|function|predicate|lemma|constant|export|import))*\s+([\w.']+)", part)
        if m and not m.group(3):
            module = m.group(1) or m.group(2)
        elif m:
            lemma = re.match(r"let\s+(?:rec\s+)?(?:ghost\s+)?lemma\b|with\s+lemma\b", part)
            proof = statement_end(part) if lemma else len(part)
            name = f"{module}.{m.group(3)}"
            found[name] = found.get(name, "") + part[:proof]
    return found


def statement_end(part):
    """Where the statement of a lemma with a proof ends: at the first = outside of brackets."""
    depth = 0
    for i, c in enumerate(part):
        depth += (c in "({[") - (c in ")}]")
        if c == "=" and depth == 0:
            return i
    return len(part)
