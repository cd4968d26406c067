import numpy as np


def weigh_grad(xs, ys, rate):
    t = min(len(xs), len(ys))
    saved = []
    saved_1 = []
    for k in range(t):
        x = xs[k]
        y = ys[k]
        saved.append(rate ** k)
        saved_1.append((x - y) ** 2)
    d_xs = np.zeros_like(xs)
    d_ys = np.zeros_like(ys)
    d_rate = 0.0
    for k, t, t1 in zip(range(t - 1, -1, -1), reversed(saved), reversed(saved_1)):
        # for k, (x, y) in enumerate(zip(xs, ys)):
        x = xs[k]
        y = ys[k]
        # total += rate**k * (x - y) ** 2
        d_x = 2.0 * (t * (x - y))
        d_rate += (t1
            * (k * rate ** (k - 1) if k >= 1 else k * (t / rate) if rate != 0 else 0.0 if k == 0
            else np.inf))
        # for k, (x, y) in enumerate(zip(xs, ys)):
        d_ys[k] -= d_x
        d_xs[k] += d_x
    return d_xs, d_ys, float(d_rate)
