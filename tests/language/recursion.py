"""Functions that call themselves."""

from __future__ import annotations

import numpy as np

from tests.language.table import program, refused


def fac(x, n):
    if n == 0:
        return 1.0
    return x * fac(x, n - 1)


@program
def r1(x):
    return fac(x[0], 4) + fac(x[1], 2)


def tsum(t):
    if isinstance(t, (list, tuple)):
        return sum(tsum(v) for v in t)
    return t * t


@program
def r2(x):
    return tsum([x[0], (x[1], [x[2]])])


def even(x, n):
    return x if n == 0 else odd(x, n - 1) * x


def odd(x, n):
    return 1.0 if n == 0 else even(x, n - 1) + 1


@program
def r3(x):
    return even(x[0], 5)


@program
def r4(x):
    def fib(n, a, b):
        if n == 0:
            return a
        return fib(n - 1, b, a + b)

    return fib(7, x[0], x[1])


def power(x, n):
    if n == 0:
        return 1.0
    if n % 2:
        return x * power(x, n - 1)
    h = power(x, n // 2)
    return h * h


@program
def r5(x, n=10):
    return power(x[0], n)


def rec(x, i):
    if i >= len(x):
        return 0.0
    return x[i] ** 2 + rec(x, i + 1)


@program
def r6(x):
    return rec(x, 0)


def msum(x):
    if len(x) == 1:
        return x[0] ** 2
    m = len(x) // 2
    return msum(x[:m]) + msum(x[m:])


@program
def r7(x):
    return msum(x)


def newt(x, t):
    if abs(x * x - t) < 1e-12:
        return x
    return newt(0.5 * (x + t / x), t)


@program
def r8(x):
    return newt(1.0, x[0])


def det(A):
    n = len(A)
    if n == 1:
        return A[0][0]
    s = 0.0
    for j in range(n):
        minor = [row[:j] + row[j + 1 :] for row in A[1:]]
        s += (-1) ** j * A[0][j] * det(minor)
    return s


@program
def r9(x):
    A = [[x[0], 1.0, 2.0], [x[1], x[2], 0.5], [1.0, x[0], x[1]]]
    return det(A)


def comp(x, d):
    if d == 0:
        return np.sin(x)
    return comp(x * x, d - 1) + comp(np.cos(x), d - 1)


@program
def r10(x):
    return comp(x, 3).sum()


def unending(x, n):
    return x * unending(x, n + 1)


@refused("comes to an end")
def r11(x):
    return unending(x[0], 0)


def shrinks(x, n):
    y = x * x
    return y if n == 0 else shrinks(y, n - 1)


@refused("may share memory")
def r12(x):
    def grow(u, n):
        if n == 0:
            return u
        return u * 2.0 if n > 9 else grow(u, n - 1)

    y = x * x
    z = grow(y, int(x.sum()))
    z[0] = 3.0
    return np.sum(z) + np.sum(y)


@program
def r13(x):
    return np.sum(shrinks(x, len(x)))


def either(x, n):
    if n == 0:
        return None if x > 0.5 else x
    return either(x * 0.5, n - 1)


@program
def r14(x):
    y = either(x[0], int(x.size) - 2)
    return x[1] if y is None else y * x[2]
