"""A recursion that run time decides: the sum over a tree of intervals."""

import math


def refine(a, b, tol):
    m = 0.5 * (a + b)
    area = (b - a) * math.exp(-m * m)
    if b - a < tol:
        return area
    return refine(a, m, tol) + refine(m, b, tol)


ARGS = (0.2, 1.3, 0.3)
WRT = ("a", "b")
