import numpy as np


def summary_grad(x):
    t = x.reshape(-1)
    t1 = np.dot(x.T, x)
    z = t1.sum(axis=0)
    # return y.mean() + z.max() - x.min() + x.std()
    d_x = (x - x.mean(keepdims=True)) / (x.size * (np.std(x) or 1.0))
    t5 = np.logical_not(x > x.min())
    d_x -= t5 / t5.sum(keepdims=True)
    t6 = np.logical_not(z < z.max())
    d_z = t6 / t6.sum(keepdims=True)
    t2 = 1.0 / t.size
    # z = x.T.dot(x).sum(axis=0)
    t1 = np.full_like(t1, d_z)
    t3 = x.shape[0]
    t4 = x.shape[1]
    d_x += x @ t1
    d_x += x @ t1.T
    # y = x.reshape(-1).clip(-1.0, 1.0).astype(np.float64)
    t = np.where(np.logical_and(t >= -1.0, t <= 1.0), np.full_like(t, t2), 0.0)
    d_x += t.reshape(t3, t4)
    return d_x
