"""Rules of functions of matrices, matrix equations and matrices of special form in `scipy.linalg`.

For functions of matrices: N. Higham, "Functions of matrices" (2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from adgen.ir.nodes import Operand
from adgen.ir.types import Array, is_complex
from adgen.rules.axes import numbers, shaped_like, transposed
from adgen.rules.declare import linear, rule, sample, static
from adgen.rules.eigen import complex_like
from adgen.rules.scipy_linalg import A, B, M, S, V, Z, columns, refuse_complex
from adgen.rules.typing import Shape, array_dims, same_as

# --- functions of matrices, matrix equations ------------------------------------------------------------


def in_blocks(a: Any, e: Any) -> Any:
    """Return `[[a, e], [0, a]]`: a function of it has the function's derivative along e in its corner (Higham, 3.2)."""
    above = np.concatenate((a, e), axis=-1)
    return np.concatenate((above, np.concatenate((np.zeros_like(a), a), axis=-1)), axis=-2)


def expm_change(a: Any, e: Any) -> Any:
    n = a.shape[-1]
    return shaped_like(sl.expm(in_blocks(a, e))[..., :n, n:], a)


rule(
    sl.expm,
    "A",
    name="scipy.linalg.expm",
    vjp=lambda g, A: expm_change(transposed(A), g),
    jvp=lambda t, A: expm_change(A, t),
    infer=same_as("A"),
    samples=(sample(A), sample(np.stack((A, B))), sample(Z)),
)


def sqrtm_type(A: Operand) -> Any:
    """The root of a real matrix may be complex: it is complex to adgen."""
    return Array(complex_like(A), array_dims(A.type))


if sl.sqrtm(np.array([[1.0j]])).dtype == np.complex128:  # older ones answer in extended precision
    rule(
        sl.sqrtm,
        "A",
        name="scipy.linalg.sqrtm",
        vjp=lambda g, out: sl.solve_sylvester(out.T + 0j, out.T + 0j, g),
        jvp=lambda t, out: sl.solve_sylvester(out, out, t),
        infer=sqrtm_type,
        samples=(sample(Z), sample(S + 0.1j * A)),
    )


def sylvester_shape(a: Operand, b: Operand, q: Operand) -> Shape:
    """SciPy mixes the real form of one matrix with the complex form of another, and may then answer wrongly."""
    if len({is_complex(a.type), is_complex(b.type)} | {is_complex(q.type)} - {False}) > 1:
        raise TypeError(
            "scipy.linalg.solve_sylvester has a gradient rule for matrices a and b both real or both complex"
        )
    return Shape(array_dims(q.type))


rule(
    sl.solve_sylvester,
    "a b q",
    name="scipy.linalg.solve_sylvester",
    vjp=(
        lambda g, out, a, b: -(sl.solve_sylvester(a.T, b.T, g) @ out.T),
        lambda g, out, a, b: -(out.T @ sl.solve_sylvester(a.T, b.T, g)),
        lambda g, a, b: sl.solve_sylvester(a.T, b.T, g),
    ),
    jvp=(
        lambda t, out, a, b: sl.solve_sylvester(a, b, -(t @ out)),
        lambda t, out, a, b: sl.solve_sylvester(a, b, -(out @ t)),
        lambda t, a, b: sl.solve_sylvester(a, b, t),
    ),
    infer=sylvester_shape,
    samples=(sample(A, B, B @ A), sample(A[:2, :2], B, M), sample(Z, B + 0.5j, A)),
)


def lyapunov_a_vjp(g: Any, out: Any, a: Any, q: Any) -> Any:
    refuse_complex("scipy.linalg.solve_continuous_lyapunov", a, q)
    d = sl.solve_continuous_lyapunov(a.T, g)
    return -(d @ out.T) - d.T @ out


def lyapunov_a_jvp(t: Any, out: Any, a: Any, q: Any) -> Any:
    refuse_complex("scipy.linalg.solve_continuous_lyapunov", a, q)
    return sl.solve_continuous_lyapunov(a, -(t @ out) - out @ t.T)


def lyapunov_q_vjp(g: Any, a: Any, q: Any) -> Any:
    refuse_complex("scipy.linalg.solve_continuous_lyapunov", a, q)
    return sl.solve_continuous_lyapunov(a.T, g)


rule(
    sl.solve_continuous_lyapunov,
    "a q",
    name="scipy.linalg.solve_continuous_lyapunov",
    vjp=(lyapunov_a_vjp, lyapunov_q_vjp),
    jvp=(lyapunov_a_jvp, lambda t, a: sl.solve_continuous_lyapunov(a, t)),
    infer=lambda a, q: Shape(array_dims(q.type)),
    samples=(sample(A, S), sample(A, B)),
)


# --- special matrices -----------------------------------------------------------------------------------


def block_diag_vjp(g: Any, arrs: Any) -> Any:
    parts: tuple[Any, ...] = ()
    row: Any = 0
    column: Any = 0
    for x in arrs:
        m, n = np.shape(np.atleast_2d(x))
        parts += (np.reshape(g[row : row + m, column : column + n], np.shape(x)),)
        row = row + m
        column = column + n
    return parts


linear(
    sl.block_diag,
    "*arrs",
    args=("arrs",),
    name="scipy.linalg.block_diag",
    vjp={"arrs": block_diag_vjp},
    samples=(sample(M, A), sample(V, M), sample(A)),
)


def by_difference(g: Any, n: Any, positions: Any) -> Any:
    """Sum the elements of g by position."""
    return np.bincount(np.ravel(positions), np.ravel(g), n)


