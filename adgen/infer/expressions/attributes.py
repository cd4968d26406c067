"""Attributes of values, objects that a call makes, and lists that get longer."""

from __future__ import annotations

import enum
import functools
import sys
import types as pytypes
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import UnsupportedError
from adgen.infer.calls import calls, library, methods
from adgen.infer.environment import outside, reads
from adgen.infer.expressions import items, operations
from adgen.infer.functions import inlining
from adgen.infer.memory import rows
from adgen.infer.structures import objects
from adgen.infer.values import BoundFunction, Map, Method, Ref, Seq, Super, TupleV
from adgen.ir.nodes import Const, Var
from adgen.ir.types import Opaque, dims_of, is_floating, is_scalar

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
        return methods.cast(e, given, np.dtype(cls), hint)
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


# -- attributes, lists ------------------------------------------------------------------------------


def is_library(value: Any) -> bool:
    """Say whether an object is a module, class or function of Python or NumPy: its attributes never change."""
    if isinstance(value, functools.partial) or not (callable(value) or isinstance(value, pytypes.ModuleType)):
        return False  # an object that holds what somebody gave it
    module = value.__name__ if isinstance(value, pytypes.ModuleType) else getattr(value, "__module__", None)
    root = (module or "").partition(".")[0]
    return root in ("numpy", "scipy", "adgen") or (root in sys.stdlib_module_names and root != "__main__")


_CHAIN = frozenset({"__cause__", "__context__", "__suppress_context__"})


def get_attribute(e: Engine, v: Any, name: str, hint: dict[str, Any]) -> Any:
    if name in _CHAIN:
        raise UnsupportedError(
            what=f"the attribute '{name}'",
            why="a generated program raises its exceptions elsewhere, and hands some over as values",
            instead="give the exception what you need as an argument",
            origin=e.origin,
        )
    if isinstance(v, TupleV) and v.cls is not None and name in v.cls._fields:  # type: ignore[attr-defined]
        return v.items[v.cls._fields.index(name)]  # type: ignore[attr-defined]
    if isinstance(v, TupleV) and v.cls is not None and objects.find_in_class(v.cls, name) is not None:
        found = objects.find_in_class(v.cls, name)
        if isinstance(found, (pytypes.FunctionType, property, staticmethod)) and name not in ("_replace", "_asdict"):
            return methods.class_attribute(e, v, v.cls, name)
    if isinstance(v, Super):
        return objects.super_attribute(e, v.owner, v.self, name)
    if isinstance(v, Ref):
        c = e.content(v.obj)
        kept = objects.held_as(e, v)
        if kept is not None:
            return objects.held_attribute(e, v, kept, name)
        if isinstance(c, Map) and c.cls is not dict:
            found = c.get(name)
            if found is not None and not isinstance(objects.find_in_class(c.cls, name), property):
                return found
            if name == "__dict__" and (attributes := objects.attributes_as_dict(e, v)) is not None:
                return attributes
            return methods.class_attribute(e, v, c.cls, name)
        if not isinstance(c, (Seq, Map)) and operations.is_array(e, v):
            return methods.array_attribute(e, v, name, hint)
        return Method(v, name)
    if isinstance(v, Const) and isinstance(v.value, enum.Enum) and name in ("name", "value"):
        return operations.lift(e, getattr(v.value, name))
    if isinstance(v, Const) and (isinstance(v.type, Opaque) or isinstance(v.value, enum.Enum)):
        if e.outside and (written := outside.find_in(e, v.value, name)) is not None:
            return written
        if name in outside.CHANGING:
            outside.touch(e, v)
        try:
            value = getattr(v.value, name)
        except AttributeError as error:
            raise UnsupportedError(what=str(error), origin=e.origin) from error
        if (
            isinstance(value, pytypes.MethodType)
            and value.__self__ is v.value
            and not calls.from_library(value.__func__)
        ):
            _rely_on_method(e, v, name, value)
            return BoundFunction(value.__func__, v)
        if v not in e.paths and isinstance(v.value, pytypes.ModuleType) and not is_library(v.value):
            if not callable(value) and not isinstance(value, pytypes.ModuleType):
                raise UnsupportedError(
                    what=f"'{name}', a value of the module '{v.value.__name__}' that is imported inside the function",
                    why="no global name leads to it, so it can't be read again at the next call",
                    instead="import the module at the top",
                    origin=e.origin,
                )
        if v not in e.paths and isinstance(v.value, type) and not is_library(v.value):
            reads.rely_on_class(e, v.value)
            if not (callable(value) or isinstance(value, (property, enum.Enum)) or name.startswith("__")):
                return methods.class_data(e, v.value, name, value)  # `type(self).rate`, `cls.rate`
        if v not in e.paths or is_library(v.value):
            return e.constant(value)
        owner, path = e.paths[v]
        return e.read(owner, f"{path}.{name}", value)
    if operations.is_number(v):
        return methods.array_attribute(e, v, name, hint)
    if isinstance(v, Var) and isinstance(v.type, Opaque):
        return e.opaque(getattr, [v, e.b.const(name)], **hint)
    return Method(v, name)


def _rely_on_method(e: Engine, v: Const, name: str, found: pytypes.MethodType) -> None:
    """Record that an object that is read by a path finds this method, in its class or in itself."""
    reads.rely_on_class(e, type(v.value))
    if v in e.paths:
        owner, path = e.paths[v]
        path = f"{path}.{name}.__func__"
        e.baked.setdefault((id(owner), path), (path, owner, found.__func__))


def extend_list(e: Engine, ref: Any, other: Any) -> None:
    """`list.extend` and `+=` on a list."""
    if isinstance(other, Ref) and operations.is_array(e, other):
        other = inlining.inline_function(e, library.as_list, [other], {})
    c = e.content(ref.obj)
    more = items.expand(e, other) if isinstance(c, Seq) and not _is_dynamic(e, other) else None
    if more is not None:
        e.write(ref.obj, Seq((*c.items, *more)))
        return
    if not isinstance(other, Ref):
        other = calls.call_object(e, list, [other], {}, {})
    o = e.value(other) if rows.is_row(e, other) else e.content(other.obj)
    elem = items.element_type(e, c, o)
    if elem is None:
        raise UnsupportedError(what=f"extending a list by {operations.describe(e, other)}", origin=e.origin)
    new = e.b.call("add", items.list_operand(e, c, elem), items.list_operand(e, o, elem))
    shared = not is_scalar(elem)
    if shared:
        e.state.link_items(ref.obj, c)
        rows.put_items(e, ref.obj, other)
    e.write(ref.obj, new)
    if shared:
        rows.link(e, ref.obj, other)


def _is_dynamic(e: Engine, v: Any) -> bool:
    return isinstance(v, Ref) and (v.place != () or not isinstance(e.content(v.obj), (Seq, Map)))
