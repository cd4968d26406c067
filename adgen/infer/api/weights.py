"""Output gradients inside programs: what weighs each number and array of a target."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import TypeMismatchError
from adgen.infer.calls import calls
from adgen.infer.expressions import items, operations
from adgen.infer.values import Map, Maybe, Ref, Seq, TupleV
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import Array, Float, Int, List, NoneT, Opaque, Record, Tuple, Type, dims_of, is_floating

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def is_none(e: Engine, given: Any) -> bool:
    """Say whether a weight is None, which stands for ones."""
    if isinstance(given, Maybe):
        raise misfit(e, "may be None here")
    return given is None or (isinstance(given, (Var, Const)) and isinstance(given.type, NoneT))


def match(e: Engine, given: Any, keys: Collection[Any], what: str, kind: str = "output gradients") -> dict[Any, Any]:
    """Return the weights of the items of a structure, by what they are reached by."""
    found = items_of(e, given)
    if found is None and _is_list(e, given) and set(keys) == set(range(len(keys))):
        found = dict(enumerate(items.split(e, given, len(keys)) or ()))
    if found is None or set(found) != set(keys):
        how = operations.describe(e, given) if found is None else f"for {', '.join(map(repr, found)) or 'nothing'}"
        raise misfit(e, f"are {how} for {what}", kind)
    return found


def as_number(e: Engine, given: Any, t: Type, like: Operand | None = None, kind: str = "output gradients") -> Operand:
    """Return the weight of a number or an array of this type, or of a list `like` another one."""
    is_sequence = isinstance(given, (TupleV, Ref)) and (items_of(e, given) is not None or _is_list(e, given))
    if isinstance(t, Array) and is_sequence:
        given = calls.call_object(e, np.array, [given], {}, {})
    if isinstance(t, List):
        return _as_list(e, given, t, like, kind)
    if not isinstance(given, (Var, Const, Ref)):
        raise misfit(e, f"are {operations.describe(e, given)} for what is {t}", kind)
    s = e.value(given)
    a, b = dims_of(s.type), dims_of(t)
    clash = len(a) != len(b) or any(isinstance(m, int) and isinstance(n, int) and m != n for m, n in zip(a, b))
    if clash or isinstance(s.type, (List, Record, Tuple)):
        raise misfit(e, f"are {s.type} for what is {t}", kind)
    if isinstance(s.type, Int):
        return e.b.const(float(s.value)) if isinstance(s, Const) else e.b.emit(e.row("to_float"), (s,), type=Float())
    if isinstance(s.type, Array) and not is_floating(s.type):
        return e.b.call("astype", s, Const(np.float64, Opaque()))
    if not is_floating(s.type):
        raise misfit(e, f"are {s.type} for what is {t}", kind)
    return s


def _as_list(e: Engine, given: Any, t: List, like: Operand | None, kind: str) -> Operand:
    """Return the weights of a list of unknown length, which have the same length."""
    s = e.value(given)
    if (
        like is None
        or not isinstance(s.type, List)
        or not isinstance(t.elem, Float)
        or not isinstance(s.type.elem, Float)
    ):
        raise misfit(e, f"are {s.type} for what is {t}", kind)
    n = e.b.call("length", like)
    e.b.emit(e.row("check_length"), (s, n, n), type=NoneT())
    return s


def items_of(e: Engine, v: Any) -> dict[Any, Any] | None:
    """Return the items of a structure by what they are reached by."""
    if isinstance(v, TupleV):
        keys = v.cls._fields if v.cls is not None else range(len(v.items))  # type: ignore[attr-defined]
        return dict(zip(keys, v.items))
    c = e.content(v.obj) if isinstance(v, Ref) and not v.place else None
    if isinstance(c, Map):
        return dict(zip(c.keys, c.items))
    return dict(enumerate(c.items)) if isinstance(c, Seq) else None


def _is_list(e: Engine, v: Any) -> bool:
    """Say whether a value is a list of unknown length."""
    return isinstance(v, Ref) and not v.place and isinstance(getattr(e.content(v.obj), "type", None), List)


def misfit(e: Engine, how: str, kind: str = "output gradients") -> TypeMismatchError:
    return TypeMismatchError(what=f"the {kind} {how}", instead="one of the same shape for each", origin=e.origin)
