"""The global names that a text uses: numpy, math, builtins, helpers and other objects.

A name is chosen before any variable is, avoids the function's parameters, and stays the same throughout.
"""

from __future__ import annotations

import builtins
import math
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from adgen.ir.nodes import Block, Const, Func, Hole, Index, Let, Loop, Operand, Slice, ViewStep, operands, walk
from adgen.ir.types import Held
from adgen.rules.registry import Primitive

MODULES: dict[str, Any] = {"np": np, "math": math}
LOOP_WORDS = ("range", "reversed", "zip", "enumerate", "len")
PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))


class Scope:
    """Objects by name, names by object."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self._reserved = set(reserved)
        self._names: dict[int, str] = {}
        self._objects: dict[str, Any] = {}  # keeps them alive, so that ids stay theirs
        self.externals: dict[str, Any] = {}
        self.helpers: dict[str, None] = {}
        self.used: dict[str, None] = {}

    def name(self, obj: Any, preferred: str) -> str:
        """Return the name under which the text knows `obj`."""
        found = self._names.get(id(obj))
        if found is None:
            found = preferred
            while found in self._reserved or self._objects.get(found, obj) is not obj or _foreign(found, obj):
                found += "_"
            self._names[id(obj)] = found
            self._objects[found] = obj
            if MODULES.get(found) is not obj and getattr(builtins, found, _ABSENT) is not obj:
                self.externals[found] = obj
                ours = isinstance(obj, types.FunctionType) and (obj.__module__ or "").startswith("adgen.")
                if ours and found == obj.__name__:
                    self.helpers[found] = None
        self.used[found] = None
        return found

    def bind(self, obj: Any, name: str) -> None:
        """Settle the name of what the text itself defines."""
        self._names[id(obj)] = name
        self._objects[name] = obj

    def path(self, dotted: str, fn: Any) -> list[str]:
        """Return how a primitive's name is written, part by part."""
        first, *rest = dotted.split(".")
        if not rest:
            return [self.name(fn, first)]
        module = MODULES.get(first) or sys.modules[first]
        return [self.name(module, first), *rest]

    def object_path(self, obj: Any) -> list[str]:
        """Return how a function, class, module or other object is written."""
        own = getattr(obj, "__name__", None)
        own = own if isinstance(own, str) and own.isidentifier() else "constant"
        if isinstance(obj, np.dtype):
            plain = np.dtype(obj.type) == obj
            return [self.name(np, "np"), obj.type.__name__] if plain else [self.name(obj, "dtype")]
        if isinstance(obj, types.ModuleType):
            return [self.name(obj, "np" if obj is np else own.rpartition(".")[2])]
        for root, module in MODULES.items():
            if vars(module).get(own, _ABSENT) is obj:
                return [self.name(module, root), own]
        if vars(np.linalg).get(own, _ABSENT) is obj:
            return [self.name(np, "np"), "linalg", own]
        return [self.name(obj, own)]

    def names(self) -> set[str]:
        return set(self._objects)


_ABSENT = object()


def _foreign(name: str, obj: Any) -> bool:
    """Say whether readers know `name` as something else."""
    known = MODULES.get(name, getattr(builtins, name, _ABSENT))
    return known is not _ABSENT and known is not obj


def declare(func: Func, scope: Scope) -> None:
    """Name everything global that the text of `func` may use."""
    for s in walk(func.body):
        if isinstance(s, Let):
            _declare_op(s.op, scope)
            for step in s.place:
                if isinstance(step, ViewStep):
                    _declare_op(step.op, scope)
                elif isinstance(step, Index):
                    for item in step.items:
                        _declare_value(item, scope)
        elif isinstance(s, Loop):
            for word in LOOP_WORDS:
                scope.name(getattr(builtins, word), word)
    for a in _operands(func.body):
        if isinstance(a, Const):
            _declare_value(a.value, scope)


def _operands(block: Block) -> Iterator[Operand]:
    for s in walk(block):
        yield from operands(s)
        if not isinstance(s, Let):
            for b in [s.body] if isinstance(s, Loop) else [s.then, s.orelse]:
                yield from b.results
    yield from block.results


INTERNAL = frozenset(
    {
        "getitem",
        "update",
        "make_tuple",
        "make_list",
        "make_record",
        "item",
        "append",
        "insert",
        "without",
        "dim",
        "size",
        "shape",
        "copy",
        "astype",
        "opaque",
        "call",
        "run",
        "raise_",
        "bound",
        "attempt",
        "tried",
        "caught",
    }
)
CALLS: dict[str, Any] = {"length": len, "to_float": float, "to_int": int}


def _declare_op(op: Primitive, scope: Scope) -> None:
    if op.name in CALLS:
        scope.name(CALLS[op.name], CALLS[op.name].__name__)
    elif op.user:
        if not op.show:
            scope.object_path(op.fn)
    elif op.name not in INTERNAL and not op.show:
        scope.path(op.name, op.fn)


def _declare_value(value: Any, scope: Scope) -> None:
    if isinstance(value, np.generic) or (isinstance(value, (float, complex)) and not np.isfinite(value)):
        scope.name(np, "np")
    elif isinstance(value, (tuple, list)):
        for x in value:
            _declare_value(x, scope)
    elif isinstance(value, dict):
        for k, x in value.items():
            _declare_value(k, scope)
            _declare_value(x, scope)
    elif isinstance(value, (*PLAIN, slice, Hole, Slice)) or any(value is c for c in (dict, list, tuple)):  # noqa: SIM114
        return
    elif isinstance(value, type) and issubclass(value, Held):
        return
    else:
        scope.object_path(value)
