"""The rule of `np.linalg.norm`, of vectors and matrices. Every norm has the gradient 0 at 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import Axis, conjugate, keep, nonzero, normal_axes, real_part
from adgen.rules.declare import rule, sample, static
from adgen.rules.typing import Shape, array_dims, known, reduce_dims

V = np.array([0.5, -1.2, 2.0])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
STACK = np.linspace(-1.0, 2.0, 18).reshape(2, 3, 3)


@static
def norm_kind(order: Any, axis: Axis, ndim: int) -> str:
    """Return which norm: "2" (or Frobenius), "1", "inf", "p" of vectors; "columns" or "rows" of a matrix."""
    axes = normal_axes(axis, ndim)
    if order is None or (order == "fro" and len(axes) == 2) or (order == 2 and len(axes) == 1):
        return "2"
    if len(axes) == 1 and order in (1, np.inf):
        return "1" if order == 1 else "inf"
    if len(axes) == 1 and isinstance(order, (int, float)) and 1 < order < np.inf:
        return "p"
    if ndim == 2 and len(axes) == 2 and order in (1, np.inf):
        return "columns" if order == 1 else "rows"
    raise TypeError(f"np.linalg.norm has no gradient rule for ord={order!r} over {len(axes)} axes")


def direction(x: Any) -> Any:
    """Return `x / abs(x)`, 0 at 0: the conjugate of the derivative of abs."""
    return conjugate(x) / nonzero(np.abs(x))


def most(size: Any, axis: Axis) -> Any:
    """Return 1 at the largest elements, shared equally among ties."""
    hit = np.logical_not(size < np.max(size, axis=axis, keepdims=True))
    return hit / np.sum(hit, axis=axis, keepdims=True)


def norm_slope(out: Any, x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    """Return the derivative by the elements; it is 0 where the norm is 0."""
    kind = norm_kind(ord, axis, x.ndim)
    if kind == "2":
        return conjugate(x) / nonzero(keep(out, axis, keepdims))
    if kind == "1":
        return direction(x)
    if kind == "p":
        return direction(x) * (np.abs(x) / nonzero(keep(out, axis, keepdims))) ** (ord - 1)
    if kind == "inf":
        return direction(x) * most(np.abs(x), axis)
    if kind == "columns":
        return direction(x) * most(np.sum(np.abs(x), axis=0, keepdims=True), 1)
    return direction(x) * most(np.sum(np.abs(x), axis=1, keepdims=True), 0)


def norm_vjp(g: Any, out: Any, x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    return keep(g, axis, keepdims) * norm_slope(out, x, ord, axis, keepdims)


def norm_jvp(t: Any, out: Any, x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    return real_part(np.sum(t * norm_slope(out, x, ord, axis, keepdims), axis=axis, keepdims=keepdims), x)


rule(
    np.linalg.norm,
    "x ord=None axis=None keepdims=False",
    static=("ord", "axis", "keepdims"),
    vjp=norm_vjp,
    jvp=norm_jvp,
    infer=lambda x, ord, axis, keepdims: Shape(
        reduce_dims(array_dims(x.type), known(axis, "axis"), known(keepdims, "keepdims"))
    ),
    samples=(
        sample(V),
        sample(M),
        sample(V, 1),
        sample(V, np.inf),
        sample(V, 3),
        sample(V, 2, keepdims=True),
        sample(V, 2.5),
        sample(M, axis=0),
        sample(M, "fro"),
        sample(M, 1),
        sample(M, np.inf, keepdims=True),
        sample(M, 1, axis=-1, keepdims=True),
        sample(M, np.inf, axis=0),
        sample(STACK, axis=(0, -1)),
        sample(STACK, "fro", axis=(1, 2), keepdims=True),
        sample(V + 1j * V[::-1]),
        sample(np.zeros(3), kink="a norm at 0", second=False),
        sample(np.array([1.0, -1.0]), np.inf, kink="two largest", second=False),
    ),
)
