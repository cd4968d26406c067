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
    # return pair[0] * pair[1] + max(parts)
    t5 = len(t)
    t6 = 0
    for t7 in range(t5):
        t6 = t6 + int(t[t7] == t4)
    # return pair[0] * pair[1] + max(parts)
    t6 = 1.0 / t6
    t3 = []
    for t5 in range(t5):
        # return pair[0] * pair[1] + max(parts)
        t3.append(t6 if t[t5] == t4 else 0.0)
    # pair = (parts[0] + parts[1], np.sin(parts[2]))
    t3[2] += (t[0] + t[1]) * np.cos(t2)
    t3[1] += t1
    t3[0] += t1
    d_c = np.zeros_like(c)
    d_x = 0.0
    for k, t1 in zip(range(3, -1, -1), reversed(saved)):
        # parts = [c[k] * x**k for k in range(4)]
        t2 = t3[-1]
        d_x += (t2 * c[k]
            * (k * x ** (k - 1) if k >= 1 else k * (t1 / x) if x != 0 else 0.0 if k == 0
            else np.inf))
        d_c[k] += t2 * t1
        t3 = t3[:-1]
    return float(d_x), d_c
