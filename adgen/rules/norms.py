"""The rules of norms of vectors and matrices. Every norm has the gradient 0 at 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import Axis, conjugate, keep, nonzero, normal_axes, real_part
from adgen.rules.declare import rule, sample, static
from adgen.rules.typing import Shape, array_dims, known, reduce_dims

V = np.array([0.5, -1.2, 2.0])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
STACK = np.linspace(-1.0, 2.0, 18).reshape(2, 3, 3) ** 2 - 0.7
Z = V + 1j * V[::-1]

MATRIX = {1: "sums", -1: "sums", np.inf: "sums", -np.inf: "sums", 2: "values", -2: "values", "nuc": "values"}


@static
def norm_kind(order: Any, axis: Axis, ndim: int) -> str:
    """Return which norm: "2" (or Frobenius); "1", "0", "p", "max", "min" of vectors; "sums", "values" of matrices."""
    axes = normal_axes(axis, ndim)
    if order is None or (order == "fro" and len(axes) == 2):
        return "2"
    if len(axes) == 1 and isinstance(order, (int, float)):
        return vector_kind(order)
    if len(axes) == 2 and order in MATRIX:
        return MATRIX[order]
    raise TypeError(f"np.linalg.norm has no gradient rule for ord={order!r} over {len(axes)} axes")


@static
def vector_kind(order: Any) -> str:
    names = {0: "0", 1: "1", 2: "2", np.inf: "max", -np.inf: "min"}
    if not isinstance(order, (int, float)):
        raise TypeError(f"the norm of a vector has no gradient rule for ord={order!r}")
    return names.get(order, "p")


def direction(x: Any) -> Any:
    """Return `x / abs(x)`, 0 at 0: the conjugate of the derivative of abs."""
    return conjugate(x) / nonzero(np.abs(x))


def most(size: Any, largest: Any, axis: Axis) -> Any:
    """Return 1 at the largest elements, shared equally among ties."""
    hit = np.logical_not(size < largest)
    return hit / np.sum(hit, axis=axis, keepdims=True)


def least(size: Any, smallest: Any, axis: Axis) -> Any:
    """Return 1 at the smallest elements, shared equally among ties."""
    hit = np.logical_not(size > smallest)
    return hit / np.sum(hit, axis=axis, keepdims=True)


def chosen(size: Any, order: Any, axis: Axis) -> Any:
    """Return the share that each of some sums or singular values has in the largest one; in the smallest, order < 0."""
    if order > 0:
        return most(size, np.max(size, axis=axis, keepdims=True, initial=0.0), axis)
    return least(size, np.min(size, axis=axis, keepdims=True), axis)


def vector_slope(kind: str, out: Any, x: Any, order: Any, axis: Axis) -> Any:
    """Return the derivative of a vector's norm by its elements; `out` has the reduced axes, of length 1."""
    if kind == "2":
        return conjugate(x) / nonzero(out)
    if kind == "1":
        return direction(x)
    if kind == "0":
        return np.zeros_like(x)
    if kind == "max":
        return direction(x) * most(np.abs(x), out, axis)
    if kind == "min":
        return direction(x) * least(np.abs(x), out, axis)
    return direction(x) * (np.abs(x) / nonzero(out)) ** (order - 1)


@static
def row_and_column(axis: Axis, ndim: int) -> tuple[int, ...]:
    return normal_axes(axis, ndim)


def matrix_slope(kind: str, x: Any, order: Any, axis: Axis) -> Any:
    """Return the derivative of a norm that is made of sums of rows or columns, or of singular values."""
    row, column = row_and_column(axis, x.ndim)
    if kind == "sums":
        inner, outer = (row, column) if order in (1, -1) else (column, row)
        sums = np.sum(np.abs(x), axis=inner, keepdims=True)
        return direction(x) * chosen(sums, order, outer)
    u, s, vh = np.linalg.svd(np.moveaxis(x, (row, column), (-2, -1)), full_matrices=False)
    if order == "nuc":
        share = 1.0 * (s > 0.0)
    else:
        share = chosen(s, order, -1)
    return np.moveaxis(conjugate((u * np.expand_dims(share, -2)) @ vh), (-2, -1), (row, column))


