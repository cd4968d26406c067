"""Objects that a call of their class makes: namedtuples, dataclasses, exceptions, those of the user's classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import UnsupportedError
from adgen.infer.calls import array_methods, calls
from adgen.infer.environment import reads
from adgen.infer.expressions import items, operations
from adgen.infer.structures import objects
from adgen.infer.values import Map, Ref, Seq, TupleV
from adgen.ir.nodes import Const, Var
from adgen.ir.types import Opaque, dims_of, is_floating

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def construct(e: Engine, cls: type, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    """Make a namedtuple, a dataclass instance or an exception."""
    fields = getattr(cls, "_fields", None)
    if issubclass(cls, tuple) and fields is not None:
        reads.rely_on_class(e, cls)
        values = dict(zip(fields, args)) | dict(kwargs)
        for name, v in getattr(cls, "_field_defaults", {}).items():
            values.setdefault(name, e.constant(v))
        if set(values) == set(fields):
            return TupleV(tuple(values[f] for f in fields), cls)
    if issubclass(cls, np.generic):
        if args and operations.is_array(e, args[0]) and dims_of(operations.array_type(e, args[0])):
            return calls.call_object(
                e, np.asarray, [args[0]], {"dtype": Const(cls, Opaque())}, hint
            )  # perhaps the very array
        given = args[0] if args else e.b.const(0)
        if isinstance(given, Ref) and operations.is_array(e, given):  # of no axes
            given = items.get_item(e, given, TupleV(()), {})
        return array_methods.cast(e, given, np.dtype(cls), hint)
    made = objects.make(e, cls, args, kwargs)
    if made is not None:
        return made
    held = not issubclass(cls, (str, BaseException))  # a text has no gradient, whatever it is of
    if held and any(_active_inside(e, a) for a in (*args, *kwargs.values())):
        raise UnsupportedError(
            what=f"a floating-point value inside a '{cls.__name__}' object",
            why="adgen can't follow values through it",
            instead="use a dataclass, a namedtuple, a dict or a tuple",
            origin=e.origin,
        )
    return calls.call_unknown(e, Const(cls, Opaque()), args, kwargs, hint)


def _active_inside(e: Engine, v: Any) -> bool:
    if isinstance(v, Var):
        return is_floating(v.type)
    if isinstance(v, Ref):
        c = e.state.heap.get(v.obj)
        return any(_active_inside(e, i) for i in c.items) if isinstance(c, (Seq, Map)) else True
    return isinstance(v, TupleV) and any(_active_inside(e, i) for i in v.items)
