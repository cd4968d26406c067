"""Rules of `np.linalg` and `np.trace`.

Formulas: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008), for inv, solve, det, eigh and svd; I. Murray, "Differentiation of the Cholesky decomposition" (2016);
G. Golub and V. Pereyra (1973) for pinv. All but norm work on stacks of matrices.

`cholesky` and `eigh` read one triangle of their argument, so the gradient has that triangle only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.rules.axes import Axis, conjugate, keep, nonzero, normal_axes, real_part, transposed
from adgen.rules.declare import linear, rule, sample, static
from adgen.rules.typing import Shape, array_dims, fresh_dim, known, reduce_dims

V = np.array([0.5, -1.2, 2.0])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
A = np.array([[2.0, -0.5, 0.3], [0.4, 1.5, -0.7], [-0.2, 0.6, 3.0]])
S = A @ A.T
STACK = np.stack((A, A.T + 0.5 * A))
SPD = np.stack((S, S + np.eye(3)))
SINGULAR = np.outer(V, V + 1.0) + np.diag([1.0, 0.0, 0.0]) @ A


# --- lengths --------------------------------------------------------------------------------------


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


def solve_a_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    d_b = np.linalg.solve(transposed(a), g)
    if solves_vector(a.ndim, b.ndim):
        return -(np.expand_dims(d_b, -1) * np.expand_dims(out, -2))
    return -(d_b @ transposed(out))


def solve_a_jvp(t: Any, out: Any, a: Any, b: Any) -> Any:
    if solves_vector(a.ndim, b.ndim) and a.ndim > 2:
        return -np.linalg.solve(a, t @ np.expand_dims(out, -1))[..., 0]
    return -np.linalg.solve(a, t @ out)


rule(
    np.linalg.solve,
    "a b",
    vjp=(solve_a_vjp, lambda g, a: np.linalg.solve(transposed(a), g)),
    jvp=(solve_a_jvp, lambda t, a: np.linalg.solve(a, t)),
    infer=solve_shape,
    samples=(sample(A, V), sample(A, M.T), sample(STACK, STACK[::-1]), sample(A, STACK)),
)


def cofactors(a: Any) -> Any:
    """Return the derivative of the determinant: `det(a) inv(a).T`, from the singular values where that fails."""
    d = np.linalg.det(a)
    if np.all(d != 0.0):
        return np.expand_dims(d, (-2, -1)) * transposed(np.linalg.inv(a))
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    n = s.shape[-1]
    others = np.prod(np.where(np.eye(n) == 1.0, 1.0, np.expand_dims(s, -2)), axis=-1)
    sign = np.expand_dims(np.linalg.det(u) * np.linalg.det(vh), (-2, -1))
    return sign * ((u * np.expand_dims(others, -2)) @ vh)


rule(
    np.linalg.det,
    "a",
    vjp=lambda g, a: np.expand_dims(g, (-2, -1)) * cofactors(a),
    jvp=lambda t, a: np.sum(cofactors(a) * t, axis=(-2, -1)),
    infer=batch_shape,
    samples=(sample(A), sample(STACK), sample(SINGULAR), sample(np.zeros((3, 3)), second=False)),
)

rule(
    np.linalg.slogdet,
    "a",
    vjp=lambda g, a: np.expand_dims(g[1], (-2, -1)) * transposed(np.linalg.inv(a)),
    jvp=lambda t, out, a: (0.0 * out[0], np.sum(transposed(np.linalg.inv(a)) * t, axis=(-2, -1))),
    infer=lambda a: (batch_shape(a), batch_shape(a)),
    samples=(sample(A), sample(STACK)),
)


def pinv_vjp(g: Any, out: Any, a: Any) -> Any:
    p, q = transposed(out), transposed(g)
    return (q - a @ (out @ q)) @ (out @ p) + (p @ out) @ (q - (q @ out) @ a) - p @ g @ p


def pinv_jvp(t: Any, out: Any, a: Any) -> Any:
    p, q = transposed(out), transposed(t)
    return (out @ p) @ (q - (q @ a) @ out) + (q - out @ (a @ q)) @ (p @ out) - out @ t @ out


rule(
    np.linalg.pinv,
    "a",
    vjp=pinv_vjp,
    jvp=pinv_jvp,
    infer=lambda a: Shape((*array_dims(a.type)[:-2], *array_dims(a.type)[:-3:-1])),
    samples=(sample(A), sample(M), sample(M.T)),
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
    vjp=matrix_power_vjp,
    jvp=matrix_power_jvp,
    infer=square_shape,
    samples=(sample(A, 3), sample(A, 1), sample(A, 0), sample(A, -2), sample(STACK, 2)),
)


# --- factorisations -------------------------------------------------------------------------------


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
    outside_u = (du - u @ left) / row
    outside_v = (dv - v @ right) / row
    return u @ core @ vh + outside_u @ vh + u @ transposed(outside_v)


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
    dot_u = u @ (f * (p * row + column * q)) + (t @ v - u @ p) / row
    dot_v = v @ (f * (column * p + q * row)) + (transposed(t) @ u - v @ q) / row
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


# --- norms ----------------------------------------------------------------------------------------


@static
def norm_kind(order: Any, axis: Axis, ndim: int) -> str:
    """Return which norm: "2" (or Frobenius), "1", "inf", "p" of vectors; "columns" or "rows" of a matrix."""
    axes = normal_axes(axis, ndim)
    if order is None or (order == "fro" and len(axes) == 2) or (order == 2 and len(axes) == 1):
        return "2"
    if len(axes) == 1 and order in (1, np.inf):
        return "1" if order == 1 else "inf"
    if len(axes) == 1 and isinstance(order, (int, float)) and 1 < order < np.inf:
        return "p"
    if ndim == 2 and len(axes) == 2 and order in (1, np.inf):
        return "columns" if order == 1 else "rows"
    raise TypeError(f"np.linalg.norm has no gradient rule for ord={order!r} over {len(axes)} axes")


def direction(x: Any) -> Any:
    """Return `x / abs(x)`, 0 at 0: the conjugate of the derivative of abs."""
    return conjugate(x) / nonzero(np.abs(x))


def most(size: Any, axis: Axis) -> Any:
    """Return 1 at the largest elements, shared equally among ties."""
    hit = np.logical_not(size < np.max(size, axis=axis, keepdims=True))
    return hit / np.sum(hit, axis=axis, keepdims=True)


def norm_slope(out: Any, x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    """Return the derivative by the elements; it is 0 where the norm is 0."""
    kind = norm_kind(ord, axis, x.ndim)
    if kind == "2":
        return conjugate(x) / nonzero(keep(out, axis, keepdims))
    if kind == "1":
        return direction(x)
    if kind == "p":
        return direction(x) * (np.abs(x) / nonzero(keep(out, axis, keepdims))) ** (ord - 1)
    if kind == "inf":
        return direction(x) * most(np.abs(x), axis)
    if kind == "columns":
        return direction(x) * most(np.sum(np.abs(x), axis=0, keepdims=True), 1)
    return direction(x) * most(np.sum(np.abs(x), axis=1, keepdims=True), 0)


def norm_vjp(g: Any, out: Any, x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    return keep(g, axis, keepdims) * norm_slope(out, x, ord, axis, keepdims)


def norm_jvp(t: Any, out: Any, x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    return real_part(np.sum(t * norm_slope(out, x, ord, axis, keepdims), axis=axis, keepdims=keepdims), x)


rule(
    np.linalg.norm,
    "x ord=None axis=None keepdims=False",
    static=("ord", "axis", "keepdims"),
    vjp=norm_vjp,
    jvp=norm_jvp,
    infer=lambda x, ord, axis, keepdims: Shape(
        reduce_dims(array_dims(x.type), known(axis, "axis"), known(keepdims, "keepdims"))
    ),
    samples=(
        sample(V),
        sample(M),
        sample(V, 1),
        sample(V, np.inf),
        sample(V, 3),
        sample(V, 2, keepdims=True),
        sample(V, 2.5),
        sample(M, axis=0),
        sample(M, "fro"),
        sample(M, 1),
        sample(M, np.inf, keepdims=True),
        sample(M, 1, axis=-1, keepdims=True),
        sample(M, np.inf, axis=0),
        sample(STACK, axis=(0, -1)),
        sample(STACK, "fro", axis=(1, 2), keepdims=True),
        sample(V + 1j * V[::-1]),
        sample(np.zeros(3), kink="a norm at 0", second=False),
        sample(np.array([1.0, -1.0]), np.inf, kink="two largest", second=False),
    ),
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
