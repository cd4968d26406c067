"""`is`: whether two values are one object."""

from __future__ import annotations

import operator
from functools import partial
from typing import TYPE_CHECKING, Any

from adgen.infer.memory import forks, rows
from adgen.infer.values import Ref
from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Bool, NoneT, Opaque, Undef

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def identity(e: Engine, symbol: str, a: Any, b: Any) -> Operand:
    decided = _decided(e, a, b)
    if decided is not None:
        return decided if symbol == "is" else e.b.call("not_", decided)
    same: bool | None = None
    if isinstance(a, Const) and isinstance(b, Const):
        same = a.value is b.value or (isinstance(a.type, NoneT) and isinstance(b.type, NoneT))
    elif isinstance(a, Ref) and isinstance(b, Ref) and not a.place and not b.place:
        if a.obj is b.obj:
            same = True
        elif b.obj not in e.state.links.get(a.obj, ()):
            same = False
    else:
        types = [v.type if isinstance(v, Operand) else None for v in (a, b)]
        for v, t, other in zip((a, b), types, types[::-1]):
            apart = isinstance(t, Bool) and not isinstance(other, (Bool, Opaque, Undef))
            if apart or (isinstance(v, Const) and isinstance(t, Opaque) and not isinstance(other, (Opaque, Undef))):
                same = False  # a number or an array is never this object
        nones = [isinstance(t, NoneT) for t in types]
        if any(nones) and not any(isinstance(t, (Opaque, Undef)) for t in types):
            same = all(nones)
    if same is None and rows.is_row(e, a) and rows.is_row(e, b) and a.obj is b.obj and not a.obj.mixed:
        if a.place == b.place and len(a.holes) == len(b.holes) == 1 and {*a.holes, *b.holes} <= e.counters:
            return e.b.call("eq" if symbol == "is" else "ne", a.holes[0], b.holes[0])
    if same is None:
        return e.opaque(operator.is_ if symbol == "is" else operator.is_not, [e.value(a), e.value(b)])
    return e.b.const(same == (symbol == "is"))


def _decided(e: Engine, a: Any, b: Any) -> Operand | None:
    """Say whether two references are to one object, where conditions decide what they are to."""
    if not (isinstance(a, Ref) and isinstance(b, Ref)) or not {a.obj, b.obj} & e.state.which.keys():
        return None
    trees = forks.tree_of(e.state, a), forks.tree_of(e.state, b)
    pairs = [(one, two) for one in forks.leaves(trees[0]) for two in forks.leaves(trees[1])]
    if any(_is_one(e, *pair) is None for pair in pairs):
        return None
    found: Operand = forks.fold(e, trees[0], lambda one: forks.fold(e, trees[1], partial(_const, e, one), None), None)
    return found


def _is_one(e: Engine, one: Ref, two: Ref) -> bool | None:
    if one.place or two.place:
        return None
    return True if one.obj is two.obj else False if two.obj not in e.state.links.get(one.obj, ()) else None


def _const(e: Engine, one: Ref, two: Ref) -> Operand:
    return e.b.const(_is_one(e, one, two))
