"""Reductions of one axis, a norm and a solution: no array of ones, no pass over a matrix more than by hand."""

import numpy as np


def summary(a, x):
    return np.sum(a.mean(axis=1) ** 2) + np.sum(a.sum(axis=0) ** 2) + np.linalg.norm(x) + np.linalg.solve(a, x) @ x


WRT = ("a", "x")
ARGS = (np.array([[2.0, 0.5], [-1.0, 4.0]]), np.array([3.0, 4.0]))
a, x = ARGS
s, r = np.linalg.solve(a, x), np.linalg.solve(a.T, x)
EXPECT = (
    a.mean(axis=1)[:, np.newaxis] + 2.0 * a.sum(axis=0) - np.outer(r, s),
    x / 5.0 + s + r,
)
