import numpy as np


def total_grad(x, w, low):
    t = x.shape[0]
    t4 = w.shape[1]
    # return y.sum() + np.mean(np.outer(x, x) @ w)
    t2 = np.full((t, t4), 1.0 / (t * t4))
    t1 = t2 @ w.T
    d_w = np.outer(x, x).T @ t2
    t3 = x.ravel()
    d_x = t1 @ t3
    d_x += t3 @ t1
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
