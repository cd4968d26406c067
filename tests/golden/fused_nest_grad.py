import numpy as np


def potential_grad(x):
    d_x = np.zeros_like(x)
    for i in range(len(x) - 1, -1, -1):
        for j in range(i - 1, -1, -1):
            d = x[i] - x[j]
            # energy += 1.0 / np.sqrt(r2)
            t1 = np.linalg.norm(d)
            t = 1.0 / t1 / t1 * (d / (t1 or 1.0))
            # d = x[i] - x[j]
            d_x[i] -= t
            d_x[j] += t
    return d_x
