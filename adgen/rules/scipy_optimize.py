"""Roots and minima of `scipy.optimize`; read only when the user's program has imported it.

Where F(x, p) = 0 says what x is, it moves with p by dx = -F_x^-1 F_p dp (implicit function theorem), whichever way the
solver found it; its start and its tolerances have no derivative. A minimum is a root of the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize as so
from scipy.optimize import OptimizeResult

from adgen.ir.nodes import Operand
from adgen.ir.types import Array, Bool, Float, Int, NoneT, Record, Str, Tuple, dims_of
from adgen.rules.constraints import as_given, constrained_solution, one_kind, split_constraints
from adgen.rules.declare import formula, nondifferentiable, rule, sample, static
from adgen.rules.functions import as_vector, lift, pullback, result_of
from adgen.rules.implicit import slope_of, solution
from adgen.rules.scipy_integrate import as_tuple
from adgen.rules.typing import always, exactly, fresh_dim, known

START = np.array([0.8, 1.2])


# --- roots of one number ----------------------------------------------------------------------------


def cubic(x: Any, a: Any) -> Any:
    return x**3 + x - a


def solver(fn: Callable[..., Any], params: str, infer: Any) -> Callable[..., Any]:
    """Return a function that calls one of SciPy's and has a row without derivative: what it finds says `solution`."""

    def call(*args: Any, **options: Any) -> Any:
        return fn(*args, **options)

    nondifferentiable(call, name=f"scipy.optimize.{fn.__name__}", params=params, infer=infer)
    return call


def declare_bracketing(fn: Callable[..., Any]) -> None:
    params = "f a b args=() xtol=2e-12 rtol=8.881784197001252e-16 maxiter=100"
    call = solver(fn, params, always(Float()))

    def find(f: Any, a: Any, b: Any, args: Any = (), xtol: Any = 2e-12, rtol: Any = 8.881784197001252e-16,
             maxiter: Any = 100, full_output: bool = False) -> Any:  # fmt: skip
        if full_output:
            return with_report(
                root_scalar(f, args, method=fn.__name__, bracket=(a, b), xtol=xtol, rtol=rtol, maxiter=maxiter)
            )
        args = as_tuple(args)
        fun, captured = lift((f,), float(a), *args)
        params = (*args, *captured)
        return solution(call(fun, a, b, args=params, xtol=xtol, rtol=rtol, maxiter=maxiter), fun, *params)

    formula(fn, sample(cubic, 0.0, 2.0, (1.5,)), name=f"scipy.optimize.{fn.__name__}")(find)


for _find in (so.brentq, so.brenth, so.ridder, so.bisect):
    declare_bracketing(_find)


def with_report(sol: Any) -> Any:
    if not sol.converged:
        raise RuntimeError("the search for a root failed to converge")
    return sol.root, sol


def newton_type(x0: Operand, **_: Operand) -> Any:
    return Array("float64", dims_of(x0.type)) if dims_of(x0.type) else Float()


call_newton = solver(
    so.newton,
    "func x0 fprime=None args=() tol=1.48e-08 maxiter=50 fprime2=None x1=None rtol=0.0",
    newton_type,
)


@formula(so.newton, sample(cubic, 1.0, args=(1.5,)), sample(cubic, START, None, (1.5,)))
def newton(
    func: Any, x0: Any, fprime: Any = None, args: Any = (), tol: Any = 1.48e-08, maxiter: Any = 50,
    fprime2: Any = None, x1: Any = None, rtol: Any = 0.0, full_output: bool = False,
) -> Any:  # fmt: skip
    if full_output:
        if np.ndim(x0) > 0:
            refuse("newton of arrays with full_output=True")
        method = "secant" if fprime is None else "newton" if fprime2 is None else "halley"
        return with_report(root_scalar(
            func, args, method=method, fprime=fprime, fprime2=fprime2, x0=x0, x1=x1, xtol=tol, rtol=rtol,
            maxiter=maxiter,
        ))  # fmt: skip
    args = as_tuple(args)
    x0 = np.asarray(x0, dtype=float) if np.ndim(x0) > 0 else float(x0)
    fun, slope, curvature, captured = lift((func, fprime, fprime2), x0, *args)
    params = (*args, *captured)
    x = call_newton(
        fun, x0, fprime=slope, args=params, tol=tol, maxiter=maxiter, fprime2=curvature, x1=x1, rtol=rtol
    )  # fmt: skip
    return solution(x, fun, *params, apart=True)


