"""Rules of inverses, solutions, determinants, powers and traces, of matrices and stacks of them.

Formulas: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.rules.axes import adjoint, conjugate, normal_axes, transposed
from adgen.rules.core import has_complex
from adgen.rules.declare import linear, rule, sample, static
from adgen.rules.helpers import cofactors
from adgen.rules.typing import Shape, array_dims, known, reduce_dims

V = np.array([0.5, -1.2, 2.0])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
A = np.array([[2.0, -0.5, 0.3], [0.4, 1.5, -0.7], [-0.2, 0.6, 3.0]])
STACK = np.stack((A, A.T + 0.5 * A))
NEARLY = np.arange(1.0, 10.0).reshape(3, 3) / 10.0  # the determinant is 6.7e-18 for 0
SINGULAR = np.outer(V, V + 1.0) + np.diag([1.0, 0.0, 0.0]) @ A


# --- lengths --------------------------------------------------------------------------------------


def blocks(a: Any, e: Any) -> Any:
    """Return the matrix [[a, e], [0, a]]."""
    return np.concatenate(
        (np.concatenate((a, e), axis=1), np.concatenate((np.zeros_like(a), a), axis=1)),
    )


def batch_shape(a: Operand) -> Shape:
    return Shape(array_dims(a.type)[:-2])


def square_shape(a: Operand, **_: Operand) -> Shape:
    return Shape(array_dims(a.type))


def solve_shape(a: Operand, b: Operand) -> Shape | None:
    m, n = array_dims(a.type), array_dims(b.type)
    if len(m) == 2 and len(n) in (1, 2):
        return Shape((m[1], *n[1:]))
    return None


# --- inverses and determinants --------------------------------------------------------------------

rule(
    np.linalg.inv,
    "a",
    vjp=lambda g, out: -(transposed(out) @ g @ transposed(out)),
    jvp=lambda t, out: -(out @ t @ out),
    infer=square_shape,
    samples=(sample(A), sample(STACK), sample(A + 0.5j * A.T)),
)


@static
def solves_vector(a_ndim: int, b_ndim: int) -> bool:
    """Return whether b is a vector, not a stack of matrices; NumPy 1 also took stacks of vectors."""
    if b_ndim == 1:
        return True
    return b_ndim == a_ndim - 1 and np.lib.NumpyVersion(np.__version__) < "2.0.0"


def solution(a: Any, b: Any, vector: bool) -> Any:
    """Solve for a matrix, or for a stack of vectors."""
    if vector and a.ndim > 2:
        return np.linalg.solve(a, np.expand_dims(b, -1))[..., 0]
    return np.linalg.solve(a, b)


def solve_a_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    vector = solves_vector(a.ndim, b.ndim)
    d_b = solution(transposed(a), g, vector)
    if vector:
        return -(np.expand_dims(d_b, -1) * np.expand_dims(out, -2))
    return -(d_b @ transposed(out))


def solve_b_vjp(g: Any, a: Any, b: Any) -> Any:
    return solution(transposed(a), g, solves_vector(a.ndim, b.ndim))


def solve_a_jvp(t: Any, out: Any, a: Any, b: Any) -> Any:
    if solves_vector(a.ndim, b.ndim) and a.ndim > 2:
        return -np.linalg.solve(a, t @ np.expand_dims(out, -1))[..., 0]
    return -np.linalg.solve(a, t @ out)


rule(
    np.linalg.solve,
    "a b",
    vjp=(solve_a_vjp, solve_b_vjp),
    jvp=(solve_a_jvp, lambda t, a: np.linalg.solve(a, t)),
    infer=solve_shape,
    samples=(
        sample(A, V),
        sample(A, M.T),
        sample(STACK, STACK[::-1]),
        sample(A, STACK),
        sample(STACK[:1], STACK),
        sample(A + 0.5j * A.T, V),
        *((sample(STACK, V), sample(STACK, M.T)) if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else ()),
    ),
)


def pairs_left_out(s: Any) -> Any:
    """Return the products of s without its elements i and j, 0 on the diagonal; nothing is divided."""
    after = np.triu(np.ones((s.shape[-1], s.shape[-1])), 1) == 1.0
    ones = np.ones_like(s[..., :1])
    before = np.cumprod(np.concatenate((ones, s), axis=-1)[..., :-1], axis=-1)
    behind = np.cumprod(np.concatenate((ones, s[..., ::-1]), axis=-1)[..., :-1], axis=-1)[..., ::-1]
    column = np.expand_dims(ones, -2) + np.zeros_like(np.expand_dims(s, -1))
    between = np.cumprod(np.where(after, np.expand_dims(s, -2), 1.0), axis=-1)
    between = np.concatenate((column, between), axis=-1)[..., :-1]
    upper = np.where(after, np.expand_dims(before, -1) * between * np.expand_dims(behind, -2), 0.0)
    return upper + transposed(upper)


def cofactors_change(e: Any, out: Any, a: Any) -> Any:
    """Return how cofactors change in the direction e, a symmetric form: from the inverse where that is exact enough.

    It grows by `1 / det ** 2`, which cancels: of a matrix that is nearly singular, products of singular values.
    """
    det = np.linalg.det(a)
    size = np.sqrt(np.sum(np.abs(out * out), axis=(-2, -1)) * np.sum(np.abs(a * a), axis=(-2, -1)))
    exact = np.abs(det) > 1e-3 * size + 1e6 * np.finfo(a.dtype).tiny
    if np.all(exact) or not np.all(np.isfinite(a)):
        inverse = out / np.expand_dims(det, (-2, -1))
        return np.sum(inverse * e, axis=(-2, -1), keepdims=True) * out - out @ transposed(e) @ inverse
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    sign = np.expand_dims(np.linalg.det(u) * np.linalg.det(vh), (-2, -1))
    turned = adjoint(u) @ e @ adjoint(vh)
    pairs = pairs_left_out(s)
    row = np.expand_dims(np.diagonal(turned, axis1=-2, axis2=-1), -2)
    middle = np.eye(s.shape[-1]) * (row @ pairs) - pairs * transposed(turned)
    return sign * (conjugate(u) @ middle @ conjugate(vh))


rule(
    cofactors,
    "a",
    name="cofactors",
    vjp=lambda g, out, a: cofactors_change(g, out, a),
    jvp=lambda t, out, a: cofactors_change(t, out, a),
    infer=square_shape,
    samples=(sample(A), sample(STACK), sample(SINGULAR, second=False), sample(NEARLY, second=False)),
)


def det_vjp(g: Any, a: Any) -> Any:
    return (np.expand_dims(g, (-2, -1)) if a.ndim > 2 else g) * cofactors(a)


def det_jvp(t: Any, a: Any) -> Any:
    return np.sum(cofactors(a) * t, axis=(-2, -1) if a.ndim > 2 else None)


rule(
    np.linalg.det,
    "a",
    vjp=det_vjp,
    jvp=det_jvp,
    infer=batch_shape,
    samples=(
        sample(A),
        sample(STACK),
        sample(SINGULAR),
        sample(NEARLY),
        sample(np.diag([1.0, 1.0, 0.0])),
        sample(np.zeros((3, 3))),
        sample(np.stack((np.eye(3), np.ones((3, 3))))),
        sample(SINGULAR + 0j),
        sample(SINGULAR + 1j * np.outer(V, V + 1.0)),
    ),
)


def slogdet_vjp(g: Any, out: Any, a: Any) -> Any:
    inverse = transposed(np.linalg.inv(a))
    if has_complex(a):
        return np.expand_dims(g[1] + 1j * np.imag(g[0] * out[0]), (-2, -1)) * inverse
    return np.expand_dims(g[1], (-2, -1)) * inverse


def slogdet_jvp(t: Any, out: Any, a: Any) -> Any:
    change = np.sum(transposed(np.linalg.inv(a)) * t, axis=(-2, -1))
    if has_complex(a):
        return 1j * np.imag(change) * out[0], np.real(change)
    return 0.0 * out[0], change


rule(
    np.linalg.slogdet,
    "a",
    vjp=slogdet_vjp,
    jvp=slogdet_jvp,
    infer=lambda a: (batch_shape(a), batch_shape(a)),
    samples=(sample(A), sample(STACK), sample(A + 0.5j * A.T)),
)


@static
def further_factors(n: int) -> tuple[int, ...]:
    """Return one number for each factor of a matrix power after the first."""
    if n > 32:
        raise TypeError("np.linalg.matrix_power has a gradient rule for powers from -32 to 32 only")
    return tuple(range(1, n))


def power_gradient(g: Any, a: Any, n: int) -> Any:
    """Return the gradient of a positive power, by Horner's scheme."""
    b = transposed(a)
    d = g
    total = g
    for _ in further_factors(n):
        d = d @ b
        total = d + b @ total
    return total


