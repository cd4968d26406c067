"""Rules of products: dot, inner, outer, tensordot, einsum, kron, cross, convolve.

Each is linear in each argument, so its tangent is a sum of the same product over the arguments. Gradients follow
from one fact: where `out = sum over shared axes of a * b`, the gradient for a is the product of g and b, summed
over the axes that a lacks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.rules.axes import inverse_permutation, normal_axes, numbers, shaped_like
from adgen.rules.core import has_complex
from adgen.rules.declare import OtherForm, multilinear, rule, sample, static
from adgen.rules.shapes import flat_shape
from adgen.rules.typing import Shape, array_dims, broadcast_of, known

V = np.array([0.5, -1.2, 2.0])
W = np.array([1.5, 0.7, -0.4])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
N = np.linspace(-1.0, 1.5, 12).reshape(3, 4)
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)

AxisPair = tuple[tuple[int, ...], tuple[int, ...]]


@static
def leading(n: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the first n axes, twice: those that two operands of tensordot share."""
    return tuple(range(n)), tuple(range(n))


# np.dot: the last axis of a, the last but one of b.


@static
def dot_axes(a_ndim: int, b_ndim: int) -> AxisPair:
    """Return the axes of g and b to sum over for the gradient of a: b's free ones."""
    free = tuple(k for k in range(b_ndim) if k != max(b_ndim - 2, 0))
    return tuple(range(a_ndim - 1, a_ndim - 1 + len(free))), free