call_root_scalar = solver(
    so.root_scalar,
    "f args=() method=None bracket=None fprime=None fprime2=None x0=None x1=None xtol=None rtol=None maxiter=None",
    always(
        Record(so.RootResults, ("root", "converged", "iterations", "function_calls"), (Float(), Bool(), Int(), Int()))
    ),
)


@formula(so.root_scalar)
def root_scalar(
    f: Any, args: Any = (), method: Any = None, bracket: Any = None, fprime: Any = None, fprime2: Any = None,
    x0: Any = None, x1: Any = None, xtol: Any = None, rtol: Any = None, maxiter: Any = None,
) -> Any:  # fmt: skip
    args = as_tuple(args)
    refuse_pair(fprime)
    fun, slope, curvature, captured = lift((f, fprime, fprime2), 1.0, *args)
    params = (*args, *captured)
    sol = call_root_scalar(
        fun, args=params, method=method, bracket=bracket, fprime=slope, fprime2=curvature, x0=x0, x1=x1, xtol=xtol,
        rtol=rtol, maxiter=maxiter,
    )  # fmt: skip
    root = solution(sol.root, fun, *params)
    return result_of(
        so.RootResults, root=root, converged=sol.converged, iterations=sol.iterations, function_calls=sol.function_calls
    )


def refuse_pair(derivative: Any) -> None:
    if derivative is True:
        refuse("a function that gives its value and derivatives together")


@static
def refuse(what: str) -> None:
    raise TypeError(f"{what} has no gradient rule here")


# --- roots of vectors -------------------------------------------------------------------------------


def vector_type(x0: Operand, **_: Operand) -> Array:
    return Array("float64", dims_of(x0.type))


def fsolve_type(x0: Operand, fprime: Operand, full_output: Operand, **_: Operand) -> Any:
    x = vector_type(x0)
    if not known(full_output):
        return x
    counts = ("nfev",) if isinstance(fprime.type, NoneT) else ("nfev", "njev")
    types = (*(Int() for _ in counts), x, Array("float64", (x.dims[0], x.dims[0])), Array("float64", (fresh_dim(),)), x)
    return Tuple((x, Record(dict, (*counts, "fvec", "fjac", "r", "qtf"), types), Int(), Str()))


call_fsolve = solver(
    so.fsolve,
    "func x0 args=() fprime=None full_output=False col_deriv=False xtol=1.49012e-08 maxfev=0 factor=100",
    fsolve_type,
)


def unfollowed(value: Any, *params: Any) -> Any:
    """Return `value`, which depends on the parameters in a way that has no rule."""
    return value


rule(unfollowed, "value *params", name="unfollowed", show="_", memory="same", infer=exactly("value"))


def circle(x: Any, r: Any, s: Any) -> Any:
    return [x[0] * x[0] + x[1] * x[1] - r, x[0] - s * x[1]]


@formula(so.fsolve, sample(circle, START, (2.0, 0.7)))
def fsolve(
    func: Any, x0: Any, args: Any = (), fprime: Any = None, full_output: bool = False, col_deriv: Any = False,
    xtol: Any = 1.49012e-08, maxfev: Any = 0, factor: Any = 100,
) -> Any:  # fmt: skip
    x0 = as_vector(x0)
    args = as_tuple(args)
    fun, slopes, captured = lift((func, fprime), x0, *args)
    params = (*args, *captured)
    if full_output:
        x, info, ier, mesg = call_fsolve(
            fun, x0, args=params, fprime=slopes, full_output=True, col_deriv=col_deriv, xtol=xtol, maxfev=maxfev,
            factor=factor,
        )  # fmt: skip
        report = {"nfev": info["nfev"]} if fprime is None else {"nfev": info["nfev"], "njev": info["njev"]}
        for name in ("fvec", "fjac", "r", "qtf"):
            report[name] = unfollowed(info[name], *params)
        return solution(x, residual_of(fun, x0, params), *params), report, ier, mesg
    x = call_fsolve(
        fun, x0, args=params, fprime=slopes, col_deriv=col_deriv, xtol=xtol, maxfev=maxfev, factor=factor
    )  # fmt: skip
    return solution(x, residual_of(fun, x0, params), *params)


def residual_of(fun: Any, x0: Any, params: Any) -> Any:
    """Return a function that gives what should be 0 as a vector."""

    def residual(x: Any, *p: Any) -> Any:
        return as_vector(fun(x, *p))

    return lift((residual,), x0, *params)[0]


