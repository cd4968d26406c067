import numpy as np
from tests.golden.custom import softplus


def total_grad(x):
    t = softplus(2.0 * x)
    # return np.sum(softplus(2.0 * x))
    d_x = 2.0 * (np.full_like(t, 1.0) * (1.0 - np.exp(-t)))
    return d_x
