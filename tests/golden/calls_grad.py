import numpy as np


def chain_grad(x, a):
    t = 2.0 * np.cos(x) + 0.1
    t1 = np.cos(t)
    # return factor * np.cos(u) + shift
    t2 = np.sin(a * t1 + a)
    t3 = -3.0 * t2
    d_a = t3.sum() + np.sum(t3 * t1)
    d_x = -6.0 * a * t2 * np.sin(t) * np.sin(x)
    return d_x, float(d_a)
