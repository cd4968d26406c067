import numpy as np
from adgen.rules.helpers import check_apart
from adgen.rules.helpers import unbroadcast


def wave_grad(u, v, c, steps):
    check_apart(('u', 'v'), 2, u, v)
    u = u.copy()
    v = v.copy()
    saved = []
    saved_1 = []
    saved_2 = []
    saved_3 = []
    saved_4 = []
    saved_5 = []
    for _ in range(steps):
        t = 2.0 * u[1:-1]
        saved.append(t)
        t1 = v[1:-1]
        saved_1.append(t1.copy())
        t1 = t - t1
        saved_2.append(t1)
        t = u[2:] - t + u[:-2]
        saved_3.append(t)
        t = c * t
        saved_4.append(t)
        t = t1 + t
        saved_5.append(t)
        v[1:-1] = t
        u, v = v, u
    d_u = v.copy()
    d_v = u.copy()
    d_c = 0.0
    for t1, t, t2, t3, t4, t5 in zip(reversed(saved), reversed(saved_1), reversed(saved_2),
            reversed(saved_3), reversed(saved_4), reversed(saved_5)):
        # v[1:-1] = 2.0 * u[1:-1] - v[1:-1] + c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        t5 = unbroadcast(d_u[1:-1], t5)
        t2 = unbroadcast(t5, t2)
        t5 = unbroadcast(t5, t4)
        t4 = c * t5
        d_c += np.sum(t5 * t3)
        d_v[:-2] += t4
        d_v[2:] += t4
        t1 = unbroadcast(t2, t1) - t4
        d_u[1:-1] = unbroadcast(-t2, t)
        d_v[1:-1] += 2.0 * t1
        d_u, d_v = d_v, d_u
    return d_u, d_v, float(d_c)
