"""The order of types: types of run-time values, joins at the end of branches, types of elements."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from adgen.ir.types import (
    Array,
    Bool,
    Complex,
    Dict,
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
    is_scalar,
)
from adgen.rules.lengths import fresh_dim, fresh_like, is_nonunit, same_length

_WEAK: dict[type[Type], type] = {Bool: bool, Int: int, Float: float, Complex: complex}
_RANK: dict[type, int] = {bool: 0, int: 1, float: 3, complex: 4}  # in "biufc"
_SIMPLE: dict[type, Type] = {
    bool: Bool(),
    int: Int(),
    float: Float(),
    complex: Complex(),
    str: Str(),
    type(None): NoneT(),
}


def dtype_name(dtype: np.dtype[Any]) -> str:
    return dtype.name if dtype.kind in "biufc" else dtype.str


def is_namedtuple(cls: type) -> bool:
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def type_of_value(v: Any) -> Type:
    """Return the type of a value at run time."""
    cls = type(v)
    if cls in _SIMPLE:
        return _SIMPLE[cls]
    if cls is np.ndarray:
        if v.dtype.kind not in "biufc":
            return Opaque()
        return Array(dtype_name(v.dtype), tuple(1 if n == 1 else fresh_dim(True) for n in v.shape))
    if isinstance(v, np.generic):
        return Scalar(dtype_name(v.dtype)) if v.dtype.kind in "biufc" else Opaque()
    if cls is tuple:
        return Tuple(tuple(map(type_of_value, v)))
    if cls is list:
        return type_of_list(tuple(map(type_of_value, v)))
    if cls is dict:
        if all(map(_is_plain, v)):
            return Record(dict, tuple(v), tuple(map(type_of_value, v.values())))
        return Opaque()
    if is_namedtuple(cls):
        return Record(cls, tuple(cls._fields), tuple(map(type_of_value, v)))
    if dataclasses.is_dataclass(cls):
        keys = tuple(f.name for f in dataclasses.fields(cls))
        if all(hasattr(v, k) for k in keys):
            return Record(cls, keys, tuple(type_of_value(getattr(v, k)) for k in keys))
        return Opaque()
    for base in (bool, int, float, complex, str):
        if isinstance(v, base):
            return _SIMPLE[base]
    return Opaque(cls if issubclass(cls, (np.random.Generator, np.random.RandomState)) else None)


def type_of_list(items: tuple[Type, ...]) -> Type:
    """Return the type of a list display: `List` if the elements are numbers or arrays that share dtype and rank
    (or such lists), else a `Record`."""
    if not items:
        return List(Undef())
    elem = items[0]
    if isinstance(elem, (Tuple, Record)):
        return Record(list, tuple(range(len(items))), items)
    for t in items[1:]:
        if skeleton_clash(t, elem):
            return Record(list, tuple(range(len(items))), items)
        joined = join(elem, t)
        if joined is None:
            return Record(list, tuple(range(len(items))), items)
        elem = joined
    return List(elem)


def map_dims(t: Type, change: Any) -> Type:
    """Return a type with each length n replaced by change(n)."""
    if isinstance(t, Array):
        return Array(t.dtype, tuple(map(change, t.dims)), t.loose)
    if isinstance(t, Tuple):
        return Tuple(tuple(map_dims(i, change) for i in t.items))
    if isinstance(t, Record):
        return Record(t.cls, t.keys, tuple(map_dims(i, change) for i in t.items))
    if isinstance(t, List):
        return List(map_dims(t.elem, change))
    if isinstance(t, Dict):
        return Dict(map_dims(t.key, change), map_dims(t.elem, change))
    return t


def skeleton(t: Type) -> Type:
    """Return a type without its lengths: what must agree for two values to share a variable."""
    return map_dims(t, lambda n: 0)


def refresh(t: Type) -> Type:
    """Return a type with fresh lengths: an element of a list says nothing about another one's."""
    return map_dims(t, fresh_like)


def element_type(t: Type) -> Type | None:
    """Return the type of what iteration over a value yields, or None if that isn't one type."""
    if isinstance(t, List):
        return refresh(t.elem)
    if isinstance(t, Array) and t.dims:
        return Array(t.dtype, t.dims[1:]) if len(t.dims) > 1 else Scalar(t.dtype)
    if isinstance(t, Str):
        return t
    if isinstance(t, Tuple) or (isinstance(t, Record) and t.cls is not dict):
        return join_all(t.items)
    return None


def _is_plain(key: Any) -> bool:
    """Say whether a dict's key is one that generated code can write: a string, a number, a tuple of them."""
    return type(key) in (str, int, bool) or (type(key) is tuple and all(map(_is_plain, key)))


def join_all(items: tuple[Type, ...]) -> Type | None:
    out: Type | None = Undef()
    for t in items:
        out = None if out is None else join(out, t)
    return out


def join_length(a: Length, b: Length) -> Length:
    if same_length(a, b):
        return a if is_nonunit(b) else b
    return fresh_dim(is_nonunit(a) and is_nonunit(b))


