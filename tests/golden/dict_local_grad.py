import numpy as np
from adgen.rules.helpers import zeros_list


def momentum_grad(w, x, rate):
    t1 = [0.0, 0.0, 0.0, 0.0]
    t = np.zeros_like(w)
    r_saved = []
    saved = []
    for k in range(4):
        r = x @ w - 1.0
        r_saved.append(r)
        t1[k] = np.mean(r * r)
        t2 = x.T @ r
        saved.append(t2)
        t = 0.9 * t - rate * t2
        w = w + t
    # return losses[0] + 0.5 * losses[-1] + np.sum(state["w"])
    t1 = zeros_list(t1)
    t1[-1] += 0.5
    t1[0] += 1.0
    t2 = np.zeros_like(t)
    t = np.full_like(w, 1.0)
    d_rate = 0.0
    for k, r, t4 in zip(range(3, -1, -1), reversed(r_saved), reversed(saved)):
        # state["v"] = 0.9 * state["v"] - rate * (x.T @ r)
        t3 = x.T
        # state["w"] = state["w"] + state["v"]
        t2 += t
        # state["v"] = 0.9 * state["v"] - rate * (x.T @ r)
        d_rate += np.sum(-(t2 * t4))
        d_r = t3.T @ (-rate * t2)
        # losses[k] = np.mean(r * r)
        t5 = t1[k]
        t1[k] = 0.0
        d_r += 2.0 * (t5 / r.size * r)
        # r = x @ state["w"] - 1.0
        t += t3 @ d_r
        t2 = 0.9 * t2
    return t, float(d_rate)
