import numpy as np


def normalise_grad(x, s):
    y = x.copy()
    y_1 = y - y.mean()
    t = np.sqrt(np.mean(y_1 * y_1) + 1.0)
    y_2 = y_1 / t
    y_4 = y_2 * s
    y_3 = y_4 ** 2
    # y **= 2
    t1 = x * y_4
    d_y_1 = 2.0 * t1
    # y *= s
    d_y = 2.0 * s * t1
    d_s = np.sum(d_y_1 * y_2)
    # y /= np.sqrt(np.mean(y * y) + 1.0)
    d_y_1 = d_y / t
    d_y_1 -= np.sum(d_y * (y_2 / t)) / t / y_1.size * y_1
    # y -= np.mean(y)
    d_y_1 -= d_y_1.sum() / y.size
    # y = x.copy()
    d_x = y_3 + d_y_1
    return d_x, float(d_s)
