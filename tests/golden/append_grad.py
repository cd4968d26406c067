import numpy as np


def trajectory_grad(x, v, h):
    t = []
    x_saved = []
    saved = []
    v_saved = []
    for _ in range(6):
        x_saved.append(x)
        t1 = np.sin(x)
        saved.append(t1)
        v = v - h * t1
        v_saved.append(v)
        x = x + h * v
        t.append(x)
    # return path[-1] + sum(path)
    t = [1.0] * len(t)
    t[-1] += 1.0
    d_v, d_x, d_h = 0.0, 0.0, 0.0
    for d_x_1, x, t1, v in zip(reversed(t), reversed(x_saved), reversed(saved), reversed(v_saved)):
        # for _ in range(6):
        d_x += d_x_1
        # x = x + h * v
        d_h += d_x * v
        d_v += d_x * h
        # v = v - h * np.sin(x)
        d_h -= d_v * t1
        d_x -= d_v * h * np.cos(x)
    return float(d_x), float(d_v), float(d_h)
