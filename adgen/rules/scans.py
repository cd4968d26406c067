"""Rules along an axis: running sums and products, differences, sorting, integration, interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.ir.types import Dim, Length
from adgen.rules.axes import from_front, nonzero, numbers, one_axis, part_for, real_part, to_front
from adgen.rules.declare import linear, nondifferentiable, rule, sample, static
from adgen.rules.shapes import flat_shape, like
from adgen.rules.typing import Shape, array_dims, known, normalize_axes

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)


def scanned(a: Operand, axis: Operand, **options: Operand) -> Shape:
    return flat_shape(a) if known(axis) is None else Shape(array_dims(a.type))


# --- running sums and products --------------------------------------------------------------------


def sum_from(g: Any, axis: int) -> Any:
    """Return the sums of each element and those behind it."""
    return np.flip(np.cumsum(np.flip(g, axis=axis), axis=axis), axis=axis)


def cumsum_vjp(g: Any, a: Any, axis: int | None) -> Any:
    if axis is None:
        return like(sum_from(g, 0), a)
    return sum_from(g, axis)


linear(
    np.cumsum,
    "a axis=None dtype=None",
    static=("axis", "dtype"),
    vjp=cumsum_vjp,
    infer=scanned,
    samples=(sample(V), sample(M), sample(M, axis=0), sample(STACK, -1)),
)


@static
def triangle(ndim: int) -> tuple[int, ...]:
    """Return the axes to add to a triangle of the first two axes."""
    return tuple(range(2, ndim + 1))


def products_between(a: Any) -> Any:
    """Return `p[k, i]`, the derivative of running product k by element i: the elements up to k but i, 0 for i > k."""
    n = a.shape[0]
    diagonal = np.expand_dims(np.eye(n), triangle(a.ndim))
    lower = np.expand_dims(np.tri(n, dtype=a.dtype), triangle(a.ndim))
    return lower * np.cumprod(np.where(diagonal == 1.0, 1.0, np.expand_dims(a, 1)), axis=0)


def cumprod_gradient(g: Any, out: Any, a: Any) -> Any:
    """Return the gradient along the first axis; only where there is a zero does it take all pairs of elements."""
    if np.all(a != 0.0):
        return sum_from(g * out, 0) / a
    return np.sum(np.expand_dims(g, 1) * products_between(a), axis=0)


def cumprod_tangent(t: Any, out: Any, a: Any) -> Any:
    if np.all(a != 0.0):
        return out * np.cumsum(t / a, axis=0)
    return np.sum(np.expand_dims(t, 0) * products_between(a), axis=1)


def cumprod_vjp(g: Any, out: Any, a: Any, axis: int | None) -> Any:
    if one_axis(axis, "np.cumprod"):
        return from_front(cumprod_gradient(to_front(g, axis), to_front(out, axis), to_front(a, axis)), axis)
    return like(cumprod_gradient(g, out, np.ravel(a)), a)


def cumprod_jvp(t: Any, out: Any, a: Any, axis: int | None) -> Any:
    if one_axis(axis, "np.cumprod"):
        return from_front(cumprod_tangent(to_front(t, axis), to_front(out, axis), to_front(a, axis)), axis)
    return cumprod_tangent(np.ravel(t), out, np.ravel(a))


rule(
    np.cumprod,
    "a axis=None dtype=None",
    static=("axis", "dtype"),
    vjp=cumprod_vjp,
    jvp=cumprod_jvp,
    infer=scanned,
    samples=(
        sample(V),
        sample(M),
        sample(M, axis=0),
        sample(STACK + 0.01, -1),
        sample(np.array([2.0, 0.0, 3.0, 0.0, -1.0])),
        sample(np.array([[0.0, 2.0], [3.0, 0.0]]), axis=1),
    ),
)


# --- differences ----------------------------------------------------------------------------------


def diff_once_vjp(g: Any, a: Any, axis: int) -> Any:
    d = np.zeros_like(to_front(a, axis))
    d[1:] += to_front(g, axis)
    d[:-1] -= to_front(g, axis)
    return from_front(d, axis)


def diff_vjp(g: Any, a: Any, n: int, axis: int) -> Any:
    d = g
    for k in numbers(n):
        d = diff_once_vjp(d, a if k == n - 1 else np.diff(a, n - 1 - k, axis=axis), axis)
    return d


def diff_shape(a: Operand, n: Operand, axis: Operand) -> Shape:
    dims = list(array_dims(a.type))
    k = normalize_axes(known(axis), len(dims))[0]
    dims[k] = shortened(dims[k], known(n, "n"))
    return Shape(tuple(dims))


def shortened(length: Length, by: int) -> Length:
    if isinstance(length, int):
        return max(length - by, 0)
    return Dim(length.symbol, length.minus + by) if by else length


linear(
    np.diff,
    "a n=1 axis=-1",
    static=("n", "axis"),
    memory="maybe",  # of order 0
    vjp=diff_vjp,
    infer=diff_shape,
    samples=(
        sample(V),
        sample(V, 2),
        sample(M),
        sample(M, axis=0),
        sample(STACK, 2, axis=1),
        sample(V, 0),
        sample(V[:1]),
    ),
)


# --- sorting --------------------------------------------------------------------------------------


def sorted_vjp(g: Any, a: Any, axis: int | None) -> Any:
    if axis is None:
        order = np.argsort(np.ravel(a))
        return like(np.take_along_axis(g, np.argsort(order), 0), a)
    order = np.argsort(a, axis=axis)
    return np.take_along_axis(g, np.argsort(order, axis=axis), axis)


def sorted_jvp(t: Any, a: Any, axis: int | None) -> Any:
    if axis is None:
        return np.take_along_axis(np.ravel(t), np.argsort(np.ravel(a)), 0)
    return np.take_along_axis(t, np.argsort(a, axis=axis), axis)


rule(
    np.sort,
    "a axis=-1 kind=None order=None * stable=None",
    static=("axis", "kind", "order", "stable"),
    vjp=sorted_vjp,
    jvp=sorted_jvp,
    infer=scanned,
    samples=(sample(V), sample(M), sample(M, axis=0), sample(M, axis=None), sample(STACK[:, ::-1], 1)),
)
nondifferentiable(
    np.argsort,
    params="a axis=-1 kind=None order=None * stable=None",
    static=("axis", "kind", "order", "stable"),
    infer=scanned,
    samples=(sample(V), sample(M, axis=0)),
)
nondifferentiable(
    np.searchsorted,
    params="a v side='left' sorter=None",
    static=("side",),
    infer=lambda a, v, side, sorter: Shape(array_dims(v.type)),
    samples=(sample(np.sort(V), V), sample(np.sort(V), 0.4, side="right")),
)


# --- integration and interpolation ----------------------------------------------------------------


integrate: Any = getattr(np, "trapezoid" if hasattr(np, "trapezoid") else "trapz")  # the name before NumPy 2


@static
def along(axis: int, ndim: int) -> tuple[int, ...]:
    """Return the axes to add to a vector that lies along the first axis."""
    return tuple(range(1, ndim))


def steps(y: Any, x: Any, dx: Any, axis: int) -> Any:
    """Return the widths of the trapezoids, along the first axis."""
    if x is None:
        return dx
    if x.ndim == y.ndim:
        return np.diff(to_front(x, axis), axis=0)
    return np.expand_dims(np.diff(x), along(axis, y.ndim))


def trapezoid_y_vjp(g: Any, y: Any, x: Any, dx: Any, axis: int) -> Any:
    d = np.zeros_like(to_front(y, axis))
    half = part_for(0.5 * g * steps(y, x, dx, axis), y)
    d[1:] += half
    d[:-1] += half
    return from_front(d, axis)


def trapezoid_x_vjp(g: Any, y: Any, x: Any, axis: int) -> Any:
    f = to_front(y, axis)
    half = part_for(0.5 * g * (f[1:] + f[:-1]), x)
    if x.ndim == y.ndim:
        return diff_once_vjp(from_front(half, axis), x, axis)
    return diff_once_vjp(np.sum(half, axis=along(axis, y.ndim)), x, 0)


def trapezoid_dx_vjp(g: Any, y: Any, axis: int) -> Any:
    return g * integrate(y, axis=axis)


def trapezoid_jvp(t: Any, x: Any, dx: Any, axis: int) -> Any:
    return integrate(t, x, dx=dx, axis=axis)


def trapezoid_x_jvp(t: Any, y: Any, axis: int) -> Any:
    return integrate(y, t, axis=axis)


def integrated(y: Operand, x: Operand, dx: Operand, axis: Operand) -> Shape:
    dims = array_dims(y.type)
    k = normalize_axes(known(axis), len(dims))[0]
    return Shape((*dims[:k], *dims[k + 1 :]))


rule(
    integrate,
    "y x=None dx=1.0 axis=-1",
    static=("axis",),
    aliases=[f for f in (getattr(np, "trapz", None),) if f not in (None, integrate)],
    vjp={"y": trapezoid_y_vjp, "x": trapezoid_x_vjp, "dx": trapezoid_dx_vjp},
    jvp={
        "y": trapezoid_jvp,
        "x": trapezoid_x_jvp,
        "dx": lambda t, y, axis: t * integrate(y, axis=axis),
    },
    infer=integrated,
    samples=(
        sample(V, dx=0.5, wrt=("y", "dx")),
        sample(M, axis=0, wrt=("y",)),
        sample(V, np.array([0.0, 0.5, 0.7, 2.0]), wrt=("y", "x")),
        sample(V * (1.0 + 0.5j), np.array([0.0, 0.5, 0.7, 2.0]), wrt=("y", "x")),
        sample(M, np.array([0.0, 0.5, 0.7]), wrt=("y", "x")),
        sample(STACK, STACK**2, axis=1, wrt=("y", "x")),
    ),
)


def interval(x: Any, xp: Any) -> Any:
    """Return the index of the interval of the grid that holds x."""
    return np.clip(np.searchsorted(xp, x, side="right") - 1, 0, np.size(xp) - 2)


def inner_points(x: Any, xp: Any) -> Any:
    return np.logical_and(x >= xp[0], x <= xp[-1])


def slope(x: Any, xp: Any, fp: Any) -> Any:
    i = interval(x, xp)
    return np.where(inner_points(x, xp), (fp[i + 1] - fp[i]) / nonzero(xp[i + 1] - xp[i]), 0.0)


def weight(x: Any, xp: Any) -> Any:
    """Return how far x is into its interval, from 0 to 1."""
    i = interval(x, xp)
    return np.clip((x - xp[i]) / nonzero(xp[i + 1] - xp[i]), 0.0, 1.0)


def scatter_pair(low: Any, high: Any, x: Any, xp: Any, ends: Any) -> Any:
    """Add contributions to the left and right ends of the intervals that hold x, in an array like `ends`."""
    i = interval(x, xp)
    d = np.zeros_like(ends)
    np.add.at(d, i, low)
    np.add.at(d, i + 1, high)
    return d


def interp_x_vjp(g: Any, x: Any, xp: Any, fp: Any) -> Any:
    return g * slope(x, xp, fp)


def interp_xp_vjp(g: Any, x: Any, xp: Any, fp: Any) -> Any:
    part = -g * slope(x, xp, fp)
    w = weight(x, xp)
    return scatter_pair(real_part(part, fp) * (1.0 - w), real_part(part, fp) * w, x, xp, xp)


def interp_fp_vjp(g: Any, x: Any, xp: Any, fp: Any) -> Any:
    w = weight(x, xp)
    return scatter_pair(g * (1.0 - w), g * w, x, xp, fp)


def interp_xp_jvp(t: Any, x: Any, xp: Any, fp: Any) -> Any:
    i = interval(x, xp)
    w = weight(x, xp)
    return -slope(x, xp, fp) * (t[i] * (1.0 - w) + t[i + 1] * w)


rule(
    np.interp,
    "x xp fp",
    vjp=(interp_x_vjp, interp_xp_vjp, interp_fp_vjp),
    jvp=(lambda t, x, xp, fp: t * slope(x, xp, fp), interp_xp_jvp, lambda t, x, xp: np.interp(x, xp, t)),
    infer=lambda x, xp, fp: Shape(array_dims(x.type)),
    samples=(
        sample(np.array([0.3, 1.7, 2.5, 0.9]), np.array([0.0, 1.0, 2.2, 3.0]), V),
        sample(1.4, np.array([0.0, 1.0, 2.2, 3.0]), V),
        sample(1.4, np.array([0.0, 1.0, 2.2, 3.0]), V + 1j * V[::-1]),
        sample(np.array([-1.0, 0.4, 5.0]), np.array([0.0, 1.0, 2.2, 3.0]), V),
    ),
)
