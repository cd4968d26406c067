"""Rows of the `math` module. Their derivatives stay Python floats and never raise where the function did not."""

from __future__ import annotations

import bisect
import math
from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.ir.types import Bool, Float, Int, is_complex
from adgen.rules.builtins import abs_slope
from adgen.rules.core import is_static
from adgen.rules.declare import elementwise, formula, no_slope, nondifferentiable, query, rule, sample, steps
from adgen.rules.typing import always


def real_float(**b: Operand) -> Float:
    """Type a function of real numbers; a complex number of NumPy would lose its imaginary part in it."""
    if any(is_complex(x.type) for x in b.values()):
        raise TypeError("the functions of math take real numbers; those of cmath and NumPy take complex ones")
    return Float()


FLOAT: dict[str, Any] = {"infer": real_float}
ALL = (sample(0.7), sample(-1.3), sample(0.0), sample(1e-200), sample(3.0))
POSITIVE = (sample(0.7), sample(3.0), sample(1e-200), sample(1e300))
INSIDE = (sample(0.7), sample(-0.3), sample(0.0), sample(1e-200))


def _unary(fn: Any, slope: Any, samples: Any = ALL, name: str = "x") -> None:
    elementwise(fn, slope, params=f"{name} /", samples=samples, **FLOAT)


# --- roots, powers, exponentials ----------------------------------------------------------------

_unary(
    math.sqrt,
    lambda out, x: 0.5 / out if out != 0 else math.inf,
    (*POSITIVE, sample(0.0, kink="the slope of sqrt at 0 is infinite")),
)
_unary(
    math.cbrt,
    lambda out, x: 1.0 / (3.0 * out * out) if out != 0 else math.inf,
    (sample(0.7), sample(-3.0), sample(1e-200), sample(0.0, kink="the slope of cbrt at 0 is infinite")),
)
_unary(math.exp, lambda out, x: out, (*ALL, sample(700.0)))
_unary(math.exp2, lambda out, x: out * math.log(2.0))
_unary(math.expm1, lambda out, x: out + 1.0, (*ALL, sample(700.0)))


def _log_slope(out: Any, x: Any, base: Any) -> Any:
    return 1.0 / x if base is None else 1.0 / x / math.log(base)


def _log_base_slope(out: Any, x: Any, base: Any) -> Any:
    return -out / base / math.log(base)


elementwise(
    math.log,
    _log_slope,
    _log_base_slope,
    params="x base=None /",
    samples=(*POSITIVE, sample(0.7, 3.0), sample(5.0, 2, wrt=("x",))),
    **FLOAT,
)
_unary(math.log2, lambda out, x: 1.0 / x / math.log(2.0), POSITIVE)
_unary(math.log10, lambda out, x: 1.0 / x / math.log(10.0), POSITIVE)
_unary(
    math.log1p, lambda out, x: 1.0 / (1.0 + x), (sample(0.7), sample(-0.9), sample(0.0), sample(1e-200), sample(1e300))
)


def _pow_slope(out: Any, x: Any, y: Any) -> Any:
    if is_static(y):
        if y == 0:
            return 0.0
        if y == 1:
            return 1.0
        if y == 2:
            return 2.0 * x
        if y > 1:
            return y * math.pow(x, y - 1)
        if y < 0:
            return y * (out / x)
    if y >= 1:
        return y * math.pow(x, y - 1)
    if x != 0:
        return y * (out / x)
    return 0.0 if y == 0 else math.inf


elementwise(
    math.pow,
    _pow_slope,
    lambda out, x, y: out * math.log(x) if x > 0 else 0.0,
    params="x y /",
    samples=(
        sample(1.7, 2.3),
        sample(0.7, -1.5),
        sample(0.0, 2.0),
        sample(0.0, 1.0, wrt=("x",)),
        sample(1e-200, 2.0),
        sample(1e150, 2.0),
        sample(-2.0, 3.0, wrt=("x",)),
        sample(0.0, 0.0, kink="0 ** y has no slope at 0"),
    ),
    **FLOAT,
)


# --- trigonometry -------------------------------------------------------------------------------

