"""Rules of polynomials: those of `numpy.polynomial` in six bases, and the older functions of `numpy`.

A function that is linear in the coefficients is a matrix, which it gives of the identity. The derivative of a fit is
that of least squares (G. Golub and V. Pereyra, 1973), through the Vandermonde matrix of the basis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Array, NoneT, is_complex
from adgen.rules.axes import from_front, numbers, shaped_like, to_front
from adgen.rules.declare import OtherForm, formula, linear, rule, sample, static
from adgen.rules.typing import Shape, array_dims, fresh_dim, known, normalize_axes

C = np.array([0.5, -1.2, 2.0, 0.3])
D = np.array([1.5, 0.7, -0.4])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
N = np.linspace(-1.0, 1.5, 12).reshape(4, 3) ** 2
X = np.array([0.1, 0.4, 0.5, 0.9, 1.3, 1.4])
Y = np.sin(3.0 * X)


# --- one basis --------------------------------------------------------------------------------------


@static
def tensor_only(tensor: bool) -> None:
    if not tensor:
        raise TypeError("the values of a polynomial have a gradient rule with tensor=True only")


@static
def value_axes(x_ndim: int, g_ndim: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the axes of the Vandermonde matrix and of a gradient that belong to x."""
    return tuple(range(x_ndim)), tuple(range(g_ndim - x_ndim, g_ndim))


def value_shape(x: Operand, c: Operand, tensor: Operand) -> Shape:
    return Shape((*array_dims(c.type)[1:], *array_dims(x.type)))


def along_axis(c: Operand, axis: Operand, change: int) -> Shape:
    """Return the lengths of coefficients with one axis longer or shorter."""
    dims = array_dims(c.type)
    k = normalize_axes(known(axis), len(dims))[0]
    n = dims[k]
    return Shape((*dims[:k], max(n + change, 1) if isinstance(n, int) else fresh_dim(), *dims[k + 1 :]))


def is_given(m: Operand) -> int:
    value = known(m, "m")
    if not isinstance(value, int):
        raise TypeError("the order must be known when compiling")
    return value


