"""Elements that change places."""

import numpy as np


def bubble(x):
    x = x.copy()
    n = len(x)
    for i in range(n):
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
    return x[0] * x[1] + 3.0 * x[-1]


ARGS = (np.array([0.7, -0.2, 1.4, 0.3]),)
