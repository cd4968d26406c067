"""Rules of functions that choose elements: by condition, by bounds, by position, by diagonal or triangle."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Array, Length, NoneT, Scalar, Tuple
from adgen.rules.axes import normal_axes, normal_axis, numbers, of_lengths, shaped_like, to_front
from adgen.rules.core import is_square, no_gradient
from adgen.rules.declare import OtherForm, formula, linear, query, rule, sample, static
from adgen.rules.typing import Shape, array_dims, broadcast_of, fresh_dim, known, normalize_axes

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)


NUMPY_2 = np.lib.NumpyVersion(np.__version__) >= "2.0.0"


# --- by condition ---------------------------------------------------------------------------------
# A masked branch contributes exactly 0, whatever g is there.

linear(
    np.where,
    "condition x y /",
    args=("x", "y"),
    flat=("condition",),
    vjp={
        "x": lambda g, condition: np.where(condition, g, 0.0),
        "y": lambda g, condition: np.where(condition, 0.0, g),
    },
    jvp={
        "x": lambda t, condition: np.where(condition, t, 0.0),
        "y": lambda t, condition: np.where(condition, 0.0, t),
    },
    infer=broadcast_of("condition", "x", "y"),
    samples=(
        sample(V > 0.4, V, 2.0 * V),
        sample(M > 0.0, M, 0.0, wrt=("x",)),
        sample(M[0] > 0.0, M, 1.5),
        sample(M > 0.4, 2.0, M[0]),
        sample(V, V * V, 1.0, wrt=("x",)),
    ),
)


def clip_a_vjp(g: Any, a: Any, a_min: Any, a_max: Any) -> Any:
    return np.where(unclipped(a, a_min, a_max), g, 0.0)


def clip_a_jvp(t: Any, a: Any, a_min: Any, a_max: Any) -> Any:
    return np.where(unclipped(a, a_min, a_max), t, 0.0)


def unclipped(a: Any, a_min: Any, a_max: Any) -> Any:
    """Return where clip lets a through; elements on a bound count as let through."""
    if a_min is None:
        return a <= a_max
    if a_max is None:
        return a >= a_min
    return np.logical_and(a >= a_min, a <= a_max)


def clip_min_vjp(g: Any, a: Any, a_min: Any, a_max: Any) -> Any:
    return np.where(raised(a, a_min, a_max), g, 0.0)


def clip_min_jvp(t: Any, a: Any, a_min: Any, a_max: Any) -> Any:
    return np.where(raised(a, a_min, a_max), t, 0.0)


def raised(a: Any, a_min: Any, a_max: Any) -> Any:
    """Return where clip gives the lower bound; crossed bounds give the upper one."""
    if a_max is None:
        return a < a_min
    return np.logical_and(a < a_min, a_min <= a_max)


def clip_max_vjp(g: Any, a: Any, a_min: Any, a_max: Any) -> Any:
    return np.where(lowered(a, a_min, a_max), g, 0.0)


def clip_max_jvp(t: Any, a: Any, a_min: Any, a_max: Any) -> Any:
    return np.where(lowered(a, a_min, a_max), t, 0.0)


def lowered(a: Any, a_min: Any, a_max: Any) -> Any:
    if a_min is None:
        return a > a_max
    return np.maximum(a, a_min) > a_max


def clipped_shape(a: Operand, a_min: Operand, a_max: Operand) -> Shape:
    if isinstance(a_min.type, NoneT) and isinstance(a_max.type, NoneT):
        raise OtherForm("np.clip without bounds")
    used = {name: o for name, o in (("a", a), ("a_min", a_min), ("a_max", a_max)) if not isinstance(o.type, NoneT)}
    answer: Shape = broadcast_of(*used)(**used)
    return answer


rule(
    np.clip,
    "a a_min a_max",
    vjp=(clip_a_vjp, clip_min_vjp, clip_max_vjp),
    jvp=(clip_a_jvp, clip_min_jvp, clip_max_jvp),
    infer=clipped_shape,
    samples=(
        sample(V, 0.0, 1.0),
        sample(M, None, 0.7, wrt=("a", "a_max")),
        sample(M, M[0] - 0.1, None, wrt=("a", "a_min")),
        sample(V, V[::-1], 1.7),
        sample(V, 1.0, 0.0),
    ),
)


@formula(
    np.clip,
    sample(V, a_min=0.0, a_max=1.0),
    *(
        (sample(V, min=0.0, max=1.0), sample(V, max=1.0), sample(M, min=M[0] - 0.1), sample(V, None, None))
        if NUMPY_2
        else ()
    ),
)
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low = a_min if min is None else min
    high = a_max if max is None else max
    if low is None and high is None:
        return np.array(a)
    return np.clip(a, low, high)


@static
def largest(dtype: Any) -> float:
    return float(np.finfo(dtype).max) if np.dtype(dtype).kind == "f" else no_gradient("np.nan_to_num of such numbers")


@formula(
    np.nan_to_num,
    sample(M),
    sample(0.7),
    sample(np.array([1.0, np.nan, np.inf, 2.0]), kink="values that are replaced"),
    sample(np.array([1.0, np.nan, -np.inf, 2.0]), True, 3.5, kink="values that are replaced"),
    sample(np.array([1.0, np.nan, np.inf, 2.0]), nan=3.5, posinf=7.5, kink="values that are replaced"),
)
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Where a value is replaced, nothing of the gradient comes through, whatever is behind it."""
    if not copy:
        no_gradient("np.nan_to_num in place (copy=False)")
    x = np.asarray(x)
    top = largest(x.dtype)
    high, low = top if posinf is None else posinf, -top if neginf is None else neginf
    instead = np.where(np.isnan(x), nan, np.where(x > 0.0, high, low)).astype(x.dtype)
    out = np.where(np.isfinite(x), x, instead)
    return out[()] if out.ndim == 0 else out


