"""Further laws of `scipy.stats`, declared as the usual ones are: by scores, and slopes by their shapes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp
import scipy.stats as st

from adgen.rules.declare import formula, sample
from adgen.rules.scipy_densities import SQRT_TWO_PI, P, U, discrete, law, tail

# --- without a shape --------------------------------------------------------------------------------

law("arcsine", lambda z: 0.5 / (1.0 - z) - 0.5 / z, at=U)
law("semicircular", lambda z: -z / (1.0 - z * z), at=U - 0.5)
law("hypsecant", lambda z: -np.tanh(z))
law("moyal", lambda z: 0.5 * np.expm1(-z))
law("levy", lambda z: (0.5 / z - 1.5) / z, at=P)
law("wald", lambda z: -1.5 / z - 0.5 * (1.0 - 1.0 / (z * z)), at=P)

# --- with shapes ------------------------------------------------------------------------------------

law(
    "invgauss",
    lambda z, mu: -1.5 / z - 0.5 * (1.0 / (mu * mu) - 1.0 / (z * z)),
    lambda z, mu: (z - mu) / mu**3,
    shapes="mu",
    at=P,
    values=(1.2,),
)
law(
    "vonmises",
    lambda z, kappa: -kappa * np.sin(z),
    lambda z, kappa: np.cos(z) - sp.i1e(kappa) / sp.i0e(kappa),
    shapes="kappa",
    values=(1.4,),
)
law(
    "skewnorm",
    lambda z, a: a * tail(a * z) - z,
    lambda z, a: z * tail(a * z),
    shapes="a",
    values=(0.8,),
)
law(
    "truncnorm",
    lambda z, a, b: -z,
    lambda z, a, b: np.exp(-0.5 * a * a) / SQRT_TWO_PI / (sp.ndtr(b) - sp.ndtr(a)),
    lambda z, a, b: -np.exp(-0.5 * b * b) / SQRT_TWO_PI / (sp.ndtr(b) - sp.ndtr(a)),
    shapes="a b",
    values=(-1.8, 2.1),
)
law(
    "triang",
    lambda z, c: np.where(z < c, 1.0 / z, -1.0 / (1.0 - z)),
    lambda z, c: np.where(z < c, -1.0 / c, 1.0 / (1.0 - c)),
    shapes="c",
    at=U,
    values=(0.4,),
)
for name in ("loguniform", "reciprocal"):  # one law
    law(
        name,
        lambda z, a, b: -1.0 / z,
        lambda z, a, b: 1.0 / (a * np.log(b / a)),
        lambda z, a, b: -1.0 / (b * np.log(b / a)),
        shapes="a b",
        at=P,
        values=(0.1, 3.5),
    )
law(
    "genpareto",
    lambda z, c: -(1.0 + c) / (1.0 + c * z),
    lambda z, c: np.where(
        c == 0.0, 0.5 * z * z - z, (np.log1p(c * z) / c - (1.0 + c) * z / (1.0 + c * z)) / np.where(c == 0.0, 1.0, c)
    ),
    shapes="c",
    at=P,
    values=(0.3,),
)
law(
    "fisk",
    lambda z, c: (c - 1.0) / z - 2.0 * c * z ** (c - 1.0) / (1.0 + z**c),
    lambda z, c: 1.0 / c + np.log(z) * (1.0 - 2.0 * z**c / (1.0 + z**c)),
    shapes="c",
    at=P,
    values=(1.7,),
)
law(
    "nakagami",
    lambda z, nu: (2.0 * nu - 1.0) / z - 2.0 * nu * z,
    lambda z, nu: np.log(nu) + 1.0 - sp.psi(nu) + 2.0 * np.log(z) - z * z,
    shapes="nu",
    at=P,
    values=(1.6,),
)
law("powerlaw", lambda z, a: (a - 1.0) / z, lambda z, a: 1.0 / a + np.log(z), shapes="a", at=U, values=(1.6,))
law("lomax", lambda z, c: -(c + 1.0) / (1.0 + z), lambda z, c: 1.0 / c - np.log1p(z), shapes="c", at=P, values=(1.6,))
law("gompertz", lambda z, c: 1.0 - c * np.exp(z), lambda z, c: 1.0 / c - np.expm1(z), shapes="c", at=P, values=(0.6,))
law("loggamma", lambda z, c: c - np.exp(z), lambda z, c: z - sp.psi(c), shapes="c", values=(1.6,))
law(
    "gengamma",
    lambda z, a, c: (c * a - 1.0) / z - c * z ** (c - 1.0),
    lambda z, a, c: c * np.log(z) - sp.psi(a),
    lambda z, a, c: 1.0 / c + np.log(z) * (a - z**c),
    shapes="a c",
    at=P,
    values=(1.6, 1.3),
)
law(
    "betaprime",
    lambda z, a, b: (a - 1.0) / z - (a + b) / (1.0 + z),
    lambda z, a, b: np.log(z) - np.log1p(z) - sp.psi(a) + sp.psi(a + b),
    lambda z, a, b: -np.log1p(z) - sp.psi(b) + sp.psi(a + b),
    shapes="a b",
    at=P,
    values=(2.3, 1.4),
)
law(
    "genlogistic",
    lambda z, c: (c + 1.0) * sp.expit(-z) - 1.0,
    lambda z, c: 1.0 / c - np.log1p(np.exp(-z)),
    shapes="c",
    values=(1.6,),
)
law(
    "johnsonsu",
    lambda z, a, b: -z / (z * z + 1.0) - (a + b * np.arcsinh(z)) * b / np.sqrt(z * z + 1.0),
    lambda z, a, b: -(a + b * np.arcsinh(z)),
    lambda z, a, b: 1.0 / b - (a + b * np.arcsinh(z)) * np.arcsinh(z),
    shapes="a b",
    values=(0.4, 1.3),
)
law(
    "gennorm",
    lambda z, beta: -beta * np.abs(z) ** (beta - 1.0) * np.sign(z),
    lambda z, beta: 1.0 / beta + sp.psi(1.0 / beta) / beta**2 - np.abs(z) ** beta * np.log(np.abs(z)),
    shapes="beta",
    values=(1.7,),
)
law(
    "rice",
    lambda z, b: 1.0 / z - z + b * sp.i1e(z * b) / sp.i0e(z * b),
    lambda z, b: z * sp.i1e(z * b) / sp.i0e(z * b) - b,
    shapes="b",
    at=P,
    values=(0.9,),
)

# --- discrete ---------------------------------------------------------------------------------------

discrete("planck", "lambda_", lambda k, lambda_: 1.0 / np.expm1(lambda_) - k, values=(0.7,))
discrete("dlaplace", "a", lambda k, a: 1.0 / np.sinh(a) - np.abs(k), values=(0.7,))
discrete(
    "logser",
    "p",
    lambda k, p: k / p + 1.0 / ((1.0 - p) * np.log1p(-p)),
    k=np.array([1, 2, 4]),
    values=(0.4,),
)
discrete(
    "betabinom",
    "n a b",
    None,
    lambda k, n, a, b: sp.psi(k + a) - sp.psi(n + a + b) - sp.psi(a) + sp.psi(a + b),
    lambda k, n, a, b: sp.psi(n - k + b) - sp.psi(n + a + b) - sp.psi(b) + sp.psi(a + b),
    values=(5, 1.3, 2.1),
)

# --- of several variables ---------------------------------------------------------------------------


@formula(
    st.dirichlet.logpdf, sample(np.array([0.2, 0.3, 0.5]), P, kink="the sum must stay 1"),
    name="scipy.stats.dirichlet.logpdf",
)  # fmt: skip
def dirichlet_logpdf(x: Any, alpha: Any) -> Any:
    x, alpha = np.asarray(x), np.asarray(alpha)
    if x.shape[0] < alpha.shape[0]:
        x = np.concatenate((x, 1.0 - np.sum(x, axis=0, keepdims=True)))
    norm = np.sum(sp.gammaln(alpha)) - sp.gammaln(np.sum(alpha))
    return np.sum(sp.xlogy(alpha - 1.0, x.T).T, axis=0) - norm


def log_gamma_of_matrices(a: Any, p: Any) -> Any:
    """Return the logarithm of the gamma function of several variables."""
    return 0.25 * p * (p - 1) * math.log(math.pi) + np.sum(sp.gammaln(a - 0.5 * np.arange(p)))


S = np.array([[2.0, 0.3], [0.3, 1.0]])


@formula(
    st.wishart.logpdf, sample(S, 3.5, S @ S, kink="matrices must stay symmetric"), name="scipy.stats.wishart.logpdf"
)
def wishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    x, scale = np.asarray(x), np.asarray(scale)
    p = x.shape[0]
    norm = 0.5 * df * (p * math.log(2.0) + np.linalg.slogdet(scale)[1]) + log_gamma_of_matrices(0.5 * df, p)
    return 0.5 * ((df - p - 1) * np.linalg.slogdet(x)[1] - np.trace(np.linalg.solve(scale, x))) - norm


@formula(
    st.invwishart.logpdf,
    sample(S, 3.5, S @ S, kink="matrices must stay symmetric"),
    name="scipy.stats.invwishart.logpdf",
)
def invwishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    x, scale = np.asarray(x), np.asarray(scale)
    p = x.shape[0]
    norm = 0.5 * df * (p * math.log(2.0) - np.linalg.slogdet(scale)[1]) + log_gamma_of_matrices(0.5 * df, p)
    return -0.5 * ((df + p + 1) * np.linalg.slogdet(x)[1] + np.trace(np.linalg.solve(x, scale))) - norm


@formula(st.multinomial.logpmf, sample(np.array([1, 2, 1]), 4, np.array([0.2, 0.3, 0.5]), kink="the sum must stay 1"),
         name="scipy.stats.multinomial.logpmf")  # fmt: skip
def multinomial_logpmf(x: Any, n: Any, p: Any) -> Any:
    """The last probability is what the others leave, as SciPy takes it."""
    x, p = np.asarray(x), np.asarray(p)
    last = 1.0 - np.sum(p[:-1])
    terms = np.sum(sp.xlogy(x[..., :-1], p[:-1]), axis=-1) + sp.xlogy(x[..., -1], last)
    return np.asarray(sp.gammaln(n + 1.0) - np.sum(sp.gammaln(x + 1.0), axis=-1) + terms)
