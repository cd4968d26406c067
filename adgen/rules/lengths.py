"""Lengths of axes: fresh symbols, broadcasting, reduction, and what is proven about two lengths."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from itertools import count

from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import Array, Dim, Known, Length, List, Record, Tuple, Type

_symbols: ContextVar[count[int]] = ContextVar("adgen_symbols")


def reset_dims(start: int = 0) -> None:
    """Number the symbols of this context from `start` on, so that a compile is deterministic."""
    _symbols.set(count(start))


def fresh_dim(nonunit: bool = False) -> Dim:
    """Return a length that equals no other known one."""
    try:
        symbols = _symbols.get()
    except LookupError:
        symbols = count()
        _symbols.set(symbols)
    return Dim(next(symbols), 0, nonunit)


def is_nonunit(n: Length) -> bool:
    return n != 1 if isinstance(n, int) else n.nonunit


def same_length(a: Length, b: Length) -> bool:
    """Say whether two lengths are proven equal."""
    if isinstance(a, int) or isinstance(b, int):
        return a == b
    return a.symbol == b.symbol and a.minus == b.minus


def fresh_like(n: Length) -> Length:
    """Return a length of which only the unit and nonunit facts are those of `n`."""
    return n if isinstance(n, int) else fresh_dim(n.nonunit)


def broadcast_length(a: Length, b: Length) -> Length:
    """Return the length that two lengths broadcast to (the call raises where they don't)."""
    if same_length(a, b):
        return b if is_nonunit(b) else a
    if a == 1:
        return b
    if b == 1:
        return a
    for n in (a, b):
        if isinstance(n, int):
            return n
    for n in (a, b):
        if is_nonunit(n):
            return n
    return fresh_dim()


def broadcast_dims(*shapes: Sequence[Length]) -> tuple[Length, ...]:
    """Return the lengths that several shapes broadcast to."""
    out: tuple[Length, ...] = ()
    for dims in shapes:
        if dims == out:
            continue
        long, short = (dims, out) if len(dims) >= len(out) else (out, dims)
        k = len(long) - len(short)
        out = (*long[:k], *(broadcast_length(a, b) for a, b in zip(long[k:], short)))
    return out


def stretches(part: Length, whole: Length) -> bool | None:
    """Say whether an axis was stretched from `part` to `whole` by broadcasting; None: not known before it runs."""
    if same_length(part, whole) or whole == 1 or is_nonunit(part):
        return False
    return True if part == 1 and is_nonunit(whole) else None


def normalize_axes(axis: object, ndim: int) -> tuple[int, ...]:
    """Return an `axis` argument (None, an integer or a tuple) as a tuple of axes from 0 to ndim - 1."""
    if axis is None:
        return tuple(range(ndim))
    out = []
    for a in axis if isinstance(axis, (tuple, list)) else (axis,):
        k = int(a)
        if not -ndim <= k < ndim:
            raise ValueError(f"axis {k} is out of bounds for an array of dimension {ndim}")
        out.append(k % ndim)
    return tuple(out)


def reduce_dims(dims: Sequence[Length], axis: object, keepdims: object = False) -> tuple[Length, ...]:
    """Return the lengths that are left when `axis` is reduced."""
    gone = normalize_axes(axis, len(dims))
    if keepdims:
        return tuple(1 if k in gone else n for k, n in enumerate(dims))
    return tuple(n for k, n in enumerate(dims) if k not in gone)


def length_of(n: Operand) -> Known:
    """Return the length that an integer is known to be; the lengths that the items of a tuple or list are."""
    if isinstance(n, Var):
        return n.length
    return n.value if type(n.value) is int else None


def count_of(a: Operand) -> int | None:
    """Return how many items a list or tuple is known to have."""
    if isinstance(a.type, (Tuple, Record)):
        return len(a.type.items)
    known = length_of(a) if isinstance(a.type, List) else None
    return len(known) if isinstance(known, tuple) else None


def length_of_result(op: str, args: Sequence[Operand]) -> Known:
    """Return what is known of the length that an operation on lengths or shapes gives."""
    if op == "make_list":
        return tuple(map(length_of, args))
    if op == "make_tuple":
        parts = [length_of(a) for a in args]
        return None if all(p is None for p in parts) else tuple(None if isinstance(p, tuple) else p for p in parts)
    if op in ("dim", "length", "shape") and isinstance(args[0].type, Array):
        dims = args[0].type.dims
        if op == "shape":
            return dims
        k = args[1].value if op == "dim" and isinstance(args[1], Const) else 0
        return dims[k] if -len(dims) <= k < len(dims) else None
    if op == "size" and isinstance(args[0].type, Array) and args[0].type.ndim == 1:
        return args[0].type.dims[0]
    if op == "sub" and isinstance(args[1], Const) and type(args[1].value) is int and args[1].value >= 0:
        n = length_of(args[0])
        return Dim(n.symbol, n.minus + args[1].value) if isinstance(n, Dim) else None
    return None


def array_dims(t: Type) -> tuple[Length, ...]:
    """Return the lengths that a value has once NumPy made an array of it."""
    if isinstance(t, Array):
        return t.dims
    if isinstance(t, List):
        return (fresh_dim(), *array_dims(t.elem))
    if isinstance(t, (Tuple, Record)):
        inner = array_dims(t.items[0]) if t.items else ()
        return (len(t.items), *inner)
    return ()
