import numpy as np


def heat_grad(u, c, steps):
    u = u.copy()
    saved = []
    for _ in range(steps):
        t = u[2:] - 2.0 * u[1:-1] + u[:-2]
        saved.append(t)
        u[1:-1] += c * t
    # return np.sum(u * u)
    d_u = 2.0 * u
    d_c = 0.0
    for t in reversed(saved):
        # u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        t2 = d_u[1:-1]
        t1 = c * t2
        d_c += np.sum(t2 * t)
        d_u[:-2] += t1
        d_u[2:] += t1
        d_u[1:-1] -= 2.0 * t1
    return d_u, float(d_c)
