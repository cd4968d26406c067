"""Rules run as plain Python: a small driver that does what the compiler's driver does, with values.

It binds a call, calls the rule of one argument, and projects the result: broadcasts or sums to the argument's
shape, takes the real part, casts.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import Array, Bool, Float, Int, List, NoneT, Opaque, Record, Scalar, Str, Tuple, Type
from adgen.rules.helpers import unbroadcast
from adgen.rules.load import OPTIONAL
from adgen.rules.registry import Primitive, Sample
from adgen.rules.typing import bind, canonical, result_type, type_of_value

LIBRARIES: dict[str, Any] = {}  # those whose rules are tested, where they are installed
for _name in OPTIONAL:
    try:
        importlib.import_module(_name)
        LIBRARIES[_name.partition(".")[0]] = sys.modules[_name.partition(".")[0]]
    except ImportError:
        pass

DIFFERENTIABLE = ("elementwise", "linear", "multilinear", "rule")


def bound_values(row: Primitive, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Bind a call with values to the parameters of a row, defaults filled in."""
    none = NoneT()
    bound = bind(row, [Const(a, none) for a in args], {k: Const(v, none) for k, v in kwargs.items()})
    return {p: tuple(i.value for i in a) if isinstance(a, tuple) else a.value for p, a in bound.items()}


def call(row: Primitive, bound: dict[str, Any]) -> Any:
    """Call the function of a row in its canonical form, as generated code does."""
    none = NoneT()
    operands = {
        p: tuple(Const(i, none) for i in v) if row.variadic and p == row.params[-1] else Const(v, none)
        for p, v in bound.items()
    }
    args, kws = canonical(row, operands)
    values = [a.value for a in args if isinstance(a, Const)]
    n = len(values) - len(kws)
    return row.fn(*values[:n], **dict(zip(kws, values[n:])))


def is_active(x: Any) -> bool:
    """Say whether a value carries a derivative."""
    if isinstance(x, (tuple, list)):
        return any(map(is_active, x))
    return np.asarray(x).dtype.kind in "fc" if isinstance(x, (float, complex, np.generic, np.ndarray)) else False


def active_params(row: Primitive, sample: Sample, bound: dict[str, Any]) -> list[str]:
    return [p for p in sample.wrt or row.diff if is_active(bound[p])]


