import numpy as np
from adgen.rules.helpers import unbroadcast


def shift_grad(x, y):
    u = x * y
    t = u[:-1].copy()
    t1 = x[1:]
    t2 = t * t1
    u[1:] = t2
    u[0] = 0.5
    t3 = y[::2]
    t4 = t3 ** 2
    u[::2] += t4
    # return np.sum(np.sin(u))
    d_u = np.cos(u)
    # u[::2] += y[::2] ** 2
    d_y = np.zeros_like(y)
    d_y[::2] += 2.0 * (unbroadcast(d_u[::2], t4) * t3)
    # u[0] = 0.5
    d_u[0] = 0.0
    # u[1:] = u[:-1] * x[1:]
    t2 = unbroadcast(d_u[1:], t2).copy()
    d_u[1:] = 0.0
    d_u[:-1] += unbroadcast(t2 * t1, t)
    d_x = np.zeros_like(x)
    d_x[1:] += unbroadcast(t2 * t, t1)
    # u = x * y
    d_x += d_u * y
    d_y += d_u * x
    return d_x, d_y
