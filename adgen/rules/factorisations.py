"""Rules of matrix factorisations: Cholesky, eigenvalues of symmetric matrices, singular values; stacks of them too.

Formulas: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008), for eigh and svd; I. Murray, "Differentiation of the Cholesky decomposition" (2016).

`cholesky` and `eigh` read one triangle of their argument, so the gradient has that triangle only. Between equal
eigenvalues the vectors have no derivative: the gradient is NaN if it needs one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.rules.axes import transposed
from adgen.rules.declare import rule, sample, static
from adgen.rules.linalg import square_shape
from adgen.rules.typing import Shape, array_dims, fresh_dim, known

M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
A = np.array([[2.0, -0.5, 0.3], [0.4, 1.5, -0.7], [-0.2, 0.6, 3.0]])
S = A @ A.T
STACK = np.stack((A, A.T + 0.5 * A))
SPD = np.stack((S, S + np.eye(3)))


def half_lower(x: Any) -> Any:
    """Return the lower triangle with half the diagonal: Murray's Phi."""
    return 0.5 * (np.tril(x) + np.tril(x, -1))


def half_upper(x: Any) -> Any:
    return 0.5 * (np.triu(x) + np.triu(x, 1))


def cholesky_vjp(g: Any, out: Any) -> Any:
    upper = transposed(out)
    p = half_lower(upper @ g)
    s = np.linalg.solve(upper, transposed(np.linalg.solve(upper, transposed(p))))
    return half_lower(s + transposed(s))


def cholesky_jvp(t: Any, out: Any) -> Any:
    low = np.tril(t, -1)
    s = np.tril(t) + transposed(low)
    x = np.linalg.solve(out, transposed(np.linalg.solve(out, s)))
    return out @ half_lower(x)


rule(
    np.linalg.cholesky,
    "a",
    vjp=cholesky_vjp,
    jvp=cholesky_jvp,
    infer=square_shape,
    samples=(sample(S), sample(SPD)),
)


def gaps(w: Any) -> Any:
    """Return `1 / (w[j] - w[i])`, 0 on the diagonal; NaN between equal values, where there is no derivative."""
    one = np.eye(w.shape[-1])
    difference = np.expand_dims(w, -2) - np.expand_dims(w, -1) + one
    return 1.0 / np.where(difference == 0.0, np.nan, difference) - one


def eigh_vjp(g: Any, out: Any, UPLO: str) -> Any:
    w, v = out
    inner = np.expand_dims(g[0], -2) * np.eye(w.shape[-1]) + gaps(w) * (transposed(v) @ g[1])
    s = v @ inner @ transposed(v)
    if UPLO == "L":
        return half_lower(s + transposed(s))
    return half_upper(s + transposed(s))


def symmetric(t: Any, UPLO: str) -> Any:
    """Return the symmetric matrix that eigh makes of one triangle."""
    if UPLO == "L":
        return np.tril(t) + transposed(np.tril(t, -1))
    return np.triu(t) + transposed(np.triu(t, 1))


def eigh_jvp(t: Any, out: Any, UPLO: str) -> Any:
    w, v = out
    inner = transposed(v) @ symmetric(t, UPLO) @ v
    return np.diagonal(inner, axis1=-2, axis2=-1), v @ (gaps(w) * inner)


def eigvalsh_vjp(g: Any, a: Any, UPLO: Any) -> Any:
    _, v = np.linalg.eigh(a, UPLO=UPLO)
    s = (v * np.expand_dims(g, -2)) @ transposed(v)
    if UPLO == "L":
        return half_lower(s + transposed(s))
    return half_upper(s + transposed(s))


def eigvalsh_jvp(t: Any, a: Any, UPLO: Any) -> Any:
    _, v = np.linalg.eigh(a, UPLO=UPLO)
    return np.diagonal(transposed(v) @ symmetric(t, UPLO) @ v, axis1=-2, axis2=-1)


rule(
    np.linalg.eigh,
    "a UPLO='L'",
    static=("UPLO",),
    vjp=eigh_vjp,
    jvp=eigh_jvp,
    infer=lambda a, UPLO: (Shape(array_dims(a.type)[:-1]), square_shape(a)),
    samples=(sample(S), sample(S, UPLO="U"), sample(SPD)),
)
rule(
    np.linalg.eigvalsh,
    "a UPLO='L'",
    static=("UPLO",),
    vjp=eigvalsh_vjp,
    jvp=eigvalsh_jvp,
    infer=lambda a, UPLO: Shape(array_dims(a.type)[:-1]),
    samples=(sample(S), sample(S, UPLO="U"), sample(SPD)),
)


@static
def thin(full_matrices: bool, compute_uv: bool) -> bool:
    """Return whether there are vectors; refuse the full ones, whose surplus columns are arbitrary."""
    if compute_uv and full_matrices:
        raise TypeError("np.linalg.svd has a gradient rule with full_matrices=False or compute_uv=False only")
    return compute_uv


