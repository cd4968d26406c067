"""Rules of convolutions and filters in `scipy.signal`; read only when the user's program has imported it.

A convolution commutes, and the gradient for one operand is the convolution of the gradient with the other one turned
round. The shorter modes are cut from the full one. A linear filter run backwards in time is its own transpose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.signal as sg

from adgen.ir.nodes import Operand
from adgen.rules.axes import conjugate, from_front, numbers, shaped_like, to_front
from adgen.rules.core import has_complex
from adgen.rules.declare import rule, sample, static
from adgen.rules.typing import Shape, array_dims, fresh_dim, known

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1])
W = np.array([1.5, 0.7, -0.4])
M = np.linspace(-1.0, 2.0, 12).reshape(3, 4) ** 2
N = np.array([[1.0, -0.5], [0.3, 2.0]])


# --- convolutions ---------------------------------------------------------------------------------


@static
def known_mode(mode: str) -> str:
    if mode not in ("full", "same", "valid"):
        raise TypeError(f"a convolution has no mode {mode!r}")
    return mode


def in_full(g: Any, a: Any, b: Any, mode: str) -> Any:
    """Return the gradient of the full convolution that a shorter mode is cut from."""
    if known_mode(mode) == "full":
        return g
    d = g
    for k in numbers(np.ndim(g)):
        n = a.shape[k] + b.shape[k] - 1
        front = to_front(d, k)
        start = (n - a.shape[k]) // 2 if mode == "same" else min(a.shape[k], b.shape[k]) - 1
        whole = np.zeros((n, *front.shape[1:]), dtype=front.dtype)
        whole[start : start + front.shape[0]] = front
        d = from_front(whole, k)
    return d


def convolved_dims(in1: Operand, in2: Operand, mode: Operand, **_: Operand) -> Shape:
    m, n = array_dims(in1.type), array_dims(in2.type)
    if not m or len(m) != len(n):
        raise TypeError("a convolution has a gradient rule for operands of equal rank, from 1 on")
    if known(mode, "mode") == "same":
        return Shape(m)
    if known(mode, "mode") == "full":
        pairs = zip(m, n)
        return Shape(tuple(i + j - 1 if isinstance(i, int) and isinstance(j, int) else fresh_dim() for i, j in pairs))
    return Shape(tuple(fresh_dim() for _ in m))


CONVOLUTIONS = (
    sample(V, W),
    sample(V, W, mode="same"),
    sample(V, W[:2], "same"),
    sample(V, W, "valid"),
    sample(W, V, mode="same"),
    sample(M, N),
    sample(M, N, mode="same"),
    sample(M, N, mode="valid"),
    sample(V + 1j, W),
)


def convolution(fn: Callable[..., Any], params: str) -> None:
    def first(g: Any, in1: Any, in2: Any, mode: str) -> Any:
        return shaped_like(fn(in_full(g, in1, in2, mode), np.flip(in2), "valid"), in1)

    def second(g: Any, in1: Any, in2: Any, mode: str) -> Any:
        return shaped_like(fn(in_full(g, in1, in2, mode), np.flip(in1), "valid"), in2)

    rule(
        fn,
        params,
        args=("in1", "in2"),
        name=f"scipy.signal.{fn.__name__}",
        static=tuple(p.partition("=")[0] for p in params.split()[2:]),
        vjp=(first, second),
        jvp=(lambda t, in2, mode: fn(t, in2, mode), lambda t, in1, mode: fn(in1, t, mode)),
        infer=convolved_dims,
        samples=CONVOLUTIONS,
    )


convolution(sg.convolve, "in1 in2 mode='full' method='auto'")
convolution(sg.fftconvolve, "in1 in2 mode='full'")
convolution(sg.oaconvolve, "in1 in2 mode='full'")


def correlate_first(g: Any, in1: Any, in2: Any, mode: str) -> Any:
    return shaped_like(sg.convolve(in_full(g, in1, in2, mode), conjugate(in2), "valid"), in1)


def correlate_second(g: Any, in1: Any, in2: Any, mode: str) -> Any:
    d = np.flip(sg.convolve(in_full(g, in1, in2, mode), np.flip(in1), "valid"))
    return shaped_like(conjugate(np.real(d) if not has_complex(in2) else d), in2)


rule(
    sg.correlate,
    "in1 in2 mode='full' method='auto'",
    args=("in1", "in2"),
    name="scipy.signal.correlate",
    static=("mode", "method"),
    vjp=(correlate_first, correlate_second),
    jvp=(lambda t, in2, mode: sg.correlate(t, in2, mode), lambda t, in1, mode: sg.correlate(in1, t, mode)),
    infer=convolved_dims,
    samples=(*CONVOLUTIONS, sample(V, W + 0.5j)),
)


# --- filters ----------------------------------------------------------------------------------------


def lfilter_x_vjp(g: Any, b: Any, a: Any, axis: int) -> Any:
    return np.flip(sg.lfilter(b, a, np.flip(g, axis), axis), axis)


def lagged(g: Any, v: Any, coefficients: Any, axis: int) -> Any:
    """Return the sums of g against v, delayed by each number of steps that a coefficient stands for."""
    d = np.zeros_like(coefficients)
    g, v = np.moveaxis(g, axis, -1), np.moveaxis(v, axis, -1)
    n = v.shape[-1]
    for k in range(np.size(coefficients)):
        d[k] = np.sum(g[..., k:] * v[..., : max(n - k, 0)])
    return d


def lfilter_b_vjp(g: Any, b: Any, a: Any, x: Any, axis: int) -> Any:
    return lagged(g, sg.lfilter(np.ones(1), a, x, axis), b, axis)


def lfilter_a_vjp(g: Any, out: Any, a: Any, axis: int) -> Any:
    return -lagged(g, sg.lfilter(np.ones(1), a, out, axis), a, axis)


def lfilter_a_jvp(t: Any, out: Any, a: Any, axis: int) -> Any:
    """The delayed outputs, filtered: t is a finite response."""
    return -sg.lfilter(np.ones(1), a, sg.lfilter(t, np.ones(1), out, axis), axis)


def lfilter_shape(b: Operand, a: Operand, x: Operand, axis: Operand) -> Shape:
    if len(array_dims(b.type)) != 1 or len(array_dims(a.type)) != 1:
        raise TypeError("scipy.signal.lfilter has a gradient rule for coefficients in vectors")
    return Shape(array_dims(x.type))


rule(
    sg.lfilter,
    "b a x axis=-1",
    name="scipy.signal.lfilter",
    static=("axis",),
    vjp=(lfilter_b_vjp, lfilter_a_vjp, lfilter_x_vjp),
    jvp=(
        lambda t, a, x, axis: sg.lfilter(t, a, x, axis),
        lfilter_a_jvp,
        lambda t, b, a, axis: sg.lfilter(b, a, t, axis),
    ),
    infer=lfilter_shape,
    samples=(
        sample(W, np.array([2.0, 0.5, -0.3]), V),
        sample(np.array([0.5]), np.array([1.0, -0.4]), V),
        sample(W, np.array([2.0, 0.5]), M, second=False),
        sample(W, np.array([1.0, 0.5]), M, 0, second=False),
    ),
)
