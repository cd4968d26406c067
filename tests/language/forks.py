"""Writes through names of which a condition, or an iteration, decides what array, place, list or object they mean."""

from __future__ import annotations

import numpy as np

from tests.language.table import program, refused

WEIGHTS = 1.0 + np.arange(9.0).reshape(3, 3)


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


@program
def row_of_a_branch(x):
    a = np.outer(x, x)
    row = a[0] if x[0] > 0.5 else a[-1]
    row += x
    other = a[2] if x[1] > 0.5 else a[0]
    other[1:] *= row[:2]
    return np.sum(a**2 * WEIGHTS) + row[1]


@program
def row_or_array(x):
    a, y = np.outer(x, x), x * 2
    part = a[1] if x[0] > 1.0 else y
    part += 2.0 * y
    y[0] = 3.0 * part[1]
    np.multiply(part, x, out=part)
    return np.sum(a**2 * WEIGHTS) + np.sum(y**3) + part[0]


@program
def chain_of_branches(x):
    a, b, c = x * 2, np.sin(x), x**2
    if x[0] > 1.0:
        t = a
    elif x[1] > 1.0:
        t = b
    else:
        t = c
    s = t if x[2] > 3.0 else a
    t *= a
    s[0] += t[1]
    return np.sum(a * b**2 * c) + s @ t


@program
def one_made_in_the_branch(x):
    a = x * 2
    t = a if x[0] > 1.0 else a * 1.5
    t += x
    a[0] *= 3.0
    return np.sum(a**2) + np.sum(t**3)


@program
def lists_of_a_branch(x):
    even, odd, total = [], [], 0.0
    for k in range(3):
        (even if k % 2 == 0 else odd).append(x[k] ** 2)
    while even or odd:
        total = 1.1 * total + (even if len(even) > len(odd) else odd).pop()
    return total


@program
def objects_that_hold_each_other(x):
    p, q = Point(x[0], x[1]), Point(x[1], x[2])
    p.other, q.other = q, p
    t = p if x[0] > 1.0 else q
    t.other.x += x[2] * t.x
    t.x *= 2.0
    return p.x * q.x + t.y


@program
def array_that_a_loop_changes(x):
    a, b = x * 2, np.sin(x)
    cur = a
    for k in range(len(x)):
        cur *= 1.2
        cur[0] += b[1]
        if x[k] > 1.0:
            cur = b if cur is a else a
    return np.sum(a**2) + np.sum(b**3) + cur[0]


@program
def row_that_a_loop_changes(x):
    a = np.outer(x, x)
    low = high = a[0]
    for row in a:
        if row[0] < low[0]:
            low = row
        if row[0] > high[0]:
            high = row
    low += high * x
    high *= 2.0
    return np.sum(a**2 * WEIGHTS)


@program
def rows_that_change_places(x):
    a = np.outer(x, x)
    prev = a[0]
    for k in range(1, len(x)):
        cur = a[k]
        prev, cur = cur, prev
        cur += prev * x
        cur[0] *= 1.2
    return np.sum(a**2 * WEIGHTS) + np.sum(prev) * cur[1]


@program
def buffers_in_turns(x):
    buffers = [x * 2, np.sin(x)]
    for k in range(len(x)):
        old, new = buffers[k % 2], buffers[1 - k % 2]
        new[1:] = old[:-1] * 1.1 + new[1:]
        new[0] = old[-1]
    return np.sum(buffers[0] ** 2) + np.sum(buffers[1] ** 3)


@program
def changed_in_a_loop(x):
    a = x * 2
    t = a
    for k in range(len(x)):
        if x[k] > 1.0:
            t = t * 1.5
        t[0] += x[k]
    return np.sum(a**2) + np.sum(t)


@refused("may share memory")
def item_of_a_list_that_grew(x):
    a = x * 2
    one, two = [a], [x * 3]
    either = one if x[0] < 0.1 else two
    one.append(x * x)
    a[0] = x[1] ** 2
    return np.sum(either[0] * either[-1]) + len(either) * x[1]


@program
def one_of_two_arrays_in_a_tuple_that_loops_make(x):
    rows, u, s, n = [x * 1.0, x * 2.0], x * 0.5, x[0], 0
    while n < 3:
        n += 1
        for r in rows:
            u[0] = np.sin(s)
            g = (s, r if s > 0.3 * n else u)
            s = np.tanh(s + g[1].mean())
    return s + u.sum()
