"""The gamma functions of `math` and the Bessel function of NumPy, with the functions that are their derivatives.

`polygamma` and `bessel_i1` need Python and NumPy alone: generated code calls them, and they have rows of their own.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adgen.ir.types import Float
from adgen.rules.declare import elementwise, formula, sample
from adgen.rules.typing import always, broadcast

V = np.array([0.5, -1.2, 2.0, 0.3])


def polygamma(n: Any, x: Any) -> Any:
    """Return the derivative of order n of the digamma function at x (Abramowitz and Stegun 6.4.6 and 6.4.11)."""
    if x <= 0.0 and x == math.floor(x):
        return math.nan
    if n == 0 and x < -30.0:
        return polygamma(0, 1.0 - x) - math.pi / math.tan(math.pi * math.fmod(x, 1.0))
    sign, total = (-1.0) ** (n + 1), 0.0
    while x < 12.0 + n:
        total += sign * math.factorial(n) / x ** (n + 1) if n else -1.0 / x
        x += 1.0
    if x > 1e17:  # the further terms are below rounding, and may overflow
        return math.log(x) if n == 0 else sign * math.factorial(n - 1) * x**-n
    bernoulli = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
    if n == 0:
        tail = math.log(x) - 0.5 / x
        for k, b in enumerate(bernoulli, 1):
            tail -= b / (2 * k * x ** (2 * k))
        return total + tail
    tail = math.factorial(n - 1) / x**n + math.factorial(n) / (2.0 * x ** (n + 1))
    for k, b in enumerate(bernoulli, 1):
        tail += b * math.factorial(2 * k + n - 1) / (math.factorial(2 * k) * x ** (2 * k + n))
    return total + sign * tail


elementwise(
    polygamma,
    None,
    lambda out, n, x: polygamma(n + 1, x),
    params="n x",
    name="polygamma",
    infer=always(Float()),
    samples=(sample(0, 0.7), sample(0, -1.3), sample(1, 2.5), sample(2, 30.0)),
)
GAMMAS = (sample(0.7), sample(3.0), sample(-1.3), sample(25.5))
elementwise(math.gamma, lambda out, x: out * polygamma(0, x), params="x /", infer=always(Float()), samples=GAMMAS)
elementwise(math.lgamma, lambda out, x: polygamma(0, x), params="x /", infer=always(Float()), samples=GAMMAS)


def bessel_i1(x: Any) -> Any:
    """Return the modified Bessel function of order 1: the mean of cos(t) exp(x cos(t)) for t from 0 to pi.

    The trapezoidal rule converges geometrically on periodic functions; the number of points grows with the square
    root of x (Trefethen and Weideman, SIAM Review 56, 2014). Up to x = 1e4 the error is that of rounding.
    """
    x = np.asarray(x)
    top = np.fmin(np.max(np.abs(x), initial=1.0), 1e4)
    n = int(24 + 7.0 * np.sqrt(top))
    angles = np.cos(np.pi * (np.arange(n) + 0.5) / n)
    terms = angles * np.exp(np.expand_dims(np.abs(x), -1) * (angles - 1.0))
    return (np.sign(x) * np.exp(np.abs(x)) * np.mean(terms, axis=-1)).astype(x.dtype)[()]


def _i1_slope(out: Any, x: Any) -> Any:
    """Return i0(x) - i1(x) / x, 1/2 at 0."""
    return np.where(x == 0.0, 0.5, np.i0(x) - out / np.where(x == 0.0, 1.0, x))


BESSELS = (sample(V), sample(np.outer(V, V)), sample(np.array([0.0, 12.5, -20.0])))
elementwise(bessel_i1, _i1_slope, params="x", name="bessel_i1", infer=broadcast, samples=BESSELS)
elementwise(np.i0, lambda out, x: bessel_i1(x), params="x", infer=broadcast, samples=BESSELS)


@formula(np.kaiser, sample(5, 2.5), sample(4, 0.5))
def kaiser(M: Any, beta: Any) -> Any:
    half = (M - 1) / 2.0
    place = (np.arange(M) - half) / half
    return np.i0(beta * np.sqrt(1.0 - place * place)) / np.i0(beta)
