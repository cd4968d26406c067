"""`adgen.grad` and `value_and_grad` called inside functions that are differentiated or compiled."""

from __future__ import annotations

import numpy as np
import pytest

import adgen

X, W = np.array([1.0, 2.0]), np.array([3.0, 4.0])


def of_a_lambda(x):
    return adgen.grad(lambda v: v**3)(x) * x


def of_a_closure(x):
    def inner(v):
        return v**2 * x

    return adgen.grad(inner)(x) * x


def in_a_loop(x):
    s = 0.0
    for i in range(3):
        s = s + adgen.grad(lambda v: np.sin(v * i) * x)(x)  # noqa: B023
    return s


def nested(x):
    return adgen.grad(lambda v: adgen.grad(lambda u: u**3 * v)(v))(x)


@pytest.mark.parametrize(
    ("f", "want"),
    [
        (of_a_lambda, 24.0),
        (of_a_closure, 16.0),
        (in_a_loop, 2.0 * np.cos(2.0) + 4.0 * np.cos(4.0)),
        (nested, 36.0),
    ],
)
def test_functions_made_inside(f, want):
    assert np.isclose(adgen.compile(f)(2.0), want)
    adgen.check_grads(f, (2.0,))


def test_several_sources_by_position_and_name():
    def f(x, w):
        v, (dx, dw) = adgen.value_and_grad(lambda a, b: np.sum(a * b**2), wrt=(0, "b"))(x, b=w)
        return np.sum(v * dx * dw)

    assert adgen.compile(f)(X, W) == 41.0 * (9.0 * 6.0 + 16.0 * 16.0)
    adgen.check_grads(f, (X, W))


def test_arguments_are_left_alone():
    def f(x):
        def inner(v):
            v[0] = v[1] ** 2
            return np.sum(v)

        return adgen.grad(inner)(x) * x

    def g(p):
        def inner(q):
            q["a"] = q["a"] * q["b"]
            return q["a"] * q["b"]

        return adgen.grad(inner)(p), p

    x = X.copy()
    assert adgen.compile(f)(x).tolist() == [0.0, 10.0] and x.tolist() == X.tolist()
    assert adgen.compile(g)({"a": 2.0, "b": 3.0}) == ({"a": 9.0, "b": 12.0}, {"a": 2.0, "b": 3.0})


def test_options():
    assert adgen.compile(lambda x, w: adgen.grad(np.sin, output_gradients=w)(x))(X, W).tolist() == list(np.cos(X) * W)
    assert adgen.compile(lambda x: adgen.grad(lambda v: 3.0 * x, unconnected_gradients="zero")(x))(X).tolist() == [0, 0]
    assert adgen.compile(lambda x: adgen.grad(lambda v: 3.0 * x)(x))(X) is None


def test_what_is_refused():
    with pytest.raises(TypeError, match="an int"):
        adgen.compile(lambda x: adgen.grad(lambda v: v * 2.0)(3) * x)(1.0)
    with pytest.raises(adgen.UnsupportedError, match="none of the arguments"):
        adgen.compile(lambda x: adgen.grad(lambda v: v * 2.0, wrt="q")(x))(1.0)
    with pytest.raises(adgen.UnsupportedError, match="'of' of a gradient"):
        adgen.compile(lambda x: adgen.grad(lambda v: v * 2.0, of="v")(x))(1.0)
