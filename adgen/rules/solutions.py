"""Rules of least squares, pseudo-inverses, tensor equations, chains of products, condition numbers.

The derivative of a pseudo-inverse is that of G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and
nonlinear least squares problems whose variables separate" (1973). It takes the rank as it is: NumPy sets singular
values below its limit to 0, so tiny changes of a rank-deficient matrix leave the rank. Where a limit that the user
gives cuts off more than rounding errors, the formula does not hold and the derivative is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand, Var
from adgen.rules.axes import adjoint, conjugate, inverse_permutation, numbers, real_part, shaped_like, transposed
from adgen.rules.declare import fact, rule, sample, static
from adgen.rules.factorisations import half_lower, symmetric, values_gradient, values_tangent
from adgen.rules.joins import parts_of
from adgen.rules.linalg import batch_shape
from adgen.rules.norms import norm_slope
from adgen.rules.typing import Shape, array_dims, fresh_dim, known

V = np.array([0.5, -1.2, 2.0])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
A = np.array([[2.0, -0.5, 0.3], [0.4, 1.5, -0.7], [-0.2, 0.6, 3.0]])
STACK = np.stack((A, A.T + 0.5 * A))
Z = A + 0.5j * A[::-1]
NUMPY2 = np.lib.NumpyVersion(np.__version__) >= "2.0.0"


# --- pseudo-inverses ------------------------------------------------------------------------------


def cut(p: Any, a: Any) -> Any:
    """Return 0, NaN for matrices of which the pseudo-inverse p leaves out more than rounding errors."""
    left = np.sqrt(np.sum(np.abs(a - a @ p @ a) ** 2, axis=(-2, -1), keepdims=True))
    size = np.sqrt(np.sum(np.abs(a) ** 2, axis=(-2, -1), keepdims=True))
    return np.where(left <= 1e-6 * size, 0.0, np.nan)


def pseudo_gradient(g: Any, p: Any, a: Any) -> Any:
    """Return the gradient for a from that for its pseudo-inverse p, both conjugate."""
    q, d = adjoint(p), adjoint(g)
    return (d - a @ (p @ d)) @ (p @ q) + (q @ p) @ (d - (d @ p) @ a) - q @ g @ q


def pseudo_tangent(t: Any, p: Any, a: Any) -> Any:
    q, d = adjoint(p), adjoint(t)
    return (p @ q) @ (d - (d @ a) @ p) + (d - p @ (a @ d)) @ (q @ p) - p @ t @ p


def pinv_vjp(g: Any, out: Any, a: Any, rcond: Any, hermitian: bool, rtol: Any = None) -> Any:
    whole = symmetric(a, "L") if hermitian else a
    d = pseudo_gradient(conjugate(g), out, whole)
    if hermitian:
        d = half_lower(d + adjoint(d))
    if cuts(rcond, rtol):
        d = d + cut(out, whole)
    return conjugate(d)


def pinv_jvp(t: Any, out: Any, a: Any, rcond: Any, hermitian: bool, rtol: Any = None) -> Any:
    whole = symmetric(a, "L") if hermitian else a
    d = pseudo_tangent(symmetric(t, "L") if hermitian else t, out, whole)
    if cuts(rcond, rtol):
        return d + cut(out, whole)
    return d


def is_own(operand: Any) -> bool:
    value = operand.value if isinstance(operand, Const) else operand
    return isinstance(value, Var) or not (value is None or value is getattr(np, "_NoValue", None) or value == 1e-15)


@fact(lambda *limits: any(map(is_own, limits)))
def cuts(*limits: Any) -> bool:
    """Return whether a limit for singular values is the user's."""
    return any(map(is_own, limits))


if NUMPY2:
    PINV: dict[str, Any] = {"params": "a rcond=None hermitian=False * rtol=np._NoValue"}
    LIMITS = (sample(M, rcond=1e-10), sample(STACK, rtol=1e-10))
else:
    PINV = {"params": "a rcond=1e-15 hermitian=False"}
    LIMITS = (sample(M, rcond=1e-10), sample(STACK, 1e-10))
