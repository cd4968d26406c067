"""Lists and tuples of numbers, nested or of arrays, where NumPy takes an array: gradients in the same structure."""

from __future__ import annotations

import numpy as np
import pytest

import adgen

w = np.array([1.0, 3.0])
W = np.array([[1.0, 2.0], [3.0, 5.0]])
FUNCTIONS = {
    "einsum of a sum": lambda rows: np.einsum("ij,j->", rows, w),
    "einsum": lambda rows: np.sum(np.einsum("ij,jk->ik", rows, W) * W),
    "einsum of a diagonal": lambda rows: np.einsum("ii", rows),
    "einsum of columns": lambda rows: np.einsum("ij->j", rows) @ w,
    "sum": lambda rows: np.sum(rows, axis=0) @ w,
    "stack": lambda rows: np.sum(np.stack(rows) * W),
    "concatenate": lambda rows: np.concatenate(rows) @ np.arange(4.0),
    "array": lambda rows: np.sum(np.array(rows) * W),
    "kron": lambda rows: np.sum(np.kron(rows, w)),
    "where": lambda rows: np.sum(np.where(W > 2, rows, 0.0)),
    "det": lambda rows: np.linalg.det(rows),
}
FORMS = {
    "lists": [[1.0, 2.0], [3.0, 4.5]],
    "tuples": ((1.0, 2.0), (3.0, 4.5)),
    "list of tuples": [(1.0, 2.0), (3.0, 4.5)],
    "list of arrays": [np.array([1.0, 2.0]), np.array([3.0, 4.5])],
    "tuple of arrays": (np.array([1.0, 2.0]), np.array([3.0, 4.5])),
}


def assert_like(found, given):
    assert type(found) is type(given)
    if isinstance(given, (list, tuple)):
        assert len(found) == len(given)
        for a, b in zip(found, given):
            assert_like(a, b)
    elif isinstance(given, np.ndarray):
        assert found.shape == given.shape


@pytest.mark.parametrize(
    ("name", "form"), [(n, f) for n in FUNCTIONS for f in FORMS if (n, f) != ("det", "list of arrays")]
)
def test_gradients_have_the_structure_of_the_argument(name, form):
    f, rows = FUNCTIONS[name], FORMS[form]
    found = adgen.grad(f)(rows)
    assert_like(found, rows)
    np.testing.assert_allclose(found, adgen.grad(f)(np.array(rows)))


def test_one_value_of_several_rows():
    def f(a, b):
        return np.einsum("ij,j->", [[a, b], [b, 2.0]], w)

    assert adgen.grad(f, wrt=(0, 1))(1.0, 2.0) == (1.0, 4.0)


@pytest.mark.parametrize("k", [1, 3])
def test_lengths_that_are_one_at_run_time(k):
    def f(m, v, k):
        return np.einsum("ij,j->", m, v[:k])

    m, v = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 4.0])
    d_m, d_v = adgen.grad(f, wrt=(0, 1))(m, v, k)
    assert d_m.tolist() == [[1.0, 2.0, 4.0] if k == 3 else [1.0] * 3] * 2
    assert d_v.tolist() == ([3.0, 5.0, 7.0] if k == 3 else [15.0, 0.0, 0.0])
