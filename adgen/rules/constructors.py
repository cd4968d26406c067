"""Rules of functions that make arrays: constants, ranges, grids. Fill values and ends of ranges are differentiable."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Dim, Length, NoneT
from adgen.rules.axes import numbers
from adgen.rules.declare import constructor, linear, nondifferentiable, rule, sample, static
from adgen.rules.lengths import length_of
from adgen.rules.shapes import shape_from
from adgen.rules.typing import Shape, array_dims, fresh_dim, known, same_as

V = np.array([0.5, -1.2, 2.0])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])


def length(n: Operand) -> Length:
    """Return the length that an integer argument gives."""
    known = length_of(n)
    return fresh_dim() if known is None or isinstance(known, tuple) else known


# --- constants ------------------------------------------------------------------------------------

SIZES = (sample(3), sample((2, 3), dtype="float32"))


def made_shape(shape: Operand, dtype: Operand, order: Operand) -> Shape | None:
    return shape_from(shape)


def like_shape(a: Operand, dtype: Operand, order: Operand, subok: Operand, shape: Operand) -> Shape | None:
    return same_as("a")(a=a) if isinstance(shape.type, NoneT) else shape_from(shape)


FILLED: dict[str, Any] = {"static": ("dtype", "order"), "infer": made_shape}
constructor(np.zeros, "shape dtype=None order='C'", samples=SIZES, **FILLED)
constructor(np.ones, "shape dtype=None order='C'", samples=SIZES, **FILLED)
constructor(np.empty, "shape dtype=None order='C'", samples=(sample(0),), **FILLED)
nondifferentiable(
    np.zeros_like,
    np.ones_like,
    params="a dtype=None order='K' subok=True shape=None",
    static=("dtype", "order", "subok"),
    infer=like_shape,
    samples=(sample(M), sample(2.0), sample(M, shape=(3,))),
)
nondifferentiable(
    np.empty_like,
    params="a dtype=None order='K' subok=True shape=None",
    static=("dtype", "order", "subok"),
    infer=like_shape,
    samples=(sample(M[:0]),),
)

linear(
    np.full,
    "shape fill_value dtype=None",
    args=("fill_value",),
    static=("dtype",),
    vjp={"fill_value": lambda g: g},  # the driver sums to the operand's shape
    jvp={"fill_value": lambda t, out: np.full(np.shape(out), t)},
    infer=lambda shape, fill_value, dtype: shape_from(shape),
    samples=(sample(3, 2.0), sample((2, 3), V), sample((2, 3), 1.5)),
)
linear(
    np.full_like,
    "a fill_value dtype=None",
    args=("fill_value",),
    static=("dtype",),
    vjp={"fill_value": lambda g: g},
    jvp={"fill_value": lambda t, out: np.full_like(out, t)},
    infer=same_as("a"),
    samples=(sample(V, 2.0), sample(M, V)),
)


def eye_shape(N: Operand, M: Operand, k: Operand, dtype: Operand) -> Shape:
    n = length(N)
    return Shape((n, n if isinstance(M, Const) and M.value is None else length(M)))


constructor(
    np.eye, "N M=None k=0 dtype=None", static=("dtype",), infer=eye_shape, samples=(sample(3), sample(2, 4, k=1))
)
constructor(
    np.tri, "N M=None k=0 dtype=None", static=("dtype",), infer=eye_shape, samples=(sample(3), sample(2, 4, k=1))
)


def identity_shape(n: Operand, dtype: Operand) -> Shape:
    side = length(n)
    return Shape((side, side))


constructor(np.identity, "n dtype=None", static=("dtype",), infer=identity_shape, samples=(sample(3),))
constructor(
    np.indices,
    "dimensions dtype=None",
    static=("dtype",),
    samples=(sample((2, 3)),),
)


# --- ranges ---------------------------------------------------------------------------------------


def arange_start_vjp(g: Any, stop: Any) -> Any:
    if stop is None:
        return 0.0
    return np.sum(g)


def arange_start_jvp(t: Any, out: Any, stop: Any) -> Any:
    if stop is None:
        return np.zeros_like(out)
    return np.full_like(out, t)


def arange_step_vjp(g: Any) -> Any:
    return g @ np.arange(np.size(g))


def arange_step_jvp(t: Any, out: Any) -> Any:
    return t * np.arange(np.size(out))


def range_shape(start: Operand, stop: Operand, step: Operand, dtype: Operand) -> Shape:
    values = [o.value for o in (start, stop, step) if isinstance(o, Const)]
    if len(values) == 3 and all(v is None or isinstance(v, int) for v in values):
        return Shape((len(np.arange(values[0], values[1], values[2])),))
    counted = length_of(start) if isinstance(stop.type, NoneT) and isinstance(step.type, NoneT) else None
    return Shape((counted if isinstance(counted, (int, Dim)) else fresh_dim(),))


rule(
    np.arange,
    "start stop=None step=None / dtype=None",
    static=("dtype",),
    vjp={"start": arange_start_vjp, "stop": lambda g: 0.0, "step": arange_step_vjp},
    jvp={"start": arange_start_jvp, "stop": lambda t, out: np.zeros_like(out), "step": arange_step_jvp},
    infer=range_shape,
    samples=(sample(4.5, wrt=("start",)), sample(0.5, 3.2, 0.5), sample(0.25, 4.0, wrt=("start",)), sample(2, 8, 3)),
)


@static
def behind_first(ndim: int) -> tuple[int, ...]:
    return tuple(range(1, ndim))


def fractions(out: Any, num: Any, endpoint: bool) -> Any:
    """Return how far each point is from start to stop, along the first axis."""
    return np.expand_dims(np.linspace(0.0, 1.0, num, endpoint=endpoint), behind_first(np.ndim(out)))


def linspace_shape(start: Operand, stop: Operand, num: Operand, endpoint: Operand, dtype: Operand) -> Shape | None:
    if array_dims(start.type) or array_dims(stop.type):
        return None
    return Shape((length(num),))


linear(
    np.linspace,
    "start stop num=50 endpoint=True * dtype=None",
    args=("start", "stop"),
    static=("endpoint", "dtype"),
    vjp=(
        lambda g, out, num, endpoint: np.sum(g * (1.0 - fractions(out, num, endpoint)), axis=0),
        lambda g, out, num, endpoint: np.sum(g * fractions(out, num, endpoint), axis=0),
    ),
    jvp=(
        lambda t, out, num, endpoint: t * (1.0 - fractions(out, num, endpoint)),
        lambda t, out, num, endpoint: t * fractions(out, num, endpoint),
    ),
    infer=linspace_shape,
    samples=(sample(0.5, 2.0, 5), sample(0.5, 2.0, 4, endpoint=False), sample(V, 2.0, 3), sample(1.0, 2.0, 1)),
)


# --- grids ----------------------------------------------------------------------------------------


@static
def axes_but(k: int, n: int, indexing: str) -> tuple[int, ...]:
    """Return the axes of a grid that its k-th input does not lie along."""
    mine = 1 - k if indexing == "xy" and k < 2 and n > 1 else k
    return tuple(j for j in range(n) if j != mine)


def meshgrid_vjp(g: Any, xi: Any, indexing: str) -> Any:
    parts: tuple[Any, ...] = ()
    for k in numbers(len(xi)):
        parts += (np.reshape(np.sum(g[k], axis=axes_but(k, len(xi), indexing)), np.shape(xi[k])),)
    return parts


def meshgrid_shape(indexing: Operand, xi: tuple[Operand, ...]) -> tuple[Shape, ...]:
    dims = [(array_dims(x.type) or (1,))[0] for x in xi]
    if known(indexing, "indexing") == "xy" and len(dims) > 1:
        dims[:2] = dims[1::-1]
    return (Shape(tuple(dims)),) * len(xi)


linear(
    np.meshgrid,
    "*xi indexing='xy'",
    args=("xi",),
    static=("indexing",),
    vjp=meshgrid_vjp,
    infer=meshgrid_shape,
    samples=(sample(V, M[0]), sample(V, M[0, :2], indexing="ij"), sample(V, M[1], V[:2])),
)