def select_vjp(g: Any, condlist: Any, choicelist: Any) -> Any:
    parts = []
    rest = g
    for c in condlist:
        parts.append(np.where(c, rest, 0.0))
        rest = np.where(c, 0.0, rest)
    return tuple(parts) if isinstance(choicelist, tuple) else parts


def select_default_vjp(g: Any, condlist: Any) -> Any:
    rest = g
    for c in condlist:
        rest = np.where(c, 0.0, rest)
    return rest


def select_shape(condlist: Operand, choicelist: Operand, default: Operand) -> Any:
    items = [*getattr(condlist.type, "items", ()), *getattr(choicelist.type, "items", ()), default.type]
    if not isinstance(condlist.type, Tuple) or not isinstance(choicelist.type, Tuple):
        raise OtherForm("np.select of lists")
    return broadcast_of(*map(str, range(len(items))))(**{str(k): Const(None, t) for k, t in enumerate(items)})


linear(
    np.select,
    "condlist choicelist default=0",
    args=("choicelist", "default"),
    vjp={"choicelist": select_vjp, "default": select_default_vjp},
    infer=select_shape,
    samples=(
        sample((V > 1.0, V > 0.0), (V, 2.0 * V), 3.0),
        sample((M > 1.0, M > -2.0), (M, M * M), wrt=("choicelist",)),
    ),
)


@formula(
    np.select,
    sample([V > 1.0, V > 0.0], [V, 2.0 * V], 3.0),
    sample([M > 1.0, M > -2.0], [M, M * M]),
    sample([V > 1.0, V > 0.0], [V, 2.0], default=0.5),
)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    out = np.where(condlist[-1], choicelist[-1], default)
    for condition, choice in zip(condlist[-2::-1], choicelist[-2::-1]):
        out = np.where(condition, choice, out)
    return out


query(np.flatnonzero, "a", infer=lambda a: None, samples=(sample(M > 0.0),))
query(np.argwhere, "a", infer=lambda a: Shape((fresh_dim(), len(array_dims(a.type)))), samples=(sample(M > 0.0),))


def positions(a: Operand) -> tuple[Shape, ...]:
    n = fresh_dim()
    return tuple(Shape((n,)) for _ in array_dims(a.type))


query(np.nonzero, "a", infer=positions, samples=(sample(M > 0.0),))


# --- by position ----------------------------------------------------------------------------------


@static
def before(axis: int, ndim: int) -> tuple[slice, ...]:
    """Return an index that takes all of the axes before `axis`."""
    return (slice(None),) * normal_axis(axis, ndim)


def take_vjp(g: Any, a: Any, indices: Any, axis: int | None) -> Any:
    if axis is None:
        flat = np.zeros(np.size(a), dtype=a.dtype)
        np.add.at(flat, indices, g)
        return shaped_like(np.reshape(flat, np.shape(a)), a)
    d = np.zeros_like(a)
    np.add.at(d, (*before(axis, a.ndim), indices), g)
    return d


def taken(a: Operand, indices: Operand, axis: Operand) -> Any:
    dims, picked = array_dims(a.type), array_dims(indices.type)
    if known(axis) is not None:
        k = normalize_axes(known(axis), len(dims))[0]
        picked = (*dims[:k], *picked, *dims[k + 1 :])
    if picked or not isinstance(a.type, Array):
        return of_lengths(a, picked)
    return Scalar(a.type.dtype)


linear(
    np.take,
    "a indices axis=None",
    static=("axis",),
    vjp=take_vjp,
    infer=taken,
    samples=(
        sample(V, np.array([0, 2, 2, -1])),
        sample(V * (1.0 + 0.5j), np.array([0, 2, 2, -1])),
        sample(V, 1),
        sample(M, np.array([[0, 5], [5, 1]])),
        sample(M, np.array([1, 1, 0]), axis=0),
        sample(STACK, np.array([[0, 1], [2, 2]]), axis=-2),
        sample(M, 1, axis=1),
    ),
)


