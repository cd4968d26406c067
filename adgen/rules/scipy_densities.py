"""How a law of `scipy.stats` is declared.

With `z = (x - loc) / scale`, a continuous law is given by its score, the derivative of the logarithm of its density by
z, and by the derivatives of that logarithm by the parameters of its shape. The rest follows: a distribution function
has the density as its derivative, a quantile its reciprocal. Where a distribution function has no elementary
derivative by a parameter (gamma, beta, t, chi2, f), a program that asks for it is refused.

Outside of its support a density is 0, and so are its derivatives; its logarithm is -inf there and has none: NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sp
import scipy.stats as st

from adgen.ir.nodes import Operand
from adgen.ir.types import is_complex
from adgen.rules.declare import elementwise, sample
from adgen.rules.typing import Shape, broadcast

V = np.array([0.5, -1.25, 2.0])
P = np.array([0.5, 1.25, 2.0])
U = np.array([0.25, 0.6, 0.9])
Q = np.array([0.2, 0.45, 0.85])
SQRT_TWO_PI = math.sqrt(2.0 * math.pi)

Slope = Callable[..., Any]
QUANTILES = ("ppf", "isf")
TWICE = ("logpdf", "pdf", "cdf", "logcdf")  # of which the tests take the second derivative; the others are built alike


def real_numbers(**b: Operand) -> Shape:
    """SciPy drops imaginary parts."""
    if any(is_complex(a.type) for a in b.values()):
        raise TypeError("the laws of scipy.stats have a gradient rule for real numbers only")
    return broadcast(**b)


def standard(x: Any, rest: Any) -> Any:
    return (x - rest[-2]) / rest[-1]


def where_positive(out: Any, slope: Any) -> Any:
    """Return the slope of the logarithm of a density; NaN outside of the support."""
    return np.where(out == -np.inf, np.nan, slope)


def where_dense(out: Any, slope: Any) -> Any:
    """Return a density times a slope; 0 outside of the support."""
    return np.where(out == 0.0, 0.0, out * np.where(out == 0.0, 0.0, slope))


def where_level(out: Any, slope: Any) -> Any:
    """Return the slope of a distribution function by a shape; 0 outside of the support."""
    return np.where((out == 0.0) | (out == 1.0), 0.0, slope)


def law(
    name: str, score: Slope, *by_shape: Slope, shapes: str = "", at: Any = V, values: tuple[float, ...] = (),
    distribution: tuple[Slope, ...] = (),
) -> None:  # fmt: skip
    """Declare the functions of one continuous law. `distribution`: its distribution function's slopes by shape."""
    d = getattr(st, name)
    params = " ".join(["x", *shapes.split(), "loc=0 scale=1"])
    count = len(shapes.split())
    given = (*values, 0.1, 1.3)
    wanted = ("x", *shapes.split(), "loc", "scale")
    some = wanted if distribution or not count else ("x", "loc", "scale")

    def declare(method: str, slopes: list[Any], x: Any, names: tuple[str, ...] = wanted) -> None:
        elementwise(
            getattr(d, method),
            *slopes,
            params=params.replace("x", "q", 1) if method in QUANTILES else params,
            name=f"scipy.stats.{name}.{method}",
            infer=real_numbers,
            samples=(
                sample(x, *given, wrt=("q", *names[1:]) if method in QUANTILES else names, second=method in TWICE),
            ),
        )

    def shape_score(k: int) -> Slope:
        return lambda out, x, *rest: where_positive(out, by_shape[k](standard(x, rest), *rest[:-2]))

    def shape_density(k: int) -> Slope:
        return lambda out, x, *rest: where_dense(out, by_shape[k](standard(x, rest), *rest[:-2]))

    def total(x: Any, rest: Any) -> Any:
        return score(standard(x, rest), *rest[:-2])

    declare(
        "logpdf",
        [
            lambda out, x, *rest: where_positive(out, total(x, rest) / rest[-1]),
            *map(shape_score, range(count)),
            lambda out, x, *rest: where_positive(out, -total(x, rest) / rest[-1]),
            lambda out, x, *rest: where_positive(out, -(1.0 + standard(x, rest) * total(x, rest)) / rest[-1]),
        ],
        at,
    )
    declare(
        "pdf",
        [
            lambda out, x, *rest: where_dense(out, total(x, rest) / rest[-1]),
            *map(shape_density, range(count)),
            lambda out, x, *rest: where_dense(out, -total(x, rest) / rest[-1]),
            lambda out, x, *rest: where_dense(out, -(1.0 + standard(x, rest) * total(x, rest)) / rest[-1]),
        ],
        at,
    )

    def of_distribution(method: str, weight: Slope, density: Slope) -> None:
        """Declare a function of the distribution function F with the slopes `weight(out)` by F, `density` by x."""

        def by(k: int) -> Slope | None:
            if not distribution:
                return None
            return lambda out, x, *rest: where_level(out, weight(out) * distribution[k](standard(x, rest), *rest[:-2]))

        def by_scale(out: Any, x: Any, *rest: Any) -> Any:
            p = density(out, x, rest)
            return -p * np.where(p == 0.0, 0.0, standard(x, rest))

        declare(
            method,
            [
                lambda out, x, *rest: density(out, x, rest),
                *map(by, range(count)),
                lambda out, x, *rest: -density(out, x, rest),
                by_scale,
            ],
            at,
            some,
        )

    of_distribution("cdf", lambda out: 1.0, lambda out, x, rest: d.pdf(x, *rest))
    of_distribution("sf", lambda out: -1.0, lambda out, x, rest: -d.pdf(x, *rest))
    of_distribution("logcdf", lambda out: np.exp(-out), lambda out, x, rest: np.exp(d.logpdf(x, *rest) - out))
    of_distribution("logsf", lambda out: -np.exp(-out), lambda out, x, rest: -np.exp(d.logpdf(x, *rest) - out))

    def quantile_by(k: int) -> Slope | None:
        if not distribution:
            return None
        return lambda out, q, *rest: -distribution[k](standard(out, rest), *rest[:-2]) / d.pdf(out, *rest)

    def quantile_of_tail(out: Any, q: Any, *rest: Any) -> Any:
        return -1.0 / d.pdf(out, *rest)

    for method, sign in (("ppf", 1.0), ("isf", -1.0)):
        slope: Slope = (lambda out, q, *rest: 1.0 / d.pdf(out, *rest)) if sign > 0 else quantile_of_tail
        shifts: list[Slope] = [lambda out, q, *rest: 1.0, lambda out, q, *rest: standard(out, rest)]
        declare(method, [slope, *map(quantile_by, range(count)), *shifts], Q, some)


