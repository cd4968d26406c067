"""What a compiled function leaves in its arguments, and what several names of one object see of a write."""

from __future__ import annotations

import copy
from collections import deque

import numpy as np
import pytest

import adgen
from tests.numeric import close

X = np.arange(1.0, 5.0)


def handled(x, k, y):
    try:
        x[0] = 3.0
        x[k] = y[0]
    except IndexError:
        x[1] = 2.0 * x[0]


def handled_view(x, k, y):
    try:
        x[0] = 3.0
        x[k] = y[0]
    except IndexError:
        x[1] = 2.0 * x[0]
    return x[1:], x, y


def handled_in_loop(x, k, y):
    for i in range(3):
        try:
            x[i] += 3.0
            y[i + k] = x[i]
        except IndexError:
            x[0] = 2.0 * y[i]
    return [y]


def handled_append(items, k):
    try:
        items.append(4.0)
        return items[k]
    except IndexError:
        return items[0]


def slice_assigned(items):
    items[:] = items + [1.0]


def cleared(items):
    items.clear()


def repeated(items):
    items *= 2
    return items


def swapped(x, y):
    x[:], y[:] = y.copy(), x.copy()


def known_dict(d, k):
    try:
        d[k][0] = 3.0
        d[k][7] = 1.0
    except IndexError:
        d[k][1] = 5.0


@pytest.mark.parametrize(
    "fn, args",
    [
        (handled, (X, 9, 2 * X)),
        (handled, (X, 2, 2 * X)),
        (handled_view, (X, 9, 2 * X)),
        (handled_in_loop, (X, 2, 2 * X)),
        (handled_append, ([1.0, 2.0], 7)),
        (handled_append, ([1.0, 2.0], 2)),
        (slice_assigned, ([1.0, 2.0],)),
        (cleared, ([1.0, 2.0],)),
        (repeated, ([1.0, 2.0],)),
        (swapped, (X, 2 * X)),
        (known_dict, ({"a": X, "b": 2 * X}, "b")),
    ],
)
def test_arguments(fn, args):
    ours, pythons = copy.deepcopy(args), copy.deepcopy(args)
    result = adgen.compile(fn)(*ours)
    np.testing.assert_equal((result, ours), (fn(*pythons), pythons))


def test_result_is_the_argument():
    x, y = X.copy(), 2 * X
    view, same, _ = adgen.compile(handled_view)(x, 9, y)
    view[0] = -1.0
    assert same is x and x[1] == -1.0


def test_recorded_values_outlive_a_write():
    @adgen.compile
    def f(x, w):
        with adgen.GradientTape() as tape:
            tape.watch(w)
            y = np.sum(w * x)
            x[0] = 100.0
        return tape.gradient(y, w)

    x = X.copy()
    d_w = f(x, 2 * X)
    np.testing.assert_array_equal(d_w, X)
    assert x[0] == 100.0


def test_lost_append_is_refused():
    def f(items, x):
        items.append(x)
        x[0] = 9.0

    with pytest.raises(adgen.AliasError):
        adgen.compile(f)([X.copy()], 2 * X)


def list_times(x):
    items = [x, 2.0 * x]
    same = items
    items *= 2
    return sum(same)


def numbers_times(xs):
    items = xs.copy()
    same = items
    items *= 2
    return sum(same) * sum(items)


def deque_times(x):
    items = deque([x, x * x])
    same = items
    items *= 2
    items += [x]
    return sum(same)


def unknown_set(x, seen):
    same = seen
    seen &= {1}
    return x * len(same)


@pytest.mark.parametrize(
    "fn, args, expected",
    [
        (list_times, (3.0,), 6.0),
        (numbers_times, ([1.0, 2.0],), [24.0, 24.0]),
        (deque_times, (3.0,), 15.0),
        (unknown_set, (3.0, {1, 2}), 1.0),
    ],
)
def test_other_names_see_it(fn, args, expected):
    value, gradient = adgen.value_and_grad(fn)(*copy.deepcopy(args))
    assert value == fn(*copy.deepcopy(args))
    assert close(gradient, expected)
