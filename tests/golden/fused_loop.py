"""A loop whose gradient reads what each iteration alone computes: its backward loop computes it, nothing is saved."""

import numpy as np


def huber(x, y):
    total = 0.0
    for i in range(len(x)):
        r = x[i] - y[i]
        a = abs(r)
        if a < 1.0:
            total += 0.5 * np.sin(r) * r
        else:
            total += np.exp(-a)
    return total


ARGS = (np.array([0.3, 2.0, -1.7, 0.9]), np.array([0.5, 0.25, 0.5, 0.75]))
WRT = ("x", "y")
