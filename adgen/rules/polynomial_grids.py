"""Formulas of series in several variables, of their Vandermonde matrices, of weights, domains and interpolation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev as ch
from numpy.polynomial import polynomial as po
from numpy.polynomial import polyutils as pu

from adgen.rules.core import has_complex, no_gradient
from adgen.rules.declare import formula, sample
from adgen.rules.polynomials import BASES, C, M

A = np.array([0.3, -0.7])
B = np.array([0.9, 0.2])
E = np.array([-0.4, 1.1])
C2 = np.linspace(-1.0, 1.5, 6).reshape(2, 3) ** 2
C3 = np.linspace(-1.0, 1.5, 12).reshape(2, 3, 2) ** 2
C4 = np.linspace(-1.0, 1.5, 24).reshape(2, 3, 2, 2) ** 2


def rows(v: Any, x: Any) -> Any:
    """Return a Vandermonde matrix of x; that of a number has one row too many."""
    return v[0] if np.ndim(x) == 0 else v


def declare_any_number(module: Any, short: str, prefix: str, value: Any, several: tuple[Any, Any]) -> None:
    """Declare the series in any number of variables that NumPy 2.5 has, for up to three."""
    if not hasattr(module, f"{short}valnd"):
        return
    of_two, of_three = several

    @formula(getattr(module, f"{short}valnd"), sample((A, B), C2), sample((A, B, E), C3), name=f"{prefix}{short}valnd")
    def value_nd(pts: Any, c: Any) -> Any:
        if len(pts) == 1:
            return value(pts[0], c)
        if len(pts) == 2:
            return of_two(pts[0], pts[1], c)
        if len(pts) == 3:
            return of_three(pts[0], pts[1], pts[2], c)
        return no_gradient("a series in more than three variables")


def declare_values(module: Any, short: str, prefix: str) -> None:
    value: Any = getattr(module, f"{short}val")
    vander: Any = getattr(module, f"{short}vander")

    def named(name: str) -> dict[str, Any]:
        return {"name": f"{prefix}{short}{name}"}

    @formula(
        getattr(module, f"{short}val2d"), sample(A, B, C2), sample(A, B, C3), sample(0.3, 0.9, C2), **named("val2d")
    )
    def value_2d(x: Any, y: Any, c: Any) -> Any:
        """Return the values at points: the sum over the products of two Vandermonde matrices."""
        c = np.asarray(c)
        vx, vy = rows(vander(x, c.shape[0] - 1), x), rows(vander(y, c.shape[1] - 1), y)
        if c.ndim == 2:
            return np.einsum("...i,...j,ij->...", vx, vy, c)
        flat = np.einsum("...i,...j,ijr->r...", vx, vy, np.reshape(c, (c.shape[0], c.shape[1], -1)))
        return np.reshape(flat, (*c.shape[2:], *np.shape(x)))

    @formula(getattr(module, f"{short}val3d"), sample(A, B, E, C3), sample(A, B, E, C4), **named("val3d"))
    def value_3d(x: Any, y: Any, z: Any, c: Any) -> Any:
        c = np.asarray(c)
        vx, vy = rows(vander(x, c.shape[0] - 1), x), rows(vander(y, c.shape[1] - 1), y)
        vz = rows(vander(z, c.shape[2] - 1), z)
        if c.ndim == 3:
            return np.einsum("...i,...j,...k,ijk->...", vx, vy, vz, c)
        flat = np.reshape(c, (c.shape[0], c.shape[1], c.shape[2], -1))
        return np.reshape(np.einsum("...i,...j,...k,ijkr->r...", vx, vy, vz, flat), (*c.shape[3:], *np.shape(x)))

    declare_any_number(module, short, prefix, value, (value_2d, value_3d))

    @formula(getattr(module, f"{short}grid2d"), sample(A, M[0], C2), sample(A, B, C3), **named("grid2d"))
    def grid_2d(x: Any, y: Any, c: Any) -> Any:
        return value(y, value(x, c))

    @formula(getattr(module, f"{short}grid3d"), sample(A, M[0], B, C3), **named("grid3d"))
    def grid_3d(x: Any, y: Any, z: Any, c: Any) -> Any:
        return value(z, value(y, value(x, c)))

    @formula(getattr(module, f"{short}vander2d"), sample(A, B, [1, 2]), sample(M, M + 0.5, (2, 0)), **named("vander2d"))
    def vander_2d(x: Any, y: Any, deg: Any) -> Any:
        vx, vy = vander(x, deg[0]), vander(y, deg[1])
        out = np.expand_dims(vx, -1) * np.expand_dims(vy, -2)
        return np.reshape(out, (*vx.shape[:-1], -1))

    @formula(getattr(module, f"{short}vander3d"), sample(A, B, E, [1, 2, 1]), **named("vander3d"))
    def vander_3d(x: Any, y: Any, z: Any, deg: Any) -> Any:
        vx, vy, vz = vander(x, deg[0]), vander(y, deg[1]), vander(z, deg[2])
        out = np.expand_dims(vx, (-1, -2)) * np.expand_dims(vy, (-3, -1)) * np.expand_dims(vz, (-2, -3))
        return np.reshape(out, (*vx.shape[:-1], -1))


for _module, _short in BASES:
    declare_values(_module, _short, f"np.{_module.__name__[6:]}.")


@formula(po.polyvalfromroots, sample(A, C), sample(0.3, C), sample(M, C), sample(A, C2), sample(M[0], C2, tensor=False))
def values_from_roots(x: Any, r: Any, tensor: bool = True) -> Any:
    x, r = np.asarray(x), np.asarray(r)
    if tensor:
        r = np.reshape(r, (*r.shape, *ones_for(x)))
    return np.prod(x - r, axis=0)


def ones_for(x: Any) -> Any:
    """Return as many ones as x has axes."""
    ones: tuple[Any, ...] = ()
    for _ in x.shape:
        ones += (1,)
    return ones


# --- weights ----------------------------------------------------------------------------------------


def declare_weight(short: str, define: Callable[..., Any]) -> None:
    module = next(m for m, s in BASES if s == short)
    formula(getattr(module, f"{short}weight"), sample(A), sample(0.3), name=f"np.{module.__name__[6:]}.{short}weight")(
        define
    )


def cheb_weight(x: Any) -> Any:
    return 1.0 / (np.sqrt(1.0 + x) * np.sqrt(1.0 - x))


def leg_weight(x: Any) -> Any:
    return x * 0.0 + 1.0


def herm_weight(x: Any) -> Any:
    return np.exp(-(x**2))


def herme_weight(x: Any) -> Any:
    return np.exp(-0.5 * x**2)


def lag_weight(x: Any) -> Any:
    return np.exp(-x)


for _short, _weight in (
    ("cheb", cheb_weight), ("leg", leg_weight), ("herm", herm_weight), ("herme", herme_weight), ("lag", lag_weight),
):  # fmt: skip
    declare_weight(_short, _weight)


# --- domains, interpolation -------------------------------------------------------------------------


def _cubic(x: Any, a: Any) -> Any:
    return a * x**3 - x


@formula(
    ch.chebinterpolate, sample(np.tanh, 4), sample(_cubic, 5, (1.5,)), name="np.polynomial.chebyshev.chebinterpolate"
)
def interpolate(func: Any, deg: int, args: Any = ()) -> Any:
    """Return the coefficients from the values at Chebyshev's points."""
    x = ch.chebpts1(deg + 1)
    c = ch.chebvander(x, deg).T @ func(x, *args)
    return c / np.where(np.arange(deg + 1) == 0, deg + 1.0, 0.5 * (deg + 1.0))


@formula(pu.getdomain, sample(C), name="np.polynomial.polyutils.getdomain")
def domain_of(x: Any) -> Any:
    if has_complex(x):
        no_gradient("the domain of complex numbers")
    return np.stack((np.min(x), np.max(x)))


@formula(pu.mapparms, sample(A, B), sample((0.0, 2.0), (1.0, 5.0)), name="np.polynomial.polyutils.mapparms")
def map_parameters(old: Any, new: Any) -> Any:
    length = old[1] - old[0]
    return (old[1] * new[0] - old[0] * new[1]) / length, (new[1] - new[0]) / length


@formula(pu.mapdomain, sample(C, A, B), sample(0.5, A, B), name="np.polynomial.polyutils.mapdomain")
def map_domain(x: Any, old: Any, new: Any) -> Any:
    offset, slope = map_parameters(old, new)
    return offset + slope * (x if isinstance(x, (int, float)) else np.asarray(x))
