"""Calls of functions that brought rules of their own, and blocks that give rules to the calls in them.

Such a call is one operation: its body is read only for the type of the result and to see whether it does more than
compute. Where there is no source, small values tell the type, and the call stays as any unknown one does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import AdgenError, UnsupportedError
from adgen.infer.calls import calls, primitives
from adgen.infer.expressions import attributes
from adgen.infer.functions import inlining
from adgen.infer.values import BoundFunction, Closure, ManagerV, Map, Ref, TupleV
from adgen.ir.nodes import Block, Const, Let, Operand, walk
from adgen.ir.types import Array, Opaque, Tuple, Type
from adgen.rules.lattice import type_of_value
from adgen.rules.registry import REGISTRY, Primitive
from adgen.rules.typing import bind, canonical, fresh_dim, representative

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

_opaque_rows: dict[Primitive, Primitive] = {}


def call_user_row(
    e: Engine, row: Primitive, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]
) -> Any:
    """Call a function that is known by its rules."""
    if row.fwd is not None and e.printable:
        return _call_forward(e, row, args, kwargs, hint)
    try:
        bound = bind(row, list(args), dict(kwargs))
    except TypeError as error:
        raise UnsupportedError(
            what=f"this call of {row.name}: {error}", why="the program would raise TypeError here", origin=e.origin
        ) from error
    operands: dict[str, Any] = {}
    for p, v in bound.items():
        operands[p] = tuple(e.value(i) for i in v) if isinstance(v, tuple) else e.value(v)
    flat, kws = canonical(row, operands)
    t, pure = _read_body(e, row, args, kwargs)
    if t is None:
        t = _type_by_trial(row, flat, kws)
    if not pure:
        row = _opaque_rows.setdefault(row, replace(row, effect="opaque"))
        _sync(row)
    if t is None:
        out = primitives.emit(e, row, flat, kws, hint)
    else:
        out = e.b.emit(row, flat, kws, type=t, **hint)
    return e.wrap(out, hint.get("name"))


def _sync(twin: Primitive) -> None:
    """Let the row for calls that must stay have the rules of the function as they are now."""
    for row, copy in _opaque_rows.items():
        if copy is twin:
            copy.vjp, copy.jvp, copy.diff, copy.fwd = row.vjp, row.jvp, row.diff, row.fwd


def _read_body(e: Engine, row: Primitive, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Type | None, bool]:
    """Return the type of the result by the function's source (None: not found), and whether it only computes."""
    fn = getattr(row.fn, "fn", row.fn)
    if isinstance(fn, np.ufunc):
        return None, not _of_objects(fn)
    if attributes.is_library(fn):
        return None, (fn.__module__ or "").partition(".")[0] in ("numpy", "scipy", "math", "cmath")
    if not hasattr(fn, "__code__"):
        return None, False
    state, written = e.state, dict(e.written)
    depth, callees = e.b.depth, dict(e.callees)
    e.state = state.copy()
    e.b.open()
    try:
        result = inlining.inline_function(e, fn, list(args), dict(kwargs))
        t = e.value(result).type
        changed = [o for o, c in state.heap.items() if e.state.heap.get(o) is not c]
        while e.b.depth > depth + 1:
            e.b.suspend()
        pure = not any(isinstance(s, Let) and s.op.effect == "opaque" for s in walk(Block(tuple(e.b.suspend()[0]), ())))
    except (AdgenError, NotImplementedError):
        while e.b.depth > depth:
            e.b.suspend()
        return None, False
    finally:
        e.state, e.written = state, written
        e.callees = callees
    if changed:
        raise UnsupportedError(
            what=f"a call of {row.name}, which writes '{changed[0].name or 'an argument'}'",
            why="a function with a rule of its own is one operation: its rule can't say what it does to memory",
            instead="let it return what it computes",
            origin=e.origin,
        )
    return (None if isinstance(t, Opaque) else t), pure


def _type_by_trial(row: Primitive, args: tuple[Operand, ...], kws: tuple[str, ...]) -> Type | None:
    """Return the type of arrays of Python numbers, as `np.frompyfunc` gives; None for anything else."""
    if not isinstance(row.fn, np.ufunc) or not _of_objects(row.fn):
        return None

    def value(a: Operand) -> Any:
        return a.value if isinstance(a, Const) else representative(a.type)

    n = len(args) - len(kws)
    try:
        result = row.fn(*map(value, args[:n]), **dict(zip(kws, map(value, args[n:]))))
    except RecursionError:
        raise
    except Exception:
        return None
    parts = [_type_of_objects(r) for r in (result if isinstance(result, tuple) else (result,))]
    known = tuple(t for t in parts if t is not None)
    if len(known) < len(parts):
        return None
    return Tuple(known) if isinstance(result, tuple) else known[0]


