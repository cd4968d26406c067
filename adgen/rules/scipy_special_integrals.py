"""Rules of `scipy.special`: exponential, elliptic and hypergeometric integrals, the dilogarithm.

Formulas: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp

from adgen.ir.nodes import Operand
from adgen.ir.types import is_complex
from adgen.rules.declare import formula, sample
from adgen.rules.scipy_special import POSITIVE, SQRT_TWO_PI, P, Q, U, V, special
from adgen.rules.typing import Shape, broadcast


def _expn_slope(out: Any, n: Any, x: Any) -> Any:
    return np.where(n == 0, -np.exp(-x) * (1.0 + x) / (x * x), -sp.expn(np.maximum(n - 1, 0), x))


def _ellipk_slope(out: Any, m: Any) -> Any:
    """Return `(E - (1 - m) K) / (2 m (1 - m))`; around 0, where that cancels, the series itself (DLMF 19.5.1)."""
    near = np.abs(m) < 0.5
    series = math.pi / 8.0 * sp.hyp2f1(1.5, 1.5, 2.0, np.where(near, m, 0.0))
    return np.where(near, series, (sp.ellipe(m) / (1.0 - m) - out) / np.where(near, 1.0, 2.0 * m))


def _ellipe_slope(out: Any, m: Any) -> Any:
    """Return `(E - K) / (2 m)`, likewise."""
    near = np.abs(m) < 0.5
    series = -math.pi / 8.0 * sp.hyp2f1(0.5, 1.5, 2.0, np.where(near, m, 0.0))
    return np.where(near, series, (out - sp.ellipk(m)) / np.where(near, 1.0, 2.0 * m))


def _spence_slope(out: Any, z: Any) -> Any:
    """Return `log(z) / (1 - z)`."""
    u = z - 1.0
    near = np.abs(u) < 1e-3
    series = u * (0.5 - u * (1.0 / 3.0 - u * (0.25 - u * (0.2 - u / 6.0)))) - 1.0
    return np.where(near, series, np.log(z) / np.where(near, 1.0, -u))


special("exp1", lambda out, x: -np.exp(-x) / x, samples=POSITIVE)
special("expi", lambda out, x: np.exp(x) / x, samples=(sample(V), sample(0.7)))
special(
    "expn", None, _expn_slope, samples=(sample(2, P, wrt=("x",)), sample(0, P, wrt=("x",)), sample(1, 0.7, wrt=("x",)))
)
special("spence", _spence_slope, samples=(*POSITIVE, sample(np.array([1.0, 1.0 + 1e-9, 0.9995]))))
special("ellipk", _ellipk_slope, samples=(sample(U), sample(-0.7), sample(0.0), sample(1e-12)))
special("ellipe", _ellipe_slope, samples=(sample(U), sample(-0.7), sample(0.0), sample(1e-12)))
special(
    "ellipkinc",
    lambda out, phi, m: 1.0 / np.sqrt(1.0 - m * np.sin(phi) ** 2),
    None,
    samples=(sample(U, 0.3, wrt=("phi",)),),
)
special(
    "ellipeinc", lambda out, phi, m: np.sqrt(1.0 - m * np.sin(phi) ** 2), None, samples=(sample(U, 0.3, wrt=("phi",)),)
)
special(
    "owens_t",
    lambda out, h, a: -sp.erf(a * h / math.sqrt(2.0)) * np.exp(-0.5 * h * h) / (2.0 * SQRT_TWO_PI),
    lambda out, h, a: np.exp(-0.5 * h * h * (1.0 + a * a)) / (2.0 * math.pi * (1.0 + a * a)),
    samples=(sample(P, Q), sample(0.7, V)),
)
special("hyp0f1", None, lambda out, v, z: sp.hyp0f1(v + 1.0, z) / v, samples=(sample(1.5, V, wrt=("z",)),))


def real_hypergeometric(**b: Operand) -> Shape:
    if any(is_complex(x.type) for x in b.values()):
        raise TypeError("this SciPy computes scipy.special.hyp1f1 of complex numbers wrong")
    return broadcast(**b)


_right = abs(sp.hyp1f1(0.7, 1.5, 0.5 + 0.7j) - (1.16684603790235 + 0.44162416037726j)) < 1e-9  # wrong in SciPy 1.13
special(
    "hyp1f1",
    None,
    None,
    lambda out, a, b, x: a / b * sp.hyp1f1(a + 1.0, b + 1.0, x),
    samples=(sample(0.7, 1.5, V, wrt=("x",)),),
    infer=None if _right else real_hypergeometric,
)
special(
    "hyp2f1",
    None,
    None,
    None,
    lambda out, a, b, c, z: a * b / c * sp.hyp2f1(a + 1.0, b + 1.0, c + 1.0, z),
    samples=(sample(0.7, 1.5, 2.2, U, wrt=("z",)),),
)
special(
    "hyperu",
    None,
    None,
    lambda out, a, b, x: -a * sp.hyperu(a + 1.0, b + 1.0, x),
    samples=(sample(0.7, 1.5, P, wrt=("x",)),),
)


# --- factorials -------------------------------------------------------------------------------------------


@formula(sp.factorial, sample(P), sample(0.7), name="scipy.special.factorial")
def factorial(n: Any, exact: bool = False) -> Any:
    if exact:
        return math.factorial(n)
    n = np.asarray(n)
    value = np.where(n < 0.0, 0.0, sp.gamma(n + 1.0))
    return value if n.ndim > 0 else value[()]


@formula(sp.comb, sample(P + 2.5, P), sample(5.3, 2.0), name="scipy.special.comb")
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    if exact:
        return math.comb(N, k)
    N, k = np.asarray(N), np.asarray(k)
    top = N + k - 1.0 if repetition else N
    value = np.where((k <= top) & (N >= 0.0) & (k >= 0.0), sp.binom(top, k), 0.0)
    return value if value.ndim > 0 else value[()]