def root_type(x0: Operand, **_: Operand) -> Record:
    return Record(OptimizeResult, ("x", "fun", "success", "message"), (vector_type(x0), vector_type(x0), Bool(), Str()))


call_root = solver(
    so.root,
    "fun x0 args=() method='hybr' jac=None tol=None options=None",
    root_type,
)


@formula(so.root)
def root(
    fun: Any, x0: Any, args: Any = (), method: Any = "hybr", jac: Any = None, tol: Any = None, *, options: Any = None
) -> Any:  # fmt: skip
    x0 = as_vector(x0)
    args = as_tuple(args)
    refuse_pair(jac)
    f, slopes, captured = lift((fun, jac), x0, *args)
    params = (*args, *captured)
    sol = call_root(f, x0, args=params, method=method, jac=slopes, tol=tol, options=options)
    x = solution(sol.x, residual_of(f, x0, params), *params)
    return result_of(OptimizeResult, x=x, fun=sol.fun, success=sol.success, message=sol.message)


call_fixed_point = solver(
    so.fixed_point,
    "func x0 args=() xtol=1e-08 maxiter=500 method='del2'",
    vector_type,
)


@formula(so.fixed_point)
def fixed_point(func: Any, x0: Any, args: Any = (), xtol: Any = 1e-08, maxiter: Any = 500, method: Any = "del2") -> Any:
    x0 = as_vector(x0)
    args = as_tuple(args)
    fun, captured = lift((func,), x0, *args)
    params = (*args, *captured)

    def residual(x: Any, *p: Any) -> Any:
        return as_vector(fun(x, *p)) - x

    x = call_fixed_point(fun, x0, args=params, xtol=xtol, maxiter=maxiter, method=method)
    return solution(x, lift((residual,), x0, *params)[0], *params)


# --- minima -----------------------------------------------------------------------------------------


def ends_of(bounds: Any) -> Any:
    """Return lower and upper bounds as arrays; None is no bound."""
    if isinstance(bounds, np.ndarray):
        return bounds[:, 0], bounds[:, 1]
    low = [-np.inf if b[0] is None else b[0] * 1.0 for b in bounds]
    high = [np.inf if b[1] is None else b[1] * 1.0 for b in bounds]
    return np.array(low), np.array(high)


def bounded_solution(x: Any, slope: Any, low: Any, high: Any, params: Any) -> Any:
    """Return x, where each element is at a bound or has no slope.

    An element stays at a bound, which it moves with, as long as the objective falls beyond it. Where the objective is
    level at a bound neither side is right: the derivative is NaN.
    """
    down = slope(x, *params)
    near = 1e-6 * (1.0 + np.abs(x))
    level = 1e-5 * (1.0 + np.max(np.abs(down)))
    at_low, at_high = x - low <= near, high - x <= near
    doubtful = np.logical_and(np.logical_or(at_low, at_high), np.abs(down) <= level)
    where = np.where(doubtful, np.nan, np.where(at_low, -1.0, np.where(at_high, 1.0, 0.0)))

    def residual(x: Any, where: Any, low: Any, high: Any, *p: Any) -> Any:
        down, held = slope(x, *p), np.where(where < 0.0, x - low, x - high)
        inside = np.where(where == 0.0, down, np.where(np.isnan(where), down + held, held))
        return inside * np.where(np.isnan(where), np.nan, 1.0)

    moved = lift((residual,), x, where, low, high, *params)[0]
    return solution(x, moved, where, low, high, *params)


def minimum_type(x0: Operand, **_: Operand) -> Record:
    x = vector_type(x0)
    keys = ("x", "fun", "success", "status", "message", "nfev", "nit")
    return Record(OptimizeResult, keys, (x, Float(), Bool(), Int(), Str(), Int(), Int()))


call_minimize = solver(
    so.minimize,
    "fun x0 args=() method=None jac=None hess=None bounds=None constraints=() tol=None options=None",
    minimum_type,
)


