"""Tuples whose length only run time knows: lists of generated code that nobody writes.

They become tuples where they leave the program. `*values` of such a length in a call binds what takes the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer.values import Map, Ref, Seq, SliceV, StarV, Traits, TupleV
from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Opaque

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

FROZEN = Traits(frozen=True)


def is_frozen(v: Any) -> bool:
    """Say whether a value is a tuple whose length only run time knows."""
    return isinstance(v, Ref) and v.obj.traits is not None and v.obj.traits.frozen and not v.place


def is_tuple(v: Any) -> bool:
    return is_frozen(v) or isinstance(v, TupleV) or (isinstance(v, Const) and isinstance(v.value, tuple))


def freeze(made: Ref) -> Ref:
    """Let a list that nobody else has be a tuple."""
    made.obj.traits = FROZEN
    return made


def of_items(e: Engine, values: Any) -> Ref:
    """`tuple(values)`"""
    from adgen.infer.calls import library
    from adgen.infer.functions import inlining

    return values if is_frozen(values) else freeze(inlining.inline_function(e, library.as_list, [values], {}))


def as_list(e: Engine, v: Any) -> Any:
    """Return a tuple as the list that stands for it."""
    if isinstance(v, Const) and isinstance(v.value, tuple):
        v = e.constant(v.value)
    if isinstance(v, TupleV):
        return e.new(Seq(v.items))
    return Ref(unfrozen(e, v)) if is_frozen(v) else v


def unfrozen(e: Engine, v: Ref) -> Any:
    """Return an object with the items of a tuple, as a list."""
    from adgen.infer.memory import rows

    made = e.new(e.value(v) if rows.is_row(e, v) else e.content(v.obj))
    rows.share_items(e, made, v)
    return made.obj


def refuse_write(e: Engine, v: Any) -> None:
    if is_frozen(v):
        raise UnsupportedError(
            what="a change of a tuple",
            why="the program would raise an error here",
            instead="make a list of it, or a new tuple",
            origin=e.origin,
        )


def leave(e: Engine, v: Any) -> Any:
    """Return a result with the tuples in it as tuples."""
    if is_frozen(v):
        return e.b.call("as_tuple", e.value(v))
    if isinstance(v, TupleV):
        return TupleV(tuple(leave(e, i) for i in v.items), v.cls)
    c = e.state.heap.get(v.obj) if isinstance(v, Ref) else None
    if isinstance(c, (Seq, Map)) and any(map(is_frozen, c.items)):
        raise UnsupportedError(
            what="a tuple of any length in a list, dict or object that is a result",
            instead="return the tuple by itself, or a list",
            origin=e.origin,
        )
    return v


def shown(e: Engine, v: Any) -> Operand:
    """Return what a function gets that adgen knows nothing of."""
    if is_frozen(v):
        return e.opaque(tuple, [e.value(v)])
    if isinstance(v, TupleV) and any(map(_holds_frozen, v.items)):
        return e.value(TupleV(tuple(shown(e, i) for i in v.items), v.cls))
    return e.value(v)


def _holds_frozen(v: Any) -> bool:
    return is_frozen(v) or (isinstance(v, TupleV) and any(map(_holds_frozen, v.items)))


# -- `*values` in a call --------------------------------------------------------------------------------


def take_first(e: Engine, rest: list[Any]) -> Any:
    """Take the first argument by position from those that are left."""
    from adgen.infer.expressions import items

    first = rest[0]
    if not isinstance(first, StarV):
        return rest.pop(0)
    if len(rest) > 1:
        raise UnsupportedError(
            what="`*values` of a length known only at run time, with arguments behind it that may take its place",
            instead="name the arguments",
            origin=e.origin,
        )
    items.check_length(e, first.values, 1, None)
    none = e.b.const(None)
    rest[0] = StarV(items.get_item(e, first.values, SliceV(e.b.const(1), none, none), {}))
    return items.get_item(e, first.values, e.b.const(0), {})


def rest_of(e: Engine, rest: Sequence[Any]) -> Any:
    """Return what `*args` of a function is bound to."""
    from adgen.infer.expressions import operations

    if not any(isinstance(a, StarV) for a in rest):
        return TupleV(tuple(rest))
    whole: Any = TupleV(())
    for a in rest:
        more = a.values if isinstance(a, StarV) else TupleV((a,))
        whole = more if whole == TupleV(()) else operations.binary(e, "+", whole, more)
    return whole


def takes_rest(fn: Any, params: Any) -> bool:
    return params is not None and any(p.kind == "*" for p in params)


def call_starred(e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[str, list[Any]] | None:
    """Return what a call of `max`, `min` or `print` with `*values` gets instead; None for other functions."""
    from adgen.infer.expressions import items

    called = fn.value if isinstance(fn, Const) else None
    if called in (max, min):
        items.check_length(e, rest_of(e, args), 2, None)  # of one item it would look inside
        return "call", [as_list(e, rest_of(e, args))]
    if called is print and not (set(kwargs) - {"sep"}):
        every = as_list(e, rest_of(e, args))
        texts = e.opaque(map, [Const(str, Opaque()), e.value(every)])
        between = e.value(kwargs["sep"]) if "sep" in kwargs else e.b.const(" ")
        return "print", [e.opaque(str.join, [between, texts])]
    return None


def refuse_star(e: Engine, fn: Any, args: Sequence[Any]) -> None:
    """Refuse `*values` for a function that adgen does not bind the arguments of."""
    if any(isinstance(a, StarV) for a in args) and fn is not functools.partial and not isinstance(fn, FunctionType):
        raise UnsupportedError(
            what=f"`*values` of a length known only at run time, for {getattr(fn, '__name__', 'this function')}()",
            instead="index the values, or loop over them",
            origin=e.origin,
        )
