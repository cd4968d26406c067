"""Kernels that return nothing and write their arguments: `of` names what they leave in them."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest

import adgen

RNG = np.random.default_rng(7)
MATRIX = RNG.uniform(0.5, 1.5, (3, 3)) + 4.0 * np.eye(3)
VECTOR = RNG.uniform(0.5, 1.5, 5)


def stencil(u, c):
    for _ in range(3):
        u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])


def lu(A):
    for k in range(len(A)):
        for i in range(k + 1, len(A)):
            A[i, k] /= A[k, k]
            for j in range(k + 1, len(A)):
                A[i, j] -= A[i, k] * A[k, j]


def prefix(x):
    for i in range(1, len(x)):
        x[i] += x[i - 1] * x[i]


def product(A, B, C):
    for i in range(len(A)):
        for j in range(len(A)):
            C[i, j] *= 2.0
            for k in range(len(A)):
                C[i, j] += A[i, k] * B[k, j]


def swap(a, b):
    for i in range(len(a)):
        a[i], b[i] = b[i] * a[i], a[i]


def leaves_early(x):
    for i in range(len(x)):
        if x[i] > 1.2:
            return
        x[i] *= x[i]


def solve(L, b):
    for i in range(len(b)):
        for j in range(i):
            b[i] -= L[i, j] * b[j]
        b[i] /= L[i, i]


KERNELS = [
    (stencil, (VECTOR, 0.3), "u"),
    (lu, (MATRIX,), "A"),
    (prefix, (VECTOR,), "x"),
    (product, (MATRIX, MATRIX.T, np.ones((3, 3))), "C"),
    (swap, (VECTOR, 2.0 * VECTOR), ("a", "b")),
    (leaves_early, (VECTOR,), "x"),
    (solve, (MATRIX, VECTOR[:3]), "b"),
]


def total(kernel, args, of):
    args = copy.deepcopy(args)
    kernel(*args)
    left = dict(zip(inspect.signature(kernel).parameters, args))
    return sum(np.sum(left[name]) for name in ([of] if isinstance(of, str) else of))


@pytest.mark.parametrize(("kernel", "args", "of"), KERNELS, ids=[k.__name__ for k, _, _ in KERNELS])
def test_kernel(kernel, args, of):
    names, given = tuple(inspect.signature(kernel).parameters), copy.deepcopy(args)
    directions = tuple(RNG.normal(size=np.shape(a)) if np.ndim(a) else float(RNG.normal()) for a in args)
    h = 1e-6
    ends = [total(kernel, tuple(a + s * h * d for a, d in zip(args, directions)), of) for s in (1.0, -1.0)]
    slope = (ends[0] - ends[1]) / (2.0 * h)

    def along(gradients):
        return sum(np.sum(g * d) for g, d in zip(gradients, directions))

    assert np.isclose(along(adgen.grad(kernel, wrt=names, of=of)(*given)), slope, rtol=1e-5)
    value, pullback = adgen.vjp(kernel, *given, wrt=names, of=of)
    seed = np.ones_like(value) if isinstance(of, str) else tuple(map(np.ones_like, value))
    first, again = pullback(seed), pullback(seed)
    assert np.isclose(along(first), slope, rtol=1e-5)
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    _, tangent = adgen.jvp(kernel, given, directions, of=of)
    assert np.isclose(sum(np.sum(t) for t in (tangent if isinstance(tangent, tuple) else (tangent,))), slope, rtol=1e-5)
    assert all(np.array_equal(a, b) for a, b in zip(given, args)), "an argument changed"
