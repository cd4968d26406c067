"""`adgen.vjp` and `adgen.jvp` inside of functions, and functions that leave the branch that made them."""

import functools

import numpy as np
import pytest

import adgen
from tests import numeric

W = np.array([[1.0, 2.0, 0.5], [0.3, -0.2, 0.7], [0.1, 0.1, 1.0]])
X = np.array([0.7, -0.4, 1.2])
cubes = adgen.grad(lambda x: np.sum(x**3))


def layer(w, x):
    return np.tanh(w @ x) * x


def several(x, s):
    return {"a": x * s, "b": (np.sin(x), s**2)}


def pullback_of_two(x):
    y, pullback = adgen.vjp(layer, W, x)
    d_w, d_x = pullback(np.cos(y))
    return np.sum(d_w * d_w) + np.sum(d_x**3)


def asked_in_a_loop(x):
    total = 0.0
    _, pullback = adgen.vjp(lambda z: np.exp(z) * z[::-1] * x, x)
    for k in range(3):
        seed = np.zeros(3)
        seed[k] = 1.0
        total = total + np.sum(pullback(seed)[0] ** 2)
    return total


def of_a_structure(x):
    _, pullback = adgen.vjp(several, x, 2.0)
    d_x, d_s = pullback({"a": x, "b": (np.ones(3), 1.5)})
    _, (tangent) = adgen.jvp(several, (x, 2.0), (x * x, None))
    return np.sum(d_x) * d_s + np.sum(tangent["a"] * tangent["b"][0]) + tangent["b"][1]


def the_same_twice(x):
    y, pullback = adgen.vjp(lambda a, b: a * b * b, x, x)
    a, b = pullback(y)
    _, by_name = adgen.vjp(lambda a, b: a * b * b, x, x, wrt="b")
    return np.sum(a - b**2) + np.sum(by_name(y))


def written_in_place(x):
    def f(a):
        a[0] = a[0] ** 2
        a *= 2.0
        return a

    y, pullback = adgen.vjp(f, x)
    y[1] = 0.0
    return np.sum(pullback(x)[0] * y * x)


def made_in_a_branch(x):
    if x[0] > 0:
        _, pullback = adgen.vjp(np.sin, x)
    else:
        _, pullback = adgen.vjp(np.cos, x)
    return np.sum(pullback(x)[0])


def tangent_of_a_loop(x):
    def f(a):
        s = 0.0
        for k in range(3):
            if a[k] > 0:
                s = s + a[k] ** 3
            else:
                s = s * a[k]
        return s

    return adgen.jvp(f, (x,), (np.cos(x),))[1] ** 2


def forward_over_reverse(x):
    def slope(z):
        return adgen.vjp(lambda u: np.sum(np.sin(u) * u**2) * u[0], z)[1](1.0)[0]

    return np.sum(adgen.jvp(slope, (x,), (np.cos(x),))[1] ** 2)


def reverse_over_forward(x):
    _, pullback = adgen.vjp(lambda z: adgen.jvp(lambda u: np.sum(np.sin(u) * u**2) * u[0], (z,), (x,))[1], x)
    return np.sum(pullback(1.0)[0] ** 2)


def of_a_gradient(x):
    y, tangent = adgen.jvp(cubes, (x,), (np.ones(3),))
    return np.sum(tangent * y) + np.sum(adgen.vjp(cubes, x)[1](y)[0])


def no_numbers(x):
    (y, n), (tangent, none) = adgen.jvp(lambda a, n: (a * a[::-1], n), (x, 3), (np.sin(x), None))
    _, pullback = adgen.vjp(lambda f, z: f(z), np.sin, x)
    return np.sum(tangent) * n if none is None and pullback(x)[0] is None else 0.0


def two_names(x):
    a = x * x
    b = np.sin(a) * x
    c = np.zeros(3)
    for k in range(3):
        c[k] = b[k] * a[k] + np.sum(a)
    return c


def of_names(x):
    b, pullback = adgen.vjp(two_names, x, of="b")
    both, of_both = adgen.vjp(two_names, x, of=("a", "b"))
    tangent = adgen.jvp(two_names, (x,), (np.cos(x),), of="a")[1]
    return np.sum(pullback(b)[0] * tangent) + np.sum(of_both(both)[0])


def held_names(x):
    c, pullback = adgen.vjp(two_names, x, stop_gradients="a")
    _, of_b = adgen.vjp(two_names, x, of="b", stop_gradients=("a",))
    tangent = adgen.jvp(two_names, (x,), (np.cos(x),), stop_gradients="b")[1]
    return np.sum(pullback(c)[0] * tangent) + np.sum(of_b(np.cos(x))[0] ** 2)


