"""Rules of the usual laws in `scipy.stats`; read only when the user's program has imported it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp
import scipy.stats as st

from adgen.ir.nodes import Operand
from adgen.ir.types import is_complex
from adgen.rules.axes import shaped_like
from adgen.rules.declare import rule, sample
from adgen.rules.factorisations import half_lower
from adgen.rules.scipy_densities import SQRT_TWO_PI, K, P, U, V, discrete, law
from adgen.rules.typing import Shape, array_dims

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
