"""Arrays that are joined: what is the same for each element is computed on the parts."""

import numpy as np


def penalty(w, b, v):
    theta = np.concatenate((np.concatenate((w, 3.0 * b)), v))
    return 0.5 * np.sum(np.concatenate((w, b)) ** 3) + np.sum(np.concatenate((b, w[:2], v))[1:] ** 2) + theta @ theta


WRT = ("w", "b", "v")
ARGS = (np.array([1.0, -2.0, 0.5]), np.array([3.0, -1.0]), np.array([0.25, 2.0]))
w, b, v = ARGS
EXPECT = (
    1.5 * w**2 + 2.0 * w * (1.0 + np.array([1.0, 1.0, 0.0])),
    1.5 * b**2 + (18.0 + np.array([0.0, 2.0])) * b,
    4.0 * v,
)
