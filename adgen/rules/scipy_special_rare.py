"""Rarer functions of `scipy.special`: orthogonal polynomials, spherical and Kelvin functions, inverse distributions.

Formulas: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp

from adgen.rules.core import has_complex, no_gradient
from adgen.rules.declare import elementwise, rule, sample
from adgen.rules.scipy_special import (
    ALL,
    INSIDE,
    POSITIVE,
    SQRT_PI,
    SQRT_TWO,
    SQRT_TWO_PI,
    P,
    Q,
    U,
    beta_density,
    gamma_density,
    several,
    special,
)
from adgen.rules.typing import broadcast

# --- orthogonal polynomials: DLMF 18.9(iii) -------------------------------------------------------------
# Of degree n; there is no derivative by the degree.

DEGREES = (sample(3, U, wrt=("x",)), sample(1, 0.7, wrt=("x",)), sample(0, 0.7, wrt=("x",)))
special("eval_legendre", None, lambda out, n, x: 0.5 * (n + 1) * sp.eval_jacobi(n - 1, 1.0, 1.0, x), samples=DEGREES)
special("eval_chebyt", None, lambda out, n, x: n * sp.eval_chebyu(n - 1, x), samples=DEGREES)
special("eval_chebyu", None, lambda out, n, x: 2.0 * sp.eval_gegenbauer(n - 1, 2.0, x), samples=DEGREES)
special("eval_hermite", None, lambda out, n, x: 2 * n * sp.eval_hermite(np.maximum(n - 1, 0), x), samples=DEGREES)
special("eval_hermitenorm", None, lambda out, n, x: n * sp.eval_hermitenorm(np.maximum(n - 1, 0), x), samples=DEGREES)
special("eval_laguerre", None, lambda out, n, x: -sp.eval_genlaguerre(n - 1, 1.0, x), samples=DEGREES)
special(
    "eval_genlaguerre",
    None,
    None,
    lambda out, n, alpha, x: -sp.eval_genlaguerre(n - 1, alpha + 1.0, x),
    samples=(sample(3, 0.4, U, wrt=("x",)), sample(0, 0.4, 0.7, wrt=("x",))),
)
special(
    "eval_gegenbauer",
    None,
    None,
    lambda out, n, alpha, x: 2.0 * alpha * sp.eval_gegenbauer(n - 1, alpha + 1.0, x),
    samples=(sample(3, 0.4, U, wrt=("x",)), sample(1, 0.4, 0.7, wrt=("x",))),
)
special(
    "eval_jacobi",
    None,
    None,
    None,
    lambda out, n, alpha, beta, x: 0.5 * (n + alpha + beta + 1.0) * sp.eval_jacobi(n - 1, alpha + 1.0, beta + 1.0, x),
    samples=(sample(3, 0.4, 0.2, U, wrt=("x",)), sample(1, 0.4, 0.2, 0.7, wrt=("x",))),
)
special(
    "lpmv",
    None,
    None,
    lambda out, m, v, x: ((v - m + 1.0) * sp.lpmv(m, v + 1, x) - (v + 1.0) * x * out) / (x * x - 1.0),  # 14.10.5
    samples=(sample(1, 2, U, wrt=("x",)), sample(0, 3, 0.7, wrt=("x",))),
)

# --- Bessel functions -----------------------------------------------------------------------------------

ORDERS = (sample(2, P, wrt=("z",)), sample(0, 0.7, wrt=("z",)), sample(1, P, derivative=True, wrt=("z",)))


def spherical(name: str, sign: float) -> None:
    """Declare a spherical Bessel function; its second derivative is that of its equation (10.47.1 and 10.47.2)."""
    fn = getattr(sp, name)

    def slope(out: Any, n: Any, z: Any, derivative: Any) -> Any:
        if derivative:
            return -2.0 * out / z + (n * (n + 1) / (z * z) - sign) * fn(n, z)
        return fn(n, z, derivative=True)

    elementwise(
        fn,
        None,
        slope,
        None,
        params="n z derivative=False",
        static=("derivative",),
        infer=lambda n, z, derivative: broadcast(n=n, z=z),
        name=f"scipy.special.{name}",
        samples=ORDERS,
    )


spherical("spherical_jn", 1.0)
spherical("spherical_yn", 1.0)
spherical("spherical_in", -1.0)
spherical("spherical_kn", -1.0)


def _real_alone(name: str, z: Any) -> Any:
    return no_gradient(f"scipy.special.{name} of complex numbers") if has_complex(z) else 0.0


REAL = (sample(2, P, wrt=("z",)), sample(0.5, 0.7, wrt=("z",)))
special(
    "jve",
    None,
    lambda out, v, z: 0.5 * (sp.jve(v - 1, z) - sp.jve(v + 1, z)) + _real_alone("jve", z),
    samples=REAL,
)
special(
    "yve",
    None,
    lambda out, v, z: 0.5 * (sp.yve(v - 1, z) - sp.yve(v + 1, z)) + _real_alone("yve", z),
    samples=REAL,
)
HANKEL = (sample(2, np.array([0.5 + 1.0j, 1.2 - 0.3j]), wrt=("z",)),)
special("hankel1", None, lambda out, v, z: 0.5 * (sp.hankel1(v - 1, z) - sp.hankel1(v + 1, z)), samples=HANKEL)
special("hankel2", None, lambda out, v, z: 0.5 * (sp.hankel2(v - 1, z) - sp.hankel2(v + 1, z)), samples=HANKEL)
special(
    "hankel1e",
    None,
    lambda out, v, z: 0.5 * (sp.hankel1e(v - 1, z) - sp.hankel1e(v + 1, z)) - 1j * out,
    samples=HANKEL,
)
special(
    "hankel2e",
    None,
    lambda out, v, z: 0.5 * (sp.hankel2e(v - 1, z) - sp.hankel2e(v + 1, z)) + 1j * out,
    samples=HANKEL,
)
STRUVE = (sample(0.5, P, wrt=("x",)), sample(2, 0.7, wrt=("x",)))
special("struve", None, lambda out, v, x: sp.struve(v - 1, x) - v * out / x, samples=STRUVE)  # 11.4.27
special("modstruve", None, lambda out, v, x: sp.modstruve(v - 1, x) - v * out / x, samples=STRUVE)  # 11.4.29

# Kelvin functions: w = ber + i bei has x w'' + w' = i x w (10.61.3).
special("ber", lambda out, x: sp.berp(x), samples=POSITIVE)
special("bei", lambda out, x: sp.beip(x), samples=POSITIVE)
special("ker", lambda out, x: sp.kerp(x), samples=POSITIVE)
special("kei", lambda out, x: sp.keip(x), samples=POSITIVE)
special("berp", lambda out, x: -sp.bei(x) - out / x, samples=POSITIVE)
special("beip", lambda out, x: sp.ber(x) - out / x, samples=POSITIVE)
special("kerp", lambda out, x: -sp.kei(x) - out / x, samples=POSITIVE)
special("keip", lambda out, x: sp.ker(x) - out / x, samples=POSITIVE)

# --- elliptic integrals ---------------------------------------------------------------------------------


special(
    "ellipkm1",
    lambda out, p: (p * out - sp.ellipe(1.0 - p)) / (2.0 * p * (1.0 - p)),  # 19.4.1
    samples=INSIDE,
)
TRIPLE = (sample(P, Q, 0.4), sample(0.7, 1.2, 0.3))


def _second(out: Any, x: Any, y: Any, z: Any) -> Any:
    """Return the derivative of R_D by x, a second one of R_F: that is a solution of 19.18.8."""
    return 0.5 * (out - sp.elliprd(z, y, x)) / (z - x)


special(  # homogeneous of degree -3/2: 19.18.10
    "elliprd",
    lambda out, x, y, z: _second(out, x, y, z),
    lambda out, x, y, z: _second(out, y, x, z),
    lambda out, x, y, z: -(1.5 * out + x * _second(out, x, y, z) + y * _second(out, y, x, z)) / z,
    samples=TRIPLE,
)
special(  # 19.18.1
    "elliprf",
    lambda out, x, y, z: -sp.elliprd(y, z, x) / 6.0,
    lambda out, x, y, z: -sp.elliprd(x, z, y) / 6.0,
    lambda out, x, y, z: -sp.elliprd(x, y, z) / 6.0,
    samples=TRIPLE,
)
special(  # homogeneous of degree -1/2: no R_D whose last argument is another one, which has no second derivative here
    "elliprc",
    lambda out, x, y: -sp.elliprd(y, y, x) / 6.0,
    lambda out, x, y: (x * sp.elliprd(y, y, x) / 6.0 - 0.5 * out) / y,
    samples=(sample(P, 0.4), sample(0.7, 1.2)),
)

# --- error functions, integrals -------------------------------------------------------------------------

special("wofz", lambda out, z: 2j / SQRT_PI - 2.0 * z * out, samples=(sample(np.array([0.5 + 1.0j, 1.2 - 0.3j])),))


def _voigt_slope(x: Any, sigma: Any, gamma: Any) -> Any:
    """Return the derivative of w at (x + i gamma) / (sigma sqrt(2)), in the profile's scale by x (7.19.4)."""
    z = (x + 1j * gamma) / (sigma * SQRT_TWO)
    return (2j / SQRT_PI - 2.0 * z * sp.wofz(z)) / (sigma * sigma * SQRT_TWO * SQRT_TWO_PI)


