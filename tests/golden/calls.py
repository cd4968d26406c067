"""Calls with positional, keyword and default arguments."""

import numpy as np


def scale(u, factor=2.0, *, shift=0.1):
    return factor * np.cos(u) + shift


def chain(x, a):
    y = scale(x)
    z = scale(y, a, shift=a)
    return np.sum(scale(z, factor=3.0))


ARGS = (np.random.default_rng(14).normal(size=4), 0.6)
