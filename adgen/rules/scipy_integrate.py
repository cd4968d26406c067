"""Integrals and differential equations of `scipy.integrate`; read only when the user's program has imported it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.integrate as si
from scipy.special import roots_legendre

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Array, Float, Opaque, Scalar, Tuple, Type
from adgen.rules.axes import numbers
from adgen.rules.declare import fact, formula, nondifferentiable, rule, sample, static
from adgen.rules.functions import gives_none, has_gradient, lift, pullback, pushforward
from adgen.rules.typing import always, exactly


def as_tuple(args: Any) -> Any:
    return args if isinstance(args, tuple) else (args,)


# --- integrals --------------------------------------------------------------------------------------
# An integral moves with its ends by the integrand there, with a parameter by the integral of its derivative.


def call_quad(func: Any, a: Any, b: Any, **options: Any) -> Any:
    return si.quad(func, a, b, **options)


nondifferentiable(
    call_quad,
    name="scipy.integrate.quad",
    params="func a b args=() epsabs=1.49e-08 epsrel=1.49e-08 limit=50 points=None",
    infer=always(Tuple((Float(), Float()))),
)


def call_quad_vec(f: Any, a: Any, b: Any, **options: Any) -> Any:
    return si.quad_vec(f, a, b, **options)


def quad_vec_type(f: Operand, **_: Operand) -> Type:
    value = f.value.func.body.results[0].type if isinstance(f, Const) else Opaque()
    if not isinstance(value, (Array, Float)):
        value = Scalar("float64")
    return Tuple((value, Float()))


nondifferentiable(
    call_quad_vec,
    name="scipy.integrate.quad_vec",
    params="f a b epsabs=1e-200 epsrel=1e-08 norm='2' limit=10000 points=None args=()",
    infer=quad_vec_type,
)


def integral(value: Any, fun: Any, a: Any, b: Any, *params: Any) -> Any:
    """Return `value`, which is the integral of `fun(t, *params)` from a to b."""
    return value


@fact(lambda p: isinstance(p.type, Float))
def is_number(p: Any) -> bool:
    return isinstance(p, float)


def along_end(g: Any, value: Any, end: Any) -> Any:
    """Return the gradient for an end, where the integrand is `end`."""
    return np.sum(g * end) if np.ndim(value) > 0 else g * end


def slope_of(fun: Any, a: Any, params: Any, k: int) -> Any:
    """Return the derivative of an integrand with respect to one of its parameters, as a function."""

    def slope(t: Any, *p: Any) -> Any:
        return pullback(fun, (t, *p), 1.0)[k + 1]

    return lift((slope,), a, *params)[0]


def integrated(fun: Any, a: Any, b: Any, params: Any, like: Any) -> Any:
    """Return the integral of a function whose values are like a parameter."""
    if is_number(like):
        return si.quad(fun, a, b, args=params)[0]
    return si.quad_vec(fun, a, b, args=params)[0]


def integral_params_vjp(g: Any, value: Any, fun: Any, a: Any, b: Any, params: Any) -> Any:
    parts: tuple[Any, ...] = ()
    for k in numbers(len(params)):
        if np.ndim(value) > 0:
            parts += (weighted_part(g, fun, a, b, params, k),)
        else:
            slope = slope_of(fun, a, params, k)
            parts += (None if gives_none(slope) else g * integrated(slope, a, b, params, params[k]),)
    return parts


def weighted_part(g: Any, fun: Any, a: Any, b: Any, params: Any, k: int) -> Any:
    """Return the gradient of an integral of vectors: that of its product with g, under the integral."""

    def slope(t: Any, w: Any, *p: Any) -> Any:
        return pullback(fun, (t, *p), w)[k + 1]

    closed = lift((slope,), a, g, *params)[0]
    return None if gives_none(closed) else integrated(closed, a, b, (g, *params), params[k])


def integral_params_jvp(t: Any, value: Any, fun: Any, a: Any, b: Any, params: Any) -> Any:
    n = len(params)
    moved = tuple([t[k] for k in numbers(n) if has_gradient(params[k])])

    def along(s: Any, *both: Any) -> Any:
        tangents: tuple[Any, ...] = (None,)
        k = n
        for p in both[:n]:
            if has_gradient(p):
                tangents += (both[k],)
                k += 1
            else:
                tangents += (None,)
        return pushforward(fun, (s, *both[:n]), tangents)

    if is_number(value):
        return si.quad(along, a, b, args=(*params, *moved))[0]
    return si.quad_vec(along, a, b, args=(*params, *moved))[0]


rule(
    integral,
    "value fun a b *params",
    name="integral",
    show="_",
    vjp={
        "a": lambda g, value, fun, a, params: -along_end(g, value, fun(a, *params)),
        "b": lambda g, value, fun, b, params: along_end(g, value, fun(b, *params)),
        "params": integral_params_vjp,
    },
    jvp={
        "a": lambda t, fun, a, params: -t * fun(a, *params),
        "b": lambda t, fun, b, params: t * fun(b, *params),
        "params": integral_params_jvp,
    },
    infer=exactly("value"),
)


def decay(t: Any, rate: Any) -> Any:
    return np.exp(-rate * t * t)


@formula(si.quad, sample(decay, 0.0, 1.5, (0.7,)), sample(decay, -np.inf, 2.0, 0.7))
def quad(
    func: Any, a: Any, b: Any, args: Any = (), *, epsabs: Any = 1.49e-08, epsrel: Any = 1.49e-08, limit: Any = 50,
    points: Any = None,
) -> Any:  # fmt: skip
    a, b = float(a), float(b)
    args = as_tuple(args)
    fun, captured = lift((func,), a, *args)
    params = (*args, *captured)
    value, error = call_quad(fun, a, b, args=params, epsabs=epsabs, epsrel=epsrel, limit=limit, points=points)
    return integral(value, fun, a, b, *params), error


def powers(t: Any, rate: Any) -> Any:
    return np.exp(-rate * t) * np.array([1.0, 2.0])


@formula(si.quad_vec, sample(powers, 0.0, 1.5, args=(0.7,)), sample(decay, -1.0, 2.0, args=(np.float64(0.7),)))
def quad_vec(
    f: Any, a: Any, b: Any, epsabs: Any = 1e-200, epsrel: Any = 1e-08, norm: Any = "2", *, limit: Any = 10000,
    points: Any = None, args: Any = (),
) -> Any:  # fmt: skip
    a, b = float(a), float(b)
    args = as_tuple(args)
    fun, captured = lift((f,), a, *args)
    params = (*args, *captured)
    value, error = call_quad_vec(
        fun, a, b, epsabs=epsabs, epsrel=epsrel, norm=norm, limit=limit, points=points, args=params
    )  # fmt: skip
    return integral(value, fun, a, b, *params), error


@formula(si.fixed_quad)
def fixed_quad(func: Any, a: Any, b: Any, args: Any = (), n: int = 5) -> Any:
    nodes, weights = gauss(n)
    y = (b - a) * (np.asarray(nodes) + 1.0) / 2.0 + a
    return (b - a) / 2.0 * np.sum(np.asarray(weights) * func(y, *args), axis=-1), None


@static
def gauss(n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the nodes and weights of the rule of Gauss and Legendre."""
    nodes, weights = roots_legendre(n)
    return tuple(map(float, nodes.real)), tuple(map(float, weights))


