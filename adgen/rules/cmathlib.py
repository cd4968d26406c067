"""Rows of the `cmath` module. Their results are Python's complex numbers, and the derivatives of holomorphic ones too.

Slopes go by the result where the function has a branch cut: it knows on which side it is.
"""

from __future__ import annotations

import cmath
import math
from typing import Any

from adgen.ir.types import Bool, Complex, Float, Tuple
from adgen.rules.core import has_complex
from adgen.rules.declare import elementwise, nondifferentiable, rule, sample
from adgen.rules.typing import always

COMPLEX: dict[str, Any] = {"infer": always(Complex())}
Z = 0.6 - 1.1j
ALL = (sample(Z), sample(-0.4 + 0.3j), sample(0.7), sample(2.3 + 0.0j, kink="a branch cut"))


def over(x: Any) -> Any:
    """Return 1 / x; inf at 0, where Python raises."""
    return 1.0 / x if x != 0 else complex(math.inf)


def _unary(fn: Any, slope: Any, *more: Any) -> None:
    elementwise(fn, slope, params="z /", samples=(*ALL, *more), **COMPLEX)


_unary(cmath.exp, lambda out, z: out, sample(0j))
_unary(cmath.sqrt, lambda out, z: 0.5 * over(out), sample(-2.0), sample(0j, kink="an infinite slope", second=False))
_unary(cmath.log10, lambda out, z: 1.0 / z / math.log(10.0), sample(-2.0))
_unary(cmath.sin, lambda out, z: cmath.cos(z))
_unary(cmath.cos, lambda out, z: -cmath.sin(z))
_unary(cmath.tan, lambda out, z: 1.0 + out * out)
_unary(cmath.sinh, lambda out, z: cmath.cosh(z))
_unary(cmath.cosh, lambda out, z: cmath.sinh(z))
_unary(cmath.tanh, lambda out, z: 1.0 - out * out)
_unary(cmath.asin, lambda out, z: over(cmath.cos(out)), sample(-1.7))
_unary(cmath.acos, lambda out, z: -over(cmath.sin(out)), sample(-1.7))
_unary(cmath.atan, lambda out, z: over(1.0 + z * z), sample(1.7))
_unary(cmath.asinh, lambda out, z: over(cmath.cosh(out)), sample(1.7))
_unary(cmath.acosh, lambda out, z: over(cmath.sinh(out)), sample(-1.7))
_unary(cmath.atanh, lambda out, z: over(1.0 - z * z), sample(1.7))


def _log_slope(out: Any, z: Any, base: Any) -> Any:
    return 1.0 / z if base is None else 1.0 / z / cmath.log(base)


elementwise(
    cmath.log,
    _log_slope,
    lambda out, z, base: -out / base / cmath.log(base),
    params="z base=None /",
    samples=(*ALL, sample(-2.0), sample(Z, 2.5), sample(Z, 1.5 + 1.0j)),
    **COMPLEX,
)


def _phase_slope(out: Any, z: Any) -> Any:
    """The phase is the imaginary part of the logarithm."""
    return -1j * over(z) if has_complex(z) else 0.0


POLAR = (sample(Z), sample(-0.4 + 0.3j), sample(0.7), sample(-0.7))
elementwise(cmath.phase, _phase_slope, params="z /", infer=always(Float()), samples=POLAR)


def _size_slope(z: Any) -> Any:
    """Return the derivative of abs, 0 at 0."""
    return z.conjugate() / abs(z) if z != 0 else 0.0


rule(
    cmath.polar,
    "z /",
    vjp=lambda g, out, z: g[0] * _size_slope(z) + g[1] * _phase_slope(out, z),
    jvp=lambda t, out, z: ((t * _size_slope(z)).real, (t * _phase_slope(out, z)).real),
    infer=always(Tuple((Float(), Float()))),
    samples=POLAR,
)
elementwise(
    cmath.rect,
    lambda out, r, phi: cmath.rect(1.0, phi),
    lambda out, r, phi: 1j * out,
    params="r phi /",
    samples=(sample(0.7, 1.2), sample(-0.4, 2.5)),
    **COMPLEX,
)
nondifferentiable(cmath.isfinite, cmath.isinf, cmath.isnan, params="z /", infer=always(Bool()))
nondifferentiable(cmath.isclose, params="a b * rel_tol=1e-09 abs_tol=0.0", infer=always(Bool()))
