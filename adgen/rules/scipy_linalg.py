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
from adgen.rules.axes import transposed
from adgen.rules.core import has_complex
from adgen.rules.declare import rule, sample, static
from adgen.rules.factorisations import (
    cholesky_jvp,
    cholesky_vjp,
    of_triangle,
    symmetric,
)
from adgen.rules.linalg import det_jvp, det_vjp, square_shape
from adgen.rules.typing import Shape, array_dims, known

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
