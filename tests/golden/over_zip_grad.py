import numpy as np


def weigh_grad(xs, ys, rate):
    d_xs = np.zeros_like(xs)
    d_ys = np.zeros_like(ys)
    d_rate = 0.0
    for k in range(min(len(xs), len(ys)) - 1, -1, -1):
        x = xs[k]
        y = ys[k]
        # total += rate**k * (x - y) ** 2
        t = rate ** k
        t1 = x - y
        d_x = 2.0 * (t * t1)
        t = (t1 ** 2
            * (k * rate ** (k - 1) if k >= 1 else k * (t / rate) if rate != 0 else 0.0 if k == 0
            else np.inf))
        d_rate += t
        # for k, (x, y) in enumerate(zip(xs, ys)):
        d_ys[k] -= d_x
        d_xs[k] += d_x
    return d_xs, d_ys, float(d_rate)
