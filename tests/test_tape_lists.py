"""Lists that a program makes as sources: the gradient by each item, whatever else it is used for."""

from __future__ import annotations

import numpy as np
import pytest

import adgen


def appended(x, n, e):
    y = x * 1.0
    ys = []
    for k in range(n):
        y = np.sin(y) * x + e[k]
        ys.append(y)
    return y * y, ys


def begun_with_one(x, n, e):
    y = x + e[0]
    ys = [y]
    for k in range(n - 1):
        y = np.sin(y) * x + e[k + 1]
        ys.append(y)
    return y * x, ys


def by_the_last(x, n, e):
    ys = [x + e[0]]
    for k in range(n - 1):
        ys.append(np.sin(ys[-1]) * x + e[k + 1])
    return ys[-1] ** 2, ys


def before_the_step(x, n, e):
    y = x * 1.0
    ys = []
    z = 0.0
    for k in range(n):
        y = y + e[k]
        ys.append(y)
        z = z + y * y
        y = np.sin(y)
    return z * y, ys


def in_branches(x, n, e):
    y = x
    ys = []
    for k in range(n):
        if k > 1:
            y = np.tanh(y * x)
        else:
            y = np.sin(y)
        y = y + e[k]
        ys.append(y)
    return y, ys


def of_inner_loops(x, n, e):
    y = x
    ys = []
    for k in range(n):
        s = 0.0
        for j in range(3):
            s = s + np.sin(y * j)
        s = s + e[k]
        ys.append(s)
        y = s * x
    return y, ys


def read_afterwards(x, n, e):
    y = x
    ys = []
    for k in range(n):
        y = np.tanh(y * x + 0.1) + e[k]
        ys.append(y)
    z = 0.0
    for v in ys:
        z = z + v * v
    return z * y, ys


def last_one_alone(x, n, e):
    y = x
    ys = []
    for k in range(n - 1):
        y = np.sin(y) * x + e[k]
        ys.append(y)
    last = y * y + e[n - 1]
    ys.append(last)
    return last * x, ys


def while_it_lasts(x, n, e):
    y = x
    ys = []
    k = 0
    while k < n:
        y = y * y + x + e[k]
        ys.append(y)
        k += 1
    return y, ys


PROGRAMS = [
    appended, begun_with_one, by_the_last, before_the_step, in_branches, of_inner_loops, read_afterwards,
    last_one_alone, while_it_lasts,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_each_item_is_a_source(f):
    def slopes(x, n, e):
        y, ys = f(x, n, e)
        return adgen.gradients(y, ys)

    def both(x, n, e):
        with adgen.GradientTape(persistent=True) as tape:
            y, ys = f(x, n, e)
        return tape.gradient(y, ys), tape.gradient(y, {"items": ys, "x": x})

    def weighed(x, n, e):
        found = slopes(x, n, e)
        total = 0.0
        for k in range(n):
            total = total + (k + 1.0) * found[k]
        return total

    def difference(k):
        step = np.zeros(n)
        step[k] = 1e-6
        return (f(x, n, step)[0] - f(x, n, -step)[0]) / 2e-6

    x, n, e = 0.7, 4, np.zeros(4)
    expected = [difference(k) for k in range(n)]
    assert np.allclose(adgen.compile(slopes)(x, n, e), expected, rtol=1e-8, atol=1e-9)
    first, second = adgen.compile(both)(x, n, e)
    assert np.allclose(first, expected, rtol=1e-8, atol=1e-9) and first == second["items"]
    adgen.check_grads(weighed, (x, n, e), order=1)


def test_items_that_are_held_constant():
    @adgen.compile
    def g(x, n):
        y = x
        z = 0.0
        ys = []
        for _ in range(n):
            y = y * x
            ys.append(y)
            z = z + y + x
        return adgen.gradients(z, x, stop_gradients=ys)

    assert g(0.7, 4) == 4.0


def test_items_of_which_some_are_used():
    @adgen.compile
    def g(x, n):
        ys = []
        for k in range(n):
            ys.append(x * k)
        return (
            adgen.gradients(ys[1] ** 2, ys),
            adgen.gradients(x, ys),
            adgen.gradients(x, ys, unconnected_gradients="zero"),
        )

    @adgen.compile
    def of_first(x, n):
        y = x * x
        ys = [x, y]
        for k in range(n):
            ys.append(x * k)
        ys.append(x + 1.0)
        return adgen.gradients(y * y + ys[-1], ys)

    assert of_first(0.5, 2) == [1.5, 0.5, 0.0, 0.0, 1.0]
    assert g(0.5, 3) == ([0.0, 1.0, 0.0], None, [0.0, 0.0, 0.0])


def some_of_them(x, n):
    y = x
    ys = []
    for k in range(n):
        y = np.sin(y)
        if k % 2 == 0:
            ys.append(y)
    return adgen.gradients(y, ys)


def taken_from_another(x, n):
    ws = [x * k for k in range(n)]
    chosen = []
    z = 0.0
    for k in range(n):
        chosen.append(ws[k])
        z = z + ws[k] ** 2
    return adgen.gradients(z, chosen)


def one_in_many_places(x, n):
    ws = []
    for _ in range(n):
        ws.append(x)
    return adgen.gradients(x * x, ws)


def used_where_it_is_made(x, n):
    y = x * 1.0
    z = 0.0
    ys = []
    for _ in range(n):
        ys.append(y)
        y = np.sin(y)
        z = z + y
    return adgen.gradients(z, ys)


def of_earlier_iterations(x, n):
    ys = [x * 1.0]
    y = x * 1.0
    s = 0.0
    for _ in range(n):
        before = y
        y = np.sin(y)
        s = s + np.sum(np.array(adgen.gradients(before, ys, unconnected_gradients="zero")))
        ys.append(y)
    return s


REFUSED = [
    some_of_them, taken_from_another, one_in_many_places, used_where_it_is_made, of_earlier_iterations,
]  # fmt: skip


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_items_that_have_uses_elsewhere_are_refused(f):
    with pytest.raises(adgen.UnsupportedError, match="whose items the target depends on themselves"):
        adgen.compile(f)(0.7, 3)
