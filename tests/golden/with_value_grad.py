import numpy as np


def ridge_grad(w, x, y, weight):
    r = x @ w - y
    d_r = 0.5 * r
    # return 0.5 * r @ r + weight * np.sum(w * w)
    d_w = 2.0 * (weight * w)
    # r = x @ w - y
    d_w += x.T @ r
    return d_r @ r + weight * np.sum(w * w), d_w
