"""Functions that cut, join and choose parts of arrays: formulas over take, concatenate and where, and rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.ir.types import List, Record, Tuple
from adgen.rules.axes import from_front, normal_axis, numbers, of_lengths, shaped_like, to_front
from adgen.rules.core import no_gradient
from adgen.rules.declare import fact, formula, linear, sample, static
from adgen.rules.selection import NUMPY_2
from adgen.rules.series import as_tuple
from adgen.rules.shapes import like
from adgen.rules.typing import array_dims, fresh_dim, known

V = np.array([0.5, -1.2, 2.0, 0.3])
W = np.array([1.5, 0.7, -0.4, 2.2])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
N = np.linspace(-1.0, 1.5, 6).reshape(2, 3) ** 2
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)


# --- cuts -----------------------------------------------------------------------------------------


@formula(np.hsplit, sample(M, 3), sample(V, 2), sample(M, (1,)))
def hsplit(ary: Any, indices_or_sections: Any) -> Any:
    return np.split(ary, indices_or_sections, axis=1 if np.ndim(ary) > 1 else 0)


@formula(np.vsplit, sample(M, 2), sample(STACK, (1,)))
def vsplit(ary: Any, indices_or_sections: Any) -> Any:
    return np.split(ary, indices_or_sections, axis=0)


@formula(np.dsplit, sample(STACK, 2), sample(STACK, (1, 3)))
def dsplit(ary: Any, indices_or_sections: Any) -> Any:
    return np.split(ary, indices_or_sections, axis=2)


# --- axes -----------------------------------------------------------------------------------------


@static
def rolled_place(axis: int, start: int, ndim: int) -> int:
    k, place = normal_axis(axis, ndim), start + ndim if start < 0 else start
    return place - 1 if k < place else place


@formula(np.rollaxis, sample(STACK, 2), sample(STACK, 1, 3), sample(STACK, axis=-1, start=1), sample(STACK, 0, 2))
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    return np.moveaxis(a, axis, rolled_place(axis, start, np.ndim(a)))


@formula(np.atleast_1d, sample(0.5, V), sample(M, V))
def atleast_1d(*arys: Any) -> Any:
    parts: tuple[Any, ...] = ()
    for x in arys:
        parts += (np.atleast_1d(x),)
    return parts if as_tuple() else list(parts)


@formula(np.atleast_2d, sample(0.5, V), sample(M, V))
def atleast_2d(*arys: Any) -> Any:
    parts: tuple[Any, ...] = ()
    for x in arys:
        parts += (np.atleast_2d(x),)
    return parts if as_tuple() else list(parts)


@static
def missing_axes(ndim: int) -> tuple[int, ...]:
    """Return the axes that `np.atleast_3d` adds."""
    return {0: (0, 1, 2), 1: (0, 2), 2: (2,)}.get(ndim, ())


def raised_to_3d(x: Any) -> Any:
    x = np.asanyarray(x)
    return x if x.ndim > 2 else np.expand_dims(x, missing_axes(x.ndim))


@formula(np.atleast_3d, sample(np.array(0.5)), sample(V), sample(M), sample(STACK), sample(V, M))
def atleast_3d(*arys: Any) -> Any:
    if len(arys) == 1:
        return raised_to_3d(arys[0])
    parts: tuple[Any, ...] = ()
    for x in arys:
        parts += (raised_to_3d(x),)
    return parts if as_tuple() else list(parts)


if NUMPY_2:

    @formula(np.matrix_transpose, sample(M), sample(STACK))
    def matrix_transpose(x: Any, /) -> Any:
        return np.swapaxes(x, -1, -2)


# --- joins ----------------------------------------------------------------------------------------


@static
def greater(m: int, n: int) -> int:
    return max(m, n)


def ranks_in(x: Any) -> int:
    """Return the highest number of axes in nested lists, of operands or their types."""
    t = getattr(x, "type", x)
    if isinstance(t, (Tuple, Record)):
        return max(map(ranks_in, t.items), default=0)
    if isinstance(t, List):
        return ranks_in(t.elem)
    return len(array_dims(t))


@fact(ranks_in)
def highest_rank(x: Any) -> int:
    return max(map(highest_rank, x), default=0) if isinstance(x, list) else int(np.ndim(x))


def deepest(parts: Any) -> Any:
    """Return how many levels of lists there are, at most three."""
    if isinstance(parts, tuple):
        no_gradient("np.block of a tuple, which NumPy refuses,")
    if not isinstance(parts, list):
        return 0
    if not isinstance(parts[0], list):
        return 1
    if not isinstance(parts[0][0], list):
        return 2
    return no_gradient("np.block of lists nested deeper than 3") if isinstance(parts[0][0][0], list) else 3


def with_axes(x: Any, ndim: int) -> Any:
    x = np.array(x)
    return x if x.ndim >= ndim else np.expand_dims(x, numbers(ndim - x.ndim))


def joined_1(parts: Any, ndim: int) -> Any:
    return np.concatenate([with_axes(x, ndim) for x in parts], axis=-1)


def joined_2(parts: Any, ndim: int) -> Any:
    return np.concatenate([with_axes(joined_1(x, ndim), ndim) for x in parts], axis=-2)


def joined_3(parts: Any, ndim: int) -> Any:
    return np.concatenate([with_axes(joined_2(x, ndim), ndim) for x in parts], axis=-3)


@formula(
    np.block,
    sample([[M, N], [N, M]]),
    sample([V, W]),
    sample([[M[:1]], [N]]),
    sample([[0.5, 1.5], [2.0, -1.0]]),
    sample([[[M], [N]], [[N], [M]]]),
    sample([V, 0.5]),
    sample(V),
)
def block(arrays: Any) -> Any:
    depth = deepest(arrays)
    if depth == 0:
        return np.array(arrays)
    ndim = greater(depth, highest_rank(arrays))
    if depth == 1:
        return joined_1(arrays, ndim)
    return joined_2(arrays, ndim) if depth == 2 else joined_3(arrays, ndim)


# --- insertions, deletions, repeats ---------------------------------------------------------------
# Where each element comes from is found by the function itself, on the positions.


def source(out: Any, arr: Any, obj: Any, axis: int) -> Any:
    """Return for each place of np.insert's result its number: those of the array, then those of the values."""
    n, k = arr.shape[axis], out.shape[axis] - arr.shape[axis]
    return np.argsort(np.insert(np.arange(n), obj, np.arange(n, n + k)))