def join(a: Type, b: Type) -> Type | None:
    """Return the type of a value that is an `a` on one path and a `b` on the other; None: there is none."""
    if a == b or isinstance(b, Undef):
        return a
    if isinstance(a, Undef):
        return b
    if isinstance(a, Array) and isinstance(b, Array):
        if len(a.dims) != len(b.dims):
            return None
        dtype, loose = a.dtype, a.loose or b.loose
        if a.dtype != b.dtype:
            if any(np.dtype(t.dtype).kind != "f" for t in (a, b)):
                return None
            dtype, loose = str(np.promote_types(a.dtype, b.dtype)), True
        return Array(dtype, tuple(map(join_length, a.dims, b.dims)), loose)
    if isinstance(a, Tuple) and isinstance(b, Tuple):
        items = _join_each(a.items, b.items)
        return None if items is None else Tuple(items)
    if isinstance(a, Record) and isinstance(b, Record):
        if a.cls is not b.cls or a.keys != b.keys:
            return _join_lists(a, b)
        items = _join_each(a.items, b.items)
        return None if items is None else Record(a.cls, a.keys, items)
    if isinstance(a, List) and isinstance(b, List):
        elem = join(a.elem, b.elem)
        numbers = is_scalar(a.elem) and is_scalar(b.elem)
        return None if elem is None or (skeleton_clash(a.elem, b.elem) and not numbers) else List(elem)
    if isinstance(a, Dict) and isinstance(b, Dict):
        key, elem = join_keys(a.key, b.key), join(a.elem, b.elem)
        numbers = is_scalar(a.elem) and is_scalar(b.elem)
        return None if elem is None or (skeleton_clash(a.elem, b.elem) and not numbers) else Dict(key, elem)
    if isinstance(a, (List, Record)) and isinstance(b, (List, Record)):
        return _join_lists(a, b)
    return _join_numbers(a, b)


def join_keys(a: Type, b: Type) -> Type:
    """Return the type of the keys of a dict that has keys of two types: nothing is known of mixed ones."""
    if a == b or isinstance(b, Undef):
        return a
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
        return Tuple(tuple(map(join_keys, a.items, b.items)))
    return b if isinstance(a, Undef) else Opaque()


FLOATS = (Float, Scalar)


def skeleton_clash(a: Type, b: Type) -> bool:
    """Say whether elements of both types can't be in one typed list."""
    if isinstance(a, Undef) or isinstance(b, Undef) or (isinstance(a, FLOATS) and isinstance(b, FLOATS)):
        return False
    if isinstance(a, List) and isinstance(b, List):
        return skeleton_clash(a.elem, b.elem) and not (is_scalar(a.elem) and is_scalar(b.elem))
    if isinstance(a, Dict) and isinstance(b, Dict):
        return skeleton_clash(a.elem, b.elem)
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
        return any(map(skeleton_clash, a.items, b.items))
    if isinstance(a, Record) and isinstance(b, Record) and (a.cls, a.keys) == (b.cls, b.keys):
        return any(map(skeleton_clash, a.items, b.items))
    return skeleton(a) != skeleton(b)


def _join_each(a: tuple[Type, ...], b: tuple[Type, ...]) -> tuple[Type, ...] | None:
    if len(a) != len(b):
        return None
    out = []
    for s, t in zip(a, b):
        joined = join(s, t)
        if joined is None:
            return None
        out.append(joined)
    return tuple(out)


def _join_lists(a: Type, b: Type) -> Type | None:
    """Join a list of known length with a list, if their elements share a type."""
    elems: list[Type] = []
    for t in (a, b):
        if isinstance(t, List):
            elems.append(t.elem)
        elif isinstance(t, Record) and t.cls is list:
            elems.extend(t.items)
        else:
            return None
    joined = type_of_list(tuple(e for e in elems if not isinstance(e, Undef)))
    return joined if isinstance(joined, List) else None


def _join_numbers(a: Type, b: Type) -> Type | None:
    weak = [_WEAK[type(t)] for t in (a, b) if type(t) in _WEAK]
    if len(weak) == 2:
        order = (bool, int, float, complex)
        return _SIMPLE[max(weak, key=order.index)]
    strong = [t for t in (a, b) if isinstance(t, (Scalar, Array))]
    if len(weak) + len(strong) < 2 or any(isinstance(t, Array) and t.dims for t in strong):
        return None
    dtypes = [np.dtype(t.dtype) for t in strong]
    dtype = np.result_type(*dtypes)
    if weak and "biufc".index(dtype.kind) < _RANK[weak[0]]:  # a weaker kind of number keeps NumPy's type
        dtype = np.result_type(dtype, weak[0])
    if weak and weak[0] is not complex and dtype.kind == "f":
        dtype = np.result_type(dtype, np.float64)  # a ufunc makes float64 of the Python number that it may be
    name = dtype_name(dtype)
    return Array(name, ()) if any(isinstance(t, Array) for t in strong) else Scalar(name)


def covers(a: Type, b: Type) -> bool:
    """Say whether each value of type b is one of type a, where the symbols of `a` stand for any length.

    The fixpoint test for a loop: the carried type has reached it when it covers what the body yields.
    """
    if isinstance(a, Array) and isinstance(b, Array):
        return a.dtype == b.dtype and len(a.dims) == len(b.dims) and all(map(_covers_length, a.dims, b.dims))
    if isinstance(a, Tuple) and isinstance(b, Tuple):
        return len(a.items) == len(b.items) and all(map(covers, a.items, b.items))
    if isinstance(a, Record) and isinstance(b, Record):
        return a.cls is b.cls and a.keys == b.keys and all(map(covers, a.items, b.items))
    if isinstance(a, List) and isinstance(b, List):
        return isinstance(b.elem, Undef) or covers(a.elem, b.elem)
    if isinstance(a, Dict) and isinstance(b, Dict):
        return isinstance(b.elem, Undef) or (join_keys(a.key, b.key) == a.key and covers(a.elem, b.elem))
    return a == b or (type(a) in _WEAK and join(a, b) == a) or (isinstance(a, Scalar) and join(a, b) == a)


def _covers_length(a: Length, b: Length) -> bool:
    if isinstance(a, int):
        return a == b
    return is_nonunit(b) or not a.nonunit
