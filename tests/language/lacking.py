"""Attributes, parts of tuples and entries of dicts that are None at times, in lists of any length."""

from __future__ import annotations

import numpy as np

from tests.language.table import program


class Body:
    def __init__(self, x):
        self.x = x
        self.best = None


@program
def attribute_set_later(x):
    bodies = [Body(x[i]) for i in range(3)]
    t = 0.0
    for k in range(3):
        for b in bodies:
            if b.best is None:
                t += b.x
                b.best = x[k]
            else:
                t += b.best**2
    return t * x[0]


@program
def attribute_is_none_again(x):
    bodies = [Body(x[i]) for i in range(3)]
    for b in bodies:
        b.best = x * b.x
    for b in bodies:
        b.best[1] = b.x
        if b.x > 1.0:
            b.best = None
    return sum(np.sum(b.best**2) if b.best is not None else b.x for b in bodies)


@program
def entry_that_stays_none(x):
    parts = [{"x": x[i], "best": None} for i in range(3)]
    t = 0.0
    for p in parts:
        t += p["x"] if p["best"] is None else 5.0
    return t * x[0]


@program
def swarm(x):
    parts = [{"x": x[i], "v": x[i] * 0.1, "best": None} for i in range(3)]
    g = None
    for _ in range(3):
        for p in parts:
            f = (p["x"] - 0.9) ** 2
            if p["best"] is None or f < (p["best"] - 0.9) ** 2:
                p["best"] = p["x"]
            if g is None or f < (g - 0.9) ** 2:
                g = p["x"]
        for p in parts:
            p["v"] = 0.5 * p["v"] + 0.3 * (p["best"] - p["x"]) + 0.2 * (g - p["x"])
            p["x"] += p["v"]
    return sum(p["x"] ** 2 for p in parts) + g


@program
def part_of_a_tuple(x):
    pairs = []
    for i in range(3):
        if x[i] > 1.0:
            pairs.append((x[i], None))
        else:
            pairs.append((x[i], x[0]))
    pairs[1] = (x[1], x[2])
    t = 0.0
    for a, b in pairs:
        t += a if b is None else b**2 * a
    return t


@program
def slots_of_tuples(x):
    slots = [None] * 3
    for i in range(3):
        if x[i] > 1.0:
            slots[i] = (x[i], x[0])
    t = 0.0
    for s in slots:
        if s is not None:
            a, b = s
            t += a * b
    return t


@program
def slots_of_objects(x):
    slots = [None] * 3
    for i in range(3):
        if x[i] > 1.0:
            slots[i] = Body(x[i])
    for s in slots:
        if s is not None:
            s.best = s.x**2
    return sum(s.best * s.x for s in slots if s is not None)


@program
def values_of_a_dict(x):
    d = {}
    for i in range(3):
        d[int(x[i] > 1.0)] = None
    d[1] = x[0]
    t = 0.0
    for e in d.values():
        t += x[1] if e is None else e**2
    return t


@program
def integers_among_parts(x):
    pairs = [(x[0], 0), (x[1], x[2])]
    t = 0.0
    for i in range(4):
        a, b = pairs[i % 2]
        t += a * b * i + a
        pairs[i % 2] = (b, a)
    return t
