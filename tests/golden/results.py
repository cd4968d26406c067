"""Several results, one of them an array."""

import numpy as np


def moments(x):
    mean = np.mean(x)
    centred = x - mean
    return mean, centred**2, {"third": np.sum(centred**3)}


ARGS = (np.array([0.2, -0.4, 0.6, 1.5]),)
