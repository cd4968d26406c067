import numpy as np


def back_substitute_grad(u, b):
    t = b.shape[0]
    x = np.zeros(t)
    t1 = t - 1
    saved = []
    for i in range(t1, -1, -1):
        s = b[i]
        for j in range(i + 1, t):
            s -= u[i, j] * x[j]
        t2 = s / u[i, i]
        saved.append(t2)
        x[i] = t2
    # return np.sum(x * x)
    d_x = 2.0 * x
    d_b = np.zeros_like(b)
    d_u = np.zeros_like(u)
    for i, t1 in zip(reversed(range(t1, -1, -1)), reversed(saved)):
        # x[i] = s / u[i, i]
        t2 = u[i, i]
        t3 = d_x[i]
        d_x[i] = 0.0
        d_s = t3 / t2
        d_u[i, i] -= t3 * (t1 / t2)
        for j in range(t - 1, i, -1):
            # s -= u[i, j] * x[j]
            d_x[j] -= d_s * u[i, j]
            d_u[i, j] -= d_s * x[j]
        # s = b[i]
        d_b[i] += d_s
    return d_u, d_b
