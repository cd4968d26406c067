"""Augmented operators on an array of one's own."""

import numpy as np


def normalise(x, s):
    y = x.copy()
    y -= np.mean(y)
    y /= np.sqrt(np.mean(y * y) + 1.0)
    y *= s
    y **= 2
    return np.sum(y * x)


ARGS = (np.random.default_rng(10).normal(size=5), 1.3)
