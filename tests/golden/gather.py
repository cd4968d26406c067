"""Reads and additions at an array of indices."""

import numpy as np


def message(x, source, target):
    edge = x[source] - x[target]
    return np.sum(edge**4) + x[source[0]]


ARGS = (np.random.default_rng(11).normal(size=4), np.array([0, 1, 1, 3]), np.array([1, 2, 3, 0]))
WRT = "x"
