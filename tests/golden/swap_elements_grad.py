import numpy as np


def bubble_grad(x):
    x = x.copy()
    n = len(x)
    saved_saved = []
    for i in range(n):
        saved = []
        for j in range(n - 1 - i):
            t = x[j]
            t1 = x[j + 1]
            t2 = t > t1
            saved.append(t2)
            if t2:
                x[j] = t1
                x[j + 1] = t
        saved_saved.append(saved)
    # return x[0] * x[1] + 3.0 * x[-1]
    d_x = np.zeros_like(x)
    d_x[-1] += 3.0
    d_x[1] += x[0]
    d_x[0] += x[1]
    for i, saved in zip(range(n - 1, -1, -1), reversed(saved_saved)):
        for j, t in zip(range(n - 1 - i - 1, -1, -1), reversed(saved)):
            if t:
                # x[j], x[j + 1] = x[j + 1], x[j]
                t = d_x[j + 1]
                d_x[j + 1] = 0.0
                t1 = d_x[j]
                d_x[j] = 0.0
                # if x[j] > x[j + 1]:
                d_x[j + 1] += t1
                d_x[j] += t
    return d_x
