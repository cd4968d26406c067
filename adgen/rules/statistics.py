"""Rules of statistics: sums and extrema that skip NaN, quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.rules.axes import Axis, keep, numbers
from adgen.rules.declare import formula, linear, nondifferentiable, rule, sample, static
from adgen.rules.lanes import from_lanes, kept_axes, lanes, restored
from adgen.rules.typing import Shape, array_dims, known, reduce_axes, reduce_dims

HOLED = np.array([[1.0, np.nan, 0.5], [0.3, 4.0, -1.5]])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
V = np.array([0.5, -1.2, 2.0, 0.3, 1.7])
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4) ** 2
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
# A quantile is a mean of two neighbours in sorted order. The function itself says which, on the numbers 0, 1, …, n - 1.

METHODS = (
    "lower", "higher", "midpoint", "nearest", "hazen", "weibull", "median_unbiased", "normal_unbiased", "inverted_cdf",
    "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
)  # fmt: skip


@static
def behind(leading: int, n: int) -> tuple[int, ...]:
    """Return the axes to add behind those of q."""
    return tuple(range(leading, leading + n))


def quantile_share(a: Any, q: Any, method: Any) -> Any:
    """Return the part of each element, along the first axis, in each quantile; axes of q come first."""
    place = np.quantile(np.arange(0.0, a.shape[0]), q, method=method)
    low = np.floor(place)
    part = np.expand_dims(place - low, behind(np.ndim(q), a.ndim))
    low = np.expand_dims(low, behind(np.ndim(q), a.ndim))
    rank = np.argsort(np.argsort(a, axis=0), axis=0)
    return np.where(rank == low, 1.0 - part, np.where(rank == low + 1.0, part, 0.0))


def reduced(g: Any, a: Any, q: Any, axis: Axis, keepdims: bool) -> Any:
    """Return g with the reduced axes as one of length 1 behind those of q."""
    if keepdims:
        g = np.squeeze(g, axis=kept_axes(axis, a.ndim, np.ndim(q)))
    return np.expand_dims(g, np.ndim(q))


def quantile_vjp(g: Any, a: Any, q: Any, axis: Axis, method: Any, keepdims: bool) -> Any:
    rows = lanes(a, axis)
    d = reduced(g, a, q, axis, keepdims) * quantile_share(rows, q, method)
    return from_lanes(d if np.ndim(q) == 0 else np.sum(d, axis=numbers(np.ndim(q))), a, axis)


def quantile_jvp(t: Any, a: Any, q: Any, axis: Axis, method: Any, keepdims: bool) -> Any:
    total = np.sum(lanes(t, axis) * quantile_share(lanes(a, axis), q, method), axis=np.ndim(q))
    return restored(total, a, axis, keepdims, np.ndim(q))


@static
def linear_only(method: Any) -> None:
    if method != "linear":
        raise TypeError("the derivative of a quantile by q has a rule for method='linear' only")


def quantile_slope(out: Any, a: Any, q: Any, axis: Axis, method: Any, keepdims: bool) -> Any:
    """Return the derivative by q: the distance of the two neighbours, over the step in q."""
    linear_only(method)
    rows = np.sort(lanes(a, axis), axis=0)
    n = rows.shape[0]
    low = np.clip(np.floor(np.asarray(q) * (n - 1)).astype(int), 0, np.maximum(n - 2, 0))
    apart = rows[np.minimum(low + 1, n - 1)] - rows[low]
    return restored((n - 1) * apart, a, axis, keepdims, np.ndim(q))


def quantile_q_vjp(g: Any, out: Any, a: Any, q: Any, axis: Axis, method: Any, keepdims: bool) -> Any:
    d = g * quantile_slope(out, a, q, axis, method, keepdims)
    return np.sum(d, axis=behind(np.ndim(q), np.ndim(out) - np.ndim(q)))


def quantile_q_jvp(t: Any, out: Any, a: Any, q: Any, axis: Axis, method: Any, keepdims: bool) -> Any:
    slope = quantile_slope(out, a, q, axis, method, keepdims)
    return np.expand_dims(t, behind(np.ndim(q), np.ndim(out) - np.ndim(q))) * slope


def quantile_shape(a: Operand, q: Operand, axis: Operand, method: Operand, keepdims: Operand) -> Shape:
    rest = reduce_dims(array_dims(a.type), known(axis), known(keepdims, "keepdims"))
    return Shape((*array_dims(q.type), *rest))


QUANTILES = (
    sample(V, 0.3),
    sample(V, 1.0, wrt=("a",)),
    sample(M, 0.5, wrt=("a",)),
    sample(M, 0.25, axis=0),
    sample(M, 0.7, 1, keepdims=True),
    sample(V, np.array([0.3, 0.8])),
    sample(M, np.array([0.3, 0.8]), axis=1, keepdims=True),
    sample(M, np.array([0.3, 0.8]), axis=0),
    sample(STACK, 0.45, axis=(0, 2)),
    sample(STACK, np.array([0.45, 0.2]), axis=(2, 0), keepdims=True),
    *(sample(V, 0.37, method=m, wrt=("a",)) for m in METHODS),
    sample(V, np.array([0.37, 0.9]), method="hazen", wrt=("a",)),
)
rule(
    np.quantile,
    "a q axis=None * method='linear' keepdims=False",
    args=("a", "q"),
    static=("axis", "method", "keepdims"),
    infer=quantile_shape,
    vjp=(quantile_vjp, quantile_q_vjp),
    jvp=(quantile_jvp, quantile_q_jvp),
    samples=QUANTILES,
)


@formula(
    np.percentile,
    sample(V, 30),
    sample(V, 37.0),
    sample(M, 25.0, axis=-1),
    sample(M, [10, 75.5], axis=1),
    sample(M, 40, axis=0, method="lower", keepdims=True),
)
def percentile(a: Any, q: Any, axis: Axis = None, *, method: Any = "linear", keepdims: bool = False) -> Any:
    return np.quantile(a, hundredth(q), axis=axis, method=method, keepdims=keepdims)


def hundredth(q: Any) -> Any:
    return np.asarray(q) / 100.0 if isinstance(q, (list, tuple)) else q / 100.0