def declare_basis(
    value: Callable[..., Any], der: Callable[..., Any], integral: Callable[..., Any], vander: Callable[..., Any],
    fit: Callable[..., Any],
) -> None:  # fmt: skip
    """Declare the rows of one basis; the rules of all bases are the same."""
    name = f"np.{value.__module__.removeprefix('numpy.')}."

    def value_x_vjp(g: Any, x: Any, c: Any, tensor: bool) -> Any:
        tensor_only(tensor)
        return g * value(x, der(c))

    def value_c_vjp(g: Any, x: Any, c: Any, tensor: bool) -> Any:
        tensor_only(tensor)
        if np.ndim(x) == 0:
            row = vander(x, np.shape(c)[0] - 1)[0]
            return shaped_like(g * row if np.ndim(g) == 0 else np.tensordot(row, g, 0), c)
        return shaped_like(np.tensordot(vander(x, np.shape(c)[0] - 1), g, value_axes(np.ndim(x), np.ndim(g))), c)

    def value_x_jvp(t: Any, x: Any, c: Any, tensor: bool) -> Any:
        tensor_only(tensor)
        return t * value(x, der(c))

    rule(
        value,
        "x c tensor=True",
        name=name + value.__name__,
        static=("tensor",),
        vjp=(value_x_vjp, value_c_vjp),
        jvp=(value_x_jvp, lambda t, x, tensor: value(x, t, tensor)),
        infer=value_shape,
        samples=(sample(X, C), sample(M, C), sample(0.7, C), sample(X, N), sample(X, C[:1])),
    )

    def der_vjp(g: Any, c: Any, m: int, scl: Any, axis: int) -> Any:
        matrix = der(np.eye(c.shape[axis]), m, scl)
        return shaped_like(from_front(np.tensordot(matrix, to_front(g, axis), ((0,), (0,))), axis), c)

    linear(
        der,
        "c m=1 scl=1 axis=0",
        args=("c",),
        name=name + der.__name__,
        static=("m", "axis"),
        vjp={"c": der_vjp},
        infer=lambda c, m, scl, axis: along_axis(c, axis, -is_given(m)),
        samples=(sample(C), sample(C, 2, 3.0), sample(N, axis=1), sample(C, 5), sample(C, 0)),
    )

    def integral_vjp(g: Any, c: Any, m: int, scl: Any, axis: int, lbnd: Any) -> Any:
        matrix = integral(np.eye(c.shape[axis]), m, lbnd=lbnd, scl=scl)
        return shaped_like(from_front(np.tensordot(matrix, to_front(g, axis), ((0,), (0,))), axis), c)

    rule(
        integral,
        "c m=1 k=() lbnd=0 scl=1 axis=0",
        args=("c",),
        name=name + integral.__name__,
        static=("m", "axis"),
        vjp={"c": integral_vjp},
        jvp={"c": lambda t, m, lbnd, scl, axis: integral(t, m, lbnd=lbnd, scl=scl, axis=axis)},
        infer=lambda c, m, k, lbnd, scl, axis: along_axis(c, axis, is_given(m)),
        samples=(sample(C), sample(C, 2, (1.0, 2.0), 0.5, 2.0), sample(N, axis=1), sample(C, 1, 3.0)),
    )

    def columns(x: Any, n: Any) -> Any:
        """Return the derivatives of the columns of the Vandermonde matrix of n columns."""
        lower = der(np.eye(n))
        return vander(x, np.shape(lower)[0] - 1) @ lower

    linear_columns = columns
    rule(
        vander,
        "x deg",
        name=name + vander.__name__,
        args=("x",),
        vjp={"x": lambda g, out, x: np.sum(g * linear_columns(x, np.shape(out)[-1]), axis=-1)},
        jvp={"x": lambda t, out, x: np.expand_dims(t, -1) * linear_columns(x, np.shape(out)[-1])},
        infer=lambda x, deg: Shape((*array_dims(x.type), deg.value + 1 if isinstance(deg, Const) else fresh_dim())),
        samples=(sample(X, 3), sample(M, 2), sample(X, 0)),
    )

    def plain_matrix(x: Any, n: int) -> Any:
        return vander(x, n - 1)

    declare_fit(fit, name + fit.__name__, plain_matrix, columns)


# --- fits -------------------------------------------------------------------------------------------


@static
def coefficients_of(deg: Any, full: bool) -> int:
    """Return how many coefficients a fit finds."""
    if not isinstance(deg, int) or full:
        raise TypeError("a fit has a gradient rule for a degree that is a number, and full=False")
    return deg + 1


def weighted(y: Any, w: Any) -> Any:
    """Return rows times their weights."""
    if w is None:
        return y
    return np.expand_dims(w, -1) * y if y.ndim == 2 else w * y


def as_columns(y: Any) -> Any:
    return np.expand_dims(y, -1) if y.ndim == 1 else y


