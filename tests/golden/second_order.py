"""The gradient of a gradient."""

import math


def wiggle(x):
    y = math.sin(x)
    return x * y * y


ARGS = (0.8,)
ORDER = 2
