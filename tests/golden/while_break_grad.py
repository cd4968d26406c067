import numpy as np


def sum_odd_grad(x):
    n = 0
    n_saved = []
    saved = []
    while True:
        n += 1
        n_saved.append(n)
        t = n > 9
        if t:
            t1 = None
        elif n % 2 == 0:
            t1 = None
        else:
            t1 = x ** n
        saved.append(t1)
        if t:
            break
    d_x = 0.0
    for n, t1 in zip(reversed(n_saved), reversed(saved)):
        if not n > 9:
            if n % 2 != 0:
                # total += x**n / n
                d_x += ((n * x ** (n - 1) if n >= 1 else n * (t1 / x) if x != 0 else 0.0 if n == 0
                    else np.inf) / n)
    return d_x