def declare_fit(
    fit: Callable[..., Any], name: str, matrix: Callable[..., Any], columns: Callable[..., Any], old: bool = False
) -> None:
    """Declare a fit: the least squares solution of `w * matrix(x, n) @ p = w * y`."""

    def residual(x: Any, y: Any, w: Any, out: Any) -> Any:
        return weighted(as_columns(y) - matrix(x, np.shape(out)[0]) @ as_columns(out), w)

    def y_vjp(g: Any, x: Any, deg: Any, full: bool, w: Any) -> Any:
        inverse = np.linalg.pinv(weighted(matrix(x, coefficients_of(deg, full)), w))
        return weighted(inverse.T @ g, w)

    def matrix_gradient(g: Any, out: Any, x: Any, y: Any, w: Any) -> Any:
        """Return the gradient for the weighted matrix."""
        a = weighted(matrix(x, np.shape(out)[0]), w)
        back = np.linalg.pinv(a).T @ as_columns(g)
        u = np.linalg.pinv(a) @ back
        return residual(x, y, w, out) @ u.T - back @ as_columns(out).T

    def x_vjp(g: Any, out: Any, x: Any, y: Any, deg: Any, full: bool, w: Any) -> Any:
        d = weighted(matrix_gradient(g, out, x, y, w), w)
        return np.sum(d * columns(x, coefficients_of(deg, full)), axis=-1)

    def w_vjp(g: Any, out: Any, x: Any, y: Any, deg: Any, full: bool, w: Any) -> Any:
        a = matrix(x, coefficients_of(deg, full))
        d = matrix_gradient(g, out, x, y, w)
        back = np.linalg.pinv(weighted(a, w)).T @ as_columns(g)
        return np.sum(d * a, axis=-1) + np.sum(back * as_columns(y), axis=-1)

    def change(t: Any, out: Any, x: Any, y: Any, w: Any, dot: Any) -> Any:
        """Return the tangent of a fit from the tangents of its weighted matrix and right-hand side (`dot`)."""
        inverse = np.linalg.pinv(weighted(matrix(x, np.shape(out)[0]), w))
        total = inverse @ (dot - t @ as_columns(out)) + inverse @ (inverse.T @ (t.T @ residual(x, y, w, out)))
        return np.reshape(total, np.shape(out))

    def x_jvp(t: Any, out: Any, x: Any, y: Any, deg: Any, full: bool, w: Any) -> Any:
        moved = weighted(np.expand_dims(t, -1) * columns(x, coefficients_of(deg, full)), w)
        return change(moved, out, x, y, w, np.zeros_like(as_columns(y)))

    def w_jvp(t: Any, out: Any, x: Any, y: Any, deg: Any, full: bool, w: Any) -> Any:
        moved = np.expand_dims(t, -1) * matrix(x, coefficients_of(deg, full))
        return change(moved, out, x, y, w, np.expand_dims(t, -1) * as_columns(y))

    def y_jvp(t: Any, x: Any, deg: Any, full: bool, w: Any) -> Any:
        return np.linalg.pinv(weighted(matrix(x, coefficients_of(deg, full)), w)) @ weighted(t, w)

    def fit_shape(x: Operand, y: Operand, deg: Operand, full: Operand, w: Operand, **_: Operand) -> Shape:
        if any(is_complex(a.type) for a in (x, y, w)):
            raise TypeError("a fit has a gradient rule for real numbers only")
        return Shape((coefficients_of(known(deg, "deg"), known(full, "full")), *array_dims(y.type)[1:]))

    def old_shape(x: Operand, y: Operand, deg: Operand, full: Operand, cov: Operand, **rest: Operand) -> Shape:
        if known(cov, "cov") is not False:
            raise OtherForm("a fit with its covariance")
        return fit_shape(x, y, deg, full, **rest)

    rule(
        fit,
        "x y deg rcond=None full=False w=None" + (" cov=False" if old else ""),
        name=name,
        args=("x", "y", "w"),
        static=("deg", "full", "cov") if old else ("deg", "full"),
        vjp={"x": x_vjp, "y": y_vjp, "w": w_vjp},
        jvp={"x": x_jvp, "y": y_jvp, "w": w_jvp},
        infer=old_shape if old else fit_shape,
        samples=(
            sample(X, Y, 2, wrt=("x", "y")),
            sample(X, np.stack((Y, Y**2), axis=1), 1, wrt=("x", "y")),
            sample(X, Y, 1, w=X + 1.0),
            sample(X, Y, 3, wrt=("y",)),
        ),
    )


_POLYNOMIAL = np.polynomial
BASES = (
    (_POLYNOMIAL.polynomial, "poly"),
    (_POLYNOMIAL.chebyshev, "cheb"),
    (_POLYNOMIAL.legendre, "leg"),
    (_POLYNOMIAL.hermite, "herm"),
    (_POLYNOMIAL.hermite_e, "herme"),
    (_POLYNOMIAL.laguerre, "lag"),
)
for _module, _short in BASES:
    declare_basis(*(getattr(_module, _short + _f) for _f in ("val", "der", "int", "vander", "fit")))


def old_matrix(x: Any, n: int) -> Any:
    return np.vander(x, n)


