"""Rules of factorisations in `scipy.linalg` beside Cholesky's; read only when the user's program has imported it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from adgen.ir.nodes import Operand
from adgen.ir.types import Array, Tuple
from adgen.rules.axes import conjugate
from adgen.rules.declare import rule, sample, static
from adgen.rules.eigen import complex_like, eig_jvp, eig_vjp, eigvals_jvp, eigvals_vjp
from adgen.rules.factorisations import (
    eigh_jvp,
    eigh_vjp,
    eigvalsh_jvp,
    eigvalsh_vjp,
    qr_jvp,
    qr_vjp,
    svd_jvp,
    svd_vjp,
    values_gradient,
    values_tangent,
)
from adgen.rules.scipy_linalg import A, B, M, S, V, Z, outer
from adgen.rules.solutions import pseudo_gradient, pseudo_tangent
from adgen.rules.typing import Shape, array_dims, fresh_dim, known

# --- other factorisations -----------------------------------------------------------------------------


@static
def same_mode(mode: str, pivoting: bool) -> str:
    """Return what numpy.linalg calls a mode."""
    if pivoting or mode not in ("full", "economic"):
        raise TypeError("scipy.linalg.qr has a gradient rule for mode='full' and 'economic' without pivoting only")
    return "complete" if mode == "full" else "reduced"


def qr_shapes(a: Operand, mode: Operand, pivoting: Operand, check_finite: Operand) -> Any:
    m, n = array_dims(a.type)
    if known(mode, "mode") == "full":
        return Shape((m, m)), Shape((m, n))
    short = n if m == n else fresh_dim()
    return Shape((m, short)), Shape((short, n))


rule(
    sl.qr,
    "a * mode='full' pivoting=False check_finite=True",
    name="scipy.linalg.qr",
    static=("mode", "pivoting", "check_finite"),
    vjp={"a": lambda g, out, a, mode, pivoting: qr_vjp(g, out, a, same_mode(mode, pivoting))},
    jvp={"a": lambda t, out, a, mode, pivoting: qr_jvp(t, out, a, same_mode(mode, pivoting))},
    infer=qr_shapes,
    samples=(sample(A), sample(M), sample(M.T, mode="economic"), sample(M, mode="economic")),
)


def svd_shapes(a: Operand, full_matrices: Operand, compute_uv: Operand, check_finite: Operand) -> Any:
    m, n = array_dims(a.type)
    short = n if m == n else fresh_dim()
    if not known(compute_uv, "compute_uv"):
        return Shape((short,))
    if known(full_matrices, "full_matrices"):
        return Shape((m, m)), Shape((short,)), Shape((n, n))
    return Shape((m, short)), Shape((short,)), Shape((short, n))


rule(
    sl.svd,
    "a full_matrices=True compute_uv=True * check_finite=True",
    name="scipy.linalg.svd",
    static=("full_matrices", "compute_uv", "check_finite"),
    vjp={"a": lambda g, out, a, full_matrices, compute_uv: svd_vjp(g, out, a, full_matrices, compute_uv, False)},
    jvp={"a": lambda t, out, a, full_matrices, compute_uv: svd_jvp(t, out, a, full_matrices, compute_uv, False)},
    infer=svd_shapes,
    samples=(sample(A), sample(M, full_matrices=False), sample(M.T, False), sample(M, compute_uv=False)),
)
rule(
    sl.svdvals,
    "a * check_finite=True",
    name="scipy.linalg.svdvals",
    static=("check_finite",),
    vjp={"a": lambda g, a: values_gradient(g, a, False)},
    jvp={"a": lambda t, a: values_tangent(t, a, False)},
    samples=(sample(M), sample(A)),
)


@static
def side(lower: bool) -> str:
    return "L" if lower else "U"


@static
def with_vectors(eigvals_only: bool) -> bool:
    return not eigvals_only


def scipy_eigh_vjp(g: Any, out: Any, a: Any, lower: bool, eigvals_only: bool) -> Any:
    if with_vectors(eigvals_only):
        return eigh_vjp(g, out, side(lower))
    return eigvalsh_vjp(g, a, side(lower))


def scipy_eigh_jvp(t: Any, out: Any, a: Any, lower: bool, eigvals_only: bool) -> Any:
    if with_vectors(eigvals_only):
        return eigh_jvp(t, out, side(lower))
    return eigvalsh_jvp(t, a, side(lower))


def eigh_shapes(a: Operand, lower: Operand, eigvals_only: Operand, check_finite: Operand) -> Any:
    n = Shape(array_dims(a.type)[:-1])
    return n if known(eigvals_only, "eigvals_only") else (n, Shape(array_dims(a.type)))


rule(
    sl.eigh,
    "a * lower=True eigvals_only=False check_finite=True",
    name="scipy.linalg.eigh",
    static=("lower", "eigvals_only", "check_finite"),
    vjp={"a": scipy_eigh_vjp},
    jvp={"a": scipy_eigh_jvp},
    infer=eigh_shapes,
    samples=(sample(S), sample(S, lower=False), sample(S, eigvals_only=True)),
)
rule(
    sl.eigvalsh,
    "a * lower=True check_finite=True",
    name="scipy.linalg.eigvalsh",
    static=("lower", "check_finite"),
    vjp={"a": lambda g, a, lower: eigvalsh_vjp(g, a, side(lower))},
    jvp={"a": lambda t, a, lower: eigvalsh_jvp(t, a, side(lower))},
    infer=lambda a, lower, check_finite: Shape(array_dims(a.type)[:-1]),
    samples=(sample(S), sample(S, lower=False)),
)
TURN = np.array([[0.3, -1.5, 0.2], [1.1, 0.4, 0.6], [-0.3, 0.5, 2.0]])
rule(
    sl.eig,
    "a * check_finite=True",
    name="scipy.linalg.eig",
    static=("check_finite",),
    vjp={"a": eig_vjp},
    jvp={"a": eig_jvp},
    infer=lambda a, check_finite: Tuple(
        (Array(complex_like(a), array_dims(a.type)[:-1]), Array(complex_like(a), array_dims(a.type)))
    ),
    samples=(sample(TURN), sample(Z)),
)
rule(
    sl.eigvals,
    "a * check_finite=True",
    name="scipy.linalg.eigvals",
    static=("check_finite",),
    vjp={"a": eigvals_vjp},
    jvp={"a": eigvals_jvp},
    infer=lambda a, check_finite: Array(complex_like(a), array_dims(a.type)[:-1]),
    samples=(sample(A), sample(Z)),
)
rule(
    sl.pinv,
    "a * check_finite=True",
    name="scipy.linalg.pinv",
    static=("check_finite",),
    vjp={"a": lambda g, out, a: conjugate(pseudo_gradient(conjugate(g), out, a))},
    jvp={"a": lambda t, out, a: pseudo_tangent(t, out, a)},
    infer=lambda a, check_finite: Shape(array_dims(a.type)[::-1]),
    samples=(sample(M), sample(A), sample(Z[:2])),
)


def square_only(a: Any) -> None:
    if a.shape[0] != a.shape[1]:
        raise NotImplementedError("the gradient of scipy.linalg.lu is for square matrices")


def lu_vjp(g: Any, out: Any, a: Any) -> Any:
    """S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions" (2010)."""
    square_only(a)
    p, low, up = out
    inner = np.tril(low.T @ g[1], -1) + np.triu(g[2] @ up.T)
    left = sl.solve_triangular(low, inner, "T", True, True)
    return p @ sl.solve_triangular(up, left.T).T


