"""Formulas and rules of functions of sampled values: differences, interpolation, correlation, phases, histograms."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import from_front, normal_axes, normal_axis, numbers, to_front
from adgen.rules.declare import formula, rule, sample, static
from adgen.rules.selection import NUMPY_2
from adgen.rules.typing import same_as

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
N = np.linspace(-1.0, 1.5, 12).reshape(4, 3) ** 2
GRID = np.array([0.0, 0.9, 2.1, 3.0])


# --- differences ----------------------------------------------------------------------------------


def edge(value: Any, a: Any, axis: int) -> Any:
    """Return what `np.diff` puts at an end of a: an array, or a number that is spread along the other axes."""
    value = np.asarray(value)
    if value.ndim > 0:
        return value
    shape: tuple[Any, ...] = ()
    for k in numbers(a.ndim):
        shape += (1 if k == normal_axis(axis, a.ndim) else a.shape[k],)
    return np.broadcast_to(value, shape)


@formula(
    np.diff,
    sample(M, prepend=0.5),
    sample(M, axis=0, prepend=M[:1], append=1.5),
    sample(V, 2, append=V[:2]),
    sample(V, n=2, prepend=1.0, append=2.0),
)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    a = np.asarray(a)
    parts: tuple[Any, ...] = (a,)
    if prepend is not None:
        parts = (edge(prepend, a, axis), *parts)
    if append is not None:
        parts = (*parts, edge(append, a, axis))
    return np.diff(np.concatenate(parts, axis=axis), n, axis=axis)


@formula(np.ediff1d, sample(V), sample(M), sample(V, to_begin=0.5), sample(M, to_end=V[:2], to_begin=V))
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    parts: tuple[Any, ...] = (np.diff(np.ravel(ary)),)
    if to_begin is not None:
        parts = (np.ravel(np.asarray(to_begin, dtype=parts[0].dtype)), *parts)
    if to_end is not None:
        parts = (*parts, np.ravel(np.asarray(to_end, dtype=parts[0].dtype)))
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def spacing(h: Any) -> Any:
    """Return the distances of sample points, given as they are or as one number."""
    return np.diff(h) if np.ndim(h) == 1 else h


@static
def along_first(ndim: int) -> tuple[int, ...]:
    return tuple(range(1, ndim))


def slopes(f: Any, h: Any, edge_order: int) -> Any:
    """Return the gradient along the first axis, as `np.gradient` defines it."""
    if np.ndim(h) == 0:
        inner = (f[2:] - f[:-2]) / (2.0 * h)
        first, last = (f[1:2] - f[:1]) / h, (f[-1:] - f[-2:-1]) / h
        if edge_order == 2:
            first = -1.5 / h * f[:1] + 2.0 / h * f[1:2] + -0.5 / h * f[2:3]
            last = 0.5 / h * f[-3:-2] + -2.0 / h * f[-2:-1] + 1.5 / h * f[-1:]
        return np.concatenate((first, inner, last))
    d = np.expand_dims(h, along_first(f.ndim))
    d1, d2 = d[:-1], d[1:]
    inner = -d2 / (d1 * (d1 + d2)) * f[:-2] + (d2 - d1) / (d1 * d2) * f[1:-1] + d1 / (d2 * (d1 + d2)) * f[2:]
    first, last = (f[1:2] - f[:1]) / d[:1], (f[-1:] - f[-2:-1]) / d[-1:]
    if edge_order == 2:
        p, q = d[:1], d[1:2]
        first = -(2.0 * p + q) / (p * (p + q)) * f[:1] + (p + q) / (p * q) * f[1:2] - p / (q * (p + q)) * f[2:3]
        p, q = d[-2:-1], d[-1:]
        last = q / (p * (p + q)) * f[-3:-2] - (q + p) / (p * q) * f[-2:-1] + (2.0 * q + p) / (q * (p + q)) * f[-1:]
    return np.concatenate((first, inner, last))


@static
def enough_spacings(spacings: int, axes: int) -> None:
    if spacings not in (0, 1, axes):
        raise TypeError("np.gradient takes no spacing, one for all axes, or one for each")


@static
def keeps_type(mine: Any, found: Any) -> bool:
    """Say whether differences of values in a smaller precision than their distances are cast to theirs."""
    if np.dtype(mine).kind == "f" and np.dtype(found).kind == "c":
        raise TypeError("complex distances of real values have no gradient rule: np.gradient drops the imaginary part")
    return np.dtype(mine).kind in "fc" and mine != found


@formula(
    np.gradient,
    sample(N),
    sample(N, 0.5),
    sample(N, 0.5, 2.0),
    sample(N, axis=(0, 1)),
    sample(V, GRID),
    sample(V, edge_order=2),
    sample(V, 0.5, edge_order=2),
    sample(V, GRID, edge_order=2),
    sample(N, GRID, axis=0),
    sample(N, GRID, 0.5, edge_order=2),
)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = np.asarray(f)
    axes = normal_axes(axis, f.ndim)
    enough_spacings(len(varargs), len(axes))
    parts: tuple[Any, ...] = ()
    for i in numbers(len(axes)):
        h = 1.0 if len(varargs) == 0 else varargs[0] if len(varargs) == 1 else varargs[i]
        slope = from_front(slopes(to_front(f, axes[i]), spacing(h), edge_order), axes[i])
        parts += (slope.astype(f.dtype) if keeps_type(f.dtype, slope.dtype) else slope,)
    if len(parts) == 1:
        return parts[0]
    return parts if as_tuple() else list(parts)


@static
def as_tuple() -> bool:
    """Say whether NumPy gives a tuple of arrays where it gave a list before version 2."""
    return NUMPY_2


# --- running sums ---------------------------------------------------------------------------------


@static
def scan_axis(axis: int | None, ndim: int) -> int:
    if axis is None and ndim != 1:
        raise TypeError("a cumulative sum or product of an array of several axes needs axis=")
    return 0 if axis is None else axis


if NUMPY_2:

    @formula(np.cumulative_sum, sample(V), sample(M, axis=1), sample(M, axis=0, include_initial=True))
    def cumulative_sum(x: Any, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
        x = np.asarray(x)
        k = scan_axis(axis, x.ndim)
        out = np.cumsum(x, axis=k, dtype=dtype)
        return (
            np.concatenate((np.zeros_like(edge(0.0, out, k), dtype=out.dtype), out), axis=k) if include_initial else out
        )

    @formula(np.cumulative_prod, sample(V), sample(M, axis=1), sample(M, axis=0, include_initial=True))
    def cumulative_prod(x: Any, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
        x = np.asarray(x)
        k = scan_axis(axis, x.ndim)
        out = np.cumprod(x, axis=k, dtype=dtype)
        return (
            np.concatenate((np.ones_like(edge(1.0, out, k), dtype=out.dtype), out), axis=k) if include_initial else out
        )


# --- phases ---------------------------------------------------------------------------------------

rule(
    np.unwrap,
    "p discont=None axis=-1 * period=6.283185307179586",
    args=("p", "period"),
    static=("axis",),
    vjp={"p": lambda g: g, "period": lambda g, out, p, period: g * np.round((out - p) / period)},
    jvp={"p": lambda t: t, "period": lambda t, out, p, period: t * np.round((out - p) / period)},
    infer=same_as("p"),
    samples=(
        sample(9.0 * V),
        sample(9.0 * M, axis=0),
        sample(9.0 * M, discont=4.0),
        sample(50.0 * V, period=36.0),
    ),
)


# --- interpolation --------------------------------------------------------------------------------


@formula(
    np.interp,
    sample(np.array([-1.0, 0.4, 5.0]), GRID, V, left=0.5),
    sample(np.array([-1.0, 0.4, 5.0]), GRID, V, left=0.5, right=-1.5),
    sample(-0.5, GRID, V, 0.25),
    sample(np.array([-1.0, 0.4, 5.0, 7.7]), GRID, V, period=3.5),
    sample(7.7, GRID, V, period=-3.5),
)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    xp, fp = np.asarray(xp), np.asarray(fp)
    if period is not None:
        period = abs(period)
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate((xp[-1:] - period, xp, xp[:1] + period))
        fp = np.concatenate((fp[-1:], fp, fp[:1]))
        return np.interp(x, xp, fp)
    out = np.interp(x, xp, fp)
    if left is not None:
        out = as_scalar(np.where(np.asarray(x) < xp[0], left, out))
    if right is not None:
        out = as_scalar(np.where(np.asarray(x) > xp[-1], right, out))
    return out


def as_scalar(out: Any) -> Any:
    """Return an array without axes as the NumPy scalar that the function gives."""
    return out[()] if np.ndim(out) == 0 else out


@formula(
    np.correlate,
    sample(V, V[:2]),
    sample(V, V[1:], "full"),
    sample(V[:2], V, "same"),
    sample(V, V[:2], mode="same"),
    sample(V[:3], V, mode="full"),
    sample(V[1:], V),
)
def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    a, v = np.asarray(a), np.asarray(v)
    if a.shape[0] >= v.shape[0]:
        return np.convolve(a, np.flip(np.conj(v)), mode)
    return np.flip(np.convolve(np.conj(v), np.flip(a), mode))


# --- windows and scales ---------------------------------------------------------------------------


@formula(np.logspace, sample(0.5, 2.0, 4), sample(0.5, 2.0, num=5, endpoint=False, base=2.0), sample(V, 2.0, 3))
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    powers = np.power(base, np.linspace(start, stop, num=num, endpoint=endpoint, axis=axis))
    return powers if dtype is None else powers.astype(dtype)


@formula(np.geomspace, sample(1.5, 8.0, 4), sample(0.5, 8.0, num=5, endpoint=False), sample(-0.5, -8.0, 3))
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    start, stop = np.asarray(start, dtype="float64"), np.asarray(stop, dtype="float64")
    low, high = np.log10(np.abs(start)), np.log10(np.abs(stop))
    out = np.sign(start) * logspace(low, high, num, endpoint, 10.0, None, axis)
    return out if dtype is None else out.astype(dtype)


@formula(np.linspace, sample(V, 2.0, 3, axis=-1), sample(0.5, 2.0, 5, retstep=True), sample(0.5, 2, 4, False, True))
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    out = from_front(np.linspace(start, stop, num=num, endpoint=endpoint, dtype=dtype), axis)
    if not retstep:
        return out
    return out, np.subtract(stop, start) / (num - 1 if endpoint else num)