def old_columns(x: Any, n: int) -> Any:
    if n == 1:
        return np.zeros((np.size(x), 1))
    return np.concatenate((np.vander(x, n - 1) * np.arange(n - 1, 0, -1), np.zeros((np.size(x), 1))), axis=1)


declare_fit(np.polyfit, "np.polyfit", old_matrix, old_columns, True)


# --- the older functions ----------------------------------------------------------------------------
# Their coefficients begin with the highest power.


def polyder_vjp(g: Any, p: Any, m: int) -> Any:
    d = g
    for _ in numbers(m):
        d = np.concatenate((d * np.arange(np.size(d), 0, -1), np.zeros(1)))
    return tail(d, p)


linear(
    np.polyder,
    "p m=1",
    static=("m",),
    vjp=polyder_vjp,
    infer=lambda p, m: shortened(p, -known(m, "m")),
    samples=(sample(C), sample(C, 2), sample(C, 5)),
)


def shortened(p: Operand, change: int) -> Shape:
    n = array_dims(p.type)[0]
    return Shape((max(n + change, 0) if isinstance(n, int) else fresh_dim(),))


def polyint_vjp(g: Any, p: Any, m: int) -> Any:
    d = g
    for _ in numbers(m):
        d = d[:-1] / np.arange(np.size(d) - 1, 0, -1)
    return shaped_like(d, p)


def polyint_shape(p: Operand, m: Operand, k: Operand) -> Shape:
    if not isinstance(k.type, NoneT):
        raise OtherForm("np.polyint with constants")
    return shortened(p, known(m, "m"))


rule(
    np.polyint,
    "p m=1 k=None",
    args=("p",),
    static=("m",),
    vjp=polyint_vjp,
    jvp=lambda t, m: np.polyint(t, m),
    infer=polyint_shape,
    samples=(sample(C), sample(C, 2)),
)


@formula(np.polyint, sample(C, 1, 3.0), sample(C, 2, np.array([1.0, 2.0])), sample(C, 2, 0.5))
def polyint_from(p: Any, m: int = 1, k: Any = None) -> Any:
    """Return the antiderivative with its constants of integration."""
    constants = np.atleast_1d(k)
    if constants.shape[0] == 1 and m > 1:
        constants = np.repeat(constants, m)
    out = np.asarray(p)
    for j in numbers(m):
        out = np.append(out / np.arange(np.size(out), 0, -1), constants[j])
    return out


def tail(g: Any, a: Any) -> Any:
    return shaped_like(g[np.size(g) - np.size(a) :], a)


for _fn, _sign in ((np.polyadd, 1.0), (np.polysub, -1.0)):
    linear(
        _fn,
        "a1 a2",
        args=("a1", "a2"),
        vjp=(lambda g, a1: tail(g, a1), (lambda g, a2: tail(g, a2)) if _sign > 0 else (lambda g, a2: -tail(g, a2))),
        samples=(sample(C, D), sample(D, C)),
    )


def padded(g: Any, n: Any) -> Any:
    """Fill up with the zeros that a function has taken from the end of its result."""
    return np.concatenate((g, np.zeros(n - np.size(g), dtype=g.dtype)))


def head(g: Any, a: Any) -> Any:
    return shaped_like(padded(g, max(np.size(g), np.size(a)))[: np.size(a)], a)


def lengthened(t: Any, out: Any) -> Any:
    """Return a tangent as long as the result, which has lost zeros at its end."""
    return shaped_like(padded(t, max(np.size(t), np.size(out)))[: np.size(out)], out)


for _module, _short in BASES:
    for _name, _sign in (("add", 1.0), ("sub", -1.0)):
        _fn = getattr(_module, _short + _name)
        rule(
            _fn,
            "c1 c2",
            name=f"np.{_module.__name__[6:]}.{_short}{_name}",
            vjp=(lambda g, c1: head(g, c1), (lambda g, c2: head(g, c2)) if _sign > 0 else (lambda g, c2: -head(g, c2))),
            jvp=(
                lambda t, out: lengthened(t, out),
                (lambda t, out: lengthened(t, out)) if _sign > 0 else (lambda t, out: -lengthened(t, out)),
            ),
            infer=lambda c1, c2: Shape((fresh_dim(),)),
            samples=(sample(C, D), sample(D, C), sample(C, C + np.array([1.0, 2.0, 0.0, 0.0]), kink="trailing zeros")),
        )


