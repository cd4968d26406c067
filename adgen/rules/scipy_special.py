"""Rules of `scipy.special`; read only when the user's program has imported it.

Formulas: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov. Where a function has a derivative in
some of its arguments only (orders, degrees of freedom), a program that differentiates another one is refused.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp

from adgen.rules.axes import Axis, keep, numbers
from adgen.rules.core import has_complex, no_gradient
from adgen.rules.declare import elementwise, rule, sample, static
from adgen.rules.typing import Shape, array_dims, known, reduce_dims, same_as

V = np.array([0.5, -1.25, 2.0, -0.3])
P = np.array([0.5, 1.25, 3.0])
Q = np.array([1.5, 0.75, 2.25])
U = np.array([0.5, 0.75, 0.1])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
SQRT_PI = math.sqrt(math.pi)
SQRT_TWO = math.sqrt(2.0)
SQRT_TWO_PI = math.sqrt(2.0 * math.pi)
ALL = (sample(V), sample(0.7), sample(0.0))
POSITIVE = (sample(P), sample(0.7))
INSIDE = (sample(U), sample(0.7))


def special(name: str, *partials: Any, samples: Any = ALL, params: str | None = None, **options: Any) -> None:
    """Declare an elementwise function, if this SciPy has it."""
    if hasattr(sp, name):
        elementwise(
            getattr(sp, name), *partials, name=f"scipy.special.{name}", samples=samples, params=params, **options
        )


def share(x: Any, y: Any) -> Any:
    """Return x / y; 0 where x is 0."""
    return np.where(x == 0, 0.0, x / np.where(x == 0, 1.0, y))


# --- gamma and beta functions -----------------------------------------------------------------------


def _rgamma_slope(out: Any, x: Any) -> Any:
    """Return `-psi(x) rgamma(x)`; next to the pole of psi at 0 by the recurrence `rgamma(x) = x rgamma(x + 1)`."""
    near = np.abs(x) < 0.3
    z = np.where(near, x + 1.0, 1.0)
    return np.where(near, sp.rgamma(z) * (1.0 - x * sp.psi(z)), -sp.psi(np.where(near, 1.0, x)) * out)


special("gamma", lambda out, x: out * sp.psi(x), samples=(*POSITIVE, sample(np.array([-0.5, -1.3]))))
special("gammaln", lambda out, x: sp.psi(x), samples=(*POSITIVE, sample(np.array([-0.5, -1.3]))))
special("loggamma", lambda out, x: sp.psi(x), samples=(*POSITIVE, sample(np.array([0.5 + 1.0j]), second=False)))
special("rgamma", _rgamma_slope, samples=(*POSITIVE, sample(np.array([-0.5, -1.3, 0.0, 1e-12]))))
special("psi", lambda out, x: sp.polygamma(1, x), samples=POSITIVE)
elementwise(
    sp.polygamma,
    None,
    lambda out, n, x: sp.polygamma(n + 1, x),
    name="scipy.special.polygamma",
    infer=lambda n, x: Shape(array_dims(x.type) or array_dims(n.type)),
    samples=(sample(0, P), sample(2, P)),
)
special(
    "beta",
    lambda out, a, b: out * (sp.psi(a) - sp.psi(a + b)),
    lambda out, a, b: out * (sp.psi(b) - sp.psi(a + b)),
    samples=(sample(P, Q), sample(0.7, P)),
)
special(
    "betaln",
    lambda out, a, b: sp.psi(a) - sp.psi(a + b),
    lambda out, a, b: sp.psi(b) - sp.psi(a + b),
    samples=(sample(P, Q), sample(0.7, P)),
)
special(
    "binom",
    lambda out, n, k: out * (sp.psi(n + 1.0) - sp.psi(n - k + 1.0)),
    lambda out, n, k: out * (sp.psi(n - k + 1.0) - sp.psi(k + 1.0)),
    samples=(sample(P + 2.5, P), sample(5.3, Q)),
)
special(
    "poch",
    lambda out, z, m: out * (sp.psi(z + m) - sp.psi(z)),
    lambda out, z, m: out * sp.psi(z + m),
    samples=(sample(P, Q), sample(0.7, P)),
)


def multigammaln_slope(a: Any, d: int) -> Any:
    total = 0.0
    for j in numbers(d):
        total = total + sp.psi(a - 0.5 * j)
    return total


rule(
    sp.multigammaln,
    "a d",
    args=("a",),
    name="scipy.special.multigammaln",
    static=("d",),
    vjp={"a": lambda g, a, d: g * multigammaln_slope(a, d)},
    jvp={"a": lambda t, a, d: t * multigammaln_slope(a, d)},
    infer=lambda a, d: Shape(array_dims(a.type)),
    samples=(sample(P + 2.0, 3), sample(2.7, 1)),
)


def gamma_density(a: Any, x: Any) -> Any:
    return np.exp(sp.xlogy(a - 1.0, x) - x - sp.gammaln(a))


def beta_density(a: Any, b: Any, x: Any) -> Any:
    return np.exp(sp.xlogy(a - 1.0, x) + sp.xlog1py(b - 1.0, -x) - sp.betaln(a, b))


special("gammainc", None, lambda out, a, x: gamma_density(a, x), samples=(sample(2.5, P, wrt=("x",)),))
special("gammaincc", None, lambda out, a, x: -gamma_density(a, x), samples=(sample(2.5, P, wrt=("x",)),))
special("gammaincinv", None, lambda out, a, y: 1.0 / gamma_density(a, out), samples=(sample(2.5, U, wrt=("y",)),))
special("gammainccinv", None, lambda out, a, y: -1.0 / gamma_density(a, out), samples=(sample(2.5, U, wrt=("y",)),))
BETAS = (sample(2.5, 0.7, U, wrt=("x",)),)
special("betainc", None, None, lambda out, a, b, x: beta_density(a, b, x), samples=BETAS)
special("betaincc", None, None, lambda out, a, b, x: -beta_density(a, b, x), samples=BETAS)
special(
    "betaincinv",
    None,
    None,
    lambda out, a, b, y: 1.0 / beta_density(a, b, out),
    samples=(sample(2.5, 0.7, U, wrt=("y",)),),
)


# --- error functions, the normal distribution ---------------------------------------------------------

special("erf", lambda out, x: 2.0 / SQRT_PI * np.exp(-x * x), samples=(*ALL, sample(30.0)))
special("erfc", lambda out, x: -2.0 / SQRT_PI * np.exp(-x * x), samples=(*ALL, sample(30.0)))
FAR = 30.0  # from where an asymptotic series of a slope is exact, where its formula begins to cancel (DLMF 7.12)


def _erfcx_slope(out: Any, x: Any) -> Any:
    far = x > FAR
    t = 0.5 / np.square(np.where(far, x, FAR))
    series = t * (1.0 - 3.0 * t * (1.0 - 5.0 * t * (1.0 - 7.0 * t * (1.0 - 9.0 * t * (1.0 - 11.0 * t)))))
    return 2.0 * np.where(far, -series / SQRT_PI, x * out - 1.0 / SQRT_PI)


def _dawsn_slope(out: Any, x: Any) -> Any:
    far = np.abs(x) > FAR
    t = 0.5 / np.square(np.where(far, x, FAR))
    series = t * (1.0 + 3.0 * t * (1.0 + 5.0 * t * (1.0 + 7.0 * t * (1.0 + 9.0 * t * (1.0 + 11.0 * t)))))
    return np.where(far, -series, 1.0 - 2.0 * x * out)


def _log_ndtr_slope(out: Any, x: Any) -> Any:
    """Return the inverse Mills ratio, in the form that is exact on each side of 0."""
    left = 2.0 / SQRT_TWO_PI / sp.erfcx(np.maximum(-x, 0.0) / SQRT_TWO)
    return np.where(x < 0.0, left, np.exp(-0.5 * x * x - out) / SQRT_TWO_PI)


special("erfcx", _erfcx_slope, samples=(*ALL, sample(np.array([29.0, 31.0, 1e4, 1e9]))))
special("erfi", lambda out, x: 2.0 / SQRT_PI * np.exp(x * x), samples=ALL)
special("dawsn", _dawsn_slope, samples=(*ALL, sample(np.array([-29.0, -31.0, 1e4, 1e9]))))
special("erfinv", lambda out, x: 0.5 * SQRT_PI * np.exp(out * out), samples=(sample(U), sample(-0.3)))
special("erfcinv", lambda out, x: -0.5 * SQRT_PI * np.exp(out * out), samples=(sample(U), sample(1.3)))
special("ndtr", lambda out, x: np.exp(-0.5 * x * x) / SQRT_TWO_PI, samples=ALL)
special("log_ndtr", _log_ndtr_slope, samples=(*ALL, sample(-30.0), sample(np.array([-1e6, 5.0, 100.0]))))
special("ndtri", lambda out, x: SQRT_TWO_PI * np.exp(0.5 * out * out), samples=INSIDE)
special("ndtri_exp", lambda out, x: SQRT_TWO_PI * np.exp(x + 0.5 * out * out), samples=(sample(-P), sample(-0.7)))


# --- logistic functions, entropies ------------------------------------------------------------------

special("expit", lambda out, x: out * sp.expit(-x), samples=(*ALL, sample(800.0)))
special("logit", lambda out, x: 1.0 / (x * (1.0 - x)), samples=INSIDE)
special("log_expit", lambda out, x: sp.expit(-x), samples=(*ALL, sample(-800.0)))
special("xlogy", lambda out, x, y: np.log(y), lambda out, x, y: share(x, y), samples=(sample(V[:3], P), sample(0.7, P)))
special(
    "xlog1py",
    lambda out, x, y: np.log1p(y),
    lambda out, x, y: share(x, 1.0 + y),
    samples=(sample(V[:3], P), sample(0.7, U)),
)
special("entr", lambda out, x: np.where(x < 0, 0.0, -np.log(np.abs(x)) - 1.0), samples=POSITIVE)
special(
    "rel_entr",
    lambda out, x, y: np.log(x / y) + 1.0,
    lambda out, x, y: -share(x, y),
    samples=(sample(P, Q), sample(0.7, P)),
)
special(
    "kl_div",
    lambda out, x, y: np.log(x / y),
    lambda out, x, y: 1.0 - share(x, y),
    samples=(sample(P, Q), sample(0.7, P)),
)
special(
    "huber",
    lambda out, delta, r: np.maximum(np.abs(r) - delta, 0.0),
    lambda out, delta, r: np.clip(r, -delta, delta),
    samples=(sample(P[:2], V[1:3]), sample(0.7, 1.3), sample(0.7, -0.3)),
)
special(
    "pseudo_huber",
    lambda out, delta, r: 2.0 * out / delta - r * r / (delta * np.sqrt(1.0 + (r / delta) ** 2)),
    lambda out, delta, r: r / np.sqrt(1.0 + (r / delta) ** 2),
    samples=(sample(P[:2], V[:2]), sample(0.7, 1.3)),
)
special(
    "boxcox",
    lambda out, x, lmbda: x ** (lmbda - 1.0),
    None,
    samples=(sample(P, 0.5, wrt=("x",)), sample(P, 0, wrt=("x",))),
)
special("inv_boxcox", lambda out, y, lmbda: out ** (1.0 - lmbda), None, samples=(sample(U, 0.5, wrt=("y",)),))


# --- exponentials and powers --------------------------------------------------------------------------


def _exprel_slope(out: Any, x: Any) -> Any:
    near = np.abs(x) < 1e-2
    series = 0.5 + x * (1.0 / 3.0 + x * (0.125 + x * (1.0 / 30.0 + x * (1.0 / 144.0 + x / 840.0))))
    return np.where(near, series, (np.exp(x) - out) / np.where(near, 1.0, x))


special("expm1", lambda out, x: out + 1.0)
special("log1p", lambda out, x: 1.0 / (1.0 + x), samples=POSITIVE)
special("cbrt", lambda out, x: 1.0 / (3.0 * out * out), samples=(sample(V), sample(0.7)))
special("exp2", lambda out, x: out * math.log(2.0))
special("exp10", lambda out, x: out * math.log(10.0))
special("cosm1", lambda out, x: -np.sin(x))
special("exprel", _exprel_slope, samples=(sample(V), sample(0.7), sample(0.0), sample(1e-4)))
special("sindg", lambda out, x: sp.cosdg(x) * (math.pi / 180.0), samples=(sample(10.0 * V), sample(0.7)))
special("cosdg", lambda out, x: -sp.sindg(x) * (math.pi / 180.0), samples=(sample(10.0 * V), sample(0.7)))
special("tandg", lambda out, x: (1.0 + out * out) * (math.pi / 180.0), samples=(sample(10.0 * V), sample(0.7)))
elementwise(
    sp.lambertw,
    lambda out, z, k, tol: np.exp(-out) / (1.0 + out),
    None,
    None,
    params="z k=0 tol=1e-08",
    name="scipy.special.lambertw",
    infer=same_as("z"),
    samples=(sample(P), sample(np.array([0.5 + 1.0j]), 1)),
)


# --- Bessel functions: in the argument ----------------------------------------------------------------

special("j0", lambda out, x: -sp.j1(x))
special("j1", lambda out, x: 0.5 * (sp.j0(x) - sp.jv(2, x)))
special("y0", lambda out, x: -sp.y1(x), samples=POSITIVE)
special("y1", lambda out, x: 0.5 * (sp.y0(x) - sp.yn(2, x)), samples=POSITIVE)
special("i0", lambda out, x: sp.i1(x))
special("i1", lambda out, x: 0.5 * (sp.i0(x) + sp.iv(2, x)))
special("i0e", lambda out, x: sp.i1e(x) - np.sign(x) * out, samples=(sample(V), sample(0.7)))
special("i1e", lambda out, x: 0.5 * (sp.i0e(x) + sp.ive(2, x)) - np.sign(x) * out, samples=(sample(V), sample(0.7)))
special("k0", lambda out, x: -sp.k1(x), samples=POSITIVE)
special("k1", lambda out, x: -0.5 * (sp.k0(x) + sp.kn(2, x)), samples=POSITIVE)
special("k0e", lambda out, x: out - sp.k1e(x), samples=POSITIVE)
special("k1e", lambda out, x: out - 0.5 * (sp.k0e(x) + sp.kve(2, x)), samples=POSITIVE)
ORDERS = (sample(1.5, P, wrt=("z",)), sample(2, P, wrt=("z",)))
special("jv", None, lambda out, v, z: 0.5 * (sp.jv(v - 1, z) - sp.jv(v + 1, z)), samples=ORDERS)
special("yv", None, lambda out, v, z: 0.5 * (sp.yv(v - 1, z) - sp.yv(v + 1, z)), samples=ORDERS)
special("iv", None, lambda out, v, z: 0.5 * (sp.iv(v - 1, z) + sp.iv(v + 1, z)), samples=ORDERS)
special("kv", None, lambda out, v, z: -0.5 * (sp.kv(v - 1, z) + sp.kv(v + 1, z)), samples=ORDERS)


def _ive_slope(out: Any, v: Any, z: Any) -> Any:
    if has_complex(z):
        return no_gradient("scipy.special.ive of complex numbers")
    return 0.5 * (sp.ive(v - 1, z) + sp.ive(v + 1, z)) - np.sign(z) * out


special("ive", None, _ive_slope, samples=ORDERS)
special("kve", None, lambda out, v, z: out - 0.5 * (sp.kve(v - 1, z) + sp.kve(v + 1, z)), samples=ORDERS)
INTEGER_ORDERS = (sample(2, P, wrt=("x",)), sample(1, P, wrt=("x",)))
special("yn", None, lambda out, n, x: 0.5 * (sp.yv(n - 1, x) - sp.yv(n + 1, x)), samples=INTEGER_ORDERS)
special("kn", None, lambda out, n, x: -0.5 * (sp.kv(n - 1, x) + sp.kv(n + 1, x)), samples=INTEGER_ORDERS)


# --- distribution functions of old names: in the argument ----------------------------------------------

special(
    "stdtr",
    None,
    lambda out, df, t: (
        np.exp(sp.gammaln(0.5 * (df + 1.0)) - sp.gammaln(0.5 * df) - 0.5 * (df + 1.0) * np.log1p(t * t / df))
        / np.sqrt(math.pi * df)
    ),
    samples=(sample(3.5, V, wrt=("t",)),),
)
special("chdtr", None, lambda out, v, x: 0.5 * gamma_density(0.5 * v, 0.5 * x), samples=(sample(3.5, P, wrt=("x",)),))
special("chdtrc", None, lambda out, v, x: -0.5 * gamma_density(0.5 * v, 0.5 * x), samples=(sample(3.5, P, wrt=("x",)),))
special("pdtr", None, lambda out, k, m: -gamma_density(k + 1.0, m), samples=(sample(3, P, wrt=("m",)),))
special("pdtrc", None, lambda out, k, m: gamma_density(k + 1.0, m), samples=(sample(3, P, wrt=("m",)),))


# --- several results ------------------------------------------------------------------------------------


def several(n: int) -> Any:
    return lambda **b: (Shape(array_dims(next(iter(b.values())).type)),) * n


def _airy_jvp(t: Any, out: Any, z: Any) -> Any:
    return t * out[1], t * z * out[0], t * out[3], t * z * out[2]


PAIR: dict[str, Any] = {"infer": several(2)}
rule(
    sp.airy,
    "z",
    name="scipy.special.airy",
    vjp=lambda g, out, z: g[0] * out[1] + g[1] * z * out[0] + g[2] * out[3] + g[3] * z * out[2],
    jvp=_airy_jvp,
    infer=several(4),
    samples=(sample(V), sample(0.7)),
)
rule(
    sp.sici,
    "x",
    name="scipy.special.sici",
    vjp=lambda g, x: g[0] * np.sinc(x / math.pi) + g[1] * np.cos(x) / x,
    jvp=lambda t, x: (t * np.sinc(x / math.pi), t * np.cos(x) / x),
    samples=(sample(P), sample(0.7)),
    **PAIR,
)
rule(
    sp.fresnel,
    "x",
    name="scipy.special.fresnel",
    vjp=lambda g, x: g[0] * np.sin(0.5 * math.pi * x * x) + g[1] * np.cos(0.5 * math.pi * x * x),
    jvp=lambda t, x: (t * np.sin(0.5 * math.pi * x * x), t * np.cos(0.5 * math.pi * x * x)),
    samples=(sample(V), sample(0.7)),
    **PAIR,
)


# --- over axes ------------------------------------------------------------------------------------------


@static
def no_sign(return_sign: bool) -> None:
    if return_sign:
        raise TypeError("scipy.special.logsumexp has a gradient rule with return_sign=False only")


def parts_of_sum(out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    """Return `exp(a - out)`; 0 where the whole sum is 0."""
    whole = keep(out, axis, keepdims)
    return np.exp(a - np.where(whole == -np.inf, 0.0, whole))


def shares_of_sum(out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    """Return the same where the sum is that of exp(a): the parts have the sum 1, also where a is too large for it."""
    parts = parts_of_sum(out, a, axis, keepdims)
    whole = np.sum(parts, axis=axis, keepdims=True)
    return parts / np.where(whole == 0.0, 1.0, whole)


def logsumexp_share(out: Any, a: Any, axis: Axis, b: Any, keepdims: bool) -> Any:
    if b is None:
        return shares_of_sum(out, a, axis, keepdims)
    return parts_of_sum(out, a, axis, keepdims) * b


def logsumexp_a_jvp(t: Any, out: Any, a: Any, axis: Axis, b: Any, keepdims: bool, return_sign: bool) -> Any:
    no_sign(return_sign)
    return np.sum(t * logsumexp_share(out, a, axis, b, keepdims), axis=axis, keepdims=keepdims)


def logsumexp_a_vjp(g: Any, out: Any, a: Any, axis: Axis, b: Any, keepdims: bool, return_sign: bool) -> Any:
    no_sign(return_sign)
    return keep(g, axis, keepdims) * logsumexp_share(out, a, axis, b, keepdims)


def logsumexp_b_vjp(g: Any, out: Any, a: Any, axis: Axis, keepdims: bool, return_sign: bool) -> Any:
    no_sign(return_sign)
    return keep(g, axis, keepdims) * parts_of_sum(out, a, axis, keepdims)


def logsumexp_b_jvp(t: Any, out: Any, a: Any, axis: Axis, keepdims: bool, return_sign: bool) -> Any:
    no_sign(return_sign)
    return np.sum(t * parts_of_sum(out, a, axis, keepdims), axis=axis, keepdims=keepdims)


rule(
    sp.logsumexp,
    "a axis=None b=None keepdims=False return_sign=False",
    args=("a", "b"),
    name="scipy.special.logsumexp",
    static=("axis", "keepdims", "return_sign"),
    vjp=(logsumexp_a_vjp, logsumexp_b_vjp),
    jvp=(logsumexp_a_jvp, logsumexp_b_jvp),
    infer=lambda a, axis, b, keepdims, return_sign: Shape(
        reduce_dims(array_dims(a.type), known(axis), known(keepdims, "keepdims"))
    ),
    samples=(
        sample(V),
        sample(M, axis=0),
        sample(M, 1, keepdims=True),
        sample(M, axis=(0, 1)),
        sample(M, axis=1, b=M**2),
        sample(np.array([800.0, 801.0])),
        sample(np.array([-np.inf, -np.inf]), kink="a sum of 0", second=False),
    ),
)
rule(
    sp.softmax,
    "x axis=None",
    name="scipy.special.softmax",
    static=("axis",),
    vjp=lambda g, out, axis: out * (g - np.sum(g * out, axis=axis, keepdims=True)),
    jvp=lambda t, out, axis: out * (t - np.sum(t * out, axis=axis, keepdims=True)),
    infer=same_as("x"),
    samples=(sample(V), sample(M, axis=0), sample(M, -1), sample(M, (0, 1))),
)
rule(
    sp.log_softmax,
    "x axis=None",
    name="scipy.special.log_softmax",
    static=("axis",),
    vjp=lambda g, out, axis: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True),
    jvp=lambda t, out, axis: t - np.sum(t * np.exp(out), axis=axis, keepdims=True),
    infer=same_as("x"),
    samples=(sample(V), sample(M, axis=0), sample(M, -1), sample(np.array([800.0, 0.0]))),
)