def lu_jvp(t: Any, out: Any, a: Any) -> Any:
    square_only(a)
    p, low, up = out
    left = sl.solve_triangular(low, p.T @ t, "N", True, True)
    m = sl.solve_triangular(up, left.T, "T").T
    return np.zeros_like(p), low @ np.tril(m, -1), np.triu(m) @ up


rule(
    sl.lu,
    "a * check_finite=True",
    name="scipy.linalg.lu",
    static=("check_finite",),
    vjp={"a": lu_vjp},
    jvp={"a": lu_jvp},
    infer=lambda a, check_finite: (Shape((array_dims(a.type)[0],) * 2), None, None),
    samples=(sample(A), sample(B), sample(A[::-1])),
)


# `lu_factor` keeps both triangles in one matrix, and the rows that it swapped.


def swapped_rows(piv: Any) -> Any:
    """Return which row of a matrix stands where, after all swaps."""
    order = np.arange(np.size(piv))
    for i in range(np.size(piv)):
        j = piv[i]
        k = order[i]
        order[i] = order[j]
        order[j] = k
    return order


def unit_lower(lu: Any) -> Any:
    return np.tril(lu, -1) + np.eye(lu.shape[0])


def lu_factor_vjp(g: Any, out: Any, a: Any) -> Any:
    square_only(a)
    lu, piv = out
    low = unit_lower(lu)
    inner = np.tril(low.T @ np.tril(g[0], -1), -1) + np.triu(np.triu(g[0]) @ np.triu(lu).T)
    left = sl.solve_triangular(low, inner, "T", True, True)
    d = np.zeros_like(a)
    d[swapped_rows(piv)] = sl.solve_triangular(lu, left.T).T
    return d


