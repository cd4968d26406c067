import math
import numpy as np


def cholesky_rows_grad(a):
    t = a.shape[0]
    low = np.zeros_like(a)
    rest_saved_saved = []
    saved_saved = []
    saved_saved_1 = []
    for i in range(t):
        rest_saved = []
        saved = []
        saved_1 = []
        for j in range(i + 1):
            rest = a[i, j]
            for k in range(j):
                rest -= low[i, k] * low[j, k]
            rest_saved.append(rest)
            if i == j:
                t1 = math.sqrt(rest)
                low[i, j] = t1
                t2 = None
            else:
                t2 = low[j, j]
                low[i, j] = rest / t2
                t1 = None
            saved.append(t1)
            saved_1.append(t2)
        rest_saved_saved.append(rest_saved)
        saved_saved.append(saved)
        saved_saved_1.append(saved_1)
    # return np.sum(low**2 * np.arange(1.0, n + 1))
    d_low = 2.0 * (np.arange(1.0, t + 1) * low)
    d_a = np.zeros_like(a)
    for i, rest_saved, saved, saved_1 in zip(range(t - 1, -1, -1), reversed(rest_saved_saved),
            reversed(saved_saved), reversed(saved_saved_1)):
        for j, rest, t1, t in zip(range(i, -1, -1), reversed(rest_saved), reversed(saved),
                reversed(saved_1)):
            if i == j:
                # low[i, j] = math.sqrt(rest)
                t = d_low[i, j]
                d_low[i, j] = 0.0
                d_rest = t * (0.5 / t1 if t1 != 0 else np.inf)
            else:
                # low[i, j] = rest / low[j, j]
                t1 = d_low[i, j]
                d_low[i, j] = 0.0
                d_rest = t1 / t
                d_low[j, j] -= t1 * (rest / t / t)
            for k in range(j - 1, -1, -1):
                # rest -= low[i, k] * low[j, k]
                d_low[j, k] -= d_rest * low[i, k]
                d_low[i, k] -= d_rest * low[j, k]
            # rest = a[i, j]
            d_a[i, j] += d_rest
    return d_a
