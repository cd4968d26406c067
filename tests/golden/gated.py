"""Vectors and matrices in products need no sums to their shapes, and matrices that are put together none either."""

import numpy as np


def total(x, w, stiffness):
    h = np.zeros(w.shape[1])
    for row in x:
        v = np.concatenate([row, h])
        h = np.tanh(v @ w)
    k = np.zeros((2 * len(h), 2 * len(h)))
    for i in range(len(stiffness)):
        k[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] += stiffness[i] * np.outer(h, h)
    return np.sum(k**2)


ARGS = (np.random.default_rng(2).normal(size=(3, 4)), np.random.default_rng(3).normal(size=(6, 2)), np.array([1.0, 2.0]))
WRT = ("w", "stiffness")
