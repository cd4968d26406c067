"""Rules of `numpy.fft`.

A transform is linear, so its tangent is the transform of the tangent. The matrix of `fft` and of `ifft` is
symmetric, whatever the norm, so the gradient of a transform is the transform of the gradient, cut or padded with
zeros to the length of the argument. Where only half of a spectrum is computed, the other half is its conjugate: each
inner element of the half counts twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Length
from adgen.rules.axes import from_front, normal_axis, shaped_like, to_front
from adgen.rules.declare import linear, rule, sample, static
from adgen.rules.typing import Shape, array_dims, fresh_dim, known, same_as

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1])
W = np.array([1.5, 0.7, -0.4, 0.9])
M = np.array([[1.0, -2.0, 0.5, 0.7], [0.3, 4.0, -1.5, 0.2]])
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4) ** 2
ZV, ZW, ZM, ZS = V + 1j * V[::-1], W - 0.5j, M * (1 + 0.5j) + 0.1j, STACK * (1 - 0.5j) + 0.2j


# --- lengths --------------------------------------------------------------------------------------


def put(dims: tuple[Length, ...], axis: int, n: Length) -> tuple[Length, ...]:
    k = normal_axis(axis, len(dims))
    return (*dims[:k], n, *dims[k + 1 :])


def length(n: Any, given: Length) -> Length:
    """Return the length that an argument n asks for, an operand or None."""
    if n is None or (isinstance(n, Const) and n.value in (None, -1)):
        return given
    return n.value if isinstance(n, Const) else fresh_dim()


def half(n: Length) -> Length:
    return n // 2 + 1 if isinstance(n, int) else fresh_dim()


def twice(n: Length) -> Length:
    return 2 * (n - 1) if isinstance(n, int) else fresh_dim()


def same_length(a: Operand, n: Operand, axis: Operand, norm: Operand) -> Shape:
    dims = array_dims(a.type)
    return Shape(put(dims, known(axis), length(n, dims[known(axis)])))


def half_length(a: Operand, n: Operand, axis: Operand, norm: Operand) -> Shape:
    dims = array_dims(a.type)
    return Shape(put(dims, known(axis), half(length(n, dims[known(axis)]))))


def twice_length(a: Operand, n: Operand, axis: Operand, norm: Operand) -> Shape:
    dims = array_dims(a.type)
    return Shape(put(dims, known(axis), length(n, twice(dims[known(axis)]))))


# --- along one axis -------------------------------------------------------------------------------


def fitted(d: Any, a: Any, n: Any, axis: int) -> Any:
    """Cut d to the length of a along an axis, or fill it up with zeros, if a transform had a length of its own."""
    if n is None:
        return shaped_like(d, a)
    front = to_front(d, axis)
    count = min(front.shape[0], a.shape[axis])
    whole = np.zeros((a.shape[axis], *front.shape[1:]), dtype=d.dtype)
    whole[:count] = front[:count]
    return shaped_like(from_front(whole, axis), a)


@static
def opposite(norm: Any) -> Any:
    """Return the norm of the inverse transform's factor."""
    return {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}[norm]


def fft_vjp(g: Any, a: Any, n: Any, axis: int, norm: Any) -> Any:
    return fitted(np.fft.fft(g, axis=axis, norm=norm), a, n, axis)


def ifft_vjp(g: Any, a: Any, n: Any, axis: int, norm: Any) -> Any:
    return fitted(np.fft.ifft(g, axis=axis, norm=norm), a, n, axis)


def rfft_vjp(g: Any, a: Any, n: Any, axis: int, norm: Any) -> Any:
    whole = np.fft.fft(g, a.shape[axis] if n is None else n, axis=axis, norm=norm)
    return fitted(np.real(whole), a, n, axis)


