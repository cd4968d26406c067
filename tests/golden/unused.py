"""What nobody needs is not there: a dead value, a source that nothing depends on."""

import numpy as np


def unused(x, y, z):
    dead = np.exp(x)
    count = len(x)
    return np.sum(x * x) / count + 0.0 * z


ARGS = (np.array([0.2, -0.4]), 0.7, 1.2)
