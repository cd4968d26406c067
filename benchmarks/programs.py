"""The programs that are differentiated, in plain Python and NumPy, and the arguments they are called with.

`by_hand.py` holds their gradients as a person writes them, `rivals.py` the programs in the dialects of other tools.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import by_hand


def recurrence(x, steps):
    """Iterate a scalar map on Python floats."""
    for _ in range(steps):
        x = x - 0.01 * math.sin(x)
    return x * x


def network(w1, b1, w2, b2, x, y):
    """Mean squared error of a network of two layers."""
    h = np.tanh(x @ w1 + b1)
    p = h @ w2 + b2
    return np.mean((p - y) ** 2)


def heat(u, c, steps):
    """Advance the heat equation in place and take the energy of the final state."""
    for _ in range(steps):
        u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u * u)


def elements(x):
    """Fill an array element by element, each from the one before."""
    y = np.zeros_like(x)
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = x[i] * y[i - 1] + x[i]
    return np.sum(y)


@dataclass(frozen=True)
class Case:
    """One row of the table: a program, its hand-written gradient, its sources and a maker of its arguments."""

    name: str
    program: Callable[..., Any]
    gradient: Callable[..., Any]
    wrt: tuple[int, ...]
    make_args: Callable[[], tuple[Any, ...]]
    slow: bool = False  # left out of a quick run


def network_args(batch, inputs, hidden, outputs):
    """Draw the arguments of `network`."""
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(inputs, hidden)) / math.sqrt(inputs),
        rng.normal(size=hidden),
        rng.normal(size=(hidden, outputs)) / math.sqrt(hidden),
        rng.normal(size=outputs),
        rng.normal(size=(batch, inputs)),
        rng.normal(size=(batch, outputs)),
    )


def heat_args(cells, steps):
    """Draw the arguments of `heat`."""
    return np.random.default_rng(0).normal(size=cells), 0.2, steps


def elements_args(count):
    """Draw the argument of `elements`."""
    return (np.random.default_rng(0).uniform(0.1, 0.9, size=count),)


CASES = (
    Case("recurrence 10", recurrence, by_hand.recurrence_grad, (0,), lambda: (1.0, 10)),
    Case("recurrence 1000", recurrence, by_hand.recurrence_grad, (0,), lambda: (1.0, 1000)),
    Case("network small", network, by_hand.network_grad, (0, 1, 2, 3), lambda: network_args(8, 8, 16, 4)),
    Case("network medium", network, by_hand.network_grad, (0, 1, 2, 3), lambda: network_args(128, 64, 64, 10)),
    Case("network large", network, by_hand.network_grad, (0, 1, 2, 3), lambda: network_args(512, 256, 256, 10)),
    Case("heat", heat, by_hand.heat_grad, (0,), lambda: heat_args(10_000, 100)),
    Case("elements 1e3", elements, by_hand.elements_grad, (0,), lambda: elements_args(1_000)),
    Case("elements 1e4", elements, by_hand.elements_grad, (0,), lambda: elements_args(10_000)),
    Case("elements 1e5", elements, by_hand.elements_grad, (0,), lambda: elements_args(100_000), slow=True),
)
