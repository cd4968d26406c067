import numpy as np


def logistic_fwd(u, r, steps):
    u = u.copy()
    saved = []
    saved_1 = []
    saved_2 = []
    for _ in range(steps):
        t = u[1:]
        saved.append(t.copy())
        t = r * t
        saved_1.append(t)
        t1 = 1.0 - u[:-1]
        saved_2.append(t1)
        u[1:] = t * t1
    return u, (steps, saved, saved_1, saved_2, r)


def logistic_bwd(saved, d_u):
    steps = saved[0]
    r = saved[4]
    d_u = d_u.copy()
    d_r = 0.0
    for _, t, t1, t2 in zip(range(steps), reversed(saved[1]), reversed(saved[2]),
            reversed(saved[3])):
        # u[1:] = r * u[1:] * (1.0 - u[:-1])
        t3 = d_u[1:].copy()
        d_u[1:] = 0.0
        t2 = t3 * t2
        d_u[:-1] -= t3 * t1
        d_r += np.sum(t2 * t)
        d_u[1:] += r * t2
    return d_u, float(d_r)
