"""What is made of joined arrays is computed on the parts, or left as it is, and right either way."""

from __future__ import annotations

import ast

import numpy as np
import pytest

import adgen

X = np.array([[0.5, -1.2, 2.0], [0.3, 0.7, -0.4]])
Y = np.array([[1.5, 0.25, -0.75]])
Z = np.array([[0.9], [-0.3]])


def along_rows(x, y):
    return np.sum(np.concatenate((x, y)) ** 3)


def along_columns(x, y):
    return np.sum(np.concatenate([x, y], axis=-1) ** 2)


def twice(x, y):
    return np.sum(np.concatenate((x, y, x)) ** 2)


def of_one_value(x, y):
    s = x[0, 0] * y[0, 0]
    return np.sum(s * np.concatenate((x, y)) ** 2)


def also_read_whole(x, y):
    t = np.concatenate((x, y))
    return np.sum(t**2) + np.sum(t**2, axis=0) @ np.arange(3.0)


def weighted(x, y):
    return np.sum(np.arange(9.0).reshape(3, 3) * np.concatenate((x, y)) ** 2)


def in_a_loop(x, y):
    total = 0.0
    for k in range(3):
        total = total + k * np.sum(np.concatenate((k * x, y)) ** 2)
    return total


def in_a_branch(x, y):
    return np.sum(np.concatenate((x, y)) ** 2) if x[0, 0] > 0.0 else np.sum(x)


def of_squares(x, y):
    return np.sum(np.concatenate((x**2, y**2)) ** 2)


def mixed(x, y):
    return np.sum(np.concatenate((x.astype(np.float32), y)) ** 2)


CASES = [
    (along_rows, Y, True),
    (along_columns, Z, True),
    (twice, Y, True),
    (of_one_value, Y, None),
    (also_read_whole, Y, False),
    (weighted, Y, False),
    (in_a_loop, Y, None),
    (in_a_branch, Y, None),
    (of_squares, Y, True),
]


@pytest.mark.parametrize(("f", "y", "apart"), CASES, ids=[f.__name__ for f, _, _ in CASES])
def test_pieces(f, y, apart):
    adgen.check_grads(f, (X, y))
    df = adgen.grad(f, wrt=(0, 1))
    d_x, d_y = df(X, y)
    assert not np.may_share_memory(d_x, d_y)
    if apart is not None:
        assert ("concatenate" not in ast.unparse(ast.parse(df.source))) is apart  # comments quote it


def test_other_dtypes_stay_joined():
    d_x, d_y = adgen.grad(mixed, wrt=(0, 1))(X.astype(np.float32), Y)
    assert (d_x.dtype, d_y.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(d_x, 2.0 * X, rtol=1e-6)


def test_parts_of_length_one():
    d_x, d_y = adgen.grad(along_rows, wrt=(0, 1))(Y, 2.0 * Y)
    np.testing.assert_allclose(d_x, 3.0 * Y**2)
    np.testing.assert_allclose(d_y, 12.0 * Y**2)
