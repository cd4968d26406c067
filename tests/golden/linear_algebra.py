"""Solve, inverse and determinant."""

import numpy as np


def likelihood(a, x):
    s = a @ a.T + np.eye(3)
    return 0.5 * x @ np.linalg.solve(s, x) + 0.5 * np.linalg.slogdet(s)[1]


rng = np.random.default_rng(12)
ARGS = (rng.normal(size=(3, 3)), rng.normal(size=3))