def dot_a_vjp(g: Any, a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0 or (a.ndim == 1 and b.ndim == 1):
        return g * b
    if b.ndim == 1:
        return np.expand_dims(g, -1) * b
    if a.ndim == 1 and b.ndim == 2:
        return b @ g
    if a.ndim == 2 and b.ndim == 2:
        return g @ b.T
    return np.tensordot(g, b, dot_axes(a.ndim, b.ndim))


def dot_b_vjp(g: Any, a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0 or (a.ndim == 1 and b.ndim == 1):
        return g * a
    if a.ndim == 2 and b.ndim <= 2:
        return a.T @ g
    if a.ndim == 1 and b.ndim == 2:
        return np.outer(a, g)
    d = np.tensordot(a, g, leading(a.ndim - 1))
    if b.ndim <= 2:
        return d
    return np.moveaxis(d, 0, -2)


def dot_shape(a: Operand, b: Operand) -> Shape:
    m, n = array_dims(a.type), array_dims(b.type)
    if not m or not n:
        return Shape(m or n)
    return Shape((*m[:-1], *n[:-2], *(n[-1:] if len(n) > 1 else ())))


multilinear(
    np.dot,
    "a b /",
    args=("a", "b"),
    vjp=(dot_a_vjp, dot_b_vjp),
    infer=dot_shape,
    samples=(
        sample(V, W),
        sample(M, V),
        sample(V, N),
        sample(M, N),
        sample(STACK, N.T),
        sample(STACK, N[0]),
        sample(V, STACK),
        sample(M, STACK),
        sample(STACK.reshape(2, 4, 3), STACK),
        sample(2.0, M),
        sample(V, 3.0),
        sample(M * (1 + 2j), N),
    ),
)


def vdot_a_vjp(g: Any, a: Any, b: Any) -> Any:
    if has_complex(a):
        return np.conj(g * np.reshape(b, np.shape(a)))
    return g * np.reshape(b, np.shape(a))


def vdot_a_jvp(t: Any, b: Any) -> Any:
    return np.vdot(t, b)


def vdot_b_vjp(g: Any, a: Any, b: Any) -> Any:
    if has_complex(a):
        return g * np.reshape(np.conj(a), np.shape(b))
    return g * np.reshape(a, np.shape(b))


def vdot_b_jvp(t: Any, a: Any) -> Any:
    return np.vdot(a, t)


def not_scalars(a: Operand, b: Operand) -> None:
    if not array_dims(a.type) and not array_dims(b.type):
        raise OtherForm("np.vdot of scalars")


rule(
    np.vdot,
    "a b /",
    infer=not_scalars,
    vjp=(vdot_a_vjp, vdot_b_vjp),
    jvp=(vdot_a_jvp, vdot_b_jvp),
    samples=(sample(V, W), sample(M, M[:, ::-1].reshape(3, 2)), sample(V + 1j * W, W - 0.5j * V)),
)


# np.inner: the last axis of both.


def inner_a_vjp(g: Any, a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0 or (a.ndim == 1 and b.ndim == 1):
        return g * b
    if b.ndim == 1:
        return np.expand_dims(g, -1) * b
    return np.tensordot(g, b, inner_axes(a.ndim, b.ndim))


def inner_b_vjp(g: Any, a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0 or (a.ndim == 1 and b.ndim == 1):
        return g * a
    if a.ndim == 1:
        return np.expand_dims(g, -1) * a
    return np.tensordot(g, a, leading(a.ndim - 1))


@static
def inner_axes(a_ndim: int, b_ndim: int) -> AxisPair:
    return tuple(range(a_ndim - 1, a_ndim + b_ndim - 2)), tuple(range(b_ndim - 1))


def inner_shape(a: Operand, b: Operand) -> Shape:
    m, n = array_dims(a.type), array_dims(b.type)
    return Shape((*m[:-1], *n[:-1]) if m and n else m or n)


multilinear(
    np.inner,
    "a b /",
    args=("a", "b"),
    vjp=(inner_a_vjp, inner_b_vjp),
    infer=inner_shape,
    samples=(sample(V, W), sample(M, V), sample(V, M), sample(M, N.T), sample(STACK, N[:2]), sample(2.0, M)),
)


def outer_a_vjp(g: Any, a: Any, b: Any) -> Any:
    if a.ndim == 1:
        return g @ (b if b.ndim == 1 else np.ravel(b))
    return np.reshape(g @ np.ravel(b), np.shape(a))


def outer_b_vjp(g: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return (a if a.ndim == 1 else np.ravel(a)) @ g
    return np.reshape(np.ravel(a) @ g, np.shape(b))


multilinear(
    np.outer,
    "a b",
    args=("a", "b"),
    vjp=(outer_a_vjp, outer_b_vjp),
    infer=lambda a, b: Shape((*flat_shape(a).dims, *flat_shape(b).dims)),
    samples=(sample(V, W), sample(V, N[0]), sample(M, W)),
)


# np.tensordot


@static
def pairs(axes: Any, a_ndim: int, b_ndim: int) -> AxisPair:
    """Return the axes of a and b that tensordot sums over, in pairs."""
    if isinstance(axes, int):
        return tuple(range(a_ndim - axes, a_ndim)), tuple(range(axes))
    first, second = (tuple(k) if isinstance(k, (tuple, list)) else (k,) for k in axes)
    return normal_axes(first, a_ndim), normal_axes(second, b_ndim)


@static
def gradient_axes(axes: Any, a_ndim: int, b_ndim: int, of: str) -> AxisPair:
    """Return the axes of g and of the other operand to sum over for the gradient of a or b."""
    in_a, in_b = pairs(axes, a_ndim, b_ndim)
    if of == "a":
        free = tuple(k for k in range(b_ndim) if k not in in_b)
        start = a_ndim - len(in_a)
    else:
        free = tuple(k for k in range(a_ndim) if k not in in_a)
        start = 0
    return tuple(range(start, start + len(free))), free


@static
def gradient_order(axes: Any, a_ndim: int, b_ndim: int, of: str) -> tuple[int, ...] | None:
    """Return the transposition that puts the axes of that product in order, None if they are."""
    in_a, in_b = pairs(axes, a_ndim, b_ndim)
    mine, other, ndim = (in_a, in_b, a_ndim) if of == "a" else (in_b, in_a, b_ndim)
    free = [k for k in range(ndim) if k not in mine]
    partners = [mine[other.index(k)] for k in sorted(other)]
    order = inverse_permutation(free + partners if of == "a" else partners + free, ndim)
    return None if order == tuple(range(ndim)) else order


def tensordot_a_vjp(g: Any, a: Any, b: Any, axes: Any) -> Any:
    d = np.tensordot(g, b, gradient_axes(axes, a.ndim, b.ndim, "a"))
    order = gradient_order(axes, a.ndim, b.ndim, "a")
    if order is None:
        return d
    return np.transpose(d, order)


def tensordot_b_vjp(g: Any, a: Any, b: Any, axes: Any) -> Any:
    d = np.tensordot(a, g, swapped(gradient_axes(axes, a.ndim, b.ndim, "b")))
    order = gradient_order(axes, a.ndim, b.ndim, "b")
    if order is None:
        return d
    return np.transpose(d, order)


@static
def swapped(axes: AxisPair) -> AxisPair:
    return axes[1], axes[0]


def tensordot_shape(a: Operand, b: Operand, axes: Operand) -> Shape:
    m, n = array_dims(a.type), array_dims(b.type)
    in_a, in_b = pairs(known(axes, "axes"), len(m), len(n))
    return Shape(
        tuple(d for k, d in enumerate(m) if k not in in_a) + tuple(d for k, d in enumerate(n) if k not in in_b)
    )


multilinear(
    np.tensordot,
    "a b axes=2",
    args=("a", "b"),
    static=("axes",),
    vjp=(tensordot_a_vjp, tensordot_b_vjp),
    infer=tensordot_shape,
    samples=(
        sample(M, N, axes=1),
        sample(V, W, axes=0),
        sample(M, M[::-1], axes=2),
        sample(STACK, STACK.transpose(2, 0, 1) + 1.0, axes=((0, 2), (1, 0))),
        sample(STACK, N, axes=((1, 2), (0, 1))),
        sample(STACK, N, axes=((2, 1), (1, 0))),
        sample(STACK, N, axes=(1, 0)),
        sample(N.T, STACK, axes=((-1,), (-2,))),
    ),
)


# np.kron: the interleaved axes of g, those of the other operand summed.


def interleaved(a: Operand, b: Operand) -> None:
    if len(array_dims(a.type)) != len(array_dims(b.type)) or not array_dims(a.type):
        raise OtherForm("np.kron of operands of unequal rank")


@static
def every_second(n: int, start: int) -> AxisPair:
    return tuple(range(start, 2 * n, 2)), tuple(range(n))


def blocks(g: Any, a: Any, b: Any) -> Any:
    shape: tuple[Any, ...] = ()
    for k in numbers(a.ndim):
        shape += (a.shape[k], b.shape[k])
    return np.reshape(g, shape)


def kron_a_vjp(g: Any, a: Any, b: Any) -> Any:
    return shaped_like(np.tensordot(blocks(g, a, b), b, every_second(b.ndim, 1)), a)


def kron_b_vjp(g: Any, a: Any, b: Any) -> Any:
    return shaped_like(np.tensordot(blocks(g, a, b), a, every_second(a.ndim, 0)), b)


multilinear(
    np.kron,
    "a b",
    args=("a", "b"),
    vjp=(kron_a_vjp, kron_b_vjp),
    infer=interleaved,
    samples=(sample(V, N[0]), sample(M, N)),
)


def three_elements(a: Any, b: Any) -> None:
    """Stop a gradient of np.cross of vectors with two elements, which adgen does not have."""
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise NotImplementedError("the gradient of np.cross is for vectors of three elements")


def cross_a_vjp(g: Any, a: Any, b: Any) -> Any:
    three_elements(a, b)
    return np.cross(b, g)


def cross_b_vjp(g: Any, a: Any, b: Any) -> Any:
    three_elements(a, b)
    return np.cross(g, a)


multilinear(
    np.cross,
    "a b",
    args=("a", "b"),
    vjp=(cross_a_vjp, cross_b_vjp),
    infer=broadcast_of("a", "b"),
    samples=(sample(V, W), sample(M, M[:, ::-1]), sample(M, V)),
)


# Convolutions: "full" embeds the others, each gradient is the matching correlation. Real arrays.


def full_gradient(g: Any, a: Any, v: Any, mode: str) -> Any:
    """Return the gradient of the full convolution that a shorter mode is cut from."""
    if mode == "full":
        return g
    n = min(np.size(a), np.size(v)) - 1
    before = n if mode == "valid" else n // 2 if mode == "same" else unknown_mode(mode)
    after = n if mode == "valid" else n - n // 2
    return np.concatenate((np.zeros(before), g, np.zeros(after)))


@static
def unknown_mode(mode: str) -> int:
    raise TypeError(f"np.convolve has no gradient rule for mode={mode!r}")


def correlate(g: Any, v: Any, n: Any) -> Any:
    """Return the correlation of g and v, at the n shifts where v lies inside g."""
    return np.convolve(g, np.flip(v))[np.size(v) - 1 : np.size(v) - 1 + n]


def convolve_a_vjp(g: Any, a: Any, v: Any, mode: str) -> Any:
    return shaped_like(correlate(full_gradient(g, a, v, mode), v, np.size(a)), a)


def convolve_v_vjp(g: Any, a: Any, v: Any, mode: str) -> Any:
    return shaped_like(correlate(full_gradient(g, a, v, mode), a, np.size(v)), v)


multilinear(
    np.convolve,
    "a v mode='full'",
    args=("a", "v"),
    static=("mode",),
    vjp=(convolve_a_vjp, convolve_v_vjp),
    samples=(
        sample(V, N[0]),
        sample(V, W, mode="same"),
        sample(N[0], V[:2], mode="same"),
        sample(N[0], W, mode="same"),
        sample(V, N[1], mode="same"),
        sample(N[0], W, mode="valid"),
        sample(V[:2], N[0], mode="valid"),
    ),
)