@formula(so.minimize)
def minimize(
    fun: Any, x0: Any, args: Any = (), method: Any = None, jac: Any = None, hess: Any = None, *, bounds: Any = None,
    constraints: Any = (), tol: Any = None, options: Any = None,
) -> Any:  # fmt: skip
    x0 = as_vector(x0)
    args = as_tuple(args)

    def value(x: Any, *p: Any) -> Any:
        return fun(x, *p)[0]

    def given_slope(x: Any, *p: Any) -> Any:
        return fun(x, *p)[1]

    equal, above = split_constraints(constraints)
    one_kind(bounds is not None and (equal is not None or above is not None))
    if jac is True:
        f, slope, curvature, zero, positive, captured = lift((value, given_slope, hess, equal, above), x0, *args)
    else:
        f, slope, curvature, zero, positive, captured = lift((fun, jac, hess, equal, above), x0, *args)
    params = (*args, *captured)
    if equal is not None or above is not None:
        sol = call_minimize(
            f, x0, args=params, method=method, jac=slope, hess=curvature, tol=tol, options=options,
            constraints=as_given(zero, positive, params),
        )  # fmt: skip
        x = constrained_solution(sol.x, slope_of(f, x0, params), zero, positive, params)
    elif bounds is None:
        sol = call_minimize(f, x0, args=params, method=method, jac=slope, hess=curvature, tol=tol, options=options)
        x = solution(sol.x, slope_of(f, x0, params), *params)
    else:
        low, high = ends_of(bounds)
        ends = np.stack((low, high), axis=1)
        sol = call_minimize(
            f, x0, args=params, method=method, jac=slope, hess=curvature, bounds=ends, tol=tol, options=options
        )
        x = bounded_solution(sol.x, slope_of(f, x0, params), low, high, params)
    return result_of(
        OptimizeResult, x=x, fun=f(x, *params), success=sol.success, status=sol.status, message=sol.message,
        nfev=sol.nfev, nit=sol.nit,
    )  # fmt: skip


call_minimize_scalar = solver(
    so.minimize_scalar,
    "fun bracket=None bounds=None args=() method=None tol=None options=None",
    always(
        Record(OptimizeResult, ("x", "fun", "success", "message", "nfev", "nit"),
               (Float(), Float(), Bool(), Str(), Int(), Int()))
    ),
)  # fmt: skip


@formula(so.minimize_scalar)
def minimize_scalar(
    fun: Any, bracket: Any = None, *, args: Any = (), method: Any = None, tol: Any = None, options: Any = None
) -> Any:
    args = as_tuple(args)
    f, captured = lift((fun,), 1.0, *args)
    params = (*args, *captured)
    sol = call_minimize_scalar(f, bracket=bracket, args=params, method=method, tol=tol, options=options)
    x = solution(sol.x, slope_of(f, 1.0, params), *params)
    return result_of(
        OptimizeResult, x=x, fun=f(x, *params), success=sol.success, message=sol.message, nfev=sol.nfev, nit=sol.nit
    )


# --- least squares ----------------------------------------------------------------------------------
# At the least sum of squares of r(x, p) the gradient J^T r is 0.


def slope_of_squares(fun: Any, x0: Any, params: Any) -> Any:
    """Return half of the gradient of a sum of squares, as a function."""

    def slope(x: Any, *p: Any) -> Any:
        return pullback(fun, (x, *p), fun(x, *p))[0]

    return lift((slope,), x0, *params)[0]


def least_squares_type(x0: Operand, **_: Operand) -> Record:
    keys = ("x", "success", "status", "message", "nfev")
    return Record(OptimizeResult, keys, (vector_type(x0), Bool(), Int(), Str(), Int()))


call_least_squares = solver(
    so.least_squares,
    "fun x0 jac='2-point' method='trf' ftol=1e-08 xtol=1e-08 gtol=1e-08 x_scale=None max_nfev=None args=()",
    least_squares_type,
)


@formula(so.least_squares)
def least_squares(
    fun: Any, x0: Any, jac: Any = "2-point", *, method: Any = "trf", ftol: Any = 1e-08, xtol: Any = 1e-08,
    gtol: Any = 1e-08, x_scale: Any = None, max_nfev: Any = None, args: Any = (),
) -> Any:  # fmt: skip
    x0 = as_vector(x0)
    args = as_tuple(args)
    f, slopes, captured = lift((fun, None if isinstance(jac, str) else jac), x0, *args)
    params = (*args, *captured)
    residual = residual_of(f, x0, params)
    sol = call_least_squares(
        f, x0, jac=jac if isinstance(jac, str) else slopes, method=method, ftol=ftol, xtol=xtol, gtol=gtol,
        x_scale=x_scale, max_nfev=max_nfev, args=params,
    )  # fmt: skip
    x = solution(sol.x, slope_of_squares(residual, x0, params), *params)
    r = residual(x, *params)
    return result_of(
        OptimizeResult, x=x, fun=r, cost=0.5 * np.sum(r * r), success=sol.success, status=sol.status,
        message=sol.message, nfev=sol.nfev,
    )  # fmt: skip
