"""Tuples and `*values` whose length only run time knows."""

from __future__ import annotations

import functools

from tests.language.table import program


def weigh(a, b, c, k=1.0):
    return a * b + c * k


def scaled(*values, k=1.0):
    return sum(values) * k + len(values)


@program
def tuples_of_any_length(x):
    t = tuple(v * v for v in x if v > 1.0)
    u = t[1:] + (x[0],) + tuple(x)
    grown = ()
    for v in u:
        grown += (v * 2.0,)
    return sum(i * v for i, v in enumerate(u)) * grown[0] + sum(grown * 2)


@program
def state_of_any_length(x):
    state = tuple(v for v in x if v > 0.0)
    for _ in range(3):
        slopes = tuple(-0.5 * v * v for v in state)
        state = tuple(v + 0.1 * s for v, s in zip(state, slopes))
    first, *others = state
    return first * sum(others) if isinstance(state, tuple) else first


@program
def compared_tuples(x):
    t = tuple(v for v in x if v > 1.0)
    a = x[0] ** 2 if t < (1.5, 0.0) else x[1]
    return a * (x[1] if t == list(t) else x[2]) * (x[0] if t == tuple(list(t)) else 3.0)


@program
def stars(x):
    y = [v for v in x if v > 0.0]
    total = weigh(*y, k=2.0) + scaled(*y) * scaled(x[0], *y, k=x[1]) + max(0.1, *y) * min(*y, 9.0)
    both = (0.5, *y, x[0])
    return total + functools.partial(scaled, *y)(k=x[2]) * both[1] * both[-1]


@program
def stars_leave_the_list_alone(x):
    y = [v * 1.0 for v in x if v > 0.0]

    def f(*values):
        y[0] = 5.0
        return values[0] ** 2 * len(values)

    return f(*y) + y[0] * x[0]


@program
def columns(x):
    rows = [[v, v * v] for v in x if v > 0.0]
    a, b = zip(*rows)
    pairs = [(v, v * x[0]) for v in x if v > 1.0]
    c, d = zip(*pairs)
    turned = [list(column) for column in zip(*rows)]
    return sum(p * q for p, q in zip(a, b)) + sum(c) * d[0] + sum(sum(t) ** 2 for t in turned)


@program
def printed(x):
    y = tuple(v for v in x if v > 1.0)
    print(*y, sep=",")
    print(y, (y, 1), f"{y}")
    return y[0] * y[-1]
