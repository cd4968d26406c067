"""The rules that users registered, and how they come into the table of primitives.

They are kept here until something is compiled, so that registering one does not load adgen's own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from adgen.api.digest import digest_code

Kind = Literal["vjp", "jvp", "fwd"]
LIBRARIES = ("numpy", "math", "builtins", "_operator", "scipy", "adgen")
PLAIN = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Same:
    """The identity of a callable that has no hash."""

    __slots__ = ("fn",)

    def __init__(self, fn: Any) -> None:
        self.fn = fn

    def __hash__(self) -> int:
        return id(self.fn)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.fn is self.fn


def key_of_callable(fn: Any) -> Any:
    """Return what stands for a callable in tables: itself, or its identity if it can't be hashed."""
    try:
        hash(fn)
    except TypeError:
        return Same(fn)
    return fn


@dataclass(slots=True)
class Entry:
    """The rules of one function. `nondiff` names the parameters that have no gradient."""

    fn: Any
    rules: dict[Kind, Callable[..., Any]] = field(default_factory=dict)
    nondiff: tuple[str, ...] = ()


_entries: dict[Any, Entry] = {}
_installed: dict[Any, tuple[dict[Kind, Callable[..., Any]], tuple[str, ...]]] = {}


def entry_of(fn: Any) -> Entry | None:
    return _entries.get(key_of_callable(fn))


def make_entry(fn: Any) -> Entry:
    return _entries.setdefault(key_of_callable(fn), Entry(fn))


def has_instance_rules(function: Any) -> bool:
    """Say whether a rule was registered for a bound method of this function, or for an object that it is called by."""
    return any(function in (getattr(e.fn, "__func__", None), _call_of(e.fn)) for e in _entries.values())


def _call_of(fn: Any) -> Any:
    return inspect.getattr_static(type(fn), "__call__", None)


def load_registry() -> Any:
    """Return the table of primitives with all of adgen's rows in it."""
    from adgen.rules.load import load_rules
    from adgen.rules.registry import REGISTRY

    load_rules()
    return REGISTRY


def row_has(fn: Any, kind: Kind) -> bool:
    """Say whether the table of primitives has a derivative of a function."""
    registry = load_registry()
    if registry.formula(fn) is not None:
        return True
    row = registry.find(fn)
    if row is None:
        return False
    return bool(row.partials or (row.jvp if kind == "jvp" else row.vjp)) or row.kind in (
        "linear", "multilinear", "zero", "constructor",
    )  # fmt: skip


def may_have_row(fn: Any) -> bool:
    module = getattr(fn, "__module__", None) or ""
    return not hasattr(fn, "__code__") or module.partition(".")[0] in LIBRARIES


def install_rules() -> None:
    """Put the users' rules into the table of primitives; the compiler looks them up there, under the key "*"."""
    registry = load_registry()
    from adgen.rules.registry import Primitive

    for key, entry in list(_entries.items()):
        if _installed.get(key) == (entry.rules, entry.nondiff):
            continue
        row = registry.find(entry.fn)
        if row is None:
            row = registry.add(row_for(entry.fn, Primitive))
        for kind, rule in entry.rules.items():
            row.take_rule(kind, rule)
        if row.user:
            row.diff = tuple(p for p in row.params if p not in entry.nondiff)
        _installed[key] = (dict(entry.rules), entry.nondiff)


def row_for(fn: Any, primitive: Any) -> Any:
    """Return a row for a function of the user's; parameters by its own signature."""
    params: list[str] = []
    defaults: dict[str, Any] = {}
    keyword: list[str] = []
    variadic = False
    try:
        signature = inspect.signature(getattr(fn, "fn", fn))
    except (TypeError, ValueError):
        params, variadic = ["args"], True
    else:
        for p in signature.parameters.values():
            if p.kind is p.VAR_KEYWORD:
                continue
            variadic |= p.kind is p.VAR_POSITIONAL
            params.append(p.name)
            if p.kind is p.KEYWORD_ONLY:
                keyword.append(p.name)
            if p.default is not p.empty:
                defaults[p.name] = p.default
    return primitive(
        name=f"{getattr(fn, '__name__', type(fn).__name__)}()",  # not to be taken for an operation of adgen's
        fn=fn,
        params=tuple(params),
        defaults=defaults,
        diff=tuple(params),
        kind="rule",
        variadic=variadic,
        keyword=frozenset(keyword),
        user=True,
    )


def rules_digest() -> str:
    """Return a text that changes with the users' rules."""
    rows = sorted(
        f"{name_of(e.fn)} {digest_code(getattr(e.fn, 'fn', e.fn))} {e.nondiff} {kind} {name_of(r)} {digest_code(r)}"
        for e in _entries.values()
        for kind, r in e.rules.items()
    )
    if not rows:
        return ""
    from hashlib import sha256

    return sha256("\n".join(rows).encode()).hexdigest()[:32]


def name_of(fn: Any) -> str:
    module, name = getattr(fn, "__module__", None), getattr(fn, "__qualname__", None)
    return f"{module}.{name}" if module and name else str(name or repr(fn))
