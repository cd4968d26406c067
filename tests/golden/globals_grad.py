import numpy as np


def decay_grad(x, weights, rate):
    # return np.sum(weights * np.exp(-rate * x))
    d_x = -rate * (weights * np.exp(-rate * x))
    return d_x
