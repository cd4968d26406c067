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
    for _ in range(steps):
        t = 2.0 * u[1:-1]
        t2 = v[1:-1]
        saved_1.append(t2.shape)
        t2 = t - t2
        saved_2.append(t2.shape)
        t = u[2:] - t + u[:-2]
        saved.append(t)
        t = t2 + c * t
        saved_3.append(t.shape)
        v[1:-1] = t
        u, v = v, u
    d_u = v
    d_v = u
    d_c = 0.0
    for t, t1, t4, t5 in zip(reversed(saved), reversed(saved_1), reversed(saved_2),
            reversed(saved_3)):
        # v[1:-1] = 2.0 * u[1:-1] - v[1:-1] + c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        t3 = unbroadcast(d_u[1:-1], t5)
        t2 = unbroadcast(t3, t4)
        t6 = unbroadcast(t3, t)
        t3 = c * t6
        d_c += np.sum(t6 * t)
        d_v[:-2] += t3
        d_v[2:] += t3
        t = unbroadcast(t2, t) - t3
        d_u[1:-1] = unbroadcast(-t2, t1)
        d_v[1:-1] += 2.0 * t
        d_u, d_v = d_v, d_u
    return d_u, d_v, float(d_c)
