"""Values that exist on one path only: what a branch saved is None on the other path."""

from __future__ import annotations

from adgen.ir.nodes import Block, If, Let, Operand, Stmt, Var, walk
from adgen.ir.types import Array, Dict, List, NoneT, Tuple, Type, Undef


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


HOLDERS = frozenset({"make_tuple", "make_list", "make_record", "append", "reversed_list"})
READS = frozenset({"getitem", "item"})


def _flows(s: Stmt) -> list[tuple[Var, Operand]]:
    """Return what a statement hands on to what; a container may lack what one of its items lacks."""
    if isinstance(s, Let):
        if s.op.name in HOLDERS:
            return [(s.out, a) for a in s.args]
        return [(s.out, s.args[0])] if s.op.name in READS and isinstance(s.out.type, (Array, Dict, List, Tuple)) else []
    if isinstance(s, If):
        return [*zip(s.outs, s.then.results), *(() if s.raises else zip(s.outs, s.orelse.results))]
    carried = [*zip(s.params, s.inits), *zip(s.params, s.yields), *zip(s.outs, s.params)]
    return [*carried, *zip(s.collects, s.collected), *((c.var, c.seq) for c in s.consumes)]


def _spread(body: Block, missing: tuple[type[Type], ...]) -> set[Var]:
    found: set[Var] = set()
    onward: dict[Operand, list[Var]] = {}
    for s in walk(body):
        for v, a in _flows(s):
            onward.setdefault(a, []).append(v)
            if isinstance(a.type, missing) and not isinstance(s, Let):
                found.add(v)
    work = list(found)
    while work:
        for v in onward.get(work.pop(), ()):
            if v not in found:
                found.add(v)
                work.append(v)
    return found
