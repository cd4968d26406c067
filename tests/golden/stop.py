"""A gradient that is cut."""

import numpy as np

import adgen


def straight_through(x, w):
    target = adgen.stop_gradient(np.tanh(w * x))
    return np.sum((w * x - target) ** 2)


ARGS = (np.array([0.2, 0.4, 0.6]), 1.5)
DIFFERENT = True  # differences do not know of the cut