_unary(math.sin, lambda out, x: math.cos(x))
_unary(math.cos, lambda out, x: -math.sin(x))
_unary(math.tan, lambda out, x: 1.0 + out * out)
_unary(
    math.asin,
    lambda out, x: 1.0 / math.sqrt(1.0 - x * x) if abs(x) != 1 else math.inf,
    (*INSIDE, sample(1.0, kink="the end of the domain")),
)
_unary(
    math.acos,
    lambda out, x: -1.0 / math.sqrt(1.0 - x * x) if abs(x) != 1 else -math.inf,
    (*INSIDE, sample(1.0, kink="the end of the domain")),
)
_unary(math.atan, lambda out, x: 1.0 / (1.0 + x * x), (*ALL, sample(1e200)))


def _atan2_y(out: Any, y: Any, x: Any) -> Any:
    r = math.hypot(x, y)
    return x / r / r if r != 0 else 0.0


def _atan2_x(out: Any, y: Any, x: Any) -> Any:
    r = math.hypot(x, y)
    return -y / r / r if r != 0 else 0.0


elementwise(
    math.atan2,
    _atan2_y,
    _atan2_x,
    params="y x /",
    samples=(
        sample(0.7, -1.2),
        sample(-2.0, 0.5),
        sample(0.0, 1.0),
        sample(1e200, 1e200),
        sample(0.0, 0.0, kink="no slope at the origin"),
    ),
    **FLOAT,
)
_unary(math.sinh, lambda out, x: math.cosh(x), (*ALL, sample(709.0)))
_unary(math.cosh, lambda out, x: math.sinh(x), (*ALL, sample(709.0)))
_unary(math.tanh, lambda out, x: 1.0 - out * out, (*ALL, sample(1e200)))
_unary(math.asinh, lambda out, x: 1.0 / math.hypot(x, 1.0), (*ALL, sample(1e200)))
_unary(
    math.acosh,
    lambda out, x: 1.0 / math.sqrt(x * x - 1.0) if x != 1 else math.inf,
    (sample(1.7), sample(1e200), sample(1.0, kink="the end of the domain")),
)
_unary(math.atanh, lambda out, x: 1.0 / (1.0 - x * x), INSIDE)
_unary(math.degrees, lambda out, x: 180.0 / math.pi)
_unary(math.radians, lambda out, x: math.pi / 180.0)


# --- other functions ----------------------------------------------------------------------------

_unary(math.fabs, abs_slope, (sample(0.7), sample(-1.3), sample(1e-200), sample(0.0, kink="abs at 0")))
_unary(math.erf, lambda out, x: 2.0 / math.sqrt(math.pi) * math.exp(-x * x), (*ALL, sample(1e200)))
_unary(math.erfc, lambda out, x: -2.0 / math.sqrt(math.pi) * math.exp(-x * x), (*ALL, sample(1e200)))
elementwise(
    math.hypot,
    lambda out, x, y: x / out if out != 0 else 0.0,
    lambda out, x, y: y / out if out != 0 else 0.0,
    params="x y /",
    samples=(
        sample(0.7, -1.2),
        sample(1e-200, 1e-200, second=False),
        sample(1e200, 1.0, second=False),
        sample(0.0, 0.0, kink="no slope at 0"),
    ),
    **FLOAT,
)
elementwise(
    math.copysign,
    lambda out, x, y: math.copysign(1.0, x) * math.copysign(1.0, y),
    no_slope,
    params="x y /",
    samples=(sample(0.7, -1.2), sample(-0.7, -1.2), sample(0.0, 1.0, kink="abs at 0")),
    **FLOAT,
)
elementwise(
    math.fmod,
    lambda out, x, y: 1.0,
    lambda out, x, y: -((x - out) / y),
    params="x y /",
    samples=(sample(5.3, 2.1), sample(-5.3, 2.1), sample(0.0, 1.0)),
    **FLOAT,
)
elementwise(
    math.remainder,
    lambda out, x, y: 1.0,
    lambda out, x, y: -((x - out) / y),
    params="x y /",
    samples=(sample(5.3, 2.1), sample(-5.3, 2.0)),
    **FLOAT,
)
elementwise(
    math.ldexp,
    lambda out, x, i: math.ldexp(1.0, i),
    None,
    params="x i /",
    samples=(sample(0.7, 3), sample(0.0, -2), sample(1e-200, 2)),
    **FLOAT,
)
rule(
    math.modf,
    "x /",
    vjp=lambda g: g[0],
    jvp=lambda t: (t, 0.0),
    samples=(sample(1.3), sample(-2.7)),
)


