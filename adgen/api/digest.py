"""What is in a function or a class that a text was made from, as a hash: it changes when the program is edited."""

from __future__ import annotations

import enum
import functools
import marshal
from collections.abc import Iterator
from hashlib import sha256
from types import FunctionType
from typing import Any

_LEFT_OUT = frozenset(
    ("__module__", "__dict__", "__weakref__", "__doc__", "__annotations__", "__firstlineno__", "__static_attributes__",
     "__abstractmethods__", "_abc_impl", "__qualname__", "__annotate_func__", "__annotations_cache__"),
)  # fmt: skip


def digest_code(fn: Any, defaults: bool = True) -> str:
    """Return a hash of a function's code and defaults; anything without code is known by its name alone."""
    code = getattr(fn, "__code__", None)
    if code is None:
        return _hash(f"{getattr(fn, '__module__', '')}:{getattr(fn, '__qualname__', type(fn).__qualname__)}")
    # Version 2 has no back references, whose presence depends on reference counts.
    made = sha256(marshal.dumps(code, 2))
    for name, value in defaults_of(fn).items() if defaults else ():
        made.update(f"\n{name}={_show(value)}".encode("utf-8", "surrogatepass"))
    return made.hexdigest()[:32]


def digest_of(value: Any) -> str:
    """Return the hash of a function, or of a class with those of its bases that a user wrote."""
    return _hash("\n".join(_lines_of(value))) if isinstance(value, type) else digest_code(value)


def defaults_of(fn: Any) -> dict[str, Any]:
    """Return the default values of a function's parameters."""
    code = getattr(fn, "__code__", None)
    given = getattr(fn, "__defaults__", None) or ()
    if code is None:
        return {}
    names = code.co_varnames[code.co_argcount - len(given) : code.co_argcount]
    return {**dict(zip(names, given, strict=True)), **(getattr(fn, "__kwdefaults__", None) or {})}


def bases_of(cls: type) -> Iterator[type]:
    """Yield a class and its bases, as far as a user may have written them."""
    for base in cls.__mro__:
        if base.__module__ not in ("builtins", "typing", "abc", "enum"):
            yield base


def function_in(found: Any) -> Any:
    """Return the function of what stands in a class: of a method, property, static or class method; else None."""
    if isinstance(found, property):
        return found.fget
    if isinstance(found, functools.cached_property):
        return found.func
    if isinstance(found, (staticmethod, classmethod)):
        return found.__func__
    return found if isinstance(found, FunctionType) else None


def _lines_of(cls: type) -> Iterator[str]:
    for base in bases_of(cls):
        yield f"{base.__module__}.{base.__qualname__}"
        members = getattr(base, "__members__", {}) if issubclass(base, enum.Enum) else {}
        yield from (f"{name}={_show(member.value)}" for name, member in members.items())
        for name, found in vars(base).items():
            if name in _LEFT_OUT or name in members or (members and name.startswith("_")):
                continue
            if name == "__dataclass_fields__":
                yield from (
                    f"{f.name} {f.init} {f.kw_only} {f.compare} {_show(f.default)} {_show(f.default_factory)}"
                    for f in found.values()
                )
            elif name == "_field_defaults":
                yield from (f"{field}={_show(value)}" for field, value in found.items())
            elif isinstance(found, property):
                yield f"{name} {[digest_code(f) for f in (found.fget, found.fset) if f is not None]}"
            else:
                inner = function_in(found)
                shown = _of(inner) if inner is not None else _show(found) if callable(found) else ""
                yield f"{name} {type(found).__name__} {shown}"  # data is read at each call


def _of(fn: Any) -> str:
    if isinstance(fn, functools.partial):
        return " ".join((_of(fn.func), *map(_show, fn.args), *(f"{k}={_show(v)}" for k, v in fn.keywords.items())))
    return digest_code(fn) if hasattr(fn, "__code__") else _show(fn)


def _show(value: Any) -> str:
    """Write what a text may hold as a constant; what is read at each call, or may change, by its type alone."""
    from adgen.api.signature import UnstorableError, show_key, static_key

    if isinstance(value, (str, bytes, int, float, complex, tuple, enum.Enum)) or value is None or callable(value):
        try:
            return show_key(static_key(value))
        except (UnstorableError, TypeError):
            pass
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