INSIDE = (
    of_names, held_names,
    pullback_of_two, asked_in_a_loop, of_a_structure, the_same_twice, written_in_place, made_in_a_branch,
    tangent_of_a_loop, forward_over_reverse, reverse_over_forward, of_a_gradient, no_numbers,
)  # fmt: skip


@pytest.mark.parametrize("f", INSIDE, ids=lambda f: f.__name__)
def test_inside_as_outside(f):
    x = X.copy()
    np.testing.assert_allclose(adgen.compile(f)(x), f(x), rtol=1e-12)
    gradient = adgen.grad(f)(x)
    np.testing.assert_allclose(gradient, numeric.gradient(lambda z: float(f(z)), (X,))[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(adgen.jvp(f, (x,), (np.cos(X),))[1], gradient @ np.cos(X), rtol=1e-10)
    np.testing.assert_array_equal(x, X)


def test_what_does_not_fit_is_refused():
    def shape(x):
        return np.sum(adgen.jvp(np.sin, (x,), (x[:1],))[1])

    def kind(x):
        return np.sum(adgen.jvp(lambda n: n * x, (2,), (1.0,))[1])

    def count(x):
        return np.sum(adgen.jvp(np.sin, (x,), (x, x))[1])

    with pytest.raises(ValueError, match="a tangent of shape"):
        adgen.grad(shape)(X)
    with pytest.raises(TypeError, match="no derivative"):
        adgen.grad(kind)(X)
    with pytest.raises(adgen.UsageError, match="1 primals and 2 tangents"):
        adgen.grad(count)(X)


# --- functions that leave a branch


b = 100.0  # what closures must not read


def times(b):
    return lambda z: b * z


def counter(b):
    n = [b]

    def step(z):
        n[0] = n[0] * z
        return n[0]

    return step, lambda: n[0]


def either(x):
    f = times(x[1]) if x[0] > 0 else times(x[2] ** 2)
    return np.sum(f(x))


def nested(x):
    if x[0] > 0:
        w = x * 2.0
        f = times(w) if x[1] > 0 else times(w * x)
    else:
        f = times(x)
    return np.sum(f(x))


def partially(x):
    if x[0] > 0:
        f = functools.partial(lambda q, z: times(q)(z), x[1] * 2.0)
    else:
        f = times(x[1])
    return np.sum(f(x))


def with_state(x):
    step, get = counter(x[0]) if x[0] > 0 else counter(x[1])
    for k in range(3):
        step(x[k])
    return get()


def tried(x):
    try:
        f = times(x[0])
        if x[1] > 0:
            raise ValueError
    except ValueError:
        f = times(x[1])
    return np.sum(f(x))


@pytest.mark.parametrize("f", [either, nested, partially, with_state, tried], ids=lambda f: f.__name__)
def test_functions_that_leave_a_branch(f):
    for x in (X, -X):
        expected = numeric.gradient(lambda z: float(f(z)), (x,))[0]
        np.testing.assert_allclose(adgen.grad(f)(x), expected, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(adgen.jvp(f, (x,), (X,))[1], expected @ X, rtol=1e-5, atol=1e-7)


# --- tapes


def test_items_of_lists_are_what_they_hold():
    @adgen.compile
    def f(x):
        with adgen.GradientTape(persistent=True) as tape:
            losses = []
            for k in range(x.size):
                losses.append(np.sin(x[k]) * x[0])
        found = [tape.gradient(one, x) for one in losses]
        return found[1], tape.gradient(losses[1], x), tape.gradient(losses, x)

    one, same, every = f(X)
    expected = np.array([np.sin(X[1]), X[0] * np.cos(X[1]), 0.0])
    np.testing.assert_allclose(one, expected)
    np.testing.assert_allclose(same, expected)
    np.testing.assert_allclose(every, X[0] * np.cos(X) + np.sum(np.sin(X)) * np.eye(3)[0])


def test_batch_jacobian_and_watched_variables():
    @adgen.compile
    def f(x, w):
        with adgen.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = np.sin(x) @ w
        return tape.batch_jacobian(y, x), tape.gradient(y, tape.watched_variables()), tape.batch_jacobian(y, w)

    x = np.arange(8.0).reshape(4, 2)
    jacobian, (gradient,), none = f(x, W[:2])
    np.testing.assert_allclose(jacobian, np.cos(x)[:, None, :] * W[:2].T)
    np.testing.assert_allclose(gradient, np.cos(x) * W[:2].sum(axis=1))
    assert none is None