K = np.array([0, 2, 3])


def discrete(name: str, shapes: str, *slopes: Slope | None, k: Any = K, values: tuple[Any, ...]) -> None:
    """Declare the probabilities of a discrete law by the slopes of their logarithms, functions of k and the shapes."""
    d = getattr(st, name)
    wanted = tuple(p for p, slope in zip(shapes.split(), slopes) if slope is not None)

    def of_logarithm(slope: Slope | None) -> Slope | None:
        if slope is None:
            return None
        return lambda out, k, *rest: where_positive(out, slope(k - rest[-1], *rest[:-1]))

    def of_probability(slope: Slope | None) -> Slope | None:
        if slope is None:
            return None
        return lambda out, k, *rest: where_dense(out, slope(k - rest[-1], *rest[:-1]))

    for method, change in (("logpmf", of_logarithm), ("pmf", of_probability)):
        elementwise(
            getattr(d, method),
            None,
            *map(change, slopes),
            None,
            params=f"k {shapes} loc=0",
            name=f"scipy.stats.{name}.{method}",
            infer=real_numbers,
            samples=(sample(k, *values, wrt=wanted),),
        )


def tail(u: Any) -> Any:
    """Return the density of the normal law over its distribution function."""
    return np.exp(-0.5 * u * u - sp.log_ndtr(u)) / SQRT_TWO_PI
