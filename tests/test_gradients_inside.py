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
    with pytest.raises(adgen.UsageError, match="no parameter, local variable"):
        adgen.compile(lambda x: adgen.grad(lambda v: v * 2.0, wrt="q")(x))(1.0)
    assert adgen.compile(lambda x: adgen.grad(lambda v: v * 2.0, of="v")(x))(1.0) == 1.0


def names_of_a_function_made_inside(x):
    def f(z):
        y = z * z
        w = y * y
        return w + z

    of = adgen.grad(f, of="y")(x) + 100.0 * adgen.grad(f, of=("y", "w"))(x)
    return of + 10.0 * adgen.grad(f, stop_gradients="y")(x)


def held_in_a_loop(x):
    s = 2.0 * x

    def f(z):
        t = 0.0
        for _ in range(3):
            u = z * s
            t = t + u * z
        return t

    value, gradient = adgen.value_and_grad(f, stop_gradients=("u",))(x)
    return value * gradient


def held_where_it_is_written(x):
    def f(z, q):
        u = np.zeros(2)
        u[0] = z * q
        u[1] = z**2
        r = np.sum(u * z) if q > 0 else np.sum(u)
        return r * q

    d_z, d_q = adgen.grad(f, (0, "q"), stop_gradients="u")(x, 2.0)
    value, gradient = adgen.value_and_grad(f, of="u")(x, 2.0)
    return d_z + d_q + np.sum(value) * gradient


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (names_of_a_function_made_inside, lambda x: 2 * x + 100 * (2 * x + 4 * x**3) + 10.0),
        (held_in_a_loop, lambda x: 6 * x**3 * 6 * x**2),
        (held_where_it_is_written, lambda x: 2 * (2 * x + x**2) + x * (2 * x + x**2) + (2 * x + x**2) * (2 + 2 * x)),
    ],
)
def test_names_in_gradients_of_functions_made_inside(f, expected):
    assert adgen.compile(f)(1.5) == pytest.approx(expected(1.5))
    moved = (expected(1.5 + 1e-6) - expected(1.5 - 1e-6)) / 2e-6
    assert adgen.grad(f)(1.5) == pytest.approx(moved, rel=1e-8)
    assert adgen.jvp(f, (1.5,), (1.0,))[1] == pytest.approx(moved, rel=1e-8)


def test_a_name_that_a_function_made_inside_lacks():
    def f(x):
        return adgen.grad(lambda z: z * x, of="q")(x)

    with pytest.raises(adgen.UsageError, match="of='q'"):
        adgen.compile(f)(1.5)
