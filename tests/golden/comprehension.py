"""Lists and tuples made in expressions."""

import numpy as np


def basis(x, c):
    parts = [c[k] * x**k for k in range(4)]
    pair = (parts[0] + parts[1], np.sin(parts[2]))
    return pair[0] * pair[1] + max(parts)


ARGS = (0.7, np.array([0.2, -0.4, 0.6, 1.5]))
