"""Attributes: what values, modules, classes and objects hold under a name."""

from __future__ import annotations

import enum
import functools
import sys
import types as pytypes
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer.calls import array_methods, calls
from adgen.infer.environment import outside, reads
from adgen.infer.expressions import operations
from adgen.infer.functions import inlining
from adgen.infer.structures import objects
from adgen.infer.values import BoundFunction, Map, Method, Ref, Seq, Super, TupleV
from adgen.ir.nodes import Const, Var
from adgen.ir.types import Opaque

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


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
            return class_attribute(e, v, v.cls, name)
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
            return class_attribute(e, v, c.cls, name)
        if not isinstance(c, (Seq, Map)) and operations.is_array(e, v):
            return array_methods.attribute(e, v, name, hint)
        return Method(v, name)
    if isinstance(v, Const) and isinstance(v.value, enum.Enum) and name in ("name", "value"):
        return operations.lift(e, getattr(v.value, name))
    if isinstance(v, Const) and (isinstance(v.type, Opaque) or isinstance(v.value, enum.Enum)):
        return _of_constant(e, v, name)
    if operations.is_number(v):
        return array_methods.attribute(e, v, name, hint)
    if isinstance(v, Var) and isinstance(v.type, Opaque):
        return e.opaque(getattr, [v, e.b.const(name)], **hint)
    return Method(v, name)


def _of_constant(e: Engine, v: Const, name: str) -> Any:
    """What a module, a class or another object from outside holds under a name."""
    if e.outside and (written := outside.find_in(e, v.value, name)) is not None:
        return written
    if name in outside.CHANGING:
        outside.touch(e, v)
    try:
        value = getattr(v.value, name)
    except AttributeError as error:
        if isinstance(v.value, frozenset):  # what stands for a set, too
            raise UnsupportedError(
                what=f"'.{name}' of a set that is written as a constant",
                instead="begin with `set()`, and add to that",
                origin=e.origin,
            ) from error
        raise UnsupportedError(what=str(error), origin=e.origin) from error
    if isinstance(value, pytypes.MethodType) and value.__self__ is v.value and not calls.from_library(value.__func__):
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
            return class_data(e, v.value, name, value)  # `type(self).rate`, `cls.rate`
    if v not in e.paths or is_library(v.value):
        return e.constant(value)
    owner, path = e.paths[v]
    return e.read(owner, f"{path}.{name}", value)


def _rely_on_method(e: Engine, v: Const, name: str, found: pytypes.MethodType) -> None:
    """Record that an object that is read by a path finds this method, in its class or in itself."""
    reads.rely_on_class(e, type(v.value))
    if v in e.paths:
        owner, path = e.paths[v]
        path = f"{path}.{name}.__func__"
        e.baked.setdefault((id(owner), path), (path, owner, found.__func__))


def class_attribute(e: Engine, self: Any, cls: type, name: str) -> Any:
    """A method, property or constant that an object finds in its class."""
    found = objects.find_in_class(cls, name)
    reads.rely_on_class(e, cls)
    if name == "__class__":
        return Const(cls, Opaque())
    if isinstance(found, property) and found.fget is not None:
        return inlining.inline_function(e, found.fget, [self], {})
    if isinstance(found, functools.cached_property):
        made = inlining.inline_function(e, found.func, [self], {})
        objects.set_attribute(e, self, name, made)
        return made
    if isinstance(found, staticmethod):
        return Const(found.__func__, Opaque())
    if isinstance(found, classmethod):
        return BoundFunction(found.__func__, Const(cls, Opaque()))
    if isinstance(found, pytypes.FunctionType):
        return BoundFunction(found, self)
    if found is None or isinstance(found, (pytypes.GetSetDescriptorType, pytypes.MemberDescriptorType)):
        raise UnsupportedError(what=f"'{cls.__name__}' has no attribute '{name}'", origin=e.origin)
    objects.refuse_descriptor(e, cls, name, found, "__get__")
    return class_data(e, cls, name, found)


def class_data(e: Engine, cls: type, name: str, value: Any) -> Any:
    """Data of a class, read at each call by the name that a module knows the class by."""
    holders = [e.program_function, *[m for m in vars(cls).values() if isinstance(m, pytypes.FunctionType)]]
    for fn in holders:
        for known_as, v in getattr(fn, "__globals__", {}).items():
            if v is cls:
                return e.read(fn, f"{known_as}.{name}", value)
    raise UnsupportedError(
        what=f"'{name}', a value of the class '{cls.__name__}'",
        why="no module holds the class under a name, so the value can't be read again at the next call",
        instead="pass the value as a parameter, or define the class at module level",
        origin=e.origin,
    )
