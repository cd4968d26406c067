"""A counted loop from the end, and a nest of two: the solution of a triangular system."""

import numpy as np


def back_substitute(u, b):
    n = b.shape[0]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        s = b[i]
        for j in range(i + 1, n):
            s -= u[i, j] * x[j]
        x[i] = s / u[i, i]
    return np.sum(x * x)


rng = np.random.default_rng(2)
ARGS = (np.triu(rng.normal(size=(4, 4))) + 3.0 * np.eye(4), rng.normal(size=4))
