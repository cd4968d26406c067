"""Rules of covariances and correlations.

With deviations `x` from the mean, one variable in each row, the covariance is `(x w) x^H` over the number of degrees
of freedom. The mean drops out of the derivative, since the deviations add up to 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Length, NoneT
from adgen.rules.axes import adjoint, conjugate, shaped_like
from adgen.rules.declare import rule, sample
from adgen.rules.lengths import fresh_dim
from adgen.rules.typing import Shape, array_dims, known

V = np.array([0.5, -1.2, 2.0, 0.3])
W = np.array([1.5, 0.7, -0.4, 0.9])
M = np.array([[1.0, -2.0, 0.5, 0.7], [0.3, 4.0, -1.5, 0.2]])


def one_row(m: Any) -> None:
    """Stop at a single row that holds one observation of each variable, or one variable: NumPy's answer varies."""
    if m.shape[0] == 1:
        raise NotImplementedError("the gradient of a covariance with rowvar=False needs more than one observation")


def variables(m: Any, rowvar: bool) -> Any:
    """Return the variables of an argument, one in each row."""
    if m.ndim == 1:
        return np.expand_dims(m, 0)
    if rowvar:
        return m
    one_row(m)
    return m.T


def together(m: Any, y: Any, rowvar: bool) -> Any:
    if y is None:
        return variables(m, rowvar)
    return np.concatenate((variables(m, rowvar), variables(y, rowvar)), axis=0)


def back(d: Any, m: Any, rowvar: bool) -> Any:
    """Undo `variables`."""
    if m.ndim == 1:
        return shaped_like(d[0], m)
    return shaped_like(d if rowvar else d.T, m)


def part_of(d: Any, m: Any, y: Any, rowvar: bool, first: bool) -> Any:
    n = np.shape(variables(m, rowvar))[0]
    return back(d[:n], m, rowvar) if first else back(d[n:], y, rowvar)


def deviations(x: Any, w: Any) -> Any:
    if w is None:
        return x - np.mean(x, axis=1, keepdims=True)
    return x - np.sum(x * w, axis=1, keepdims=True) / np.sum(w)


def freedom(x: Any, w: Any, bias: bool, ddof: int | None) -> Any:
    """Return the number of degrees of freedom, as NumPy counts them."""
    less = (0 if bias else 1) if ddof is None else ddof
    return (x.shape[1] if w is None else np.sum(w)) - less


def times(x: Any, w: Any) -> Any:
    return x if w is None else x * w


def square(g: Any, x: Any) -> Any:
    """Return the gradient of a covariance as a matrix, also that of one variable."""
    return np.reshape(g, (x.shape[0], x.shape[0]))


def cov_gradient(g: Any, m: Any, y: Any, rowvar: bool, bias: bool, ddof: Any, fweights: Any, first: bool) -> Any:
    x = deviations(together(m, y, rowvar), fweights)
    s = square(g, x)
    d = (s + adjoint(s)) @ conjugate(times(x, fweights)) / freedom(x, fweights, bias, ddof)
    return part_of(d, m, y, rowvar, first)


def cov_m_vjp(g: Any, m: Any, y: Any, rowvar: bool, bias: bool, ddof: Any, fweights: Any) -> Any:
    return cov_gradient(g, m, y, rowvar, bias, ddof, fweights, True)


def cov_y_vjp(g: Any, m: Any, y: Any, rowvar: bool, bias: bool, ddof: Any, fweights: Any) -> Any:
    return cov_gradient(g, m, y, rowvar, bias, ddof, fweights, False)


def cov_tangent(t: Any, out: Any, m: Any, y: Any, rowvar: bool, bias: bool, ddof: Any, fweights: Any) -> Any:
    x = deviations(together(m, y, rowvar), fweights)
    half = t @ adjoint(times(x, fweights)) / freedom(x, fweights, bias, ddof)
    return np.reshape(half + adjoint(half), np.shape(out))


def cov_m_jvp(t: Any, out: Any, m: Any, y: Any, rowvar: bool, bias: bool, ddof: Any, fweights: Any) -> Any:
    moved = together(t, None if y is None else np.zeros_like(y), rowvar)
    return cov_tangent(moved, out, m, y, rowvar, bias, ddof, fweights)


