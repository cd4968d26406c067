"""Elements of an array written in a loop, each from the one before."""

import numpy as np


def recurrence(x, a):
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = a * y[i - 1] + x[i] * x[i]
    return y[-1]


ARGS = (np.array([0.3, -0.7, 1.1, 0.4]), 0.8)
