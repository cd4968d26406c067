import numpy as np


def huber_grad(x, y):
    d_x = np.zeros_like(x)
    d_y = np.zeros_like(y)
    for i in range(len(x) - 1, -1, -1):
        r = x[i] - y[i]
        a = abs(r)
        if a < 1.0:
            d_r = 0.5 * np.sin(r)
            # total += 0.5 * np.sin(r) * r
            d_r += 0.5 * r * np.cos(r)
            d_a = 0.0
        else:
            # total += np.exp(-a)
            d_a = -np.exp(-a)
            d_r = 0.0
        # a = abs(r)
        d_r += d_a * np.sign(r)
        # r = x[i] - y[i]
        d_y[i] -= d_r
        d_x[i] += d_r
    return d_x, d_y
