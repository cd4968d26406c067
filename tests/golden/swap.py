"""A time loop that swaps two buffers: the wave equation."""

import numpy as np


def wave(u, v, c, steps):
    for _ in range(steps):
        v[1:-1] = 2.0 * u[1:-1] - v[1:-1] + c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        u, v = v, u
    return np.sum(u * v)


rng = np.random.default_rng(6)
ARGS = (rng.normal(size=7), rng.normal(size=7), 0.3, 4)
WRT = ("u", "v", "c")
