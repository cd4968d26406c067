"""A loop over many constants is a loop, and a counter of generated code counts up."""

import numpy as np

NODES = tuple((0.05 * k, np.round(0.1 - 0.004 * k, 3).item()) for k in range(1, 19))


def spend(a, x, limit):
    total = 0.0
    for node, weight in NODES:
        total += weight * np.exp(-((x - node) ** 2) / (2 * a**2))
    for _ in range(9):
        total *= 1.5
        if total > limit:
            break
    return total


ARGS = (0.7, 0.4, 9.0)
WRT = ("a", "x")
