"""The first program of the design, broadcasting over axes of length 1."""

import numpy as np


def loss(w, b, x, y):
    p = np.tanh(x @ w + b)
    return np.mean((p - y) ** 2)


rng = np.random.default_rng(0)
ARGS = (rng.normal(size=(3, 1)), rng.normal(size=4), rng.normal(size=(5, 3)), rng.normal(size=(5, 4)))
WRT = ("w", "b")
