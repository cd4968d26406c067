"""Methods of arrays."""

import numpy as np


def summary(x):
    y = x.reshape(-1).clip(-1.0, 1.0).astype(np.float64)
    z = x.T.dot(x).sum(axis=0)
    return y.mean() + z.max() - x.min() + x.std()


ARGS = (np.random.default_rng(19).normal(size=(3, 2)),)
