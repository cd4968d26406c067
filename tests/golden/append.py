"""A list that grows in a loop and is read after it."""

import numpy as np


def trajectory(x, v, h):
    path = []
    for _ in range(6):
        v = v - h * np.sin(x)
        x = x + h * v
        path.append(x)
    return path[-1] + sum(path)


ARGS = (0.7, 0.1, 0.2)
