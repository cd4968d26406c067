"""Values that exist on one path only: what a branch saved is None on the other path."""

from __future__ import annotations

from adgen.ir.nodes import Block, If, Loop, Operand, Var, walk
from adgen.ir.types import NoneT, Type, Undef


def find_absent(body: Block) -> set[Var]:
    """Return the values that may be None: what was saved of one path, on another one."""
    return _spread(body, (NoneT,))


def find_undefined(body: Block) -> set[Var]:
    """Return the values that may not be defined."""
    return _spread(body, (NoneT, Undef))


def find_one_sided(body: Block) -> dict[Var, set[tuple[Operand, int]]]:
    """Return the outs of branches that a side does not define, with the condition and that side."""
    found: dict[Var, set[tuple[Operand, int]]] = {}
    for s in walk(body):
        if isinstance(s, If) and not s.raises:
            for side, block in enumerate((s.then, s.orelse)):
                for v, a in zip(s.outs, block.results):
                    if isinstance(a.type, (NoneT, Undef)):
                        found.setdefault(v, set()).add((s.decided, side))
    return found


def _flows(s: If | Loop) -> list[tuple[Var, Operand]]:
    """Return what a branch or loop hands on to what."""
    if isinstance(s, If):
        return [*zip(s.outs, s.then.results), *(() if s.raises else zip(s.outs, s.orelse.results))]
    return [*zip(s.params, s.inits), *zip(s.params, s.yields), *zip(s.outs, s.params)]


def _spread(body: Block, missing: tuple[type[Type], ...]) -> set[Var]:
    flows = [f for s in walk(body) if isinstance(s, (If, Loop)) for f in _flows(s)]
    found = {v for v, a in flows if isinstance(a.type, missing)}
    onward: dict[Operand, list[Var]] = {}
    for v, a in flows if found else ():
        onward.setdefault(a, []).append(v)
    work = list(found)
    while work:
        for v in onward.get(work.pop(), ()):
            if v not in found:
                found.add(v)
                work.append(v)
    return found
