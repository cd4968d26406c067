"""Rules of the algebra of series in the six bases of `numpy.polynomial`: products, quotients, powers, changes of basis.

A product is bilinear: its derivatives take the table of the products of the basis functions. NumPy drops the zeros at
the end of a result, so gradients are filled up and tangents cut.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev as ch
from numpy.polynomial import polynomial as po

from adgen.ir.nodes import Operand
from adgen.ir.types import Array
from adgen.rules.axes import numbers, shaped_like
from adgen.rules.declare import formula, nondifferentiable, rule, sample, static
from adgen.rules.helpers import change_table, product_table
from adgen.rules.polynomials import BASES, C, D, lengthened, padded
from adgen.rules.typing import Shape, fresh_dim

nondifferentiable(
    product_table,
    name="product_table",
    params="product m n",
    infer=lambda product, m, n: Array("float64", (fresh_dim(), fresh_dim(), fresh_dim())),
    samples=(sample(ch.chebmul, 2, 3),),
)
nondifferentiable(
    change_table,
    name="change_table",
    params="change n",
    infer=lambda change, n: Array("float64", (fresh_dim(), fresh_dim())),
    samples=(sample(ch.poly2cheb, 3),),
)

SERIES = (sample(C, D), sample(D, C))


def filled(g: Any, n: Any) -> Any:
    """Return a gradient with n elements: what NumPy cut off, or filled up, is zero."""
    return padded(g[:n], max(np.size(g[:n]), n))


def some_length(*_: Operand) -> Shape:
    return Shape((fresh_dim(),))


# --- products ---------------------------------------------------------------------------------------


def declare_product(product: Callable[..., Any], name: str) -> None:
    def left(g: Any, c1: Any, c2: Any) -> Any:
        table = product_table(product, np.size(c1), np.size(c2))
        return shaped_like(np.tensordot(filled(g, table.shape[0]), table, 1) @ c2, c1)

    def right(g: Any, c1: Any, c2: Any) -> Any:
        table = product_table(product, np.size(c1), np.size(c2))
        return shaped_like(c1 @ np.tensordot(filled(g, table.shape[0]), table, 1), c2)

    def whole(a: Any, b: Any) -> Any:
        table = product_table(product, np.size(a), np.size(b))
        return np.tensordot(table, b, 1) @ a

    rule(
        product,
        "c1 c2",
        name=name,
        vjp=(left, right),
        jvp=(lambda t, out, c2: lengthened(whole(t, c2), out), lambda t, out, c1: lengthened(whole(c1, t), out)),
        infer=lambda c1, c2: some_length(),
        samples=(*SERIES, sample(C[:1], D)),
    )


# --- quotients --------------------------------------------------------------------------------------


def division_matrix(product: Any, c1: Any, c2: Any) -> Any:
    """Return the matrix of `c1 = q * c2 + r` for the coefficients of q and r."""
    n, m = np.size(c1), np.size(c2)
    return np.concatenate((product_table(product, n - m + 1, m) @ c2, np.eye(n, m - 1)), axis=1)


def quotient_gradient(g: Any, product: Any, c1: Any, c2: Any) -> Any:
    """Return the gradient for the dividend."""
    n, m = np.size(c1), np.size(c2)
    if n < m:
        return shaped_like(filled(g[1], n), c1)
    d = np.concatenate((filled(g[0], n - m + 1), filled(g[1], m - 1)))
    return shaped_like(np.linalg.solve(division_matrix(product, c1, c2).T, d), c1)


def divisor_gradient(g: Any, quotient: Any, product: Any, c1: Any, c2: Any) -> Any:
    n, m = np.size(c1), np.size(c2)
    if n < m:
        return np.zeros_like(c2)
    back = np.tensordot(quotient_gradient(g, product, c1, c2), product_table(product, n - m + 1, m), 1)
    return shaped_like(-(filled(quotient, n - m + 1) @ back), c2)


def quotient_tangent(t: Any, out: Any, product: Any, c1: Any, c2: Any) -> Any:
    """Divide a change of the dividend."""
    n, m = np.size(c1), np.size(c2)
    if n < m:
        return np.zeros_like(out[0]), lengthened(t, out[1])
    parts = np.linalg.solve(division_matrix(product, c1, c2), t)
    return lengthened(parts[: n - m + 1], out[0]), lengthened(parts[n - m + 1 :], out[1])


def divisor_tangent(t: Any, out: Any, product: Any, c1: Any, c2: Any) -> Any:
    n, m = np.size(c1), np.size(c2)
    if n < m:
        return np.zeros_like(out[0]), np.zeros_like(out[1])
    change = np.tensordot(product_table(product, n - m + 1, m), t, 1) @ filled(out[0], n - m + 1)
    return quotient_tangent(-change, out, product, c1, c2)


QUOTIENTS = (sample(C, D), sample(C, D[:2]), sample(C, D[:1]), sample(D, C), sample(C, C + 1.0))


def declare_quotient(divide: Callable[..., Any], product: Callable[..., Any], name: str) -> None:
    rule(
        divide,
        "c1 c2",
        name=name,
        vjp=(
            lambda g, c1, c2: quotient_gradient(g, product, c1, c2),
            lambda g, out, c1, c2: divisor_gradient(g, out[0], product, c1, c2),
        ),
        jvp=(
            lambda t, out, c1, c2: quotient_tangent(t, out, product, c1, c2),
            lambda t, out, c1, c2: divisor_tangent(t, out, product, c1, c2),
        ),
        infer=lambda c1, c2: (some_length(), some_length()),
        samples=QUOTIENTS,
    )


def flipped(pair: Any) -> Any:
    return np.flip(pair[0]), np.flip(pair[1])


rule(
    np.polydiv,
    "u v",
    vjp=(
        lambda g, u, v: np.flip(quotient_gradient(flipped(g), po.polymul, np.flip(u), np.flip(v))),
        lambda g, out, u, v: np.flip(divisor_gradient(flipped(g), np.flip(out[0]), po.polymul, np.flip(u), np.flip(v))),
    ),
    jvp=(
        lambda t, out, u, v: flipped(quotient_tangent(np.flip(t), flipped(out), po.polymul, np.flip(u), np.flip(v))),
        lambda t, out, u, v: flipped(divisor_tangent(np.flip(t), flipped(out), po.polymul, np.flip(u), np.flip(v))),
    ),
    infer=lambda u, v: (some_length(), some_length()),
    samples=QUOTIENTS,
)


# --- powers, lines, roots ---------------------------------------------------------------------------


@static
def small_power(power: Any, most: Any) -> int:
    if not isinstance(power, int) or power < 0 or (most is not None and power > most):
        raise TypeError("a series has a gradient rule for powers that are whole numbers, not above maxpower")
    return power


def declare_power(power_of: Callable[..., Any], product: Callable[..., Any], name: str) -> None:
    @formula(power_of, sample(C, 0), sample(C, 1), sample(C, 3), name=name)
    def power(c: Any, pow: Any, maxpower: Any = 16) -> Any:
        c = np.asarray(c)
        out = np.ones_like(c[:1])
        for _ in numbers(small_power(pow, maxpower)):
            out = product(out, c)
        return out


def declare_line(line: Callable[..., Any], first: float, second: float, name: str) -> None:
    """Declare `off + scl * x`, where x is `first` times the basis's first function and `second` times the second."""

    @formula(line, sample(0.5, -1.2), name=name)
    def of_line(off: Any, scl: Any) -> Any:
        if scl != 0:
            return np.array([off + first * scl if first != 0.0 else off, second * scl if second != 1.0 else scl])
        return np.array([off])


