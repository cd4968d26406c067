"""Builtins that shape the program rather than compute: `range`, `zip`, `len`, casts, reductions of lists."""

from __future__ import annotations

import collections
import contextlib
import functools
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import UnsupportedError
from adgen.infer.calls import library, primitives
from adgen.infer.calls.handlers import HANDLERS, Handler, handles
from adgen.infer.control import branches, guarded, iterables
from adgen.infer.environment import outside, reads
from adgen.infer.expressions import attributes, items, operations
from adgen.infer.functions import inlining
from adgen.infer.iterators import iterators, lazy
from adgen.infer.memory import rows, stores
from adgen.infer.structures import dicts, objects, tuples
from adgen.infer.values import (
    BoundFunction,
    Closure,
    DictView,
    EnumV,
    GeneratorV,
    Map,
    Method,
    Once,
    Partial,
    RangeV,
    Ref,
    ReversedV,
    Seq,
    SliceV,
    Super,
    TupleV,
    ZipV,
)
from adgen.ir.nodes import Const, Var
from adgen.ir.types import (
    Array,
    Bool,
    Complex,
    Float,
    Int,
    List,
    NoneT,
    Opaque,
    Record,
    Scalar,
    Str,
    Tuple,
    Type,
    held_class,
    is_floating,
)

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def _plain(e: Engine, name: str, kwargs: dict[str, Any], *allowed: str) -> None:
    for k in kwargs:
        if k not in allowed:
            raise UnsupportedError(what=f"the argument `{k}` of {name}()", origin=e.origin)


