"""A gate that the program has is read, not divided again by what it is the reciprocal of: one array is kept, not two."""

import numpy as np


def total(x, w):
    h = np.zeros(len(w))
    for row in x:
        gate = 1.0 / (1.0 + np.exp(-w * row))
        h = gate * h + (1.0 - gate) * np.tanh(row)
    return np.sum(h**2)


ARGS = (np.random.default_rng(1).normal(size=(4, 3)), np.array([0.5, -1.0, 2.0]))
WRT = ("w",)
