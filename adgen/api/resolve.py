"""What `wrt`, `of` and `stop_gradients` name, as far as it can be said before anything is compiled."""

from __future__ import annotations

from collections.abc import Sequence
from types import CodeType, FunctionType, MethodType
from typing import Any

from adgen.api.names import Place, parameters_of
from adgen.api.paths import root_of

Wrt = int | str | tuple[int | str, ...]
Names = str | tuple[str, ...]


def find_receiver(fn: Any, wrt: Wrt) -> tuple[Any, Any]:
    """Return (function, object) for a bound method whose object `wrt` speaks of: `wrt="self.w"`."""
    if isinstance(fn, MethodType) and isinstance(fn.__func__, FunctionType):
        params = parameters_of(fn.__func__)
        names = [w for w in (wrt if isinstance(wrt, tuple) else (wrt,)) if isinstance(w, str)]
        if params and any(root_of(w) == params[0].name for w in names):
            return fn.__func__, fn.__self__
    return fn, getattr(fn, "receiver", None)


def resolve_wrt(fn: Any, wrt: Wrt, first: int = 0) -> tuple[str, ...]:
    """Return the names for positions, which count from the parameter `first`, and names."""
    from adgen.errors import UsageError

    params = parameters_of(fn)
    names = [p.name for p in params]
    positions = [p.name for p in params if p.kind in ("positional", "either")][first:]
    star = next((p.name for p in params if p.kind == "*"), None)
    found: list[str] = []
    for one in wrt if isinstance(wrt, tuple) else (wrt,):
        if isinstance(one, bool) or not isinstance(one, (int, str)):
            raise UsageError(
                what=f"wrt is an int, a name, or a tuple of them, not {one!r}", instead="wrt=0, wrt='x', wrt=(0, 'y')"
            )
        if isinstance(one, int) and star is not None and one < 0:
            raise UsageError(
                what=f"wrt={one}: {fn.__name__} takes any number of arguments",
                instead="count from the first, or differentiate by name",
            )
        if isinstance(one, int) and star is not None and one >= len(positions):
            one = f"{star}[{one - len(positions)}]"
        elif isinstance(one, int):
            if not -len(positions) <= one < len(positions):
                raise UsageError(
                    what=f"wrt={one}: {fn.__name__} has {len(positions)} positional parameters",
                    instead=f"a position from 0 to {len(positions) - 1}" if positions else "differentiate by name",
                )
            one = positions[one]
        elif one not in names:
            root = root_of(one)
            outside = root not in names and is_outside(fn, one)
            if root != one and root not in names and not outside:
                raise UsageError(
                    what=f"wrt={one!r}: {fn.__name__} has no parameter {root!r}",
                    instead=f"one of {', '.join(names)}",
                )
            if root == one and not outside:
                check_name(fn, "wrt", one)
        if one in found:
            raise UsageError(what=f"wrt names {one!r} twice")
        found.append(one)
    if not found:
        raise UsageError(what="wrt is empty", instead="wrt=0")
    return tuple(found)


def is_outside(fn: Any, path: str) -> bool:
    """Say whether a path leads from a global or closure variable of a function to a value there is now."""
    base = getattr(fn, "__adgen_calls__", fn)
    code = base.__code__
    first = root_of(path)
    if first in (*code.co_varnames, *code.co_cellvars) or (
        first not in code.co_freevars and first not in base.__globals__
    ):
        return False
    try:
        Place(base, path).read()
    except (LookupError, AttributeError, ValueError, TypeError):
        return False
    return True


def resolve_names(fn: Any, option: str, given: Names | None) -> tuple[str, ...]:
    """Return the names of parameters, local variables and tags in `of` or `stop_gradients`."""
    from adgen.errors import UsageError

    if given is None:
        return ()
    names = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    for name in names:
        if not isinstance(name, str):
            raise UsageError(what=f"{option} is a name or a tuple of names, not {name!r}")
        check_name(fn, option, name)
    if len(set(names)) < len(names):
        raise UsageError(what=f"{option} names one value twice: {', '.join(names)}")
    return names


def check_name(fn: Any, option: str, name: str) -> None:
    """Refuse a name that is none of a parameter, a local variable and, as far as can be seen, a tag."""
    code = getattr(fn, "__adgen_calls__", fn).__code__
    known = [n for n in (*code.co_varnames, *code.co_cellvars) if n.isidentifier()]
    if name in known or may_tag(fn):
        return
    from adgen.errors import UsageError

    raise UsageError(
        what=f"{option}={name!r}: {fn.__name__} has no parameter or local variable of that name",
        instead=f"one of {', '.join(dict.fromkeys(known))}" if known else "mark a value with adgen.tag",
    )


def may_tag(fn: Any, seen: set[int] | None = None) -> bool:
    """Say whether a function, or one that it may call, may use `adgen.tag`."""
    seen = set() if seen is None else seen
    if id(fn) in seen:
        return False
    seen.add(id(fn))
    if _calls_unknown(fn):
        return True
    for code in _codes(fn.__code__):
        if "tag" in code.co_names:
            return True
        for name in (*code.co_freevars, *code.co_names):
            try:
                value = Place(fn, name).read()
            except (LookupError, AttributeError, ValueError):
                continue
            for f in _functions(value):
                if may_tag(f, seen):
                    return True
    return False


def _codes(code: CodeType) -> list[CodeType]:
    return [code, *[c for inner in code.co_consts if isinstance(inner, CodeType) for c in _codes(inner)]]


def _functions(value: Any) -> Sequence[FunctionType]:
    """Return the functions that calling a value may run, if it is a user's."""
    from adgen.infer.expressions.attributes import is_library

    if isinstance(value, FunctionType):
        return () if is_library(value) else (value,)
    cls = value if isinstance(value, type) else type(value)
    if is_library(cls):
        return ()
    return [f for base in cls.__mro__ for f in vars(base).values() if isinstance(f, FunctionType)]


def _calls_unknown(fn: Any) -> bool:
    """Say whether a function calls a parameter, or a method of one that arrays, dicts and lists don't have."""
    import numpy as np

    from adgen.errors import AdgenError
    from adgen.frontend.lower import lower
    from adgen.frontend.tree import Assign, walk

    try:
        tree = lower(fn)
    except AdgenError:
        return False
    plain = {*dir(np.ndarray), *dir(dict), *dir(list), *dir(str)}
    unknown = {p.name for p in tree.params}
    for s in walk(tree.body):
        if not isinstance(s, Assign) or not s.args or s.args[0] not in unknown:
            continue
        if s.op == "call":
            return True
        if s.op in ("copy", "getattr", "getitem") and s.data not in plain:
            unknown.add(s.target)
    return False