def power_tangent(t: Any, a: Any, n: int) -> Any:
    d = t
    total = t
    for _ in further_factors(n):
        d = a @ d
        total = d + total @ a
    return total


def matrix_power_vjp(g: Any, a: Any, n: int) -> Any:
    if n == 0:
        return np.zeros_like(a)
    if n > 0:
        return power_gradient(g, a, n)
    inverse = np.linalg.inv(a)
    return -(transposed(inverse) @ power_gradient(g, inverse, -n) @ transposed(inverse))


def matrix_power_jvp(t: Any, a: Any, n: int) -> Any:
    if n == 0:
        return np.zeros_like(a)
    if n > 0:
        return power_tangent(t, a, n)
    inverse = np.linalg.inv(a)
    return power_tangent(-(inverse @ t @ inverse), inverse, -n)


rule(
    np.linalg.matrix_power,
    "a n",
    static=("n",),
    memory="maybe",  # the power 1
    vjp=matrix_power_vjp,
    jvp=matrix_power_jvp,
    infer=square_shape,
    samples=(sample(A, 3), sample(A, 1), sample(A, 0), sample(A, -2), sample(STACK, 2)),
)


# --- trace ----------------------------------------------------------------------------------------


def trace_vjp(g: Any, a: Any, offset: int, axis1: int, axis2: int) -> Any:
    if a.ndim == 2:
        return g * diagonal_mask(a, offset, axis1, axis2)
    mask = diagonal_mask(a, offset, axis1, axis2)
    return np.moveaxis(np.expand_dims(g, (0, 1)) * np.expand_dims(mask, behind(a.ndim)), (0, 1), (axis1, axis2))


