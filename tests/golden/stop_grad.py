import numpy as np


def straight_through_grad(x, w):
    t = w * x
    target = np.tanh(t)
    t = t - target
    # return np.sum((w * x - target) ** 2)
    t1 = 2.0 * t
    # target = adgen.stop_gradient(np.tanh(w * x))
    d_x = 2.0 * w * t
    d_w = np.sum(t1 * x)
    return d_x, float(d_w)
