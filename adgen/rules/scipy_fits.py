"""Fits of curves by `scipy.optimize`; read only when the user's program has imported it.

The parameters of a fit are where the gradient of the sum of squares is 0; their covariance is a function of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.optimize as so

from adgen.ir.nodes import Operand
from adgen.ir.types import Array, dims_of
from adgen.rules.declare import formula, nondifferentiable, static
from adgen.rules.functions import as_vector, lift, pullback
from adgen.rules.implicit import solution
from adgen.rules.scipy_optimize import slope_of_squares


def call_fit(fun: Any, x0: Any, args: Any) -> Any:
    """Return the least squares solution, as exact as rounding allows: its gradient is that of the exact one."""
    import scipy.optimize

    return scipy.optimize.least_squares(fun, x0, args=args, method="lm", ftol=1e-15, xtol=1e-15, gtol=1e-15).x


def fit_type(x0: Operand, **_: Operand) -> Array:
    return Array("float64", dims_of(x0.type))


nondifferentiable(call_fit, name="call_fit", params="fun x0 args", infer=fit_type)


@static
def refuse_without(p0: Any) -> None:
    if p0 is None:
        raise TypeError("scipy.optimize.curve_fit has a gradient rule with p0=: it says how many parameters there are")


@static
def refuse_ends(bounds: Any) -> None:
    if bounds is not None:
        raise TypeError("scipy.optimize.curve_fit has a gradient rule without bounds=")


def weighted(r: Any, sigma: Any) -> Any:
    """Return residuals in units of their errors; of a covariance matrix L L^T these are L^-1 r."""
    if sigma is None:
        return r
    return r / sigma if np.ndim(sigma) == 1 else np.linalg.solve(np.linalg.cholesky(sigma), r)


@formula(so.curve_fit)
def curve_fit(
    f: Any, xdata: Any, ydata: Any, p0: Any = None, sigma: Any = None, absolute_sigma: bool = False,
    check_finite: Any = None, bounds: Any = None, method: Any = None, jac: Any = None,
) -> Any:  # fmt: skip
    refuse_ends(bounds)
    if p0 is None:
        refuse_without(p0)
    start = as_vector(p0)
    x, y = np.asarray(xdata), np.asarray(ydata)

    def residual(c: Any) -> Any:
        return weighted(as_vector(f(x, *c) - y), sigma)

    fun, params = lift((residual,), start)
    popt = solution(call_fit(fun, start, params), slope_of_squares(fun, start, params), *params)
    units = np.eye(np.size(y))
    slopes = np.stack([pullback(fun, (popt, *params), units[k])[0] for k in range(np.size(y))])
    covariance = np.linalg.inv(slopes.T @ slopes)
    if not absolute_sigma:
        r = fun(popt, *params)
        covariance = covariance * (np.sum(r * r) / (np.size(r) - np.size(popt)))
    return popt, covariance
