"""A factorisation in place: three nested loops."""

import math

import numpy as np


def cholesky(a):
    n = a.shape[0]
    for j in range(n):
        for k in range(j):
            a[j, j] -= a[j, k] * a[j, k]
        a[j, j] = math.sqrt(a[j, j])
        for i in range(j + 1, n):
            for k in range(j):
                a[i, j] -= a[i, k] * a[j, k]
            a[i, j] /= a[j, j]
    return np.sum(np.log(np.diag(a)))


rng = np.random.default_rng(7)
m = rng.normal(size=(4, 4))
ARGS = (m @ m.T + np.eye(4),)
