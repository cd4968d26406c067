import numpy as np


def total_grad(x, w):
    h = np.zeros(len(w))
    h_saved = []
    gate_saved = []
    saved = []
    saved_1 = []
    for row in x:
        h_saved.append(h)
        gate = 1.0 / (1.0 + np.exp(-w * row))
        gate_saved.append(gate)
        t = 1.0 - gate
        saved.append(t)
        t1 = np.tanh(row)
        saved_1.append(t1)
        h = gate * h + t * t1
    # return np.sum(h**2)
    d_h = 2.0 * h
    d_w = np.zeros_like(w)
    for h, gate, t, t1, row in zip(reversed(h_saved), reversed(gate_saved), reversed(saved),
            reversed(saved_1), reversed(x)):
        # h = gate * h + (1.0 - gate) * np.tanh(row)
        t1 = d_h * t1
        t2 = d_h * h
        d_h = d_h * gate
        d_gate = t2 - t1
        # gate = 1.0 / (1.0 + np.exp(-w * row))
        d_w += d_gate * gate * t * row
    return (d_w,)
