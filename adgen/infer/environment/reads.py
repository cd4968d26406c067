"""What a program reads from outside, by the path that it is read by, and what the text is made of."""

from __future__ import annotations

import enum
import types as pytypes
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.api.plain import attributes_of, is_compressed
from adgen.api.request import Baked
from adgen.infer.environment import outside
from adgen.infer.environment.names import holds_functions, is_data, needs_guard
from adgen.infer.functions import inlining
from adgen.infer.memory import apart
from adgen.infer.values import Map, Ref
from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Bool, Opaque
from adgen.rules.typing import type_of_value

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

_NAMED = (
    pytypes.ModuleType,
    pytypes.FunctionType,
    pytypes.BuiltinFunctionType,
    pytypes.MethodType,
    type,
)
# What decides at compile time, beside functions and what data is: it goes into the text.
_DECIDING = (enum.Enum, slice, range, frozenset, bytes, np.dtype)
_FIXED = (*_NAMED, *_DECIDING, str, int, float, complex, np.generic, np.ufunc)


def read(e: Engine, owner: Any, path: str, value: Any) -> Any:
    """Return what a function reads by a global name, or by attributes of one; data is read at each call."""
    if e.outside and (written := outside.find(e, owner, path)) is not None:
        return written
    if id(value) in e.plan.live and e.hidden is not None:
        return e.hidden(e, owner, path, value)
    if is_compressed(type(value)):  # known by its parts
        parts, kind = attributes_of(value), f"{path}.__class__.__name__"
        e.baked.setdefault((id(owner), kind), (kind, owner, type(value).__name__))
        items = [read(e, owner, f"{path}.{k}", getattr(value, k)) for k in parts]
        return e.new(Map(tuple(parts), tuple(items), type(value)))
    if isinstance(value, _NAMED) or callable(value) or not is_data(value) or holds_functions(value):
        found = Const(value, type_of_value(value))
        e.paths[found] = (owner, path)
        decides = callable(value) and needs_guard(owner, path, value)
        if (decides or isinstance(value, _DECIDING)) and not inlining.is_ours(owner):
            e.baked.setdefault((id(owner), path), (path, owner, value))
        return found
    if not e.printable or e.hidden is None:
        if not inlining.is_ours(owner):
            e.baked.setdefault((id(owner), path), (path, owner, value))
        return e.b.const(value)
    if "." in path:
        apart.note_read(e, owner, path)
    found = e.hidden(e, owner, path, value)
    if isinstance(found, Ref):
        e.global_values[found.obj] = value
    return found


def is_fixed(e: Engine, v: Const) -> bool:
    """Say whether what is known of a constant now may decide at compile time: not if the program reads an object that
    may be another, or hold something else, at the next call. Of a table of functions each call looks if it changed.
    """
    if v not in e.paths or isinstance(v.value, _FIXED) or v.value is None:
        return True
    if type(v.value) not in (list, tuple, dict):
        return False
    owner, path = e.paths[v]
    e.baked.setdefault((id(owner), path), (path, owner, v.value))
    return True


def ask_truth(e: Engine, v: Const) -> Operand:
    """Emit the truth test of an object that generated code has."""
    return e.b.emit(e.row("opaque"), (Const(bool, Opaque()), v), type=Bool())


def rely_on(e: Engine, rules: Iterable[Any]) -> None:
    """Record what a derivative that was inlined is made of: functions, and data that went in by value."""
    for r in rules:
        if isinstance(r, Baked):
            e.baked.setdefault((id(r.owner), r.name), (r.name, r.owner, r.value))
        elif not inlining.is_ours(r):
            e.callees.setdefault(r)


def rely_on_class(e: Engine, cls: type) -> None:
    """Record a class of the user that decides what is computed: its methods, fields and members."""
    from adgen.infer.expressions.attributes import is_library

    if not is_library(cls):
        e.callees.setdefault(cls)
