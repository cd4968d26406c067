"""A return from inside a loop."""

import numpy as np


def first_large(xs, limit):
    total = 0.0
    for x in xs:
        total += x * x
        if total > limit:
            return total * x
    return total


ARGS = (np.array([0.5, 1.0, 1.5, 2.0]), 2.0)
WRT = "xs"
