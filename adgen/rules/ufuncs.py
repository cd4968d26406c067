"""Rows of NumPy's elementwise functions.

Where all arguments are Python's numbers, a division by one of them goes through NumPy: it must not raise.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.rules.core import (
    MATMULS,
    all_scalars,
    all_weak,
    has_complex,
    matmul_left,
    matmul_right,
    matmul_type,
    no_gradient,
    pow_base,
    pow_exponent,
)
from adgen.rules.declare import elementwise, linear, multilinear, no_slope, nondifferentiable, rule, sample, steps
from adgen.rules.typing import Shape, array_dims, broadcast, same_as

V = np.array([0.5, -1.25, 2.0, -0.3])
P = np.array([0.5, 1.25, 3.0])
U = np.array([0.5, -0.75, 0.1])
M = np.array([[1.0, -0.5, 2.0], [0.25, 1.5, -1.0]])
Z = np.array([0.5 + 1.0j, -1.2 + 0.3j])
ALL = (sample(V), sample(M), sample(0.7), sample(np.float64(-0.4)), sample(0.0), sample(1e-200))
POSITIVE = (sample(P), sample(0.7), sample(1e-200), sample(1e100))
INSIDE = (sample(U), sample(0.7), sample(0.0))
PAIRS = (sample(V, 1.5), sample(M, P), sample(0.7, -1.2), sample(P[:, None], P))
HOLOMORPHIC = (sample(Z),)
CUT, SIDE = np.array([2.3 + 0.0j, -1.7 - 0.0j]), "a branch cut"


def _share(x: Any, y: Any) -> Any:
    """Return x / (x + y), where the sum is 1 but for rounding: large operands lose the digits that tell them apart."""
    return x / (x + y)


def _quotient(x: Any, y: Any) -> Any:
    if all_weak(x, y):
        return np.divide(x, y)
    return x / y


# --- arithmetic ---------------------------------------------------------------------------------

elementwise(np.add, lambda out, x, y: 1.0, lambda out, x, y: 1.0, samples=PAIRS)
elementwise(np.subtract, lambda out, x, y: 1.0, lambda out, x, y: -1.0, samples=PAIRS)
elementwise(np.multiply, lambda out, x, y: y, lambda out, x, y: x, samples=PAIRS)
elementwise(
    np.divide,
    lambda out, x, y: _quotient(1.0, y),
    lambda out, x, y: -out / y,
    samples=PAIRS,
)
elementwise(np.power, pow_base, pow_exponent, samples=(sample(P, V[:3]), sample(V, 3, wrt=("x",)), sample(P, -1.5)))
elementwise(np.float_power, pow_base, pow_exponent, samples=(sample(P, V[:3]), sample(V, 3, wrt=("x",))))
elementwise(
    np.remainder,
    lambda out, x, y: 1.0,
    lambda out, x, y: -np.floor_divide(x, y),
    samples=(sample(V, 0.7), sample(5.3, -2.1)),
)
elementwise(
    np.fmod,
    lambda out, x, y: 1.0,
    lambda out, x, y: -np.trunc(_quotient(x, y)),
    samples=(sample(V, 0.7), sample(5.3, -2.1)),
)
elementwise(np.negative, lambda out, x: -1.0, samples=ALL)
elementwise(np.positive, lambda out, x: 1.0, samples=ALL)
elementwise(np.square, lambda out, x: 2.0 * x, samples=(*ALL, *HOLOMORPHIC))
elementwise(np.reciprocal, lambda out, x: -out * out, samples=(sample(V), sample(0.7), *HOLOMORPHIC))
steps(np.floor_divide, params="x y", infer=broadcast, samples=(sample(V, 1.5), sample(0.7, -1.2)))
multilinear(np.matmul, "x y", args=("x", "y"), vjp=(matmul_left, matmul_right), infer=matmul_type, samples=MATMULS)


# --- roots, exponentials, logarithms ------------------------------------------------------------

elementwise(
    np.sqrt,
    lambda out, x: 0.5 / out,
    samples=(*POSITIVE, *HOLOMORPHIC, sample(0.0, kink="the slope of sqrt at 0 is infinite")),
)
elementwise(np.cbrt, lambda out, x: 1.0 / (3.0 * out * out), samples=(sample(V), sample(0.7), sample(1e-200)))
elementwise(np.exp, lambda out, x: out, samples=(*ALL, *HOLOMORPHIC, sample(700.0)))
elementwise(np.exp2, lambda out, x: out * math.log(2.0), samples=ALL)
elementwise(np.expm1, lambda out, x: out + 1.0, samples=(*ALL, *HOLOMORPHIC))
elementwise(np.log, lambda out, x: _quotient(1.0, x), samples=(*POSITIVE, *HOLOMORPHIC))
elementwise(np.log2, lambda out, x: _quotient(1.0, x) / math.log(2.0), samples=POSITIVE)
elementwise(np.log10, lambda out, x: _quotient(1.0, x) / math.log(10.0), samples=POSITIVE)
elementwise(np.log1p, lambda out, x: _quotient(1.0, 1.0 + x), samples=(*POSITIVE, *INSIDE))
elementwise(
    np.logaddexp,
    lambda out, x, y: _share(np.exp(x - out), np.exp(y - out)),
    lambda out, x, y: _share(np.exp(y - out), np.exp(x - out)),
    samples=(*PAIRS, sample(800.0, 801.0)),
)
elementwise(
    np.logaddexp2,
    lambda out, x, y: _share(np.exp2(x - out), np.exp2(y - out)),
    lambda out, x, y: _share(np.exp2(y - out), np.exp2(x - out)),
    samples=PAIRS,
)


# --- trigonometry -------------------------------------------------------------------------------


# Of complex numbers the slopes go by the result, which knows on which side of a branch cut it is.


def _arcsin_slope(out: Any, x: Any) -> Any:
    return 1.0 / np.cos(out) if has_complex(x) else 1.0 / np.sqrt(1.0 - x * x)


def _arccos_slope(out: Any, x: Any) -> Any:
    return -1.0 / np.sin(out) if has_complex(x) else -1.0 / np.sqrt(1.0 - x * x)


def _arcsinh_slope(out: Any, x: Any) -> Any:
    return 1.0 / np.cosh(out) if has_complex(x) else 1.0 / np.hypot(x, 1.0)


def _arccosh_slope(out: Any, x: Any) -> Any:
    return 1.0 / np.sinh(out) if has_complex(x) else 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0))


def _over_square(a: Any, y: Any, x: Any) -> Any:
    """Return `a / (x * x + y * y)`, 0 at the origin, where an angle has no slope; the squares may overflow."""
    r = np.hypot(x, y)
    if all_scalars(r):
        return a / r / r if r != 0 else 0.0
    r = np.where(r == 0, 1.0, r)
    return a / r / r


def _hypot_slope(out: Any, x: Any) -> Any:
    """Return x / out; 0 at 0."""
    if all_scalars(out):
        return x / out if out != 0 else 0.0
    return x / np.where(out == 0, 1.0, out)


def _sinc_slope(out: Any, x: Any) -> Any:
    near = np.abs(x) < 1e-3
    a = math.pi * x
    return np.where(near, math.pi * a * (a * a / 30.0 - 1.0 / 3.0), (np.cos(a) - out) / np.where(near, 1.0, x))


FAR_PAIR = sample(np.array([1e-30, 1e30]), np.array([-1e-30, 1e30]))
AT_ORIGIN = sample(np.zeros(2), np.array([0.0, 1.0]), kink="no slope at the origin")
elementwise(np.sin, lambda out, x: np.cos(x), samples=(*ALL, *HOLOMORPHIC))
elementwise(np.cos, lambda out, x: -np.sin(x), samples=(*ALL, *HOLOMORPHIC))
elementwise(np.tan, lambda out, x: 1.0 + out * out, samples=(*ALL, *HOLOMORPHIC))
elementwise(np.arcsin, _arcsin_slope, samples=(*INSIDE, *HOLOMORPHIC, sample(CUT, kink=SIDE)))
elementwise(np.arccos, _arccos_slope, samples=(*INSIDE, *HOLOMORPHIC, sample(CUT, kink=SIDE)))
elementwise(np.arctan, lambda out, x: 1.0 / (1.0 + x * x), samples=(*ALL, *HOLOMORPHIC, sample(1e200)))
elementwise(np.sinh, lambda out, x: np.cosh(x), samples=(*ALL, *HOLOMORPHIC))
elementwise(np.cosh, lambda out, x: np.sinh(x), samples=(*ALL, *HOLOMORPHIC))
elementwise(np.tanh, lambda out, x: 1.0 - out * out, samples=(*ALL, *HOLOMORPHIC))
elementwise(np.arcsinh, _arcsinh_slope, samples=(*ALL, *HOLOMORPHIC, sample(1j * CUT, kink=SIDE)))
elementwise(np.arccosh, _arccosh_slope, samples=(sample(P + 1.0), sample(1.7), *HOLOMORPHIC, sample(CUT, kink=SIDE)))
elementwise(np.arctanh, lambda out, x: _quotient(1.0, 1.0 - x * x), samples=(*INSIDE, *HOLOMORPHIC))
elementwise(
    np.arctan2,
    lambda out, y, x: _over_square(x, y, x),
    lambda out, y, x: _over_square(-y, y, x),
    samples=(*PAIRS, sample(0.0, 1.0), sample(1e-200, 1e-200), FAR_PAIR, AT_ORIGIN),
)
elementwise(
    np.hypot,
    lambda out, x, y: _hypot_slope(out, x),
    lambda out, x, y: _hypot_slope(out, y),
    samples=(*PAIRS, sample(0.0, 0.0, kink="no slope at 0"), sample(1e-200, 0.0, second=False)),
)
elementwise(np.sinc, _sinc_slope, infer=broadcast, samples=(*ALL, sample(np.array([0.0, 1e-4, 0.02]))))
elementwise(np.deg2rad, lambda out, x: math.pi / 180.0, samples=ALL)
elementwise(np.rad2deg, lambda out, x: 180.0 / math.pi, samples=ALL)
elementwise(np.radians, lambda out, x: math.pi / 180.0, samples=ALL)
elementwise(np.degrees, lambda out, x: 180.0 / math.pi, samples=ALL)


# --- absolute values, signs, extrema ------------------------------------------------------------
# Elements that are equal share the gradient of maximum and minimum equally.


def _np_abs_slope(out: Any, x: Any) -> Any:
    if has_complex(x):
        return np.conj(x) / np.where(out == 0, 1.0, out)
    return np.sign(x)


def _sign_slope(out: Any, x: Any) -> Any:
    if has_complex(x):
        return no_gradient("np.sign of complex numbers")
    return 0.0


AT_ZERO = (
    sample(V),
    sample(0.7),
    sample(1e-200),
    sample(np.array([0.0, 1.0]), kink="abs at 0"),
    sample(0.0, kink="abs at 0"),
)
TIES = (*PAIRS[:3], sample(P[:, None], P + 0.1), sample(V, V, kink="ties"), sample(1.0, 1.0, kink="ties"))

elementwise(np.absolute, _np_abs_slope, name="np.abs", samples=(*AT_ZERO, sample(Z, second=False)))
elementwise(np.fabs, lambda out, x: np.sign(x), samples=AT_ZERO)
elementwise(np.sign, _sign_slope, flat=("x",), samples=(sample(V), sample(0.7), sample(0.0, kink="a jump")))
elementwise(
    np.heaviside,
    no_slope,
    lambda out, x, y: np.where(x == 0, 1.0, 0.0),
    params="x y",
    samples=(sample(V, 0.5), sample(np.array([0.0, 1.0]), 0.5, wrt=("y",))),
)
elementwise(
    np.copysign,
    lambda out, x, y: np.where(np.signbit(x) == np.signbit(y), 1.0, -1.0),
    no_slope,
    samples=(sample(V, -V), sample(0.7, -1.0), sample(M, P)),
)
elementwise(
    np.maximum,
    lambda out, x, y: np.where(x == y, 0.5, x > y),
    lambda out, x, y: np.where(x == y, 0.5, x < y),
    samples=TIES,
)
elementwise(
    np.minimum,
    lambda out, x, y: np.where(x == y, 0.5, x < y),
    lambda out, x, y: np.where(x == y, 0.5, x > y),
    samples=TIES,
)
elementwise(
    np.fmax,
    lambda out, x, y: np.where(x == y, 0.5, np.logical_or(x > y, np.isnan(y))),
    lambda out, x, y: np.where(x == y, 0.5, np.logical_or(x < y, np.isnan(x))),
    samples=TIES,
)
elementwise(
    np.fmin,
    lambda out, x, y: np.where(x == y, 0.5, np.logical_or(x < y, np.isnan(y))),
    lambda out, x, y: np.where(x == y, 0.5, np.logical_or(x > y, np.isnan(x))),
    samples=TIES,
)
elementwise(np.ldexp, lambda out, x, i: np.ldexp(1.0, i), None, samples=(sample(V, 3), sample(0.7, np.array([1, 2]))))
JUMPS = (sample(V + 0.1), sample(0.7), sample(M[:, :2] + 0.2))
steps(np.floor, np.ceil, np.trunc, np.rint, np.spacing, np.fix, infer=broadcast, samples=JUMPS)
steps(np.round, params="x decimals=0", infer=same_as("x"), samples=(*JUMPS, sample(V + 0.01, 1)))
if np.around is not np.round:
    steps(np.around, params="x decimals=0", infer=same_as("x"), samples=JUMPS)


# --- complex numbers ----------------------------------------------------------------------------


def _imag_vjp(g: Any, x: Any) -> Any:
    return -1j * g if has_complex(x) else 0.0 * g


def _angle_slope(out: Any, x: Any, deg: Any) -> Any:
    if not has_complex(x):
        return 0.0
    unit = 180.0 / math.pi if deg else 1.0
    r = np.abs(x)
    r = np.where(r == 0, 1.0, r)
    return -1j * unit * np.conj(x) / r / r


linear(np.conjugate, "x", vjp=lambda g: np.conj(g), name="np.conj", samples=(sample(Z), sample(V), sample(1.5)))
linear(np.real, "x", vjp=lambda g: g, infer=same_as("x"), samples=(sample(Z), sample(V)), memory="maybe")
linear(np.imag, "x", vjp=_imag_vjp, infer=same_as("x"), samples=(sample(Z), sample(V)), memory="maybe")
elementwise(
    np.angle,
    _angle_slope,
    params="x deg=False",
    infer=same_as("x"),
    samples=(sample(Z, second=False), sample(V), sample(Z, deg=True, second=False)),
)


# --- two results --------------------------------------------------------------------------------


def _modf_type(x: Operand) -> Any:
    return (Shape(array_dims(x.type)),) * 2


rule(np.modf, "x", vjp=lambda g: g[0], jvp=lambda t: (t, 0.0), infer=_modf_type, samples=(sample(V[:2]),))


elementwise(
    np.nextafter,
    lambda out, x, y: 1.0,
    no_slope,
    samples=(sample(V, 2.5), sample(0.7, -1.0)),
)


def _frexp_type(x: Operand) -> Any:
    return (Shape(array_dims(x.type)),) * 2


rule(
    np.frexp,
    "x",
    vjp=lambda g, out: g[0] * np.ldexp(1.0, -out[1]),
    jvp=lambda t, out: (t * np.ldexp(1.0, -out[1]), 0),
    infer=_frexp_type,
    samples=(sample(V * 1.1), sample(0.7)),
)


def _divmod_type(x: Operand, y: Operand) -> Any:
    return (broadcast(x=x, y=y),) * 2


rule(
    np.divmod,
    "x y",
    vjp=(lambda g: g[1], lambda g, out: -out[0] * g[1]),
    jvp=(lambda t, out: (0.0 * out[0], t), lambda t, out: (0.0 * out[0], -out[0] * t)),
    infer=_divmod_type,
    samples=(sample(V, 0.7), sample(5.3, -2.1), sample(M, P * 1.3)),
)


# --- tests, logic, bits -------------------------------------------------------------------------

nondifferentiable(np.isnan, np.isinf, np.isfinite, np.signbit, np.logical_not, np.invert, infer=broadcast)
nondifferentiable(np.isreal, np.iscomplex, np.isposinf, np.isneginf, infer=broadcast)
nondifferentiable(
    np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.bitwise_and, np.bitwise_or, np.bitwise_xor,
    np.left_shift, np.right_shift, np.gcd, np.lcm,
    params="x y",
    infer=broadcast,
)  # fmt: skip
nondifferentiable(
    np.isclose,
    params="a b rtol=1e-05 atol=1e-08 equal_nan=False",
    infer=lambda a, b, **rest: broadcast(a=a, b=b),
)
nondifferentiable(np.allclose, params="a b rtol=1e-05 atol=1e-08 equal_nan=False")
nondifferentiable(np.array_equal, params="a1 a2 equal_nan=False")
