"""The states of a path are read from the array of them as the loop leaves it; two iterators that are stepped in turns."""

import numpy as np


def total(x, rates):
    path = np.zeros((len(rates) + 1, len(x)))
    path[0] = x
    for t in range(len(rates)):
        path[t + 1] = path[t] * np.sin(rates[t] * path[t])

    def growing(rate):
        a = 1.0
        while True:
            a = a * rate + 1.0
            yield a

    one, two = growing(rates[0]), growing(rates[1])
    s = 0.0
    for _ in range(4):
        s += next(one) * next(two)
    return s + np.sum(path)


ARGS = (np.array([0.5, 1.2]), np.array([0.3, 0.9, 1.4]))
WRT = ("x", "rates")
