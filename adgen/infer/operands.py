"""From abstract values to operands and back: structures are built, taken apart, or known at compile time."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adgen.api.plain import is_plain
from adgen.errors import UnsupportedError
from adgen.infer import known
from adgen.infer.calls import calls
from adgen.infer.environment.names import is_data
from adgen.infer.kinds import is_structured
from adgen.infer.memory import rows
from adgen.infer.structures import dicts, objects, tables
from adgen.infer.values import (
    Closure,
    DictView,
    EnumV,
    Map,
    Maybe,
    Method,
    NeedsUnroll,
    Poison,
    RangeV,
    Ref,
    ReversedV,
    Seq,
    SliceV,
    TupleV,
    ZipV,
)
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import Bool, Int, NoneT, Opaque, Record, Str, held_class
from adgen.rules.registry import REGISTRY
from adgen.rules.typing import type_of_value

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def build(e: Engine, v: Any, name: str | None, fixed: bool) -> Operand:
    """Return the operand that an abstract value is, building structures where needed."""
    if isinstance(v, Maybe):
        if is_structured(e.state, v.value):
            raise UnsupportedError(
                what="what may be None or a tuple, list or object, used as a whole",
                why="generated code holds its parts, not the whole",
                instead="use its parts where it is not None",
                origin=e.origin,
            )
        return e.value(v.value, name, fixed)
    if isinstance(v, Ref):
        c = e.content(v.obj)
        if v.place:
            rows.check(e, v)
        if isinstance(c, Seq):
            return e.b.call("make_list", *[e.value(i) for i in c.items])
        if isinstance(c, Map):
            return objects.whole(e, v, c) if is_plain(c.cls) else make_record(e, c)
        rows.check(e, v)
        whole: Operand = c
        return e.b.load(whole, v.place, v.holes, name, fixed) if v.place else whole
    if isinstance(v, TupleV):
        items = [e.value(i) for i in v.items]
        if v.cls is not None:
            keys = tuple(v.cls._fields)  # type: ignore[attr-defined]
            return _record(e, v.cls, keys, items)
        if all(isinstance(i, Const) for i in items):
            return e.b.const(tuple(i.value for i in items if isinstance(i, Const)))
        return e.b.call("make_tuple", *items)
    if isinstance(v, RangeV):
        parts = [v.start, v.stop, v.step]
        return e.opaque(range, parts)
    if isinstance(v, DictView) and dicts.is_dict(e, v.owner):
        return e.value(dicts.view_list(e, v))
    if isinstance(v, SliceV):
        return e.b.call("slice", v.start, v.stop, v.step)
    if isinstance(v, Poison):
        e.refuse(v)
    if isinstance(v, Method):
        return e.opaque(getattr, [e.value(v.owner), e.b.const(v.name)])
    kind = {
        Closure: "a local function",
        ZipV: "zip()",
        EnumV: "enumerate()",
        ReversedV: "reversed()",
    }
    raise UnsupportedError(
        what=f"{kind.get(type(v), 'this value')} can't be used as data here",
        why="it has no value that the generated code could hold",
        instead="call or unpack it where it is made",
        origin=e.origin,
    )


def make_record(e: Engine, c: Map) -> Operand:
    if REGISTRY.stand_in(c.cls) is not None:
        raise UnsupportedError(
            what=f"an object of the class '{c.cls.__name__}' as a result, or as an argument of what is not inlined",
            why="adgen follows what it is made of, not the object",
            instead="return its numbers, or what it gives where it is called",
            origin=e.origin,
        )
    return _record(e, c.cls, c.keys, [e.value(i) for i in c.items])


def _record(e: Engine, cls: type, keys: tuple[Any, ...], items: Sequence[Operand]) -> Operand:
    head = (Const(cls, Opaque()), Const(keys, type_of_value(keys)))
    t = Record(cls, keys, tuple(i.type for i in items))
    return e.b.emit(e.row("make_record"), (*head, *items), type=t)


def unpack(e: Engine, operand: Operand, part: tuple[Any, ...], key: Any) -> Any:
    """Return an item of a tuple or record."""
    return tables.present(e, part, e.b.call("item", operand, e.b.const(key)))


def unpack_record(e: Engine, operand: Operand, t: Record) -> Any:
    items = tuple(unpack(e, operand, (t.cls, k), k) for k in t.keys)
    if t.cls is list:
        return e.new(Seq(items))
    if (cls := held_class(t)) is not None:
        return e.new(Map(t.keys, items, cls))
    if issubclass(t.cls, tuple):
        return TupleV(items, t.cls)
    made = e.new(Map(t.keys, items, t.cls))
    if is_plain(t.cls):
        objects.remember(e, made, operand)
    return made


def static(e: Engine, v: Any, what: str) -> Any:
    """Return the compile-time value of an abstract value, or ask for it to become part of the signature."""
    if isinstance(v, TupleV) and v.cls is None:
        return tuple(e.static(i, what) for i in v.items)
    if isinstance(v, Ref) and isinstance(e.state.heap[v.obj], Seq):
        return [e.static(i, what) for i in e.state.heap[v.obj].items]
    if isinstance(v, SliceV):
        return slice(*(e.static(i, what) for i in (v.start, v.stop, v.step)))
    if isinstance(v, Var):
        if v in e.param_of:
            from adgen.api.request import NeedsValue

            raise NeedsValue((e.param_of[v],))
        if isinstance(v.type, NoneT):
            return None
        if counts(e, v):
            raise NeedsUnroll(e.origin)
        value = known.number(e, v)
        if value is not None:
            return value
    raise calls.NotStatic(what, e.origin)


def counts(e: Engine, v: Operand) -> bool:
    """Say whether a value is computed from what counts a loop, and nothing else that is not known."""
    if not isinstance(v, Var):
        return False
    if v in e.counters:
        return True
    made = e.b.defs.get(v)
    if made is None or not isinstance(v.type, (Int, Bool, Str, Opaque)) or made.op.name in ("getitem", "item"):
        return False
    args = [a for a in made.args if not isinstance(a, Const)]
    return bool(args) and all(counts(e, a) for a in args)


def constant(e: Engine, value: Any) -> Any:
    """Return the abstract value of a Python object found at compile time."""
    if type(value) is tuple:
        return TupleV(tuple(map(e.constant, value)))
    if isinstance(value, (list, dict)) and is_data(value):
        items = value if isinstance(value, list) else value.values()
        parts = tuple(map(e.constant, items))
        return e.new(Seq(parts) if isinstance(value, list) else Map(tuple(value), parts))
    cls = type(value)
    if isinstance(value, tuple) and hasattr(cls, "_fields") and is_data(value):
        return TupleV(tuple(map(e.constant, value)), cls)
    if dataclasses.is_dataclass(cls) and is_data(value):
        names = tuple(f.name for f in dataclasses.fields(cls))
        return e.new(Map(names, tuple(e.constant(getattr(value, n)) for n in names), cls))
    return e.b.const(value)
