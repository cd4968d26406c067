import numpy as np


def likelihood_grad(a, x):
    t = a.T
    s = a @ t + np.eye(3)
    t1 = np.linalg.solve(s, x)
    # return 0.5 * x @ np.linalg.solve(s, x) + 0.5 * np.linalg.slogdet(s)[1]
    d_s = 0.5 * np.linalg.inv(s).T
    d_x = np.linalg.solve(s.T, 0.5 * x)
    d_s -= d_x[:, np.newaxis] * t1
    d_x += 0.5 * t1
    # s = a @ a.T + np.eye(3)
    d_a = d_s @ t.T
    d_a += (t @ d_s).T
    return d_a, d_x
