"""Rules of functions that join arrays, or cut one into several.

Each part's gradient is the place of g that the part went to; the gradient of a tuple is a tuple, of a list a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.ir.types import Array, Bool, Complex, Float, Int, Known, Length, List, Record, Scalar, Tuple, Type
from adgen.rules.axes import from_front, normal_axis, shaped_like, to_front
from adgen.rules.declare import linear, sample
from adgen.rules.lattice import dtype_name
from adgen.rules.lengths import count_of, length_of
from adgen.rules.registry import REGISTRY
from adgen.rules.typing import (
    Shape,
    array_dims,
    broadcast_length,
    fresh_dim,
    known,
    normalize_axes,
    representative,
    type_of_list,
)

V = np.array([0.5, -1.2, 2.0])
W = np.array([1.5, 0.7, -0.4])
U = np.array([3.0, -0.1])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
N = np.linspace(-1.0, 1.5, 9).reshape(3, 3)
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)


# --- lengths --------------------------------------------------------------------------------------


def parts_of(arrays: Operand) -> list[tuple[Length, ...]] | None:
    """Return the lengths of each array of a tuple or list; None if their number is not known."""
    t = arrays.type
    if isinstance(t, (Tuple, Record)):
        return [array_dims(i) for i in t.items]
    if isinstance(t, Array) and isinstance(t.dims[0], int):
        return [t.dims[1:]] * t.dims[0]
    count = count_of(arrays)
    return [array_dims(t.elem)] * count if count and isinstance(t, List) else None


def common(parts: Sequence[tuple[Length, ...]]) -> tuple[Length, ...]:
    """Return what is known of lengths that are all equal."""
    out = parts[0]
    for dims in parts[1:]:
        if len(dims) != len(out):
            raise TypeError("the arrays to join have different numbers of axes")
        out = tuple(map(broadcast_length, out, dims))
    return out


def total(lengths: Sequence[Length]) -> Length:
    """Return the length of arrays laid end to end."""
    numbers = [n for n in lengths if isinstance(n, int)]
    if len(numbers) == len(lengths):
        return sum(numbers)
    if len(lengths) == 1:
        return lengths[0]
    return fresh_dim(nonunit=sum(numbers) > 1)


def joined(parts: Sequence[tuple[Length, ...]], axis: int) -> Shape:
    k = normalize_axes(axis, len(parts[0]))[0]
    rest = common([(*p[:k], 1, *p[k + 1 :]) for p in parts])
    return Shape((*rest[:k], total([p[k] for p in parts]), *rest[k + 1 :]))


def concatenated(arrays: Operand, axis: Operand, dtype: Operand) -> Shape | None:
    parts = parts_of(arrays)
    if known(axis) is None:
        return None
    if parts is None:
        elem = array_dims(arrays.type)[1:]
        k = normalize_axes(known(axis), len(elem))[0]
        return Shape((*elem[:k], fresh_dim(), *elem[k + 1 :]))
    return joined(parts, known(axis))


def stacked(arrays: Operand, axis: Operand) -> Shape:
    parts = parts_of(arrays)
    number: Length = fresh_dim() if parts is None else len(parts)
    dims = array_dims(arrays.type)[1:] if parts is None else common(parts)
    k = normalize_axes(known(axis), len(dims) + 1)[0]
    return Shape((*dims[:k], number, *dims[k:]))


def raised(dims: tuple[Length, ...], ndim: int, columns: bool = False) -> tuple[Length, ...]:
    """Return the lengths of an array with axes of length 1 added: in front, or behind to make a column."""
    missing = (1,) * (ndim - len(dims))
    return (*dims, *missing) if columns else (*missing, *dims)


def hstacked(tup: Operand) -> Shape | None:
    parts = parts_of(tup)
    if parts is None:
        return None
    parts = [raised(p, 1) for p in parts]
    return joined(parts, 0 if len(parts[0]) == 1 else 1)


def vstacked(tup: Operand) -> Shape | None:
    parts = parts_of(tup)
    return None if parts is None else joined([raised(p, 2) for p in parts], 0)


def column_stacked(tup: Operand) -> Shape | None:
    parts = parts_of(tup)
    return None if parts is None else joined([raised(p, 2, columns=True) for p in parts], 1)


def dstacked(tup: Operand) -> Shape | None:
    parts = parts_of(tup)
    return None if parts is None else joined([raised(raised(p, 2), 3, columns=True) for p in parts], 2)


# --- gradients ------------------------------------------------------------------------------------


def cut(g: Any, start: Any, stop: Any, axis: int) -> Any:
    """Return a range of one axis."""
    k = normal_axis(axis, np.ndim(g))
    if k == 0:
        return g[start:stop]
    if k == 1:
        return g[:, start:stop]
    return from_front(to_front(g, axis)[start:stop], axis)


def parts_along(g: Any, arrays: Any, axis: int) -> Any:
    """Cut g into parts like the arrays that were laid end to end; scalars and lower ranks took one place each."""
    parts = []
    start = 0
    for x in arrays:
        n = np.shape(x)[axis] if np.ndim(x) > normal_axis(axis, np.ndim(g)) else 1
        parts.append(part_like(cut(g, start, start + n, axis), x, np.ndim(g)))
        start = start + n
    return tuple(parts) if isinstance(arrays, tuple) else parts


def part_like(d: Any, x: Any, ndim: int) -> Any:
    """Return the part d of a gradient of so many axes in the form of x: an array, a number or nested lists."""
    if isinstance(x, (list, tuple)):
        return d if ndim == 1 else array_vjp(d if np.ndim(x) == ndim else np.reshape(d, np.shape(x)), x)
    return shaped_like(d if np.ndim(x) == ndim else np.reshape(d, np.shape(x)), x)


def flat_parts(g: Any, arrays: Any) -> Any:
    parts = []
    start = 0
    for x in arrays:
        parts.append(shaped_like(np.reshape(g[start : start + np.size(x)], np.shape(x)), x))
        start = start + np.size(x)
    return tuple(parts) if isinstance(arrays, tuple) else parts


def rows(g: Any, arrays: Any) -> Any:
    parts = []
    for i, x in enumerate(arrays):
        parts.append(row_gradient(g[i], x))
    return tuple(parts) if isinstance(arrays, tuple) else parts


def concatenate_vjp(g: Any, arrays: Any, axis: int | None) -> Any:
    if axis is None:
        return flat_parts(g, arrays)
    return parts_along(g, arrays, axis)


linear(
    np.concatenate,
    "arrays axis=0 * dtype=None",
    static=("axis", "dtype"),
    vjp=concatenate_vjp,
    infer=concatenated,
    samples=(
        sample((V, U)),
        sample([V, W, U]),
        sample((M, N)),
        sample((M, N[:2], M[:, :1]), axis=1),
        sample((M, N[:2]), axis=-1),
        sample((STACK, STACK[..., :2]), axis=-1),
        sample((V, M), axis=None),
    ),
)
linear(
    np.stack,
    "arrays axis=0",
    static=("axis",),
    vjp=lambda g, arrays, axis: rows(to_front(g, axis), arrays),
    infer=stacked,
    samples=(sample((V, W)), sample([V, W, V], axis=1), sample((M, M + 1.0), axis=-1), sample((1.0, 2.0))),
)


def hstack_vjp(g: Any, tup: Any) -> Any:
    if np.ndim(g) == 1:
        return parts_along(g, tup, 0)
    return parts_along(g, tup, 1)


def vstack_vjp(g: Any, tup: Any) -> Any:
    parts = []
    start = 0
    for x in tup:
        n = np.shape(x)[0] if np.ndim(x) > 1 else 1
        parts.append(part_like(g[start : start + n], x, np.ndim(g)))
        start = start + n
    return tuple(parts) if isinstance(tup, tuple) else parts


linear(np.hstack, "tup", vjp=hstack_vjp, infer=hstacked, samples=(sample((V, U)), sample([M, N[:2]]), sample((1.0, V))))
linear(np.vstack, "tup", vjp=vstack_vjp, infer=vstacked, samples=(sample((V, W)), sample([V, M]), sample((M, N))))
if (_row_stack := getattr(np, "row_stack", np.vstack)) is not np.vstack:  # an older name
    REGISTRY.add(REGISTRY.named("np.vstack"), _row_stack)
linear(
    np.column_stack,
    "tup",
    vjp=lambda g, tup: parts_along(g, tup, 1),
    infer=column_stacked,
    samples=(sample((V, W)), sample([V, N, W])),
)
linear(
    np.dstack,
    "tup",
    vjp=lambda g, tup: parts_along(g, tup, 2),
    infer=dstacked,
    samples=(sample((V, W)), sample([M, M + 1.0]), sample((STACK, STACK[..., :1]))),
)


# --- cuts -----------------------------------------------------------------------------------------


def pieces(ary: Operand, indices_or_sections: Operand, axis: Operand) -> Type:
    """Return the type of the list of parts."""
    t = ary.type
    if not isinstance(t, Array):
        raise TypeError("np.split needs an array")
    k = normalize_axes(known(axis), t.ndim)[0]
    where = known(indices_or_sections, "indices_or_sections")
    number = where if isinstance(where, int) else len(where) + 1
    return type_of_list(tuple(Array(t.dtype, (*t.dims[:k], fresh_dim(), *t.dims[k + 1 :])) for _ in range(number)))


def split_vjp(g: Any, ary: Any, axis: int) -> Any:
    return shaped_like(np.concatenate(g, axis=axis), ary)


for function in (np.split, np.array_split):
    linear(
        function,
        "ary indices_or_sections axis=0",
        static=("indices_or_sections", "axis"),
        memory="view",
        vjp=split_vjp,
        infer=pieces,
        samples=(sample(M, 2), sample(M, (1,), axis=1), sample(STACK, 2, axis=-1)),
    )


# --- arrays of numbers ----------------------------------------------------------------------------


def array_vjp(g: Any, object: Any) -> Any:
    """Give each item of a nested list or tuple its element of g."""
    if not isinstance(object, (list, tuple)):
        return g
    parts = []
    for i, row in enumerate(object):
        parts.append(row_gradient(g[i], row))
    return tuple(parts) if isinstance(object, tuple) else parts


def row_gradient(g: Any, row: Any) -> Any:
    if not isinstance(row, (list, tuple)):
        return g
    parts = []
    for i, cell in enumerate(row):
        parts.append(cell_gradient(g[i], cell))
    return tuple(parts) if isinstance(row, tuple) else parts


def cell_gradient(g: Any, cell: Any) -> Any:
    if not isinstance(cell, (list, tuple)):
        return g
    parts = []
    for i, _ in enumerate(cell):
        parts.append(g[i])
    return tuple(parts) if isinstance(cell, tuple) else parts


def made_array(a: Operand, dtype: Operand) -> Array | Shape:
    """Type the array of nested lists and tuples: its dtype is that of all their numbers together."""
    t = a.type
    dims = nested_dims(t, length_of(a))
    numbers = leaves_of(t)
    if not all(isinstance(n, (Bool, Int, Float, Complex, Scalar, Array)) for n in numbers):
        return Shape(dims)
    values = [representative(Array(n.dtype, ()) if isinstance(n, Array) else n) for n in numbers]
    return Array(dtype_name(np.array(values, dtype=known(dtype, "dtype")).dtype), dims)


def leaves_of(t: Type) -> tuple[Type, ...]:
    """Return the types of the numbers and arrays in nested lists and tuples, each once."""
    if isinstance(t, (Tuple, Record)):
        return tuple(dict.fromkeys(leaf for i in t.items for leaf in leaves_of(i)))
    return leaves_of(t.elem) if isinstance(t, List) else (t,)


def array_shape(object: Operand, dtype: Operand) -> Array | Shape:
    return made_array(object, dtype)


def nested_dims(t: Type, known: Known = None, depth: int = 0) -> tuple[Length, ...]:
    """Return the lengths of the array that NumPy makes of nested lists and tuples, as far as they are known."""
    if depth > 2 and isinstance(t, (Tuple, Record, List)):
        raise TypeError("lists nested deeper than three levels have no gradient rule")
    if isinstance(t, (Tuple, Record)) and t.items:
        inner = known if isinstance(known, tuple) else (None,) * len(t.items)
        return (len(t.items), *common([nested_dims(i, k, depth + 1) for i, k in zip(t.items, inner)]))
    if isinstance(t, List):
        if not isinstance(known, tuple) or not known:
            return (fresh_dim(), *nested_dims(t.elem, None, depth + 1))
        return (len(known), *nested_dims(t.elem, known[0], depth + 1))  # NumPy refuses rows of several lengths
    return array_dims(t)


NESTED = (
    sample(V),
    sample([1.0, 2.0, 0.5]),
    sample(((1.0, 2.0), (0.5, 3.0), (-1.0, 0.0))),
    sample([V, W]),
    sample([[1.0, V[0]], (V[1], 2.0)]),
    sample(2.0),
    sample([[V[0], 2.0 * V[1]], [0.5, V[2]]]),
    sample([[V[0], V[1]], [0.5, V[2]], [V[1], 1.5]]),
)

linear(np.array, "object dtype=None", static=("dtype",), vjp=array_vjp, infer=array_shape, samples=NESTED)


def asarray_shape(a: Operand, dtype: Operand) -> Array | Shape:
    return made_array(a, dtype)


linear(
    np.asarray,
    "a dtype=None",
    static=("dtype",),
    aliases=(np.asanyarray,),
    memory="maybe",
    vjp=lambda g, a: array_vjp(g, a),
    infer=asarray_shape,
    samples=NESTED,
)
linear(
    np.ascontiguousarray,
    "a dtype=None",
    static=("dtype",),
    memory="maybe",
    vjp=lambda g: g,
    infer=lambda a, dtype: Shape(array_dims(a.type) or (1,)),
    samples=(sample(V), sample(M.T), sample(2.0)),
)
linear(np.copy, "a", vjp=lambda g: g, infer=lambda a: Shape(array_dims(a.type)), samples=(sample(V), sample(M.T)))
