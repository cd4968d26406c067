import numpy as np


def total_grad(x, rates):
    t1 = len(rates)
    path = np.zeros((t1 + 1, len(x)))
    path[0] = x
    saved = []
    saved_1 = []
    for t in range(t1):
        t6 = path[t]
        t7 = rates[t] * t6
        saved.append(t7)
        t7 = np.sin(t7)
        saved_1.append(t7)
        path[t + 1] = t6 * t7
    t2 = rates[0]
    t3 = rates[1]
    a = 1.0
    a_1 = 1.0
    a_saved = []
    a_saved_1 = []
    for _ in range(4):
        a_saved.append(a)
        a_saved_1.append(a_1)
        a = a * t2 + 1.0
        a_1 = a_1 * t3 + 1.0
    d_a_1, d_a, t4, t5 = 0.0, 0.0, 0.0, 0.0
    for a, a_1 in zip(reversed(a_saved), reversed(a_saved_1)):
        # a = a * rate + 1.0
        a_2 = a * t2 + 1.0
        a_3 = a_1 * t3 + 1.0
        # s += next(one) * next(two)
        d_a_2 = d_a_1 + a_3
        d_a_1 = d_a + a_2
        # a = a * rate + 1.0
        d_a = d_a_1 * t3
        t5 += d_a_1 * a_1
        d_a_1 = d_a_2 * t2
        t4 = t4 + d_a_2 * a
    # one, two = growing(rates[0]), growing(rates[1])
    d_rates = np.zeros_like(rates)
    d_rates[1] += t5
    d_rates[0] += t4
    d_path = np.full_like(path, 1.0)
    for t, t6, t8 in zip(range(t1 - 1, -1, -1), reversed(saved), reversed(saved_1)):
        # path[t + 1] = path[t] * np.sin(rates[t] * path[t])
        t7 = path[t]
        t9 = d_path[t + 1].copy()
        d_path[t + 1] = 0.0
        d_path[t] += t9 * t8
        t6 = t9 * t7 * np.cos(t6)
        d_path[t] += rates[t] * t6
        d_rates[t] += np.sum(t6 * t7)
    # path[0] = x
    d_x = d_path[0]
    return d_x, d_rates
