import numpy as np
from adgen.rules.helpers import unbroadcast


def total_grad(x, k):
    n = len(x)
    m = len(k)
    y = np.zeros(n - m + 1)
    for i in range(m):
        y += k[i] * x[i:i + n - m + 1]
    t3 = np.linalg.cholesky(np.outer(y, y) + np.eye(len(y)))
    # return np.sum(np.maximum(y, 0.0)) + np.sum(np.log(np.diag(np.linalg.cholesky(np.outer(y, y) + np.eye(len(y))))))
    t = t3.T
    t3 = t @ np.diag(1.0 / np.diag(t3))
    t3 = np.linalg.solve(t, (0.5 * (np.tril(t3) + np.tril(t3, k=-1))).T)
    t = np.linalg.solve(t, t3.T)
    t = t + t.T
    t = 0.5 * (np.tril(t) + np.tril(t, k=-1))
    d_y = t @ y
    d_y += y @ t
    d_y += np.where(y == 0.0, 0.5, y > 0.0)
    d_k = np.zeros_like(k)
    d_x = np.zeros_like(x)
    for i in range(m - 1, -1, -1):
        # y += k[i] * x[i : i + n - m + 1]
        t1 = i + n - m + 1
        t2 = x[i:t1]
        t4 = unbroadcast(d_y, t2)
        d_x[i:t1] += k[i] * t4
        d_k[i] += np.sum(t4 * t2)
    return d_x, d_k
