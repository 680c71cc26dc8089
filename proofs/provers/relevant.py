#!/usr/bin/env python3
"""A prover that gets a task of Why3 (SMT-LIB) without what it does not speak about.

WP gives each goal every definition of the specification and every axiom of its libraries, and CVC4 takes longer to
read them than to prove most goals. What stays: the goal, the definitions of what is spoken about, and the axioms with a
pattern that is spoken about; when they have none, those whose symbols without a definition (or all, when each has one)
are. Of symbols declared together, as div and mod, one is enough. Leaving out hypotheses can lose a proof, never make one.

usage: relevant.py NAME FILE.smt2 COMMAND...    with opaque.py, too, when the NAME ends in o

It runs once a goal; importing regular expressions would take longer than all of this."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
BETWEEN = {i: " " for i in range(128) if not (chr(i).isalnum() or chr(i) in "_.'%@!$")}


def symbols(text, declared):
    return declared.keys() & text.translate(BETWEEN).split()


def patterns(command):
    """What in the command decides where a prover uses it, when Why3 says so."""
    for rest in command.split(":pattern ")[1:]:
        depth = 0
        for end, c in enumerate(rest):
            depth += (c == "(") - (c == ")")
            if depth == 0:
                yield rest[:end]
                break


def relevant(text):
    commands, declared, defines, axioms, comment, together = [], {}, {}, {}, "", []
    for i, command in enumerate(text.split("\n(")):
        command, _, after = command.partition("\n;; ")
        commands.append(command)
        if command.startswith("declare-fun "):
            symbol = command.split(None, 2)[1]
            if symbol != "sort" and not command.rstrip().endswith(" ty)"):  # types are in everything
                declared[symbol] = together
                together.append(symbol)
        elif command.startswith("assert"):
            together = []
            names = symbols(command, declared)
            if comment.endswith("'def"):  # of the symbol declared before
                defines.setdefault(symbol, []).append((i, names))
            else:
                axioms[i] = names, [symbols(p, declared) for p in patterns(command)]
        comment = after
    goal, (names, _) = axioms.popitem()
    kept, spoken, todo = set(), set(), []

    def keep(i, names):
        kept.add(i)
        for name in names - spoken:
            new = {name, *(s for s in declared[name] if s not in defines)} - spoken
            todo.extend(new)
            spoken.update(new)

    keep(goal, names)
    needs = [(i, names, triggers or [names.difference(defines) or names]) for i, (names, triggers) in axioms.items()]
    while todo:
        while todo:
            for definition in defines.get(todo.pop(), ()):
                keep(*definition)
        for i, names, triggers in needs:
            if i not in kept and any(t <= spoken for t in triggers):
                keep(i, names)
    return "\n(".join(c for i, c in enumerate(commands) if i in kept or not c.startswith("assert"))


def reduced(name, text):
    """What this prover sees of the task."""
    if name.endswith("o"):
        from opaque import opaque  # pylint: disable=import-outside-toplevel
        text = opaque(text)
    return relevant(text)


def main():
    name, path, *command = sys.argv[1:]
    with open(path, encoding="utf-8") as f:
        text = reduced(name, f.read())
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.execvp(command[0], [*command, path])


if __name__ == "__main__":
    main()
