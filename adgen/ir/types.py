"""Types of values in the IR: what is known about a value before anything runs.

`Float`, `Int` and `Complex` are Python's own numbers (weak in NEP 50's sense), `Scalar` is NumPy's.
An axis of an array is 1, another known length, or symbolic; equal symbols are equal lengths.
"""

from __future__ import annotations

from dataclasses import field
from functools import cache
from typing import Any, ClassVar

import numpy as np

from adgen.ir.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Type:
    """Base of all types."""


@dataclass(frozen=True, slots=True)
class Undef(Type):
    """No value: a name that is not bound on this path."""

    def __str__(self) -> str:
        return "undef"


@dataclass(frozen=True, slots=True)
class NoneT(Type):
    def __str__(self) -> str:
        return "None"


@dataclass(frozen=True, slots=True)
class Bool(Type):
    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True, slots=True)
class Int(Type):
    def __str__(self) -> str:
        return "int"


@dataclass(frozen=True, slots=True)
class Float(Type):
    def __str__(self) -> str:
        return "float"


@dataclass(frozen=True, slots=True)
class Complex(Type):
    def __str__(self) -> str:
        return "complex"


@dataclass(frozen=True, slots=True)
class Str(Type):
    def __str__(self) -> str:
        return "str"


@dataclass(frozen=True, slots=True)
class Opaque(Type):
    """Any other Python object; it is never differentiated. Its class is known of random generators only."""

    cls: type | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return "object"


@dataclass(frozen=True, slots=True)
class Dim:
    """A symbolic length: `max(symbol - minus, 0)`.

    `nonunit` says that the length is known not to be 1 (it may be 0).
    """

    symbol: int
    minus: int = 0
    nonunit: bool = False

    def __str__(self) -> str:
        letter = f"n{self.symbol}"
        return f"{letter}-{self.minus}" if self.minus else letter


Length = int | Dim
Known = Length | tuple["Known", ...] | None  # what is known of an integer, or of the items of a tuple or list


@dataclass(frozen=True, slots=True)
class Scalar(Type):
    """A NumPy scalar."""

    dtype: str

    def __str__(self) -> str:
        return self.dtype


@dataclass(frozen=True, slots=True)
class Array(Type):
    """A NumPy array: dtype by name, one length per axis.

    `loose`: joined from arrays of several floating dtypes, of which `dtype` is the widest.
    """

    dtype: str
    dims: tuple[Length, ...]
    loose: bool = False

    @property
    def ndim(self) -> int:
        return len(self.dims)

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.dims))}]"


@dataclass(frozen=True, slots=True)
class Tuple(Type):
    items: tuple[Type, ...]

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.items))})"


@dataclass(frozen=True, slots=True)
class Record(Type):
    """A structure with constant keys: dict, namedtuple, dataclass, or list of fixed length, as `cls` says."""

    cls: type
    keys: tuple[Any, ...]
    items: tuple[Type, ...]

    def __str__(self) -> str:
        inner = ", ".join(f"{k}: {t}" for k, t in zip(self.keys, self.items))
        return f"{self.cls.__name__}{{{inner}}}"


class Held(dict):  # type: ignore[type-arg]
    """Base of what stands for users' classes in lists of any length: generated code holds dicts of attributes."""

    of: ClassVar[type] = object


@cache
def held(cls: type) -> type[Held]:
    """Return what stands for objects of a class in a list."""
    return type(cls.__name__, (Held,), {"of": cls})


def held_class(t: Type | None) -> type | None:
    """Return the user's class that a record stands for, None for any other type."""
    return t.cls.of if isinstance(t, Record) and issubclass(t.cls, Held) else None


def holds_objects(t: Type) -> bool:
    """Say whether values of a type hold what stands for objects of users' classes."""
    if isinstance(t, (Tuple, Record)):
        return held_class(t) is not None or any(map(holds_objects, t.items))
    return isinstance(t, (List, Dict)) and holds_objects(t.elem)


@dataclass(frozen=True, slots=True)
class List(Type):
    """A list of any length whose elements share one type."""

    elem: Type

    def __str__(self) -> str:
        return f"[{self.elem}]"


@dataclass(frozen=True, slots=True)
class Dict(Type):
    """A dict of any keys, whose values share one type."""

    key: Type
    elem: Type

    def __str__(self) -> str:
        return f"{{{self.key}: {self.elem}}}"


@dataclass(eq=False, slots=True)
class Layout:
    """What one kind of residuals holds. It may hold residuals of the same kind, of inner calls."""

    name: str
    items: tuple[Type, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved(Type):
    """The residuals of a call, a tuple as `layout` says; their cotangent or tangent is of the same type."""

    layout: Layout

    def __str__(self) -> str:
        return f"saved by {self.layout.name}"


NUMERIC = (Bool, Int, Float, Complex, Scalar, Array)


def is_floating(t: Type) -> bool:
    """Say whether values of this type can carry a derivative (real or complex floating point)."""
    if isinstance(t, (Float, Complex)):
        return True
    if isinstance(t, (Scalar, Array)):
        return np.dtype(t.dtype).kind in "fc"
    if isinstance(t, (Tuple, Record)):
        return any(map(is_floating, t.items))
    if isinstance(t, (List, Dict)):
        return is_floating(t.elem)
    return isinstance(t, Saved)


def may_float(t: Type) -> bool:
    """Say whether values can come to carry a derivative: an empty list may get numbers later."""
    return is_floating(t) or (isinstance(t, (List, Dict)) and isinstance(t.elem, Undef))


def is_complex(t: Type) -> bool:
    return isinstance(t, Complex) or (isinstance(t, (Scalar, Array)) and np.dtype(t.dtype).kind == "c")


def is_scalar(t: Type) -> bool:
    """Say whether values are single immutable numbers."""
    return isinstance(t, (Bool, Int, Float, Complex, Scalar))


def dims_of(t: Type) -> tuple[Length, ...]:
    return t.dims if isinstance(t, Array) else ()
