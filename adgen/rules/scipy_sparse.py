"""Products and solutions with matrices of `scipy.sparse` in rows or columns; read only when a program has imported it.

Such a matrix is its numbers, where they stand, and its shape: what it gives is linear or rational in the numbers, which
have gradients, and where they stand is fixed. The transposed matrix has the same parts: rows are columns then.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spl

from adgen.ir.nodes import Operand
from adgen.ir.types import Array
from adgen.rules.axes import shaped_like
from adgen.rules.core import no_gradient
from adgen.rules.declare import formula, objects_of, rule, sample, static
from adgen.rules.functions import result_of
from adgen.rules.typing import array_dims, fresh_dim


def sparse_times(data: Any, indices: Any, indptr: Any, shape: Any, x: Any, by_columns: bool = False) -> Any:
    """Return the product of a sparse matrix and a vector or matrix."""
    import scipy.sparse

    kind = scipy.sparse.csc_array if by_columns else scipy.sparse.csr_array
    return kind((data, indices, indptr), shape=shape) @ x


def sparse_solve(data: Any, indices: Any, indptr: Any, shape: Any, b: Any, by_columns: bool = False) -> Any:
    """Return the solution of a sparse linear system."""
    import scipy.sparse.linalg

    kind = scipy.sparse.csc_array if by_columns else scipy.sparse.csr_array
    matrix = kind((data.copy(), indices.copy(), indptr), shape=shape)  # they are sorted in place
    return scipy.sparse.linalg.spsolve(matrix, b)


def times_type(data: Operand, x: Operand, **_: Operand) -> Array:
    dims = array_dims(x.type)
    if len(dims) not in (1, 2) or not isinstance(data.type, Array) or not isinstance(x.type, Array):
        raise TypeError("a sparse matrix has a gradient rule for products with vectors and matrices")
    return Array(np.result_type(data.type.dtype, x.type.dtype).name, (fresh_dim(), *dims[1:]))


def solve_type(data: Operand, b: Operand, **_: Operand) -> Array:
    if not isinstance(data.type, Array) or not isinstance(b.type, Array) or len(b.type.dims) not in (1, 2):
        raise TypeError("spsolve has a gradient rule for a vector or a matrix on the right")
    return Array(np.result_type(data.type.dtype, b.type.dtype).name, b.type.dims)


def swapped(shape: Any) -> Any:
    return shape[1], shape[0]


def along(indptr: Any) -> Any:
    """Return the row of each number, of a matrix in rows."""
    return np.repeat(np.arange(np.size(indptr) - 1), np.diff(indptr))


def at_numbers(left: Any, right: Any, indices: Any, indptr: Any, by_columns: bool) -> Any:
    """Return the elements of the product of a column and a row where the matrix has numbers."""
    rows, columns = (indices, along(indptr)) if by_columns else (along(indptr), indices)
    d = left[rows] * right[columns]
    return np.sum(d, axis=1) if np.ndim(d) > 1 else d


def times_data_vjp(g: Any, data: Any, indices: Any, indptr: Any, x: Any, by_columns: bool) -> Any:
    return shaped_like(at_numbers(g, x, indices, indptr, by_columns), data)


def times_x_vjp(g: Any, data: Any, indices: Any, indptr: Any, shape: Any, x: Any, by_columns: bool) -> Any:
    return shaped_like(sparse_times(data, indices, indptr, swapped(shape), g, by_columns=not by_columns), x)


rule(
    sparse_times,
    "data indices indptr shape x by_columns=False",
    name="sparse_times",
    args=("data", "x"),
    static=("by_columns",),
    vjp={"data": times_data_vjp, "x": times_x_vjp},
    jvp={
        "data": lambda t, indices, indptr, shape, x, by_columns: sparse_times(
            t, indices, indptr, shape, x, by_columns=by_columns
        ),
        "x": lambda t, data, indices, indptr, shape, by_columns: sparse_times(
            data, indices, indptr, shape, t, by_columns=by_columns
        ),
    },
    infer=times_type,
    samples=(
        sample(
            np.array([1.0, -2.0, 0.5]), np.array([0, 2, 1]), np.array([0, 2, 3]), (2, 3), np.array([0.3, 1.1, -0.7]),
            wrt=("data", "x"),
        ),
        sample(
            np.array([1.0, -2.0, 0.5]), np.array([0, 1, 1]), np.array([0, 2, 3]), (2, 2),
            np.array([[0.3, 1.1], [-0.7, 0.2]]), by_columns=True, wrt=("data", "x"),
        ),
    ),
)  # fmt: skip


def solve_data_vjp(g: Any, out: Any, data: Any, indices: Any, indptr: Any, shape: Any, by_columns: bool) -> Any:
    w = sparse_solve(data, indices, indptr, swapped(shape), g, by_columns=not by_columns)
    return shaped_like(-at_numbers(w, out, indices, indptr, by_columns), data)


def solve_data_jvp(t: Any, out: Any, data: Any, indices: Any, indptr: Any, shape: Any, by_columns: bool) -> Any:
    moved = sparse_times(t, indices, indptr, shape, out, by_columns=by_columns)
    return -sparse_solve(data, indices, indptr, shape, shaped_like(moved, out), by_columns=by_columns)


rule(
    sparse_solve,
    "data indices indptr shape b by_columns=False",
    name="sparse_solve",
    args=("data", "b"),
    static=("by_columns",),
    vjp={
        "data": solve_data_vjp,
        "b": lambda g, data, indices, indptr, shape, by_columns: sparse_solve(
            data, indices, indptr, swapped(shape), g, by_columns=not by_columns
        ),
    },
    jvp={
        "data": solve_data_jvp,
        "b": lambda t, data, indices, indptr, shape, by_columns: sparse_solve(
            data, indices, indptr, shape, t, by_columns=by_columns
        ),
    },
    infer=solve_type,
    samples=(
        sample(
            np.array([2.0, -1.0, 0.5, 1.5]), np.array([0, 1, 0, 1]), np.array([0, 2, 4]), (2, 2), np.array([0.3, 1.1]),
            wrt=("data", "b"),
        ),
        sample(
            np.array([2.0, -1.0, 1.5]), np.array([0, 1, 1]), np.array([0, 2, 3]), (2, 2), np.array([0.3, 1.1]),
            by_columns=True, wrt=("data", "b"),
        ),
    ),
)  # fmt: skip


def dense(a: Any) -> Any:
    """Return a dense matrix that a sparse one is made of."""
    if not isinstance(a, (np.ndarray, list)):
        no_gradient("a sparse matrix of another sparse matrix, or of what is no array,")
    a = np.asarray(a)
    return a if a.ndim == 2 else no_gradient("a sparse matrix of an array that has not two axes")


class Compressed:
    """A matrix in rows or columns: its numbers, the place of each in its row or column, and where these begin."""

    data: Any
    indices: Any
    indptr: Any
    _shape: Any

    def __init__(self, arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False) -> None:
        if dtype is not None:
            no_gradient("a sparse matrix with dtype=")
        if not isinstance(arg1, tuple):  # of a dense one all elements are kept: those that are 0 have gradients, too
            a = dense(arg1) * 1.0
            self._shape = np.shape(a)
            n, m = np.shape(a.T if self.by_columns() else a)
            self.data = np.ravel(a.T if self.by_columns() else a)
            self.indices, self.indptr = np.arange(n * m) % m, m * np.arange(n + 1)
            return
        if shape is None:
            no_gradient("a sparse matrix of (data, (row, col)) or (data, indices, indptr) without shape=")
        self._shape = shape
        if len(arg1) == 3:
            self.data = np.asarray(arg1[0]) * 1.0
            self.indices, self.indptr = np.asarray(arg1[1]), np.asarray(arg1[2])
        else:
            major, minor = (arg1[1][1], arg1[1][0]) if self.by_columns() else arg1[1]
            order = np.argsort(np.asarray(major), kind="stable")
            self.data = (np.asarray(arg1[0]) * 1.0)[order]
            self.indices = np.asarray(minor)[order]
            n = shape[1] if self.by_columns() else shape[0]
            self.indptr = np.searchsorted(np.asarray(major)[order], np.arange(n + 1))

    def by_columns(self) -> bool:
        return False

    def turned(self) -> Any:
        return no_gradient("the transpose of this sparse matrix")

    @property
    def shape(self) -> Any:
        return self._shape

    @property
    def ndim(self) -> int:
        return 2

    @property
    def T(self) -> Any:  # noqa: N802
        return self.turned()

    def transpose(self) -> Any:
        return self.turned()

    def with_data(self, data: Any) -> Any:
        return result_of(type(self), data=data, indices=self.indices, indptr=self.indptr, _shape=self._shape)

    def __matmul__(self, x: Any) -> Any:
        return sparse_times(
            self.data, self.indices, self.indptr, self._shape, np.asarray(x) * 1.0, by_columns=self.by_columns()
        )

    def dot(self, x: Any) -> Any:
        return self @ x

    def __rmatmul__(self, x: Any) -> Any:
        x = np.asarray(x)
        return (self.turned() @ x.T).T if x.ndim > 1 else self.turned() @ x

    def __mul__(self, other: Any) -> Any:
        if np.ndim(other) > 0:
            no_gradient("a sparse matrix times an array by `*`: write `@`; it")
        return self.with_data(self.data * other)

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __truediv__(self, other: Any) -> Any:
        return self.with_data(self.data / other)

    def __neg__(self) -> Any:
        return self.with_data(-self.data)

    def toarray(self) -> Any:
        return self @ np.eye(self._shape[1])

    def todense(self) -> Any:
        return no_gradient("a matrix object: write .toarray()")


class InColumns(Compressed):
    def by_columns(self) -> bool:
        return True


def parts_turned(matrix: Any, cls: Any) -> Any:
    return result_of(cls, data=matrix.data, indices=matrix.indices, indptr=matrix.indptr, _shape=swapped(matrix._shape))


@objects_of(sp.csr_matrix)
class RowsMatrix(Compressed):
    def turned(self) -> Any:
        return parts_turned(self, sp.csc_matrix)


@objects_of(sp.csr_array)
class RowsArray(Compressed):
    def turned(self) -> Any:
        return parts_turned(self, sp.csc_array)


@objects_of(sp.csc_matrix)
class ColumnsMatrix(InColumns):
    def turned(self) -> Any:
        return parts_turned(self, sp.csr_matrix)


@objects_of(sp.csc_array)
class ColumnsArray(InColumns):
    def turned(self) -> Any:
        return parts_turned(self, sp.csr_array)


class Coordinates:
    """A matrix of numbers with a row and a column for each."""

    numbers: Any
    row: Any
    col: Any
    _shape: Any

    def __init__(self, arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False) -> None:
        if not isinstance(arg1, tuple) or shape is None or dtype is not None:
            no_gradient("a coo or dia matrix of anything but (data, (row, col)) with shape=")
        if not isinstance(arg1[1], tuple):
            no_gradient("a sparse matrix of diagonals with offsets: write scipy.sparse.diags; it")
        self.numbers, self._shape = np.asarray(arg1[0]) * 1.0, shape
        self.row, self.col = np.asarray(arg1[1][0]), np.asarray(arg1[1][1])

    @property
    def shape(self) -> Any:
        return self._shape

    @property
    def T(self) -> Any:  # noqa: N802
        return self.transpose()

    def transpose(self) -> Any:
        return result_of(type(self), numbers=self.numbers, row=self.col, col=self.row, _shape=swapped(self._shape))

    def by_rows(self) -> Any:
        return no_gradient("the rows of this sparse matrix")

    def tocsr(self) -> Any:
        return self.by_rows()

    def __matmul__(self, x: Any) -> Any:
        return self.by_rows() @ x

    def dot(self, x: Any) -> Any:
        return self.by_rows() @ x

    def __rmatmul__(self, x: Any) -> Any:
        return x @ self.by_rows()

    def toarray(self) -> Any:
        return self.by_rows().toarray()


def from_coordinates(cls: Any, matrix: Any) -> Any:
    return cls((matrix.numbers, (matrix.row, matrix.col)), shape=matrix._shape)


class CoordinatesMatrix(Coordinates):
    def by_rows(self) -> Any:
        return from_coordinates(sp.csr_matrix, self)

    def tocsc(self) -> Any:
        return from_coordinates(sp.csc_matrix, self)


class CoordinatesArray(Coordinates):
    def by_rows(self) -> Any:
        return from_coordinates(sp.csr_array, self)

    def tocsc(self) -> Any:
        return from_coordinates(sp.csc_array, self)


@objects_of(sp.coo_matrix)
class CooMatrix(CoordinatesMatrix):
    @property
    def data(self) -> Any:
        return self.numbers


@objects_of(sp.coo_array)
class CooArray(CoordinatesArray):
    @property
    def data(self) -> Any:
        return self.numbers


@objects_of(sp.dia_matrix)
class DiagonalsMatrix(CoordinatesMatrix):
    """What `diags` gives; one that is made of `(data, offsets)` is refused."""


@objects_of(sp.dia_array)
class DiagonalsArray(CoordinatesArray):
    """What `diags_array` gives."""


def on_diagonals(diagonals: Any, offsets: Any, shape: Any) -> Any:
    """Return the numbers of diagonals, their rows and columns, and the shape."""
    if not isinstance(offsets, (list, tuple)):
        return on_diagonals([diagonals], [offsets], shape)
    if shape is None:
        n = np.size(np.asarray(diagonals[0])) + abs(offsets[0])
        shape = (n, n)
    numbers, rows, columns = [], [], []
    for d, k in zip(diagonals, offsets):
        length = min(shape[0] + min(k, 0), shape[1] - max(k, 0))
        numbers.append(np.ravel(np.asarray(d))[:length] * np.ones(length))  # what is too long is cut off
        rows.append(np.arange(length) - min(k, 0))
        columns.append(np.arange(length) + max(k, 0))
    return np.concatenate(numbers), (np.concatenate(rows), np.concatenate(columns)), shape


@static
def known_format(format: Any) -> Any:
    if format not in (None, "dia", "csr", "csc", "coo"):
        raise TypeError("a matrix of diagonals has a gradient rule with format='dia', 'csr', 'csc' or 'coo'")
    return format


@formula(sp.diags)
def diags(diagonals: Any, offsets: Any = 0, shape: Any = None, format: Any = None, dtype: Any = None) -> Any:
    numbers, places, shape = on_diagonals(diagonals, offsets, shape)
    if known_format(format) == "csr":
        return sp.csr_matrix((numbers, places), shape=shape, dtype=dtype)
    if format == "csc":
        return sp.csc_matrix((numbers, places), shape=shape, dtype=dtype)
    if format == "coo":
        return sp.coo_matrix((numbers, places), shape=shape, dtype=dtype)
    return sp.dia_matrix((numbers, places), shape=shape, dtype=dtype)


if hasattr(sp, "diags_array"):

    @formula(sp.diags_array)
    def diags_array(
        diagonals: Any, /, *, offsets: Any = 0, shape: Any = None, format: Any = None, dtype: Any = None
    ) -> Any:
        numbers, places, shape = on_diagonals(diagonals, offsets, shape)
        if known_format(format) == "csr":
            return sp.csr_array((numbers, places), shape=shape, dtype=dtype)
        if format == "csc":
            return sp.csc_array((numbers, places), shape=shape, dtype=dtype)
        if format == "coo":
            return sp.coo_array((numbers, places), shape=shape, dtype=dtype)
        return sp.dia_array((numbers, places), shape=shape, dtype=dtype)


@formula(spl.spsolve)
def spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    if not isinstance(A, (sp.csr_matrix, sp.csr_array, sp.csc_matrix, sp.csc_array)):
        no_gradient("spsolve of a matrix that is not in rows (csr) or columns (csc)")
    return sparse_solve(
        A.data, A.indices, A.indptr, A._shape, np.asarray(b) * 1.0,
        by_columns=isinstance(A, (sp.csc_matrix, sp.csc_array)),
    )  # fmt: skip
