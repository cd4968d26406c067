"""A loop over the rows of a matrix."""

import numpy as np


def accumulate_rows(a, x):
    total = 0.0
    for row in a:
        total = np.tanh(total + row @ x)
    return total


rng = np.random.default_rng(3)
ARGS = (rng.normal(size=(4, 3)), rng.normal(size=3))