def _voigt_sigma(out: Any, x: Any, sigma: Any, gamma: Any) -> Any:
    return -(out + np.real(_voigt_slope(x, sigma, gamma) * (x + 1j * gamma))) / sigma


special(
    "voigt_profile",
    lambda out, x, sigma, gamma: np.real(_voigt_slope(x, sigma, gamma)),
    _voigt_sigma,
    lambda out, x, sigma, gamma: -np.imag(_voigt_slope(x, sigma, gamma)),
    samples=(sample(U, 0.7, 0.4), sample(-0.7, 1.2, P)),
)
special("wrightomega", lambda out, z: out / (1.0 + out), samples=ALL)
special("softplus", lambda out, x: sp.expit(x), samples=ALL)
special("zeta", None, lambda out, x, q: -x * sp.zeta(x + 1.0, q), samples=(sample(2.5, P, wrt=("q",)),))


def two_results(name: str, vjp: Any, jvp: Any, samples: Any = POSITIVE) -> None:
    fn = getattr(sp, name)
    rule(fn, "x", name=f"scipy.special.{name}", vjp=vjp, jvp=jvp, infer=several(2), samples=samples)


two_results(
    "shichi",
    lambda g, x: g[0] * np.sinh(x) / x + g[1] * np.cosh(x) / x,
    lambda t, x: (t * np.sinh(x) / x, t * np.cosh(x) / x),
)
two_results("itj0y0", lambda g, x: g[0] * sp.j0(x) + g[1] * sp.y0(x), lambda t, x: (t * sp.j0(x), t * sp.y0(x)))
two_results("iti0k0", lambda g, x: g[0] * sp.i0(x) + g[1] * sp.k0(x), lambda t, x: (t * sp.i0(x), t * sp.k0(x)))
two_results(
    "it2j0y0",
    lambda g, x: (g[0] * (1.0 - sp.j0(x)) - g[1] * sp.y0(x)) / x,
    lambda t, x: (t * (1.0 - sp.j0(x)) / x, -t * sp.y0(x) / x),
)

