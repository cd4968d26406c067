"""Signatures: the key of a call's arguments, and its text. Types are made from it in `types_of`.

A key is hashable and cheap. It holds what a compiled text may rely on: the types of all leaves, for arrays
dtype, rank and which axes have length 1, and the values of static parameters. Its parts:

    float, np.float32, str …           the type itself, also for objects that are not looked into
    (dtype, 2)                         an array without unit axes
    (dtype, (False, True, (4,)))       an array; True where the length is 1 (None: in some elements of a list), a length
                                       that the text is made for
    (list, True, key)                  a list of any length whose elements share one key
    (list, False, key, key)            any other list; a tuple, namedtuple or dataclass: (cls, key, key)
    (dict, names, key, key)            a dict
    (cls, Attributes, key, key)        any other object that is looked into
    (STATIC, type, value)              a parameter, or a part of one, known by value
"""

from __future__ import annotations

import dataclasses
import enum
import threading
from collections.abc import Sequence
from types import BuiltinFunctionType
from typing import Any

import numpy as np

from adgen.api.digest import digest_code
from adgen.api.names import find_by_name
from adgen.api.paths import follow
from adgen.api.plain import Attributes, attributes_of, is_plain

Key = Any  # type | tuple, as above

STATIC = "static"
_KNOWN = frozenset((bool, int, str, bytes, type(None), slice, type(Ellipsis)))
_PYTHON = (float, bool, int, complex, str, type(None))
_NUMPY = tuple(
    dict.fromkeys(
        np.dtype(c).type
        for c in "?bhilqBHILQefdgFDG"  # the numeric types of every platform
    )
)
SIMPLE = frozenset((*_PYTHON, *_NUMPY))
"""Types whose values have themselves as key."""


def key_of(value: Any) -> Key:
    """Return the key of one argument."""
    cls = type(value)
    if cls in SIMPLE:
        return cls
    if cls is np.ndarray:
        shape = value.shape
        return (value.dtype, tuple([n == 1 for n in shape]) if 1 in shape else len(shape))
    if cls is list:
        return _key_of_list(value)
    if cls is tuple or (issubclass(cls, tuple) and hasattr(cls, "_fields")):
        return (cls, *map(key_of, value))
    if cls is dict and all(map(_is_plain, value)):
        return (dict, tuple(value), *map(key_of, value.values()))
    names = getattr(cls, "__dataclass_fields__", None)
    if names is not None and all(hasattr(value, name) for name in names):
        return (cls, *[key_of(getattr(value, name)) for name in names])
    return _key_of_object(value) if is_plain(cls) else cls


_inside = threading.local()
MOST_OBJECTS = 1000  # in one argument that are looked into


def _key_of_object(value: Any) -> Key:
    """Look into an object; one that holds itself is not looked into again."""
    held: list[int] = _inside.__dict__.setdefault("held", [])
    _inside.count = _inside.count + 1 if held else 0
    if id(value) in held or _inside.count > MOST_OBJECTS:
        return type(value)
    held.append(id(value))
    try:
        names = attributes_of(value)
        return (type(value), names, *[key_of(getattr(value, n)) for n in names])
    finally:
        held.pop()


def _is_plain(key: Any) -> bool:
    """Say whether a dict's key is one that generated code can write."""
    return type(key) in (str, int, bool) or (type(key) is tuple and all(map(_is_plain, key)))


def _key_of_list(value: list[Any]) -> Key:
    kinds = set(map(type, value))
    if len(kinds) == 1 and next(iter(kinds)) in SIMPLE:
        return (list, True, kinds.pop())
    keys = tuple(map(key_of, value))
    if not keys:
        return (list, True, None)
    if kinds <= {np.ndarray, list, *SIMPLE} and keys.count(keys[0]) == len(keys):
        return (list, True, keys[0])
    first = keys[0]
    if kinds == {np.ndarray} and all(v.dtype == first[0] and v.ndim == value[0].ndim for v in value):
        units = zip(*[[n == 1 for n in v.shape] for v in value], strict=True)
        return (list, True, (first[0], tuple([u[0] if u.count(u[0]) == len(u) else None for u in units])))
    return (list, False, *keys)


