import numpy as np


def filtered_grad(x, c):
    u = x * x
    t = 1.0 - c
    t1 = u[1:-1].copy()
    t4 = 0.5 * c
    t2 = u[:-2] + u[2:]
    u[1:-1] = t * t1 + t4 * t2
    t3 = u[1:-1].copy()
    t5 = u[:-2] + u[2:]
    u[1:-1] = t * t3 + t4 * t5
    if u.sum() > c:
        d_c = 0.5
        t9 = 0.5
    else:
        d_c = 0.0
        t9 = 1.0
    # u[1:-1] = (1.0 - c) * u[1:-1] + 0.5 * c * (u[:-2] + u[2:])
    d_u = np.full_like(u, t9)
    t6 = d_u[1:-1].copy()
    d_u[1:-1] = 0.0
    t7 = t4 * t6
    d_u[:-2] += t7
    d_u[2:] += t7
    d_u[1:-1] += t * t6
    t7 = d_u[1:-1].copy()
    d_u[1:-1] = 0.0
    t8 = t4 * t7
    d_u[:-2] += t8
    d_u[2:] += t8
    d_c += 0.5 * (np.sum(t6 * t5) + np.sum(t7 * t2))
    d_u[1:-1] += t * t7
    d_c -= np.sum(t6 * t3) + np.sum(t7 * t1)
    # u = x * x
    d_x = 2.0 * (d_u * x)
    return d_x, float(d_c)
