"""Formulas of the functions that skip NaN: a missing value becomes the neutral element of the operation."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import Axis, conjugate, real_part
from adgen.rules.declare import formula, sample, static
from adgen.rules.lanes import lanes, restored

HOLED = np.array([[1.0, np.nan, 0.5], [0.3, 4.0, -1.5]])
V = np.array([0.5, np.nan, 2.0, 0.3, np.nan])
STACK = np.where(np.linspace(-1.0, 2.0, 24) ** 2 < 0.1, np.nan, np.linspace(-1.0, 2.0, 24)).reshape(2, 3, 4)
MASK = np.array([[True, True, False], [False, True, True]])
AXES = (
    sample(V),
    sample(HOLED),
    sample(HOLED, axis=0),
    sample(HOLED, axis=1, keepdims=True),
    sample(STACK, axis=(0, 2)),
)


# --- sums, products, extrema ----------------------------------------------------------------------


def present(a: Any, where: Any) -> Any:
    """Return which elements count."""
    there = np.logical_not(np.isnan(a))
    return there if where is True else np.logical_and(there, where)


@formula(np.nansum, sample(HOLED, axis=1, where=MASK), sample(HOLED, initial=2.5), sample(HOLED, dtype="float64"))
def nansum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = np._NoValue,
    where: Any = True,
) -> Any:
    kept = np.where(np.isnan(a), 0.0, a)
    return np.sum(kept, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)


@formula(np.nanprod, *AXES, sample(HOLED, axis=1, where=MASK), sample(HOLED, initial=2.5))
def nanprod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = np._NoValue,
    where: Any = True,
) -> Any:
    kept = np.where(np.isnan(a), 1.0, a)
    return np.prod(kept, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)


@formula(np.nanmean, sample(HOLED, axis=1, where=MASK), sample(HOLED, dtype="float64"))
def nanmean(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, where: Any = True) -> Any:
    kept = np.where(np.isnan(a), 0.0, a)
    total = np.sum(kept, axis=axis, dtype=dtype, keepdims=keepdims, where=where)
    return total / as_divisor(np.sum(present(a, where), axis=axis, keepdims=keepdims), total)


def as_divisor(n: Any, values: Any) -> Any:
    """Return a number of values in their precision, NaN where there are none left."""
    return np.where(n > 0, n, np.nan).astype(values.dtype)


@formula(np.nanmax, sample(HOLED, axis=1, initial=0.75), sample(HOLED, axis=0, where=MASK, initial=-9.5))
def nanmax(a: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = np._NoValue, where: Any = True) -> Any:
    return np.max(np.where(present(a, where), a, initial), axis=axis, keepdims=keepdims, initial=initial)


@formula(np.nanmin, sample(HOLED, axis=1, initial=0.75), sample(HOLED, axis=0, where=MASK, initial=9.5))
def nanmin(a: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = np._NoValue, where: Any = True) -> Any:
    return np.min(np.where(present(a, where), a, initial), axis=axis, keepdims=keepdims, initial=initial)


@formula(np.nancumsum, sample(V), sample(HOLED), sample(HOLED, axis=0))
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    return np.cumsum(np.where(np.isnan(a), 0.0, a), axis=axis, dtype=dtype)


@formula(np.nancumprod, sample(V), sample(HOLED), sample(HOLED, axis=0))
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    return np.cumprod(np.where(np.isnan(a), 1.0, a), axis=axis, dtype=dtype)


# --- moments --------------------------------------------------------------------------------------

MOMENTS = (
    *AXES,
    sample(HOLED * (1.0 + 0.5j), axis=1),
    sample(HOLED, axis=1, ddof=1),
    sample(HOLED, ddof=1, keepdims=True),
    sample(HOLED, 0, where=MASK),
)


@formula(np.nanvar, *MOMENTS)
def nanvar(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    *,
    ddof: Any = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    there = present(a, where)
    if mean is None:
        mean = nanmean(a, axis, dtype, keepdims=True, where=where)
    apart = np.where(there, a - mean, 0.0)
    square = real_part(apart * conjugate(apart), apart)
    total = np.sum(square, axis=axis, dtype=dtype, keepdims=keepdims)
    number = np.sum(there, axis=axis, keepdims=keepdims) - (ddof if correction is None else correction)
    return total / as_divisor(number, total)


@formula(np.nanstd, *MOMENTS)
def nanstd(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    *,
    ddof: Any = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """The gradient of a constant column is 0, as for `np.std`."""
    v = nanvar(a, axis, dtype, ddof=ddof, keepdims=keepdims, where=where, mean=mean, correction=correction)
    return as_scalar(np.where(v > 0.0, np.sqrt(np.where(v > 0.0, v, 1.0)), v))


def as_scalar(out: Any) -> Any:
    """Return an array without axes as the NumPy scalar that a reduction gives."""
    return out[()] if np.ndim(out) == 0 else out


# --- quantiles ------------------------------------------------------------------------------------


@formula(np.nanmedian, *AXES)
def nanmedian(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    rows = np.sort(lanes(a, axis), axis=0)  # NaN comes last
    if rows.shape[0] == 0:
        return np.mean(a, axis=axis, keepdims=keepdims)
    n = np.sum(np.logical_not(np.isnan(rows)), axis=0, keepdims=True)
    below = np.take_along_axis(rows, np.maximum(n - 1, 0) // 2, 0)
    above = np.take_along_axis(rows, np.minimum(n // 2, np.maximum(n - 1, 0)), 0)
    return restored(((below + above) / 2.0)[0], a, axis, keepdims)


@static
def linear_only(method: str, weights: Any) -> None:
    if method != "linear" or weights is not None:
        raise TypeError("quantiles that skip NaN have a gradient rule for method='linear' without weights only")


@formula(
    np.nanquantile,
    sample(V, 0.3),
    sample(HOLED, 0.6, axis=0),
    sample(HOLED, [0.3, 0.6], axis=1),
    sample(HOLED, np.array([0.25, 0.8]), axis=1, keepdims=True),
    sample(STACK, 0.7, axis=(0, 2), keepdims=True),
    sample(STACK, 1.0, axis=(0, 2), kink="the end of the range"),
)
def nanquantile(
    a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False, weights: Any = None
) -> Any:
    linear_only(method, weights)
    rows = np.sort(lanes(a, axis), axis=0)
    last = np.maximum(np.sum(np.logical_not(np.isnan(rows)), axis=0) - 1, 0)
    q = np.asarray(q, dtype=rows.dtype if type(q) in (int, float) else None)
    place = np.expand_dims(q, tuple_behind(np.ndim(q), np.ndim(rows) - 1)) * last.astype(q.dtype)
    part = place - np.floor(place)
    low = np.floor(place).astype(int)
    front = np.expand_dims(low, 0) if np.ndim(q) == 0 else low
    below = np.take_along_axis(rows, front, 0)
    above = np.take_along_axis(rows, np.minimum(front + 1, last), 0)
    if np.ndim(q) == 0:
        return restored(between(below[0], above[0], part), a, axis, keepdims)
    return restored(between(below, above, part), a, axis, keepdims, 1)


@static
def tuple_behind(leading: int, n: int) -> tuple[int, ...]:
    if leading > 1:
        raise TypeError("quantiles have a gradient rule for one q or a vector of them")
    return tuple(range(leading, leading + n))


def between(below: Any, above: Any, part: Any) -> Any:
    """Interpolate as NumPy does, exact at both ends."""
    return as_scalar(np.where(part < 0.5, below + (above - below) * part, above - (above - below) * (1.0 - part)))


@formula(np.nanpercentile, sample(V, 30), sample(HOLED, [10.0, 75.5], axis=1), sample(HOLED, 40.0, axis=1))
def nanpercentile(
    a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False, weights: Any = None
) -> Any:
    return nanquantile(
        a, np.asarray(q) / 100.0 if np.ndim(q) else q / 100.0, axis, method=method, keepdims=keepdims, weights=weights
    )
