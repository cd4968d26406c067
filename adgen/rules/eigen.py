"""Rules of eigenvalues and eigenvectors of general square matrices.

Formulas: C. Boeddeker et al., "On the computation of complex-valued gradients with application to statistically
optimum beamforming" (2017), for the vectors as LAPACK scales them: of length 1, their largest element real.

Between equal eigenvalues the vectors have no derivative: NaN. A matrix without a full set of eigenvectors has none
for its eigenvalues either: inverting the vectors fails or gives inf. The results are complex to adgen, whatever they
turn out to be at run time; take `.real` of those that are known to be real.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.ir.types import Array, Record
from adgen.rules.axes import adjoint, transposed
from adgen.rules.declare import rule, sample
from adgen.rules.factorisations import apart, blur, diagonal_of, gaps, on_diagonal
from adgen.rules.typing import array_dims

TURN = np.array([[0.3, -1.5, 0.2], [1.1, 0.4, 0.6], [-0.3, 0.5, 2.0]])
STACK = np.stack((TURN, TURN.T + 0.2))
EigResult = type(np.linalg.eig(TURN))


def eigvals_vjp(g: Any, a: Any) -> Any:
    _, v = np.linalg.eig(a)
    return transposed(v @ (np.expand_dims(g, -1) * np.linalg.inv(v)))


def eigvals_jvp(t: Any, a: Any) -> Any:
    _, v = np.linalg.eig(a)
    return diagonal_of(np.linalg.inv(v) @ t @ v)


def largest(v: Any) -> Any:
    """Return 1 at the largest element of each column, which is real."""
    rows = np.expand_dims(np.arange(v.shape[-1]), -1)
    return 1.0 * (rows == np.expand_dims(np.argmax(np.abs(v), axis=-2), -2))


def column_sum(x: Any) -> Any:
    return np.sum(x, axis=-2, keepdims=True)


def eig_vjp(g: Any, out: Any) -> Any:
    w, v = out
    d = np.conj(g[1])
    along = column_sum(np.conj(d) * v)  # the change of length and phase takes this part out again
    top = largest(v)
    real_top = column_sum(top * np.real(v))
    d = d - v * np.real(along) + 1j * top * np.imag(along) / real_top
    m = apart(gaps(w, blur(w)), np.conj(adjoint(v) @ d), d)
    return transposed(v @ (transposed(m) + on_diagonal(g[0])) @ np.linalg.inv(v))


def eig_jvp(t: Any, out: Any) -> Any:
    w, v = out
    m = np.linalg.inv(v) @ t @ v
    u = v @ (gaps(w, blur(w)) * m)
    top = largest(v)
    turn = column_sum(top * np.imag(u)) / column_sum(top * np.real(v))
    return diagonal_of(m), u - v * (np.real(column_sum(np.conj(v) * u)) + 1j * turn)


def complex_like(a: Operand) -> str:
    dtype = a.type.dtype if isinstance(a.type, Array) else "float64"
    return "complex64" if dtype in ("float32", "complex64") else "complex128"


def eig_types(a: Operand) -> Any:
    dims, dtype = array_dims(a.type), complex_like(a)
    return Record(EigResult, ("eigenvalues", "eigenvectors"), (Array(dtype, dims[:-1]), Array(dtype, dims)))


rule(
    np.linalg.eigvals,
    "a",
    vjp=eigvals_vjp,
    jvp=eigvals_jvp,
    infer=lambda a: Array(complex_like(a), array_dims(a.type)[:-1]),
    samples=(sample(TURN), sample(STACK), sample(TURN + 0.5j * TURN.T)),
)
rule(
    np.linalg.eig,
    "a",
    vjp=eig_vjp,
    jvp=eig_jvp,
    infer=eig_types,
    samples=(sample(TURN), sample(STACK), sample(TURN + 0.5j * TURN.T)),
)
