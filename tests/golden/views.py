"""Views that are written through, and a copy that is not."""

import numpy as np


def through_views(x):
    a = np.sin(x)
    kept = a.copy()
    row = a[1]
    row *= 2.0
    column = a[:, 0]
    column += row[1]
    return np.sum(a * a * kept)


ARGS = (np.random.default_rng(9).normal(size=(3, 4)),)
