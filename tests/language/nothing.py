"""Values that are None on some paths or in some iterations."""

from __future__ import annotations

import numpy as np

from tests.language.table import program


@program
def n1(x):
    b = None
    for v in x:
        if b is None or v > b:
            b = v * v
    return b


@program
def n2(x):
    y = None
    if x[0] > 0:
        y = x * 2
    if y is None:
        return x.sum()
    return (y * y).sum()


@program
def n3(x):
    prev = None
    s = 0.0
    for v in x:
        if prev is not None:
            s += (v - prev) ** 2
        prev = v
    return s


@program
def n4(x):
    def f(v):
        if v > 1:
            return v * v
        return None

    s = 0.0
    for v in x:
        r = f(v)
        if r is not None:
            s += r
    return s


@program
def n5(x):
    acc = None
    for i in range(3):
        if acc is None:
            acc = x * x[i]
        else:
            acc = acc + x * i
    return (acc * acc).sum()


@program
def n6(x):
    def f(a, b=None):
        if b is None:
            b = a * 2
        return a * b

    return f(x[0]) + f(x[1], x[2])


@program
def n7(x):
    best = None
    arg = None
    for i in range(3):
        v = (x[i] - 1.1) ** 2
        if best is None or v < best:
            best = v
            arg = i
    return best * x[0] + x[arg]


@program
def n8(x):
    h = None
    for v in x:
        h = np.tanh(v * x) if h is None else np.tanh(h + v)
    return h.sum()


@program
def n9(x):
    r = None
    for v in x:
        if v > 100:
            r = v
    return x.sum() if r is None else r


@program
def n10(x):
    y = None
    if x[0] > 5:
        y = x[0]
    if not y:
        return x[1] ** 2
    return y


@program
def n11(x):
    c = {"m": None}
    for v in x:
        c["m"] = v if c["m"] is None else c["m"] * v
    return c["m"]


@program
def n12(x):
    y = None
    for i in range(3):
        y = x[i] * 2
        if y > 2:
            y = None
            break
    return x[0] if y is None else y
