"""Rules of convolutions in `scipy.ndimage`, in the image; read only when the user's program has imported it.

An image is continued over its border by elements of its own, then convolved. The gradient goes the same way back: it
is correlated on a larger image, and what falls outside is added to the elements that stood for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage as nd

from adgen.rules.axes import from_front, normal_axis, numbers, shaped_like, to_front
from adgen.rules.core import has_complex
from adgen.rules.declare import formula, rule, sample, static
from adgen.rules.typing import same_as

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1])
W = np.array([1.5, 0.7, -0.4])
M = np.linspace(-1.0, 2.0, 20).reshape(5, 4) ** 2
N = np.array([[1.0, -0.5, 0.2], [0.3, 2.0, 0.7]])

BORDERS = {
    "reflect": "half", "grid-mirror": "half", "mirror": "whole", "nearest": "last", "wrap": "period",
    "grid-wrap": "period", "constant": "", "grid-constant": "",
}  # fmt: skip


@static
def border(mode: str) -> str:
    """Return how an image goes on: by the last element, its period, or mirrored with or without the last one twice."""
    if mode not in BORDERS:
        raise TypeError(f"a convolution of images has no gradient rule for mode={mode!r}")
    return BORDERS[mode]


def sources(n: Any, w: Any, mode: str) -> Any:
    """Return for each element of an axis, w longer on both sides, the one that it repeats."""
    i = np.arange(-w, n + w)
    if border(mode) == "last":
        return np.clip(i, 0, n - 1)
    if border(mode) == "period":
        return np.mod(i, n)
    if border(mode) == "half":
        j = np.mod(i, 2 * n)
        return np.where(j < n, j, 2 * n - 1 - j)
    j = np.mod(i, max(2 * n - 2, 1))
    return np.where(j < n, j, 2 * n - 2 - j)


def widths(weights: Any, k: int) -> Any:
    return weights.shape[k] // 2 + 1


def enlarged(g: Any, weights: Any) -> Any:
    """Return g with zeros around it, as many as the weights reach."""
    d = g
    for k in numbers(np.ndim(g)):
        front = to_front(d, k)
        w = widths(weights, k)
        whole = np.zeros((front.shape[0] + 2 * w, *front.shape[1:]), dtype=front.dtype)
        whole[w : w + front.shape[0]] = front
        d = from_front(whole, k)
    return d


def folded(d: Any, image: Any, weights: Any, mode: str) -> Any:
    """Add what fell over the border to the elements that stand there."""
    for k in numbers(np.ndim(d)):
        front = to_front(d, k)
        w = widths(weights, k)
        n = image.shape[k]
        if border(mode) == "":
            whole = front[w : w + n]
        else:
            whole = np.zeros((n, *front.shape[1:]), dtype=front.dtype)
            np.add.at(whole, sources(n, w, mode), front)
        d = from_front(whole, k)
    return shaped_like(d, image)


def real_only(x: Any) -> None:
    if has_complex(x):
        refuse_complex()


@static
def refuse_complex() -> None:
    raise TypeError("a convolution of images has a gradient rule for real images only")


def declare_pair(fn: Callable[..., Any], back: Callable[..., Any]) -> None:
    def vjp(g: Any, input: Any, weights: Any, mode: str) -> Any:
        real_only(input)
        return folded(back(enlarged(g, weights), weights, mode="constant"), input, weights, mode)

    rule(
        fn,
        "input weights * mode='reflect' cval=0.0",
        args=("input",),
        name=f"scipy.ndimage.{fn.__name__}",
        static=("mode",),
        vjp={"input": vjp},
        jvp={"input": lambda t, weights, mode: fn(t, weights, mode=mode)},
        infer=same_as("input"),
        samples=tuple(
            sample(x, w, mode=mode, wrt=("input",), second=False)
            for x, w in ((V, W), (V, W[:2]), (M, N))
            for mode in ("reflect", "mirror", "nearest", "wrap", "constant")
        ),
    )


declare_pair(nd.convolve, nd.correlate)
declare_pair(nd.correlate, nd.convolve)


# --- filters along one axis -------------------------------------------------------------------------


def one_axis_enlarged(g: Any, w: Any, axis: int) -> Any:
    """Return g with w zeros on both sides of an axis."""
    front = to_front(g, axis)
    n = front.shape[0]
    whole = np.zeros((n + 2 * w, *front.shape[1:]), dtype=front.dtype)
    whole[w : w + n] = front
    return from_front(whole, axis)


def one_axis_folded(d: Any, image: Any, w: Any, axis: int, mode: str) -> Any:
    """Add what fell over the border of an axis to the elements that stand there."""
    front = to_front(d, axis)
    n = image.shape[axis]
    if border(mode) == "":
        return shaped_like(from_front(front[w : w + n], axis), image)
    whole = np.zeros((n, *front.shape[1:]), dtype=front.dtype)
    np.add.at(whole, sources(n, w, mode), front)
    return shaped_like(from_front(whole, axis), image)


def declare_along(fn: Callable[..., Any], back: Callable[..., Any]) -> None:
    def vjp(g: Any, input: Any, weights: Any, axis: int, mode: str) -> Any:
        real_only(input)
        w = np.size(weights) // 2 + 1
        d = back(one_axis_enlarged(g, w, axis), weights, axis, mode="constant")
        return one_axis_folded(d, input, w, axis, mode)

    rule(
        fn,
        "input weights axis=-1 * mode='reflect' cval=0.0",
        args=("input",),
        name=f"scipy.ndimage.{fn.__name__}",
        static=("axis", "mode"),
        vjp={"input": vjp},
        jvp={"input": lambda t, weights, axis, mode: fn(t, weights, axis, mode=mode)},
        infer=same_as("input"),
        samples=tuple(
            sample(M, w, axis, mode=mode, wrt=("input",), second=False)
            for w in (W, W[:2])
            for axis in (0, -1)
            for mode in ("reflect", "mirror", "nearest", "wrap", "constant")
        ),
    )


declare_along(nd.convolve1d, nd.correlate1d)
declare_along(nd.correlate1d, nd.convolve1d)


def radius_of(sigma: Any, truncate: Any, radius: Any) -> Any:
    """Return how far a Gaussian filter reaches, and one more."""
    return int(truncate * float(sigma) + 0.5) + 1 if radius is None else radius + 1


@static
def sign_of(order: int) -> float:
    """Return how a derivative of a Gaussian changes where it is turned round."""
    return -1.0 if order % 2 else 1.0


def gaussian_vjp(g: Any, input: Any, sigma: Any, axis: int, order: int, mode: str, truncate: Any, radius: Any) -> Any:
    real_only(input)
    w = radius_of(sigma, truncate, radius)
    large = one_axis_enlarged(g, w, axis)
    d = nd.gaussian_filter1d(large, sigma, axis, order, mode="constant", truncate=truncate, radius=radius)
    return one_axis_folded(sign_of(order) * d, input, w, axis, mode)


rule(
    nd.gaussian_filter1d,
    "input sigma axis=-1 order=0 * mode='reflect' cval=0.0 truncate=4.0 radius=None",
    args=("input",),
    name="scipy.ndimage.gaussian_filter1d",
    static=("axis", "order", "mode", "truncate", "radius"),
    vjp={"input": gaussian_vjp},
    jvp={
        "input": lambda t, sigma, axis, order, mode, truncate, radius: nd.gaussian_filter1d(
            t, sigma, axis, order, mode=mode, truncate=truncate, radius=radius
        )
    },
    infer=same_as("input"),
    samples=tuple(
        sample(M, 0.6, axis, order, mode=mode, wrt=("input",), second=False)
        for axis, order in ((0, 0), (-1, 1))
        for mode in ("reflect", "mirror", "nearest", "wrap", "constant")
    ),
)


@static
def for_axis(value: Any, k: int) -> Any:
    return value[k] if isinstance(value, (tuple, list)) else value


@formula(nd.gaussian_filter, sample(M, 1), sample(M, (1, 2), mode="wrap"), sample(M, 1, (0, 1), truncate=3))
def gaussian_filter(
    input: Any, sigma: Any, order: Any = 0, *, mode: Any = "reflect", cval: Any = 0.0, truncate: Any = 4.0
) -> Any:
    out = np.asarray(input)
    for k in numbers(np.ndim(input)):
        width = sigma[k] if isinstance(sigma, (tuple, list)) else sigma
        out = nd.gaussian_filter1d(
            out, width, k, for_axis(order, k), mode=for_axis(mode, k), cval=cval, truncate=truncate
        )
    return out


@formula(nd.uniform_filter1d, sample(M, 3, 0), sample(M, 2, mode="wrap"), sample(V, 4, mode="nearest"))
def uniform_filter1d(input: Any, size: int, axis: int = -1, *, mode: str = "reflect", cval: Any = 0.0) -> Any:
    """The mean of as many neighbours; of an even number, one more before than behind."""
    return nd.correlate1d(np.asarray(input), np.full(size, 1.0 / size), axis, mode=mode, cval=cval)


@formula(nd.uniform_filter, sample(M, 3), sample(M, (2, 3), mode="constant"))
def uniform_filter(input: Any, size: Any = 3, *, mode: Any = "reflect", cval: Any = 0.0) -> Any:
    out = np.asarray(input)
    for k in numbers(np.ndim(input)):
        out = uniform_filter1d(out, for_axis(size, k), k, mode=for_axis(mode, k), cval=cval)
    return out


@formula(nd.sobel, sample(M), sample(M, 0, mode="constant"))
def sobel(input: Any, axis: int = -1, *, mode: Any = "reflect", cval: Any = 0.0) -> Any:
    out = nd.correlate1d(np.asarray(input), np.array([-1.0, 0.0, 1.0]), axis, mode=for_axis(mode, 0), cval=cval)
    for k in numbers(np.ndim(input)):
        if k != normal_axis(axis, np.ndim(input)):
            out = nd.correlate1d(out, np.array([1.0, 2.0, 1.0]), k, mode=for_axis(mode, 0), cval=cval)
    return out


@formula(nd.prewitt, sample(M), sample(M, 0, mode="constant"))
def prewitt(input: Any, axis: int = -1, *, mode: Any = "reflect", cval: Any = 0.0) -> Any:
    out = nd.correlate1d(np.asarray(input), np.array([-1.0, 0.0, 1.0]), axis, mode=for_axis(mode, 0), cval=cval)
    for k in numbers(np.ndim(input)):
        if k != normal_axis(axis, np.ndim(input)):
            out = nd.correlate1d(out, np.ones(3), k, mode=for_axis(mode, 0), cval=cval)
    return out


@formula(nd.laplace, sample(M), sample(V, mode="wrap"))
def laplace(input: Any, *, mode: Any = "reflect", cval: Any = 0.0) -> Any:
    x = np.asarray(input)
    total = nd.correlate1d(x, np.array([1.0, -2.0, 1.0]), 0, mode=for_axis(mode, 0), cval=cval)
    for k in numbers(np.ndim(input))[1:]:
        total = total + nd.correlate1d(x, np.array([1.0, -2.0, 1.0]), k, mode=for_axis(mode, k), cval=cval)
    return total