def static_key(value: Any) -> Key:
    """Return the key of a static parameter: 1, 1.0 and True differ."""
    return (STATIC, type(value), _freeze(value))


def _freeze(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple((type(v), _freeze(v)) for v in value)
    if isinstance(value, dict):
        return tuple((k, type(v), _freeze(v)) for k, v in value.items())
    if isinstance(value, set):
        return frozenset(value)
    if isinstance(value, slice):  # not hashable before Python 3.12
        return (value.start, value.stop, value.step)
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, float):
        return value.hex()  # -0.0 is not 0.0, and nan is itself
    if dataclasses.is_dataclass(value) and not isinstance(value, type):  # its fields may change
        parts = [(f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value)]
        return tuple((name, type(v), _freeze(v)) for name, v in parts)
    return value


def with_statics(key: Key, value: Any, paths: Sequence[tuple[Any, ...]]) -> Key:
    """Return the key of an argument of which some parts are known by value, those that it has."""
    for path in paths:
        if has_known(value, path):
            key = _put_static(key, value, path)
    return key


def has_known(value: Any, path: tuple[Any, ...]) -> bool:
    """Say whether an argument has this part, and the part is one that can be known by value: no data."""
    try:
        part = follow(value, path)
    except (TypeError, LookupError, AttributeError):
        return False  # an argument of another structure
    return _is_known(part)


def _is_known(part: Any) -> bool:
    if type(part) in _KNOWN:
        return True
    if isinstance(part, (tuple, list, dict)):
        return all(map(_is_known, part.values() if isinstance(part, dict) else part))
    key = key_of(part)
    return isinstance(key, type) and not issubclass(key, (float, complex, np.inexact)) and _is_hashable(_freeze(part))


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _put_static(key: Key, value: Any, path: tuple[Any, ...]) -> Key:
    if not path:
        return static_key(value)
    head, k = key[0], path[0]
    if head is STATIC:
        return key
    if head is list and key[1]:
        return static_key(value)
    if isinstance(head, np.dtype):  # the length of an axis: ("shape", axis)
        axis, units = path[1], units_of(key)
        length = True if value.shape[axis] == 1 else (value.shape[axis],)
        return (head, (*units[:axis], length, *units[axis + 1 :]))
    names = key_names(key)
    at = len(key) - len(names) + (names.index(k) if k in names else k)
    part = value[k] if head is dict or (isinstance(k, int) and isinstance(value, (tuple, list))) else getattr(value, k)
    return (*key[:at], _put_static(key[at], part, path[1:]), *key[at + 1 :])


def units_of(key: Key) -> tuple[bool | tuple[int] | None, ...]:
    """Return what the key of an array says of each axis."""
    units: tuple[bool | tuple[int] | None, ...] = (False,) * key[1] if isinstance(key[1], int) else key[1]
    return units


def key_names(key: Key) -> tuple[Any, ...]:
    """Return what the parts of a structure are called, one for each of `leaf_keys`."""
    if key[0] is dict or (len(key) > 1 and isinstance(key[1], Attributes)):
        names: tuple[Any, ...] = tuple(key[1])
        return names
    return field_names(key[0]) or tuple(range(len(leaf_keys(key))))


def field_names(cls: type) -> tuple[str, ...]:
    """Return the keys of a namedtuple or dataclass, none for a plain tuple."""
    names = getattr(cls, "_fields", None)
    return tuple(cls.__dataclass_fields__ if names is None and hasattr(cls, "__dataclass_fields__") else names or ())


def is_floating_key(key: Key) -> bool:
    """Say whether an argument with this key holds a floating-point number."""
    if isinstance(key, type):
        return issubclass(key, (float, complex, np.inexact))
    if key is None or isinstance(key[0], str):
        return False
    if isinstance(key[0], np.dtype):
        return key[0].kind in "fc"
    return any(map(is_floating_key, leaf_keys(key)))


