"""What a type checker must accept and refuse; a line that must be refused ends in `# error`."""

from __future__ import annotations

from typing import Any, assert_type

import numpy as np

import adgen


@adgen.grad
def slope(x: float, a: float = 1.0) -> float:
    return a * x * x


@adgen.grad(wrt=("x", 1))
def slopes(x: float, *, a: float) -> float:
    return a * x * x


def loss(w: np.ndarray, scale: float) -> float:
    return float(np.sum(w * w)) * scale


slope(1.0)
slope(1.0, a=2.0)
slope("1")  # error
slope(1.0, b=2.0)  # error
slope()  # error
slopes(1.0, a=2.0)
slopes(1.0, 2.0)  # error

both = adgen.value_and_grad(loss, wrt="w")
assert_type(both(np.ones(3), 2.0), tuple[float, Any])
both(3, 2.0)  # error
adgen.grad(loss, wrt=1.5)  # error
adgen.grad(loss, unconnected_gradients="nothing")  # error

value, pullback = adgen.vjp(loss, np.ones(3), 2.0)
assert_type(value, float)
assert_type(pullback(1.0), tuple[Any, ...])
adgen.vjp(loss, np.ones(3))  # error

assert_type(adgen.jvp(loss, (np.ones(3), 2.0), (np.ones(3), None))[0], float)


@adgen.custom_vjp
def cube(x: float) -> float:
    return x**3


@cube.defvjp
def cube_rule(g: float, out: float, x: float) -> tuple[float]:
    return (3.0 * x * x * g,)


assert_type(cube(2.0), float)
cube("2")  # error
assert_type(adgen.stop_gradient(2.0), float)
assert_type(slope.source, str)
slope.unknown  # error