def doubled(d: Any, n: Any, axis: int) -> Any:
    """Count the inner elements of half a spectrum of n twice."""
    front = to_front(d, axis).copy()
    front[1 : (n + 1) // 2] *= 2.0
    return from_front(front, axis)


def irfft_vjp(g: Any, a: Any, n: Any, axis: int, norm: Any) -> Any:
    d = doubled(np.conj(np.fft.rfft(g, axis=axis, norm=opposite(norm))), g.shape[axis], axis)
    return fitted(d, a, n, axis)


def hfft_vjp(g: Any, a: Any, n: Any, axis: int, norm: Any) -> Any:
    return np.conj(irfft_vjp(g, a, n, axis, opposite(norm)))


def ihfft_vjp(g: Any, a: Any, n: Any, axis: int, norm: Any) -> Any:
    return rfft_vjp(np.conj(g), a, n, axis, opposite(norm))


COMPLEX = (
    sample(V),
    sample(ZW),
    sample(V, 3),
    sample(ZW, n=7, norm="ortho"),
    sample(M, axis=0),
    sample(ZS, 2, 1, "forward"),
)
REAL = (sample(V), sample(W), sample(V, 8), sample(W, n=3, norm="ortho"), sample(M, axis=0), sample(STACK, 5, 1))
HERMITIAN = (
    sample(ZV),
    sample(ZW, n=7),
    sample(ZW, 4),
    sample(V, 9, norm="ortho"),
    sample(ZM, 3, 0, "forward"),
    sample(ZS, axis=1),
    sample(ZW, 16),
)
ONE_AXIS: Any = (
    (np.fft.fft, fft_vjp, same_length, COMPLEX),
    (np.fft.ifft, ifft_vjp, same_length, COMPLEX),
    (np.fft.rfft, rfft_vjp, half_length, REAL),
    (np.fft.irfft, irfft_vjp, twice_length, HERMITIAN),
    (np.fft.hfft, hfft_vjp, twice_length, HERMITIAN),
    (np.fft.ihfft, ihfft_vjp, half_length, REAL),
)
for _fn, _vjp, _infer, _samples in ONE_AXIS:
    if _fn is np.fft.hfft:
        rule(
            _fn,
            "a n=None axis=-1 norm=None",
            static=("axis", "norm"),
            vjp=_vjp,
            jvp=lambda t, n, axis, norm: np.fft.hfft(t, n, axis=axis, norm=norm),
            infer=_infer,
            samples=_samples,
        )
    else:
        linear(_fn, "a n=None axis=-1 norm=None", static=("axis", "norm"), vjp=_vjp, infer=_infer, samples=_samples)


# --- along several axes ---------------------------------------------------------------------------


@static
def chosen(axes: Any, sizes: int | None, ndim: int) -> tuple[int, ...]:
    """Return the axes that a transform goes along; `sizes`: how many lengths are given."""
    if axes is None:
        return tuple(range(ndim) if sizes is None else range(ndim - sizes, ndim))
    found = tuple(normal_axis(k, ndim) for k in ((axes,) if isinstance(axes, int) else axes))
    if len(set(found)) < len(found):
        raise TypeError("a transform twice along one axis has no gradient rule")
    return found


def along(a: Any, s: Any, axes: Any) -> tuple[int, ...]:
    if s is None:
        return chosen(axes, None, np.ndim(a))
    return chosen(axes, len(s), np.ndim(a))


def fftn_vjp(g: Any, a: Any, s: Any, axes: Any, norm: Any) -> Any:
    d = np.fft.fftn(g, axes=along(a, s, axes), norm=norm)
    return all_fitted(d, a, s, along(a, s, axes))


def ifftn_vjp(g: Any, a: Any, s: Any, axes: Any, norm: Any) -> Any:
    d = np.fft.ifftn(g, axes=along(a, s, axes), norm=norm)
    return all_fitted(d, a, s, along(a, s, axes))


def all_fitted(d: Any, a: Any, s: Any, axes: Any) -> Any:
    """Cut or fill up d along each axis that a transform gave a length of its own."""
    if s is None:
        return shaped_like(d, a)
    for k in axes:
        front = to_front(d, k)
        count = min(front.shape[0], a.shape[k])
        whole = np.zeros((a.shape[k], *front.shape[1:]), dtype=d.dtype)
        whole[:count] = front[:count]
        d = from_front(whole, k)
    return shaped_like(d, a)


def rfftn_vjp(g: Any, a: Any, s: Any, axes: Any, norm: Any) -> Any:
    order = along(a, s, axes)
    n = a.shape[order[-1]] if s is None or s[-1] == -1 else s[-1]
    d = np.fft.fft(g, n, axis=order[-1], norm=norm)
    if len(order) > 1:
        d = np.fft.fftn(d, axes=order[:-1], norm=norm)
    return all_fitted(np.real(d), a, s, order)


def irfftn_vjp(g: Any, a: Any, s: Any, axes: Any, norm: Any) -> Any:
    order = along(a, s, axes)
    d = np.conj(np.fft.rfft(g, axis=order[-1], norm=opposite(norm)))
    d = doubled(d, g.shape[order[-1]], order[-1])
    if len(order) > 1:
        d = np.fft.ifftn(d, axes=order[:-1], norm=norm)
    return all_fitted(d, a, s, order)


def sizes_of(s: Operand, n: int) -> tuple[Any, ...]:
    if isinstance(s, Const):
        value = (None,) * n if s.value is None else tuple(s.value)
        return tuple(Const(k, s.type) for k in value)
    return (s,) * n


def transformed(a: Operand, s: Operand, axes: Operand, norm: Operand, last: Any = None) -> Shape:
    """Return the lengths of a transform; `last`: what becomes of the length of the last axis."""
    dims = array_dims(a.type)
    given = len(s.value) if isinstance(s, Const) and s.value is not None else None
    if given is None and not isinstance(s, Const):
        given = len(s.type.items) if hasattr(s.type, "items") else None
    order = chosen(known(axes, "axes"), given, len(dims))
    for k, n in zip(order, sizes_of(s, len(order))):
        if k == order[-1] and last is not None:
            dims = put(dims, k, last(n, dims[k]))
        else:
            dims = put(dims, k, length(n, dims[k]))
    return Shape(dims)


def half_of_last(a: Operand, s: Operand, axes: Operand, norm: Operand) -> Shape:
    return transformed(a, s, axes, norm, lambda n, given: half(length(n, given)))


def twice_last(a: Operand, s: Operand, axes: Operand, norm: Operand) -> Shape:
    return transformed(a, s, axes, norm, lambda n, given: length(n, twice(given)))


BOXES = (
    sample(M),
    sample(STACK, axes=(1, 2)),
    sample(M, (3, 3), (0, 1)),
    sample(M, s=(2, 6), axes=(1, 0), norm="ortho"),
    sample(STACK, (4, 2), (-1, 0)),
)
ZBOXES = (sample(ZM), sample(ZS, axes=(2, 0)), sample(ZM, (3, 5), (0, 1)), sample(ZM, (2, 4), (0, 1), "ortho"))
AXES: Any = (
    (np.fft.fftn, fftn_vjp, transformed, (*BOXES, *ZBOXES, sample(STACK))),
    (np.fft.ifftn, ifftn_vjp, transformed, (*BOXES, *ZBOXES, sample(ZS))),
    (np.fft.rfftn, rfftn_vjp, half_of_last, (*BOXES, sample(STACK))),
    (np.fft.irfftn, irfftn_vjp, twice_last, (*ZBOXES, sample(STACK), sample(ZS, axes=(1,)))),
)
for _fn, _vjp, _infer, _samples in AXES:
    linear(_fn, "a s=None axes=None norm=None", static=("axes", "norm"), vjp=_vjp, infer=_infer, samples=_samples)
TWO_AXES: Any = (
    (np.fft.fft2, fftn_vjp, transformed, (*BOXES, *ZBOXES)),
    (np.fft.ifft2, ifftn_vjp, transformed, (*BOXES, *ZBOXES)),
    (np.fft.rfft2, rfftn_vjp, half_of_last, BOXES),
    (np.fft.irfft2, irfftn_vjp, twice_last, ZBOXES),
)
for _fn, _vjp, _infer, _samples in TWO_AXES:
    linear(_fn, "a s=None axes=(-2,-1) norm=None", static=("axes", "norm"), vjp=_vjp, infer=_infer, samples=_samples)


# --- order of the frequencies -----------------------------------------------------------------------

SHIFTS = (sample(V), sample(M), sample(STACK, axes=1), sample(STACK, (0, 1)))
linear(
    np.fft.fftshift,
    "x axes=None",
    static=("axes",),
    vjp=lambda g, axes: np.fft.ifftshift(g, axes=axes),
    infer=same_as("x"),
    samples=SHIFTS,
)
linear(
    np.fft.ifftshift,
    "x axes=None",
    static=("axes",),
    vjp=lambda g, axes: np.fft.fftshift(g, axes=axes),
    infer=same_as("x"),
    samples=SHIFTS,
)
FREQUENCIES: Any = (np.fft.fftfreq, np.fft.rfftfreq)
for _fn in FREQUENCIES:
    rule(
        _fn,
        "n d=1.0",
        args=("d",),
        vjp=lambda g, out, n, d: -np.sum(g * out) / d,
        jvp=lambda t, out, n, d: -t * out / d,
        samples=(sample(5, 0.5), sample(6, 2.0)),
    )
