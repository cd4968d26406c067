"""Logarithm, sign, powers and polar factors of a matrix, and solutions of least squares, in `scipy.linalg`.

The derivatives of functions of a matrix are solutions of Sylvester equations, or blocks of the function of a larger
matrix (N. Higham, "Functions of Matrices", 2008, 3.2, 5.3 and 8.4). None divides by differences of eigenvalues.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
import scipy.linalg as sl

from adgen.ir.nodes import Operand
from adgen.ir.types import Array, is_complex
from adgen.rules.core import has_complex
from adgen.rules.declare import formula, rule, sample, static
from adgen.rules.eigen import complex_like
from adgen.rules.linalg import blocks
from adgen.rules.typing import Shape, array_dims

A = np.array([[2.0, -0.5, 0.3], [0.4, 1.5, -0.7], [-0.2, 0.6, 3.0]])
B = np.array([[1.0, 0.2], [0.1, 1.3], [-0.5, 0.3]])
S = np.array([[1.0, 0.4, -0.3], [0.2, -2.0, 0.5], [0.3, 0.1, 0.7]])
V = np.array([0.5, -1.2, 2.0])


def corner(both: Any) -> Any:
    """Return the upper right block of a matrix of four."""
    n = both.shape[0] // 2
    return both[:n, n:]


def of_complex(A: Operand, **_: Operand) -> Any:
    """The logarithm or a power of a real matrix may be complex: it is complex to adgen."""
    return Array(complex_like(A), array_dims(A.type))


rule(
    sl.logm,
    "A",
    name="scipy.linalg.logm",
    vjp=lambda g, A: corner(sl.logm(blocks(A.T + 0j, g))),
    jvp=lambda t, A: corner(sl.logm(blocks(A, t))),
    infer=of_complex,
    samples=(sample(A + 0j, second=False),),
)
rule(
    sl.fractional_matrix_power,
    "A p /",
    args=("A",),
    name="scipy.linalg.fractional_matrix_power",
    vjp=lambda g, A, p: corner(sl.fractional_matrix_power(blocks(A.T + 0j, g), p)),
    jvp=lambda t, A, p: corner(sl.fractional_matrix_power(blocks(A, t), p)),
    infer=of_complex,
    samples=(sample(A + 0j, 0.3, second=False),),
)


def sign_slope(g: Any, s: Any, a: Any) -> Any:
    """Return the derivative of the sign s of a matrix in a direction: N L + L N = g - s g s with N = s a."""
    n = s @ a
    return sl.solve_sylvester(n, n, g - s @ g @ s)


def real_matrix(a: Operand) -> Shape:
    if is_complex(a.type):
        raise TypeError("scipy.linalg.signm has a gradient rule for real matrices")
    return Shape(array_dims(a.type))


def sign_vjp(g: Any, out: Any, a: Any) -> Any:
    n = (out @ a).T
    w = sl.solve_sylvester(n, n, g)
    return w - out.T @ w @ out.T


rule(
    sl.signm,
    "A",
    name="scipy.linalg.signm",
    vjp=lambda g, out, A: sign_vjp(g, out, A),
    jvp=lambda t, out, A: sign_slope(t, out, A),
    infer=lambda A: real_matrix(A),
    samples=(sample(S),),
)


# --- polar decomposition ----------------------------------------------------------------------------
# Of a matrix with independent columns: a = u p. With r = u^T t, the rotation w solves p w + w p = r - r^T.


def polar_of(a: Any) -> Any:
    """Return the polar factors of a matrix that has at least as many rows as columns."""
    import scipy.linalg

    return scipy.linalg.polar(a)


def rotation(p: Any, q: Any) -> Any:
    return sl.solve_sylvester(p, p, q)


@static
def refuse_complex(found: Any) -> None:
    if found:
        raise TypeError("scipy.linalg.polar has a gradient rule for real matrices")


def polar_vjp(g: Any, out: Any, a: Any) -> Any:
    refuse_complex(has_complex(a))
    u, p = out
    d_u, d_p = g
    k = rotation(p, u.T @ d_u - d_p @ p)
    rest = np.linalg.solve(p, d_u.T).T
    return u @ (k - k.T + d_p) + rest - u @ (u.T @ rest)


def polar_jvp(t: Any, out: Any, a: Any) -> Any:
    refuse_complex(has_complex(a))
    u, p = out
    r = u.T @ t
    w = rotation(p, r - r.T)
    return u @ w + np.linalg.solve(p, (t - u @ r).T).T, r - w @ p


rule(
    polar_of,
    "a",
    name="polar_of",
    vjp=polar_vjp,
    jvp=polar_jvp,
    samples=(sample(A), sample(B)),
)


@formula(sl.polar, sample(A), sample(B), sample(A, "left"), sample(B.T), name="scipy.linalg.polar")
def polar(a: Any, side: str = "right") -> Any:
    """The unitary factor is the same on both sides, and that of the transposed matrix."""
    refuse_complex(has_complex(a))
    a = np.asarray(a)
    if a.shape[0] >= a.shape[1]:
        u, p = polar_of(a)
        return u, (p if side == "right" else u @ p @ u.T)
    u, p = polar_of(a.T)
    return u.T, (p if side == "left" else u @ p @ u.T)


# --- least squares ----------------------------------------------------------------------------------


@static
def plain_inverse(*given: Any) -> None:
    if any(v is not None for v in given):
        raise TypeError("scipy.linalg.pinvh has a gradient rule without atol= and rtol=")


@formula(sl.pinvh, sample(A @ A.T, kink="the matrix must stay symmetric"), name="scipy.linalg.pinvh")
def pinvh(
    a: Any, atol: Any = None, rtol: Any = None, lower: bool = True, return_rank: bool = False, check_finite: bool = True
) -> Any:
    plain_inverse(atol, rtol, True if return_rank else None)
    return np.linalg.pinv(np.asarray(a) if lower else np.asarray(a).T, hermitian=True)


@static
def gives_arrays() -> bool:
    """Say whether SciPy gives NumPy's types where it gave Python's before version 1.18."""
    return bool(np.lib.NumpyVersion(scipy.__version__) >= "1.18.0")


@formula(sl.lstsq, sample(B, V), sample(B, A), name="scipy.linalg.lstsq")
def lstsq(
    a: Any, b: Any, cond: Any = None, overwrite_a: bool = False, overwrite_b: bool = False, check_finite: bool = True,
    lapack_driver: Any = None,
) -> Any:  # fmt: skip
    """The residual of one right side is a number; reading it where SciPy leaves it out is an error."""
    x, rest, rank, values = np.linalg.lstsq(a, b, rcond=cond)
    if gives_arrays():
        return x, (np.reshape(rest, ()) if np.ndim(b) == 1 else rest), np.int64(rank), values
    return x, (rest[0] if np.ndim(b) == 1 else rest), int(rank), values
