"""Operations that take nothing of an array but its shape, and what they may ask instead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adgen.ir.nodes import Const, Let, Operand, Var
from adgen.ir.types import Array, Float, Opaque, Scalar
from adgen.rules.lengths import same_length
from adgen.rules.registry import REGISTRY

# by operation: at which argument it takes a shape
ASKS = {"unbroadcast": 1, "np.zeros_like": 0, "np.full_like": 0, "dim": 0}


def place_of_shape(s: Let) -> int | None:
    """Return at which argument an operation takes nothing but a shape."""
    return ASKS.get(s.op.name) if not s.kws or (s.op.name, s.kws) == ("np.zeros_like", ("dtype",)) else None


def is_alike(v: Var, w: Var) -> bool:
    """Say whether two arrays are known to have one shape and dtype."""
    a, b = v.type, w.type
    if not (isinstance(a, Array) and isinstance(b, Array)) or a.ndim != b.ndim or a.dtype != b.dtype or b.loose:
        return False
    return all(map(same_length, a.dims, b.dims))


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