def declare_times_x(
    times_x: Callable[..., Any], product: Callable[..., Any], first: float, second: float, name: str
) -> None:
    @formula(times_x, sample(C), sample(C[:1]), name=name)
    def by_x(c: Any) -> Any:
        return product(c, np.array([first, second]))


def declare_from_roots(from_roots: Callable[..., Any], change: Callable[..., Any] | None, name: str) -> None:
    @formula(from_roots, sample(C), sample(D), name=name)
    def of_roots(roots: Any) -> Any:
        powers = np.flip(np.poly(np.asarray(roots)))
        return powers if change is None else change(powers)


def declare_roots(
    roots: Callable[..., Any], value: Any, derivative: Any, vander: Any, companion: Callable[..., Any], name: str
) -> None:
    def slopes(out: Any, c: Any) -> Any:
        """Return the derivatives of the roots (rows) by the coefficients; inf or NaN for multiple roots."""
        return -vander(out, np.size(c) - 1) / np.expand_dims(value(out, derivative(c)), -1)

    rule(
        roots,
        "c",
        name=name + roots.__name__,
        vjp=lambda g, out, c: g @ slopes(out, c),
        jvp=lambda t, out, c: slopes(out, c) @ t,
        infer=lambda c: Array("complex128", (fresh_dim(),)),
        samples=(
            sample(C + 1j * D[0] * np.arange(4.0)),
            sample(np.array([5.0, 0.5, 1.0]) + 0.5j),
            sample(np.array([9.0, 1.0, 4.0, 0.5, 0.5]), kink="conjugate pairs are sorted by rounding errors"),
        ),
    )

    def column(c: Any) -> Any:
        """Return the factors by which the coefficients go into the last column."""
        n = np.size(c)
        return companion(np.eye(n)[n - 1])[:, -1] - companion(np.ones(n))[:, -1]

    def companion_vjp(g: Any, c: Any) -> Any:
        d = -g[:, -1] * column(c) / c[-1]
        return np.concatenate((d, np.expand_dims(-np.sum(d * c[:-1]) / c[-1], 0)))

    def companion_jvp(t: Any, out: Any, c: Any) -> Any:
        total = np.zeros_like(out)
        total[:, -1] = -column(c) * (t[:-1] - c[:-1] * (t[-1] / c[-1])) / c[-1]
        return total

    rule(
        companion,
        "c",
        name=name + companion.__name__,
        vjp=companion_vjp,
        jvp=companion_jvp,
        infer=lambda c: Shape((fresh_dim(), fresh_dim())),
        samples=(sample(C), sample(D), sample(D[:2])),
    )