def norm_slope(out: Any, x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    """Return the derivative by the elements; it is 0 where the norm is 0."""
    kind = norm_kind(ord, axis, x.ndim)
    if kind in ("sums", "values"):
        return matrix_slope(kind, x, ord, whole(axis))
    return vector_slope(kind, keep(out, axis, keepdims), x, ord, axis)


@static
def whole(axis: Axis) -> Axis:
    return (0, 1) if axis is None else axis


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
        sample(V, 0.5),
        sample(V, -1.5),
        sample(V, -np.inf),
        sample(V, 0),
        sample(M, axis=0),
        sample(M, "fro"),
        sample(M, 1),
        sample(M, -1),
        sample(M, np.inf, keepdims=True),
        sample(M, -np.inf),
        sample(M, 1, axis=-1, keepdims=True),
        sample(M, np.inf, axis=0),
        sample(M, 2),
        sample(M, -2, axis=(1, 0)),
        sample(M, "nuc", keepdims=True),
        sample(STACK, axis=(0, -1)),
        sample(STACK, "fro", axis=(1, 2), keepdims=True),
        sample(STACK, "nuc", axis=(2, 0)),
        sample(STACK, 2, axis=(0, 2), keepdims=True),
        sample(STACK, 1, axis=(-1, 0)),
        sample(Z),
        sample(Z, 3),
        sample(np.outer(Z, Z + 1.0) + np.eye(3), 2, second=False),
        sample(np.outer(Z, Z + 1.0) + np.eye(3), "nuc", second=False),
        sample(np.zeros(3), kink="a norm at 0", second=False),
        sample(np.array([1.0, -1.0]), np.inf, kink="two largest", second=False),
    ),
)


def vector_norm_slope(out: Any, x: Any, axis: Axis, keepdims: bool, ord: Any) -> Any:
    return vector_slope(vector_kind(ord), keep(out, axis, keepdims), x, ord, axis)


def vector_norm_jvp(t: Any, out: Any, x: Any, axis: Axis, keepdims: bool, ord: Any) -> Any:
    change = t * vector_norm_slope(out, x, axis, keepdims, ord)
    return real_part(np.sum(change, axis=axis, keepdims=keepdims), x)


LAST = (-2, -1)

if hasattr(np.linalg, "vector_norm"):  # NumPy 2
    rule(
        np.linalg.vector_norm,
        "x / * axis=None keepdims=False ord=2",
        static=("axis", "keepdims", "ord"),
        vjp=lambda g, out, x, axis, keepdims, ord: (
            keep(g, axis, keepdims) * vector_norm_slope(out, x, axis, keepdims, ord)
        ),
        jvp=vector_norm_jvp,
        infer=lambda x, axis, keepdims, ord: Shape(
            reduce_dims(array_dims(x.type), known(axis, "axis"), known(keepdims, "keepdims"))
        ),
        samples=(
            sample(V),
            sample(M, ord=3),
            sample(M, axis=1, keepdims=True, ord=1),
            sample(STACK, axis=(0, 2), ord=-np.inf),
            sample(STACK, keepdims=True, ord=np.inf),
            sample(Z, ord=0.5),
        ),
    )
    rule(
        np.linalg.matrix_norm,
        "x / * keepdims=False ord='fro'",
        static=("keepdims", "ord"),
        vjp=lambda g, out, x, keepdims, ord: norm_vjp(g, out, x, ord, LAST, keepdims),
        jvp=lambda t, out, x, keepdims, ord: norm_jvp(t, out, x, ord, LAST, keepdims),
        infer=lambda x, keepdims, ord: Shape(reduce_dims(array_dims(x.type), LAST, known(keepdims, "keepdims"))),
        samples=(sample(M), sample(STACK, ord="nuc"), sample(STACK, keepdims=True, ord=2), sample(M, ord=-1)),
    )