# --- iterated integrals -----------------------------------------------------------------------------


def bound(limit: Any, *at: Any) -> Any:
    """Return an inner limit: a number, or a function of the outer variables."""
    return limit(*at) if callable(limit) else limit


@formula(si.dblquad)
def dblquad(
    func: Any, a: Any, b: Any, gfun: Any, hfun: Any, args: Any = (), epsabs: Any = 1.49e-08, epsrel: Any = 1.49e-08
) -> Any:
    args = as_tuple(args)

    def inner(x: Any, *p: Any) -> Any:
        low, high = bound(gfun, x), bound(hfun, x)
        return si.quad(lambda y, *q: func(y, *q), low, high, args=(x, *p), epsabs=epsabs, epsrel=epsrel)[0]

    return si.quad(inner, a, b, args=args, epsabs=epsabs, epsrel=epsrel)


@formula(si.tplquad)
def tplquad(
    func: Any, a: Any, b: Any, gfun: Any, hfun: Any, qfun: Any, rfun: Any, args: Any = (), epsabs: Any = 1.49e-08,
    epsrel: Any = 1.49e-08,
) -> Any:  # fmt: skip
    args = as_tuple(args)

    def inner(y: Any, x: Any, *p: Any) -> Any:
        low, high = bound(qfun, x, y), bound(rfun, x, y)
        return si.quad(lambda z, *q: func(z, *q), low, high, args=(y, x, *p), epsabs=epsabs, epsrel=epsrel)[0]

    def middle(x: Any, *p: Any) -> Any:
        low, high = bound(gfun, x), bound(hfun, x)
        return si.quad(inner, low, high, args=(x, *p), epsabs=epsabs, epsrel=epsrel)[0]

    return si.quad(middle, a, b, args=args, epsabs=epsabs, epsrel=epsrel)


@static
def number_of_ranges(n: int, opts: Any) -> int:
    if n > 3 or opts is not None:
        raise TypeError("scipy.integrate.nquad has a gradient rule over one to three ranges of numbers, without opts=")
    return n


@formula(si.nquad)
def nquad(func: Any, ranges: Any, args: Any = None, opts: Any = None, full_output: bool = False) -> Any:
    """The first variable is integrated innermost, over the first range."""
    n = number_of_ranges(len(ranges), opts)
    args = () if args is None else as_tuple(args)

    def over_first(y: Any, *p: Any) -> Any:
        return si.quad(lambda x, *q: func(x, *q), ranges[0][0], ranges[0][1], args=(y, *p))[0]

    def over_two(z: Any, *p: Any) -> Any:
        return si.quad(over_first, ranges[1][0], ranges[1][1], args=(z, *p))[0]

    if n == 1:
        return si.quad(func, ranges[0][0], ranges[0][1], args=args)
    if n == 2:
        return si.quad(over_first, ranges[1][0], ranges[1][1], args=args)
    return si.quad(over_two, ranges[2][0], ranges[2][1], args=args)
