"""What a root answers: where F(x, p) = 0 says what x is, it moves with p by dx = -F_x^-1 F_p dp.

The implicit function theorem, for whatever found x: rules of solvers call `solution`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import numbers, shaped_like
from adgen.rules.core import all_scalars
from adgen.rules.declare import rule
from adgen.rules.functions import has_gradient, jacobian, lift, pullback, pushforward
from adgen.rules.typing import exactly


def solution(x: Any, fun: Any, *params: Any, apart: bool = False) -> Any:
    """Return `x`, where `fun(x, *params)` is 0; with `apart` each element by itself."""
    return x


def solution_vjp(g: Any, out: Any, fun: Any, apart: bool, params: Any) -> Any:
    if all_scalars(out):
        w = -g / pullback(fun, (out, *params), 1.0)[0]
    elif apart:
        w = -g / pullback(fun, (out, *params), np.ones_like(out))[0]
    else:
        w = shaped_like(np.linalg.solve(jacobian(fun, out, params).T, -g), out)
    return pullback(fun, (out, *params), w)[1:]


def solution_jvp(t: Any, out: Any, fun: Any, apart: bool, params: Any) -> Any:
    moved: tuple[Any, ...] = (None,)
    for k in numbers(len(params)):
        moved += (t[k] if has_gradient(params[k]) else None,)
    rate = pushforward(fun, (out, *params), moved)
    if all_scalars(out):
        return -rate / pullback(fun, (out, *params), 1.0)[0]
    if apart:
        return -rate / pullback(fun, (out, *params), np.ones_like(out))[0]
    return shaped_like(np.linalg.solve(jacobian(fun, out, params), -rate), out)


rule(
    solution,
    "x fun *params apart=False",
    name="solution",
    static=("apart",),
    show="_",
    memory="same",
    vjp={"params": solution_vjp},
    jvp={"params": solution_jvp},
    infer=exactly("x"),
)


def slope_of(fun: Any, x0: Any, params: Any) -> Any:
    """Return the gradient of an objective, which is 0 at its minimum, as a function."""

    def slope(x: Any, *p: Any) -> Any:
        return pullback(fun, (x, *p), 1.0)[0]

    return lift((slope,), x0, *params)[0]