def wanted(fn: Callable[..., Any], available: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that a rule names."""
    names = inspect.signature(fn).parameters
    return {k: available[k] for k, p in names.items() if k in available or p.default is p.empty}


def pull(row: Primitive, p: str, g: Any, out: Any, bound: dict[str, Any]) -> Any:
    """Return the gradient for parameter p, projected."""
    if p in row.vjp:
        d = row.vjp[p](**wanted(row.vjp[p], {**bound, "g": g, "out": out}))
    else:
        d = g * row.partials[p](out, *bound.values())
    return project(d, bound[p])


def push(row: Primitive, p: str, t: Any, out: Any, bound: dict[str, Any]) -> Any:
    """Return what the tangent t of parameter p contributes to the tangent of the result."""
    if p in row.jvp:
        d = row.jvp[p](**wanted(row.jvp[p], {**bound, "t": t, "out": out}))
    elif p in row.partials:
        d = t * row.partials[p](out, *bound.values())
    elif row.kind in ("linear", "multilinear"):
        others = [q for q in row.diff if q != p and is_active(bound[q])] if row.kind == "linear" else []
        zeros = {q: zeros_of(bound[q]) for q in others}
        d = call(row, {**bound, **zeros, p: t})
    else:
        raise NotImplementedError(f"{row.name} has no jvp for {p}")
    return project(d, out)


def project(d: Any, like: Any) -> Any:
    """Give a gradient the shape, realness and dtype of what it belongs to."""
    if isinstance(like, (tuple, list)):
        parts = [project(x, y) if is_active(y) else None for x, y in zip(d, like, strict=True)]
        return tuple(parts) if isinstance(like, tuple) else parts
    if not np.iscomplexobj(like):
        d = np.real(d)
    shape = np.broadcast_shapes(np.shape(d), np.shape(like))
    d = np.asarray(unbroadcast(np.broadcast_to(d, shape), like))
    if not isinstance(like, np.ndarray):
        return complex(d[()]) if isinstance(like, complex) else float(d[()])
    return d.astype(like.dtype)


def zeros_of(x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return type(x)(zeros_of(i) for i in x)
    return np.zeros_like(x) if isinstance(x, np.ndarray) else type(x)(0)


def quietly(fn: Callable[..., Any], *args: Any) -> tuple[Any, str]:
    """Return a result, and what was raised or warned ("" if nothing)."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            result = fn(*args)
        except Exception as e:
            return None, f"{type(e).__name__}: {e}"
    return result, "; ".join(f"{w.category.__name__}: {w.message}" for w in seen)


# --- types --------------------------------------------------------------------------------------


def typed_operands(row: Primitive, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return operands for a call: variables for what is differentiable, constants for the rest; and all values."""
    bound = bind(row, [_operand(a) for a in args], {k: _operand(v) for k, v in kwargs.items()})
    fixed = {p: _constant(v) if p in row.static or not _movable(v) else v for p, v in bound.items()}
    operands, kws = canonical(row, fixed)
    return list(operands), list(kws), [_VALUES[o] if isinstance(o, Var) else o.value for o in operands]


_VALUES: dict[Var, Any] = {}


def _operand(v: Any) -> Operand:
    operand = Var(type_of_value(v))
    _VALUES[operand] = v
    return operand


def _movable(v: Any) -> bool:
    if isinstance(v, tuple):
        return True
    return not isinstance(v.type, (Str, Opaque, NoneT, Bool, Int, Tuple)) or is_active(_value(v))


def _value(v: Any) -> Any:
    return _VALUES[v] if isinstance(v, Var) else v.value


def _constant(v: Any) -> Any:
    if isinstance(v, tuple):
        return tuple(map(_constant, v))
    return v if isinstance(v, Const) else Const(_VALUES[v], v.type)


def type_problem(row: Primitive, sample: Sample, out: Any) -> str:
    """Say how the inferred type of a sample call differs from what the call gives ("" if it does not)."""
    operands, kws, values = typed_operands(row, sample.args, sample.kwargs)
    lengths: dict[int, int] = {}
    for operand, value in zip(operands, values):
        _note_lengths(operand.type, value, lengths)
    try:
        t = result_type(row, tuple(operands), tuple(kws))
    except Exception as e:
        return f"inference: {type(e).__name__}: {e}"
    return _differs(t, out, lengths)


def _note_lengths(t: Type, v: Any, lengths: dict[int, int]) -> None:
    if isinstance(t, Array):
        for n, length in zip(t.dims, np.shape(v)):
            if not isinstance(n, int):
                lengths[n.symbol] = length
    elif isinstance(t, (Tuple, Record)):
        parts = v.values() if isinstance(v, dict) else v
        for i, x in zip(t.items, parts):
            _note_lengths(i, x, lengths)


def _differs(t: Type, v: Any, lengths: dict[int, int]) -> str:
    if isinstance(t, Opaque):
        return ""
    if isinstance(t, Array):
        if not isinstance(v, np.ndarray) or v.dtype != t.dtype or v.ndim != len(t.dims):
            return f"{t} for {_describe(v)}"
        for n, length in zip(t.dims, v.shape):
            known = n if isinstance(n, int) else lengths.get(n.symbol)
            known = max(known - n.minus, 0) if known is not None and not isinstance(n, int) else known
            if (known is not None and known != length) or (not isinstance(n, int) and n.nonunit and length == 1):
                return f"{t} for {_describe(v)}, lengths {lengths}"
        return ""
    if isinstance(t, Scalar):
        return "" if isinstance(v, np.generic) and v.dtype == t.dtype else f"{t} for {_describe(v)}"
    if isinstance(t, (Tuple, Record)):
        parts = list(v.values()) if isinstance(v, dict) else list(v)
        if len(parts) != len(t.items):
            return f"{t} for {len(parts)} items"
        return "; ".join(filter(None, (_differs(i, x, lengths) for i, x in zip(t.items, parts))))
    if isinstance(t, List):
        return "; ".join(filter(None, (_differs(t.elem, x, {}) for x in v)))
    found = type_of_value(v)
    return "" if found == t or (isinstance(t, Float) and isinstance(found, Int)) else f"{t} for {_describe(v)}"


def _describe(v: Any) -> str:
    return f"{v.dtype}{v.shape}" if isinstance(v, np.ndarray) else f"{type(v).__name__} {v!r}"
