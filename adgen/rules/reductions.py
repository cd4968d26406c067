"""Rules of functions that reduce axes: sums, means, products; and tests and positions, without derivative.

Their gradients may be narrower than the argument: what broadcasts to its shape stands for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.ir.types import NoneT
from adgen.rules.axes import (
    Axis,
    conjugate,
    count,
    from_front,
    keep,
    nonzero,
    normal_axes,
    normal_axis,
    real_part,
    shaped_like,
    to_front,
)
from adgen.rules.declare import OtherForm, formula, linear, nondifferentiable, rule, sample, static
from adgen.rules.typing import array_dims, known, reduce_axes

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
ZEROS = np.array([[0.0, 2.0, 3.0], [0.5, 0.0, 0.0]])
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)
STATIC = ("axis", "keepdims")
FORM = ("axis", "keepdims", "dtype")
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


MASK = np.array([[True, False, True], [False, True, True]])
SUMS = (
    *AXES,
    sample(M, axis=1, where=MASK),
    sample(M, where=MASK[0], keepdims=True),
    sample(STACK, axis=(0, 2), where=STACK > 0.0),
    sample(M, axis=0, dtype="float64"),
)
STARTED = (
    sample(M, initial=2.5),
    sample(M, axis=0, where=MASK, initial=-1.5),
    sample(M, 1, keepdims=True, initial=0.5),
)


def masked(g: Any, where: Any) -> Any:
    """Return g where elements count; `where` is True if all do."""
    if where is True:
        return g
    return np.where(where, g, 0.0)


def counted(a: Any, axis: Axis, where: Any) -> Any:
    """Return how many elements go into one element of a reduction; with a mask, the reduced axes are kept."""
    if where is True:
        return count(a, axis)
    return np.sum(np.broadcast_to(where, np.shape(a)), axis=axis, keepdims=True)


def sum_vjp(g: Any, axis: Axis, keepdims: bool, where: Any) -> Any:
    return masked(keep(g, axis, keepdims), where)


def sum_jvp(t: Any, axis: Axis, dtype: Any, keepdims: bool, where: Any) -> Any:
    return np.sum(t, axis=axis, dtype=dtype, keepdims=keepdims, where=where)


def mean_vjp(g: Any, a: Any, axis: Axis, keepdims: bool, where: Any) -> Any:
    if where is True:
        return keep(g / count(a, axis), axis, keepdims)
    return masked(keep(g, axis, keepdims) / counted(a, axis, where), where)


linear(
    np.sum,
    "a axis=None dtype=None * keepdims=False initial=np._NoValue where=True",
    args=("a", "initial"),
    static=FORM,
    infer=REDUCED,
    vjp=(sum_vjp, lambda g: g),
    jvp=(sum_jvp, lambda t: t),
    samples=(*SUMS, *STARTED),
)
linear(
    np.mean,
    "a axis=None dtype=None * keepdims=False where=True",
    static=FORM,
    infer=REDUCED,
    vjp=mean_vjp,
    samples=SUMS,
)


# Products. The derivative by one factor is the product of the others, never `out / x`, which fails at zeros.


def products_of_others(a: Any) -> Any:
    """Return, along the first axis, the product of all other elements."""
    one = np.ones_like(a[:1])
    before = np.cumprod(np.concatenate((one, a[:-1])), axis=0)
    after = np.cumprod(np.concatenate((one, np.flip(a, axis=0)[:-1])), axis=0)
    return before * np.flip(after, axis=0)


@static
def first_axes(n: int) -> tuple[int, ...]:
    return tuple(range(n))


def prod_slope(a: Any, axis: Axis) -> Any:
    """Return the product of all other elements, for each."""
    if axis is None:
        return np.reshape(products_of_others(np.ravel(a)), np.shape(a))
    if isinstance(axis, tuple):
        front = np.moveaxis(a, axis, first_axes(len(axis)))
        lanes = np.reshape(front, (count(a, axis), *front.shape[len(axis) :]))
        slope = np.reshape(products_of_others(lanes), np.shape(front))
        return shaped_like(np.moveaxis(slope, first_axes(len(axis)), axis), a)
    return from_front(products_of_others(to_front(a, axis)), axis)


def others(a: Any, axis: Axis, initial: Any, where: Any) -> Any:
    slope = masked(prod_slope(a if where is True else np.where(where, a, 1.0), axis), where)
    return slope if initial is np._NoValue else initial * slope


def prod_vjp(g: Any, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
    return keep(g, axis, keepdims) * others(a, axis, initial, where)


def prod_jvp(t: Any, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
    return np.sum(t * others(a, axis, initial, where), axis=axis, keepdims=keepdims)


def prod_initial_vjp(g: Any, a: Any, axis: Axis, keepdims: bool, where: Any) -> Any:
    return g * np.prod(a, axis=axis, keepdims=keepdims, where=where)


def prod_initial_jvp(t: Any, a: Any, axis: Axis, keepdims: bool, where: Any) -> Any:
    return t * np.prod(a, axis=axis, keepdims=keepdims, where=where)


rule(
    np.prod,
    "a axis=None dtype=None * keepdims=False initial=np._NoValue where=True",
    static=FORM,
    infer=REDUCED,
    vjp={"a": prod_vjp, "initial": prod_initial_vjp},
    jvp={"a": prod_jvp, "initial": prod_initial_jvp},
    samples=(
        *SUMS,
        *STARTED,
        sample(STACK, axis=1),
        sample(ZEROS),
        sample(ZEROS, axis=1),
        sample(np.stack((ZEROS, ZEROS + 1.0)), axis=(0, 2), keepdims=True),
    ),
)


# Moments. Where a column is constant, std has the gradient 0.


def deviation(a: Any, axis: Axis, mean: Any, where: Any) -> Any:
    """Return the distance from the mean, given or not; 0 where elements don't count."""
    middle = np.mean(a, axis=axis, keepdims=True, where=where) if mean is None else mean
    return masked(a - middle, where)