def lu_factor_jvp(t: Any, out: Any, a: Any) -> Any:
    square_only(a)
    lu, piv = out
    left = sl.solve_triangular(lu, t[swapped_rows(piv)], "N", True, True)
    m = sl.solve_triangular(lu, left.T, "T").T
    return unit_lower(lu) @ np.tril(m, -1) + np.triu(m) @ np.triu(lu), 0 * piv


rule(
    sl.lu_factor,
    "a * check_finite=True",
    name="scipy.linalg.lu_factor",
    static=("check_finite",),
    vjp={"a": lu_factor_vjp},
    jvp={"a": lu_factor_jvp},
    infer=lambda a, check_finite: (Shape(array_dims(a.type)), Shape(array_dims(a.type)[:1])),
    samples=(sample(A), sample(A[::-1])),
)


@static
def is_plain(trans: Any) -> bool:
    if trans not in (0, 1):
        raise TypeError("scipy.linalg.lu_solve has a gradient rule for trans=0 and 1 only")
    return bool(trans == 0)


def lu_solve_lu_vjp(g: Any, out: Any, lu_and_piv: Any, b: Any, trans: int) -> Any:
    lu, piv = lu_and_piv
    d_b = sl.lu_solve((lu, piv), g, 1 if is_plain(trans) else 0)
    d = (-outer(d_b, out) if is_plain(trans) else -outer(out, d_b))[swapped_rows(piv)]
    return np.tril(d @ np.triu(lu).T, -1) + np.triu(unit_lower(lu).T @ d), None


def lu_solve_lu_jvp(t: Any, out: Any, lu_and_piv: Any, b: Any, trans: int) -> Any:
    lu, piv = lu_and_piv
    moved = np.zeros_like(lu)
    moved[swapped_rows(piv)] = np.tril(t[0], -1) @ np.triu(lu) + unit_lower(lu) @ np.triu(t[0])
    return -sl.lu_solve((lu, piv), (moved if is_plain(trans) else moved.T) @ out, trans)


rule(
    sl.lu_solve,
    "lu_and_piv b trans=0 * check_finite=True",
    args=("lu_and_piv", "b"),
    name="scipy.linalg.lu_solve",
    static=("trans", "check_finite"),
    vjp=(lu_solve_lu_vjp, lambda g, lu_and_piv, trans: sl.lu_solve(lu_and_piv, g, 1 if is_plain(trans) else 0)),
    jvp=(lu_solve_lu_jvp, lambda t, lu_and_piv, trans: sl.lu_solve(lu_and_piv, t, trans)),
    infer=lambda lu_and_piv, b, trans, check_finite: Shape(array_dims(b.type)),
    samples=(sample(sl.lu_factor(A[::-1]), V), sample(sl.lu_factor(A), M.T, 1)),
)
