import numpy as np
from adgen.rules.helpers import check_apart
from adgen.rules.helpers import unbroadcast


def wave_grad(u, v, c, steps):
    check_apart(('u', 'v'), 2, u, v)
    u = u.copy()
    v = v.copy()
    saved = []
    shape_saved = []
    shape_saved_1 = []
    shape_saved_2 = []
    for _ in range(steps):
        t = 2.0 * u[1:-1]
        t1 = v[1:-1]
        shape_saved.append(t1.shape)
        t1 = t - t1
        shape_saved_1.append(t1.shape)
        t = u[2:] - t + u[:-2]
        saved.append(t)
        t = t1 + c * t
        shape_saved_2.append(t.shape)
        v[1:-1] = t
        u, v = v, u
    d_u = v
    d_v = u
    d_c = 0.0
    for t, shape, shape_1, shape_2 in zip(reversed(saved), reversed(shape_saved),
            reversed(shape_saved_1), reversed(shape_saved_2)):
        # v[1:-1] = 2.0 * u[1:-1] - v[1:-1] + c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        t2 = unbroadcast(d_u[1:-1], shape_2)
        t1 = unbroadcast(t2, shape_1)
        t3 = unbroadcast(t2, t)
        t2 = c * t3
        d_c += np.sum(t3 * t)
        d_v[:-2] += t2
        d_v[2:] += t2
        t = unbroadcast(t1, t) - t2
        d_u[1:-1] = -unbroadcast(t1, shape)
        d_v[1:-1] += 2.0 * t
        d_u, d_v = d_v, d_u
    return d_u, d_v, float(d_c)
