"""Which objects are looked into when they are passed: those of classes written in Python, by the user."""

from __future__ import annotations

import sys
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any
from weakref import WeakKeyDictionary

_HOOKS = ("__new__", "__getattribute__", "__getattr__", "__setattr__", "__delattr__")
_NOT_USERS = frozenset({*sys.stdlib_module_names, "numpy", "scipy", "adgen"} - {"__main__"})
_DESCRIPTORS = (property, MemberDescriptorType, GetSetDescriptorType)
# Matrices of scipy.sparse, which are what these attributes say.
_COMPRESSED = ("csr_matrix", "csr_array", "csc_matrix", "csc_array")
_PARTS = ("data", "indices", "indptr", "_shape")
_known: WeakKeyDictionary[type, bool] = WeakKeyDictionary()


class Attributes(tuple[str, ...]):
    """The names of an object's attributes, in a key."""

    __slots__ = ()


def is_plain(cls: type) -> bool:
    """Say whether instances of a class are what their attributes are. Dataclasses count as structures of their own."""
    found = _known.get(cls)
    if found is None:
        found = _known[cls] = _look(cls)
    return found


def is_compressed(cls: type) -> bool:
    """Say whether a class is one of sparse matrices in rows or columns."""
    return cls.__name__ in _COMPRESSED and cls.__module__.startswith("scipy.sparse.")


def _look(cls: type) -> bool:
    if is_compressed(cls):
        return True
    if cls.__module__ == "types" and cls.__name__ == "SimpleNamespace":
        return True
    if cls is object or type(cls).__name__ not in ("type", "ABCMeta") or hasattr(cls, "__dataclass_fields__"):
        return False
    for base in cls.__mro__[:-1]:
        if base.__module__ in ("typing", "abc"):
            continue
        if base.__module__.partition(".")[0] in _NOT_USERS or any(name in base.__dict__ for name in _HOOKS):
            return False
        if any(hasattr(type(v), "__set__") and not isinstance(v, _DESCRIPTORS) for v in base.__dict__.values()):
            return False
    return True


def attributes_of(value: Any) -> Attributes:
    """Return the names of the attributes that an object has itself."""
    if is_compressed(type(value)):
        return Attributes(_PARTS)
    slots: dict[str, None] = {}
    for base in type(value).__mro__:
        names = base.__dict__.get("__slots__", ())
        slots.update(dict.fromkeys((names,) if isinstance(names, str) else names))
    held = [n for n in slots if n not in ("__dict__", "__weakref__") and hasattr(value, n)]
    return Attributes((*held, *getattr(value, "__dict__", ())))
