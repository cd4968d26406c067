"""What is None, or a tuple, list or object; tables of functions; objects of different classes under one name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.language.table import program, refused

ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0.0), "tanh": np.tanh, "scale": 3.0}
STEPS = [np.sin, lambda z: z * z]


@dataclass
class Shape:
    c: float
    a: np.ndarray

    def at(self, t):
        return self.c * np.sum(self.a) * t


class Twice:
    def __init__(self, p):
        self.p = p

    def __call__(self):
        return self.p * 2


class Squared(Twice):
    def __call__(self):
        return self.p**2


class Net:
    def __init__(self):
        self.table = {"a": np.cos}
        self.w = 2.0

    def __call__(self, x):
        return np.sum(self.table["a"](x) * self.w)


NET = Net()


@program
def best_so_far(x):
    best = None
    for k in range(len(x)):
        c = (x[k] - 0.9) ** 2
        if best is None or c < best[0]:
            best = (c, k, x[k] * 2)
    return best[0] + best[2] * (best[1] + 1)


@program
def nearest_object(x):
    hit = None
    for s in [Shape(x[0], x[1:]), Shape(x[1], x[2:] * 2), Shape(x[2], x)]:
        if s.c > 1.0 and (hit is None or s.c < hit.c):
            hit = s
    if hit is None:
        return x[0]
    return hit.at(2.0) + hit.c


@program
def previous_dict(x):
    previous = None
    s = 0.0
    for i in range(len(x)):
        current = {"a": x[i], "b": [x[i] * 2, x[0]]}
        if previous is not None:
            s += current["a"] * previous["b"][0] * previous["b"][1]
        previous = current
    return s


@program
def found_or_not(x):
    def find(t):
        for i, e in enumerate(x):
            if e > t:
                return i, e
        return None

    near, far = find(1.0), find(100.0)
    s = x[0]
    if near is not None:
        i, e = near
        s += e * (i + 1)
    if far:
        s += far[1]
    return s


@program
def made_once(x):
    state = None
    for e in x:
        if state is None:
            state = Shape(e, x)
        else:
            state.c = state.c * e
            state.a = state.a + e
    return state.at(1.0)


@program
def events(x):
    peaks = []
    for i in range(len(x)):
        if x[i] > 1.0:
            peaks.append((i, x[i]))
    stack = [(0, x[0])]
    s = 0.0
    while stack:
        k, e = stack.pop()
        s += e * e
        if k < 2:
            stack.append((k + 1, e * x[k]))
    return sum(p * i for i, p in peaks) + s


@program
def table_of_functions(x):
    return np.sum(ACTIVATIONS["relu"](x) * ACTIVATIONS["scale"] * ACTIVATIONS["tanh"](x) * STEPS[1](x))


@program
def global_object(x):
    return NET(x) ** 2


@program
def class_changes_in_a_short_loop(x):
    s = Twice(x[0])
    t = 0.0
    for i in range(3):
        t += s() * x[i]
        s = Squared(x[i])
    return t + s()


@refused("changes its kind")
def class_changes(x):
    s = Twice(x[0])
    t = 0.0
    for i in range(len(x)):
        t += s() * x[i]
        s = Squared(x[i])
    return t + s()


@refused("as a whole")
def none_or_tuple_returned(x):
    best = None
    for e in x:
        if e > 1.0:
            best = (e, e * e)
    return best
