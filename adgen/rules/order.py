"""Functions that put elements in order, find the different ones, and choose among them."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.core import has_complex
from adgen.rules.declare import formula, nondifferentiable, rule, sample, static
from adgen.rules.functions import result_of
from adgen.rules.scans import scanned
from adgen.rules.selection import NUMPY_2
from adgen.rules.series import as_tuple
from adgen.rules.shapes import like

V = np.array([0.5, -1.2, 2.0, 0.3])
W = np.array([1.5, 0.7, -0.4, 2.2])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)


# --- order ----------------------------------------------------------------------------------------
# A partition's elements are found in the array by their ranks in both.


def ranks(a: Any, axis: int) -> Any:
    return np.argsort(np.argsort(a, axis=axis), axis=axis)


def partition_vjp(g: Any, out: Any, a: Any, axis: int | None) -> Any:
    if axis is None:
        return like(partition_vjp_along(g, out, np.ravel(a), 0), a)
    return partition_vjp_along(g, out, a, axis)


def partition_vjp_along(g: Any, out: Any, a: Any, axis: int) -> Any:
    sorted_g = np.take_along_axis(g, np.argsort(out, axis=axis), axis)
    return np.take_along_axis(sorted_g, ranks(a, axis), axis)


def partition_jvp(t: Any, out: Any, a: Any, axis: int | None) -> Any:
    if axis is None:
        return partition_vjp_along(np.ravel(t), np.ravel(a), out, 0)
    return partition_vjp_along(t, a, out, axis)


rule(
    np.partition,
    "a kth axis=-1 kind='introselect' order=None",
    args=("a",),
    static=("axis", "kind", "order"),
    vjp=partition_vjp,
    jvp=partition_jvp,
    infer=lambda a, kth, axis, kind, order: scanned(a, axis),
    samples=(sample(V, 2), sample(M, 1), sample(M, 1, axis=0), sample(M, 3, axis=None), sample(STACK[:, ::-1], 1, 1)),
)
nondifferentiable(
    np.argpartition,
    params="a kth axis=-1 kind='introselect' order=None",
    static=("axis", "kind", "order"),
    infer=lambda a, kth, axis, kind, order: scanned(a, axis),
    samples=(sample(V, 2),),
)


def firsts(flat: Any, order: Any) -> Any:
    """Return where, in sorted order, another value begins; NaNs are one value."""
    s = flat[order]
    again = np.logical_or(s[1:] == s[:-1], np.logical_and(np.isnan(s[1:]), np.isnan(s[:-1])))
    return np.concatenate((np.ones(np.minimum(np.size(s), 1), dtype=bool), np.logical_not(again)))


@static
def flat_only(equal_nan: bool) -> None:
    if not equal_nan:
        raise TypeError("np.unique has a gradient rule with equal_nan=True only")


@static
def values_only(more: bool) -> None:
    if more:
        raise TypeError("np.unique along an axis has a gradient rule for the values alone")


def unique_rows(ar: Any, axis: int) -> Any:
    """Return the different parts of an array along an axis, in the order of their first elements."""
    front = np.moveaxis(np.asarray(ar), axis, 0)
    rows = np.reshape(front, (front.shape[0], -1))
    order = np.lexsort(np.flip(rows.T, axis=0))
    s = rows[order]
    begins = np.concatenate((np.ones(1, dtype=bool), np.any(s[1:] != s[:-1], axis=1)))
    return np.moveaxis(front[order[begins]], 0, axis)


@formula(
    np.unique,
    sample(V),
    sample(M),
    sample(V, return_index=True),
    sample(V, return_inverse=True),
    sample(np.array([0.5, 2.0, 0.5, 1.0]), return_counts=True, kink="two equal values"),
    sample(V, True, True, True),
    sample(M, axis=0),
    sample(M[[1, 0, 1]], axis=0, kink="equal rows"),
    sample(STACK, axis=1),
)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
) -> Any:
    """Each value is that of its first occurrence."""
    if axis is not None:
        values_only(return_index or return_inverse or return_counts or not equal_nan)
        return unique_rows(ar, axis)
    flat_only(equal_nan)
    ar = np.asarray(ar)
    flat = np.ravel(ar)
    order = np.argsort(flat, kind="stable")
    begins = firsts(flat, order)
    index = order[begins]
    parts: tuple[Any, ...] = (flat[index],)
    if return_index:
        parts += (index,)
    if return_inverse:
        inverse = (np.cumsum(begins) - 1)[np.argsort(order)]
        parts += (np.reshape(inverse, np.shape(ar)) if as_tuple() else inverse,)
    if return_counts:
        parts += (np.diff(np.append(np.nonzero(begins)[0], np.size(flat))),)
    return parts[0] if len(parts) == 1 else parts


if NUMPY_2:

    @formula(np.unique_values, sample(V), sample(M))
    def unique_values(x: Any) -> Any:
        return unique(x)

    AllResult, CountsResult, InverseResult = (type(f(V)) for f in (np.unique_all, np.unique_counts, np.unique_inverse))

    @formula(np.unique_all, sample(V), sample(M))
    def unique_all(x: Any) -> Any:
        values, index, inverse, counts = all_of(x)
        return result_of(AllResult, values=values, indices=index, inverse_indices=inverse, counts=counts)

    @formula(np.unique_counts, sample(V))
    def unique_counts(x: Any) -> Any:
        values, _, _, counts = all_of(x)
        return result_of(CountsResult, values=values, counts=counts)

    @formula(np.unique_inverse, sample(V), sample(M))
    def unique_inverse(x: Any) -> Any:
        values, _, inverse, _ = all_of(x)
        return result_of(InverseResult, values=values, inverse_indices=inverse)

    def all_of(x: Any) -> Any:
        """Return the different values, where they are, and how often; each NaN is another."""
        flat = np.ravel(x)
        order = np.argsort(flat, kind="stable")
        begins = np.concatenate((np.ones(1, dtype=bool), flat[order][1:] != flat[order][:-1]))
        index = order[begins]
        inverse = (np.cumsum(begins) - 1)[np.argsort(order)]
        counts = np.diff(np.append(np.nonzero(begins)[0], np.size(flat)))
        return flat[index], index, np.reshape(inverse, np.shape(x)), counts


@formula(np.sort_complex, sample(V), sample(M), sample(V + 1j * W))
def sort_complex(a: Any) -> Any:
    return np.sort(a) if has_complex(a) else np.sort(a).astype(np.complex128)


@formula(np.union1d, sample(V, W))
def union1d(ar1: Any, ar2: Any) -> Any:
    return unique(np.concatenate((np.ravel(ar1), np.ravel(ar2))))


@formula(np.setdiff1d, sample(V, W), sample(V, V[:2], kink="equal values"), sample(V, V[:2], True, kink="equal values"))
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    values = np.ravel(ar1) if assume_unique else unique(ar1)
    return values[np.logical_not(np.isin(values, np.ravel(ar2)))]


@formula(np.setxor1d, sample(V, W), sample(V, V[:2], kink="equal values"))
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    if assume_unique:
        values = np.sort(np.concatenate((np.ravel(ar1), np.ravel(ar2))))
    else:
        values = np.sort(np.concatenate((unique(ar1), unique(ar2))))
    one = np.ones(1, dtype=bool)
    changes = np.concatenate((one, values[1:] != values[:-1], one))
    return values[np.logical_and(changes[1:], changes[:-1])]
