"""A table of constants that a loop reads at an index of run time is made once, and read again backwards."""

import numpy as np


def tableau(y, dt, steps):
    for k in range(steps):
        weights = [0.5, 0.3, 0.2]
        y = y + dt * weights[k % 3] * np.sin(y)
    return np.sum(y**2)


ARGS = (np.array([0.3, -0.4]), 0.1, 4)
WRT = "y"
