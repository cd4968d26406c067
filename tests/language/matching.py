"""`match`, and variables of enclosing functions that inner ones rebind."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass

import numpy as np

from tests.language.table import program

Pt = namedtuple("Pt", "a b")


@dataclass
class D1:
    a: float
    b: float


@program
def m1(x):
    d = D1(x[0], x[1])
    match d:
        case D1(a=a, b=b) if a > 10:
            return a
        case D1(u, v):
            return u * v


@program
def m2(x):
    cmd = ("scale", x[0])
    match cmd:
        case ("add", v):
            return v
        case ("scale", v):
            return v * x.sum()


@program
def m3(x):
    r = 0.0
    for op in ["a", "b", "c"]:
        match op:
            case "a":
                r += x[0]
            case "b":
                r *= x[1]
            case _:
                r += x[2] ** 2
    return r


@program
def m4(x):
    d = {"k": x[0], "z": x[1]}
    match d:
        case {"q": v}:
            return v
        case {"k": v, **rest}:
            return v * rest["z"]


@program
def m5(x):
    l = [x[0], x[1], x[2]]
    match l:
        case [a]:
            return a
        case [a, *r]:
            return a * sum(r)


@program
def m6(x):
    s = 0.0
    for i in range(4):
        match i % 3:
            case 0:
                s += x[0]
            case 1 | 2 as k:
                s += x[1] * k
    return s


@program
def m7(x):
    match None:
        case None:
            return x.sum()


@program
def m8(x):
    match x:
        case [a, b, c]:
            return a
        case np.ndarray():
            return (x * x).sum()


@program
def m9(x):
    for v in x:
        match v:
            case float() if v > 1:
                return v * x[0]
    return x[0]


@program
def n1(x):
    t = x[0]
    c = 0

    def f():
        nonlocal t, c
        t = t * x[1]
        c += 1
        return t

    a = f()
    b = f()
    return a + b * c + t


@program
def n2(x):
    best = -np.inf

    def see(v):
        nonlocal best
        if v > best:
            best = v

    for i in range(3):
        see(x[i] ** 2)
    return best


@program
def n3(x):
    def mk():
        s = 0.0

        def add(v):
            nonlocal s
            s += v
            return s

        return add

    a = mk()
    b = mk()
    a(x[0])
    b(x[1])
    a(x[1] * 2)
    return a(0.0) * b(x[2])


@program
def n4(x):
    y = x.copy()

    def f():
        nonlocal y
        y = y * 2
        y[0] = x[1]

    f()
    f()
    return (y * y).sum()


@program
def n5(x):
    s = 0.0

    def outer():
        def inner(v):
            nonlocal s
            s += v**2

        for v in x:
            inner(v)
        return s

    return outer() * s


@program
def n6(x):
    s = x[0]

    def f():
        nonlocal s
        s = s + 1
        return s

    while f() < 5:
        s *= x[1]
    return s
