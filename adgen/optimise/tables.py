"""Make lists of constants that loops only read once, at the beginning of the function.

Assumes verified SSA. The backward part can then read an item again where it would have had to keep it.
"""

from __future__ import annotations

from collections.abc import Sequence

from adgen.ir.nodes import Block, Const, Let, Loop, Operand, Var, blocks, operands, walk
from adgen.ir.rewrite import substitute, without
from adgen.ir.types import List, is_scalar

READS = ("getitem", "length")


def make_before(body: Block, tables: Sequence[Let]) -> Block:
    """Return a body in which those of `tables`, lists of constants, that loops make and only read stand in front."""
    within = {t for s in walk(body) if isinstance(s, Loop) for t in walk(s.body) if isinstance(t, Let)}
    moved: dict[Operand, Let] = {s.out: s for s in tables if s in within and _is_numeric(s.out)}
    if moved:
        _keep_read(body, moved)
    if not moved:
        return body
    first: dict[object, Let] = {}
    instead: dict[Var, Operand] = {}
    for s in moved.values():
        values = tuple((type(a.value), repr(a.value)) for a in s.args if isinstance(a, Const))
        same = first.setdefault((s.out.type, values), s)
        if same is not s:
            instead[s.out] = same.out
    rest = without(body, set(moved.values()))
    return substitute(Block((*first.values(), *rest.stmts), rest.results), instead)


def _is_numeric(v: Var) -> bool:
    return isinstance(v.type, List) and is_scalar(v.type.elem)


def _keep_read(body: Block, moved: dict[Operand, Let]) -> None:
    """Leave only the lists of which nothing but numbers is read."""
    for r in body.results:
        moved.pop(r, None)
    for s in walk(body):
        reads = isinstance(s, Let) and s.op.name in READS and not isinstance(s.out.type, List)
        for a in () if reads else operands(s):
            moved.pop(a, None)
        for b in blocks(s):
            for r in b.results:
                moved.pop(r, None)
