"""Formulas of products along given axes, and of operands that the rules of products don't take as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import numbers
from adgen.rules.declare import formula, sample
from adgen.rules.selection import NUMPY_2

V = np.array([0.5, -1.2, 2.0])
W = np.array([1.5, 0.7, -0.4])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
N = np.linspace(-1.0, 1.5, 6).reshape(2, 3) ** 2
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 4, 3)

if NUMPY_2:

    @formula(np.vecdot, sample(V, W), sample(M, N), sample(STACK, W), sample(M, N, axis=0), sample(M * 1j, N + 2j))
    def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
        return np.sum(np.conj(x1) * x2, axis=axis)


if hasattr(np, "matvec"):  # NumPy 2.2

    @formula(np.matvec, sample(M, V), sample(STACK, V), sample(STACK, M))
    def matvec(x1: Any, x2: Any, /) -> Any:
        return np.squeeze(x1 @ np.expand_dims(x2, -1), axis=-1)

    @formula(np.vecmat, sample(V, M.T), sample(V, np.swapaxes(STACK, 1, 2)), sample(M, np.swapaxes(STACK, 1, 2)))
    def vecmat(x1: Any, x2: Any, /) -> Any:
        return np.squeeze(np.expand_dims(np.conj(x1), -2) @ x2, axis=-2)


@formula(np.kron, sample(V, M), sample(M, V), sample(0.5, M), sample(STACK, M), sample(V, 2.0))
def kron(a: Any, b: Any) -> Any:
    """Of operands of unequal rank, the lower one gets axes in front."""
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim < b.ndim:
        a = np.expand_dims(a, numbers(b.ndim - a.ndim))
    if b.ndim < a.ndim:
        b = np.expand_dims(b, numbers(a.ndim - b.ndim))
    return np.kron(a, b) if a.ndim else a * b


@formula(
    np.cross,
    sample(M.T, N.T, axis=0),
    sample(M.T, N.T, axisa=0, axisb=0),
    sample(M.T, N, axisa=0),
    sample(M, N, axisc=0),
)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    if axis is not None:
        axisa, axisb, axisc = axis, axis, axis
    out = np.cross(np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1))
    return np.moveaxis(out, -1, axisc)


@formula(np.vdot, sample(0.5, -1.5))
def vdot(a: Any, b: Any, /) -> Any:
    return np.multiply(np.conj(a), b)
