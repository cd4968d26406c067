"""Numbers and arrays of the module."""

import numpy as np

rate = 0.3
weights = np.array([0.5, -1.0, 2.0])


def decay(x):
    return np.sum(weights * np.exp(-rate * x))


ARGS = (np.array([0.2, 0.4, 0.6]),)