def flipped_product_gradient(g: Any, a: Any, b: Any) -> Any:
    n = np.size(a) + np.size(b) - 1
    return shaped_like(np.convolve(padded(g, n), np.flip(b))[np.size(b) - 1 : n], a)


rule(
    _POLYNOMIAL.polynomial.polymul,
    "c1 c2",
    name="np.polynomial.polynomial.polymul",
    vjp=(lambda g, c1, c2: flipped_product_gradient(g, c1, c2), lambda g, c1, c2: flipped_product_gradient(g, c2, c1)),
    jvp=(
        lambda t, out, c2: lengthened(np.convolve(t, c2), out),
        lambda t, out, c1: lengthened(np.convolve(c1, t), out),
    ),
    infer=lambda c1, c2: Shape((fresh_dim(),)),
    samples=(sample(C, D), sample(D, C)),
)


def product_gradient(g: Any, a: Any, b: Any) -> Any:
    """Return the gradient for a; leading zeros that the product has lost count as there."""
    n = np.size(a) + np.size(b) - 1
    whole = np.concatenate((np.zeros(n - np.size(g), dtype=g.dtype), g))
    return shaped_like(np.convolve(whole, np.flip(b))[np.size(b) - 1 : n], a)


rule(
    np.polymul,
    "a1 a2",
    vjp=(lambda g, a1, a2: product_gradient(g, a1, a2), lambda g, a1, a2: product_gradient(g, a2, a1)),
    jvp=(lambda t, out, a2: tail(np.convolve(t, a2), out), lambda t, out, a1: tail(np.convolve(a1, t), out)),
    infer=lambda a1, a2: Shape((fresh_dim(),)),
    samples=(sample(C, D), sample(D, C)),
)


def root_slopes(out: Any, p: Any) -> Any:
    """Return the derivatives of the roots (rows) by the coefficients; inf or NaN for multiple roots."""
    n = np.size(p)
    slope = np.polyval(p[:-1] * np.arange(n - 1, 0, -1), out)
    return -np.vander(out, n) / np.expand_dims(slope, -1)


rule(
    np.roots,
    "p",
    vjp=lambda g, out, p: g @ root_slopes(out, p),
    jvp=lambda t, out, p: root_slopes(out, p) @ t,
    infer=lambda p: Array("complex128", (fresh_dim(),)),
    samples=(sample(C + 1.0), sample(np.array([1.0, 0.5, 2.0]))),
)


def poly_vjp(g: Any, out: Any, seq_of_zeros: Any) -> Any:
    """Divide the polynomial by each of its factors in turn (Horner's scheme)."""
    quotient = np.ones_like(seq_of_zeros)
    total = -g[1] * quotient
    for i in range(1, np.size(seq_of_zeros)):
        quotient = out[i] + seq_of_zeros * quotient
        total = total - g[i + 1] * quotient
    return total


def poly_jvp(t: Any, out: Any, seq_of_zeros: Any) -> Any:
    quotient = np.ones_like(seq_of_zeros)
    total = np.zeros_like(out)
    total[1] = -np.sum(t)
    for i in range(1, np.size(seq_of_zeros)):
        quotient = out[i] + seq_of_zeros * quotient
        total[i + 1] = -np.sum(t * quotient)
    return total


def poly_shape(seq_of_zeros: Operand) -> Shape:
    dims = array_dims(seq_of_zeros.type)
    if len(dims) != 1 or not isinstance(seq_of_zeros.type, Array) or seq_of_zeros.type.dtype.startswith("complex"):
        raise TypeError("np.poly has a gradient rule for real roots only")
    return Shape((dims[0] + 1 if isinstance(dims[0], int) else fresh_dim(),))


rule(np.poly, "seq_of_zeros", vjp=poly_vjp, jvp=poly_jvp, infer=poly_shape, samples=(sample(C), sample(D)))
