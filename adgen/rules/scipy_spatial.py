"""Formulas of the distances in `scipy.spatial.distance`; read only when the user's program has imported it.

A distance of 0 has the gradient 0, as every norm has.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
import scipy.spatial
import scipy.spatial.distance as sd
import scipy.special as sp

from adgen.rules.declare import formula, sample, static

V = np.array([0.5, -1.2, 2.0])
W = np.array([1.5, 0.7, -0.4])
A = np.linspace(-1.0, 2.0, 12).reshape(4, 3) ** 2
B = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
WEIGHTS = np.array([0.5, 1.0, 2.0])
METRICS = (
    "euclidean", "sqeuclidean", "cityblock", "chebyshev", "minkowski", "cosine", "correlation", "canberra",
    "braycurtis", "seuclidean", "mahalanobis", "jensenshannon",
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


def root(x: Any) -> Any:
    """Return square roots; the slope at 0 is 0."""
    return np.where(x == 0.0, 0.0, np.sqrt(np.where(x == 0.0, 1.0, x)))


def divergence(p: Any, q: Any, axis: int, keepdims: bool) -> Any:
    """Return the sum of the entropies of two distributions relative to their mean."""
    p = p / np.sum(p, axis=axis, keepdims=True)
    q = q / np.sum(q, axis=axis, keepdims=True)
    m = (p + q) / 2.0
    return np.sum(sp.rel_entr(p, m), axis=axis, keepdims=keepdims) + np.sum(
        sp.rel_entr(q, m), axis=axis, keepdims=keepdims
    )


def between(u: Any, v: Any, metric: str, p: Any, w: Any, scatter: Any = None) -> Any:
    """Return distances along the last axis. `scatter`: variances, or the inverse of a matrix of covariances."""
    if metric == "jensenshannon":
        no_weights(w, metric)
        return root(divergence(u, v, -1, False) / 2.0)
    if metric == "cosine":
        return 1.0 - cosine_of(u, v, w)
    if metric == "correlation":
        no_weights(w, metric)
        return 1.0 - cosine_of(centred(u), centred(v), None)
    d = u - v
    if metric == "mahalanobis":
        return root(np.sum((d @ scatter) * d, axis=-1))
    if metric == "seuclidean":
        return np.linalg.norm(d / np.sqrt(scatter), axis=-1)
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


def scatter_of(points: Any, metric: str, V: Any, VI: Any) -> Any:
    """Return the variances or inverse covariances that belong to a metric: by default those of all points together."""
    if metric == "seuclidean":
        return np.var(np.concatenate(points), axis=0, ddof=1) if V is None else np.asarray(V)
    if metric == "mahalanobis":
        return np.linalg.inv(np.cov(np.concatenate(points).T)).T if VI is None else np.asarray(VI)
    return None


EACH = tuple(sample(A, B if m != "jensenshannon" else B**2, m) for m in METRICS if m != "mahalanobis")
INVERSE = A[:3] @ A[:3].T + np.eye(3)


@formula(
    sd.cdist,
    *EACH,
    sample(A, B, "minkowski", p=3),
    sample(A, B, w=WEIGHTS),
    sample(A, B, "seuclidean", V=WEIGHTS),
    sample(A, B, "mahalanobis", VI=INVERSE),
    sample(A, B, "mahalanobis"),
    name="scipy.spatial.distance.cdist",
)
def cdist(
    XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, p: Any = 2, w: Any = None, V: Any = None,
    VI: Any = None,
) -> Any:  # fmt: skip
    no_out(out)
    a, b = np.asarray(XA, dtype=float), np.asarray(XB, dtype=float)
    scatter = scatter_of((a, b), known_metric(metric), V, VI)
    return between(np.expand_dims(a, 1), np.expand_dims(b, 0), known_metric(metric), p, w, scatter)


@formula(
    sd.pdist,
    *(sample(A, m) for m in METRICS if m != "mahalanobis"),
    sample(A, "mahalanobis", VI=INVERSE),
    sample(A, "minkowski", p=4),
    sample(A, w=WEIGHTS),
    name="scipy.spatial.distance.pdist",
)
def pdist(
    X: Any, metric: Any = "euclidean", *, out: Any = None, p: Any = 2, w: Any = None, V: Any = None, VI: Any = None
) -> Any:
    no_out(out)
    x = np.asarray(X, dtype=float)
    first, second = np.triu_indices(x.shape[0], 1)
    scatter = scatter_of((x,), known_metric(metric), V, VI)
    return between(x[first], x[second], known_metric(metric), p, w, scatter)


@formula(scipy.spatial.distance_matrix, sample(A, B), sample(A, B, 3), name="scipy.spatial.distance_matrix")
def distance_matrix(x: Any, y: Any, p: Any = 2, threshold: int = 1000000) -> Any:
    return np.linalg.norm(np.expand_dims(np.asarray(x), 1) - np.expand_dims(np.asarray(y), 0), ord=p, axis=-1)


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


@formula(sd.mahalanobis, sample(V, W, INVERSE), name="scipy.spatial.distance.mahalanobis")
def mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    d = vector(u) - vector(v)
    square = d @ np.asarray(VI) @ d
    return np.sqrt(square) if square != 0.0 else 0.0 * square


@formula(sd.seuclidean, sample(V, W, WEIGHTS), name="scipy.spatial.distance.seuclidean")
def seuclidean(u: Any, v: Any, V: Any) -> Any:
    d = between(vector(u), vector(v), "seuclidean", 2, None, vector(V))
    return float(d) if gives_floats() else d


@formula(
    sd.jensenshannon, sample(V**2, W**2), sample(V**2, W**2, 2.0), sample(A, B[:1] ** 2, axis=1, keepdims=True),
    name="scipy.spatial.distance.jensenshannon",
)  # fmt: skip
def jensenshannon(p: Any, q: Any, base: Any = None, *, axis: int = 0, keepdims: bool = False) -> Any:
    js = divergence(np.asarray(p), np.asarray(q), axis, keepdims) / 2.0
    js = js if base is None else js / np.log(base)
    if np.ndim(js) > 0:
        return root(js)
    return np.sqrt(js) if js != 0.0 else 0.0 * js
