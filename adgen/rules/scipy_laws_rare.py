"""Rarer laws of `scipy.stats`, declared as the usual ones are: by scores, and slopes by their shapes."""

from __future__ import annotations

import numpy as np
import scipy.special as sp

from adgen.rules.scipy_densities import P, U, law, tail

# --- without a shape --------------------------------------------------------------------------------

law("halflogistic", lambda z: -np.tanh(0.5 * z), at=P)
law("anglit", lambda z: -2.0 * np.tan(2.0 * z), at=U - 0.5)
law("cosine", lambda z: -np.tan(0.5 * z))

# --- with a shape -----------------------------------------------------------------------------------

law(
    "weibull_max",
    lambda z, c: (c - 1.0) / z + c * (-z) ** (c - 1.0),
    lambda z, c: 1.0 / c + np.log(-z) * (1.0 - (-z) ** c),
    shapes="c",
    at=-P,
    values=(1.7,),
)
law("truncexpon", lambda z, b: -1.0, lambda z, b: -1.0 / np.expm1(b), shapes="b", at=P, values=(4.5,))
law(
    "kappa3",
    lambda z, a: -(a + 1.0) * z ** (a - 1.0) / (a + z**a),
    lambda z, a: 1.0 / a + np.log(a + z**a) / (a * a) - (1.0 + 1.0 / a) * (1.0 + z**a * np.log(z)) / (a + z**a),
    shapes="a",
    at=P,
    values=(1.7,),
)
law(
    "dweibull",
    lambda z, c: (c - 1.0 - c * np.abs(z) ** c) / z,
    lambda z, c: 1.0 / c + np.log(np.abs(z)) * (1.0 - np.abs(z) ** c),
    shapes="c",
    values=(1.7,),
)
law(
    "dgamma",
    lambda z, a: (a - 1.0) / z - np.sign(z),
    lambda z, a: np.log(np.abs(z)) - sp.psi(a),
    shapes="a",
    values=(1.7,),
)
law(
    "halfgennorm",
    lambda z, beta: -beta * z ** (beta - 1.0),
    lambda z, beta: 1.0 / beta + sp.psi(1.0 / beta) / beta**2 - z**beta * np.log(z),
    shapes="beta",
    at=P,
    values=(1.7,),
)
law(
    "alpha",
    lambda z, a: -2.0 / z - (a - 1.0 / z) / (z * z),
    lambda z, a: 1.0 / z - a - tail(a),
    shapes="a",
    at=P,
    values=(1.2,),
)
law(
    "bradford",
    lambda z, c: -c / (1.0 + c * z),
    lambda z, c: 1.0 / c - 1.0 / ((1.0 + c) * np.log1p(c)) - z / (1.0 + c * z),
    shapes="c",
    at=U,
    values=(1.2,),
)
law(
    "exponpow",
    lambda z, b: (b - 1.0) / z - b * z ** (b - 1.0) * np.expm1(z**b),
    lambda z, b: 1.0 / b + np.log(z) * (1.0 - z**b * np.expm1(z**b)),
    shapes="b",
    at=P,
    values=(0.7,),
)
law(
    "fatiguelife",
    lambda z, c: 1.0 / (z + 1.0) - 1.5 / z - 0.5 * (1.0 - 1.0 / (z * z)) / (c * c),
    lambda z, c: (z - 1.0) ** 2 / (z * c**3) - 1.0 / c,
    shapes="c",
    at=P,
    values=(1.2,),
)
law(
    "foldnorm",
    lambda z, c: c * np.tanh(c * z) - z,
    lambda z, c: z * np.tanh(c * z) - c,
    shapes="c",
    at=P,
    values=(1.2,),
)
law(
    "laplace_asymmetric",
    lambda z, kappa: np.where(z >= 0, -kappa, 1.0 / kappa),
    lambda z, kappa: -(1.0 - 1.0 / kappa**2) / (kappa + 1.0 / kappa) - np.where(z >= 0, z, z / kappa**2),
    shapes="kappa",
    values=(1.7,),
)
law(
    "loglaplace",
    lambda z, c: np.where(z < 1.0, c - 1.0, -c - 1.0) / z,
    lambda z, c: 1.0 / c - np.abs(np.log(z)),
    shapes="c",
    at=P,
    values=(1.7,),
)
law(
    "powernorm",
    lambda z, c: -z - (c - 1.0) * tail(-z),
    lambda z, c: 1.0 / c + sp.log_ndtr(-z),
    shapes="c",
    values=(1.7,),
)
law(
    "rdist",
    lambda z, c: -(c - 2.0) * z / (1.0 - z * z),
    lambda z, c: 0.5 * (np.log1p(-z * z) - sp.psi(0.5 * c) + sp.psi(0.5 * (1.0 + c))),
    shapes="c",
    at=U - 0.5,
    values=(2.7,),
)
law(
    "skewcauchy",
    lambda z, a: -2.0 * z / (z * z + (1.0 + a * np.sign(z)) ** 2),
    lambda z, a: 2.0 * z * np.abs(z) / ((1.0 + a * np.sign(z)) * (z * z + (1.0 + a * np.sign(z)) ** 2)),
    shapes="a",
    values=(0.3,),
)

# --- with two shapes --------------------------------------------------------------------------------

law(
    "burr",
    lambda z, c, d: (c * (d + 1.0) / (1.0 + z**c) - c - 1.0) / z,
    lambda z, c, d: 1.0 / c + np.log(z) * ((d + 1.0) / (1.0 + z**c) - 1.0),
    lambda z, c, d: 1.0 / d - np.log1p(z**-c),
    shapes="c d",
    at=P,
    values=(1.7, 1.2),
)
law(
    "burr12",
    lambda z, c, d: (c - 1.0) / z - (d + 1.0) * c * z ** (c - 1.0) / (1.0 + z**c),
    lambda z, c, d: 1.0 / c + np.log(z) * (1.0 - (d + 1.0) * z**c / (1.0 + z**c)),
    lambda z, c, d: 1.0 / d - np.log1p(z**c),
    shapes="c d",
    at=P,
    values=(1.7, 1.2),
)
law(
    "johnsonsb",
    lambda z, a, b: (2.0 * z - 1.0 - b * (a + b * sp.logit(z))) / (z * (1.0 - z)),
    lambda z, a, b: -(a + b * sp.logit(z)),
    lambda z, a, b: 1.0 / b - (a + b * sp.logit(z)) * sp.logit(z),
    shapes="a b",
    at=U,
    values=(0.4, 1.3),
)
law(
    "exponweib",
    lambda z, a, c: ((a - 1.0) / np.expm1(z**c) - 1.0) * c * z ** (c - 1.0) + (c - 1.0) / z,
    lambda z, a, c: 1.0 / a + np.log(-np.expm1(-(z**c))),
    lambda z, a, c: 1.0 / c + np.log(z) * (1.0 + ((a - 1.0) / np.expm1(z**c) - 1.0) * z**c),
    shapes="a c",
    at=P,
    values=(1.6, 1.3),
)
law(
    "mielke",
    lambda z, k, s: (k - 1.0) / z - (s + k) * z ** (s - 1.0) / (1.0 + z**s),
    lambda z, k, s: 1.0 / k + np.log(z) - np.log1p(z**s) / s,
    lambda z, k, s: k / (s * s) * np.log1p(z**s) - (1.0 + k / s) * z**s * np.log(z) / (1.0 + z**s),
    shapes="k s",
    at=P,
    values=(1.6, 1.3),
)
