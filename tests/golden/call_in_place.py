"""A callee that writes its argument, and one with several returns."""

import numpy as np


def smooth(u, c):
    u[1:-1] = (1.0 - c) * u[1:-1] + 0.5 * c * (u[:-2] + u[2:])


def soften(x, c):
    if x > c:
        return c + 0.5 * (x - c)
    return x


def filtered(x, c):
    u = x * x
    smooth(u, c)
    smooth(u, c)
    return soften(np.sum(u), c)


ARGS = (np.random.default_rng(15).normal(size=6), 0.4)
