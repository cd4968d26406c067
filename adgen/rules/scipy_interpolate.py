"""Interpolants of `scipy.interpolate` that are linear in the values; read only when the program has imported it.

Such an interpolant at fixed points is a matrix times the values: the interpolant of the unit vectors. In the point that
it is asked for it has the derivative that the library gives; in its nodes it has none, but for piecewise linear ones.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import scipy.interpolate as ip

from adgen.ir.nodes import Operand
from adgen.ir.types import Array, is_complex
from adgen.rules.core import no_gradient
from adgen.rules.declare import formula, objects_of, rule, sample, static
from adgen.rules.functions import result_of
from adgen.rules.typing import array_dims

X = np.array([0.0, 0.7, 1.5, 2.0, 3.1])
Y = np.array([0.5, -1.2, 2.0, 0.3, 1.1])
AT = np.array([0.2, 1.1, 2.9])


# --- splines ----------------------------------------------------------------------------------------


def spline(x: Any, y: Any, at: Any, nu: int = 0, k: Any = None, bc_type: Any = None) -> Any:
    """Return the derivative of order `nu` of the spline through points; of degree `k`, or a `CubicSpline`."""
    import scipy.interpolate

    if k is None:
        return scipy.interpolate.CubicSpline(x, y, bc_type=bc_type)(at, nu)
    return scipy.interpolate.make_interp_spline(x, y, k=k, bc_type=bc_type)(at, nu)


def spline_type(x: Operand, y: Operand, at: Operand, **_: Operand) -> Array:
    if is_complex(y.type):
        raise TypeError("a spline has a gradient rule for real values only")
    return Array("float64", (*array_dims(at.type), *array_dims(y.type)[1:]))


@static
def leading(n: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(range(n)), tuple(range(n))


@static
def behind(n: int, ndim: int) -> tuple[int, ...]:
    return tuple(range(n, ndim))


@static
def ones(n: int) -> tuple[int, ...]:
    return (1,) * n


def spline_y_vjp(g: Any, x: Any, at: Any, nu: int, k: Any, bc_type: Any) -> Any:
    units = spline(x, np.eye(np.size(x)), at, nu=nu, k=k, bc_type=bc_type)
    return np.tensordot(units, g, axes=leading(np.ndim(at)))


def spline_at_vjp(g: Any, x: Any, y: Any, at: Any, nu: int, k: Any, bc_type: Any) -> Any:
    d = g * spline(x, y, at, nu=nu + 1, k=k, bc_type=bc_type)
    return np.sum(d, axis=behind(np.ndim(at), np.ndim(d))) if np.ndim(y) > 1 else d


def spline_at_jvp(t: Any, x: Any, y: Any, at: Any, nu: int, k: Any, bc_type: Any) -> Any:
    t = np.reshape(t, (*np.shape(at), *ones(np.ndim(y) - 1)))
    return t * spline(x, y, at, nu=nu + 1, k=k, bc_type=bc_type)


rule(
    spline,
    "x y at nu=0 k=None bc_type=None",
    name="spline",
    args=("y", "at"),
    static=("nu", "k", "bc_type"),
    vjp={"y": spline_y_vjp, "at": spline_at_vjp},
    jvp={
        "y": lambda t, x, at, nu, k, bc_type: spline(x, t, at, nu=nu, k=k, bc_type=bc_type),
        "at": spline_at_jvp,
    },
    infer=spline_type,
    samples=(
        sample(X, Y, AT, bc_type="natural", wrt=("y", "at"), second=False),
        sample(X, np.stack([Y, Y**2], axis=1), AT, k=3, wrt=("y", "at"), second=False),
        sample(X, Y, np.array(1.2), nu=1, bc_type="clamped", wrt=("y", "at"), second=False),
        sample(X, Y, AT, k=2, wrt=("y", "at"), second=False),
    ),
)


@static
def plain_form(axis: int, ndim: int, extrapolate: Any) -> None:
    if axis % ndim != 0 or extrapolate is not None:
        raise TypeError("a spline has a gradient rule for axis=0, and without extrapolate=")


class Spline:
    """A spline through points; `order` derivatives of it were taken."""

    x: Any
    y: Any
    k: Any
    bc_type: Any
    order: int

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        plain_form(0, 1, extrapolate)
        at = np.asarray(x) * 1.0
        return spline(self.x, self.y, np.asarray(at), nu=self.order + nu, k=self.k, bc_type=self.bc_type)

    def derivative(self, nu: int = 1) -> Any:
        return result_of(type(self), x=self.x, y=self.y, k=self.k, bc_type=self.bc_type, order=self.order + nu)


@objects_of(ip.CubicSpline)
class Cubic(Spline):
    def __init__(self, x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None) -> None:
        self.x = np.asarray(x) * 1.0
        self.y = np.asarray(y) * 1.0
        plain_form(axis, self.y.ndim, extrapolate)
        self.k = None
        self.bc_type = bc_type
        self.order = 0


objects_of(ip.BSpline)(Spline)


@formula(ip.make_interp_spline)
def make_interp_spline(x: Any, y: Any, k: int = 3, *, bc_type: Any = None, axis: int = 0) -> Any:
    y = np.asarray(y) * 1.0
    plain_form(axis, y.ndim, None)
    return result_of(ip.BSpline, x=np.asarray(x) * 1.0, y=y, k=k, bc_type=bc_type, order=0)


# --- piecewise linear -------------------------------------------------------------------------------


def check_range(at: Any, low: Any, high: Any) -> None:
    if np.any(at < low):
        raise ValueError("A value in x_new is below the interpolation range.")
    if np.any(at > high):
        raise ValueError("A value in x_new is above the interpolation range.")


DEGREES = {"slinear": 1, "quadratic": 2, "cubic": 3}


@static
def degree_of(kind: Any) -> int:
    if kind not in DEGREES and not isinstance(kind, int):
        raise TypeError(f"interp1d has no gradient rule for kind={kind!r}")
    return int(DEGREES.get(kind, kind))


@objects_of(ip.interp1d)
class Interp1d:
    """Lines, or a spline, between points."""

    def __init__(
        self, x: Any, y: Any, kind: Any = "linear", axis: int = -1, copy: bool = True, bounds_error: Any = None,
        fill_value: Any = np.nan, assume_sorted: bool = False,
    ) -> None:  # fmt: skip
        self.x = np.asarray(x) * 1.0
        self.y = np.asarray(y) * 1.0
        if self.y.ndim != 1:
            no_gradient("interp1d of several rows of values")
        if not assume_sorted:
            order = np.argsort(self.x, kind="stable")
            self.x, self.y = self.x[order], self.y[order]
        self.kind = kind
        self.fill = fill_value
        self.strict = fill_value != "extrapolate" if bounds_error is None else bounds_error

    def __call__(self, x: Any) -> Any:
        at = np.asarray(x) * 1.0
        if self.kind != "linear":
            if not self.strict:
                no_gradient("interp1d by splines with fill_value=")
            check_range(at, self.x[0], self.x[-1])
            return spline(self.x, self.y, np.asarray(at), k=degree_of(self.kind))
        if self.strict:
            check_range(at, self.x[0], self.x[-1])
            return np.asarray(np.interp(at, self.x, self.y))
        if isinstance(self.fill, str):
            at = np.asarray(at)
            high = np.clip(np.searchsorted(self.x, at), 1, np.size(self.x) - 1)
            low = high - 1
            slope = (self.y[high] - self.y[low]) / (self.x[high] - self.x[low])
            return np.asarray(slope * (at - self.x[low]) + self.y[low])
        if isinstance(self.fill, tuple):
            return np.asarray(np.interp(at, self.x, self.y, left=self.fill[0], right=self.fill[1]))
        return np.asarray(np.interp(at, self.x, self.y, left=self.fill, right=self.fill))


@static
def corners(n: int) -> tuple[tuple[int, ...], ...]:
    return tuple(product((0, 1), repeat=n))


@static
def all_numbers(ranks: Any) -> bool:
    return not any(ranks)


@static
def axes_of(n: int) -> tuple[int, ...]:
    return tuple(range(n))


def on_grid(points: Any, values: Any, xi: Any, method: str, bounds_error: bool) -> Any:
    """Interpolate linearly in each cell of a grid."""
    if method != "linear" or not bounds_error:
        no_gradient("interpolation on a grid but for method='linear' with bounds_error=True")
    n = len(points)
    values = np.asarray(values) * 1.0
    if values.ndim != n:
        no_gradient("interpolation on a grid of vectors")
    at = np.stack(np.broadcast_arrays(*xi), axis=-1) if isinstance(xi, tuple) else np.asarray(xi) * 1.0
    lows: tuple[Any, ...] = ()
    shares: tuple[Any, ...] = ()
    for axis in axes_of(n):
        nodes = np.asarray(points[axis]) * 1.0
        x = at[..., axis]
        if np.any(x < nodes[0]) or np.any(x > nodes[-1]):
            raise ValueError(f"One of the requested xi is out of bounds in dimension {axis}")
        low = np.clip(np.searchsorted(nodes, x) - 1, 0, np.size(nodes) - 2)
        lows += (low,)
        shares += ((x - nodes[low]) / (nodes[low + 1] - nodes[low]),)
    total = np.zeros(np.shape(at)[:-1])
    for corner in corners(n):
        part = values[tuple([lows[axis] + corner[axis] for axis in axes_of(n)])]
        for axis in axes_of(n):
            part = part * (shares[axis] if corner[axis] == 1 else 1.0 - shares[axis])
        total = total + part
    return np.reshape(total, (1,)) if np.ndim(total) == 0 else total


@objects_of(ip.RegularGridInterpolator)
class Grid:
    """Values on a grid."""

    def __init__(
        self, points: Any, values: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = np.nan
    ) -> None:
        self.points = points
        self.values = np.asarray(values) * 1.0
        self.method = method
        self.bounds_error = bounds_error

    def __call__(self, xi: Any, method: Any = None) -> Any:
        out = on_grid(self.points, self.values, xi, self.method if method is None else method, self.bounds_error)
        if isinstance(xi, tuple) and all_numbers([np.ndim(x) for x in xi]):
            return np.reshape(out, ())
        return out


GRID = (np.array([0.0, 1.0, 2.5]), np.array([0.0, 0.5, 1.0, 2.0]))


@formula(
    ip.interpn, sample(GRID, np.arange(12.0).reshape(3, 4) ** 2, np.array([[0.3, 0.2], [1.7, 1.4]])),
)  # fmt: skip
def interpn(
    points: Any, values: Any, xi: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = np.nan
) -> Any:
    return on_grid(points, values, xi, method, bounds_error)
