"""Formulas of integrals of samples in `scipy.integrate`; read only when the user's program has imported it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.integrate as si

from adgen.rules.axes import from_front, to_front
from adgen.rules.declare import formula, sample, static

GRID = np.array([0.0, 0.7, 1.5, 2.0])
VALUES = np.array([[0.5, -1.2, 2.0, 0.3], [1.1, 0.4, -0.6, 2.2]])


@formula(
    si.cumulative_trapezoid,
    sample(VALUES[0]),
    sample(VALUES[0], GRID, initial=0),
    sample(VALUES, dx=0.5, axis=0),
    sample(VALUES, GRID, axis=-1),
)
def cumulative_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    front = to_front(np.asarray(y), axis)
    if x is None:
        d: Any = dx
    else:
        one_grid(np.ndim(x))
        d = np.reshape(np.diff(np.asarray(x)), (-1, *ones(front.ndim - 1)))
    sums = np.cumsum(d * (front[1:] + front[:-1]) / 2.0, axis=0)
    if initial is not None:
        sums = np.concatenate((np.zeros_like(front[:1]) + initial, sums))
    return from_front(sums, axis)


@static
def one_grid(ndim: int) -> None:
    if ndim != 1:
        raise TypeError("a cumulative integral has a gradient rule for one vector x")


@static
def ones(n: int) -> tuple[int, ...]:
    return (1,) * n


def intervals(x: Any, dx: Any, n: Any, ndim: int) -> Any:
    """Return the distances of the points, to stand along the first axis."""
    if x is None:
        return np.reshape(dx * np.ones(n - 1), (-1, *ones(ndim - 1)))
    one_grid(np.ndim(x))
    return np.reshape(np.diff(np.asarray(x)), (-1, *ones(ndim - 1)))


@formula(
    si.trapezoid,
    sample(VALUES[0]),
    sample(VALUES[0], GRID),
    sample(VALUES, dx=0.5, axis=0),
    sample(VALUES, GRID, axis=-1),
)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    front = to_front(np.asarray(y), axis)
    h = intervals(x, dx, front.shape[0], front.ndim)
    return np.sum(h * (front[1:] + front[:-1]), axis=0) / 2.0


def parabolas(y: Any, h: Any) -> Any:
    """Return the integral of the parabolas through each three points; h has an even number of intervals."""
    first, second = h[0::2], h[1::2]
    both = first + second
    parts = y[:-2:2] * (2.0 - second / first) + y[1:-1:2] * (both * (both / (first * second)))
    return np.sum(both / 6.0 * (parts + y[2::2] * (2.0 - first / second)), axis=0)


@formula(
    si.simpson,
    sample(VALUES[0]),
    sample(VALUES[0], x=GRID),
    sample(VALUES[0, :3], x=GRID[:3]),
    sample(VALUES, dx=0.5, axis=0),
    sample(VALUES, x=GRID),
    sample(np.concatenate((VALUES[0], VALUES[1])), dx=0.3),
    sample(np.concatenate((VALUES[0], VALUES[1]))[:7], dx=0.3),
)
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """An even number of points has a last interval that the parabola through the last three points covers.

    K. Cartwright, "Simpson's rule cumulative integration with MS Excel and irregularly-spaced data" (2017).
    """
    front = to_front(np.asarray(y), axis)
    n = front.shape[0]
    h = intervals(x, dx, n, front.ndim)
    if n % 2 == 1:
        return parabolas(front, h)
    if n == 2:
        return 0.5 * h[0] * (front[0] + front[1])
    a, b = h[-2], h[-1]
    last = (2.0 * b * b + 3.0 * a * b) / (6.0 * (a + b)) * front[-1]
    last = last + (b * b + 3.0 * a * b) / (6.0 * a) * front[-2] - b**3 / (6.0 * a * (a + b)) * front[-3]
    return parabolas(front[:-1], h[:-1]) + last
