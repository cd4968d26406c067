import numpy as np


def trajectory_grad(x, v, h):
    path = []
    x_saved = []
    saved = []
    v_saved = []
    for _ in range(6):
        x_saved.append(x)
        t = np.sin(x)
        saved.append(t)
        v = v - h * t
        v_saved.append(v)
        x = x + h * v
        path.append(x)
    # return path[-1] + sum(path)
    d_path = [1.0] * len(path)
    d_path[-1] += 1.0
    d_v, d_x, d_h = 0.0, 0.0, 0.0
    for d_x_1, x, t, v in zip(reversed(d_path), reversed(x_saved), reversed(saved),
            reversed(v_saved)):
        # for _ in range(6):
        d_x += d_x_1
        # x = x + h * v
        d_h += d_x * v
        d_v += d_x * h
        # v = v - h * np.sin(x)
        d_h -= d_v * t
        d_x -= d_v * h * np.cos(x)
    return float(d_x), float(d_v), float(d_h)