rule(
    np.linalg.pinv,
    **PINV,
    static=("hermitian",),
    vjp={"a": pinv_vjp},
    jvp={"a": pinv_jvp},
    infer=lambda a, **_: Shape((*array_dims(a.type)[:-2], *array_dims(a.type)[:-3:-1])),
    samples=(
        sample(A),
        sample(M),
        sample(M.T),
        sample(A @ A.T, hermitian=True),
        sample(Z),
        sample(Z[:2]),
        sample(STACK[:, :2]),
        *LIMITS,
    ),
)


# --- least squares ----------------------------------------------------------------------------------


def cutoff(a: Any, rcond: Any) -> Any:
    """Return the limit of lstsq as one for pinv."""
    if rcond is None:
        return precision(a.dtype) * max(a.shape[0], a.shape[1])
    return old_limit(rcond)


@static
def old_limit(rcond: Any) -> Any:
    if isinstance(rcond, str) or rcond < 0:
        raise TypeError("np.linalg.lstsq has a gradient rule with rcond=None or a positive number")
    return rcond


@static
def precision(dtype: Any) -> float:
    return float(np.finfo(dtype).eps)


@static
def own_limit(rcond: Any) -> bool:
    return rcond is not None


def column(b: Any) -> Any:
    return np.expand_dims(b, -1) if b.ndim == 1 else b


def lstsq_a_vjp(g: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    p = np.linalg.pinv(a, cutoff(a, rcond))
    d = conjugate(pseudo_gradient(conjugate(column(g[0]) @ transposed(column(b))), p, a))
    if own_limit(rcond):
        d = d + cut(p, a)
    if a.shape[0] > a.shape[1] and out[2] == a.shape[1]:
        rest = conjugate(column(b) - a @ column(out[0]))
        d = d - 2.0 * (rest * g[1]) @ transposed(column(out[0]))
    return d + values_gradient(g[3], a, False)


def lstsq_b_vjp(g: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    d = transposed(np.linalg.pinv(a, cutoff(a, rcond))) @ column(g[0])
    if a.shape[0] > a.shape[1] and out[2] == a.shape[1]:
        d = d + 2.0 * conjugate(column(b) - a @ column(out[0])) * g[1]
    return np.reshape(d, np.shape(b))


def lstsq_a_jvp(t: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    p = np.linalg.pinv(a, cutoff(a, rcond))
    d = pseudo_tangent(t, p, a)
    if own_limit(rcond):
        d = d + cut(p, a)
    rest = conjugate(column(b) - a @ column(out[0]))
    fall = -2.0 * np.real(np.sum(rest * (t @ column(out[0])), axis=0))
    return d @ b, fall[: np.size(out[1])], 0, values_tangent(t, a, False)


def lstsq_b_jvp(t: Any, out: Any, a: Any, b: Any, rcond: Any) -> Any:
    rest = conjugate(column(b) - a @ column(out[0]))
    rise = 2.0 * np.real(np.sum(rest * column(t), axis=0))
    return np.linalg.pinv(a, cutoff(a, rcond)) @ t, rise[: np.size(out[1])], 0, np.zeros_like(out[3])


def lstsq_shapes(a: Operand, b: Operand, rcond: Operand) -> Any:
    m, n = array_dims(a.type), array_dims(b.type)
    return Shape((m[1], *n[1:])), Shape((fresh_dim(),)), Shape(()), Shape((fresh_dim(),))


WIDE = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5], [0.7, 0.2, 1.1], [-1.0, 0.4, 0.6]])
rule(
    np.linalg.lstsq,
    "a b rcond=None" if NUMPY2 else "a b rcond='warn'",
    args=("a", "b"),
    static=("rcond",),
    vjp=(lstsq_a_vjp, lstsq_b_vjp),
    jvp=(lstsq_a_jvp, lstsq_b_jvp),
    infer=lstsq_shapes,
    samples=(
        sample(WIDE, WIDE[:, 0] + 1.0, rcond=None),
        sample(WIDE, WIDE[:, :2] ** 2, rcond=None),
        sample(A, V, rcond=None),
        sample(M, V[:2], rcond=None),
        sample(WIDE * (1.0 + 0.5j), WIDE[:, 0] + 1.0j, rcond=1e-10, second=False),
    ),
)


