"""Strings that configure a computation, enumerations, tuples in order, arrangements of known items."""

from __future__ import annotations

import enum
import itertools
import time

import numpy as np

from tests.language.table import program, refused


class Axis(enum.IntEnum):
    X = 0
    Y = 1
    Z = 2


class Timer:
    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, *how):
        self.taken = time.perf_counter() - self.start


@program
def parsed(x, spec="sin:2,exp:0.5,sq:1"):
    out = 0.0
    for item in spec.split(","):
        name, c = item.split(":")
        if name == "sin":
            out += float(c) * np.sum(np.sin(x))
        elif name.startswith("sq"):
            out += float(c) * np.sum(x**2)
        else:
            out += float(c) * np.sum(np.exp(x))
    return out


@program
def joined(x):
    parts = [f"{v:.2f}" for v in x]
    label = ", ".join(parts).upper()
    return np.sum(x**2) * len(parts) * (1 if label else 0)


@program
def members(x):
    return sum(x[axis] * (axis + 1) for axis in Axis)


@program
def timed(x):
    with Timer() as timer:
        y = np.sum(x**3)
    print(timer.taken)
    return y


@program
def tuples_in_order(x):
    ranked = sorted(zip(-x, range(3)))
    low = min((v * v, k) for k, v in enumerate(x))
    high = max([(1, x[0]), (2, x[1]), (2, x[2])])
    by_two = sorted(range(3), key=lambda i: (i % 2, -x[i]))
    return ranked[0][0] * low[0] + high[1] * (low[1] + 1) * x[by_two[-1]]


@program
def arranged(x):
    s = sum(a * (b or 0.5) for a, b in itertools.zip_longest([x[0], x[1], x[2]], [x[2]]))
    for p in itertools.permutations(range(3)):
        s += x[p[0]] * x[p[1]] ** 2 * (1 + p[2])
    return s + sum(x[i] * x[j] for i, j in itertools.product(range(3), repeat=2) if i != j)


def weighted(a, b, c):
    return a * b - c * a**2


@program
def spread(x):
    rest = [e * 2 for e in x[1:]]
    return weighted(*x) * weighted(x[0], *rest) + max(*x) - min(*[e * e for e in x]) + np.multiply(*rest)


@refused("not known at compile time")
def spread_over_defaults(x):
    def f(a, b=1.0, c=2.0):
        return a * b * c

    return f(*x)


@program
def passed_on(x):
    options = {"scale": 2.0, "shift": x[0]}

    def inner(z, *parts, scale=1.0, shift=0.0, **rest):
        return scale * z * parts[-1] + shift + sum(rest.values())

    rows = [x * 2, x[1]]
    if (total := inner(*rows, **options, extra=x[2]).sum()) > 0.0:
        total *= x[1]
    del rows
    first, *others = x[0], x[1], x[2]
    return total + first * sum(others)


@program
def endless_generator(x):
    def numbers(v):
        while True:
            yield v
            v = v * 0.5

    return sum(itertools.islice(numbers(x[0]), 4))


@program
def texts_of_loops(x):
    for k, name in enumerate(("up", "down", "stay")):
        mode = name if k < 2 else "still"
        if x[k] > 1.0:
            last = name
    return (x[0] if mode == "still" else x[1]) * len(last)
