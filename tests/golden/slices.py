"""Slices that are written, and that are read after they were."""

import numpy as np


def shift(x, y):
    u = x * y
    u[1:] = u[:-1] * x[1:]
    u[0] = 0.5
    u[::2] += y[::2] ** 2
    return np.sum(np.sin(u))


rng = np.random.default_rng(8)
ARGS = (rng.normal(size=6), rng.normal(size=6))
