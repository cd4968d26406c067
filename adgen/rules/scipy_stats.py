"""Rules of the usual laws in `scipy.stats`; read only when the user's program has imported it.

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
from adgen.rules.axes import shaped_like
from adgen.rules.declare import elementwise, rule, sample
from adgen.rules.factorisations import half_lower
from adgen.rules.typing import Shape, array_dims, broadcast

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
            return lambda out, x, *rest: weight(out) * distribution[k](standard(x, rest), *rest[:-2])

        declare(
            method,
            [
                lambda out, x, *rest: density(out, x, rest),
                *map(by, range(count)),
                lambda out, x, *rest: -density(out, x, rest),
                lambda out, x, *rest: -(standard(x, rest) * density(out, x, rest)),
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


law("norm", lambda z: -z)
law("uniform", lambda z: 0.0, at=U)
law("expon", lambda z: -1.0, at=P)
law("laplace", lambda z: -np.sign(z))
law("logistic", lambda z: -np.tanh(0.5 * z))
law("cauchy", lambda z: -2.0 * z / (1.0 + z * z))
law("halfnorm", lambda z: -z, at=P)
law("halfcauchy", lambda z: -2.0 * z / (1.0 + z * z), at=P)
law("gumbel_r", lambda z: np.exp(-z) - 1.0)
law("gumbel_l", lambda z: 1.0 - np.exp(z))
law("rayleigh", lambda z: 1.0 / z - z, at=P)
law("maxwell", lambda z: 2.0 / z - z, at=P)
law(
    "lognorm",
    lambda z, s: -(1.0 + np.log(z) / (s * s)) / z,
    lambda z, s: (np.log(z) / s) ** 2 / s - 1.0 / s,
    shapes="s",
    at=P,
    values=(0.7,),
    distribution=(lambda z, s: -np.log(z) / (s * s) * np.exp(-0.5 * (np.log(z) / s) ** 2) / SQRT_TWO_PI,),
)
law(
    "weibull_min",
    lambda z, c: (c - 1.0) / z - c * z ** (c - 1.0),
    lambda z, c: 1.0 / c + np.log(z) * (1.0 - z**c),
    shapes="c",
    at=P,
    values=(1.7,),
    distribution=(lambda z, c: z**c * np.log(z) * np.exp(-(z**c)),),
)
law(
    "pareto",
    lambda z, b: -(b + 1.0) / z,
    lambda z, b: 1.0 / b - np.log(z),
    shapes="b",
    at=P + 1.5,
    values=(1.7,),
    distribution=(lambda z, b: np.where(z < 1.0, 0.0, z ** (-b) * np.log(z)),),
)
law(
    "gamma",
    lambda z, a: (a - 1.0) / z - 1.0,
    lambda z, a: np.log(z) - sp.psi(a),
    shapes="a",
    at=P,
    values=(2.3,),
)
law(
    "invgamma",
    lambda z, a: (1.0 / z - a - 1.0) / z,
    lambda z, a: -np.log(z) - sp.psi(a),
    shapes="a",
    at=P,
    values=(2.3,),
)
law(
    "chi2",
    lambda z, df: (0.5 * df - 1.0) / z - 0.5,
    lambda z, df: 0.5 * (np.log(0.5 * z) - sp.psi(0.5 * df)),
    shapes="df",
    at=P,
    values=(3.5,),
)
law(
    "chi",
    lambda z, df: (df - 1.0) / z - z,
    lambda z, df: np.log(z) - 0.5 * (math.log(2.0) + sp.psi(0.5 * df)),
    shapes="df",
    at=P,
    values=(3.5,),
)
law(
    "beta",
    lambda z, a, b: (a - 1.0) / z - (b - 1.0) / (1.0 - z),
    lambda z, a, b: np.log(z) - sp.psi(a) + sp.psi(a + b),
    lambda z, a, b: np.log1p(-z) - sp.psi(b) + sp.psi(a + b),
    shapes="a b",
    at=U,
    values=(2.3, 1.4),
)


def _t_by_df(z: Any, df: Any) -> Any:
    square = z * z
    gammas = sp.psi(0.5 * (df + 1.0)) - sp.psi(0.5 * df) - 1.0 / df
    return 0.5 * (gammas - np.log1p(square / df) + (df + 1.0) * square / (df * (df + square)))


law("t", lambda z, df: -(df + 1.0) * z / (df + z * z), _t_by_df, shapes="df", values=(3.5,))


def _f_part(z: Any, n: Any, dfn: Any, dfd: Any, inner: Any) -> Any:
    """Return the slope by the degrees of freedom n, of which `inner` is that of `dfd + dfn z`."""
    w = dfd + dfn * z
    return 0.5 * (np.log(n) + 1.0 - np.log(w) - (dfn + dfd) * inner / w - sp.psi(0.5 * n) + sp.psi(0.5 * (dfn + dfd)))


law(
    "f",
    lambda z, dfn, dfd: (0.5 * dfn - 1.0) / z - 0.5 * (dfn + dfd) * dfn / (dfd + dfn * z),
    lambda z, dfn, dfd: _f_part(z, dfn, dfn, dfd, z) + 0.5 * np.log(z),
    lambda z, dfn, dfd: _f_part(z, dfd, dfn, dfd, 1.0),
    shapes="dfn dfd",
    at=P,
    values=(3.5, 5.2),
)


# --- discrete laws ------------------------------------------------------------------------------------

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


discrete("poisson", "mu", lambda k, mu: k / mu - 1.0, values=(1.7,))
discrete("binom", "n p", None, lambda k, n, p: k / p - (n - k) / (1.0 - p), values=(5, 0.3))
discrete("bernoulli", "p", lambda k, p: k / p - (1.0 - k) / (1.0 - p), k=np.array([0, 1, 1]), values=(0.3,))
discrete("geom", "p", lambda k, p: 1.0 / p - (k - 1.0) / (1.0 - p), k=K + 1, values=(0.3,))
discrete(
    "nbinom",
    "n p",
    lambda k, n, p: sp.psi(k + n) - sp.psi(n) + np.log(p),
    lambda k, n, p: n / p - k / (1.0 - p),
    values=(3.5, 0.3),
)


# --- the normal law of several variables ----------------------------------------------------------------
# It reads the lower triangle of the covariance, so the gradient has that triangle only.


def deviation(x: Any, mean: Any) -> Any:
    return x if mean is None else x - mean


def whitened(x: Any, mean: Any, cov: Any) -> Any:
    """Return `cov^-1 (x - mean)`, row by row."""
    return np.linalg.solve(cov, deviation(x, mean).T).T


def mvn_x_vjp(g: Any, x: Any, mean: Any, cov: Any) -> Any:
    return -(np.expand_dims(g, -1) * whitened(x, mean, cov))


def mvn_mean_vjp(g: Any, x: Any, mean: Any, cov: Any) -> Any:
    return np.expand_dims(g, -1) * whitened(x, mean, cov)


def rows_of(x: Any) -> Any:
    return np.expand_dims(x, 0) if x.ndim == 1 else x


def mvn_cov_vjp(g: Any, x: Any, mean: Any, cov: Any) -> Any:
    w = rows_of(whitened(x, mean, cov))
    d = 0.5 * ((w.T * g) @ w - np.sum(g) * np.linalg.inv(cov))
    return shaped_like(half_lower(d + d.T), cov)


def mvn_cov_jvp(t: Any, out: Any, x: Any, mean: Any, cov: Any) -> Any:
    w = rows_of(whitened(x, mean, cov))
    s = np.tril(t) + np.tril(t, -1).T
    change = 0.5 * (np.sum((w @ s) * w, axis=1) - np.sum(np.linalg.inv(cov) * s))
    return np.reshape(change, np.shape(out))


def mvn_shape(x: Operand, mean: Operand, cov: Operand) -> Shape:
    if len(array_dims(cov.type)) != 2 or len(array_dims(x.type)) not in (1, 2) or len(array_dims(mean.type)) > 1:
        raise TypeError("multivariate_normal has a gradient rule for a matrix cov, a vector mean and x of 1 or 2 axes")
    if any(is_complex(a.type) for a in (x, mean, cov)):
        raise TypeError("multivariate_normal has a gradient rule for real numbers only")
    return Shape(array_dims(x.type)[:-1])


MVN_COV = np.array([[2.0, 0.3], [0.3, 1.0]])


def multivariate(name: str, log: bool) -> None:
    def times(g: Any, out: Any) -> Any:
        return g if log else g * out

    rule(
        getattr(st.multivariate_normal, name),
        "x mean=None cov=1",
        name=f"scipy.stats.multivariate_normal.{name}",
        vjp=(
            lambda g, out, x, mean, cov: mvn_x_vjp(times(g, out), x, mean, cov),
            lambda g, out, x, mean, cov: mvn_mean_vjp(times(g, out), x, mean, cov),
            lambda g, out, x, mean, cov: mvn_cov_vjp(times(g, out), x, mean, cov),
        ),
        jvp=(
            lambda t, out, x, mean, cov: times(-np.sum(t * whitened(x, mean, cov), axis=-1), out),
            lambda t, out, x, mean, cov: times(np.sum(t * whitened(x, mean, cov), axis=-1), out),
            lambda t, out, x, mean, cov: times(mvn_cov_jvp(t, out, x, mean, cov), out),
        ),
        infer=mvn_shape,
        samples=(
            sample(V[:2], P[1:], MVN_COV),
            sample(np.stack((V[:2], P[:2], U[1:])), P[1:], MVN_COV),
            sample(V[:2], None, MVN_COV, wrt=("x", "cov")),
        ),
    )


multivariate("logpdf", True)
multivariate("pdf", False)