def differences(g: Any) -> Any:
    """Return row minus column of each element."""
    return np.expand_dims(np.arange(g.shape[0]), 1) - np.arange(g.shape[1])


def toeplitz_c_vjp(g: Any, c: Any, r: Any) -> Any:
    refuse_complex("scipy.linalg.toeplitz", g)
    k = differences(g)
    if r is None:
        return shaped_like(by_difference(g, np.size(c), np.abs(k)), c)
    return shaped_like(by_difference(np.where(k >= 0, g, 0.0), np.size(c), np.maximum(k, 0)), c)


def toeplitz_r_vjp(g: Any, r: Any) -> Any:
    refuse_complex("scipy.linalg.toeplitz", g)
    k = differences(g)
    return shaped_like(by_difference(np.where(k < 0, g, 0.0), np.size(r), np.maximum(-k, 0)), r)


def toeplitz_c_jvp(t: Any, r: Any) -> Any:
    return sl.toeplitz(t) if r is None else sl.toeplitz(t, np.zeros_like(r))


def toeplitz_r_jvp(t: Any, c: Any) -> Any:
    return sl.toeplitz(np.zeros_like(c), t)


def toeplitz_shape(c: Operand, r: Operand) -> Shape:
    m = array_dims(c.type)
    n = array_dims(r.type) or m
    if len(m) != 1 or len(n) != 1:
        raise TypeError("scipy.linalg.toeplitz has a gradient rule for vectors only")
    return Shape((*m, *n))


rule(
    sl.toeplitz,
    "c r=None",
    name="scipy.linalg.toeplitz",
    vjp=(toeplitz_c_vjp, toeplitz_r_vjp),
    jvp=(toeplitz_c_jvp, toeplitz_r_jvp),
    infer=toeplitz_shape,
    samples=(sample(V, wrt=("c",)), sample(V, np.array([0.5, 1.5]), wrt=("c", "r"))),
)


def circulant_vjp(g: Any, c: Any) -> Any:
    refuse_complex("scipy.linalg.circulant", g)
    return shaped_like(by_difference(g, np.size(c), np.mod(differences(g), np.size(c))), c)


def circulant_shape(c: Operand) -> Shape:
    if len(array_dims(c.type)) != 1:
        raise TypeError("scipy.linalg.circulant has a gradient rule for vectors only")
    return Shape(array_dims(c.type) * 2)


linear(sl.circulant, "c", name="scipy.linalg.circulant", vjp=circulant_vjp, infer=circulant_shape, samples=(sample(V),))


# --- banded equations -----------------------------------------------------------------------------------
# `a[i, j]` is `ab[u + i - j, j]`; what lies outside of a is not read.


@static
def band(l_and_u: Any) -> tuple[int, ...]:
    low, up = l_and_u
    return low, up


def inside(ab: Any, low: int, up: int) -> Any:
    """Say which elements of a band belong to the matrix."""
    rows = np.expand_dims(np.arange(low + up + 1) - up, 1) + np.arange(ab.shape[1])
    return np.logical_and(rows >= 0, rows < ab.shape[1])


def turned_band(ab: Any, low: int, up: int) -> Any:
    """Return the band of the transposed matrix."""
    rows: tuple[Any, ...] = ()
    for k in numbers(low + up + 1):
        rows += (np.roll(ab[up + low - k], low - k),)
    return np.stack(rows)


def banded_b_vjp(g: Any, l_and_u: Any, ab: Any) -> Any:
    low, up = band(l_and_u)
    return sl.solve_banded((up, low), turned_band(ab, low, up), g)


def banded_ab_vjp(g: Any, out: Any, l_and_u: Any, ab: Any) -> Any:
    low, up = band(l_and_u)
    d_b = columns(banded_b_vjp(g, l_and_u, ab))
    rows: tuple[Any, ...] = ()
    for k in numbers(low + up + 1):
        rows += (-np.sum(np.roll(d_b, up - k, axis=0) * columns(out), axis=1),)
    return np.where(inside(ab, low, up), np.stack(rows), 0.0)


def banded_ab_jvp(t: Any, out: Any, l_and_u: Any, ab: Any) -> Any:
    low, up = band(l_and_u)
    d = np.where(inside(ab, low, up), t, 0.0)
    total = np.zeros_like(columns(out))
    for k in numbers(low + up + 1):
        total = total + np.roll(np.expand_dims(d[k], 1) * columns(out), k - up, axis=0)
    return -sl.solve_banded(l_and_u, ab, np.reshape(total, np.shape(out)))


def banded_type(l_and_u: Operand, ab: Operand, b: Operand, check_finite: Operand) -> Any:
    if isinstance(ab.type, Array) and isinstance(b.type, Array):
        return Array(str(np.result_type(ab.type.dtype, b.type.dtype)), b.type.dims)
    return Shape(array_dims(b.type))


BAND = np.array([[0.0, 0.5, -0.3, 0.2], [3.0, 2.5, 4.0, 3.5], [0.4, -0.6, 0.3, 0.0], [0.1, 0.2, 0.0, 0.0]]) + 0.05
rule(
    sl.solve_banded,
    "l_and_u ab b * check_finite=True",
    args=("ab", "b"),
    name="scipy.linalg.solve_banded",
    static=("l_and_u", "check_finite"),
    vjp=(banded_ab_vjp, banded_b_vjp),
    jvp=(banded_ab_jvp, lambda t, l_and_u, ab: sl.solve_banded(l_and_u, ab, t)),
    infer=banded_type,
    samples=(
        sample((1, 1), BAND[:3], np.array([0.5, -1.2, 2.0, 0.3])),
        sample((2, 1), BAND, np.linspace(-1.0, 1.0, 8).reshape(4, 2)),
    ),
)
