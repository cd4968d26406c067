import numpy as np


def recurrence_grad(x, a):
    t = len(x)
    y = np.zeros(t)
    y[0] = x[0]
    for i in range(1, t):
        t1 = x[i]
        y[i] = a * y[i - 1] + t1 * t1
    # return y[-1]
    d_y = np.zeros_like(y)
    d_y[-1] += 1.0
    d_x = np.zeros_like(x)
    d_a = 0.0
    for i in range(t - 1, 0, -1):
        # y[i] = a * y[i - 1] + x[i] * x[i]
        t = d_y[i]
        d_x[i] += 2.0 * (t * x[i])
        d_a += t * y[i - 1]
        d_y[i - 1] += t * a
    # y[0] = x[0]
    d_x[0] += d_y[0]
    return d_x, float(d_a)
