"""Short numerical kernels on numbers and vectors."""

import math

import numpy as np


def horner(coefficients, x):
    y = 0.0
    for c in coefficients:
        y = y * x + c
    return y


def log_sum_exp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def running_log_sum_exp(x):
    top, total = x[0], 1.0
    for v in x[1:]:
        if v > top:
            total = total * math.exp(top - v) + 1.0
            top = v
        else:
            total += math.exp(v - top)
    return top + math.log(total)


def welford(x):
    mean, m2 = 0.0, 0.0
    for i, v in enumerate(x):
        delta = v - mean
        mean += delta / (i + 1)
        m2 += delta * (v - mean)
    return m2 / (len(x) - 1)


def mandelbrot_like(x, c):
    for k in range(30):
        x = x * x + c
        if x > 2.0:
            break
    return x / (k + 1.0)


def arithmetic_geometric_mean(a, b):
    while abs(a - b) > 1e-13:
        a, b = 0.5 * (a + b), math.sqrt(a * b)
    return a


def simpson(f_scale, a, b, n):
    h = (b - a) / n
    total = math.sin(f_scale * a) + math.sin(f_scale * b)
    for i in range(1, n):
        weight = 4.0 if i % 2 else 2.0
        total += weight * math.sin(f_scale * (a + i * h))
    return total * h / 3.0


def case_distinction(x, y):
    if x > 0.0 and y > 0.0:
        r = math.log(x * y)
    elif x > 0.0 or y > 0.0:
        r = x - y
        if r < -1.0:
            return r * r
    else:
        r = math.exp(x + y)
    return r if r > 0.5 else 2.0 * r


_r = np.random.default_rng(6)
PROGRAMS = [
    (horner, (_r.normal(size=6), 0.7), (0, 1)),
    (log_sum_exp, (_r.normal(size=5),), (0,)),
    (running_log_sum_exp, (_r.normal(size=6),), (0,)),
    (welford, (_r.normal(size=7),), (0,)),
    (mandelbrot_like, (0.4, 0.7), (0, 1)),
    (arithmetic_geometric_mean, (1.7, 0.6), (0, 1)),
    (simpson, (1.3, 0.2, 1.9, 8), (0, 1, 2)),
    (case_distinction, (-0.4, 1.2), (0, 1)),
    (case_distinction, (1.4, 1.2), (0, 1)),
    (case_distinction, (-0.4, -0.2), (0, 1)),
]
