"""Values that are sent to generators, and what `yield from` gives."""

from __future__ import annotations

import numpy as np

from tests.language.table import program, refused


@program
def filter_with_memory(x):
    def filtering():
        z = y = 0.0
        while True:
            v = yield y
            y = 0.5 * v + z * x[0]
            z = 0.3 * v - y

    f = filtering()
    next(f)
    out = np.zeros(3)
    for i in range(3):
        out[i] = f.send(x[i])
    return np.sum(out**2)


@program
def means_of_two(x):
    def mean(k):
        t, n = 0.0, 0
        while True:
            v = yield t / (n + 1)
            if v is None:
                continue
            t, n = t + v * k, n + 1

    a, b = mean(0.5), mean(x[0])
    next(a), next(b)
    t = 0.0
    for v in x:
        t += a.send(v) * b.send(v**2)
    return t + next(a)


@program
def ends_when_sent(x):
    def two():
        a, b = yield 1.0
        yield a * b

    g = two()
    y = g.send(None) + g.send((x[0], x[1]))
    try:
        g.send(x[2])
    except StopIteration:
        return y * x[2] ** 2
    return y


@program
def value_of_yield_from(x):
    def part(k):
        t = 0.0
        for i in range(k):
            t += x[i]
            yield x[i] * 2.0
        return t

    def whole():
        a = yield from part(2)
        b = yield from part(3)
        c = yield from [x[0]]
        yield a * b if c is None else 0.0

    return sum(e**2 for e in whole())


@refused("which hands it on")
def handed_on(x):
    def inner():
        v = yield 1.0
        yield v

    def outer():
        yield from inner()

    g = outer()
    next(g)
    return g.send(x[0])


@refused("a generator that is stepped")
def value_of_what_is_stepped(x):
    def part():
        yield from x
        return 3.0

    def whole():
        n = yield from part()
        yield n * x[0]

    it = whole()
    return next(it) + sum(it)
