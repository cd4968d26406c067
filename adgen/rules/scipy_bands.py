"""Banded, tridiagonal and circulant matrices of `scipy.linalg`; read only when a program has imported it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from adgen.ir.nodes import Operand
from adgen.ir.types import Array, Tuple
from adgen.rules.axes import transposed
from adgen.rules.declare import formula, rule, sample, static
from adgen.rules.factorisations import apart, blur, diagonal_of, gaps, on_diagonal
from adgen.rules.typing import array_dims, known

D = np.array([2.0, -0.5, 1.3, 0.4])
E = np.array([0.7, -1.1, 0.3])
UPPER = np.array([[0.0, 0.5, -0.3, 0.2], [3.0, 2.5, 4.0, 3.5]])
B = np.array([0.5, -1.2, 2.0, 0.3])


@static
def bandwidth(rows: int) -> tuple[int, int]:
    return rows - 1, rows - 1


@formula(
    sl.solveh_banded, sample(UPPER, B), sample(np.stack((UPPER[1], np.roll(UPPER[0], -1))), B, lower=True),
    name="scipy.linalg.solveh_banded",
)  # fmt: skip
def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """The other triangle repeats the diagonals, each moved by its distance from the main one."""
    ab = np.asarray(ab)
    n = ab.shape[0]
    rows = []
    for k in range(n - 1):
        rows.append(np.roll(ab[n - 1 - k], n - 1 - k) if lower else ab[k])
    rows.append(ab[0] if lower else ab[n - 1])
    for k in range(1, n):
        rows.append(ab[k] if lower else np.roll(ab[n - 1 - k], -k))
    return sl.solve_banded(bandwidth(n), np.stack(rows), b)


def tridiagonal(d: Any, e: Any) -> Any:
    return np.diag(d) + np.diag(e, 1) + np.diag(e, -1)


def tridiagonal_gradients(s: Any) -> Any:
    """Return the gradients by the two diagonals, from that by the whole matrix."""
    return diagonal_of(s), np.diagonal(s, 1) + np.diagonal(s, -1)


def eigh_tridiagonal_gradient(g: Any, out: Any, d: Any, e: Any, eigvals_only: bool) -> Any:
    """Return the gradient by the whole matrix, as that of `np.linalg.eigh`."""
    if eigvals_only:
        _, v = np.linalg.eigh(tridiagonal(d, e))
        return (v * np.expand_dims(g, -2)) @ transposed(v)
    w, v = out
    m = transposed(v) @ g[1]
    return v @ (on_diagonal(g[0]) + apart(gaps(w, blur(w)), m, g[1])) @ transposed(v)


def eigh_tridiagonal_tangent(t: Any, out: Any, d: Any, e: Any, eigvals_only: bool) -> Any:
    if eigvals_only:
        _, v = np.linalg.eigh(tridiagonal(d, e))
        return diagonal_of(transposed(v) @ t @ v)
    w, v = out
    inner = transposed(v) @ t @ v
    return diagonal_of(inner), v @ (gaps(w, blur(w)) * inner)


def eigh_tridiagonal_type(d: Operand, e: Operand, eigvals_only: Operand) -> Any:
    dims = array_dims(d.type)
    values, vectors = Array("float64", dims), Array("float64", (*dims, *dims))
    return values if known(eigvals_only, "eigvals_only") else Tuple((values, vectors))


rule(
    sl.eigh_tridiagonal,
    "d e eigvals_only=False",
    args=("d", "e"),
    name="scipy.linalg.eigh_tridiagonal",
    static=("eigvals_only",),
    vjp=(
        lambda g, out, d, e, eigvals_only: tridiagonal_gradients(eigh_tridiagonal_gradient(g, out, d, e, eigvals_only))[
            0
        ],
        lambda g, out, d, e, eigvals_only: tridiagonal_gradients(eigh_tridiagonal_gradient(g, out, d, e, eigvals_only))[
            1
        ],
    ),
    jvp=(
        lambda t, out, d, e, eigvals_only: eigh_tridiagonal_tangent(np.diag(t), out, d, e, eigvals_only),
        lambda t, out, d, e, eigvals_only: eigh_tridiagonal_tangent(
            np.diag(t, 1) + np.diag(t, -1), out, d, e, eigvals_only
        ),
    ),
    infer=eigh_tridiagonal_type,
    samples=(sample(D, E), sample(D, E, eigvals_only=True)),
)


@formula(sl.eigvalsh_tridiagonal, sample(D, E), name="scipy.linalg.eigvalsh_tridiagonal")
def eigvalsh_tridiagonal(d: Any, e: Any) -> Any:
    return sl.eigh_tridiagonal(d, e, eigvals_only=True)


@formula(sl.solve_circulant, sample(D, B), sample(D, np.stack((B, D), 1)), name="scipy.linalg.solve_circulant")
def solve_circulant(c: Any, b: Any) -> Any:
    return np.linalg.solve(sl.circulant(c), np.asarray(b))


@formula(
    sl.convolution_matrix, sample(B, 3), sample(B, 5, "same"), sample(B, 3, "valid"),
    name="scipy.linalg.convolution_matrix",
)  # fmt: skip
def convolution_matrix(a: Any, n: Any, mode: Any = "full") -> Any:
    """The matrix of `np.convolve` with `a`: column k is `a` moved by k places."""
    a = np.asarray(a)
    return np.stack([np.convolve(a, np.eye(n)[k], mode) for k in range(n)], axis=1)