def insert_arr_vjp(g: Any, arr: Any, obj: Any, axis: int | None) -> Any:
    if axis is None:
        flat = np.ravel(arr)
        return like(g[source(g, flat, obj, 0)[: flat.shape[0]]], arr)
    return shaped_like(np.take(g, source(g, arr, obj, axis)[: arr.shape[axis]], axis=axis), arr)


def insert_values_vjp(g: Any, arr: Any, obj: Any, axis: int | None) -> Any:
    if axis is None:
        flat = np.ravel(arr)
        return g[source(g, flat, obj, 0)[flat.shape[0] :]]
    d = np.take(g, source(g, arr, obj, axis)[arr.shape[axis] :], axis=axis)
    return np.moveaxis(d, axis, 0) if np.ndim(obj) == 0 else d


def other_length(arr: Operand, axis: Operand) -> Any:
    """The lengths of an array that has got longer or shorter along an axis, or has become a vector."""
    dims, k = array_dims(arr.type), known(axis)
    if k is None or not dims:
        return of_lengths(arr, (fresh_dim(),))
    at = normal_axis(k, len(dims))
    return of_lengths(arr, (*dims[:at], fresh_dim(), *dims[at + 1 :]))


linear(
    np.insert,
    "arr obj values axis=None",
    args=("arr", "values"),
    static=("axis",),
    vjp={"arr": insert_arr_vjp, "values": insert_values_vjp},
    infer=lambda arr, obj, values, axis: other_length(arr, axis),
    samples=(
        sample(V, 1, 0.5),
        sample(V, 1, W[:3]),
        sample(V, -1, 0.5),
        sample(V, np.array([3, 1]), W[:2]),
        sample(V, np.array([1, 1]), W[:2]),
        sample(V, np.array([0, 4]), 0.5),
        sample(M, 2, 0.5),
        sample(M, 1, V[:3], axis=0),
        sample(M, 1, V[:2], axis=1),
        sample(M, 1, 0.5, axis=1),
        sample(M, np.array([0, 2]), N[:, :2], axis=1),
        sample(M, np.array([0, 2]), V[:2], axis=-1),
    ),
)


def delete_vjp(g: Any, arr: Any, obj: Any, axis: int | None) -> Any:
    if axis is None:
        d = np.zeros(np.size(arr), dtype=g.dtype)
        d[np.delete(np.arange(np.size(arr)), obj)] = g
        return like(d, arr)
    kept = np.delete(np.arange(arr.shape[axis]), obj)
    d = np.zeros_like(to_front(arr, axis))
    d[kept] = to_front(g, axis)
    return shaped_like(from_front(d, axis), arr)


linear(
    np.delete,
    "arr obj axis=None",
    args=("arr",),
    static=("axis",),
    vjp=delete_vjp,
    infer=lambda arr, obj, axis: other_length(arr, axis),
    samples=(
        sample(V, 1),
        sample(V, -1),
        sample(V, np.array([0, 2, 2])),
        sample(V, np.array([True, False, True, False])),
        sample(M, 4),
        sample(M, 1, axis=0),
        sample(M, np.array([0, 2]), axis=-1),
    ),
)


