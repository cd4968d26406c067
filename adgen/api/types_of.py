"""What the compiler knows about an argument, from the key of its signature."""

from __future__ import annotations

import enum

import numpy as np

from adgen.api.signature import SIMPLE, STATIC, Key, key_names, leaf_keys, units_of
from adgen.ir.types import (
    Array,
    Bool,
    Complex,
    Dim,
    Float,
    Int,
    Length,
    List,
    NoneT,
    Opaque,
    Record,
    Scalar,
    Str,
    Tuple,
    Type,
    Undef,
)

_PYTHON: dict[type, Type] = {
    float: Float(),
    bool: Bool(),
    int: Int(),
    complex: Complex(),
    str: Str(),
    type(None): NoneT(),
}  # bool before int, of which it is a subclass


class Symbols:
    """Numbers for symbolic lengths."""

    def __init__(self) -> None:
        self.count = 0

    def fresh(self, nonunit: bool = True) -> Dim:
        self.count += 1
        return Dim(self.count - 1, nonunit=nonunit)


def type_of_key(key: Key, symbols: Symbols) -> Type:
    """Return what the compiler knows about an argument with this key. No two axes share a symbol.

    In a list of arrays the symbols of the element type stand for another length in each element.
    """
    if key is None:
        return Undef()
    if isinstance(key, type):
        if key in SIMPLE and key not in _PYTHON:
            return Scalar(np.dtype(key).name)
        if issubclass(key, enum.Enum):  # of whatever base
            return Opaque(key)
        return next((t for base, t in _PYTHON.items() if issubclass(key, base)), Opaque(key))
    head = key[0]
    if head == STATIC and isinstance(head, str):
        return type_of_static(key, symbols)
    if isinstance(head, np.dtype):
        if head.kind not in "biufc":
            return Opaque()
        dims = tuple([_length(unit, symbols) for unit in units_of(key)])
        return Array(head.name, dims)
    if head is list:
        items = tuple([type_of_key(k, symbols) for k in key[2:]])
        return List(items[0]) if key[1] else Record(list, tuple(range(len(items))), items)
    if head is dict:
        return Record(dict, key[1], tuple([type_of_key(k, symbols) for k in key[2:]]))
    items = tuple([type_of_key(k, symbols) for k in leaf_keys(key)])
    return Tuple(items) if head is tuple else Record(head, key_names(key), items)


def _length(unit: bool | tuple[int] | None, symbols: Symbols) -> Length:
    if isinstance(unit, tuple):
        return unit[0]
    return 1 if unit else symbols.fresh(unit is not None)


def type_of_static(key: Key, symbols: Symbols) -> Type:
    _, cls, frozen = key
    if cls in (tuple, list):
        items = tuple([type_of_static((STATIC, c, v), symbols) for c, v in frozen])
        return Tuple(items) if cls is tuple else Record(list, tuple(range(len(items))), items)
    if cls is np.ndarray:
        return Array(np.dtype(frozen[0]).name, tuple([1 if n == 1 else symbols.fresh() for n in frozen[1]]))
    return type_of_key(cls, symbols)
