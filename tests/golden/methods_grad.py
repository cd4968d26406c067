import numpy as np


def summary_grad(x):
    t = x.reshape(-1)
    t1 = x.T
    t2 = np.dot(t1, x)
    z = t2.sum(axis=0)
    # return y.mean() + z.max() - x.min() + x.std()
    d_x = (x - x.mean(keepdims=True)) / (x.size * (np.std(x) or 1.0))
    t6 = np.logical_not(x > x.min())
    d_x -= t6 / t6.sum(keepdims=True)
    t7 = np.logical_not(z < z.max())
    d_z = t7 / t7.sum(keepdims=True)
    t3 = 1.0 / t.size
    # z = x.T.dot(x).sum(axis=0)
    t2 = np.full_like(t2, d_z)
    t4 = x.shape[0]
    t5 = x.shape[1]
    d_x += t1.T @ t2
    d_x += (t2 @ t1).T
    # y = x.reshape(-1).clip(-1.0, 1.0).astype(np.float64)
    t = np.where(np.logical_and(t >= -1.0, t <= 1.0), np.full_like(t, t3), 0.0)
    d_x += t.reshape(t4, t5)
    return d_x