# --- tensor equations -------------------------------------------------------------------------------


def product_of(shape: Any, first: int, last: int) -> Any:
    n = 1
    for k in numbers(last - first):
        n = n * shape[first + k]
    return n


def tensorinv_vjp(g: Any, out: Any, a: Any, ind: int) -> Any:
    n = product_of(a.shape, 0, ind)
    inverse = np.reshape(out, (n, n)).T
    return np.reshape(-(inverse @ np.reshape(g, (n, n)) @ inverse), np.shape(a))


def tensorinv_jvp(t: Any, out: Any, a: Any, ind: int) -> Any:
    n = product_of(a.shape, 0, ind)
    inverse = np.reshape(out, (n, n))
    return np.reshape(-(inverse @ np.reshape(t, (n, n)) @ inverse), np.shape(out))


def tensorinv_shape(a: Operand, ind: Operand) -> Shape:
    dims, k = array_dims(a.type), known(ind, "ind")
    return Shape((*dims[k:], *dims[:k]))


BOX = np.linspace(-1.0, 1.0, 36).reshape(6, 6) ** 2 + np.diag([1.0, 2.0, -1.0, 3.0, 1.5, -2.0])
rule(
    np.linalg.tensorinv,
    "a ind=2",
    static=("ind",),
    vjp=tensorinv_vjp,
    jvp=tensorinv_jvp,
    infer=tensorinv_shape,
    samples=(sample(BOX.reshape(2, 3, 6)), sample(BOX.reshape(6, 3, 2), ind=1), sample(BOX.reshape(3, 2, 2, 3))),
)


@static
def moved_axes(ndim: int, axes: Any) -> tuple[int, ...]:
    """Return the order of the axes of a when tensorsolve has moved some of them to the end."""
    order = list(range(ndim))
    for k in axes or ():
        order.remove(k)
        order.append(k)
    return tuple(order)


def as_square(a: Any, b: Any, axes: Any) -> Any:
    return np.reshape(np.transpose(a, moved_axes(a.ndim, axes)), (np.size(b), np.size(b)))


def tensorsolve_a_vjp(g: Any, out: Any, a: Any, b: Any, axes: Any) -> Any:
    d_b = np.linalg.solve(as_square(a, b, axes).T, np.ravel(g))
    order = moved_axes(a.ndim, axes)
    d = np.reshape(-np.outer(d_b, np.ravel(out)), np.shape(np.transpose(a, order)))
    return np.transpose(d, inverse_permutation(order, a.ndim))


def tensorsolve_b_vjp(g: Any, a: Any, b: Any, axes: Any) -> Any:
    return np.reshape(np.linalg.solve(as_square(a, b, axes).T, np.ravel(g)), np.shape(b))


def tensorsolve_a_jvp(t: Any, out: Any, a: Any, b: Any, axes: Any) -> Any:
    change = as_square(t, b, axes) @ np.ravel(out)
    return np.reshape(-np.linalg.solve(as_square(a, b, axes), change), np.shape(out))


def tensorsolve_b_jvp(t: Any, a: Any, axes: Any) -> Any:
    return np.linalg.tensorsolve(a, t, axes=axes)


def tensorsolve_shape(a: Operand, b: Operand, axes: Operand) -> Shape:
    dims = array_dims(a.type)
    order = moved_axes(len(dims), known(axes, "axes"))
    return Shape(tuple(dims[k] for k in order)[len(array_dims(b.type)) :])