def freedom(a: Any, axis: Axis, where: Any, ddof: Any, correction: Any) -> Any:
    return counted(a, axis, where) - (ddof if correction is None else correction)


def moment(total: Any, n: Any, axis: Axis, keepdims: bool, where: Any) -> Any:
    """Return a total over what is left of n after the reduction."""
    if where is True or keepdims:
        return total / n
    return total / np.squeeze(n, axis=normal_axes(axis, n.ndim))


def var_vjp(g: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool, where: Any, mean: Any, correction: Any) -> Any:
    n = freedom(a, axis, where, ddof, correction)
    return keep(g, axis, keepdims) * (2.0 * conjugate(deviation(a, axis, mean, where)) / n)


def var_jvp(t: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool, where: Any, mean: Any, correction: Any) -> Any:
    total = np.sum(conjugate(deviation(a, axis, mean, where)) * t, axis=axis, keepdims=keepdims)
    return moment(2.0 * real_part(total, a), freedom(a, axis, where, ddof, correction), axis, keepdims, where)


def var_mean_vjp(g: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool, where: Any, mean: Any, correction: Any) -> Any:
    return -var_vjp(g, a, axis, ddof, keepdims, where, mean, correction)


def var_mean_jvp(t: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool, where: Any, mean: Any, correction: Any) -> Any:
    return -var_jvp(t, a, axis, ddof, keepdims, where, mean, correction)


def std_vjp(
    g: Any, out: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool, where: Any, mean: Any, correction: Any
) -> Any:
    n = freedom(a, axis, where, ddof, correction)
    slope = conjugate(deviation(a, axis, mean, where)) / (n * nonzero(keep(out, axis, keepdims)))
    return keep(g, axis, keepdims) * slope


def std_jvp(
    t: Any, out: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool, where: Any, mean: Any, correction: Any
) -> Any:
    total = np.sum(conjugate(deviation(a, axis, mean, where)) * t, axis=axis, keepdims=keepdims)
    n = freedom(a, axis, where, ddof, correction)
    return moment(real_part(total, a), n, axis, keepdims, where) / nonzero(out)


def std_mean_vjp(
    g: Any, out: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool, where: Any, mean: Any, correction: Any
) -> Any:
    return -std_vjp(g, out, a, axis, ddof, keepdims, where, mean, correction)


def std_mean_jvp(
    t: Any, out: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool, where: Any, mean: Any, correction: Any
) -> Any:
    return -std_jvp(t, out, a, axis, ddof, keepdims, where, mean, correction)