def _type_of_objects(result: Any) -> Type | None:
    if not isinstance(result, np.ndarray) or result.dtype != object:
        return None
    t = type_of_value(np.array(result.tolist()))
    dims = tuple(fresh_dim() for _ in range(result.ndim))
    return Array(t.dtype, dims, True) if isinstance(t, Array) else None


def _of_objects(fn: np.ufunc) -> bool:
    return all("O" in signature for signature in fn.types)


def _call_forward(
    e: Engine, row: Primitive, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]
) -> Any:
    """Call what gives (result, residuals) in the place of the function; the rule gets the residuals."""
    made = calls.call(e, e.b.const(row.fwd), args, kwargs, {})
    if not isinstance(made, TupleV) or len(made.items) != 2:
        raise UnsupportedError(
            what=f"the forward function of {row.name} does not return a pair",
            why="it returns (result, residuals)",
            instead="return a tuple of two items",
            origin=e.origin,
        )
    out, residuals = e.value(made.items[0]), e.value(made.items[1])
    bound = bind(row, list(args), dict(kwargs))
    operands = {p: tuple(map(e.value, v)) if isinstance(v, tuple) else e.value(v) for p, v in bound.items()}
    flat, kws = canonical(row, operands)
    through = replace(
        row, params=("out_", "residuals_", *row.params), memory="same", show="_", note="through", fwd=None
    )
    value = e.b.emit(through, (out, residuals, *flat), kws, type=out.type, **hint)
    return e.wrap(value, hint.get("name"))


# -- rules for a block -------------------------------------------------------------------------------


def override_manager(e: Engine, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """`adgen.override_gradient({fn: rule})` written inside the program."""
    c = e.content(args[0].obj) if len(args) == 1 and isinstance(args[0], Ref) else None
    if not isinstance(c, Map) or c.cls is not dict or kwargs:
        raise UnsupportedError(
            what="override_gradient() of something that is not written out here",
            why="which rules it gives must be known when compiling",
            instead="with adgen.override_gradient({fn: rule}):",
            origin=e.origin,
        )
    found = []
    for fn, rule in zip(c.keys, c.items):
        known = rule.value if isinstance(rule, Const) else rule
        if not callable(fn) or not (isinstance(known, Closure) or callable(known)):
            raise UnsupportedError(
                what="override_gradient() with something that is not a function",
                why="it maps functions to their rules",
                origin=e.origin,
            )
        found.append((fn, known))
    return ManagerV(None, overrides=tuple(found))


def run_overridden(e: Engine, overrides: Sequence[tuple[Any, Any]], body: Callable[[], None]) -> None:
    """Run the body of a `with` with other rules in force."""
    before = e.overrides
    e.overrides = [*overriding_rows(overrides), *before]
    try:
        body()
    finally:
        e.overrides = before


def overriding_rows(overrides: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Primitive]]:
    """Return rows with these rules, for functions that may have one already."""
    from adgen.api.rulebook import row_for

    rows = []
    for fn, rule in overrides:
        known = REGISTRY.find(fn)
        row = replace(known) if known is not None else row_for(fn, Primitive)
        row.take_rule("vjp", rule)
        row.fwd = None
        if row.user:
            row.diff = row.params
        rows.append((fn, row))
    return rows


def find_override(e: Engine, fn: Any) -> Primitive | None:
    for f, row in e.overrides:
        if f is fn or (type(f) is type(fn) and hasattr(f, "__self__") and _same(f, fn)):
            return row
    return None


def _same(f: Any, fn: Any) -> bool:
    return f.__self__ is fn.__self__ and getattr(f, "__func__", f) == getattr(fn, "__func__", fn)


def rule_of_method(e: Engine, fn: BoundFunction) -> tuple[Primitive, bool] | None:
    """Return the row of a method for which a rule was registered, and whether it is of this one object's."""
    from adgen.api.rulebook import has_instance_rules

    row = find_override(e, fn.fn) or REGISTRY.find(fn.fn)
    if row is not None and (row.vjp or row.jvp):
        return row, False
    if not has_instance_rules(fn.fn):
        return None
    known = fn.owner.value if isinstance(fn.owner, Const) else None
    if isinstance(fn.owner, Ref):
        known = e.instances.get(fn.owner.obj)
    if known is not None:
        row = REGISTRY.find(known if fn.fn.__name__ == "__call__" else getattr(known, fn.fn.__name__, None))
        if row is not None:
            e.anchors.append(known)
            return row, True
        return None
    raise UnsupportedError(
        what=f"a call of the method '{fn.fn.__qualname__}', which has a rule for one object only",
        why="which object this is, is known only at run time",
        instead=f"read it as a global, or register the rule for {fn.fn.__qualname__}: rule(g, out, self, *args)",
        origin=e.origin,
    )


__all__ = [
    "call_user_row", "find_override", "override_manager", "overriding_rows", "rule_of_method",
    "run_overridden",
]  # fmt: skip
