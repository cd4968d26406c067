"""A factorisation row by row: what is read of rows that are finished, and of this one, is read again backwards."""

import math

import numpy as np


def cholesky_rows(a):
    n = a.shape[0]
    low = np.zeros_like(a)
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j]
            for k in range(j):
                rest -= low[i, k] * low[j, k]
            if i == j:
                low[i, j] = math.sqrt(rest)
            else:
                low[i, j] = rest / low[j, j]
    return np.sum(low**2 * np.arange(1.0, n + 1))


rng = np.random.default_rng(7)
m = rng.normal(size=(4, 4))
ARGS = (m @ m.T + np.eye(4),)
WRT = "a"
