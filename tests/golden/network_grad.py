import numpy as np


def network_grad(params, x, y):
    t = x @ params['w1'] + params['b1']
    h = np.maximum(t, 0.0)
    logits = h @ params['w2'] + params['b2']
    top = logits.max(axis=1, keepdims=True)
    z = np.exp(logits - top)
    t1 = z.sum(axis=1, keepdims=True)
    p = z / t1
    t3 = np.arange(len(y))
    t2 = p[t3, y]
    # return -np.mean(np.log(p[np.arange(len(y)), y]))
    d_p = np.zeros_like(p)
    d_p[t3, y] -= 1.0 / t2 / t2.size
    # p = z / z.sum(axis=1, keepdims=True)
    d_z = d_p / t1
    d_z -= np.sum(d_p * (p / t1), axis=1, keepdims=True)
    # z = np.exp(logits - top)
    t1 = d_z * z
    t4 = t1.sum(axis=1, keepdims=True)
    # top = logits.max(axis=1, keepdims=True)
    t5 = np.logical_not(logits < top)
    t4 = np.where(t5, -(t4 / t5.sum(axis=1, keepdims=True)), 0.0)
    d_logits = t1 + t4
    # logits = h @ params["w2"] + params["b2"]
    t2 = d_logits.sum(axis=0)
    d_h = d_logits @ params['w2'].T
    t1 = h.T @ d_logits
    # h = np.maximum(x @ params["w1"] + params["b1"], 0.0)
    t = d_h * np.where(t == 0.0, 0.5, t > 0.0)
    return {'w1': x.T @ t, 'b1': t.sum(axis=0), 'w2': t1, 'b2': t2}
