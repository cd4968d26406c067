"""Formulas that say how an array is laid out or copied: order=, copy=, ndmin=, and windows, grids and broadcasts."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import numbers
from adgen.rules.core import has_complex, no_gradient
from adgen.rules.declare import formula, linear, sample, static
from adgen.rules.selection import NUMPY_2
from adgen.rules.series import as_tuple
from adgen.rules.typing import same_as

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)


# --- order ----------------------------------------------------------------------------------------


@static
def columns_first(order: Any, function: str, ndim: int) -> bool:
    """Where elements lie in memory is no part of a value: generated code may keep them in another order."""
    if order not in ("C", "F") and ndim > 1:
        raise TypeError(f"{function} with order={order!r} depends on memory: give order='C' or order='F'")
    return bool(order == "F")


@formula(
    np.reshape,
    sample(M, (3, 2), order="F"),
    sample(STACK, (4, -1), order="F"),
    sample(M, 6, order="F"),
    *((sample(M, shape=(3, 2)),) if NUMPY_2 else ()),
)
def reshape(a: Any, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None) -> Any:
    if copy is not None:
        no_gradient("np.reshape with copy=")
    shape = newshape if shape is None else shape
    if not columns_first(order, "np.reshape", 2):
        return np.reshape(a, shape)
    lengths = shape if isinstance(shape, tuple) else (shape,)
    return np.transpose(np.reshape(np.transpose(a), lengths[::-1]))


@formula(np.ravel, sample(M, "F"), sample(STACK, order="F"), sample(M, "C"))
def ravel(a: Any, order: str = "C") -> Any:
    return np.ravel(np.transpose(a)) if columns_first(order, "np.ravel", np.ndim(a)) else np.ravel(a)


linear(
    np.asfortranarray,
    "a dtype=None",
    static=("dtype",),
    memory="maybe",
    vjp=lambda g: g,
    infer=lambda a, dtype: same_as("a")(a=a),
    samples=(sample(M), sample(STACK)),
)


# --- copies ---------------------------------------------------------------------------------------


@formula(
    np.array,
    sample(M, copy=True),
    sample(V, ndmin=2),
    sample([0.5, 1.5], ndmin=2),
    sample(M, order="F"),
    sample(M, dtype="float64", ndmin=1),
)
def array(object: Any, dtype: Any = None, *, copy: Any = True, order: Any = "K", ndmin: int = 0) -> Any:
    out = np.array(object, dtype=dtype) if copy else np.asarray(object, dtype=dtype)
    if order == "F":
        out = np.asfortranarray(out)
    return np.expand_dims(out, numbers(ndmin - out.ndim)) if out.ndim < ndmin else out


@formula(np.asarray, sample(M, order="F"), sample(M, None, "C"))
def asarray(a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None) -> Any:
    if copy:
        return array(a, dtype, order=order)
    out = np.asarray(a, dtype=dtype)
    return np.asfortranarray(out) if order == "F" else np.ascontiguousarray(out) if order == "C" else out


@formula(np.copy, sample(M, order="F"), sample(M, "C"))
def copied(a: Any, order: Any = "K", subok: bool = False) -> Any:
    return np.asfortranarray(np.copy(a)) if order == "F" else np.copy(a)


@formula(np.asarray_chkfinite, sample(V), sample([0.5, 1.5]))
def asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> Any:
    out = asarray(a, dtype, order)
    if not np.all(np.isfinite(out)):
        raise ValueError("array must not contain infs or NaNs")
    return out


def unstack(x: Any, *, axis: int = 0) -> Any:
    return tuple(np.moveaxis(x, axis, 0))


if hasattr(np, "unstack"):  # new in NumPy 2.1
    formula(np.unstack)(unstack)  # samples have no known lengths: tests/calls/forms.txt


@formula(np.require, sample(V), sample(V, "float64"))
def require(a: Any, dtype: Any = None, requirements: Any = None) -> Any:
    if requirements is not None:
        no_gradient("np.require with requirements")
    return np.asarray(a, dtype=dtype)


@formula(np.real_if_close, sample(V))
def real_if_close(a: Any, tol: Any = 100) -> Any:
    if has_complex(a):
        no_gradient("np.real_if_close of complex numbers")
    return np.asarray(a)


if NUMPY_2:

    @formula(np.astype, sample(V, "float64"), sample(V, np.float64))
    def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
        return x.astype(dtype) if copy else np.asarray(x, dtype=dtype)


# --- grids, windows, broadcasts -------------------------------------------------------------------


@static
def lying_along(k: int, n: int, indexing: str) -> tuple[int, ...]:
    """Return the shape that lays the k-th vector along its axis of a grid."""
    mine = 1 - k if indexing == "xy" and k < 2 and n > 1 else k
    return tuple(-1 if j == mine else 1 for j in range(n))


@formula(
    np.meshgrid,
    sample(V, M[0], sparse=True),
    sample(V, M[0], M[1], sparse=True, indexing="ij"),
    sample(V, M[0], copy=True),
)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: Any = "xy") -> Any:
    if not copy:
        no_gradient("np.meshgrid with copy=False, which makes views")
    if not sparse:
        return np.meshgrid(*xi, indexing=indexing)
    parts: tuple[Any, ...] = ()
    for k in numbers(len(xi)):
        parts += (np.copy(np.reshape(xi[k], lying_along(k, len(xi), indexing))),)
    return parts if as_tuple() else list(parts)


@formula(np.broadcast_arrays, sample(M[:1], M[:, :1]), sample(0.5, V), sample(V, M[:, :1].T[:, :1]))
def broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    whole = np.zeros_like(args[0])
    for x in args[1:]:
        whole = whole + np.zeros_like(x)
    parts: tuple[Any, ...] = ()
    for x in args:
        parts += (np.broadcast_to(x, np.shape(whole)),)
    return parts if as_tuple() else list(parts)


@static
def window_axes(window_shape: Any, axis: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """Return pairs of an axis and a length."""
    lengths = tuple(window_shape) if isinstance(window_shape, (tuple, list)) else (window_shape,)
    axes = tuple(range(ndim)) if axis is None else tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    if len(axes) != len(lengths):
        raise TypeError("np.sliding_window_view takes one length for each axis")
    return tuple((k % ndim, n) for k, n in zip(axes, lengths))


@formula(
    np.lib.stride_tricks.sliding_window_view,
    sample(V, 2),
    sample(M, (2, 2)),
    sample(STACK, 2, axis=1),
    sample(STACK, (2, 2), axis=(2, 0)),
    name="np.lib.stride_tricks.sliding_window_view",
    view=True,
)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """A copy: no one may write the view, and whoever writes the array may not read it afterwards."""
    if writeable:
        no_gradient("np.lib.stride_tricks.sliding_window_view with writeable=True")
    for k, n in window_axes(window_shape, axis, np.ndim(x)):
        places = np.expand_dims(np.arange(x.shape[k] - n + 1), 1) + np.arange(n)
        x = np.moveaxis(np.take(x, places, axis=k), k + 1, -1)
    return x


# --- constants and ranges -------------------------------------------------------------------------


@formula(np.arange, sample(start=0.5, stop=3.2, step=0.5), sample(2.0, stop=5.5))
def arange(start: Any = 0, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    return np.arange(start, stop, step, dtype=dtype)


@formula(np.full_like, sample(V, 0.5, shape=(2, 2)), sample(V, 0.5, None, "F"))
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None
) -> Any:
    if shape is None:
        return np.full_like(a, fill_value, dtype=dtype)
    return np.full(shape, fill_value, dtype=np.asarray(a).dtype if dtype is None else dtype)


# --- iterables --------------------------------------------------------------------------------------


@static
def whole_iterable(count: int) -> None:
    if count != -1:
        raise TypeError("np.fromiter has a gradient rule without count=")


@formula(np.fromiter, sample([1.0, 2.5, -0.5], float))
def fromiter(iter: Any, dtype: Any, count: int = -1) -> Any:
    whole_iterable(count)
    return np.array(list(iter), dtype=dtype)