# --- powers and angles ----------------------------------------------------------------------------------

special(
    "powm1",
    lambda out, x, y: y * x ** (y - 1.0),
    lambda out, x, y: (out + 1.0) * np.log(x),
    samples=(sample(P, 0.4), sample(0.7, Q)),
)
special(
    "boxcox1p",
    lambda out, x, lmbda: (1.0 + x) ** (lmbda - 1.0),
    None,
    samples=(sample(P, 0.5, wrt=("x",)), sample(P, 0, wrt=("x",))),
)
special("inv_boxcox1p", lambda out, y, lmbda: (out + 1.0) ** (1.0 - lmbda), None, samples=(sample(U, 0.5, wrt=("y",)),))
special("cotdg", lambda out, x: -(1.0 + out * out) * (math.pi / 180.0), samples=(sample(np.array([30.0, 75.0])),))
special(
    "radian",
    lambda out, d, m, s: math.pi / 180.0,
    lambda out, d, m, s: math.pi / 10800.0,
    lambda out, d, m, s: math.pi / 648000.0,
    samples=(sample(P, 2.0, 3.0),),
)
special(
    "wright_bessel",
    None,
    None,
    lambda out, a, b, x: sp.wright_bessel(a, a + b, x),  # 10.46.1
    samples=(sample(0.5, 0.7, P, wrt=("x",)),),
)
special(
    "log_wright_bessel",
    None,
    None,
    lambda out, a, b, x: np.exp(sp.log_wright_bessel(a, a + b, x) - out),
    samples=(sample(0.5, 0.7, P, wrt=("x",)),),
)

