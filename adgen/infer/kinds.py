"""What a value is known to be: None, a structure, a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adgen.infer.values import (
    BoundFunction,
    Choice,
    Closure,
    EnumV,
    GeneratorV,
    LocalGradient,
    Map,
    Maybe,
    Method,
    Obj,
    Once,
    Partial,
    RangeV,
    Ref,
    Seq,
    State,
    TupleV,
    ZipV,
)
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import NUMERIC, Array, Opaque, Record, Scalar, Tuple, Undef

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def is_from_outside(v: Any, heap: dict[Obj, Any]) -> bool:
    """Say whether what an iterator walks was there before a region: all its objects are in the heap of that time."""
    if isinstance(v, (Ref, Once, GeneratorV)):
        return v.obj in heap and not (isinstance(v, Ref) and v.holes)
    if isinstance(v, TupleV):
        return all(is_from_outside(i, heap) for i in v.items)
    if isinstance(v, ZipV):
        return all(is_from_outside(i, heap) for i in v.parts)
    if isinstance(v, RangeV):
        return all(isinstance(p, Const) for p in (v.start, v.stop, v.step))
    return isinstance(v, Const) or (isinstance(v, EnumV) and is_from_outside(v.inner, heap))


def shown(name: str | None) -> str:
    return name if name is not None and not name.startswith("%") else "a value"


def is_none(v: Any) -> bool:
    return isinstance(v, Const) and v.value is None


def split_maybe(e: Engine, state: State, v: Any) -> tuple[Operand, Any] | None:
    """Return whether a value is None, and what it is else; None for what can't be told apart from None later."""
    if is_none(v):
        return e.b.const(True), v
    if isinstance(v, Maybe):
        return v.none, v.value
    return (e.b.const(False), v) if _may_be_none(state, v) else None


def _may_be_none(state: State, v: Any) -> bool:
    """Say whether all parts of a value can be None where the whole is."""
    if isinstance(v, (Var, Const)):
        return isinstance(v.type, NUMERIC) or (isinstance(v, Const) and not is_none(v))
    if isinstance(v, Ref):
        c = state.heap.get(v.obj)
        return bool(v.place) or isinstance(c, (Var, Const)) or (isinstance(c, (Seq, Map)) and _parts_may(state, c))
    return isinstance(v, TupleV) and _parts_may(state, v)


def _parts_may(state: State, c: TupleV | Seq | Map) -> bool:
    return all(is_none(i) or _may_be_none(state, i) for i in c.items)


def is_structured(state: State, v: Any) -> bool:
    """Say whether a value is a tuple, or a list, dict or object whose parts are known."""
    return isinstance(v, TupleV) or (isinstance(v, Ref) and isinstance(state.heap.get(v.obj), (Seq, Map)))


def is_function(v: Any) -> bool:
    """Say whether a value is known to be a function."""
    if isinstance(v, Const):
        return isinstance(v.type, Opaque) and callable(v.value)
    return isinstance(v, (Closure, BoundFunction, Partial, Method, Choice, LocalGradient))


def static_pair(a: Operand, b: Operand) -> bool:
    """Say whether two constants are the same function, module or other object."""
    return (
        isinstance(a, Const)
        and isinstance(b, Const)
        and a.value is b.value
        and not isinstance(a.type, (Undef, Scalar, Array, Tuple, Record))
    )


def vouch(e: Engine, value: Any) -> Any:
    """Return a value that is bound here, though it is not on all paths that lead here."""
    operand = e.state.heap.get(value.obj) if isinstance(value, Ref) and not value.place else value
    if isinstance(operand, Var):
        e.maybe_unbound.pop(operand, None)
    elif isinstance(value, TupleV):
        for v in value.items:
            vouch(e, v)
    return value
