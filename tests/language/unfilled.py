"""Lists that begin with None, or with one object many times, and are filled later."""

from __future__ import annotations

import numpy as np

from tests.language.table import program, refused


def fill(values, x):
    for i in range(len(values)):
        if x[i] > 1.0:
            values[i] = x[i] ** 2


@program
def filled_backwards(x):
    n = len(x)
    a = [None] * n
    for i in range(n - 1, -1, -1):
        a[i] = x[i] * (a[i + 1] if i < n - 1 else 1.0)
    b = [None for _ in x]
    for i in range(n):
        b[n - 1 - i] = a[i] * x[0]
    return sum(a) * b[0]


@program
def first_apart(x):
    a = [None] * len(x)
    for i in range(len(x)):
        if i == 0:
            a[i] = x[0]
        else:
            a[i] = a[i - 1] * x[i] + a[0]
    return a[-1] * a[0]


@program
def memo(x):
    known = [None] * len(x)
    total = 0.0
    for k in [0, 1, 0, 2, 1, 0]:
        if known[k] is None:
            known[k] = x[k] ** 2
        total += known[k] * (k + 1)
    return total


@program
def memo_of_recursion(x):
    known = [None] * (len(x) + 1)

    def f(i):
        if i == 0:
            return 1.0
        if known[i] is None:
            known[i] = f(i - 1) * x[i - 1] + 1.0
        return known[i]

    return f(3) + f(2)


@program
def partly_filled(x):
    a = [None] * (len(x) + 2)
    fill(a[: len(x)], x)
    fill(a, [*x, 0.0, 0.0])
    b = a[:]
    b[0] = x[1]
    return sum(v * k for k, v in enumerate(a) if v is not None) + b[0] * (x[0] if a[0] is None else 5.0)


@program
def emptied(x):
    a = [x[0]] * len(x)
    total = 0.0
    for i in range(6):
        if a[i % 3] is None:
            total += x[1]
        else:
            total += a[i % 3] ** 2
        if i % 2:
            a[(i + 1) % 3] = None
    return total


@program
def arrays_and_rows(x):
    n = len(x)
    a, rows = [None] * n, [[None] * n for _ in range(n)]
    a[1] = 2.0 * x
    total = 0.0
    for i in range(n):
        if a[i] is None:
            a[i] = x * x[i]
        else:
            total += np.sum(a[i] ** 2)
        for j in range(n):
            rows[i][j] = x[i] * x[j]
    row = rows[1]
    row[0] = x[2] ** 2
    return total + np.sum(a[0] * a[2]) + sum(sum(r) for r in rows)


@program
def replaced(x):
    a = [np.zeros(3)] * len(x)
    for i in range(len(x)):
        a[i] = a[i - 1] + x * i
    return np.sum(a[2] * a[1])


@refused("may share memory")
def one_row_many_times(x):
    a = [[0.0] * 3] * len(x)
    a[0][1] = x[0] ** 2
    return a[2][1] * x[1]


@refused("may share memory")
def one_array_many_times(x):
    a = [np.zeros(3)] * len(x)
    for i in range(len(x)):
        a[i] += x * i
    return np.sum(a[0] ** 2)


@program
def arrays_of_loops_in_loops(x):
    a = [None] * len(x)
    a[1] = 2.0 * x
    total = 0.0
    for i in range(len(x)):
        if a[i] is None:
            a[i] = x * x[i]
        else:
            for _ in range(1):
                total += np.sum(a[i] ** 2)
    return total + np.sum(a[0] * a[2])
