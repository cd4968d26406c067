import numpy as np


def histogram_grad(x, index, n):
    h = np.zeros(n)
    t = len(x)
    for i in range(t):
        t1 = x[i]
        h[index[i]] += t1 * t1
    # return np.sum(h * h)
    d_h = 2.0 * h
    d_x = np.zeros_like(x)
    for i in range(t - 1, -1, -1):
        # h[index[i]] += x[i] * x[i]
        d_x[i] += 2.0 * (d_h[index[i]] * x[i])
    return d_x
