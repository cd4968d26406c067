import numpy as np


def rectify_grad(x, slope):
    y = x.copy()
    t = x < 0.0
    t1 = y[t]
    y[t] = t1 * slope
    t3 = y > 0.1
    # return np.sum(y[y > 0.1] ** 2) + np.sum(y)
    d_y = np.full_like(y, 1.0)
    d_y[t3] += 2.0 * y[t3]
    # y[x < 0.0] *= slope
    t2 = d_y[t]
    d_y[t] = 0.0
    d_slope = np.sum(t2 * t1)
    d_y[t] += slope * t2
    return d_y, float(d_slope)
