"""What a program prints and raises stays."""

import math


def checked(x, verbose=True):
    if x < 0.0:
        raise ValueError("x is negative")
    y = math.sqrt(x)
    if verbose:
        print("root", y)
    assert y < 100.0, "too large"
    return y * y * x


ARGS = (1.7, False)
WRT = "x"
