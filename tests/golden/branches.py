"""A chain of branches on a number, with names that only some of them assign anew."""

import math


def activate(x, a):
    y = a * x
    if x > 1.0:
        y = math.log(x) + y
    elif x > 0.0:
        z = y * y
        y = z - a
    else:
        y = math.exp(x)
    return y * a


ARGS = (0.6, 1.7)
