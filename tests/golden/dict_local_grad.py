import numpy as np
from adgen.rules.helpers import zeros_list


def momentum_grad(w, x, rate):
    t = [0.0, 0.0, 0.0, 0.0]
    v = np.zeros_like(w)
    r_saved = []
    saved = []
    for k in range(4):
        r = x @ w - 1.0
        r_saved.append(r)
        t[k] = np.mean(r * r)
        t2 = x.T @ r
        saved.append(t2)
        v = 0.9 * v - rate * t2
        w = w + v
    # return losses[0] + 0.5 * losses[-1] + np.sum(state["w"])
    t = zeros_list(t)
    t[-1] += 0.5
    t[0] += 1.0
    d_w = np.full_like(w, 1.0)
    d_v = np.zeros_like(v)
    d_rate = 0.0
    for k, r, t2 in zip(range(3, -1, -1), reversed(r_saved), reversed(saved)):
        # state["v"] = 0.9 * state["v"] - rate * (x.T @ r)
        t1 = x.T
        # state["w"] = state["w"] + state["v"]
        t3 = d_v + d_w
        # state["v"] = 0.9 * state["v"] - rate * (x.T @ r)
        d_rate -= np.sum(t3 * t2)
        t2 = x @ (rate * t3)
        d_v = 0.9 * t3
        # losses[k] = np.mean(r * r)
        t4 = t[k]
        t[k] = 0.0
        d_r = 2.0 * (t4 / r.size * r) - t2
        # r = x @ state["w"] - 1.0
        d_w += t1 @ d_r
    return d_w, float(d_rate)
