import numpy as np


def summary_grad(a, x):
    d_x = np.linalg.solve(a, x)
    # return np.sum(a.mean(axis=1) ** 2) + np.sum(a.sum(axis=0) ** 2) + np.linalg.norm(x) + np.linalg.solve(a, x) @ x
    t1 = np.linalg.solve(a.T, x)
    t = t1[:, np.newaxis] * d_x
    d_x += t1
    d_x += x / (np.linalg.norm(x) or 1.0)
    d_a = 2.0 * a.sum(axis=0) - t
    t = (2.0 * a.mean(axis=1) / a.shape[1])[:, np.newaxis]
    d_a += t
    return d_a, d_x
