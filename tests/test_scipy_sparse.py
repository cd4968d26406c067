"""Products and solutions with sparse matrices: in the dense operand, and in the numbers of the matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adgen

sparse = pytest.importorskip("scipy.sparse")
linalg = pytest.importorskip("scipy.sparse.linalg")

DENSE = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0], [0.5, 0.0, 1.5]])
G = sparse.csr_matrix(DENSE)
V = np.array([0.3, 1.1, -0.7])
M = np.array([[0.3, 1.1], [-0.7, 0.2], [0.5, -1.5]])
NUMBERS = np.array([2.0, 1.0, 3.0, 0.5, 1.5])
ROWS, COLUMNS = np.array([2, 0, 1, 0, 2]), np.array([0, 2, 1, 0, 2])


def of_global(x: Any) -> Any:
    return np.sum((G @ x) ** 2)


def of_numbers(d: Any, x: Any) -> Any:
    a = sparse.csr_matrix((d, (ROWS, COLUMNS)), shape=(3, 3))
    return (a @ x) * (x @ a) + 2.0 * a.T.dot(x)


def of_matrix(d: Any, x: Any) -> Any:
    a = sparse.csc_array((d, (ROWS, COLUMNS)), shape=(3, 3))
    return (2.0 * a) @ x + np.sum(a.toarray() ** 2)


def of_dense(d: Any, x: Any) -> Any:
    a = np.outer(d[:3], x) * np.array([[1.0, 0.0, 1.0]])
    return (
        sparse.csr_matrix(a) @ x + x @ sparse.csc_array(a) + sparse.coo_matrix((d, (ROWS, COLUMNS)), shape=(3, 3)).T @ x
    )


def of_diagonals(d: Any, x: Any) -> Any:
    a = sparse.diags([d[:3] + 4.0, d[3:], 0.5], [0, 1, -1], shape=(3, 3), format="csc")
    return linalg.spsolve(a, x) + sparse.diags(x, 1).toarray()[:3, 1:] @ d[:3]


def solved(d: Any, x: Any) -> Any:
    return linalg.spsolve(sparse.csc_matrix((d, (ROWS, COLUMNS)), shape=(3, 3)), x)


PROGRAMS = [
    (of_global, (V,)),
    (of_global, (M,)),
    (of_numbers, (NUMBERS, V)),
    (of_matrix, (NUMBERS, M)),
    (solved, (NUMBERS, V)),
    (of_dense, (NUMBERS, V)),
    (of_diagonals, (NUMBERS, V)),
]


@pytest.mark.parametrize(("f", "args"), PROGRAMS)
def test_derivatives(f: Any, args: Any) -> None:
    value, _ = adgen.vjp(f, *args)
    np.testing.assert_allclose(value, f(*args), rtol=1e-13)
    adgen.check_grads(f, args, order=2)


def product(a: Any, x: Any) -> Any:
    return a.T @ (x * a.dot(x))


def solution(a: Any, x: Any) -> Any:
    return linalg.spsolve(a, x)


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "csr_array", "csc_array"])
def test_matrix_as_argument(kind: str) -> None:
    a = getattr(sparse, kind)(DENSE)
    w = DENSE @ V
    expected = DENSE.T @ (DENSE @ np.ones(3) * V) + w * (DENSE @ np.ones(3))
    np.testing.assert_allclose(adgen.grad(product, wrt=1)(a, V), expected)
    found = adgen.grad(solution, wrt=(0, 1))(a, V)
    w, x = np.linalg.solve(DENSE.T, np.ones(3)), np.linalg.solve(DENSE, V)
    np.testing.assert_allclose(found[1], w)
    np.testing.assert_allclose(type(a)((found[0].data, a.indices, a.indptr)).toarray(), -np.outer(w, x) * (DENSE != 0))


def test_another_kind_of_matrix_under_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    slope = adgen.grad(of_global)
    for other in (G, sparse.csc_matrix(DENSE + np.eye(3)), sparse.csr_array(DENSE.T), DENSE):
        monkeypatch.setitem(globals(), "G", other)
        dense = other if isinstance(other, np.ndarray) else other.toarray()
        np.testing.assert_allclose(slope(V), 2.0 * dense.T @ dense @ V)


def test_other_forms_are_refused() -> None:
    def f(x: Any) -> Any:
        return np.sum(sparse.lil_matrix(np.outer(x, x)) @ x)

    with pytest.raises(adgen.UnsupportedError):
        adgen.grad(f)(V)