NEWER = (
    sample(M, axis=1, mean=np.array([[0.5], [1.0]])),
    sample(M, mean=np.array([[0.25]]), correction=1),
    sample(M, axis=0, mean=M[:1] + 0.5, where=MASK, keepdims=True),
)  # NumPy 2
MOMENTS = (
    *SUMS,
    sample(V, ddof=1),
    sample(M, axis=1, ddof=1, keepdims=True),
    sample(M, axis=1, ddof=0.5, where=MASK),
    sample(V + 1j * V[::-1]),
    sample(np.outer(V, 1.0 + 0.5j * V), axis=0),
    *(NEWER if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else ()),
)
MOMENT = "a axis=None dtype=None * ddof=0 keepdims=False where=True mean=None correction=None"

rule(
    np.var,
    MOMENT,
    static=FORM,
    infer=REDUCED,
    vjp={"a": var_vjp, "mean": var_mean_vjp},
    jvp={"a": var_jvp, "mean": var_mean_jvp},
    samples=MOMENTS,
)
rule(
    np.std,
    MOMENT,
    static=FORM,
    infer=REDUCED,
    vjp={"a": std_vjp, "mean": std_mean_vjp},
    jvp={"a": std_jvp, "mean": std_mean_jvp},
    samples=(*MOMENTS, sample(np.ones((3, 2)), axis=0, kink="constant columns", second=False)),
)


# Weighted mean.


@static
def weight_shape(axis: Axis, a_ndim: int, w_ndim: int) -> tuple[int, ...]:
    """Return the axes that weights lack: those of one axis are spread over the others."""
    if w_ndim == a_ndim:
        return ()
    assert isinstance(axis, int)
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


def averaged(a: Operand, axis: Operand, weights: Operand, keepdims: Operand) -> Any:
    w = array_dims(weights.type)
    several = not isinstance(known(axis), int) or len(w) != 1
    if not isinstance(weights.type, NoneT) and len(w) != len(array_dims(a.type)) and several:
        raise OtherForm("np.average with weights for several axes")
    if len(w) > 1 and isinstance(known(axis), tuple) and list(known(axis)) != sorted(known(axis)):
        raise TypeError("weights for axes that are not in order have no gradient rule")
    return REDUCED(a=a, axis=axis, keepdims=keepdims)


rule(
    np.average,
    "a axis=None weights=None * keepdims=False",
    static=STATIC,
    infer=averaged,
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


@static
def spread_axes(axis: Axis, a_ndim: int, w_ndim: int) -> tuple[int, ...]:
    """Return the axes of the array, in the order of the axes of weights that are for several of them."""
    axes = normal_axes(axis, a_ndim)
    if len(axes) != w_ndim:
        raise TypeError("np.average takes weights of the shape of its argument, or of the reduced axes")
    return axes


@formula(
    np.average,
    sample(M, axis=0, weights=np.abs(M), returned=True),
    sample(V, returned=True),
    sample(V, weights=np.array([1.0, 2.0, 0.5, 3.0]), returned=True),
    *(
        (sample(STACK, axis=(0, 1), weights=np.abs(M)), sample(STACK, axis=(2, 0), weights=STACK[:, 0].T ** 2))
        if np.lib.NumpyVersion(np.__version__) >= "2.0.0"
        else ()
    ),
)
def average(a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    a = np.asarray(a)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        return (mean, np.ones_like(mean) * count(a, axis)) if returned else mean
    w = np.asarray(weights)
    if w.ndim != a.ndim:
        axes = spread_axes(axis, a.ndim, w.ndim)
        w = np.transpose(w, rising(axes))
        w = np.expand_dims(w, other_axes(axes, a.ndim))
    whole = np.broadcast_to(w, np.shape(a)).astype(np.result_type(a, w))
    total = np.sum(whole, axis=axis, keepdims=keepdims)
    mean = np.sum(a * w, axis=axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


@static
def rising(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=lambda k: axes[k]))


@static
def other_axes(axes: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    return tuple(k for k in range(ndim) if k not in axes)


nondifferentiable(
    np.any,
    np.all,
    params="a axis=None * keepdims=False where=True",
    static=STATIC,
    infer=REDUCED,
    samples=(sample(M, axis=0),),
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
