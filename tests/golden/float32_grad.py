import numpy as np


def scaled_grad(x, a):
    t = np.sqrt(x * x + 1.0)
    t1 = x.size
    # return np.sum(np.sqrt(x * x + 1.0) * a) / x.size
    d_a = np.sum(t / t1)
    d_x = a / t1 / t * x
    return d_x, float(d_a)
