"""What is joined, left out or moved in a derived program, and what must not be: right either way."""

from __future__ import annotations

import numpy as np
import pytest

import adgen
from tests import numeric

X = np.array([0.7, -1.2, 1.9, 0.4])
LOG = []


# loops that only save, and what keeps them apart


def walked_unevenly(x):
    total = 0.0
    for a, b in zip(x, x[:-1]):
        total += np.sin(a) * np.exp(b)
    return total


def last_one_varies(x):
    total, last = 0.0, 0.0
    for v in x:
        last = np.sin(v)
        total += v * last
    for v in x:
        total += v * last * np.cos(v)
    return total


def last_one_is_the_same(x):
    total = 0.0
    for v in x[1:]:
        scale = np.exp(x[0])
        total += np.sin(v / scale)
    return total * scale


def read_before_it_is_written(x):
    y = x.copy()
    total = 0.0
    for i in range(len(x)):
        total += np.sin(y[i]) ** 2
    for i in range(len(x)):
        y[i] = total * y[i]
    return np.sum(y * y)


def printed_between(x):
    total = 0.0
    for v in x:
        total += np.tanh(v) ** 2
    LOG.append(len(x))
    return total


def nothing_to_walk(x):
    total = x[0] * 2.0
    for v in x[4:]:
        total += np.exp(v)
    return total


def ended_early(x):
    total = 0.0
    for v in x:
        s = np.sin(v)
        total += s * s
        if total > 1.0:
            break
    return total


def twice_over(x):
    total = 0.0
    for i in range(len(x)):
        w = np.exp(0.3 * x[i])
        for j in range(i):
            d = np.sin(x[i] - x[j])
            if d > 0.0:
                total += w * d * d
            else:
                total += np.sqrt(1.0 + d * d)
    return total


def squared_and_rooted(x):
    total = 0.0
    for v in x:
        total += np.exp(v) ** 2
    return np.sqrt(total)


# branches on one condition


def one_condition_twice(x):
    if x[0] > 0.0:
        y = np.sin(x)
    else:
        y = np.cos(x)
    z = y * y
    if x[0] > 0.0:
        z = z * y
    return np.sum(z)


# zeros that are read again, and those that are not


def wraps_around(x):
    y = np.ones_like(x)
    for i in range(len(x)):
        y[i] = x[i] * y[i - 1]
    return np.sum(y)


def looks_ahead(x):
    y = x.copy()
    for i in range(len(x) - 1):
        y[i] = x[i] * y[i + 1]
    return np.sum(y * y)


def looks_back(x):
    y = np.zeros(len(x) + 1)
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = np.sin(x[i]) * y[i - 1]
    return np.sum(y)


def written_again(x):
    y = np.zeros_like(x)
    for i in range(len(x)):
        y[i] = np.sin(x[i])
    for i in range(1, len(x)):
        y[i] = y[i] * x[i] + y[i - 1]
    return np.sum(y)


def written_in_its_place(x):
    y = x.copy()
    for i in range(1, len(x)):
        y[i] = np.exp(0.1 * y[i])
    return np.sum(y)


def read_behind(x):
    y = np.zeros_like(x)
    for i in range(1, len(x)):
        y[i] = x[i] * x[i]
    return y[0] + y[1] * y[-1] + x[0]


def rows(x):
    y = np.zeros((len(x), 2))
    for i in range(len(x)):
        y[i] = x[i] * np.array([1.0, x[0]])
        y[i, 1] = y[i, 0] * y[i, 1]
    return np.sum(y)


def backwards(x):
    y = np.zeros(len(x) + 1)
    for i in range(len(x) - 1, -1, -1):
        y[i] = x[i] + 0.5 * np.sin(y[i + 1])
    return np.sum(y)


def conditional(x):
    y = np.zeros_like(x)
    for i in range(1, len(x)):
        if x[i] > 0.0:
            y[i] = x[i] * y[i - 1] + x[i]
        else:
            y[i] = y[i - 1]
    return np.sum(y)


# shapes


def product_for_its_shape(x):
    return np.mean(np.outer(x, x) @ np.ones((4, 3))) + np.sum(x[:, None] @ np.ones((1, 5)))


def filled_for_its_shape(x):
    y = np.empty((len(x), 3))
    for i in range(len(x)):
        y[i] = x[i] ** 2
    return y.mean()


def cut_for_its_shape(x):
    y = np.exp(x[1:]) + x[0]
    return np.sum(y) + y.size * x[2]


# additions in branches


def one_sided(x):
    total = 0.0
    for i in range(len(x) - 1):
        a, b = x[i], x[i + 1]
        if a > b:
            total += a * b
        if a < 0.0 < b:
            total += np.sin(a)
    return total


def both_sided(x):
    total = 0.0
    for i in range(len(x)):
        v = x[i]
        total += v * v if v > 0.5 else np.exp(v)
    return total


def as_a_whole(x):
    y = x * 2.0
    z = y
    y = y + 0.0
    y /= np.sum(y * y)
    y -= np.mean(y)
    y[:] = np.sin(y) * z
    y += 1.5
    return np.sum(y * z)


PROGRAMS = [f for name, f in list(globals().items()) if callable(f) and getattr(f, "__module__", "") == __name__]


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_gradient(f):
    x = X.copy()
    numeric.assert_gradient(lambda y: f(y.copy()), (adgen.grad(f)(x),), (x,))
    assert np.array_equal(x, X)
    value, pullback = adgen.vjp(f, x)
    np.testing.assert_allclose(value, f(X.copy()), rtol=1e-14)
    for seed in (1.0, -0.5):
        np.testing.assert_allclose(pullback(seed)[0], seed * adgen.grad(f)(x), rtol=1e-10, atol=1e-13)
    value, gradient = adgen.value_and_grad(f)(x)
    np.testing.assert_allclose(gradient, adgen.grad(f)(x), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_second_order(f):
    x, t = X.copy(), np.array([0.3, -0.7, 0.2, 1.1])
    df = adgen.grad(f)
    expected = (df(x + 1e-6 * t) - df(x - 1e-6 * t)) / 2e-6
    np.testing.assert_allclose(adgen.jvp(df, (x,), (t,))[1], expected, rtol=1e-5, atol=1e-6)
    product = adgen.grad(lambda x: np.sum(df(x) * t))
    np.testing.assert_allclose(product(x), expected, rtol=1e-5, atol=1e-6)


def test_what_is_left():
    """A loop is not run twice, an array not filled and a product not taken for its shape, a zero not written."""
    assert adgen.grad(twice_over).specialize(X).source.count("    for ") == 2
    assert adgen.grad(last_one_varies).specialize(X).source.count("    for ") > 2
    assert "np.empty" not in adgen.grad(filled_for_its_shape).specialize(X).source
    lines = adgen.grad(product_for_its_shape).specialize(X).source.splitlines()
    assert not [line for line in lines if "np.outer" in line and not line.lstrip().startswith("#")]
    assert "= 0.0" not in adgen.grad(looks_back).specialize(X).source
    assert "= 0.0" in adgen.grad(wraps_around).specialize(X).source
