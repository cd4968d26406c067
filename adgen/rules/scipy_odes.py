"""Ordinary differential equations of `scipy.integrate`; read only when the user's program has imported it.

The adjoint of a solution runs back in time (Pontryagin et al. 1962; Chen et al. 2018, "Neural ordinary differential
equations", appendix B): beside the state y' = f it integrates the cotangent -f_y^T a and the gradients -f_p^T a,
with the solver and the tolerances of the call. At each time of output it starts from the state that is known there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.integrate as si
from scipy.integrate._ivp.ivp import OdeResult

from adgen.api.custom import stop_gradient
from adgen.ir.nodes import Operand
from adgen.ir.types import Array, Bool, Int, Record, Str
from adgen.rules.axes import shaped_like
from adgen.rules.core import is_static
from adgen.rules.declare import formula, nondifferentiable, rule, static
from adgen.rules.functions import as_vector, has_gradient, lift, pullback, pushforward, result_of
from adgen.rules.scipy_integrate import as_tuple
from adgen.rules.typing import array_dims, exactly


def call_odeint(func: Any, y0: Any, t: Any, **options: Any) -> Any:
    return si.odeint(func, y0, t, **options)


def odeint_type(y0: Operand, t: Operand, **_: Operand) -> Array:
    return Array("float64", (array_dims(t.type)[0], array_dims(y0.type)[0]))


nondifferentiable(
    call_odeint,
    name="scipy.integrate.odeint",
    params="func y0 t args=() rtol=None atol=None hmax=0.0 mxstep=0 tfirst=False",
    infer=odeint_type,
)


def call_solve_ivp(fun: Any, t_span: Any, y0: Any, **options: Any) -> Any:
    return si.solve_ivp(fun, t_span, y0, **options)


def ivp_type(y0: Operand, t_eval: Operand, **_: Operand) -> Record:
    times, states = array_dims(t_eval.type)[0], array_dims(y0.type)[0]
    types = (Array("float64", (times,)), Array("float64", (states, times)), Bool(), Int(), Str(), Int())
    return Record(OdeResult, ("t", "y", "success", "status", "message", "nfev"), types)


nondifferentiable(
    call_solve_ivp,
    name="scipy.integrate.solve_ivp",
    params="fun t_span y0 method='RK45' t_eval=None args=() rtol=0.001 atol=1e-06 max_step=np.inf first_step=None",
    infer=ivp_type,
)


def trajectory(y: Any, fun: Any, solver: Any, times: Any, y0: Any, t0: Any, *params: Any) -> Any:
    """Return `y`, whose rows solve y' = fun(s, y, *params) at the times, from y0 at t0. `solver` says how."""
    return y


def solved(solver: Any, fun: Any, y0: Any, t0: Any, t: Any, params: Any) -> Any:
    """Solve another equation with the solver of this one."""
    method, rtol, atol = solver
    if method == "odeint":
        return si.odeint(fun, y0, t, args=params, rtol=rtol, atol=atol, tfirst=True)
    return si.solve_ivp(fun, (t0, t[-1]), y0, method=method, t_eval=t, args=params, rtol=rtol, atol=atol).y.T


def back(solver: Any, fun: Any, z: Any, end: Any, start: Any, params: Any) -> Any:
    """Return where an equation comes from the end of an interval to its start."""
    return solved(solver, fun, z, end, np.array([end, start]), params)[-1]


def given_vjp(g: Any, out: Any, fun: Any, solver: Any, times: Any, given: Any) -> Any:
    """Return the gradients for the start, its time and the parameters, in one run back."""
    y0, t0, params = given[0], given[1], given[2:]
    n = np.size(y0)

    def adjoint(s: Any, z: Any, *p: Any) -> Any:
        a = z[n : 2 * n]
        parts = pullback(fun, (s, z[:n], *p), a)
        slopes = [
            np.ravel(np.asarray(0.0 * p[k] if parts[k + 2] is None else -parts[k + 2]))
            for k in range(len(p))
            if has_gradient(p[k])
        ]
        a_dot = 0.0 * a if parts[1] is None else -parts[1]
        return np.concatenate((fun(s, z[:n], *p), a_dot, *slopes))

    a = np.zeros_like(y0)
    sums = np.zeros(sum([np.size(p) for p in params if has_gradient(p)]))
    for k in range(np.size(times) - 1, -1, -1):
        a = a + g[k]
        start = times[k - 1] if k > 0 else t0
        if start != times[k]:
            z = back(solver, adjoint, np.concatenate((out[k], a, sums)), times[k], start, params)
            a = shaped_like(z[n : 2 * n].copy(), y0)
            sums = z[2 * n :].copy()
    grads: tuple[Any, ...] = ()
    at = 0
    for p in params:
        if has_gradient(p):
            part = sums[at : at + np.size(p)]
            grads += (np.reshape(part, np.shape(p)) if np.ndim(p) > 0 else part[0],)
            at += np.size(p)
        else:
            grads += (None,)
    return a, -(a @ fun(t0, y0, *params)), *grads