def cov_y_jvp(t: Any, out: Any, m: Any, y: Any, rowvar: bool, bias: bool, ddof: Any, fweights: Any) -> Any:
    return cov_tangent(together(np.zeros_like(m), t, rowvar), out, m, y, rowvar, bias, ddof, fweights)


def number_of(m: Operand, rowvar: bool) -> Length:
    dims = array_dims(m.type)
    if len(dims) < 2:
        return 1
    return dims[0] if rowvar else dims[1]


def cov_shape(m: Operand, y: Operand, rowvar: Operand, **_: Operand) -> Shape:
    n = number_of(m, known(rowvar, "rowvar"))
    if not (isinstance(y, Const) or isinstance(y.type, NoneT)) or getattr(y, "value", None) is not None:
        more = number_of(y, known(rowvar, "rowvar"))
        n = n + more if isinstance(n, int) and isinstance(more, int) else fresh_dim(nonunit=True)
    return Shape(()) if n == 1 else Shape((n, n))


rule(
    np.cov,
    "m y=None rowvar=True bias=False ddof=None fweights=None",
    args=("m", "y"),
    static=("rowvar", "bias", "ddof"),
    infer=cov_shape,
    vjp=(cov_m_vjp, cov_y_vjp),
    jvp=(cov_m_jvp, cov_y_jvp),
    samples=(
        sample(M),
        sample(V),
        sample(M.T, rowvar=False, bias=True),
        sample(M, ddof=0),
        sample(V, W),
        sample(M, V),
        sample(M.T, M.T**2, False),
        sample(M[:1]),
        sample(M, W, fweights=np.array([1, 2, 1, 3]), ddof=0, wrt=("m", "y"), second=False),
        sample(M * (1.0 + 0.5j) + 1j * V),
    ),
)


# --- correlations -----------------------------------------------------------------------------------


def lengths_of(x: Any) -> Any:
    return np.sqrt(np.sum(np.real(x * conjugate(x)), axis=1, keepdims=True))


def corrcoef_gradient(g: Any, x: Any, y: Any, rowvar: bool, first: bool) -> Any:
    z = deviations(together(x, y, rowvar), None)
    size = lengths_of(z)
    z = z / size
    s = square(g, z)
    d = (s + adjoint(s)) @ conjugate(z)
    d = d - np.real(np.sum(d * z, axis=1, keepdims=True)) * conjugate(z)
    return part_of(d / size, x, y, rowvar, first)


def corrcoef_tangent(t: Any, out: Any, x: Any, y: Any, rowvar: bool) -> Any:
    z = deviations(together(x, y, rowvar), None)
    size = lengths_of(z)
    z = z / size
    d = t / size
    d = d - np.real(np.sum(d * conjugate(z), axis=1, keepdims=True)) * z
    half = d @ adjoint(z)
    return np.reshape(half + adjoint(half), np.shape(out))


def corrcoef_x_jvp(t: Any, out: Any, x: Any, y: Any, rowvar: bool) -> Any:
    moved = together(t, None if y is None else np.zeros_like(y), rowvar)
    return corrcoef_tangent(moved, out, x, y, rowvar)


def corrcoef_y_jvp(t: Any, out: Any, x: Any, y: Any, rowvar: bool) -> Any:
    return corrcoef_tangent(together(np.zeros_like(x), t, rowvar), out, x, y, rowvar)


rule(
    np.corrcoef,
    "x y=None rowvar=True",
    static=("rowvar",),
    infer=lambda x, y, rowvar: cov_shape(x, y, rowvar),
    vjp=(
        lambda g, x, y, rowvar: corrcoef_gradient(g, x, y, rowvar, True),
        lambda g, x, y, rowvar: corrcoef_gradient(g, x, y, rowvar, False),
    ),
    jvp=(corrcoef_x_jvp, corrcoef_y_jvp),
    samples=(
        sample(M),
        sample(V, W),
        sample(M, V),
        sample(M.T[:3], rowvar=False),
        sample(np.vstack((M, V)) * (1.0 + 0.5j) + 1j * W),
        sample(V),
    ),
)