# --- changes of basis -------------------------------------------------------------------------------


def declare_change(change: Callable[..., Any], param: str, name: str) -> None:
    def back(g: Any, c: Any) -> Any:
        return shaped_like(filled(g, np.size(c)) @ change_table(change, np.size(c)), c)

    rule(
        change,
        param,
        name=name + change.__name__,
        vjp=(lambda g, pol: back(g, pol)) if param == "pol" else (lambda g, c: back(g, c)),
        jvp=lambda t, out: lengthened(change(t), out),
        infer=(lambda pol: some_length()) if param == "pol" else (lambda c: some_length()),
        samples=(sample(C), sample(D)),
    )


LINES = {
    "poly": (0.0, 1.0), "cheb": (0.0, 1.0), "leg": (0.0, 1.0),
    "herm": (0.0, 0.5), "herme": (0.0, 1.0), "lag": (1.0, -1.0),
}  # fmt: skip
for _module, _short in BASES:
    _prefix = f"np.{_module.__name__[6:]}."
    _mul = getattr(_module, f"{_short}mul")
    _line = LINES[_short]
    if _short != "poly":
        declare_product(_mul, f"{_prefix}{_short}mul")
        declare_change(getattr(_module, f"poly2{_short}"), "pol", _prefix)
        declare_change(getattr(_module, f"{_short}2poly"), "c", _prefix)
    declare_quotient(getattr(_module, f"{_short}div"), _mul, f"{_prefix}{_short}div")
    declare_power(getattr(_module, f"{_short}pow"), _mul, f"{_prefix}{_short}pow")
    declare_line(getattr(_module, f"{_short}line"), *_line, f"{_prefix}{_short}line")
    declare_times_x(getattr(_module, f"{_short}mulx"), _mul, *_line, f"{_prefix}{_short}mulx")
    _change = None if _short == "poly" else getattr(_module, f"poly2{_short}")
    declare_from_roots(getattr(_module, f"{_short}fromroots"), _change, f"{_prefix}{_short}fromroots")
    declare_roots(
        getattr(_module, f"{_short}roots"),
        getattr(_module, f"{_short}val"),
        getattr(_module, f"{_short}der"),
        getattr(_module, f"{_short}vander"),
        getattr(_module, f"{_short}companion"),
        _prefix,
    )
