import numpy as np


def total_grad(x, w, stiffness):
    t = (x.shape[1],)
    h = np.zeros(w.shape[1])
    v_saved = []
    h_saved = []
    for row in x:
        v = np.concatenate([row, h])
        v_saved.append(v)
        h = np.tanh(v @ w)
        h_saved.append(h)
    t2 = 2 * len(h)
    k = np.zeros((t2, t2))
    t2 = len(stiffness)
    for i in range(t2):
        t4 = 2 * i
        t5 = t4 + 2
        t1 = np.outer(h, h)
        k[t4:t5, t4:t5] += stiffness[i] * t1
    # return np.sum(k**2)
    d_k = 2.0 * k
    d_stiffness = np.zeros_like(stiffness)
    d_h = np.zeros_like(h)
    for i in range(t2 - 1, -1, -1):
        # k[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] += stiffness[i] * np.outer(h, h)
        t2 = 2 * i
        t4 = t2 + 2
        t3 = d_k[t2:t4, t2:t4]
        t6 = stiffness[i] * t3
        d_h += t6 @ h
        d_h += h @ t6
        d_stiffness[i] += np.sum(t3 * t1)
    d_w = np.zeros_like(w)
    for v, h in zip(reversed(v_saved), reversed(h_saved)):
        # h = np.tanh(v @ w)
        t7 = d_h * (1.0 - h * h)
        d_v = w @ t7
        d_w += v[:, np.newaxis] * t7
        # v = np.concatenate([row, h])
        t2 = t[0]
        d_h = d_v[t2:t2 + h.shape[0]]
    return d_w, d_stiffness
