"""Rules of statistics: sums and extrema that skip NaN, quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.rules.axes import Axis, from_front, keep, one_axis, shaped_like, to_front
from adgen.rules.declare import linear, nondifferentiable, rule, sample, static
from adgen.rules.typing import Shape, array_dims, known, reduce_axes, reduce_dims

HOLED = np.array([[1.0, np.nan, 0.5], [0.3, 4.0, -1.5]])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
V = np.array([0.5, -1.2, 2.0, 0.3, 1.7])
STATIC = ("axis", "keepdims")
SKIPPING = (sample(M), sample(M, axis=0), sample(M, axis=-1, keepdims=True), sample(HOLED, kink="NaN"))


# --- what skips NaN -------------------------------------------------------------------------------


def numbers_in(a: Any, axis: Axis) -> Any:
    """Return how many elements are not NaN, the reduced axes kept."""
    return np.sum(np.logical_not(np.isnan(a)), axis=axis, keepdims=True)


linear(
    np.nansum,
    "a axis=None * keepdims=False",
    static=STATIC,
    infer=reduce_axes("a"),
    vjp=lambda g, a, axis, keepdims: np.where(np.isnan(a), 0.0, keep(g, axis, keepdims)),
    jvp=lambda t, a, axis, keepdims: np.sum(np.where(np.isnan(a), 0.0, t), axis=axis, keepdims=keepdims),
    samples=SKIPPING,
)
linear(
    np.nanmean,
    "a axis=None * keepdims=False",
    static=STATIC,
    infer=reduce_axes("a"),
    vjp=lambda g, a, axis, keepdims: np.where(np.isnan(a), 0.0, keep(g, axis, keepdims) / numbers_in(a, axis)),
    jvp=lambda t, a, axis, keepdims: np.sum(
        np.where(np.isnan(a), 0.0, t / numbers_in(a, axis)), axis=axis, keepdims=keepdims
    ),
    samples=SKIPPING,
)


def equal_share(out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    """Return each element's part in an extremum; elements that tie share equally."""
    hit = a == keep(out, axis, keepdims)
    return hit / np.maximum(np.sum(hit, axis=axis, keepdims=True), 1)


for _extreme in (np.nanmax, np.nanmin):
    rule(
        _extreme,
        "a axis=None * keepdims=False",
        static=STATIC,
        infer=reduce_axes("a"),
        vjp=lambda g, out, a, axis, keepdims: keep(g, axis, keepdims) * equal_share(out, a, axis, keepdims),
        jvp=lambda t, out, a, axis, keepdims: np.sum(
            np.where(np.isnan(a), 0.0, t) * equal_share(out, a, axis, keepdims), axis=axis, keepdims=keepdims
        ),
        samples=SKIPPING,
    )

nondifferentiable(
    np.nanargmax,
    np.nanargmin,
    params="a axis=None * keepdims=False",
    static=STATIC,
    infer=reduce_axes("a"),
    samples=(sample(HOLED, axis=0),),
)


# --- quantiles ------------------------------------------------------------------------------------


@static
def known_quantile(q_ndim: int, method: str) -> None:
    """Refuse what has no rule."""
    if q_ndim or method != "linear":
        raise TypeError("np.quantile and np.percentile have a gradient rule for one q and method='linear' only")


def quantile_share(a: Any, q: Any, method: str) -> Any:
    """Return the part of each element, along the first axis, in the quantile: two neighbours share it."""
    known_quantile(np.ndim(q), method)
    place = q * (a.shape[0] - 1)
    low = np.floor(place)
    rank = np.argsort(np.argsort(a, axis=0), axis=0)
    return np.where(rank == low, 1.0 - (place - low), np.where(rank == low + 1.0, place - low, 0.0))


def quantile_vjp(g: Any, a: Any, q: Any, axis: Axis, method: str, keepdims: bool) -> Any:
    if one_axis(axis, "np.quantile"):
        whole = keep(g, axis, keepdims)
        return whole * from_front(quantile_share(to_front(a, axis), q, method), axis)
    return shaped_like(np.reshape(np.reshape(g, ()) * quantile_share(np.ravel(a), q, method), np.shape(a)), a)


def quantile_jvp(t: Any, a: Any, q: Any, axis: Axis, method: str, keepdims: bool) -> Any:
    if one_axis(axis, "np.quantile"):
        share = from_front(quantile_share(to_front(a, axis), q, method), axis)
        return np.sum(t * share, axis=axis, keepdims=keepdims)
    share = np.reshape(quantile_share(np.ravel(a), q, method), np.shape(a))
    return np.sum(t * share, keepdims=keepdims)


def quantile_shape(a: Operand, q: Operand, axis: Operand, method: Operand, keepdims: Operand) -> Shape | None:
    if array_dims(q.type):
        return None
    return Shape(reduce_dims(array_dims(a.type), known(axis), known(keepdims, "keepdims")))


rule(
    np.quantile,
    "a q axis=None * method='linear' keepdims=False",
    args=("a",),
    static=("axis", "method", "keepdims"),
    infer=quantile_shape,
    vjp=quantile_vjp,
    jvp=quantile_jvp,
    samples=(sample(V, 0.3), sample(V, 1.0), sample(M, 0.5), sample(M, 0.25, axis=0), sample(M, 0.7, 1, keepdims=True)),
)
rule(
    np.percentile,
    "a q axis=None * method='linear' keepdims=False",
    args=("a",),
    static=("axis", "method", "keepdims"),
    infer=quantile_shape,
    vjp=lambda g, a, q, axis, method, keepdims: quantile_vjp(g, a, q / 100.0, axis, method, keepdims),
    jvp=lambda t, a, q, axis, method, keepdims: quantile_jvp(t, a, q / 100.0, axis, method, keepdims),
    samples=(sample(V, 30), sample(M, 25.0, axis=-1)),
)