rule(
    np.linalg.tensorsolve,
    "a b axes=None",
    args=("a", "b"),
    static=("axes",),
    vjp=(tensorsolve_a_vjp, tensorsolve_b_vjp),
    jvp=(tensorsolve_a_jvp, tensorsolve_b_jvp),
    infer=tensorsolve_shape,
    samples=(
        sample(BOX.reshape(2, 3, 6), M),
        sample(BOX.reshape(2, 6, 3), BOX[0], axes=(0,)),
        sample(BOX.reshape(6, 2, 3), BOX[0]),
    ),
)


# --- chains of products -----------------------------------------------------------------------------


def multi_dot_vjp(g: Any, arrays: Any) -> Any:
    parts: tuple[Any, ...] = ()
    for k in numbers(len(arrays)):
        parts += (multi_dot_gradient(g, arrays, k),)
    return parts


def multi_dot_gradient(g: Any, arrays: Any, k: int) -> Any:
    """Return `left.T @ g @ right.T`; a vector in front is a row, one at the end a column."""
    d = np.expand_dims(g, 0) if arrays[0].ndim == 1 else g
    d = np.expand_dims(d, -1) if arrays[-1].ndim == 1 else d
    for x in arrays[:k]:
        d = (np.expand_dims(x, 0) if x.ndim == 1 else x).T @ d
    for x in arrays[:k:-1]:
        d = d @ (np.expand_dims(x, -1) if x.ndim == 1 else x).T
    return shaped_like(np.reshape(d, np.shape(arrays[k])), arrays[k])


def multi_dot_jvp(t: Any, arrays: Any) -> Any:
    total = 0.0
    for k in numbers(len(arrays)):
        total = total + np.linalg.multi_dot([*arrays[:k], t[k], *arrays[k + 1 :]])
    return total


def multi_dot_shape(arrays: Operand) -> Shape | None:
    parts = parts_of(arrays)
    return None if parts is None else Shape((*parts[0][:-1], *(parts[-1][1:])))


rule(
    np.linalg.multi_dot,
    "arrays",
    vjp=multi_dot_vjp,
    jvp=multi_dot_jvp,
    infer=multi_dot_shape,
    samples=(
        sample((M, A, M.T)),
        sample((A, A.T)),
        sample((V, A, M.T, M)),
        sample((M, A, V)),
        sample((V, A, V)),
        sample((M, A, A + 1.0, M.T)),
    ),
)


# --- condition numbers ------------------------------------------------------------------------------


def cond_slope(out: Any, x: Any, p: Any) -> Any:
    if p is None or p == 2 or p == -2:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        size = s[..., 0] / s[..., -1] if p != -2 else -out
        first = np.expand_dims(size / s[..., 0], (-2, -1)) * (u[..., :, :1] @ vh[..., :1, :])
        last = np.expand_dims(size / s[..., -1], (-2, -1)) * (u[..., :, -1:] @ vh[..., -1:, :])
        return conjugate(first - last)
    inverse = np.linalg.inv(x)
    back = transposed(inverse)
    size = np.linalg.norm(x, p, axis=(-2, -1), keepdims=True)
    size_back = np.linalg.norm(inverse, p, axis=(-2, -1), keepdims=True)
    outward = norm_slope(size, x, p, (-2, -1), True)
    inward = norm_slope(size_back, inverse, p, (-2, -1), True)
    return size_back * outward - size * (back @ inward @ back)


def cond_vjp(g: Any, out: Any, x: Any, p: Any) -> Any:
    """Before NumPy 2 the condition number of a complex matrix is complex, with an imaginary part of 0."""
    return np.expand_dims(real_part(g, out), (-2, -1)) * cond_slope(out, x, p)


rule(
    np.linalg.cond,
    "x p=None",
    static=("p",),
    vjp=cond_vjp,
    jvp=lambda t, out, x, p: np.real(np.sum(t * cond_slope(out, x, p), axis=(-2, -1))),
    infer=lambda x, p: batch_shape(x),
    samples=(
        sample(A),
        sample(M),
        sample(STACK),
        sample(STACK, "fro"),
        sample(A, 1),
        sample(A, -np.inf),
        sample(A, -2),
        sample(A, "nuc"),
        sample(Z, second=False),
        sample(Z, 1),
    ),
)
