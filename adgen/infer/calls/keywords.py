"""Arguments that a library function takes and its row does not: those in odd places, at their default, or of a ufunc.

A row has the parameters that its rules know. What else a call gives is brought to these by what the library's own
signature says, or left out where it changes no number.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from string import ascii_letters
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import UnsupportedError
from adgen.infer.calls import array_methods, calls, primitives
from adgen.infer.expressions import operations
from adgen.infer.structures import construct
from adgen.infer.values import Ref
from adgen.ir.nodes import Const
from adgen.ir.types import is_complex, is_floating
from adgen.rules.registry import Formula, Primitive

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

Arguments = tuple[list[Any], dict[str, Any]]

# They decide about memory, checks and classes of arrays, not about numbers.
HARMLESS = ("subok", "casting", "overwrite_input", "overwrite_a", "overwrite_b", "overwrite_x", "check_finite", "like")


@functools.cache
def signature_of(fn: Any) -> dict[str, inspect.Parameter]:
    """Return a library function's parameters; none where it does not tell."""
    try:
        return dict(inspect.signature(fn).parameters)
    except (TypeError, ValueError):
        return {}


def by_name(fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], row: Primitive | None) -> Arguments:
    """Give the arguments that stand behind those of the row by the names that the library has for them."""
    values, named = list(args), dict(kwargs)
    if row is None or row.variadic or isinstance(fn, np.ufunc):
        return values, named
    count = sum(p not in row.keyword for p in row.params)
    names = [p.name for p in signature_of(fn).values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(values) > count and len(names) >= len(values) and not set(names[count : len(values)]) & set(named):
        named.update(zip(names[count:], values[count:]))
        del values[count:]
    return values, named


def leave_out(
    fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], row: Primitive | None, formula: Formula | None
) -> Arguments:
    """Leave out what changes no number: keywords without a meaning for it, and those that are at their default."""
    taken = set(row.params if row is not None else ())
    if formula is not None:
        code = formula.define.__code__
        taken |= set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    known = signature_of(fn)
    named = {}
    for k, v in kwargs.items():
        default = known[k].default if k in known else inspect.Parameter.empty
        at_default = isinstance(v, Const) and (v.value is default or (v.value == default and type(v.value) is bool))
        harmless = k in HARMLESS or (fn is np.einsum and k == "order")
        if k in taken or not (harmless or at_default):
            named[k] = v
    return list(args), named


def call_ufunc(e: Engine, fn: np.ufunc, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    """A call of a ufunc by what its `dtype=` and `where=` mean; None if it has neither."""
    named = {k: v for k, v in kwargs.items() if k not in ("order", *HARMLESS)}
    dtype, where = named.pop("dtype", None), named.pop("where", None)
    if isinstance(dtype, Const) and dtype.value is None:
        dtype = None
    if isinstance(where, Const) and where.value is True:
        where = None
    if len(named) == len(kwargs) or fn.nout != 1 or fn.signature is not None:
        return None
    values = list(args)
    if dtype is not None:
        kind = np.dtype(e.static(dtype, f"the argument 'dtype' of np.{fn.__name__}"))
        if kind.kind not in "fc":
            return None
        values = [primitives.as_array(e, v) for v in values]
        if kind.kind == "f" and any(is_complex(e.value(v).type) for v in values):
            refuse_unless_unsafe(e, fn, kwargs.get("casting"), kind)
        values = [array_methods.cast(e, v, kind, {}) for v in values]
    if where is None:
        return calls.call_object(e, fn, values, named, hint)
    with e.let_pass((("divide", "ignore"), ("invalid", "ignore"))):  # what the mask leaves out is computed, too
        result = calls.call_object(e, fn, values, named, {})
        t = operations.array_type(e, result) if isinstance(result, Ref) else result.type
        left_out = e.b.const(0.0 if is_floating(t) else False)  # NumPy leaves the memory as it is there
        return calls.call_object(e, np.where, [where, result, left_out], {}, hint)


def refuse_unless_unsafe(e: Engine, fn: np.ufunc, casting: Any, kind: np.dtype[Any]) -> None:
    """Refuse complex operands of a computation with real numbers, for which NumPy wants `casting="unsafe"`."""
    if casting is None or e.static(casting, f"the argument 'casting' of np.{fn.__name__}") != "unsafe":
        raise UnsupportedError(
            what=f"complex operands of np.{fn.__name__} with dtype={kind.name}",
            why="NumPy raises an error here",
            instead="take their real parts",
            origin=e.origin,
        )


def by_letters(e: Engine, fn: Any, args: Sequence[Any]) -> Sequence[Any]:
    """Return the arguments of `np.einsum(x, [0, 1], y, [1, 2])` in its other form, with letters."""
    if fn is not np.einsum or not args or not (isinstance(args[0], Ref) and operations.is_array(e, args[0])):
        return args
    lists = [e.static(v, "the indices of np.einsum") for v in (*args[1::2], *(args[-1:] if len(args) % 2 else ()))]
    texts = ["".join("..." if k is Ellipsis else ascii_letters[k] for k in one) for one in lists]
    count = len(args) // 2
    text = ",".join(texts[:count]) + (f"->{texts[count]}" if len(texts) > count else "")
    return [e.b.const(text), *args[: 2 * count : 2]]


def vectorized(e: Engine, fn: Any) -> Any:
    """Return what a `np.vectorize` made outside the program is inside of it."""
    named = {k: e.b.const(v) for k, v in (("signature", fn.signature), ("otypes", fn.otypes)) if v is not None}
    if fn.excluded:
        named["excluded"] = e.b.const(tuple(fn.excluded))
    return construct.construct(e, np.vectorize, [e.constant(fn.pyfunc)], named, {})
