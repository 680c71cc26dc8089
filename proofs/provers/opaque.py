"""A prover without the definitions that a step composed of other steps does not need.

What such a step does follows from the contracts of what it calls; there the predicates of the invariant, the
abstraction of the TCB and the functions of the specification are names. Unfolding them only leads astray. This leaves
out their definitions, but for those of the specification that the conclusion names. Leaving out hypotheses can lose a
proof, never make one."""
import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def closing(text, at):
    """Where the parenthesis that opens at `at` closes."""
    depth = 0
    for m in re.compile(r"[()]").finditer(text, at):
        depth += 1 if m.group() == "(" else -1
        if depth == 0:
            return m.end()
    raise ValueError("unbalanced")


def opaque(text):
    steps = set()
    for name in ("tcp.mlw", "negotiated.mlw"):
        with open(os.path.join(ROOT, "spec", name), encoding="utf-8") as f:
            steps |= set(re.findall(r"let function (\w+)", f.read()))
    blocks = re.split(r"(?m)^(?=;; )", text)
    goal = next(b for b in blocks if re.match(r";; Goal ", b, re.I) or b.startswith(";; wp_goal"))
    conclusion = set(re.findall(r"\w+", goal[goal.rfind("(=>"):]))
    kept = []
    for block in blocks:
        name = re.match(r";; (\w+)'def\n", block)
        if name and (re.match("P_(tcb_(?!inv)|vtcp_|seg_ok|seg_mem)|L_(tcb|opt)_abs$", name.group(1))
                     or name.group(1) in steps - conclusion
                     or name.group(1).startswith(("P_told_", "P_timed_")) and name.group(1) not in conclusion):
            start = block.index("(assert")
            block = block[:start] + block[closing(block, start):]
        kept.append(block)
    return "".join(kept)
