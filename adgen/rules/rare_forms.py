"""Formulas for the rarer forms of functions whose usual forms have rules, and for `np.vectorize`."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Const, If, walk
from adgen.ir.routine import Routine
from adgen.ir.types import Bool, Int, is_floating
from adgen.rules.core import no_gradient
from adgen.rules.declare import fact, formula, objects_of, sample, static
from adgen.rules.functions import lift
from adgen.rules.selection import NUMPY_2

V = np.array([0.5, -1.2, 2.0, 0.3])
W = np.array([1.5, 0.7, 0.4, 2.2])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])


# --- places by a slice ------------------------------------------------------------------------------


@formula(np.insert, sample(V, slice(0, 2), 1.5), sample(M, slice(None, None, 2), 0.5, axis=1))
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    n = np.size(arr) if axis is None else arr.shape[axis]
    return np.insert(arr, np.arange(n)[obj], values, axis=axis)


@formula(np.delete, sample(V, slice(0, 2)), sample(M, slice(1, None), axis=1))
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    n = np.size(arr) if axis is None else arr.shape[axis]
    return np.delete(arr, np.arange(n)[obj], axis=axis)


# --- weights ----------------------------------------------------------------------------------------


@formula(np.cov, sample(M, aweights=W[:3]), sample(M, V[:3], fweights=np.array([1, 2, 1]), aweights=W[:3], ddof=0))
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, fweights: Any = None,
    aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    x = rows_of(np.asarray(m, dtype=dtype), rowvar)
    if y is not None:
        x = np.concatenate((x, rows_of(np.asarray(y, dtype=dtype), rowvar)))
    free = (0 if bias else 1) if ddof is None else ddof
    if aweights is None:
        if fweights is not None:
            no_gradient("np.cov with dtype= and fweights=")
        mean = np.mean(x, axis=1, keepdims=True)
        return as_matrix((x - mean) @ np.conj(x - mean).T / (x.shape[1] - free), m, y)
    w = np.asarray(aweights, dtype=float)
    w = w if fweights is None else np.asarray(fweights) * w
    total = np.sum(w)
    mean = np.sum(x * w, axis=1, keepdims=True) / total
    factor = total if free == 0 else total - free * np.sum(w * aweights) / total
    return as_matrix((x - mean) @ np.conj((x - mean) * w).T / factor, m, y)


def as_matrix(c: Any, m: Any, y: Any) -> Any:
    """Return the covariances of several variables, or the variance of one."""
    return np.reshape(c, ()) if np.ndim(m) == 1 and y is None else c


def rows_of(x: Any, rowvar: bool) -> Any:
    if x.ndim == 1:
        return np.reshape(x, (1, -1))
    return x if rowvar else x.T


def weighted_quantile(a: Any, q: Any, axis: Any = None, *, method: str = "linear", weights: Any) -> Any:
    """The element at which the share of the weights, in order, reaches q."""
    by_shares(axis, np.ndim(a), np.ndim(q), method)
    flat, w = np.ravel(np.asarray(a)), np.ravel(np.asarray(weights))
    order = np.argsort(flat, kind="stable")
    shares = np.cumsum(w[order])
    return np.asarray(flat[order][np.searchsorted(shares / shares[-1], q)])


if NUMPY_2:
    formula(
        np.quantile,
        sample(V, 0.3, weights=W, method="inverted_cdf"),
        sample(M, 0.6, weights=np.abs(M), method="inverted_cdf"),
    )(weighted_quantile)


@static
def by_shares(axis: Any, ndim: int, q_ndim: int, method: str) -> None:
    if (axis is not None and ndim != 1) or q_ndim != 0 or method != "inverted_cdf":
        raise TypeError("np.quantile with weights= has a gradient rule for one number q of all elements")


# --- fits with their covariance ---------------------------------------------------------------------


@formula(np.polyfit, sample(np.arange(5.0), np.array([0.5, 1.0, -0.3, 2.0, 1.1]), 1, cov=True))
def polyfit(x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    fit_form(full, np.ndim(y))
    c = np.polyfit(x, y, deg, rcond=rcond, w=w)
    a = np.vander(np.asarray(x) * 1.0, deg + 1)
    b = np.asarray(y)
    if w is not None:
        a, b = a * np.asarray(w)[:, np.newaxis], b * np.asarray(w)
    scale = np.sqrt(np.sum(a * a, axis=0))
    spread = np.linalg.inv((a / scale).T @ (a / scale)) / np.outer(scale, scale)
    if cov == "unscaled":
        return c, spread
    r = b - a @ c
    return c, spread * (np.sum(r * r) / (np.size(b) - (deg + 1)))


@static
def fit_form(full: bool, ndim: int) -> None:
    if full or ndim != 1:
        raise TypeError("np.polyfit has a gradient rule with full=False, and with cov= for one set of points")


# --- products along other axes ----------------------------------------------------------------------


@formula(np.matmul, sample(M.T, M, axes=[(0, 1), (0, 1), (0, 1)]), sample(M, M, axes=[(0, 1), (1, 0), (1, 0)]))
def matmul(x1: Any, x2: Any, /, *, axes: Any) -> Any:
    a = np.moveaxis(np.asarray(x1), pair(axes, 0), (-2, -1))
    b = np.moveaxis(np.asarray(x2), pair(axes, 1), (-2, -1))
    return np.moveaxis(a @ b, (-2, -1), pair(axes, 2))


@static
def pair(axes: Any, k: int) -> tuple[int, int]:
    first, second = axes[k]
    return first, second


@formula(np.trace, sample(M, 1, dtype="float64"))
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


# --- a function of each element ---------------------------------------------------------------------


def mixes_kinds(fun: Any) -> bool:
    """Say whether a routine may give an integer in one call and a float in another."""
    if not isinstance(fun, Const) or not isinstance(fun.value, Routine):
        return False
    for s in walk(fun.value.func.body):
        if isinstance(s, If):
            for out, a, b in zip(s.outs, s.then.results, s.orelse.results):
                if is_floating(out.type) and any(isinstance(x.type, (Int, Bool)) for x in (a, b)):
                    return True
    return False


@fact(mixes_kinds)
def may_cut_off(fun: Any) -> bool:
    return False


@static
def refuse_vectorize(what: str) -> Any:
    raise TypeError(f"np.vectorize {what} has no gradient rule: write the function with NumPy, or loop")


@objects_of(np.vectorize)
class Vectorize:
    """A function that is called for each element; the dtype is that of its first result, or as `otypes` says."""

    def __init__(
        self, pyfunc: Any, otypes: Any = None, doc: Any = None, excluded: Any = None, cache: bool = False,
        signature: Any = None,
    ) -> None:  # fmt: skip
        if signature is not None or excluded is not None:
            refuse_vectorize("with signature= or excluded=")
        self.pyfunc = pyfunc
        self.otypes = otypes

    def __call__(self, *args: Any) -> Any:
        arrays = np.broadcast_arrays(*[np.asarray(a) for a in args])
        columns = [np.ravel(a) for a in arrays]
        if self.otypes is None:
            closed = lift((self.pyfunc,), *[c[0] for c in columns])[0]
            if may_cut_off(closed):
                refuse_vectorize("of a function that gives integers and floats")
        values = np.array([self.pyfunc(*each) for each in zip(*columns)])
        if values.ndim != 1:
            refuse_vectorize("of a function that gives several numbers")
        if self.otypes is not None:
            values = values.astype(one_type(self.otypes))
        return np.reshape(values, np.shape(arrays[0]))


@static
def one_type(otypes: Any) -> Any:
    kinds = list(otypes)
    if len(kinds) != 1 or np.dtype(kinds[0]).kind not in "fc":
        raise TypeError("np.vectorize has a gradient rule for otypes= of one floating-point type")
    return np.dtype(kinds[0])
