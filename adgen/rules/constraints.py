"""Minima under constraints: what holds at them says how they move.

With the multipliers l the slope of the objective is that of the constraints times l (Karush, Kuhn and Tucker). A
constraint that is an inequality holds as an equation where its multiplier is positive, and does not count elsewhere.
Where it is met and its multiplier is 0, neither side is right: the derivative is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.api.custom import stop_gradient
from adgen.rules.declare import static
from adgen.rules.functions import as_vector, lift, pullback
from adgen.rules.implicit import solution


@static
def one_kind(both: bool) -> None:
    if both:
        raise TypeError("scipy.optimize.minimize has a gradient rule for bounds= or constraints=, not for both")


@static
def known_kind(kind: Any) -> bool:
    """Say whether a constraint is an equation."""
    if kind not in ("eq", "ineq"):
        raise TypeError(f"a constraint has the type 'eq' or 'ineq', not {kind!r}")
    return bool(kind == "eq")


def split_constraints(constraints: Any) -> Any:
    """Return a function of what must be 0, and one of what must not be negative; None if there is none."""
    given = [constraints] if isinstance(constraints, dict) else constraints
    equations = [c for c in given if known_kind(c["type"])]
    others = [c for c in given if not known_kind(c["type"])]

    def equal(x: Any, *p: Any) -> Any:
        return np.concatenate([as_vector(c["fun"](x, *c.get("args", ()))) for c in equations])

    def above(x: Any, *p: Any) -> Any:
        return np.concatenate([as_vector(c["fun"](x, *c.get("args", ()))) for c in others])

    return (equal if len(equations) > 0 else None), (above if len(others) > 0 else None)


def as_given(zero: Any, positive: Any, params: Any) -> Any:
    """Return lifted constraints as a solver takes them."""
    if zero is None:
        return ({"type": "ineq", "fun": positive, "args": params},)
    if positive is None:
        return ({"type": "eq", "fun": zero, "args": params},)
    return {"type": "eq", "fun": zero, "args": params}, {"type": "ineq", "fun": positive, "args": params}


def multipliers(down: Any, rows: Any, met: Any) -> Any:
    """Return the multipliers of the constraints that are met."""
    return np.linalg.lstsq((rows * met[:, np.newaxis]).T, down, rcond=None)[0]


def constrained_solution(x: Any, slope: Any, zero: Any, positive: Any, params: Any) -> Any:
    """Return x, a minimum under constraints."""
    n = np.size(x)

    def limits(x: Any, *p: Any) -> Any:
        if zero is None:
            return positive(x, *p)
        if positive is None:
            return zero(x, *p)
        return np.concatenate((zero(x, *p), positive(x, *p)))

    held = lift((limits,), x, *params)[0]
    values = held(x, *params)
    m = np.size(values)
    equations = 0 if zero is None else np.size(zero(x, *params))
    down = slope(x, *params)
    units = np.eye(m)
    rows = np.stack([pullback(held, (x, *params), units[k])[0] for k in range(m)])
    is_equation = np.arange(m) < equations
    met = np.logical_or(is_equation, np.abs(values) <= 1e-6 * (1.0 + np.max(np.abs(x))))
    weights = multipliers(down, rows, np.where(met, 1.0, 0.0))
    small = weights <= 1e-5 * (1.0 + np.max(np.abs(down)))
    doubtful = np.logical_and(np.logical_and(met, np.logical_not(is_equation)), small)
    state = np.where(doubtful, np.nan, np.where(met, 1.0, 0.0))

    def residual(z: Any, state: Any, *p: Any) -> Any:
        at, weights = z[: np.size(z) - np.size(state)], z[np.size(z) - np.size(state) :]
        level = slope(at, *p) - pullback(held, (at, *p), weights)[0]
        return np.concatenate(
            (level, np.where(state > 0.0, held(at, *p), weights) * np.where(np.isnan(state), np.nan, 1.0))
        )

    z = np.concatenate((x, stop_gradient(weights)))
    moved = lift((residual,), z, state, *params)[0]
    return solution(z, moved, state, *params)[:n]
