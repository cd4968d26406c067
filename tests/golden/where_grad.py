import numpy as np


def safe_root_grad(x):
    # return np.sum(np.where(x > 0.0, np.sqrt(x), 2.0 * x))
    d_x = np.where(x > 0.0, 0.5 / np.sqrt(x), 2.0)
    return d_x
