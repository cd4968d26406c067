import numpy as np


def basis_grad(x, c):
    t = []
    saved = []
    for k in range(4):
        t1 = x ** k
        saved.append(t1)
        t.append(c[k] * t1)
    t2 = t[2]
    t1 = np.sin(t2)
    t4 = max(t)
    t5 = 0
    for t6 in t:
        t5 = t5 + int(t6 == t4)
    # return pair[0] * pair[1] + max(parts)
    t5 = 1.0 / t5
    t3 = []
    for t6 in t:
        t3.append(t5 if t6 == t4 else 0.0)
    # pair = (parts[0] + parts[1], np.sin(parts[2]))
    t3[2] += (t[0] + t[1]) * np.cos(t2)
    t3[1] += t1
    t3[0] += t1
    d_c = np.zeros_like(c)
    d_x = 0.0
    for k, t1, t2 in zip(range(3, -1, -1), reversed(t3), reversed(saved)):
        # parts = [c[k] * x**k for k in range(4)]
        d_x += (t1 * c[k]
            * (k * x ** (k - 1) if k >= 1 else k * (t2 / x) if x != 0 else 0.0 if k == 0
            else np.inf))
        d_c[k] += t1 * t2
    return float(d_x), d_c
