"""The ten most used functions of NumPy, each in the smallest program that has a gradient, at three sizes.

`rivals.py` runs the same programs with another tool's `np`.
"""

from __future__ import annotations

import numpy as np

from benchmarks.programs import Case


def exp(x):
    return np.sum(np.exp(x))


def exp_grad(x):
    return np.exp(x)


def log(x):
    return np.sum(np.log(x))


def log_grad(x):
    return 1.0 / x


def maximum(x):
    return np.sum(np.maximum(x, 1.0))


def maximum_grad(x):
    return np.where(x == 1.0, 0.5, x > 1.0)


def where(x):
    return np.sum(np.where(x > 1.0, x * x, 0.5 * x))


def where_grad(x):
    return np.where(x > 1.0, 2.0 * x, 0.5)


def total(x):
    return np.sum(np.sum(x, axis=0) ** 2)


def total_grad(x):
    d_x = np.empty_like(x)
    d_x[...] = 2.0 * np.sum(x, axis=0)
    return d_x


def mean(x):
    return np.sum(np.mean(x, axis=1) ** 2)


def mean_grad(x):
    d_x = np.empty_like(x)
    d_x[...] = (2.0 / x.shape[1] * np.mean(x, axis=1))[:, np.newaxis]
    return d_x


def matmul(x, y):
    return np.sum((x @ y) ** 2)


def matmul_grad(x, y):
    g = 2.0 * (x @ y)
    return g @ y.T, x.T @ g


def concatenate(x, y):
    return np.sum(np.concatenate((x, y)) ** 2)


def concatenate_grad(x, y):
    return 2.0 * x, 2.0 * y


def norm(x):
    return np.linalg.norm(x)


def norm_grad(x):
    return x / (np.linalg.norm(x) or 1.0)


def solve(a, b):
    return np.sum(np.linalg.solve(a, b) ** 2)


def solve_grad(a, b):
    x = np.linalg.solve(a, b)
    d_b = np.linalg.solve(a.T, 2.0 * x)
    return np.outer(-d_b, x), d_b


def draw(*shape):
    """Draw positive numbers."""
    return np.random.default_rng(0).uniform(0.5, 2.0, size=shape)


def matrices(n):
    return draw(n, n), draw(n, n)[::-1].copy()


def system(n):
    return draw(n, n) + n * np.eye(n), draw(n)


VECTORS = {"1e2": 100, "1e4": 10_000, "1e6": 1_000_000}
SQUARES = {"10": 10, "100": 100, "1000": 1000}

FUNCTION_CASES = (
    *(
        Case(f"np.{f.__name__} {size}", f, df, (0,), lambda n=n: (draw(n),))
        for f, df in ((exp, exp_grad), (log, log_grad), (maximum, maximum_grad), (where, where_grad), (norm, norm_grad))
        for size, n in VECTORS.items()
    ),
    *(
        Case(f"np.{name} {size}", f, df, (0,), lambda n=n: (draw(n, n),))
        for name, f, df in (("sum", total, total_grad), ("mean", mean, mean_grad))
        for size, n in SQUARES.items()
    ),
    *(
        Case(f"np.concatenate {size}", concatenate, concatenate_grad, (0, 1), lambda n=n: (draw(n), draw(n)))
        for size, n in VECTORS.items()
    ),
    *(
        Case(f"np.{f.__name__} {size}", f, df, (0, 1), lambda n=n, make=make: make(n), slow=n == 1000)
        for f, df, make in ((matmul, matmul_grad, matrices), (solve, solve_grad, system))
        for size, n in SQUARES.items()
    ),
)