def svd_vjp(g: Any, out: Any, a: Any, full_matrices: bool, compute_uv: bool) -> Any:
    if not thin(full_matrices, compute_uv):
        u, _, vh = np.linalg.svd(a, full_matrices=False)
        return (u * np.expand_dims(g, -2)) @ vh
    u, s, vh = out
    ut, v = transposed(u), transposed(vh)
    f = gaps(s * s)
    row = np.expand_dims(s, -2)
    column = np.expand_dims(s, -1)
    du, dv = g[0], transposed(g[2])
    left = ut @ du
    right = transposed(v) @ dv
    core = f * (left - transposed(left)) * row + column * (f * (right - transposed(right)))
    core = core + np.eye(s.shape[-1]) * np.expand_dims(g[1], -2)
    inside = u @ core @ vh
    if a.shape[-2] > a.shape[-1]:
        return inside + (du - u @ left) / row @ vh
    if a.shape[-2] < a.shape[-1]:
        return inside + u @ transposed((dv - v @ right) / row)
    return inside


def svd_jvp(t: Any, out: Any, a: Any, full_matrices: bool, compute_uv: bool) -> Any:
    if not thin(full_matrices, compute_uv):
        u, _, vh = np.linalg.svd(a, full_matrices=False)
        return np.diagonal(transposed(u) @ t @ transposed(vh), axis1=-2, axis2=-1)
    u, s, vh = out
    v = transposed(vh)
    f = gaps(s * s)
    row = np.expand_dims(s, -2)
    column = np.expand_dims(s, -1)
    p = transposed(u) @ t @ v
    q = transposed(p)
    dot_u = u @ (f * (p * row + column * q))
    dot_v = v @ (f * (column * p + q * row))
    if a.shape[-2] > a.shape[-1]:
        dot_u = dot_u + (t @ v - u @ p) / row
    if a.shape[-2] < a.shape[-1]:
        dot_v = dot_v + (transposed(t) @ u - v @ q) / row
    return dot_u, np.diagonal(p, axis1=-2, axis2=-1), transposed(dot_v)


def svd_shapes(a: Operand, full_matrices: Operand, compute_uv: Operand) -> Any:
    m = array_dims(a.type)
    short = m[-1] if m[-1] == m[-2] else fresh_dim()
    if not known(compute_uv, "compute_uv"):
        return Shape((*m[:-2], short))
    if known(full_matrices, "full_matrices"):
        return Shape((*m[:-1], m[-2])), Shape((*m[:-2], short)), Shape((*m[:-2], m[-1], m[-1]))
    return Shape((*m[:-1], short)), Shape((*m[:-2], short)), Shape((*m[:-2], short, m[-1]))


rule(
    np.linalg.svd,
    "a full_matrices=True compute_uv=True",
    static=("full_matrices", "compute_uv"),
    vjp=svd_vjp,
    jvp=svd_jvp,
    infer=svd_shapes,
    samples=(
        sample(A, full_matrices=False),
        sample(M, full_matrices=False),
        sample(M.T, full_matrices=False),
        sample(M, compute_uv=False),
        sample(STACK, full_matrices=False),
    ),
)


# --- QR -------------------------------------------------------------------------------------------


@static
def thin_qr(mode: str) -> None:
    if mode != "reduced":
        raise TypeError("np.linalg.qr has a gradient rule with mode='reduced' only")


def qr_vjp(g: Any, out: Any, a: Any, mode: str) -> Any:
    """For as many rows as columns, or more (S. Walter, "Structured higher-order algorithmic differentiation", 2012)."""
    thin_qr(mode)
    q, r = out
    m = r @ transposed(g[1]) - transposed(g[0]) @ q
    low = np.tril(m) + transposed(np.tril(m, -1))
    return transposed(np.linalg.solve(r, transposed(g[0] + q @ low)))


def qr_jvp(t: Any, out: Any, a: Any, mode: str) -> Any:
    thin_qr(mode)
    q, r = out
    s = transposed(np.linalg.solve(transposed(r), transposed(t)))
    c = transposed(q) @ s
    low = np.tril(c, -1)
    turn = low - transposed(low)
    return q @ (turn - c) + s, (c - turn) @ r


def qr_shapes(a: Operand, mode: Operand) -> Any:
    m = array_dims(a.type)
    if known(mode, "mode") != "reduced":
        return None
    short = m[-1] if m[-1] == m[-2] else fresh_dim()
    return Shape((*m[:-1], short)), Shape((*m[:-2], short, m[-1]))


rule(
    np.linalg.qr,
    "a mode='reduced'",
    static=("mode",),
    vjp=qr_vjp,
    jvp=qr_jvp,
    infer=qr_shapes,
    samples=(sample(A), sample(M.T), sample(STACK)),
)
