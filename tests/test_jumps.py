"""What is constant between its jumps has the derivative zero, one rule for all: zeros, not None."""

from __future__ import annotations

import math

import numpy as np
import pytest

import adgen

X = np.array([0.3, -1.7, 2.6])

STEPS = {
    "floor": lambda x: np.floor(x),
    "ceil": lambda x: np.ceil(x),
    "trunc": lambda x: np.trunc(x),
    "rint": lambda x: np.rint(x),
    "fix": lambda x: np.fix(x),
    "round": lambda x: np.round(x),
    "round of digits": lambda x: np.round(x, 1),
    "method": lambda x: x.round(1),
    "around": lambda x: np.around(x),
    "sign": lambda x: np.sign(x),
    "heaviside": lambda x: np.heaviside(x, 0.5),
    "copysign": lambda x: np.copysign(2.0, x),
    "nextafter": lambda x: np.nextafter(2.0, x),
    "spacing": lambda x: np.spacing(x),
    "floor_divide": lambda x: np.floor_divide(x, 0.7),
    "divisor": lambda x: 5.0 // x,
    "operator": lambda x: x // 0.7,
    "after a function": lambda x: np.floor(np.exp(x)),
    "before a function": lambda x: np.exp(np.floor(x)),
    "reduced": lambda x: np.sign(x) @ np.ones(3),
    "stored": lambda x: np.array([1.0, np.floor(x[0])]),
    "chosen": lambda x: np.where(x > 0.0, np.floor(x), np.sign(x)),
}


@pytest.mark.parametrize("f", STEPS.values(), ids=STEPS)
def test_steps_have_zero_gradients(f):
    g = adgen.grad(lambda x: f(x))
    assert np.array_equal(g(X), np.zeros(3))
    assert adgen.jvp(lambda x: f(x), (X,), (X,))[1] == pytest.approx(0.0)
    assert np.array_equal(adgen.vjp(lambda x: f(x), X)[1](f(X))[0], np.zeros(3))
    if np.shape(f(X)) == (3,):
        assert np.allclose(adgen.grad(lambda x: np.sum(x * x * f(x)))(X), 2.0 * X * f(X))


@pytest.mark.parametrize(
    "f", [lambda x: round(x, 1), lambda x: x // 0.3, lambda x: math.copysign(2.0, x), lambda x: math.ulp(x)]
)
def test_steps_of_numbers(f):
    assert adgen.grad(f)(0.77) == 0.0
    assert adgen.grad(lambda x: f(x) + 3.0 * x)(0.77) == 3.0


def test_integers_are_no_way():
    assert adgen.grad(lambda x: math.floor(x) * 2.0)(1.5) is None
    assert adgen.grad(lambda x: round(x) * 2.0)(1.5) is None
    assert adgen.grad(lambda x: np.sum(x.astype(int)) * 2.0)(X) is None
    assert adgen.grad(lambda x: np.argmax(x) * 2.0)(X) is None


def test_nothing_is_computed_on_the_way():
    """A slope that is infinite before a step does not count."""

    def f(x):
        return np.sum(np.sign(np.log(x)) + x)

    g = adgen.grad(f)
    assert np.array_equal(g(np.array([0.0, 2.0])), np.ones(2))
    assert "sign" not in g.source.split("def ")[1].split(":", 1)[1].replace(
        "# return np.sum(np.sign(np.log(x)) + x)", ""
    )


def test_leaves_and_locals():
    d = adgen.grad(lambda p: np.sum(np.floor(p["a"])) + p["b"])({"a": X, "b": 2.0, "c": 1.0})
    assert np.array_equal(d["a"], np.zeros(3)) and d["b"] == 1.0 and d["c"] is None

    def f(x):
        y = 2.0 * x
        return np.sum(np.rint(y))

    assert np.array_equal(adgen.grad(f, wrt="y")(X), np.zeros(3))
    assert adgen.grad(f, stop_gradients="y")(X) is None
    assert np.array_equal(adgen.grad(f, stop_gradients="y", unconnected_gradients="zero")(X), np.zeros(3))


def test_a_tape_sees_the_same():
    @adgen.compile
    def f(x, y):
        z = np.sum(np.ceil(x) * 2.0)
        return adgen.gradients(z, [x, y])

    d_x, d_y = f(X, 1.0)
    assert np.array_equal(d_x, np.zeros(3)) and d_y is None


def test_a_tape_stops_where_it_is_told():
    @adgen.compile
    def f(x):
        with adgen.GradientTape() as tape:
            y = adgen.stop_gradient(x)
            z = np.sum(np.floor(y))
        return tape.gradient(z, x)

    assert f(X) is None


def test_remainders_keep_their_step():
    d = adgen.grad(lambda x, y: np.sum(np.mod(x, y)), wrt=(0, 1))(X, np.array([0.7, 0.7, 0.7]))
    assert np.array_equal(d[0], np.ones(3)) and np.array_equal(d[1], -np.floor(X / 0.7))


def test_complex_numbers_are_no_steps():
    with pytest.raises(adgen.AdgenError):
        adgen.grad(lambda x: np.sum(np.sign(x * 1j).imag))(X)
