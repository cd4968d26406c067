"""Gradients of the programs, written by hand: what an expert writes who knows NumPy and the reverse mode.

Each gives the gradient only, one array or a tuple in the order of the sources, and leaves its arguments as they were.
Temporaries are reused with `out=` and in-place operators, loop-invariant views are made once, nothing is computed that
the gradient does not need. `tests/test_benchmarks.py` checks each against differences.
"""

from __future__ import annotations

import math

import numpy as np


def recurrence_grad(x, steps):
    """Differentiate `recurrence` for `x`."""
    x_saved = []
    for _ in range(steps):
        x_saved.append(x)
        x -= 0.01 * math.sin(x)
    d_x = 2.0 * x
    for x in reversed(x_saved):
        d_x -= 0.01 * d_x * math.cos(x)
    return d_x


def network_grad(w1, b1, w2, b2, x, y):
    """Differentiate `network` for its weights and biases."""
    h = x @ w1
    h += b1
    np.tanh(h, out=h)
    d_p = h @ w2
    d_p += b2
    d_p -= y
    d_p *= 2.0 / d_p.size
    d_w2 = h.T @ d_p
    d_h = d_p @ w2.T
    h *= h
    np.subtract(1.0, h, out=h)
    d_h *= h
    return x.T @ d_h, d_h.sum(axis=0), d_w2, d_p.sum(axis=0)


def heat_grad(u, c, steps):
    """Differentiate `heat` for `u`. Each step is linear, so nothing is kept of it."""
    u = u.copy()
    t = np.empty(len(u) - 2)
    left, inner, right = u[:-2], u[1:-1], u[2:]
    for _ in range(steps):
        np.multiply(inner, -2.0, out=t)
        t += right
        t += left
        t *= c
        inner += t
    u *= 2.0
    d_left, d_inner, d_right = left, inner, right
    for _ in range(steps):
        np.multiply(d_inner, c, out=t)
        d_right += t
        d_left += t
        t *= 2.0
        d_inner -= t
    return u


def elements_grad(x):
    """Differentiate `elements` for `x`, on Python floats: an element of a list costs a third of one of an array."""
    xs = x.tolist()
    y = xs[0]
    y_saved = [y]
    for value in xs[1:]:
        y = value * y + value
        y_saved.append(y)
    d_x = [0.0] * len(xs)
    d_y = 0.0
    for i in range(len(xs) - 1, 0, -1):
        d_y += 1.0
        d_x[i] = d_y * (y_saved[i - 1] + 1.0)
        d_y *= xs[i]
    d_x[0] = d_y + 1.0
    return np.array(d_x)
