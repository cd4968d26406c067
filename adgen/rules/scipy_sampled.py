"""Formulas of integrals of samples in `scipy.integrate`; read only when the user's program has imported it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.integrate as si

from adgen.rules.axes import from_front, normal_axis, to_front
from adgen.rules.declare import formula, rule, sample, static
from adgen.rules.typing import Shape, array_dims, known, reduce_dims

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


def by_parabolas(y: Any, x: Any, h: Any) -> Any:
    """Return the integral over the first of each two intervals of the parabola through their three points."""
    a, b, c = y[:-2], y[1:-1], y[2:]
    if x is None:
        return h[:-1] / 3.0 * (1.25 * a + 2.0 * b - 0.25 * c)
    part, ratio = h[:-1] / (h[:-1] + h[1:]), h[:-1] / h[1:]
    return h[:-1] / 6.0 * ((3.0 - part) * a + (3.0 + part * ratio + part) * b - part * ratio * c)


if hasattr(si, "cumulative_simpson"):

    @formula(
        si.cumulative_simpson,
        sample(VALUES[0], dx=0.5),
        sample(VALUES[0], x=GRID, initial=0.5),
        sample(VALUES[0, :3], x=GRID[:3]),
        sample(VALUES, x=GRID),
        sample(np.concatenate((VALUES[0], VALUES[1]))[:7], dx=0.3, initial=1.0),
    )
    def cumulative_simpson(y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
        """Cartwright's formula (above): each interval is the first of two, the next one the second of the same two."""
        front = to_front(np.asarray(y) * 1.0, axis)
        n = front.shape[0]
        h = intervals(x, dx, n, front.ndim)
        if n < 3:
            parts = 0.5 * h * (front[1:] + front[:-1])
        else:
            first = by_parabolas(front, x, h)
            second = by_parabolas(front[::-1], x, h[::-1])[::-1]
            k = np.reshape(np.arange(n - 1), (-1, *ones(front.ndim - 1)))
            whole = np.concatenate((first, first[-1:])), np.concatenate((second[:1], second))
            parts = np.where((k % 2 == 0) & (k < n - 2), whole[0], whole[1])
        sums = np.cumsum(parts, axis=0)
        if initial is not None:
            sums = np.concatenate((np.zeros_like(front[:1]), sums)) + initial
        return from_front(sums, axis)


def romberg_gradient(g: Any, y: Any, dx: Any, axis: int) -> Any:
    """The integral is linear in the samples: its weights are the integrals of the unit samples."""
    n = y.shape[normal_axis(axis, y.ndim)]
    weights = np.reshape(si.romb(np.eye(n), dx=dx), (-1, *ones(y.ndim - 1)))
    return from_front(weights * np.expand_dims(g, 0), axis)


rule(
    si.romb,
    "y dx=1.0 axis=-1 show=False",
    args=("y", "dx"),
    name="scipy.integrate.romb",
    static=("axis", "show"),
    vjp=(
        lambda g, y, dx, axis: romberg_gradient(g, y, dx, axis),
        lambda g, y, axis: np.sum(g * si.romb(y, axis=axis)),
    ),
    jvp=(
        lambda t, dx, axis: si.romb(t, dx=dx, axis=axis),
        lambda t, y, axis: t * si.romb(y, axis=axis),
    ),
    infer=lambda y, dx, axis, show: Shape(reduce_dims(array_dims(y.type), known(axis), False)),
    samples=(
        sample(np.array([0.5, -1.2, 2.0, 0.3, 1.1])),
        sample(np.array([0.5, -1.2, 2.0]), 0.7),
        sample(VALUES[:, :3], 0.7, 1),
        sample(VALUES.T[:3], axis=0),
    ),
)
