import numpy as np


def penalty_grad(w, b, v):
    t = 3.0 * b
    t1 = np.concatenate((w, t))
    theta = np.concatenate((t1, v))
    t4 = w[:2]
    t7 = np.concatenate((b, t4, v))
    # return 0.5 * np.sum(np.concatenate((w, b)) ** 3) + np.sum(np.concatenate((b, w[:2], v))[1:] ** 2) + theta @ theta
    d_theta = 2.0 * theta
    t3 = np.zeros_like(t7)
    t3[1:] += 2.0 * t7[1:]
    t5 = b.shape[0]
    d_b = t3[0:t5]
    t6 = t5 + t4.shape[0]
    t2 = v.shape[0]
    d_v = t3[t6:t6 + t2]
    d_w = np.zeros_like(w)
    d_w[:2] += t3[t5:t6]
    t5 = w.shape[0]
    d_w += 1.5 * w ** 2
    d_b = d_b + 1.5 * b ** 2
    # theta = np.concatenate((np.concatenate((w, 3.0 * b)), v))
    t6 = t1.shape[0]
    t1 = d_theta[0:t6]
    d_v += d_theta[t6:t6 + t2]
    d_w += t1[0:t5]
    d_b += 3.0 * t1[t5:t5 + t.shape[0]]
    return d_w, d_b, d_v
