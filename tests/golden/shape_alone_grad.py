import numpy as np


def total_grad(x, w, low):
    t = x.shape[0]
    t3 = w.shape[1]
    # return y.sum() + np.mean(np.outer(x, x) @ w)
    t2 = np.full((t, t3), 1.0 / (t * t3))
    t1 = t2 @ w.T
    d_w = np.outer(x, x).T @ t2
    d_x = t1 @ x
    d_x += x @ t1
    for i in range(len(x) - 1, -1, -1):
        v = x[i]
        t = v < low
        if t:
            v = low
        # y[i] = v * v
        d_v = 2.0 * v
        if not t:
            # v = x[i]
            d_x[i] += d_v
    return d_x, d_w
