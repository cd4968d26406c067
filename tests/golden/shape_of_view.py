"""What only its shape is asked of has that of a part of the argument: no shape is kept."""

import numpy as np


def total(x, k):
    n, m = len(x), len(k)
    y = np.zeros(n - m + 1)
    for i in range(m):
        y += k[i] * x[i : i + n - m + 1]
    return np.sum(np.maximum(y, 0.0)) + np.sum(np.log(np.diag(np.linalg.cholesky(np.outer(y, y) + np.eye(len(y))))))


ARGS = (np.array([1.0, -2.0, 3.0, 0.5, 0.7]), np.array([0.3, 0.6]))
WRT = ("x", "k")
