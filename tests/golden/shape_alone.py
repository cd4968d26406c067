"""Arrays that only their shape is asked of are not computed: the product, and what the loop fills."""

import numpy as np


def total(x, w, low):
    y = np.empty_like(x)
    for i in range(len(x)):
        v = x[i]
        if v < low:
            v = low
        y[i] = v * v
    return y.sum() + np.mean(np.outer(x, x) @ w)


ARGS = (np.array([0.3, -2.0, 1.7]), np.random.default_rng(5).normal(size=(3, 2)), 0.1)
WRT = ("x", "w")
