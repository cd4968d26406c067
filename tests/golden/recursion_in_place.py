"""A recursion that writes the array it is given."""

import numpy as np


def quicksort(a, lo, hi):
    if lo >= hi:
        return
    i = lo
    for j in range(lo, hi):
        if a[j] < a[hi]:
            a[i], a[j] = a[j], a[i]
            i += 1
    a[i], a[hi] = a[hi], a[i]
    quicksort(a, lo, i - 1)
    quicksort(a, i + 1, hi)


def weighted(x, w):
    y = x * x
    quicksort(y, 0, len(y) - 1)
    return y @ w


ARGS = (np.random.default_rng(3).normal(size=5), np.arange(5.0))
