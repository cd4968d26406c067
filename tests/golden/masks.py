"""Elements chosen by a condition, read and written."""

import numpy as np


def rectify(x, slope):
    y = x.copy()
    y[x < 0.0] *= slope
    return np.sum(y[y > 0.1] ** 2) + np.sum(y)


ARGS = (np.array([0.5, -0.7, 1.1, -0.2]), 0.3)
