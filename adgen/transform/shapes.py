"""Where the backward part only asks for the shape of a value, its shape is kept, or nothing, and not the value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from adgen.ir.nodes import Block, Const, Let, Operand, Stmt, Var, blocks, operands, walk
from adgen.ir.rewrite import map_lets
from adgen.ir.types import Array, Float, Int, Opaque, Scalar, Tuple
from adgen.rules.lengths import same_length
from adgen.rules.registry import REGISTRY
from adgen.rules.typing import type_of_value

# by operation: at which argument it takes a shape
ASKS = {"unbroadcast": 1, "np.zeros_like": 0, "np.full_like": 0, "dim": 0}


def shape_let(v: Var) -> Let:
    """Return the statement that takes the shape of an array."""
    assert isinstance(v.type, Array)
    out = Var(Tuple((Int(),) * v.type.ndim), "shape")
    out.length = v.type.dims
    return Let(out, REGISTRY.named("shape"), (v,))


def ask_for_shapes(body: Block, kept: Iterable[Var], others: Sequence[Var], shapes: dict[Var, Let]) -> Block:
    """Return a backward block that asks others, or for shapes, where it would ask only for the shape of what is kept.

    `others`: what is at hand anyway. What must be taken of the primal block is added to `shapes`.
    """
    asked = [v for v in kept if isinstance(v.type, Array) and v.type.dims and not v.type.loose]
    if not asked:
        return body
    read = _read(body, set(asked))
    asked = [v for v in asked if v not in read]
    if not asked:
        return body
    at_hand = [*others, *(v for v in kept if v not in asked)]
    instead: dict[Var, Operand] = {}
    for v in asked:
        alike = next((w for w in at_hand if is_alike(v, w)), None)
        instead[v] = alike or _known(v) or shapes.setdefault(v, shape_let(v)).out
    return map_lets(body, lambda s: ask_shape(s, instead))


def _read(body: Block, asked: set[Var]) -> set[Var]:
    """Return which values a block reads for more than their shape; of those that are not asked for, all reads count."""
    read: set[Var] = set()

    def note(s: Stmt | None, given: Iterable[Operand]) -> None:
        place = place_of_shape(s) if isinstance(s, Let) else None
        read.update(a for k, a in enumerate(given) if isinstance(a, Var) and (k != place or a not in asked))

    note(None, body.results)
    for s in walk(body):
        note(s, operands(s))
        for b in blocks(s):
            note(None, b.results)
    return read


def place_of_shape(s: Let) -> int | None:
    """Return at which argument an operation takes nothing but a shape."""
    return ASKS.get(s.op.name) if not s.kws or (s.op.name, s.kws) == ("np.zeros_like", ("dtype",)) else None


def is_alike(v: Var, w: Var) -> bool:
    """Say whether two arrays are known to have one shape and dtype."""
    a, b = v.type, w.type
    if not (isinstance(a, Array) and isinstance(b, Array)) or a.ndim != b.ndim or a.dtype != b.dtype or b.loose:
        return False
    return all(map(same_length, a.dims, b.dims))


def _known(v: Var) -> Const | None:
    """Return the shape that is known at compile time."""
    assert isinstance(v.type, Array)
    dims = v.type.dims
    return Const(dims, type_of_value(dims)) if all(isinstance(n, int) for n in dims) else None


def ask_shape(s: Let, instead: dict[Var, Operand]) -> Let:
    """Return a statement that takes the shape of something else: of an array, or the shape itself."""
    place = place_of_shape(s)
    v = s.args[place] if place is not None else None
    if place is None or not isinstance(v, Var) or v not in instead:
        return s
    other = instead[v]
    if isinstance(other.type, Array) or s.op.name == "unbroadcast":
        return replace(s, args=(*s.args[:place], other, *s.args[place + 1 :]))
    assert isinstance(v.type, Array)
    if s.op.name in ("np.zeros_like", "np.full_like"):
        rest = s.args[1:]
        row = REGISTRY.named("np.zeros" if s.op.name == "np.zeros_like" else "np.full")
        if rest and isinstance(rest[0], Const) and rest[0].value == 1.0:
            row, rest = REGISTRY.named("np.ones"), rest[1:]
        if s.kws:
            return replace(s, op=row, args=(other, *rest))
        if v.type.dtype == "float64" and all(t in (Float(), Scalar("float64")) for t in (a.type for a in rest)):
            return replace(s, op=row, args=(other, *rest))
        dtype = Const(np.dtype(v.type.dtype).type, Opaque())
        return replace(s, op=row, args=(other, *rest, dtype), kws=("dtype",))
    return replace(s, op=REGISTRY.named("item"), args=(other, s.args[1]))
