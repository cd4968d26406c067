import numpy as np


def through_views_grad(x):
    a = np.sin(x)
    kept = a.copy()
    row = a[1]
    a[1] = row * 2.0
    a[:, 0] += a[1][1]
    d_kept = a * a
    # return np.sum(a * a * kept)
    d_a = 2.0 * (kept * a)
    # column += row[1]
    d_a[1][1] += d_a[:, 0].sum()
    # row *= 2.0
    d_a[1] = 2.0 * d_a[1]
    # kept = a.copy()
    d_a += d_kept
    # a = np.sin(x)
    d_x = d_a * np.cos(x)
    return d_x
