"""Formulas of the statistics of samples in `scipy.stats`; read only when the user's program has imported it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats as st

from adgen.rules.declare import formula, sample, static

V = np.array([0.5, 1.25, 2.0, 0.3])
M = np.array([[1.0, 2.5, 0.5], [0.3, 4.0, 1.5], [2.2, 0.7, 0.9]])


@static
def plain(nan_policy: Any) -> None:
    if nan_policy != "propagate":
        raise TypeError("statistics of samples have a gradient rule for nan_policy='propagate'")


def along(a: Any, axis: Any) -> Any:
    """Return the sample as an array; without an axis it is flat."""
    a = np.asarray(a)
    return np.ravel(a) if axis is None else a


@static
def axis_or_0(axis: Any) -> int:
    return 0 if axis is None else int(axis)


def central(a: Any, order: int, axis: int, keepdims: bool) -> Any:
    d = a - np.mean(a, axis=axis, keepdims=True)
    return np.mean(d**order, axis=axis, keepdims=keepdims)


def averaged(a: Any, axis: Any, weights: Any, keepdims: bool) -> Any:
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    average: Any = np.average
    return average(a, axis=axis, weights=weights, keepdims=keepdims)


EACH = (sample(V), sample(M), sample(M, 1), sample(M, axis=None))


@formula(st.zscore, *EACH, sample(M, ddof=1), name="scipy.stats.zscore")
def zscore(a: Any, axis: Any = 0, ddof: Any = 0, nan_policy: Any = "propagate") -> Any:
    plain(nan_policy)
    a = np.asarray(a)
    return (a - np.mean(a, axis=axis, keepdims=True)) / np.std(a, axis=axis, ddof=ddof, keepdims=True)


@formula(st.zmap, sample(V, V[:3]), sample(M, M + 1.0, 1, 1), name="scipy.stats.zmap")
def zmap(scores: Any, compare: Any, axis: Any = 0, ddof: Any = 0, nan_policy: Any = "propagate") -> Any:
    plain(nan_policy)
    a = np.asarray(compare)
    return (np.asarray(scores) - np.mean(a, axis=axis, keepdims=True)) / np.std(a, axis=axis, ddof=ddof, keepdims=True)


@formula(st.gmean, *EACH, sample(V, weights=V[::-1]), name="scipy.stats.gmean")
def gmean(
    a: Any, axis: Any = 0, dtype: Any = None, weights: Any = None, *, nan_policy: Any = "propagate",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    plain(nan_policy)
    return np.exp(averaged(np.log(a), axis, weights, keepdims))


@formula(st.hmean, *EACH, sample(V, weights=V[::-1]), name="scipy.stats.hmean")
def hmean(
    a: Any, axis: Any = 0, dtype: Any = None, *, weights: Any = None, nan_policy: Any = "propagate",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    plain(nan_policy)
    return 1.0 / averaged(1.0 / np.asarray(a), axis, weights, keepdims)


@formula(st.pmean, sample(V, 3), sample(M, 2.5, axis=1), name="scipy.stats.pmean")
def pmean(
    a: Any, p: Any, *, axis: Any = 0, dtype: Any = None, weights: Any = None, nan_policy: Any = "propagate",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    plain(nan_policy)
    if p == 0:
        return np.exp(averaged(np.log(a), axis, weights, keepdims))
    return averaged(np.asarray(a) ** p, axis, weights, keepdims) ** (1.0 / p)


@formula(st.skew, *EACH, sample(V, bias=False), name="scipy.stats.skew")
def skew(a: Any, axis: Any = 0, bias: bool = True, nan_policy: Any = "propagate", *, keepdims: bool = False) -> Any:
    plain(nan_policy)
    a, k = along(a, axis), axis_or_0(axis)
    out = central(a, 3, k, keepdims) / central(a, 2, k, keepdims) ** 1.5
    n = a.shape[k]
    return out if bias else np.sqrt((n - 1.0) * n) / (n - 2.0) * out


@formula(st.kurtosis, *EACH, sample(V, bias=False), sample(M, fisher=False), name="scipy.stats.kurtosis")
def kurtosis(
    a: Any, axis: Any = 0, fisher: bool = True, bias: bool = True, nan_policy: Any = "propagate", *,
    keepdims: bool = False,
) -> Any:  # fmt: skip
    plain(nan_policy)
    a, k = along(a, axis), axis_or_0(axis)
    out = central(a, 4, k, keepdims) / central(a, 2, k, keepdims) ** 2
    n = a.shape[k]
    if not bias:
        out = ((n * n - 1.0) * out - 3.0 * (n - 1.0) ** 2) / ((n - 2.0) * (n - 3.0)) + 3.0
    return out - 3.0 if fisher else out


@formula(st.sem, *EACH, sample(V, ddof=0), name="scipy.stats.sem")
def sem(a: Any, axis: Any = 0, ddof: Any = 1, nan_policy: Any = "propagate", *, keepdims: bool = False) -> Any:
    plain(nan_policy)
    a, k = along(a, axis), axis_or_0(axis)
    return np.std(a, axis=k, ddof=ddof, keepdims=keepdims) / np.sqrt(a.shape[k])


@formula(st.variation, *EACH, sample(V, ddof=1), name="scipy.stats.variation")
def variation(a: Any, axis: Any = 0, nan_policy: Any = "propagate", ddof: Any = 0, *, keepdims: bool = False) -> Any:
    plain(nan_policy)
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims) / np.mean(a, axis=axis, keepdims=keepdims)


@formula(st.moment, sample(V, 2), sample(M, 3, 1), sample(V, 4, center=0.5), name="scipy.stats.moment")
def moment(
    a: Any, order: Any = 1, axis: Any = 0, nan_policy: Any = "propagate", *, center: Any = None, keepdims: bool = False
) -> Any:
    plain(nan_policy)
    a, k = along(a, axis), axis_or_0(axis)
    middle = np.mean(a, axis=k, keepdims=True) if center is None else center
    return np.mean((a - middle) ** order, axis=k, keepdims=keepdims)


@formula(st.gstd, sample(V), sample(M, 1), name="scipy.stats.gstd")
def gstd(a: Any, axis: Any = 0, ddof: Any = 1, *, keepdims: bool = False, nan_policy: Any = "propagate") -> Any:
    plain(nan_policy)
    return np.exp(np.std(np.log(a), axis=axis, ddof=ddof, keepdims=keepdims))


@formula(st.entropy, sample(V), sample(V, V[::-1]), sample(M, base=2.0), name="scipy.stats.entropy")
def entropy(
    pk: Any, qk: Any = None, base: Any = None, axis: Any = 0, *, nan_policy: Any = "propagate", keepdims: bool = False
) -> Any:
    plain(nan_policy)
    p = np.asarray(pk) / np.sum(pk, axis=axis, keepdims=True)
    inside = np.where(p > 0.0, p, 1.0)
    if qk is None:
        parts = -(p * np.log(inside))
    else:
        q = np.asarray(qk) / np.sum(qk, axis=axis, keepdims=True)
        parts = np.where(p > 0.0, p * np.log(inside / q), 0.0)
    total = np.sum(parts, axis=axis, keepdims=keepdims)
    return total if base is None else total / np.log(base)
