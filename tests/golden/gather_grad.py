import numpy as np


def message_grad(x, source, target):
    edge = x[source] - x[target]
    # return np.sum(edge**4) + x[source[0]]
    d_x = np.zeros_like(x)
    d_x[source[0]] += 1.0
    t = edge ** 3
    d_edge = 4 * t
    # edge = x[source] - x[target]
    np.subtract.at(d_x, target, 4.0 * t)
    np.add.at(d_x, source, d_edge)
    return d_x
