import numpy as np


def attend_grad(q, k, v):
    t = np.sqrt(q.shape[2])
    s = np.einsum('ihd,jhd->hij', q, k) / t
    p = np.exp(s)
    t1 = p.sum(axis=-1, keepdims=True)
    p_1 = p / t1
    t2 = np.einsum('hij,jhd->ihd', p_1, v)
    o = t2.reshape(q.shape[0], -1)
    # return np.sum(o.T @ o)
    t3 = np.full_like(o.T @ o, 1.0)
    d_o = o @ t3
    d_o += o @ t3.T
    # o = np.einsum("hij,jhd->ihd", p, v).reshape(q.shape[0], -1)
    t2 = d_o.reshape(t2.shape[0], t2.shape[1], t2.shape[2])
    d_p = np.einsum('ihd,jhd->hij', t2, v)
    d_v = np.einsum('ihd,hij->jhd', t2, p_1)
    # p = p / p.sum(axis=-1, keepdims=True)
    d_p_1 = d_p / t1
    d_p_1 -= np.sum(d_p * (p_1 / t1), axis=2, keepdims=True)
    # p = np.exp(s)
    d_s = d_p_1 * p
    # s = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(q.shape[-1])
    t1 = d_s / t
    d_q = np.einsum('hij,jhd->ihd', t1, k)
    d_k = np.einsum('hij,ihd->jhd', t1, q)
    return d_q, d_k, d_v
