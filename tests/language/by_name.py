"""Attributes and functions by their names, walking objects of user classes, Python's statistics."""

from __future__ import annotations

import statistics

import numpy as np

from tests.language.table import program


class Bag:
    def __init__(self, **parts):
        self.__dict__.update(parts)

    def load(self, parts):
        self.__dict__.update(parts)
        self.__dict__["c"] = self.a * 2.0
        vars(self).update(d=self.c + 1.0)


class Named:
    def __init__(self, **parts):
        for name, v in parts.items():
            setattr(self, name, v)

    def apply(self, name, x):
        return getattr(self, name)(x)

    def tanh(self, x):
        return np.tanh(x)


class Squares:
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        for v in self.items:
            yield v * v

    def __reversed__(self):
        return reversed(self.items)


class Counted:
    def __init__(self, items):
        self.items = items

    def __getitem__(self, k):
        return self.items[k] * (k + 1)


RATE = 3.0


def squared(v):
    return v * v


@program
def attributes_by_update(x):
    bag = Bag(a=x[0], b=x[1])
    bag.b *= 2.0
    bag.load({"a": bag.b, "e": x[2]})
    return bag.a * bag.b + bag.c * bag.d * bag.e


@program
def attributes_by_setattr(x):
    n = Named(p=x[0], q=x[1])
    n.p = n.p * n.q
    return n.p * n.apply("tanh", x[2])


@program
def globals_by_name(x):
    globals()["RATE"] = 4.0
    y = x[0] * RATE
    globals()["RATE"] = 3.0
    return y * globals()["squared"](x[1]) * globals()["RATE"]


@program
def iterated_and_reversed(x):
    s = 1.0
    for v in Squares(x):
        s = s * v + 0.1
    for v in reversed(Squares(x)):
        s = s * v + 0.1
    return s


@program
def iterated_by_getitem(x):
    s = 1.0
    for v in Counted(x):
        s = s * v + 0.1
    return s


@program
def of_statistics(x):
    squares = [v * v for v in x]
    line = statistics.linear_regression([1.0, 2.0, 4.0], squares)
    return statistics.fmean(x) * statistics.stdev(squares) + statistics.median(squares) * line.slope