# --- distribution functions and their inverses ----------------------------------------------------------


def _f_density(dfn: Any, dfd: Any, x: Any) -> Any:
    """Return the density of Fisher's law: its distribution function is an incomplete beta function of this u."""
    u = dfn * x / (dfn * x + dfd)
    return beta_density(0.5 * dfn, 0.5 * dfd, u) * u * (1.0 - u) / x


special(
    "fdtr", None, None, lambda out, dfn, dfd, x: _f_density(dfn, dfd, x), samples=(sample(3.0, 4.5, P, wrt=("x",)),)
)
special(
    "fdtrc", None, None, lambda out, dfn, dfd, x: -_f_density(dfn, dfd, x), samples=(sample(3.0, 4.5, P, wrt=("x",)),)
)
special(
    "fdtri", None, None, lambda out, dfn, dfd, p: 1.0 / _f_density(dfn, dfd, out),
    samples=(sample(3.0, 4.5, U, wrt=("p",)),), params="dfn dfd p",
)  # fmt: skip
special(
    "gdtr",
    lambda out, a, b, x: x * gamma_density(b, a * x),
    None,
    lambda out, a, b, x: a * gamma_density(b, a * x),
    samples=(sample(1.5, 2.2, P, wrt=("a", "x")),),
)
special(
    "gdtrc",
    lambda out, a, b, x: -x * gamma_density(b, a * x),
    None,
    lambda out, a, b, x: -a * gamma_density(b, a * x),
    samples=(sample(1.5, 2.2, P, wrt=("a", "x")),),
)
COUNTS = (sample(2, 5, U, wrt=("p",)),)
special("nbdtr", None, None, lambda out, k, n, p: beta_density(n, k + 1.0, p), samples=COUNTS)
special("nbdtrc", None, None, lambda out, k, n, p: -beta_density(n, k + 1.0, p), samples=COUNTS)
special(
    "betainccinv",
    None,
    None,
    lambda out, a, b, y: -1.0 / beta_density(a, b, out),
    samples=(sample(2.5, 0.7, U, wrt=("y",)),),
)
special(
    "chdtri",
    None,
    lambda out, v, p: -2.0 / gamma_density(0.5 * v, 0.5 * out),
    samples=(sample(3.5, U, wrt=("p",)),),
)
special(
    "tklmbda",
    lambda out, x, lmbda: 1.0 / (out ** (lmbda - 1.0) + (1.0 - out) ** (lmbda - 1.0)),
    None,
    samples=(sample(U, 0.4, wrt=("x",)),),
)
