"""Rows of Python's builtin functions. Indexing, lengths and casts are in `structure`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.ir.types import Complex, Int, Type
from adgen.rules.core import all_weak, has_complex
from adgen.rules.declare import elementwise, rule, sample, steps
from adgen.rules.helpers import unbroadcast
from adgen.rules.lattice import element_type, join, join_all
from adgen.rules.typing import always, broadcast

V = np.array([0.5, -1.25, 2.0])
M = np.array([[1.0, -0.5, 2.0], [0.25, 1.5, -1.0]])


def abs_slope(out: Any, x: Any) -> Any:
    """Return the derivative of abs; 0 at 0."""
    if has_complex(x):
        return np.conj(x) / np.where(out == 0, 1.0, out)
    if all_weak(x):
        return math.copysign(1.0, x) if x != 0 else 0.0
    return np.sign(x)


elementwise(
    abs,
    abs_slope,
    infer=broadcast,
    samples=(
        sample(V),
        sample(-1.5),
        sample(0.0, kink="abs at 0"),
        sample(1e-200),
        sample(np.array([0.0, 1.0]), kink="abs at 0"),
        sample(np.array([1.0 + 2.0j, -0.5j]), second=False),
        sample(3.0 - 4.0j, second=False),
    ),
)
elementwise(
    complex,
    lambda out, real, imag: 1.0,
    lambda out, real, imag: 1j,
    params="real imag=0.0",
    infer=always(Complex()),
    samples=(sample(1.5, -0.5),),
)
steps(round, params="number ndigits=None", samples=(sample(0.73, 1), sample(-1.28, 0)))


# --- sum ----------------------------------------------------------------------------------------


def sum_vjp(g: Any, iterable: Any) -> Any:
    if isinstance(iterable, list):
        return [g] * len(iterable) if np.ndim(g) == 0 else [unbroadcast(g, v) for v in iterable]
    return g


def sum_type(iterable: Operand, start: Operand) -> Type:
    t = element_type(iterable.type)
    joined = None if t is None else join(t, start.type)
    if joined is None:
        if t is not None and isinstance(start.type, Int):
            return t  # 0 + array is an array
        raise TypeError(f"sum() of {iterable.type} from {start.type}")
    return joined


rule(
    sum,
    "iterable start=0",
    args=("iterable", "start"),
    vjp=(sum_vjp, lambda g: g),
    jvp=(lambda t: sum(t), lambda t: t),
    infer=sum_type,
    narrow=True,
    samples=(sample(V), sample(M), sample([1.0, 2.5], start=1.0), sample([1.0, 2.5])),
)


# --- max and min --------------------------------------------------------------------------------
# Arguments that are equal share the gradient equally.


def list_winners(g: Any, out: Any, items: list[Any]) -> list[Any]:
    ties = 0
    for x in items:
        ties = ties + int(x == out)
    share = g / ties
    parts = []
    for x in items:
        parts.append(share if x == out else 0.0)
    return parts


def list_winner(t: list[Any], out: Any, items: list[Any]) -> Any:
    ties, total = 0, 0.0
    for x, d in zip(items, t):
        if x == out:
            ties = ties + 1
            total = total + d
    return total / ties


def winners(g: Any, out: Any, items: Any) -> Any:
    """Return a tuple: what of g each item gets."""
    if len(items) == 1:
        if isinstance(items[0], list):
            return (list_winners(g, out, items[0]),)
        hits = items[0] == out
        return (np.where(hits, g / np.sum(hits), 0.0),)
    ties = 0
    for x in items:
        ties = ties + int(x == out)
    parts: tuple[Any, ...] = ()
    for x in items:
        parts += (g / ties if x == out else 0.0,)
    return parts


def winner(t: Any, out: Any, items: Any) -> Any:
    """Return the tangent of the item that won; the mean of those that tie."""
    if len(items) == 1:
        if isinstance(items[0], list):
            return list_winner(t[0], out, items[0])
        hits = items[0] == out
        return np.sum(np.where(hits, t[0], 0.0)) / np.sum(hits)
    ties = 0
    for x in items:
        ties = ties + int(x == out)
    total = 0.0
    for k in range(len(items)):
        total = total + (t[k] / ties if items[k] == out else 0.0)
    return total


def extreme_type(items: tuple[Operand, ...]) -> Type:
    found = element_type(items[0].type) if len(items) == 1 else join_all(tuple(i.type for i in items))
    if found is None:
        raise TypeError(f"max() or min() of {', '.join(str(i.type) for i in items)}")
    return found


for _extreme in (max, min):
    rule(
        _extreme,
        "*items",
        vjp=winners,
        jvp=winner,
        infer=extreme_type,
        samples=(
            sample(1.5, -0.5),
            sample(-0.5, 2.0, 1.0),
            sample(V),
            sample([1.5, -0.5]),
            sample([1.5, -0.5, 2.5, 0.75]),
            sample(2.0, 2.0, kink="a tie"),
            sample([2.0, 1.0, 2.0, 2.0], kink="a tie"),
            sample(np.array([1.0, 2.0, 1.0, 2.0]), kink="a tie"),
        ),
    )


# --- quotient and remainder ---------------------------------------------------------------------

rule(
    divmod,
    "x y /",
    vjp=(lambda g: g[1], lambda g, x, y: -(x // y) * g[1]),
    jvp=(lambda t: (0.0, t), lambda t, x, y: (0.0, -(x // y) * t)),
    samples=(sample(5.3, 2.1), sample(-5.3, 2.1)),
)
