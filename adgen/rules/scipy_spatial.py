"""Formulas of the distances in `scipy.spatial.distance`; read only when the user's program has imported it.

A distance of 0 has the gradient 0, as every norm has.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
import scipy.spatial.distance as sd

from adgen.rules.declare import formula, sample, static

V = np.array([0.5, -1.2, 2.0])
W = np.array([1.5, 0.7, -0.4])
A = np.linspace(-1.0, 2.0, 12).reshape(4, 3) ** 2
B = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
WEIGHTS = np.array([0.5, 1.0, 2.0])
METRICS = (
    "euclidean", "sqeuclidean", "cityblock", "chebyshev", "minkowski", "cosine", "correlation", "canberra",
    "braycurtis",
)  # fmt: skip


@static
def known_metric(metric: Any) -> str:
    short = {"l2": "euclidean", "l1": "cityblock", "manhattan": "cityblock", "cheby": "chebyshev", "pnorm": "minkowski"}
    name: str = short.get(metric, metric)
    if name not in METRICS:
        raise TypeError(f"distances have a gradient rule for the metrics {', '.join(METRICS)}")
    return name


@static
def no_out(out: Any) -> None:
    if out is not None:
        raise TypeError("distances have a gradient rule without out=")


@static
def no_weights(w: Any, metric: str) -> None:
    if w is not None:
        raise TypeError(f"the distance {metric} has a gradient rule without w=")


def weighted(x: Any, w: Any) -> Any:
    return x if w is None else w * x


def cosine_of(u: Any, v: Any, w: Any) -> Any:
    uv = np.sum(weighted(u * v, w), axis=-1)
    return uv / np.sqrt(np.sum(weighted(u * u, w), axis=-1) * np.sum(weighted(v * v, w), axis=-1))


def centred(u: Any) -> Any:
    return u - np.mean(u, axis=-1, keepdims=True)


def between(u: Any, v: Any, metric: str, p: Any, w: Any) -> Any:
    """Return distances along the last axis."""
    if metric == "cosine":
        return 1.0 - cosine_of(u, v, w)
    if metric == "correlation":
        no_weights(w, metric)
        return 1.0 - cosine_of(centred(u), centred(v), None)
    d = u - v
    if metric == "sqeuclidean":
        return np.sum(weighted(d * d, w), axis=-1)
    if metric == "euclidean":
        return np.linalg.norm(d if w is None else np.sqrt(w) * d, axis=-1)
    if metric == "cityblock":
        return np.sum(weighted(np.abs(d), w), axis=-1)
    if metric == "minkowski":
        return np.linalg.norm(d if w is None else w ** (1.0 / p) * d, ord=p, axis=-1)
    no_weights(w, metric)
    if metric == "chebyshev":
        return np.max(np.abs(d), axis=-1)
    if metric == "canberra":
        total = np.abs(u) + np.abs(v)
        return np.sum(np.abs(d) / np.where(total == 0.0, 1.0, total), axis=-1)
    return np.sum(np.abs(d), axis=-1) / np.sum(np.abs(u + v), axis=-1)


EACH = tuple(sample(A, B, m) for m in METRICS)


@formula(sd.cdist, *EACH, sample(A, B, "minkowski", p=3), sample(A, B, w=WEIGHTS), name="scipy.spatial.distance.cdist")
def cdist(XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, p: Any = 2, w: Any = None) -> Any:
    no_out(out)
    a, b = np.asarray(XA, dtype=float), np.asarray(XB, dtype=float)
    return between(np.expand_dims(a, 1), np.expand_dims(b, 0), known_metric(metric), p, w)


@formula(
    sd.pdist,
    *(sample(A, m) for m in METRICS),
    sample(A, "minkowski", p=4),
    sample(A, w=WEIGHTS),
    name="scipy.spatial.distance.pdist",
)
def pdist(X: Any, metric: Any = "euclidean", *, out: Any = None, p: Any = 2, w: Any = None) -> Any:
    no_out(out)
    x = np.asarray(X, dtype=float)
    first, second = np.triu_indices(x.shape[0], 1)
    return between(x[first], x[second], known_metric(metric), p, w)


@formula(sd.squareform, sample(A[0]), sample(np.array([1.5])), name="scipy.spatial.distance.squareform")
def squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    x = np.asarray(X)
    if x.ndim == 2:
        first, second = np.triu_indices(x.shape[0], 1)
        return x[first, second]
    n = int(np.ceil(np.sqrt(2.0 * np.size(x))))
    first, second = np.triu_indices(n, 1)
    matrix = np.zeros((n, n), dtype=x.dtype)
    matrix[first, second] = x
    matrix[second, first] = x
    return matrix


# --- of two vectors -----------------------------------------------------------------------------------


def vector(u: Any) -> Any:
    return np.asarray(u, dtype=float)


@static
def gives_floats() -> bool:
    """Say whether Euclidean distances are Python's numbers, as before SciPy 1.18."""
    return bool(np.lib.NumpyVersion(scipy.__version__) < "1.18.0")


def declare_distance(name: str) -> None:
    @formula(getattr(sd, name), sample(V, W), sample(V, W, WEIGHTS) if name[:2] in ("eu", "sq", "ci") else sample(W, V),
             name=f"scipy.spatial.distance.{name}")  # fmt: skip
    def distance(u: Any, v: Any, w: Any = None) -> Any:
        d = between(vector(u), vector(v), name, 2, w)
        return float(d) if name == "euclidean" and gives_floats() else d


for _name in ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine", "canberra", "braycurtis"):
    declare_distance(_name)


@formula(sd.minkowski, sample(V, W), sample(V, W, 3), name="scipy.spatial.distance.minkowski")
def minkowski(u: Any, v: Any, p: Any = 2, w: Any = None) -> Any:
    d = between(vector(u), vector(v), "minkowski", p, w)
    return float(d) if p == 2 and gives_floats() else d


@formula(sd.correlation, sample(V, W), name="scipy.spatial.distance.correlation")
def correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    return between(vector(u), vector(v), "correlation" if centered else "cosine", 2, w)


@formula(sd.mahalanobis, sample(V, W, A[:3] @ A[:3].T + np.eye(3)), name="scipy.spatial.distance.mahalanobis")
def mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    d = vector(u) - vector(v)
    return np.sqrt(d @ np.asarray(VI) @ d)