@handles(range)
def _range(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    operands = [e.value(a) for a in args]
    for o in operands:
        if is_floating(o.type):
            raise UnsupportedError(
                what=f"range() of {o.type}", why="the program would raise TypeError here", origin=e.origin
            )
    if len(operands) == 1:
        operands = [e.b.const(0), *operands]
    return RangeV(operands[0], operands[1], operands[2] if len(operands) > 2 else e.b.const(1))


@handles(enumerate)
def _enumerate(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    start = e.value(args[1] if len(args) > 1 else kwargs.get("start", e.b.const(0)))
    return iterators.once(e, EnumV(args[0], start))


@handles(zip)
def _zip(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    _plain(e, "zip", kwargs, "strict")
    if "strict" in kwargs and len(args) > 1 and e.static(kwargs["strict"], "the argument 'strict' of zip()"):
        if e.b.guards or e.caught:  # what the items before the end are used for stays when it raises
            return iterators.made_by(e, lazy.zip_alike, Const(library.check_lengths, Opaque()), *args)
        inlining.inline_function(e, library.check_lengths, args, {})
    return iterators.once(e, ZipV(tuple(args)))


@handles(reversed)
def _reversed(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    inner = args[0]
    own = objects.call_special(e, inner, "__reversed__")
    if own is not None:
        return own
    if isinstance(inner, RangeV):
        parts = (inner.start, inner.stop, inner.step)
        if all(isinstance(p, Const) for p in parts):
            r = range(*[p.value for p in parts if isinstance(p, Const)])[::-1]
            return iterators.once(e, RangeV(e.b.const(r.start), e.b.const(r.stop), e.b.const(r.step)))
        if isinstance(inner.step, Const) and inner.step.value == 1:
            one = e.b.const(1)
            last, end = (operations.binary(e, "-", b, one) for b in (inner.stop, inner.start))
            return iterators.once(e, RangeV(last, end, e.b.const(-1)))
    return iterators.once(e, ReversedV(inner))


@handles(len)
def _len(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    v = args[0]
    own = objects.call_special(e, v, "__len__")
    if own is not None:
        return own
    if isinstance(v, DictView):
        v = v.owner
    if isinstance(v, TupleV):
        return e.b.const(len(v.items))
    if isinstance(v, RangeV):
        return iterables.range_length(e, v)
    if isinstance(v, Ref):
        c = e.content(v.obj)
        if isinstance(c, (Seq, Map)):
            return e.b.const(len(c.items))
        whole = e.value(v)
        if isinstance(whole.type, Array) and whole.type.dims and isinstance(whole.type.dims[0], int):
            return e.b.const(whole.type.dims[0])
        return e.b.emit(e.row("length"), (whole,), **hint)
    if isinstance(v, Const) and reads.is_fixed(e, v):
        return e.b.const(len(v.value))
    return e.b.emit(e.row("opaque"), (Const(len, Opaque()), e.value(v)), type=Int(), **hint)


@handles(isinstance)
def _isinstance(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    v, cls = args[0], e.static(args[1], "the class in isinstance()")
    classes = cls if isinstance(cls, tuple) else (cls,)
    actual = class_of(e, v)
    if actual is None:
        return e.opaque(isinstance, [e.value(v), Const(cls, Opaque())], **hint)
    return e.b.const(issubclass(actual, classes))


def class_of(e: Engine, v: Any) -> type | None:
    """Return the Python class of an abstract value."""
    if isinstance(v, TupleV):
        return v.cls or tuple
    if isinstance(v, GeneratorV):
        return types.GeneratorType
    if isinstance(v, Once):
        return {ZipV: zip, EnumV: enumerate, ReversedV: reversed}.get(type(v.inner), type(iter(())))
    if isinstance(v, (ZipV, EnumV, ReversedV)):
        return {ZipV: zip, EnumV: enumerate, ReversedV: reversed}[type(v)]
    if isinstance(v, Partial):
        return functools.partial
    if isinstance(v, BoundFunction):
        return types.MethodType
    if isinstance(v, SliceV):
        return slice
    if isinstance(v, DictView):
        return {"keys": type({}.keys()), "values": type({}.values()), "items": type({}.items())}[v.kind]
    if isinstance(v, RangeV):
        return range
    if isinstance(v, Ref):
        c = e.content(v.obj)
        if tuples.is_frozen(v):
            return tuple
        kept = objects.held_as(e, v)
        if kept is not None:
            return held_class(kept)
        if isinstance(c, Map):
            return c.cls
        t = operations.array_type(e, v)
        return np.ndarray if isinstance(t, Array) else list
    if isinstance(v, (Closure, Method)):
        return type(lambda: None)
    if isinstance(v, Const) and not isinstance(v.type, Scalar):
        return type(v.value)
    table: dict[type[Type], type] = {Bool: bool, Int: int, Float: float, Complex: complex, Str: str, NoneT: type(None)}
    t = getattr(v, "type", None)
    if isinstance(t, Scalar):
        return np.dtype(t.dtype).type
    return table.get(type(t)) if t is not None else None


@handles(type)
def _type(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    cls = class_of(e, args[0])
    return Const(cls, Opaque()) if cls is not None else e.opaque(type, [e.value(args[0])], **hint)


@handles(issubclass)
def _issubclass(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    found = operations.known(e, *args)
    if found is not None:
        return e.b.const(issubclass(*found))
    return e.opaque(issubclass, [e.value(a) for a in args], **hint)


@handles(hasattr)
def _hasattr(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    cls, name = class_of(e, args[0]), e.static(args[1], "the name in hasattr()")
    if isinstance(args[0], Const):
        there = hasattr(args[0].value, name)
        if not there and args[0] in e.paths and not attributes.is_library(args[0].value):
            raise UnsupportedError(
                what="hasattr(), or getattr() with a default, of a global object without this attribute",
                why="it may have it at the next call",
                instead="give its class a value for it",
                origin=e.origin,
            )
        return e.b.const(there)
    if isinstance(args[0], Ref):
        c = e.content(args[0].obj)
        if isinstance(c, Map) and name in c.keys:
            return e.b.const(True)
    return (
        e.b.const(hasattr(cls, name))
        if cls is not None
        else e.opaque(hasattr, [e.value(args[0]), e.b.const(name)], **hint)
    )


@handles(getattr)
def _getattr(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    if len(args) > 2:
        there = _hasattr(e, args[:2], {}, {})
        if not isinstance(there, Const):
            raise UnsupportedError(
                what="getattr() with a default, of an object that adgen can't look into",
                instead="write it as `if hasattr(…)`",
                origin=e.origin,
            )
        if not there.value:
            return args[2]
    return attributes.get_attribute(e, args[0], e.static(args[1], "the name in getattr()"), hint)


@handles(globals)
def _globals(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return outside.table(e)


@handles(vars)
def _vars(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    made = objects.attributes_as_dict(e, args[0]) if len(args) == 1 else None
    if made is None:
        raise UnsupportedError(
            what="vars() of this value",
            why="its attributes are not known to adgen",
            instead="name the attributes",
            origin=e.origin,
        )
    return made


@handles(callable)
def _callable(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    v = args[0]
    return e.b.const(isinstance(v, (Closure, Method)) or (isinstance(v, Const) and callable(v.value)))


def _make(cls: type) -> Handler:
    def handler(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
        found = items.known_items(e, args[0]) if args else []
        if found is not None:
            return TupleV(tuple(found)) if cls is tuple else e.new(Seq(tuple(found)))
        v = args[0]
        if cls is list and isinstance(args[0], Ref) and isinstance(operations.array_type(e, args[0]), List):
            c = e.value(args[0])
            assert isinstance(c.type, List)
            ref = e.new(e.b.call("add", c, items.list_operand(e, Seq(()), c.type.elem)))
            rows.share_items(e, ref, args[0])
            return ref
        if cls is list:
            return inlining.inline_function(e, library.as_list, args, {})
        if cls is tuple and not (isinstance(v, (Var, Const)) and isinstance(v.type, Opaque)):
            return tuples.of_items(e, v)
        raise UnsupportedError(
            what=f"{cls.__name__}() of {operations.describe(e, args[0])}",
            why="its length is known only at run time",
            instead="build the list with append, or use the array itself",
            origin=e.origin,
        )

    return handler


HANDLERS[tuple], HANDLERS[list] = _make(tuple), _make(list)


@handles(dict, collections.OrderedDict)
def make_dict(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    table = Map((), ())
    if args and dicts.is_dict(e, args[0]):
        made: Ref = dicts.call_method(e, args[0], "copy", [], {})
        if kwargs:
            dicts.call_method(e, made, "update", [], kwargs)
        return made
    if args:
        c = e.content(args[0].obj) if isinstance(args[0], Ref) else None
        if isinstance(c, Map):
            table = Map(c.keys, c.items)
        elif iterables.known_items(e, iterators.force(e, args[0])) is None:
            pairs: Ref = inlining.inline_function(e, library.dict_from, [args[0]], {})
            if kwargs:
                dicts.call_method(e, pairs, "update", [], kwargs)
            return pairs
        else:
            for pair in items.expand(e, args[0]):
                k, v = items.expand(e, pair)
                table = table.put(items.constant_key(e, k), v)
    for name, v in kwargs.items():
        table = table.put(name, v)
    return e.new(table)


@handles(sorted)
def _sorted(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    kwargs = _by_value(kwargs)
    args = [_in_order(e, a) for a in args]
    found = iterables.known_items(e, args[0])
    values = operations.known(e, *found) if found is not None else None
    if values is None or "key" in kwargs:
        return inlining.inline_function(e, library.sort_all, args, kwargs)
    reverse = e.static(kwargs["reverse"], "the argument 'reverse' of sorted()") if "reverse" in kwargs else False
    return e.new(Seq(tuple(operations.lift(e, v) for v in sorted(values, reverse=reverse))))


def _in_order(e: Engine, v: Any) -> Any:
    """Take a set of constants for the tuple of them."""
    if not isinstance(v, Const) or not isinstance(v.value, frozenset):
        return v
    with contextlib.suppress(TypeError):
        return TupleV(tuple(operations.lift(e, i) for i in sorted(v.value)))
    return v


def _by_value(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Take `key=d.get` for `key=d.__getitem__`: a missing key would be an error as well, when None is compared."""
    key = kwargs.get("key")
    if not isinstance(key, Method) or key.name != "get":
        return kwargs
    return {**kwargs, "key": Method(key.owner, "__getitem__")}


@handles(sum)
def _sum(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    start = args[1] if len(args) > 1 else kwargs.get("start", e.b.const(0))
    args = [_in_order(e, dicts.keys_for(e, args[0])), *args[1:]]
    found = iterables.known_items(e, args[0])
    if found is not None:
        total = start
        if (
            isinstance(total, Const)
            and total.value == 0
            and type(total.value) is int
            and len(found) > 1
            and _is_floating(e, found[0])
        ):
            total, found = found[0], found[1:]  # 0 + x is x; alone it would be the very array
        for v in found:
            total = operations.binary(e, "+", total, v)
        return total
    return _reduce(e, args[0], "+", start, hint)


def _is_floating(e: Engine, v: Any) -> bool:
    t = operations.array_type(e, v) if isinstance(v, Ref) else v.type if isinstance(v, (Var, Const)) else None
    return t is not None and not isinstance(t, List) and is_floating(t)


def _reduce(e: Engine, it: Any, symbol: str, start: Any, hint: dict[str, Any]) -> Any:
    """Sum the items of a list or array by the row for it."""
    operand = e.value(it)
    if isinstance(it, RangeV):
        return e.b.emit(e.row("opaque"), (Const(sum, Opaque()), operand, e.value(start)), type=Int(), **hint)
    if isinstance(start, Const) and start.value == 0:
        return e.wrap(primitives.emit(e, e.row("sum"), (operand,), (), hint), hint.get("name"))
    return operations.binary(e, symbol, start, e.wrap(primitives.emit(e, e.row("sum"), (operand,), (), {})))


def _compares_in_order(e: Engine, found: Sequence[Any], v: Any) -> bool:
    """Say whether the items of a sequence are tuples or lists, which compare item by item."""
    if any(isinstance(i, TupleV) or (isinstance(i, Ref) and not operations.is_array(e, i)) for i in found):
        return True
    t = operations.array_type(e, v) if isinstance(v, Ref) else None
    return isinstance(t, List) and isinstance(t.elem, (Tuple, List, Record))


def _extreme(name: str, sign: int) -> Handler:
    def handler(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
        _plain(e, name, kwargs, "key", "default")
        kwargs = _by_value(kwargs)
        args = [_in_order(e, dicts.keys_for(e, a)) for a in args]
        if "default" in kwargs and len(args) == 1:
            of = Const(max if sign > 0 else min, Opaque())
            given = [of, args[0], kwargs["default"], kwargs.get("key", e.b.const(None))]
            return inlining.inline_function(e, library.extreme_or, given, {})
        values, itself = [args[0], *args[1:]], Const(library.same, Opaque())
        if "key" in kwargs:
            among = values[0] if len(values) == 1 else TupleV(tuple(values))
            return inlining.inline_function(e, library.best_by, [among, kwargs["key"], e.b.const(sign)], {})
        if len(values) == 1:
            found = iterables.known_items(e, values[0])
            if _compares_in_order(e, found if found is not None else [], values[0]):
                return inlining.inline_function(e, library.best_by, [values[0], itself, e.b.const(sign)], {})
            if found is None:
                operand = e.value(values[0])
                if isinstance(values[0], RangeV):
                    which = Const(max if sign > 0 else min, Opaque())
                    return e.b.emit(e.row("opaque"), (which, operand), type=Int(), **hint)
                return e.wrap(primitives.emit(e, e.row(name), (operand,), (), hint))
            if not found:
                text = f"{name}() arg is an empty sequence"
                error = UnsupportedError(what=text, why="the program would raise ValueError here", origin=e.origin)
                guarded.fail(e, ValueError, text, error)
            values = found
        if _compares_in_order(e, values, None) or any(isinstance(v, Ref) for v in values):  # the very array of rank 0
            among = TupleV(tuple(values))
            return inlining.inline_function(e, library.best_by, [among, itself, e.b.const(sign)], {})
        operands = [e.value(v) for v in values]
        if len(operands) == 1:
            return values[0]
        return e.wrap(primitives.emit(e, e.row(name), tuple(operands), (), hint))

    return handler


HANDLERS[max], HANDLERS[min] = _extreme("max", 1), _extreme("min", -1)


def _cast(to: type) -> Handler:
    def handler(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
        if not args:
            return e.b.const(to())
        v = args[0]
        if len(args) > 1 or kwargs:  # a text and its base
            given = [e.value(a) for a in (*args, *kwargs.values())]
            t = Int() if to is int else Opaque()
            return e.b.emit(e.row("opaque"), (Const(to, Opaque()), *given), tuple(kwargs), type=t, **hint)
        if to is bool:
            cond = branches.truth(e, v)
            if isinstance(cond, Const):
                return cond
            return e.b.emit(e.row("opaque"), (Const(bool, Opaque()), cond), type=Bool(), **hint)
        operand = e.value(v)
        if isinstance(operand, Const) and isinstance(operand.value, (int, float, str)):
            try:
                return e.b.const(to(operand.value))
            except ValueError as error:
                guarded.fail(e, ValueError, str(error), UnsupportedError(what=str(error), origin=e.origin))
        if isinstance(operand.type, Float if to is float else Int):
            return operand
        return e.b.emit(e.row("to_float" if to is float else "to_int"), (operand,), **hint)

    return handler


HANDLERS[float], HANDLERS[int], HANDLERS[bool] = _cast(float), _cast(int), _cast(bool)


@handles(slice)
def _slice(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    from adgen.infer.values import SliceV

    none = e.b.const(None)
    if len(args) == 1:
        return SliceV(none, args[0], none)
    return SliceV(args[0], args[1], args[2] if len(args) > 2 else none)


@handles(super)
def _super(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    if len(args) != 2:
        raise UnsupportedError(what="super() outside a method", origin=e.origin)
    return Super(e.static(args[0], "the class in super()"), args[1])


@handles(setattr)
def _setattr(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    stores.store_attribute(e, args[0], e.static(args[1], "the name in setattr()"), args[2])
    return e.b.const(None)