def given_jvp(t: Any, out: Any, fun: Any, solver: Any, times: Any, given: Any) -> Any:
    y0, t0, params = given[0], given[1], given[2:]
    n = np.size(y0)
    count = len(params)
    moved = tuple([t[k + 2] for k in range(count) if has_gradient(params[k])])

    def variation(s: Any, z: Any, *both: Any) -> Any:
        own: tuple[Any, ...] = (None, z[n:])
        k = count
        for p in both[:count]:
            if has_gradient(p):
                own += (both[k],)
                k += 1
            else:
                own += (None,)
        now = (s, z[:n], *both[:count])
        return np.concatenate((fun(*now), pushforward(fun, now, own)))

    start = t[0] if is_static(t[1]) else t[0] - t[1] * fun(t0, y0, *params)
    both = (*params, *moved)
    return solved(solver, variation, np.concatenate((y0, start)), t0, times, both)[:, n:]


def times_vjp(g: Any, out: Any, fun: Any, times: Any, given: Any) -> Any:
    return np.stack([g[k] @ fun(times[k], out[k], *given[2:]) for k in range(np.size(times))])


def times_jvp(t: Any, out: Any, fun: Any, times: Any, given: Any) -> Any:
    return np.stack([t[k] * fun(times[k], out[k], *given[2:]) for k in range(np.size(times))])


rule(
    trajectory,
    "y fun solver times *given",
    name="trajectory",
    show="_",
    memory="same",
    vjp={"times": times_vjp, "given": given_vjp},
    jvp={"times": times_jvp, "given": given_jvp},
    infer=exactly("y"),
)


@formula(si.odeint)
def odeint(
    func: Any, y0: Any, t: Any, args: Any = (), *, rtol: Any = None, atol: Any = None, hmax: Any = 0.0,
    mxstep: Any = 0, tfirst: bool = False,
) -> Any:  # fmt: skip
    y0 = as_vector(y0)
    t = np.asarray(t, dtype=float)
    args = as_tuple(args)
    t0 = t[0]
    fun, captured = lift((func,), t0, y0, *args) if tfirst else lift((func,), y0, t0, *args)
    params = (*args, *captured)

    def field(s: Any, v: Any, *p: Any) -> Any:
        return as_vector(fun(s, v, *p) if tfirst else fun(v, s, *p))

    closed, _ = lift((field,), t0, y0, *params)
    y = call_odeint(fun, y0, t, args=params, rtol=rtol, atol=atol, hmax=hmax, mxstep=mxstep, tfirst=tfirst)
    return trajectory(y, closed, ("odeint", stop_gradient(rtol), stop_gradient(atol)), t, y0, t0, *params)


@static
def no_times() -> None:
    raise TypeError("without t_eval= its times of output depend on what is differentiated: pass t_eval=[t1]")


@formula(si.solve_ivp)
def solve_ivp(
    fun: Any, t_span: Any, y0: Any, method: Any = "RK45", t_eval: Any = None, *, args: Any = (), rtol: Any = 0.001,
    atol: Any = 1e-06, max_step: Any = np.inf, first_step: Any = None,
) -> Any:  # fmt: skip
    if t_eval is None:
        no_times()
    y0 = as_vector(y0)
    t = np.asarray(t_eval, dtype=float)
    args = () if args is None else as_tuple(args)
    t0 = float(t_span[0])
    f, captured = lift((fun,), t0, y0, *args)
    params = (*args, *captured)

    def field(s: Any, v: Any, *p: Any) -> Any:
        return as_vector(f(s, v, *p))

    closed, _ = lift((field,), t0, y0, *params)
    sol = call_solve_ivp(
        f, (t0, float(t_span[1])), y0, method=method, t_eval=t, args=params, rtol=rtol, atol=atol,
        max_step=max_step, first_step=first_step,
    )  # fmt: skip
    y = trajectory(sol.y.T, closed, (method, stop_gradient(rtol), stop_gradient(atol)), t, y0, t0, *params).T
    return result_of(OdeResult, t=t, y=y, success=sol.success, status=sol.status, message=sol.message, nfev=sol.nfev)