@static
def only_axis(k: int, ndim: int) -> tuple[int, ...]:
    """Return a shape that lays a vector along one axis."""
    return tuple(-1 if j == k else 1 for j in range(ndim))


def take_along_axis_vjp(g: Any, arr: Any, indices: Any, axis: int) -> Any:
    place: tuple[Any, ...] = ()
    for k in numbers(arr.ndim):
        if k == normal_axis(axis, arr.ndim):
            place += (indices,)
        else:
            place += (np.reshape(np.arange(arr.shape[k]), only_axis(k, arr.ndim)),)
    d = np.zeros_like(arr)
    np.add.at(d, place, g)
    return d


def taken_along(arr: Operand, indices: Operand, axis: Operand) -> Any:
    a, i = array_dims(arr.type), array_dims(indices.type)
    if known(axis) is None:
        raise OtherForm("np.take_along_axis of the flattened array")
    k = normalize_axes(known(axis), len(a))[0]
    certain = [j == k or a[j] in (1, i[j]) for j in range(len(a))]
    return of_lengths(arr, tuple(n if sure else fresh_dim() for n, sure in zip(i, certain)))


linear(
    np.take_along_axis,
    "arr indices axis",
    static=("axis",),
    vjp=take_along_axis_vjp,
    infer=taken_along,
    samples=(
        sample(V, np.array([3, 0, 0, 1, 2]), 0),
        sample(M, np.array([[0, 2, 2], [1, 0, 0]]), axis=1),
        sample(STACK, np.argsort(STACK, axis=1)[:, :2], axis=1),
    ),
)


# --- diagonals and triangles ----------------------------------------------------------------------


def diagonal_vjp(g: Any, a: Any, offset: int, axis1: int, axis2: int) -> Any:
    if offset == 0 and is_square(a):
        return np.diag(g)
    n = a.shape[axis1]
    m = a.shape[axis2]
    front = to_front(g, -1)
    rest = front.shape[1:]
    start = offset if offset >= 0 else -offset * m
    flat = np.zeros((n * m, *rest), dtype=g.dtype)
    flat[start : start + g.shape[-1] * (m + 1) : m + 1] = front
    d = np.reshape(flat, (n, m, *rest))
    if normal_axes((axis1, axis2), a.ndim) == (0, 1):
        return shaped_like(d, a)
    return shaped_like(np.moveaxis(d, (0, 1), (axis1, axis2)), a)


def diagonal_shape(a: Operand, offset: Operand, axis1: Operand, axis2: Operand) -> Shape:
    dims = array_dims(a.type)
    i, j = normalize_axes((known(axis1), known(axis2)), len(dims))
    rest = tuple(n for k, n in enumerate(dims) if k not in (i, j))
    square = dims[i] == dims[j] and known(offset, "offset") == 0
    return Shape((*rest, dims[i] if square else fresh_dim()))


linear(
    np.diagonal,
    "a offset=0 axis1=0 axis2=1",
    static=("offset", "axis1", "axis2"),
    memory="view",
    vjp=diagonal_vjp,
    infer=diagonal_shape,
    samples=(
        sample(M),
        sample(M, 1),
        sample(M, -1),
        sample(M, 1, 1, 0),
        sample(STACK, axis1=1, axis2=2),
        sample(STACK, 1, axis1=-1, axis2=0),
    ),
)


def diag_vjp(g: Any, v: Any, k: int) -> Any:
    if v.ndim == 1:
        return shaped_like(np.diagonal(g, k), v)
    return diagonal_vjp(g, v, k, 0, 1)


def diag_shape(v: Operand, k: Operand) -> Shape:
    dims = array_dims(v.type)
    shift = known(k, "k")
    if len(dims) == 2:
        return Shape((dims[0] if dims[0] == dims[1] and shift == 0 else fresh_dim(),))
    n: Length = dims[0] if shift == 0 else dims[0] + abs(shift) if isinstance(dims[0], int) else fresh_dim()
    return Shape((n, n))


linear(
    np.diag,
    "v k=0",
    static=("k",),
    memory="maybe",
    vjp=diag_vjp,
    infer=diag_shape,
    samples=(sample(V), sample(V, 1), sample(V, -2), sample(M), sample(M, 1), sample(M, k=-1)),
)

linear(
    np.tril,
    "m k=0",
    vjp=lambda g, k: np.tril(g, k),
    infer=lambda m, k: triangle_shape(m),
    samples=(sample(M), sample(M, 1), sample(STACK, -1)),
)
linear(
    np.triu,
    "m k=0",
    vjp=lambda g, k: np.triu(g, k),
    infer=lambda m, k: triangle_shape(m),
    samples=(sample(M), sample(M, 1), sample(STACK, -1)),
)


def triangle_shape(m: Operand) -> Shape:
    """Return the lengths of a triangle of m; that of a vector is a square matrix, which has no gradient rule."""
    dims = array_dims(m.type)
    if len(dims) < 2:
        raise OtherForm("the triangle of a vector")
    return Shape(dims)
