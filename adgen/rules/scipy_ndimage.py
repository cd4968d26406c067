"""Rules of convolutions in `scipy.ndimage`, in the image; read only when the user's program has imported it.

An image is continued over its border by elements of its own, then convolved. The gradient goes the same way back: it
is correlated on a larger image, and what falls outside is added to the elements that stood for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage as nd

from adgen.rules.axes import from_front, numbers, shaped_like, to_front
from adgen.rules.core import has_complex
from adgen.rules.declare import rule, sample, static
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
