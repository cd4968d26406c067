"""Forward part and pullback of a loop that writes in place."""

import numpy as np


def logistic(u, r, steps):
    for _ in range(steps):
        u[1:] = r * u[1:] * (1.0 - u[:-1])
    return u


ARGS = (np.array([0.3, 0.5, 0.2, 0.7]), 1.7, 3)
MODE = "vjp"
