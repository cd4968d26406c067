"""Formulas of functions that apply other functions: along axes, piecewise, elementwise; and of the ufuncs' methods."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from adgen.rules.axes import from_front, normal_axes, normal_axis, numbers, to_front
from adgen.rules.core import no_gradient
from adgen.rules.declare import formula, sample, static
from adgen.rules.registry import REGISTRY
from adgen.rules.series import as_scalar

V = np.array([0.5, -1.2, 2.0, 0.3])
W = np.array([1.5, 0.7, 0.4, 2.2])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)


# --- functions of parts ---------------------------------------------------------------------------


def square(t: Any) -> Any:
    return t * t


def double_sum(t: Any) -> Any:
    return 2.0 * np.sum(t)


def scaled(t: Any, by: Any) -> Any:
    return t * by


@formula(
    np.apply_along_axis,
    sample(double_sum, 0, M),
    sample(square, 1, M),
    sample(np.cumsum, 0, STACK),
    sample(scaled, -1, M, 2.5),
)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    moved = np.moveaxis(np.asarray(arr), axis, -1)
    rows = [func1d(row, *args, **kwargs) for row in np.reshape(moved, (-1, moved.shape[-1]))]
    out = np.stack(rows)
    if out.ndim == 1:
        return np.reshape(out, moved.shape[:-1])
    if out.ndim > 2:
        no_gradient("np.apply_along_axis of a function that gives matrices")
    return np.moveaxis(np.reshape(out, (*moved.shape[:-1], out.shape[-1])), -1, axis)


@formula(np.apply_over_axes, sample(np.sum, STACK, [0, 2]), sample(np.mean, M, 0), sample(np.flip, M, (0, 1)))
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    out = np.asarray(a)
    for axis in normal_axes(as_axes(axes), np.ndim(a)):
        found = func(out, axis)
        out = found if np.ndim(found) == np.ndim(out) else np.expand_dims(found, axis)
    return out


@static
def as_axes(axes: Any) -> Any:
    return tuple(axes) if isinstance(axes, (list, tuple)) else axes


def coordinates(i: Any, j: Any) -> Any:
    return i * 2.0 + j


@formula(np.fromfunction, sample(coordinates, (2, 3)), sample(square, (3,), dtype=int))
def fromfunction(function: Any, shape: Any, *, dtype: Any = float, **kwargs: Any) -> Any:
    grid = np.indices(shape, dtype)
    return function(*[grid[k] for k in numbers(len(shape))], **kwargs)


@formula(
    np.piecewise,
    sample(V, [V < 0.4, V >= 0.4], [square, np.negative]),
    sample(V, [V < 0.4], [square, 5.0]),
    sample(V, [V < 0.4, V > 1.0], [0.5, 1.5, square]),
    sample(V, V < 0.4, [square, np.negative]),
    sample(V, [V < 0.4], [square]),
    sample(V, [V < 0.4, V > 1.0], [scaled, scaled, 0.5], 2.5),
)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Each function sees the elements where its condition holds; of several, the last one counts."""
    x = np.asarray(x)
    conditions = condlist if isinstance(condlist, (list, tuple)) else [one_mask(condlist)]
    n = len(conditions)
    one_function_each(n, len(funclist))
    out = np.zeros_like(x)
    taken = np.zeros(np.shape(x), dtype=bool)
    for k in numbers(n):
        out = piece(out, x, np.asarray(conditions[k]), funclist[k], args, kw)
        taken = np.logical_or(taken, conditions[k])
    return piece(out, x, np.logical_not(taken), funclist[n], args, kw) if len(funclist) > n else out


def piece(out: Any, x: Any, mask: Any, value: Any, args: Any, kw: Any) -> Any:
    full_mask(np.ndim(mask), np.ndim(x))
    out[mask] = value(x[mask], *args, **kw) if callable(value) else value
    return out


def one_mask(condition: Any) -> Any:
    if np.ndim(condition) > 1:
        no_gradient("np.piecewise with an array of conditions")
    return condition


@static
def one_function_each(conditions: int, functions: int) -> None:
    if functions not in (conditions, conditions + 1):
        raise TypeError(
            f"np.piecewise with {conditions} conditions has a gradient rule for as many functions, or one more"
        )


@static
def full_mask(mask_ndim: int, ndim: int) -> None:
    if mask_ndim != ndim or ndim == 0:
        raise TypeError("np.piecewise has a gradient rule for arrays with conditions of their shape")


# --- methods of ufuncs ----------------------------------------------------------------------------
# Reductions and running results are the functions for them where there is one, else loops from the left.

NONE = np._NoValue


def log_sum(a: Any, axis: Any, keepdims: bool) -> Any:
    """Return the logarithm of a sum of exponentials; the largest term goes in front."""
    top = np.max(a, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0.0)
    out = np.log(np.sum(np.exp(a - top), axis=axis, keepdims=True)) + top
    return out if keepdims else as_scalar(np.squeeze(out, axis=normal_axes(axis, np.ndim(a))))


@static
def simple_fold(ufunc: Any, axis: Any, everywhere: bool) -> int:
    if not isinstance(axis, int) or not everywhere:
        raise TypeError(f"np.{ufunc.__name__}.reduce has a gradient rule along one axis, without where=")
    return axis


