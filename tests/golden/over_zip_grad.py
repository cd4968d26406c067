import numpy as np


def weigh_grad(xs, ys, rate):
    t = min(len(xs), len(ys))
    saved = []
    saved_1 = []
    for t1 in range(t):
        k = t1 + 0
        x = xs[t1]
        y = ys[t1]
        saved.append(rate ** k)
        saved_1.append((x - y) ** 2)
    d_xs = np.zeros_like(xs)
    d_ys = np.zeros_like(ys)
    d_rate = 0.0
    for t, t1, t2 in zip(range(t - 1, -1, -1), reversed(saved), reversed(saved_1)):
        # for k, (x, y) in enumerate(zip(xs, ys)):
        k = t + 0
        x = xs[t]
        y = ys[t]
        # total += rate**k * (x - y) ** 2
        d_x = 2.0 * (1.0 * t1 * (x - y))
        t1 = (1.0 * t2
            * (k * rate ** (k - 1) if k >= 1 else k * (t1 / rate) if rate != 0 else 0.0 if k == 0
            else np.inf))
        d_rate += t1
        # for k, (x, y) in enumerate(zip(xs, ys)):
        d_ys[t] -= d_x
        d_xs[t] += d_x
    return d_xs, d_ys, float(d_rate)
