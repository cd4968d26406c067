import numpy as np


def likelihood_grad(a, x):
    s = a @ a.T + np.eye(3)
    t = np.linalg.solve(s, x)
    # return 0.5 * x @ np.linalg.solve(s, x) + 0.5 * np.linalg.slogdet(s)[1]
    d_s = 0.5 * np.linalg.inv(s).T
    d_x = np.linalg.solve(s.T, 0.5 * x)
    d_s -= d_x[:, np.newaxis] * t
    d_x += 0.5 * t
    # s = a @ a.T + np.eye(3)
    d_a = d_s @ a
    d_a += d_s.T @ a
    return d_a, d_x
