"""Stores and reads by arrays of integers beside slices, masks and `...`, with indices that repeat."""

from __future__ import annotations

import numpy as np

from tests.language.table import program, refused

J = np.array([1, 0, 1])


@program
def columns(x):
    y = np.ones((2, 4))
    y[:, [0, 2, 0]] = np.outer(x[:2], x)
    y[:, J] += x
    y[1:, [0, 0]] *= x[:2]
    return np.sum(y * y * np.arange(8.0).reshape(2, 4))


@program
def three_axes(x):
    y = np.ones((3, 4, 3))
    y[0, :, J] = np.outer(x, np.arange(4.0))
    y[[1, 1], :, 0] = x[0] * x[1]
    y[[1, 1, 0], :, [0, 0, 2]] = x[0] * np.arange(4.0) * x[:, None]
    y[..., [1, 1]] -= x[:2]
    y[:, None, [0, 2], 0] = x[:2]
    return np.sum(y * y * np.arange(3.0) * np.arange(4.0)[:, None])


@program
def mask_and_slice(x):
    y = np.ones((3, 4))
    y[np.array([True, False, True]), 1:3] = x[:2]
    y[::2, [3, 3]] = x[1:]
    return np.sum(y * y * np.arange(4.0))


@program
def in_loop(x):
    y = np.zeros((3, 4))
    for i in range(3):
        y[i:, [i, i]] += x[i] * x[:2]
    return np.sum(y**2)


@program
def swapped(x):
    y = np.outer(x, x)
    y[[0, 2], :] = y[[2, 0], :] * x[0]
    y[:, [1, 2]] = y[:, [2, 1]] * x[1]
    y[np.ix_([0, 2, 0], [1, 0])] = np.outer(x, x[:2]) * 2
    return np.sum(y**2 * np.arange(3.0))


@program
def through_views(x):
    y = np.ones((4, 5))
    y[1:3][:, [0, 4, 4]] = x
    y.T[[0, 0], 1:3] = x[:2]
    t = (slice(1, None), [3, 0, 3])
    y[t] **= 2
    y[t] /= x
    return np.sum(y**2 * np.arange(5.0))


@program
def reads(x):
    y = np.outer(x, x)
    z = y[:, [0, 2, 0]] * y[1:2, J]
    z[:, [0, 0]] = y[:, [1, 2]] ** 2
    idx = np.argsort(-x)
    return np.sum(z * z) + np.sum(y[..., idx] * np.arange(3.0)) + np.sum(y[None, idx, 1:] * np.arange(2.0))


@program
def stars_of_arrays(x):
    a = np.outer(x, x)
    i = np.array([1, 0])
    s = a[*i] * a[(*i[:1], -1)]
    for at in np.argwhere(a > 1.0):
        s += a[*at] ** 2
    a[*i] *= 3.0
    return s + np.sum(a)


@refused("a tuple whose length is known only at run time")
def place_of_unknown_depth(x):
    a = np.outer(x, x)
    i = np.array([k for k in range(len(x) - 1)])
    return a[tuple(i)]
