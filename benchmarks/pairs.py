"""The same computation with and without an early exit, a `break`, a `try`: what each costs its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import adgen
from benchmarks.measure import time_side_by_side

STEPS = 200


def leave_early(x: Any, n: int) -> Any:
    s = 0.0
    for i in range(n):
        s = s + np.sin(x * s + i)
        if i == n - 1:
            return s * s
    return s


def leave_late(x: Any, n: int) -> Any:
    s = 0.0
    for i in range(n):
        s = s + np.sin(x * s + i)
    return s * s


def with_break(x: Any, n: int) -> Any:
    s = 0.0
    for i in range(2 * n):
        if i == n:
            break
        s = s + np.sin(x * s + i)
    return s * s


def with_try(x: Any, n: int) -> Any:
    s = 0.0
    for i in range(n):
        try:
            s = s + np.sin(x * s + i)
        except FloatingPointError:
            s = 0.0
    return s * s


PAIRS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "early return": (leave_early, leave_late),
    "break": (with_break, leave_late),
    "try": (with_try, leave_late),
}


def print_pairs(rounds: int, batch: float) -> None:
    """Print how many times the gradient of the simple form the gradient of the other one takes."""
    print(f"Gradient of the same loop with and without an exit: times the one without ({STEPS} steps)")
    for name, functions in PAIRS.items():
        one, other = (adgen.grad(f) for f in functions)
        calls = {"with": lambda one=one: one(0.3, STEPS), "without": lambda other=other: other(0.3, STEPS)}
        np.testing.assert_allclose(calls["with"](), calls["without"](), rtol=1e-9)
        seconds = time_side_by_side(calls, rounds, batch)
        print(f"{name:16}{seconds['with'] / seconds['without']:>10.2f}")
