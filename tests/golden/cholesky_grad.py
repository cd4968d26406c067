import math
import numpy as np


def cholesky_grad(a):
    t = a.shape[0]
    a = a.copy()
    saved = []
    saved_saved = []
    saved_saved_1 = []
    for j in range(t):
        for k in range(j):
            t1 = a[j, k]
            a[j, j] -= t1 * t1
        t1 = math.sqrt(a[j, j])
        saved.append(t1)
        a[j, j] = t1
        saved_1 = []
        saved_2 = []
        for i in range(j + 1, t):
            for k in range(j):
                a[i, j] -= a[i, k] * a[j, k]
            t1 = a[j, j]
            saved_1.append(t1)
            t1 = a[i, j] / t1
            saved_2.append(t1)
            a[i, j] = t1
        saved_saved.append(saved_1)
        saved_saved_1.append(saved_2)
    # return np.sum(np.log(np.diag(a)))
    t2 = 1.0 / np.diag(a)
    t1 = a.shape[0]
    t3 = a.shape[1]
    t5 = np.zeros((t1 * t3,), dtype=np.float64)
    t4 = t3 + 1
    t5[0:t2.shape[0] * t4:t4] = t2
    d_a = t5.reshape(t1, t3)
    for j, t1, saved_1, saved_2 in zip(range(t - 1, -1, -1), reversed(saved),
            reversed(saved_saved), reversed(saved_saved_1)):
        for i, t3, t4 in zip(range(t - 1, j, -1), reversed(saved_1), reversed(saved_2)):
            # a[i, j] /= a[j, j]
            t6 = d_a[i, j]
            d_a[i, j] = t6 / t3
            d_a[j, j] -= t6 * (t4 / t3)
            for k in range(j - 1, -1, -1):
                # a[i, j] -= a[i, k] * a[j, k]
                t3 = d_a[i, j]
                d_a[j, k] -= t3 * a[i, k]
                d_a[i, k] -= t3 * a[j, k]
        # a[j, j] = math.sqrt(a[j, j])
        d_a[j, j] *= 0.5 / t1 if t1 != 0 else np.inf
        for k in range(j - 1, -1, -1):
            # a[j, j] -= a[j, k] * a[j, k]
            d_a[j, k] -= 2.0 * (d_a[j, j] * a[j, k])
    return d_a
