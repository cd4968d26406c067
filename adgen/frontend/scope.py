"""Which names are a function's own: Python's scoping, decided from what the function assigns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import gast


@dataclass(slots=True)
class Scope:
    """What a function's body says about names."""

    assigned: dict[str, None] = field(default_factory=dict)
    walrus: dict[str, None] = field(default_factory=dict)
    declared: dict[str, Any] = field(default_factory=dict)  # by `global` or `nonlocal`: the statement
    yields: Any = None  # the first `yield`


def scan_scope(node: Any, rare: bool = True) -> Scope:
    """Collect the names that a function assigns, not those of functions or comprehensions inside it.

    `rare` says whether there may be a `:=` or `yield`: a lambda has nothing else that matters here.
    """
    scope = Scope()
    for param in parameters(node.args):
        scope.assigned.setdefault(param.id)
    if isinstance(node.body, list):
        _scan(node.body, scope)
    elif rare:
        _scan([node.body], scope)
    return scope


def parameters(args: Any) -> list[Any]:
    """Return the parameters (gast.Name) in order."""
    star = [args.vararg] if args.vararg else []
    last = [args.kwarg] if args.kwarg else []
    return [*args.posonlyargs, *args.args, *star, *args.kwonlyargs, *last]


def walrus_names(node: Any) -> frozenset[str]:
    """Return the names that `:=` binds in one statement's own expressions."""
    scope = Scope()
    parts: list[Any] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if name in ("body", "orelse", "finalbody", "handlers"):
            continue
        parts += value if isinstance(value, list) else [value]
    _scan(parts, scope)
    return frozenset(scope.walrus)


def _scan(nodes: list[Any], scope: Scope) -> None:
    pending: list[tuple[Any, bool]] = [(n, False) for n in reversed(nodes)]
    while pending:
        node, inner = pending.pop()  # inner: in a comprehension, whose targets are its own
        kind = type(node)
        if kind is gast.Name:
            if type(node.ctx) in _BINDING and not inner:
                scope.assigned.setdefault(node.id)
            continue
        if kind in _SPECIAL and not _special(node, inner, scope, pending):
            continue
        inside = inner or kind in _COMPREHENSIONS
        # What binds a name comes in order of the text: it may show in messages.
        children: list[tuple[Any, bool]] = []
        for name in getattr(kind, "_fields", ()):
            value = getattr(node, name)
            if value.__class__ is list:
                children += [(v, inside) for v in value]
            elif isinstance(value, gast.AST) and value._fields:
                children.append((value, inside))
        children.reverse()
        pending += children


def _special(node: Any, inner: bool, scope: Scope, pending: list[tuple[Any, bool]]) -> bool:
    """Note what a node binds; say whether to look at its parts as well."""
    if isinstance(node, gast.NamedExpr):
        scope.assigned.setdefault(node.target.id)
        scope.walrus.setdefault(node.target.id)
        pending.append((node.value, inner))
        return False
    if isinstance(node, (gast.FunctionDef, gast.AsyncFunctionDef, gast.Lambda)):
        if not isinstance(node, gast.Lambda):
            scope.assigned.setdefault(node.name)
            pending.extend((d, inner) for d in node.decorator_list)
        pending.extend((d, inner) for d in node.args.defaults + node.args.kw_defaults)
        return False
    if isinstance(node, gast.ClassDef):
        scope.assigned.setdefault(node.name)
        return False
    if isinstance(node, (gast.Global, gast.Nonlocal)):
        for name in node.names:
            scope.declared.setdefault(name, node)
    elif isinstance(node, (gast.Yield, gast.YieldFrom)):
        scope.yields = scope.yields or node
    elif isinstance(node, (gast.Import, gast.ImportFrom)):
        for alias in node.names:
            scope.assigned.setdefault((alias.asname or alias.name).split(".")[0])
    else:
        name = node.rest if isinstance(node, gast.MatchMapping) else node.name
        if name is not None:
            scope.assigned.setdefault(name)
    return True


_BINDING = (gast.Store, gast.Del)
_COMPREHENSIONS = (gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp)
_SPECIAL = {
    gast.NamedExpr, gast.FunctionDef, gast.AsyncFunctionDef, gast.Lambda, gast.ClassDef, gast.Global, gast.Nonlocal,
    gast.Yield, gast.YieldFrom, gast.Import, gast.ImportFrom, gast.MatchAs, gast.MatchStar, gast.MatchMapping,
}  # fmt: skip
