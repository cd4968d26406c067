import numpy as np


def tableau_grad(y, dt, steps):
    weights = [0.5, 0.3, 0.2]
    y_saved = []
    saved = []
    for k in range(steps):
        y_saved.append(y)
        t = dt * weights[k % 3]
        saved.append(t)
        y = y + t * np.sin(y)
    # return np.sum(y**2)
    d_y = 2.0 * y
    for y, t in zip(reversed(y_saved), reversed(saved)):
        # y = y + dt * weights[k % 3] * np.sin(y)
        d_y += t * d_y * np.cos(y)
    return d_y
