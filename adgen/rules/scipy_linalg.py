"""Rules of equations and factorisations in `scipy.linalg`; read only when the user's program has imported it.

The formulas are those of `numpy.linalg` (see `linalg.py`, `factorisations.py`). What overwrites its arguments is
refused.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import scipy.linalg as sl

from adgen.ir.nodes import Operand
from adgen.ir.types import Array, Bool, Tuple
from adgen.rules.axes import conjugate, transposed
from adgen.rules.core import has_complex
from adgen.rules.declare import rule, sample, static
from adgen.rules.eigen import complex_like, eig_jvp, eig_vjp, eigvals_jvp, eigvals_vjp
from adgen.rules.factorisations import (
    cholesky_jvp,
    cholesky_vjp,
    eigh_jvp,
    eigh_vjp,
    eigvalsh_jvp,
    eigvalsh_vjp,
    of_triangle,
    qr_jvp,
    qr_vjp,
    svd_jvp,
    svd_vjp,
    symmetric,
    values_gradient,
    values_tangent,
)
from adgen.rules.linalg import det_jvp, det_vjp, square_shape
from adgen.rules.solutions import pseudo_gradient, pseudo_tangent
from adgen.rules.typing import Shape, array_dims, fresh_dim, known

V = np.array([0.5, -1.2, 2.0])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
A = np.array([[2.0, -0.5, 0.3], [0.4, 1.5, -0.7], [-0.2, 0.6, 3.0]])
B = A.T + 0.5 * A
S = A @ A.T
Z = A + 0.5j * A[::-1]
LOW = np.tril(A)


@static
def real_only(what: str) -> None:
    raise TypeError(f"{what} has a gradient rule for real matrices only")


def refuse_complex(what: str, *xs: Any) -> None:
    if has_complex(*xs):
        real_only(what)


def columns(b: Any) -> Any:
    return np.expand_dims(b, -1) if b.ndim == 1 else b


def outer(a: Any, b: Any) -> Any:
    """Return `a b^T` of two vectors, or of the columns of two matrices, summed."""
    return columns(a) @ columns(b).T


# --- equations --------------------------------------------------------------------------------------

rule(
    sl.inv,
    "a * check_finite=True",
    name="scipy.linalg.inv",
    static=("check_finite",),
    vjp={"a": lambda g, out: -(transposed(out) @ g @ transposed(out))},
    jvp={"a": lambda t, out: -(out @ t @ out)},
    infer=square_shape,
    samples=(sample(A), sample(Z), sample(A, check_finite=False)),
)
rule(
    sl.det,
    "a * check_finite=True",
    name="scipy.linalg.det",
    static=("check_finite",),
    vjp={"a": det_vjp},
    jvp={"a": det_jvp},
    samples=(sample(A),),
)


@static
def is_general(assume_a: Any) -> bool:
    if assume_a in (None, "gen", "general"):
        return True
    if assume_a in ("sym", "her", "pos", "symmetric", "hermitian", "positive definite"):
        return False
    raise TypeError(f"scipy.linalg.solve has no gradient rule for assume_a={assume_a!r}")


def solve_b_vjp(g: Any, a: Any, b: Any, assume_a: Any, lower: bool, transposed: bool) -> Any:
    if is_general(assume_a):
        return sl.solve(a if transposed else a.T, g)
    refuse_complex("scipy.linalg.solve with assume_a", a, b)
    return sl.solve(a, g, assume_a=assume_a, lower=lower)


def solve_a_vjp(g: Any, out: Any, a: Any, b: Any, assume_a: Any, lower: bool, transposed: bool) -> Any:
    d_b = solve_b_vjp(g, a, b, assume_a, lower, transposed)
    if is_general(assume_a):
        return -outer(out, d_b) if transposed else -outer(d_b, out)
    return of_triangle(-outer(d_b, out), "L" if lower else "U")


def solve_a_jvp(t: Any, out: Any, a: Any, b: Any, assume_a: Any, lower: bool, transposed: bool) -> Any:
    if is_general(assume_a):
        return -sl.solve(a.T, t.T @ out) if transposed else -sl.solve(a, t @ out)
    refuse_complex("scipy.linalg.solve with assume_a", a, b)
    return -sl.solve(a, symmetric(t, "L" if lower else "U") @ out, assume_a=assume_a, lower=lower)


def solve_b_jvp(t: Any, a: Any, assume_a: Any, lower: bool, transposed: bool) -> Any:
    return sl.solve(a, t, assume_a=assume_a, lower=lower, transposed=transposed)


def two_axes(a: Operand, b: Operand, **_: Operand) -> Shape:
    if len(array_dims(a.type)) != 2 or len(array_dims(b.type)) > 2:
        raise TypeError("stacks of matrices have a gradient rule in numpy.linalg only")
    return Shape(array_dims(b.type))


ASSUMED = inspect.signature(sl.solve).parameters["assume_a"].default  # None, and "gen" before SciPy 1.15
rule(
    sl.solve,
    f"a b * check_finite=True assume_a={ASSUMED!r} lower=False transposed=False",
    args=("a", "b"),
    name="scipy.linalg.solve",
    static=("check_finite", "assume_a", "lower", "transposed"),
    vjp=(solve_a_vjp, solve_b_vjp),
    jvp=(solve_a_jvp, solve_b_jvp),
    infer=two_axes,
    samples=(
        sample(A, V),
        sample(A, M.T),
        sample(S, V, assume_a="pos"),
        sample(S, M.T, assume_a="sym", lower=True),
        sample(A, V, transposed=True),
        sample(Z, V),
    ),
)


@static
def turned(trans: Any) -> Any:
    """Return the `trans` of the transposed equation."""
    table = {0: "T", "N": "T", 1: "N", "T": "N", 2: "N", "C": "N"}
    return table[trans]


@static
def is_turned(trans: Any) -> bool:
    return trans not in (0, "N")


@static
def takes_conjugate(trans: Any) -> bool:
    return trans in (2, "C")


def triangle(d: Any, lower: bool, unit_diagonal: bool) -> Any:
    """Return the part of a matrix that a triangular solver reads."""
    if lower:
        return np.tril(d, -1 if unit_diagonal else 0)
    return np.triu(d, 1 if unit_diagonal else 0)


def triangular_b_vjp(g: Any, a: Any, b: Any, trans: Any, lower: bool, unit_diagonal: bool) -> Any:
    if takes_conjugate(trans):
        refuse_complex("scipy.linalg.solve_triangular with trans='C'", a, b)
    return sl.solve_triangular(a, g, turned(trans), lower, unit_diagonal)


def triangular_a_vjp(g: Any, out: Any, a: Any, b: Any, trans: Any, lower: bool, unit_diagonal: bool) -> Any:
    d_b = triangular_b_vjp(g, a, b, trans, lower, unit_diagonal)
    d = -outer(out, d_b) if is_turned(trans) else -outer(d_b, out)
    return triangle(d, lower, unit_diagonal)


def triangular_a_jvp(t: Any, out: Any, a: Any, b: Any, trans: Any, lower: bool, unit_diagonal: bool) -> Any:
    if takes_conjugate(trans):
        refuse_complex("scipy.linalg.solve_triangular with trans='C'", a, b)
    d = triangle(t, lower, unit_diagonal)
    return -sl.solve_triangular(a, (d.T if is_turned(trans) else d) @ out, trans, lower, unit_diagonal)


def triangular_b_jvp(t: Any, a: Any, trans: Any, lower: bool, unit_diagonal: bool) -> Any:
    return sl.solve_triangular(a, t, trans, lower, unit_diagonal)


def triangular_shape(a: Operand, b: Operand, overwrite_b: Operand, **_: Operand) -> Shape:
    if known(overwrite_b, "overwrite_b"):
        raise TypeError("a function that overwrites its arguments has no gradient rule")
    return two_axes(a, b)


rule(
    sl.solve_triangular,
    "a b trans=0 lower=False unit_diagonal=False overwrite_b=False check_finite=True",
    args=("a", "b"),
    name="scipy.linalg.solve_triangular",
    static=("trans", "lower", "unit_diagonal", "overwrite_b", "check_finite"),
    vjp=(triangular_a_vjp, triangular_b_vjp),
    jvp=(triangular_a_jvp, triangular_b_jvp),
    infer=triangular_shape,
    samples=(
        sample(A, V, lower=True),
        sample(A, M.T),
        sample(LOW, V, "T", True),
        sample(A, V, 1),
        sample(A, M.T, lower=True, unit_diagonal=True),
        sample(Z, V, lower=True, check_finite=False),
    ),
)


# --- Cholesky ---------------------------------------------------------------------------------------

rule(
    sl.cholesky,
    "a lower=False * check_finite=True",
    name="scipy.linalg.cholesky",
    static=("lower", "check_finite"),
    vjp={"a": lambda g, out, lower: cholesky_vjp(g, out, not lower)},
    jvp={"a": lambda t, out, lower: cholesky_jvp(t, out, not lower)},
    infer=square_shape,
    samples=(sample(S), sample(S, lower=True), sample(Z @ Z.conj().T, True)),
)


# The other triangle of the factor is that of the argument; since SciPy 1.18 it is zero.
LEFT_OVER = float(sl.cho_factor(np.array([[1.0, 0.0], [1.0, 1.0]]))[0][1, 0])
FLAG: Any = type(sl.cho_factor(np.eye(2))[1])


def cho_factor_vjp(g: Any, out: Any, a: Any, lower: bool) -> Any:
    if lower:
        return cholesky_vjp(np.tril(g[0]), np.tril(out[0])) + LEFT_OVER * np.triu(g[0], 1)
    return cholesky_vjp(np.triu(g[0]), np.triu(out[0]), True) + LEFT_OVER * np.tril(g[0], -1)


def cho_factor_jvp(t: Any, out: Any, a: Any, lower: bool) -> Any:
    if lower:
        return cholesky_jvp(t, np.tril(out[0])) + LEFT_OVER * np.triu(t, 1), lower
    return cholesky_jvp(t, np.triu(out[0]), True) + LEFT_OVER * np.tril(t, -1), lower


rule(
    sl.cho_factor,
    "a lower=False * check_finite=True",
    name="scipy.linalg.cho_factor",
    static=("lower", "check_finite"),
    vjp={"a": cho_factor_vjp},
    jvp={"a": cho_factor_jvp},
    infer=lambda a, lower, check_finite: Tuple((a.type, Bool() if FLAG is bool else Array("bool", ()))),
    samples=(sample(S), sample(S, True)),
)


def cho_product(c: Any, d: Any, lower: bool) -> Any:
    """Return the gradient for the triangle c from that for `c c^T` (or `c^T c`)."""
    whole = d + d.T
    return np.tril(whole @ np.tril(c)) if lower else np.triu(np.triu(c) @ whole)


def cho_solve_c_vjp(g: Any, out: Any, c_and_lower: Any, b: Any) -> Any:
    c, lower = c_and_lower
    refuse_complex("scipy.linalg.cho_solve", c, b)
    d_b = sl.cho_solve((c, lower), g)
    return cho_product(c, -outer(d_b, out), lower), None


def cho_solve_c_jvp(t: Any, out: Any, c_and_lower: Any, b: Any) -> Any:
    c, lower = c_and_lower
    refuse_complex("scipy.linalg.cho_solve", c, b)
    if lower:
        half = np.tril(c) @ np.tril(t[0]).T
    else:
        half = np.triu(t[0]).T @ np.triu(c)
    return -sl.cho_solve((c, lower), (half + half.T) @ out)


rule(
    sl.cho_solve,
    "c_and_lower b * check_finite=True",
    args=("c_and_lower", "b"),
    name="scipy.linalg.cho_solve",
    static=("check_finite",),
    vjp=(cho_solve_c_vjp, lambda g, c_and_lower: sl.cho_solve(c_and_lower, g)),
    jvp=(cho_solve_c_jvp, lambda t, c_and_lower: sl.cho_solve(c_and_lower, t)),
    infer=lambda c_and_lower, b, check_finite: Shape(array_dims(b.type)),
    samples=(sample((np.linalg.cholesky(S), True), V), sample((np.linalg.cholesky(S).T.copy(), False), M.T)),
)


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
