"""The gradient with respect to a factor needs the states that the loop overwrites."""

import numpy as np


def heat(u, c, steps):
    for _ in range(steps):
        u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u * u)


ARGS = (np.sin(np.arange(8.0)), 0.2, 5)
WRT = ("u", "c")
