import numpy as np


def first_large_grad(xs, limit):
    total = 0.0
    t = False
    total_saved = []
    for x in xs:
        total += x * x
        total_saved.append(total)
        if total > limit:
            t = True
            break
    if t:
        t1 = 1.0
        d_total = 0.0
    else:
        t1 = 0.0
        d_total = 1.0
    d_xs = np.zeros_like(xs)
    for t2, total in zip(range(len(total_saved) - 1, -1, -1), reversed(total_saved)):
        # for x in xs:
        x = xs[t2]
        if total > limit:
            # return total * x
            d_x = t1 * total
            d_total += t1 * x
        else:
            d_x = 0.0
        # total += x * x
        d_x += 2.0 * (d_total * x)
        # for x in xs:
        d_xs[t2] += d_x
        t1 = 0.0
    return d_xs
