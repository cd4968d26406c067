"""Elements of an array added to in a loop."""

import numpy as np


def histogram(x, index, n):
    h = np.zeros(n)
    for i in range(len(x)):
        h[index[i]] += x[i] * x[i]
    return np.sum(h * h)


ARGS = (np.array([0.3, -0.7, 1.1, 0.4]), np.array([0, 2, 0, 1]), 3)
WRT = "x"