def reduce_by(
    ufunc: Any, a: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = NONE, where: Any = True,
) -> Any:  # fmt: skip
    if out is not None:
        no_gradient("a reduction with out= by position")
    a = np.asarray(a)
    if ufunc is np.add:
        return np.sum(a, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)
    if ufunc is np.multiply:
        return np.prod(a, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)
    if ufunc is np.logical_and:
        return np.all(a, axis=axis, keepdims=keepdims, where=where)
    if ufunc is np.logical_or:
        return np.any(a, axis=axis, keepdims=keepdims, where=where)
    if dtype is not None:
        no_gradient("a reduction with dtype=")
    if ufunc is np.maximum:
        return extreme(np.max, a, axis, keepdims, initial, where)
    if ufunc is np.minimum:
        return extreme(np.min, a, axis, keepdims, initial, where)
    if ufunc is np.logaddexp and initial is NONE and where is True:
        return log_sum(a, axis, keepdims)
    k = normal_axis(simple_fold(ufunc, axis, where is True), a.ndim)
    front = to_front(a, k)
    if initial is NONE:
        out = front[0]
        for row in range(1, front.shape[0]):
            out = ufunc(out, front[row])
    else:
        out = np.zeros_like(np.sum(front, axis=0)) + initial
        for row in range(front.shape[0]):
            out = ufunc(out, front[row])
    return np.expand_dims(out, k) if keepdims else out


def extreme(function: Any, a: Any, axis: Any, keepdims: bool, initial: Any, where: Any) -> Any:
    if initial is NONE:
        return function(a, axis=axis, keepdims=keepdims)
    return function(a, axis=axis, keepdims=keepdims, initial=initial, where=where)


def accumulate_by(ufunc: Any, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    if out is not None:
        no_gradient("a running result with out=")
    array = np.asarray(array)
    if ufunc is np.add:
        return np.cumsum(array, axis=axis, dtype=dtype)
    if ufunc is np.multiply:
        return np.cumprod(array, axis=axis, dtype=dtype)
    front = to_front(array if dtype is None else array.astype(dtype), axis)
    last = front[:1]  # empty where there is nothing
    rows = [last]
    for k in range(1, front.shape[0]):
        last = ufunc(last, front[k : k + 1])
        rows.append(last)
    return from_front(np.concatenate(rows), axis)


@static
def new_axes(ndim: int, more: int) -> tuple[int, ...]:
    return tuple(range(ndim, ndim + more))


def outer_by(ufunc: Any, A: Any, B: Any) -> Any:
    A, B = np.asarray(A), np.asarray(B)
    return ufunc(np.expand_dims(A, new_axes(A.ndim, B.ndim)), B)


def reduceat_by(ufunc: Any, array: Any, indices: Any, axis: int = 0) -> Any:
    """Each result is that of the elements up to the next index, or the element itself if that is not behind."""
    front, indices = to_front(np.asarray(array), axis), np.asarray(indices)
    rows = []
    for k in range(np.size(indices)):
        start = indices[k]
        stop = indices[k + 1] if k + 1 < np.size(indices) else front.shape[0]
        if start < stop:
            rows.append(reduce_by(ufunc, front[start:stop], 0))
        else:
            rows.append(front[start])
    return from_front(np.stack(rows), axis)


def at_by(ufunc: Any, a: Any, indices: Any, b: Any = None) -> None:
    """One element after the other: an index that repeats counts each time."""
    places = np.reshape(np.arange(np.size(a)), np.shape(a))[indices]
    flat = np.ravel(places)
    if b is not None:
        b = np.array(b)  # as it is now, also where it is in `a` itself
    for k in range(np.size(flat)):
        if b is None:
            a.flat[flat[k]] = ufunc(a.flat[flat[k]])
        elif np.ndim(b) == 0:
            a.flat[flat[k]] = ufunc(a.flat[flat[k]], b)
        else:
            a.flat[flat[k]] = ufunc(a.flat[flat[k]], np.ravel(np.broadcast_to(b, np.shape(places)))[k])


for _name, _define in (
    ("reduce", reduce_by),
    ("accumulate", accumulate_by),
    ("outer", outer_by),
    ("reduceat", reduceat_by),
    ("at", at_by),
):
    REGISTRY.add_ufunc_method(_name, _define)

for _fn, *_samples in (
    (np.add.reduce, sample(M), sample(M, axis=1), sample(M, axis=None), sample(M, axis=(0, 1), keepdims=True)),
    (np.multiply.reduce, sample(M), sample(M, 1, keepdims=True), sample(STACK, axis=(0, 2))),
    (np.maximum.reduce, sample(M), sample(M, axis=None), sample(M, axis=1, initial=0.75)),
    (np.minimum.reduce, sample(M, axis=1, keepdims=True)),
    (np.logaddexp.reduce, sample(V), sample(M, axis=1), sample(M, axis=None, keepdims=True)),
    (np.hypot.reduce, sample(V), sample(M, axis=-1, keepdims=True)),
    (np.subtract.reduce, sample(V), sample(M, axis=1)),
    (np.divide.reduce, sample(W)),
    (np.fmax.reduce, sample(M, axis=1)),
    (np.add.accumulate, sample(V), sample(M, axis=1)),
    (np.multiply.accumulate, sample(V), sample(M, axis=1)),
    (np.maximum.accumulate, sample(V), sample(M, axis=1)),
    (np.logaddexp.accumulate, sample(V)),
    (np.add.outer, sample(V, W), sample(M, W)),
    (np.multiply.outer, sample(V, W), sample(V, 2.5)),
    (np.power.outer, sample(W, V)),
    (np.arctan2.outer, sample(M, W)),
    (np.add.reduceat, sample(V, [0, 2]), sample(V, [0, 3, 1]), sample(M, [0, 2], axis=1)),
    (np.multiply.reduceat, sample(V, np.array([0, 2]))),
    (np.maximum.reduceat, sample(V, [0, 2], second=False)),
):
    if (_method := REGISTRY.formula(_fn)) is not None:
        REGISTRY.add_formula(dataclasses.replace(_method, samples=tuple(_samples)))