def leaf_keys(key: Key) -> tuple[Key, ...]:
    """Return the keys of a structure's elements."""
    named = key[0] in (list, dict) or (len(key) > 1 and isinstance(key[1], Attributes))
    found: tuple[Key, ...] = key[2:] if named else key[1:]
    return found


def show_dtype(dtype: np.dtype[Any]) -> str:
    return dtype.name if dtype.isnative else dtype.str


def show_key(key: Key) -> str:
    """Write a key as `--sig` reads it: `float64[:, 1]`, `{'w': float64[:]}`, `int = 3`."""
    if key is None:
        return ""
    if isinstance(key, type):
        if key in _PYTHON:
            return "None" if key is type(None) else str(key.__name__)
        return f"np.{np.dtype(key).name}" if key in SIMPLE else f"{key.__module__}.{key.__qualname__}"
    head = key[0]
    if isinstance(head, str):
        return f"{key[1].__qualname__} = {_show_frozen(key[2])}"
    if isinstance(head, np.dtype):
        return f"{show_dtype(head)}[{', '.join(map(_show_unit, units_of(key)))}]"
    inner = [show_key(k) for k in leaf_keys(key)]
    if head is list:
        return f"[{inner[0]}, ...]" if key[1] else f"[{', '.join(inner)}]"
    if head is dict:
        return "{" + ", ".join(f"{k!r}: {t}" for k, t in zip(key[1], inner, strict=True)) + "}"
    if head is tuple:
        return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
    fields = ", ".join(f"{k}={t}" for k, t in zip(key_names(key), inner, strict=True))
    return f"{head.__module__}.{head.__qualname__}({fields})"


def _show_unit(unit: bool | tuple[int] | None) -> str:
    if isinstance(unit, tuple):
        return str(unit[0])
    return "1" if unit else ":" if unit is False else "?"


class UnstorableError(TypeError):
    """A value that has no text which means the same in another process."""


def _show_frozen(value: Any) -> str:
    if isinstance(value, enum.Enum):
        cls = type(value)
        if find_by_name(cls.__module__, cls.__qualname__) is not cls:
            raise UnstorableError(repr(value))
        return f"{cls.__module__}.{cls.__qualname__}.{value.name}#{value.value!r}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_show_frozen, value))})"
    if isinstance(value, (type, np.ufunc, BuiltinFunctionType)):
        return f"{getattr(value, '__module__', 'numpy')}.{value.__name__}"
    if value is None or isinstance(value, (bool, int, str, bytes, complex, np.dtype)):
        return repr(value)
    code = getattr(value, "__code__", None)
    if code is not None and code.co_filename and find_by_name(value.__module__, value.__qualname__) is value:
        return f"{value.__module__}.{value.__qualname__}#{digest_code(value)}"
    if isinstance(value, np.generic):
        return f"{type(value).__name__}({value.item()!r})"
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if callable(value) and module and name and find_by_name(module, name) is value:
        return f"{module}.{name}"
    raise UnstorableError(repr(value))


def show_signature(names: tuple[str, ...], keys: tuple[Key, ...]) -> str:
    """Write a signature: `w: float64[:, :], lr: float`. Raises `UnstorableError` for what has no text of its own."""
    return ", ".join(f"{name}: {show_key(key)}" for name, key in zip(names, keys, strict=True))


def describe_signature(names: tuple[str, ...], keys: tuple[Key, ...]) -> str:
    """Write a signature for a person: what has no text of its own is named by its kind."""
    parts = []
    for name, key in zip(names, keys, strict=True):
        try:
            parts.append(f"{name}: {show_key(key)}")
        except UnstorableError:
            parts.append(f"{name}: one {(key[1] if key[0] == STATIC else key[0]).__name__}")
    return ", ".join(parts)
