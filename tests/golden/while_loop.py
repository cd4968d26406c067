"""A while loop whose condition depends on the data."""

import math


def halve(x, limit):
    total = 0.0
    while x > limit:
        total += math.sin(x)
        x = 0.5 * x
    return total * x


ARGS = (7.3, 0.4)
