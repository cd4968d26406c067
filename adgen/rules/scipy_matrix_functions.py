"""Functions of matrices and structured equations of `scipy.linalg`, made of what has rules; and two matrix equations.

The Fréchet derivative of a function f of a matrix A along E is a block of f of a matrix of blocks,
f([[A, E], [0, A]]) (R. Mathias, "A chain rule for matrix functions and applications", 1996).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from adgen.ir.nodes import Operand
from adgen.ir.types import is_complex
from adgen.rules.core import has_complex
from adgen.rules.declare import formula, rule, sample, static
from adgen.rules.linalg import blocks
from adgen.rules.typing import Shape, array_dims

A = np.array([[2.0, -0.5, 0.3], [0.4, 1.5, -0.7], [-0.2, 0.6, 3.0]])
E = np.array([[0.5, 1.0, -0.3], [0.2, -0.7, 0.4], [1.1, 0.0, 0.6]])
B = np.array([[1.0, 0.2], [0.0, 1.0], [-0.5, 0.3]])
V = np.array([0.5, -1.2, 2.0])
W = np.array([3.0, 0.7, -0.4])


@static
def refuse(found: Any, what: str) -> None:
    if found:
        raise TypeError(f"{what} has no gradient rule")


# --- functions of a matrix --------------------------------------------------------------------------


@formula(sl.expm_frechet, sample(0.1 * A, E), sample(0.1 * A, E, compute_expm=False), name="scipy.linalg.expm_frechet")
def expm_frechet(A: Any, E: Any, method: Any = None, compute_expm: bool = True, check_finite: bool = True) -> Any:
    n = np.shape(A)[0]
    both = sl.expm(blocks(np.asarray(A), np.asarray(E)))
    if compute_expm:
        return both[:n, :n], both[:n, n:]
    return both[:n, n:]


@formula(sl.coshm, sample(A), name="scipy.linalg.coshm")
def coshm(A: Any) -> Any:
    A = np.asarray(A)
    return 0.5 * (sl.expm(A) + sl.expm(-A))


@formula(sl.sinhm, sample(A), name="scipy.linalg.sinhm")
def sinhm(A: Any) -> Any:
    A = np.asarray(A)
    return 0.5 * (sl.expm(A) - sl.expm(-A))


@formula(sl.tanhm, sample(A), name="scipy.linalg.tanhm")
def tanhm(A: Any) -> Any:
    return np.linalg.solve(coshm(A), sinhm(A))


def rotation(A: Any) -> Any:
    """Return `exp(iA)`, of which the cosine is the real part."""
    refuse(has_complex(A), "a cosine or sine of a complex matrix")
    return sl.expm(1j * np.asarray(A))


@formula(sl.cosm, sample(A), name="scipy.linalg.cosm")
def cosm(A: Any) -> Any:
    return np.real(rotation(A))


@formula(sl.sinm, sample(A), name="scipy.linalg.sinm")
def sinm(A: Any) -> Any:
    return np.imag(rotation(A))


@formula(sl.tanm, sample(0.3 * A), name="scipy.linalg.tanm")
def tanm(A: Any) -> Any:
    return np.linalg.solve(cosm(A), sinm(A))


# --- norms, inverses, structure ---------------------------------------------------------------------


@static
def by_blas(ndim: int, ord: Any) -> bool:
    """Say whether SciPy has BLAS or LAPACK compute a norm, which gives a float."""
    return ord in (None, 2) if ndim == 1 else ord in (1, np.inf)


@formula(sl.norm, sample(V), sample(A), sample(A, 1), sample(A, axis=0), sample(V, 3), name="scipy.linalg.norm")
def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True) -> Any:
    found = np.linalg.norm(a, ord, axis, keepdims)
    return float(found) if axis is None and not keepdims and by_blas(np.ndim(a), ord) else found


@formula(sl.hankel, sample(V), sample(V, W), name="scipy.linalg.hankel")
def hankel(c: Any, r: Any = None) -> Any:
    c = np.ravel(np.asarray(c))
    r = np.zeros_like(c) if r is None else np.ravel(np.asarray(r))
    values = np.concatenate((c, r[1:]))
    return values[np.arange(np.size(c))[:, np.newaxis] + np.arange(np.size(r))]


@formula(sl.companion, sample(V), sample(W), name="scipy.linalg.companion")
def companion(a: Any) -> Any:
    a = np.asarray(a)
    n = np.size(a)
    top = -a[1:] / a[0]
    return np.concatenate((top[np.newaxis], np.eye(n - 2, n - 1)))


@formula(sl.khatri_rao, sample(A, E), sample(A, B.T @ A), name="scipy.linalg.khatri_rao")
def khatri_rao(a: Any, b: Any) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    out = a[:, np.newaxis, :] * b[np.newaxis, :, :]
    return np.reshape(out, (-1, a.shape[1]))


def toeplitz_of(c_or_cr: Any) -> Any:
    if isinstance(c_or_cr, tuple):
        return sl.toeplitz(c_or_cr[0], c_or_cr[1])
    return sl.toeplitz(c_or_cr)


@formula(sl.solve_toeplitz, sample(W, V), sample((W, V + 2.5), V), sample(W, B), name="scipy.linalg.solve_toeplitz")
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    return np.linalg.solve(toeplitz_of(c_or_cr), np.asarray(b))


@formula(sl.matmul_toeplitz, sample(W, V), sample((W, V), B), name="scipy.linalg.matmul_toeplitz")
def matmul_toeplitz(c_or_cr: Any, x: Any, check_finite: bool = False, workers: Any = None) -> Any:
    return toeplitz_of(c_or_cr) @ np.asarray(x)


# --- matrix equations -------------------------------------------------------------------------------
# The derivative of a solution solves the same equation, linearised; its transpose gives the gradients.


def stein_a_vjp(g: Any, out: Any, a: Any, q: Any) -> Any:
    weight = sl.solve_discrete_lyapunov(a.T, g)
    return weight @ a @ out.T + weight.T @ a @ out


def real_equation(a: Operand, q: Operand, **_: Operand) -> Shape:
    if is_complex(a.type) or is_complex(q.type):
        raise TypeError("scipy.linalg.solve_discrete_lyapunov has a gradient rule for real matrices")
    return Shape(array_dims(q.type))


rule(
    sl.solve_discrete_lyapunov,
    "a q method=None",
    args=("a", "q"),
    name="scipy.linalg.solve_discrete_lyapunov",
    static=("method",),
    vjp=(stein_a_vjp, lambda g, a: sl.solve_discrete_lyapunov(a.T, g)),
    jvp=(
        lambda t, out, a: sl.solve_discrete_lyapunov(a, t @ out @ a.T + a @ out @ t.T),
        lambda t, a: sl.solve_discrete_lyapunov(a, t),
    ),
    infer=real_equation,
    samples=(sample(0.2 * A, E), sample(0.2 * A, E @ E.T)),
)


def closed_loop(out: Any, a: Any, b: Any, r: Any) -> Any:
    """Return the feedback and the matrix of the system with it."""
    gain = np.linalg.solve(r, b.T @ out)
    return gain, a - b @ gain


def riccati_weight(g: Any, out: Any, a: Any, b: Any, r: Any) -> Any:
    return sl.solve_continuous_lyapunov(closed_loop(out, a, b, r)[1], -0.5 * (g + g.T))


def riccati_b_vjp(g: Any, out: Any, a: Any, b: Any, r: Any) -> Any:
    return -2.0 * (out @ riccati_weight(g, out, a, b, r) @ closed_loop(out, a, b, r)[0].T)


def riccati_r_vjp(g: Any, out: Any, a: Any, b: Any, r: Any) -> Any:
    gain = closed_loop(out, a, b, r)[0]
    return gain @ riccati_weight(g, out, a, b, r) @ gain.T


def riccati_tangent(change: Any, out: Any, a: Any, b: Any, r: Any) -> Any:
    return sl.solve_continuous_lyapunov(closed_loop(out, a, b, r)[1].T, -change)


def riccati_b_jvp(t: Any, out: Any, a: Any, b: Any, r: Any) -> Any:
    moved = out @ t @ closed_loop(out, a, b, r)[0]
    return riccati_tangent(-(moved + moved.T), out, a, b, r)


def riccati_r_jvp(t: Any, out: Any, a: Any, b: Any, r: Any) -> Any:
    gain = closed_loop(out, a, b, r)[0]
    return riccati_tangent(gain.T @ t @ gain, out, a, b, r)


def real_riccati(a: Operand, b: Operand, q: Operand, r: Operand) -> Shape:
    if any(is_complex(x.type) for x in (a, b, q, r)):
        raise TypeError("scipy.linalg.solve_continuous_are has a gradient rule for real matrices")
    return Shape(array_dims(a.type))


rule(
    sl.solve_continuous_are,
    "a b q r",
    name="scipy.linalg.solve_continuous_are",
    vjp=(
        lambda g, out, a, b, r: 2.0 * (out @ riccati_weight(g, out, a, b, r)),
        riccati_b_vjp,
        lambda g, out, a, b, r: riccati_weight(g, out, a, b, r),
        riccati_r_vjp,
    ),
    jvp=(
        lambda t, out, a, b, r: riccati_tangent(t.T @ out + out @ t, out, a, b, r),
        riccati_b_jvp,
        lambda t, out, a, b, r: riccati_tangent(t, out, a, b, r),
        riccati_r_jvp,
    ),
    infer=real_riccati,
    # q and r must stay symmetric: see tests/test_scipy_functions.py
    samples=(sample(A, B, np.eye(3), np.array([[1.0, 0.2], [0.2, 2.0]]), wrt=("a", "b"), second=False),),
)