def _fsum_vjp(g: Any, seq: Any) -> Any:
    if isinstance(seq, list):
        return [g] * len(seq)
    return g


rule(
    math.fsum,
    "seq /",
    vjp=_fsum_vjp,
    jvp=lambda t: math.fsum(t),
    narrow=True,
    samples=(sample([0.5, 1.5, -2.0]),),
    **FLOAT,
)

nondifferentiable(math.floor, math.ceil, math.trunc, params="x /", infer=always(Int()))
nondifferentiable(math.isnan, math.isinf, math.isfinite, params="x /", infer=always(Bool()))
nondifferentiable(math.isclose, params="a b * rel_tol=1e-09 abs_tol=0.0", infer=always(Bool()))
nondifferentiable(math.factorial, math.isqrt, params="n /", infer=always(Int()))
nondifferentiable(math.comb, params="n k /", infer=always(Int()))
nondifferentiable(math.perm, params="n k=None /", infer=always(Int()))
nondifferentiable(math.gcd, math.lcm, params="*integers", infer=always(Int()))
steps(math.ulp, params="x /", infer=always(Float()), samples=(sample(0.7),))

elementwise(
    math.nextafter,
    lambda out, x, y: 1.0,
    no_slope,
    params="x y /",
    samples=(sample(0.7, 2.0), sample(-0.7, -2.0)),
    **FLOAT,
)
rule(
    math.frexp,
    "x /",
    vjp=lambda g, out: math.ldexp(g[0], -out[1]),
    jvp=lambda t, out: (math.ldexp(t, -out[1]), 0),
    samples=(sample(1.3), sample(-2.7)),
)


# --- functions of sequences ---------------------------------------------------------------------


@formula(math.hypot, sample(0.7, -1.2, 2.0), sample(-0.7), sample(0.7, -1.2, 2.0, 0.5))
def hypot(*coordinates: Any) -> Any:
    out = math.fabs(coordinates[0])
    for x in coordinates[1:]:
        out = math.hypot(out, x)
    return out


@formula(
    math.dist,
    sample([0.7, -1.2], [0.5, 2.0]),
    sample((0.7, -1.2, 1.0), (0.5, 2.0, 0.0)),
    sample(np.array([0.7, -1.2]), np.array([0.5, 2.0])),
)
def dist(p: Any, q: Any) -> Any:
    out = 0.0
    for x, y in zip(p, q):
        out = math.hypot(out, x - y)
    return out


@formula(math.prod, sample([0.7, -1.2, 2.0]), sample((0.7, -1.2), start=2.5), sample([0.5, 0.0, 0.0]))
def prod(iterable: Any, *, start: Any = 1) -> Any:
    out = start
    for x in iterable:
        out = out * x
    return out


if hasattr(math, "sumprod"):  # Python 3.12

    @formula(math.sumprod, sample([0.7, -1.2, 2.0], [0.5, 1.5, 3.0]), sample((0.7, -1.2), (0.5, 1.5)))
    def sumprod(p: Any, q: Any) -> Any:
        out = 0.0
        for x, y in zip(p, q):
            out = out + x * y
        return out


if hasattr(math, "fma"):  # Python 3.13
    elementwise(
        math.fma,
        lambda out, x, y, z: y,
        lambda out, x, y, z: x,
        lambda out, x, y, z: 1.0,
        params="x y z /",
        infer=always(Float()),
        samples=(sample(0.7, -1.2, 0.4),),
    )

for _bisect in (bisect.bisect_left, bisect.bisect_right):
    query(
        _bisect,
        "a x lo=0 hi=None * key=None",
        infer=always(Int()),
        samples=(sample([0.2, 0.6, 0.9], 0.7), sample([0.2, 0.6, 0.9], 0.7, 1, 2)),
    )
