"""Loop over the items themselves: `for x in xs` where an index would only be used to get them.

Assumes verified SSA, before `optimise.own`. A counted loop over `range(len(xs))` whose index does nothing but
read `xs[i]`, where `xs` comes from outside the loop, consumes `xs` instead.
"""

from __future__ import annotations

from dataclasses import replace

from adgen.ir.nodes import (
    Const,
    Consume,
    Func,
    Hole,
    Index,
    Let,
    Loop,
    Operand,
    Var,
    blocks,
    bound,
    defs,
    operands,
    walk,
)
from adgen.ir.rewrite import map_loops, substitute, without
from adgen.ir.types import Array, List, Type


def iterate_items(func: Func) -> Func:
    """Return the function with its loops over indices turned into loops over items."""
    lets = {s.out: s for s in walk(func.body) if isinstance(s, Let)}
    body = map_loops(func.body, lambda s: (_loop(s, lets),))
    return func if body is func.body else replace(func, body=body)


def _loop(s: Loop, lets: dict[Var, Let]) -> Loop:
    if s.range is None or s.index is None or not _counts_from_zero(s):
        return s
    counted = _counted(s.range.stop, lets)
    if counted is None:
        return s
    inside = {*bound(s), *(v for t in walk(s.body) for v in (*defs(t), *bound(t)))}
    gets: list[Let] = []
    others = any(s.index is r for r in s.body.results)
    for t in walk(s.body):
        if isinstance(t, Let) and _gets(t, s.index) and t.args[0] not in inside and _as_long(t.args[0], counted):
            gets.append(t)
        else:
            others |= any(a is s.index for a in operands(t)) or any(a is s.index for b in blocks(t) for a in b.results)
    if not gets or (others and (s.backwards or not any(t.out.fixed for t in gets) or s.consumes)):
        return s
    if others:
        gets = [t for t in gets if t.out.fixed and not s.adjoint][:1]
        if not gets or gets[0].args[0] is not counted:
            return s
    items: dict[Operand, Consume] = {}
    same: dict[Var, Operand] = {}
    for t in gets:
        seq = t.args[0]
        if seq in items:
            same[t.out] = items[seq].var
        else:
            items[seq] = Consume(t.out, seq, s.backwards)
    body = substitute(without(s.body, set(gets)), same)
    consumes = (*s.consumes, *items.values())
    if others:
        return replace(s, consumes=consumes, body=body)
    return replace(s, consumes=consumes, body=body, range=None, index=None, backwards=False)


def _counts_from_zero(s: Loop) -> bool:
    assert s.range is not None
    start, step = s.range.start, s.range.step
    return isinstance(start, Const) and start.value == 0 and isinstance(step, Const) and step.value == 1


def _counted(stop: Operand, lets: dict[Var, Let]) -> Var | None:
    """Return the sequence whose length the loop counts to."""
    s = lets.get(stop) if isinstance(stop, Var) else None
    if s is None:
        return None
    if s.op.name == "dim" and not (isinstance(s.args[1], Const) and s.args[1].value == 0):
        return None
    seq = s.args[0] if s.op.name in ("length", "dim") else None
    return seq if isinstance(seq, Var) and isinstance(seq.type, (Array, List)) else None


def _gets(t: Let, index: Var) -> bool:
    step = t.place[0] if len(t.place) == 1 else None
    return t.op.name == "getitem" and isinstance(step, Index) and step.items == (Hole(1),) and t.args[1] is index


def _as_long(seq: Operand, counted: Var) -> bool:
    """Say whether a sequence is the counted one, or has its length."""
    a, b = _length(seq.type), _length(counted.type)
    return seq is counted or (a is not None and a == b)


def _length(t: Type) -> object:
    return t.dims[0] if isinstance(t, Array) and t.dims else None
