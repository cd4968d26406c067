"""Arrays that iterations make, and views that they bind first: written through one of several names."""

from __future__ import annotations

import numpy as np

from tests.language.table import program


@program
def old_value_is_kept(x):
    t = x * 2
    old = t
    for i in range(3):
        if x[i] > 1.0:
            t = t * 1.5
        t[i] = x[i] ** 2
    return np.sum(t * old)


@program
def best_of_several(x):
    t = x * 2
    best = t
    for i in range(3):
        t = t * x[i]
        if t[0] < best[0]:
            best = t
    best[1] = x[2] * 3
    return np.sum(t * best)


@program
def three_steps(x):
    prev = x * 1
    cur = nxt = prev
    for i in range(3):
        nxt = 2 * cur - prev
        nxt[i] = x[i]
        prev, cur = cur, nxt
        prev[0] += 0.1 * x[1]
    nxt[1] *= x[0]
    prev[2] = x[1] ** 2
    return np.sum(prev * cur * nxt)


@program
def view_of_what_an_iteration_made(x):
    y = x * 1
    part = y
    for k in range(2):
        z = y * x[k]
        part = z[k:]
        if x[k] > 1.0:
            y = z
    part[0] = x[0] ** 2
    return np.sum(y * y) + np.sum(part)


@program
def candidates_change_places(x):
    best = x * 1
    seen = 0.0
    for k in range(3):
        other = best.copy()
        other[k] -= x[k] - 1.0
        if np.sum(other**2) > np.sum(best**2):
            best, other = other, best
        other[0] *= 0.5
        seen += np.sum(other)
    other[1] = x[0]
    return np.sum(best * best) * seen + np.sum(other)


@program
def row_of_the_last_iteration(x):
    a = np.outer(x, x)
    for i in range(3):
        row = a[i]
        if row[0] > 1.0:
            row = row * 2
        row[1] = x[i] ** 2
    row[0] = 3 * x[0]
    return np.sum(a * a) + np.sum(row)


@program
def part_of_the_last_iteration(x):
    y = x * 1
    for i in range(3):
        part = y[i : i + 2]
        if part[0] > 1.0:
            break
    part[0] = x[1] ** 2
    return np.sum(y * y)


@program
def bound_sometimes(x):
    a = np.outer(x, x)
    for i in range(3):
        if x[i] < 2.0:
            row = a[i]
    row[0] = x[1] ** 2
    return np.sum(a * a) + np.sum(row)


def find(z):
    for i in range(3):
        if z[i] > 1.0:
            return z[i:]
    return z


@program
def found_by_a_callee(x):
    y = x * 1
    part = find(y)
    part[0] = x[1] ** 2
    return np.sum(y * y)


@program
def loops_in_loops(x):
    a = x * 1
    b = a
    for i in range(2):
        for j in range(2):
            if x[i + j] > 1.0:
                b = a * x[j]
            b[j] += x[i]
        a = b if x[i] > 1.0 else a * 2
    b[1] = x[2] ** 2
    return np.sum(a * b)


@program
def tried_in_iterations(x):
    y = x * 1
    acc = y
    for k in range(2):
        try:
            z = acc * x[k]
            if z[0] > 0.6:
                raise ValueError
            acc = z
        except ValueError:
            acc[k] += x[k + 1]
        z[1] += x[0]
    return np.sum(y * acc)


@program
def item_that_a_list_holds(x):
    items = []
    for i in range(3):
        t = x * x[i]
        items.append(t)
    t[1] = x[2] * 3
    return np.sum(items[-1] * t)
