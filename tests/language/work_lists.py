"""Lists that the loop over them makes longer or shorter, and dicts that recursive functions fill."""

from __future__ import annotations

import numpy as np

from tests.language.table import program


@program
def numbers_to_do(x):
    todo = [x[0]]
    for n in todo:
        if len(todo) < 5:
            todo.append(n * x[1] + 1.0)
    return sum(todo)


@program
def levels_to_do(x):
    todo, total = [(0, x[0])], 0.0
    for depth, n in todo:
        if depth >= len(x):
            continue
        total += n * n
        todo.append((depth + 1, n * 0.5))
        todo.append((depth + 1, np.sin(n) * x[2]))
    return total + len(todo)


@program
def places_to_do(x):
    todo, total = [0], 0.0
    for k, n in enumerate(todo):
        total += x[n % 3] * n
        if n < 5:
            todo.append(n + 2)
        if k == 4:
            break
    else:
        total *= 2.0
    return total + n


@program
def rows_to_do(x):
    rows = [x * 1.0]
    for row in rows:
        row *= 1.5
        if len(rows) < len(x):
            rows.append(row + x)
    return sum(np.sum(r) * (k + 1) for k, r in enumerate(rows))


@program
def items_that_go(x):
    items, total = [x[0], -x[1], x[2], -x[0]], 0.0
    for e in items:
        if e < 0.0:
            items.remove(e)
        total += e
    return total + 3.0 * sum(items)


@program
def results_kept(x):
    memo = {}

    def f(k):
        if k < 2:
            return x[k]
        if k in memo:
            return memo[k]
        memo[k] = 0.5 * f(k - 1) + f(k - 2) * x[2]
        return memo[k]

    return f(len(x) + 4)


@program
def results_kept_by_pairs(x):
    memo = {}

    def f(i, j):
        if (i, j) in memo:
            return memo[i, j]
        if i == 0 or j == 0:
            return x[i] + x[j]
        memo[i, j] = np.minimum(f(i - 1, j), f(i, j - 1)) * 1.1
        return memo[i, j]

    return f(2, len(x) - 1)


@program
def results_kept_where_missed(x):
    memo = {}

    def f(k):
        try:
            return memo[k]
        except KeyError:
            memo[k] = x[0] if k == 0 else f(k - 1) * x[1]
            return memo[k]

    return f(len(x))
