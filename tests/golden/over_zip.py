"""A loop over `enumerate` of `zip`."""

import numpy as np


def weigh(xs, ys, rate):
    total = 0.0
    for k, (x, y) in enumerate(zip(xs, ys)):
        total += rate**k * (x - y) ** 2
    return total


rng = np.random.default_rng(4)
ARGS = (rng.normal(size=5), rng.normal(size=5), 0.9)