@static
def behind(ndim: int) -> tuple[int, ...]:
    return tuple(range(2, ndim))


def diagonal_mask(a: Any, offset: int, axis1: int, axis2: int) -> Any:
    if a.ndim == 2 and normal_axes((axis1, axis2), 2) == (1, 0):
        return np.eye(a.shape[0], a.shape[1], -offset)
    return np.eye(a.shape[axis1], a.shape[axis2], offset)


TRACES = (sample(STACK), sample(STACK, offset=-1), sample(np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4), offset=1))
if hasattr(np.linalg, "trace"):  # NumPy 2
    linear(
        np.linalg.trace,
        "x / * offset=0",
        static=("offset",),
        vjp=lambda g, x, offset: trace_vjp(g, x, offset, -2, -1),
        infer=lambda x, offset: batch_shape(x),
        samples=TRACES,
    )
linear(
    np.trace,
    "a offset=0 axis1=0 axis2=1",
    static=("axis1", "axis2"),
    vjp=trace_vjp,
    infer=lambda a, offset, axis1, axis2: Shape(reduce_dims(array_dims(a.type), (known(axis1), known(axis2)))),
    samples=(
        sample(A),
        sample(M, 1),
        sample(M, -1),
        sample(M, 1, 1, 0),
        sample(STACK, axis1=1, axis2=2),
        sample(np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4), 1, axis1=-1, axis2=0),
    ),
)
