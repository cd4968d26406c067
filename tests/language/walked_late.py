"""Iterators over what is written while they walk it: each item is what stands there when it is due."""

from __future__ import annotations

import itertools

import numpy as np

from tests.language.table import program, refused


@program
def list_behind_enumerate(x):
    y = [x[0], x[1], x[2]]
    s = 0.0
    it = enumerate(y)
    for k, v in it:
        s = s * v + k
        y[-1] = s * x[0]
    return s


@program
def items_of_a_dict(x):
    d = {"a": x[0], "b": x[1], "c": x[2]}
    s = 0.0
    for k, (_, v) in enumerate(d.items()):
        s += v
        d["c"] = s * v * (k + 1)
    for v in iter(d.values()):
        s += v
        d["b"] = s * v
    return s


@program
def pairs_of_neighbours(x):
    y, z = list(x), x * 1.0
    s = 0.0
    for a, b in itertools.pairwise(y):
        s += a * b
        y[2] = s
    for a, b in itertools.pairwise(z):
        s += a * b
        z[1:] = s
    return s


@program
def running_sums(x):
    y = list(x) * 6
    s = 0.0
    for k, v in enumerate(itertools.accumulate(y)):
        s += v * 0.1
        if k < 3:
            y[k + 1] = s
    return s


@program
def cells_and_places(x):
    y = np.outer(x, x)
    s = 0.0
    for (i, j), v in np.ndenumerate(y):
        s += v * (i - j)
        y[2, 2] = s * v
    return s


@program
def unrolled_over_an_array(x):
    y = np.zeros(3)
    y[:] = x
    d = {}
    for k, v in enumerate(y):
        d[f"k{k}"] = v * 2.0
        if k < 2:
            y[k + 1] = y[k + 1] * v
    return sum(d.values()) * d["k2"]


@program
def list_beside_an_array(x):
    l = [x[0], x[1], x[2]]
    s = 0.0
    for a, b in zip(l, x):
        for c, d in zip(l, x):
            s += a * b * c * d
            l[2] = s
    return s


@program
def long_list(x):
    l = [x[0], x[1], x[2]] * 7
    s = 0.0
    for k, v in enumerate(l):
        s += v * v * 0.1
        l[k // 2 + 9] = s
    return s


@program
def values_beside_an_array(x):
    d = {"a": x[0], "b": x[1]}
    s = 0.0
    for v, w in zip(d.values(), x):
        s += v * v * w
    return s


@refused("that writes the dict")
def values_that_are_written(x):
    d = {"a": x[0], "b": x[1]}
    s = 0.0
    for v, w in zip(d.values(), x):
        s += v * w
        d["b"] = s
    return s


@refused("written while it is walked")
def part_of_a_list(x):
    y = [x[0], x[1], x[2]]
    s = 0.0
    for v in itertools.islice(y, 1, None):
        s += v
        y[2] = s * v
    return s


@refused("written while it is walked")
def list_walked_twice(x):
    y = [x[0], x[1], x[2]]
    s = 0.0
    p, q = itertools.tee(y)
    next(q)
    for a, b in zip(p, q):
        s += a * b
        y[2] = s
    return s


@refused("written while it is walked")
def lists_of_two_lengths(x):
    y = [x[0], x[1], x[2]]
    s = 0.0
    for a, b in itertools.zip_longest(y, [1.0], fillvalue=2.0):
        s += a * b
        y[2] = s
    return s


class Holder:
    def __init__(self, held):
        self.held = held


@program
def iterator_in_an_object(x):
    it = iter(x)
    a = [v * k for k, v in zip(range(2), Holder(it).held)]
    return sum(a) + next(it) * 10.0
