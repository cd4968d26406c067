"""Numbers that become arrays in a loop, and matrices written with integers among their elements."""

from __future__ import annotations

import numpy as np
import pytest

import adgen
from tests.language.table import POINT, program, refused


@program
def sum_from_zero(x):
    s = 0
    for k in range(5):
        s += x**k
    return np.sum(s)


@program
def product_of_matrices(x):
    m = 1.0
    for e in x:
        m = m * np.array([[1, e], [0, 1.0]])
    return np.sum(m @ np.array([[x[0], 1], [2, 3.0]]))


@program
def in_a_nest(x):
    s = 0.0
    for i in range(len(x)):
        for j in range(i):
            s += x * x[j] * x[i]
    return np.sum(s)


@program
def left_early(x):
    s = 0
    for i, (a, b) in enumerate(zip(x, x[::-1])):
        s = s * 0.5 + a * np.array([b, i])
        if a > 1.0:
            break
    else:
        s = s * 2
    return np.sum(s**2)


@program
def rows_of_tuples(x):
    a = np.array(((1, x[0]), (0, 1.0)))
    b = np.array([[0, 1], [x[1], 2]])
    return np.sum(a @ b * np.vstack(((1, x[0]), (x[2], 2))))


@program
def no_iterations(x):
    s = 0.0
    for _ in range(2, 2):
        s = s + x
    return s + x[0]


@refused("different kind of value on two paths")
def only_perhaps(x):
    s = 0.0
    for e in x:
        if e > 1.0:
            s = s + x
    return np.sum(s)


def check_no_iterations():
    """What is an array after the loop is a number where it has no iterations: an error when that happens."""

    def f(x, n):
        s = 0
        for k in range(n):
            s = s + x * k
        return np.sum(s)

    df = adgen.grad(f)
    assert np.array_equal(df(POINT.copy(), 3), [3.0, 3.0, 3.0])
    with pytest.raises(ValueError, match="no iterations"):
        df(POINT.copy(), 0)
