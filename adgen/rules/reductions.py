"""Rules of functions that reduce axes: sums, means, extrema, products; and tests and positions, without derivative.

Their gradients may be narrower than the argument: what broadcasts to its shape stands for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import (
    Axis,
    conjugate,
    count,
    from_front,
    keep,
    nonzero,
    normal_axis,
    one_axis,
    real_part,
    to_front,
)
from adgen.rules.declare import linear, nondifferentiable, rule, sample, static
from adgen.rules.typing import reduce_axes

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
ZEROS = np.array([[0.0, 2.0, 3.0], [0.5, 0.0, 0.0]])
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)
STATIC = ("axis", "keepdims")
REDUCED = reduce_axes("a")

AXES = (
    sample(V),
    sample(M),
    sample(M, axis=0),
    sample(M, axis=-1, keepdims=True),
    sample(STACK, axis=(0, -1)),
    sample(STACK, axis=(2, 0), keepdims=True),
    sample(M, keepdims=True),
)


def sum_vjp(g: Any, axis: Axis, keepdims: bool) -> Any:
    return keep(g, axis, keepdims)


def mean_vjp(g: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return keep(g / count(a, axis), axis, keepdims)


linear(np.sum, "a axis=None * keepdims=False", static=STATIC, infer=REDUCED, vjp=sum_vjp, samples=AXES)
linear(np.mean, "a axis=None * keepdims=False", static=STATIC, infer=REDUCED, vjp=mean_vjp, samples=AXES)


# Extrema. Ties share equally. "Not less" rather than "equal": all elements of a NaN result count, never none.


def max_share(out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    hit = np.logical_not(a < keep(out, axis, keepdims))
    return hit / np.sum(hit, axis=axis, keepdims=True)


def min_share(out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    hit = np.logical_not(a > keep(out, axis, keepdims))
    return hit / np.sum(hit, axis=axis, keepdims=True)


def max_vjp(g: Any, out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return keep(g, axis, keepdims) * max_share(out, a, axis, keepdims)


def max_jvp(t: Any, out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return np.sum(t * max_share(out, a, axis, keepdims), axis=axis, keepdims=keepdims)


def min_vjp(g: Any, out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return keep(g, axis, keepdims) * min_share(out, a, axis, keepdims)


def min_jvp(t: Any, out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return np.sum(t * min_share(out, a, axis, keepdims), axis=axis, keepdims=keepdims)


def ptp_share(a: Any, axis: Axis) -> Any:
    top = max_share(np.max(a, axis=axis, keepdims=True), a, axis, True)
    return top - min_share(np.min(a, axis=axis, keepdims=True), a, axis, True)


def ptp_vjp(g: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return keep(g, axis, keepdims) * ptp_share(a, axis)


def ptp_jvp(t: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return np.sum(t * ptp_share(a, axis), axis=axis, keepdims=keepdims)


TIES = (*AXES, sample(np.array([1.0, 3.0, 3.0]), kink="two maxima"), sample(np.ones((2, 2)), axis=0, kink="all tie"))

rule(
    np.max,
    "a axis=None * keepdims=False",
    static=STATIC,
    infer=REDUCED,
    aliases=(np.amax,),
    vjp=max_vjp,
    jvp=max_jvp,
    samples=TIES,
)
rule(
    np.min,
    "a axis=None * keepdims=False",
    static=STATIC,
    infer=REDUCED,
    aliases=(np.amin,),
    vjp=min_vjp,
    jvp=min_jvp,
    samples=TIES,
)
rule(np.ptp, "a axis=None * keepdims=False", static=STATIC, infer=REDUCED, vjp=ptp_vjp, jvp=ptp_jvp, samples=TIES)


# Products. The derivative by one factor is the product of the others, never `out / x`, which fails at zeros.


def products_of_others(a: Any) -> Any:
    """Return, along the first axis, the product of all other elements."""
    one = np.ones_like(a[:1])
    before = np.cumprod(np.concatenate((one, a[:-1])), axis=0)
    after = np.cumprod(np.concatenate((one, np.flip(a, axis=0)[:-1])), axis=0)
    return before * np.flip(after, axis=0)


def prod_slope(a: Any, axis: Axis) -> Any:
    if one_axis(axis, "np.prod"):
        return from_front(products_of_others(to_front(a, axis)), axis)
    return np.reshape(products_of_others(np.ravel(a)), np.shape(a))


def prod_vjp(g: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return keep(g, axis, keepdims) * prod_slope(a, axis)


def prod_jvp(t: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return np.sum(t * prod_slope(a, axis), axis=axis, keepdims=keepdims)


rule(
    np.prod,
    "a axis=None * keepdims=False",
    static=STATIC,
    infer=REDUCED,
    vjp=prod_vjp,
    jvp=prod_jvp,
    samples=(
        sample(V),
        sample(M, axis=0),
        sample(M, axis=-1, keepdims=True),
        sample(M, keepdims=True),
        sample(STACK, axis=1),
        sample(ZEROS),
        sample(ZEROS, axis=1),
    ),
)


# Moments. Where a column is constant, std has the gradient 0.


def deviation(a: Any, axis: Axis) -> Any:
    return a - np.mean(a, axis=axis, keepdims=True)


def var_vjp(g: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool) -> Any:
    return keep(g, axis, keepdims) * (2.0 * conjugate(deviation(a, axis)) / (count(a, axis) - ddof))


def var_jvp(t: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool) -> Any:
    total = np.sum(conjugate(deviation(a, axis)) * t, axis=axis, keepdims=keepdims)
    return 2.0 * real_part(total, a) / (count(a, axis) - ddof)


def std_vjp(g: Any, out: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool) -> Any:
    n = count(a, axis) - ddof
    return keep(g, axis, keepdims) * (conjugate(deviation(a, axis)) / (n * nonzero(keep(out, axis, keepdims))))


def std_jvp(t: Any, out: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool) -> Any:
    total = np.sum(conjugate(deviation(a, axis)) * t, axis=axis, keepdims=keepdims)
    return real_part(total, a) / ((count(a, axis) - ddof) * nonzero(out))


MOMENTS = (
    *AXES,
    sample(V, ddof=1),
    sample(M, axis=1, ddof=1, keepdims=True),
    sample(V + 1j * V[::-1]),
    sample(np.outer(V, 1.0 + 0.5j * V), axis=0),
)

rule(
    np.var,
    "a axis=None * ddof=0 keepdims=False",
    static=STATIC,
    infer=REDUCED,
    vjp=var_vjp,
    jvp=var_jvp,
    samples=MOMENTS,
)
rule(
    np.std,
    "a axis=None * ddof=0 keepdims=False",
    static=STATIC,
    infer=REDUCED,
    vjp=std_vjp,
    jvp=std_jvp,
    samples=(*MOMENTS, sample(np.ones((3, 2)), axis=0, kink="constant columns", second=False)),
)


# Weighted mean and median.


@static
def weight_shape(axis: Axis, a_ndim: int, w_ndim: int) -> tuple[int, ...]:
    """Return the axes that weights lack: those of one axis are spread over the others."""
    if w_ndim == a_ndim:
        return ()
    if w_ndim != 1 or not isinstance(axis, int):
        raise TypeError("np.average takes weights of the shape of its argument, or of one axis")
    return tuple(k for k in range(a_ndim) if k != normal_axis(axis, a_ndim))


def spread_weights(a: Any, axis: Axis, weights: Any) -> Any:
    return np.expand_dims(weights, weight_shape(axis, a.ndim, weights.ndim))


def average_vjp(g: Any, a: Any, axis: Axis, weights: Any, keepdims: bool) -> Any:
    if weights is None:
        return keep(g / count(a, axis), axis, keepdims)
    w = spread_weights(a, axis, weights)
    return keep(g, axis, keepdims) * (w / np.sum(w, axis=axis, keepdims=True))


def average_weights_vjp(g: Any, out: Any, a: Any, axis: Axis, weights: Any, keepdims: bool) -> Any:
    w = spread_weights(a, axis, weights)
    slope = (a - keep(out, axis, keepdims)) / np.sum(w, axis=axis, keepdims=True)
    return lost_axes(keep(g, axis, keepdims) * slope, axis, weights)


def lost_axes(d: Any, axis: Axis, weights: Any) -> Any:
    """Sum the gradient of spread weights over the axes that they were spread over."""
    if weights.ndim == d.ndim:
        return d
    return np.sum(d, axis=weight_shape(axis, d.ndim, weights.ndim))


def average_jvp(t: Any, a: Any, axis: Axis, weights: Any, keepdims: bool) -> Any:
    if weights is None:
        return np.mean(t, axis=axis, keepdims=keepdims)
    w = spread_weights(a, axis, weights)
    return np.sum(t * w, axis=axis, keepdims=keepdims) / np.sum(w, axis=axis, keepdims=keepdims)


def average_weights_jvp(t: Any, out: Any, a: Any, axis: Axis, weights: Any, keepdims: bool) -> Any:
    w = spread_weights(a, axis, weights)
    slope = (a - keep(out, axis, keepdims)) / np.sum(w, axis=axis, keepdims=True)
    return np.sum(spread_weights(a, axis, t) * slope, axis=axis, keepdims=keepdims)


rule(
    np.average,
    "a axis=None weights=None * keepdims=False",
    static=STATIC,
    infer=REDUCED,
    vjp={"a": average_vjp, "weights": average_weights_vjp},
    jvp={"a": average_jvp, "weights": average_weights_jvp},
    samples=(
        sample(M, wrt=("a",)),
        sample(M, axis=0, wrt=("a",)),
        sample(V, weights=np.array([1.0, 2.0, 0.5, 3.0])),
        sample(M, axis=1, weights=np.array([1.0, 2.0, 0.5])),
        sample(M, axis=0, weights=np.abs(M), keepdims=True),
    ),
)


def median_share(out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    """Return each element's part in the median: the middle elements' equal parts, or halves of two neighbours."""
    middle = keep(out, axis, keepdims)
    above = np.min(np.where(a >= middle, a, np.inf), axis=axis, keepdims=True)
    below = np.max(np.where(a <= middle, a, -np.inf), axis=axis, keepdims=True)
    return 0.5 * (max_share(below, np.where(a <= below, a, -np.inf), axis, True)
                  + min_share(above, np.where(a >= above, a, np.inf), axis, True))  # fmt: skip


def median_vjp(g: Any, out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return keep(g, axis, keepdims) * median_share(out, a, axis, keepdims)


def median_jvp(t: Any, out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return np.sum(t * median_share(out, a, axis, keepdims), axis=axis, keepdims=keepdims)


rule(
    np.median,
    "a axis=None * keepdims=False",
    static=STATIC,
    infer=REDUCED,
    vjp=median_vjp,
    jvp=median_jvp,
    samples=(*AXES, sample(V[:3]), sample(np.array([1.0, 2.0, 2.0, 5.0]), kink="two equal in the middle")),
)

nondifferentiable(
    np.any, np.all, params="a axis=None * keepdims=False", static=STATIC, infer=REDUCED, samples=(sample(M, axis=0),)
)
nondifferentiable(
    np.argmax,
    np.argmin,
    params="a axis=None * keepdims=False",
    static=STATIC,
    infer=REDUCED,
    samples=(sample(M, axis=0),),
)
nondifferentiable(
    np.count_nonzero, params="a axis=None * keepdims=False", static=STATIC, infer=REDUCED, samples=(sample(ZEROS),)
)