@static
def element_count(shape: Any) -> int:
    return int(np.prod(shape))


@formula(np.resize, sample(V, 6), sample(V, (2, 3)), sample(M, (2, 2)), sample(M, 8))
def resize(a: Any, new_shape: Any) -> Any:
    flat = np.ravel(a)
    return np.reshape(np.take(flat, np.arange(element_count(new_shape)) % flat.shape[0]), new_shape)


@formula(
    np.trim_zeros,
    sample(np.array([0.0, 1.0, 2.0, 0.0]), kink="zeros"),
    sample(np.array([0.0, 1.0, 0.5]), "f", kink="a zero"),
)
def trim_zeros(filt: Any, trim: str = "fb") -> Any:
    at_front, at_back = has_letter(trim, "f"), has_letter(trim, "b")
    places = np.nonzero(filt)[0]
    if np.size(places) == 0:
        return filt[:0]
    start = places[0] if at_front else 0
    stop = places[-1] + 1 if at_back else np.size(filt)
    return filt[start:stop]


@static
def has_letter(text: str, letter: str) -> bool:
    return letter in text.lower()


# --- choices --------------------------------------------------------------------------------------


@static
def known_mode(mode: str) -> str:
    if mode not in ("raise", "wrap", "clip"):
        raise TypeError(f"mode={mode!r} is not 'raise', 'wrap' or 'clip'")
    return mode


def within(indices: Any, n: Any, mode: str) -> Any:
    """Return indices as a mode brings them into range."""
    if known_mode(mode) == "wrap":
        return np.remainder(indices, n)
    return np.clip(indices, 0, n - 1) if mode == "clip" else indices


@formula(
    np.take,
    sample(V, np.array([5, -6, 2]), mode="wrap"),
    sample(V, np.array([5, -6, 2]), mode="clip"),
    sample(M, np.array([4, 1]), axis=1, mode="wrap"),
    sample(M, np.array([1, 1]), axis=0, mode="raise"),
    sample(M, 7, mode="clip"),
)
def take(a: Any, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Any:
    n = np.size(a) if axis is None else np.shape(a)[axis]
    return np.take(a, within(np.asarray(indices), n, mode), axis=axis)


@formula(np.take_along_axis, sample(M, np.array([0, 5, 2]), None))
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        return np.take_along_axis(np.ravel(arr), indices, 0)
    return np.take_along_axis(arr, indices, axis)


@formula(
    np.choose,
    sample(np.array([0, 1, 0, 1]), (V, W)),
    sample(np.array([0, 1, 2, 1]), [V, W, 0.5]),
    sample(np.array([3, 1, -1, 0]), [V, W], mode="wrap"),
    sample(np.array([3, 1, -1, 0]), [V, W], mode="clip"),
    sample(np.array([[0], [1]]), (V, W)),
    sample(1, (V, W)),
)
def choose(a: Any, choices: Any, *, mode: str = "raise") -> Any:
    a = within(np.asarray(a), len(choices), mode)
    if np.any(np.logical_or(a < 0, a >= len(choices))):
        raise ValueError("invalid entry in choice array")
    out = np.where(a == 0, choices[0], choices[0])
    for k, x in enumerate(choices[1:], 1):
        out = np.where(a == k, x, out)
    return out


@formula(
    np.compress,
    sample(np.array([True, False, True, True]), V),
    sample([True, False], M, axis=0),
    sample([False, True, True], M, axis=1),
    sample([True, False, True, True], M),
)
def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    return np.take(a, np.nonzero(np.asarray(condition))[0], axis=axis)


@formula(np.extract, sample(V > 0.4, V), sample(M > 0.0, M))
def extract(condition: Any, arr: Any) -> Any:
    return np.take(np.ravel(arr), np.nonzero(np.ravel(condition))[0])


# --- diagonals and triangles ----------------------------------------------------------------------


@formula(np.diagflat, sample(V), sample(M, 1), sample(V, k=-2))
def diagflat(v: Any, k: int = 0) -> Any:
    return np.diag(np.ravel(v), k)


@formula(np.tril, sample(V), sample(V, -1))
def tril(m: Any, k: int = 0) -> Any:
    """The triangle of a vector: each row of a square is the vector."""
    m = np.asarray(m)
    return np.where(np.tri(m.shape[0], k=k) == 1.0, m, 0.0)


@formula(np.triu, sample(V), sample(V, 1))
def triu(m: Any, k: int = 0) -> Any:
    m = np.asarray(m)
    return np.where(np.tri(m.shape[0], k=k - 1) == 1.0, 0.0, m)
