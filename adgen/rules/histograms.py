"""Formulas of histograms: counts change with a sample only where it crosses an edge, and are linear in the weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import numbers
from adgen.rules.core import no_gradient
from adgen.rules.declare import formula, sample, static

V = np.array([0.5, -1.2, 2.0, 0.3])
W = np.array([1.5, 0.7, -0.4, 2.2])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
GRID = np.array([0.0, 0.9, 2.1, 3.0])


@static
def known_bins(bins: Any, axes: int) -> None:
    if isinstance(bins, str) or axes > 1:
        raise TypeError("np.histogram has a gradient rule for a number of bins or their edges")


def bin_edges(a: Any, bins: Any, span: Any) -> Any:
    known_bins(bins if isinstance(bins, str) else 0, np.ndim(bins))
    if np.ndim(bins) == 1:
        return np.asarray(bins)
    low, high = (np.min(a), np.max(a)) if span is None else span
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1)


@formula(
    np.histogram,
    sample(V, 3),
    sample(M, 5, weights=M + 0.5),
    sample(V, GRID, weights=V + 2.0),
    sample(V, bins=3, range=(-2.0, 1.0), weights=V + 2.0),
    sample(V, 3, density=True),
    sample(V, GRID, weights=V + 2.0, density=True),
)
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    a = np.ravel(a)
    edges = bin_edges(a, bins, range)
    n = edges.shape[0] - 1
    place = bin_of(a, edges)
    inside = np.logical_and(a >= edges[0], a <= edges[-1])
    if weights is None:
        counts = np.bincount(place[inside], minlength=n)
    else:
        weights = np.ravel(weights)
        counts = np.bincount(place[inside], weights[inside], n).astype(weights.dtype)
    if density:
        return counts / np.diff(edges) / np.sum(counts), edges
    return counts, edges


def bin_of(a: Any, edges: Any) -> Any:
    """Return in which bin each sample is; the last one is closed."""
    return np.where(a == edges[-1], np.size(edges) - 2, np.searchsorted(edges, a, side="right") - 1)


# --- several variables --------------------------------------------------------------------------------


def number_of_axes(sample: Any, bins: Any) -> Any:
    """Return how many variables there are: that of an array is said by its bins only."""
    if isinstance(sample, (list, tuple)):
        return len(sample)
    if isinstance(bins, (list, tuple)):
        return len(bins)
    return no_gradient("np.histogramdd of an array without a list of bins")


def counted(columns: Any, edges: Any, density: Any, weights: Any) -> Any:
    """Count samples in boxes, by the index of the box in their flat order."""
    first = columns[0]
    place: Any = np.zeros_like(first, dtype=int)
    inside: Any = np.ones_like(first, dtype=bool)
    total = 1
    shape: tuple[Any, ...] = ()
    for a, e in zip(columns, edges):
        n = np.size(e) - 1
        place = place * n + bin_of(a, e)
        inside = np.logical_and(inside, np.logical_and(a >= e[0], a <= e[-1]))
        total = total * n
        shape += (n,)
    counts: Any = np.bincount(place[inside], None if weights is None else np.asarray(weights)[inside], total)
    counts = np.reshape(counts.astype(np.float64), shape)
    if not density:
        return counts
    whole = np.sum(counts)
    for k in numbers(len(edges)):
        widths: tuple[Any, ...] = ()
        for j in numbers(len(edges)):
            widths += (-1 if j == k else 1,)
        counts = counts / np.reshape(np.diff(edges[k]), widths)
    return counts / whole


@formula(
    np.histogram2d,
    sample(V, W, 3, weights=V + 2.0),
    sample(V, W, [2, 3]),
    sample(V, W, GRID, weights=W + 1.0),
    sample(V, W, [GRID, 2], [[0.0, 1.0], [-1.0, 3.0]], weights=W + 1.0),
    sample(V, W, 2, density=True, weights=V + 2.0),
)
def histogram_2d(x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    x, y = np.asarray(x), np.asarray(y)
    first, second = bins if isinstance(bins, (list, tuple)) and len(bins) == 2 else (bins, bins)
    spans = (None, None) if range is None else range
    edges = (bin_edges(x, first, spans[0]), bin_edges(y, second, spans[1]))
    return counted((x, y), edges, density, weights), edges[0], edges[1]


@formula(
    np.histogramdd,
    sample((V, W), 2, weights=V + 2.0),
    sample(np.stack((V, W, V * W), axis=1), [2, 3, 2], weights=W + 1.0),
    sample(np.stack((V, W), axis=1), [GRID, 2], density=True),
)
def histogram_dd(sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    columns: tuple[Any, ...] = ()
    edges: tuple[Any, ...] = ()
    several = isinstance(sample, (list, tuple))
    for k in numbers(number_of_axes(sample, bins)):
        a = np.asarray(sample[k]) if several else sample[:, k]
        columns += (a,)
        of_axis = bins[k] if isinstance(bins, (list, tuple)) else bins
        edges += (bin_edges(a, of_axis, None if range is None else range[k]),)
    return counted(columns, edges, density, weights), list(edges)
