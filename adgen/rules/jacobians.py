"""The Jacobians that a tape gives, as programs of its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np


def jacobian(tape: Any, y: Any, x: Any, unconnected: str = "none") -> Any:
    """Return the derivatives of each element of y: an array of y's shape, then x's."""
    if tape.gradient(y, x) is None:
        if unconnected == "none":
            return None
        none = tape.gradient(np.sum(y), x, unconnected_gradients="zero")
        return none if np.ndim(y) == 0 else np.zeros(np.shape(y) + np.shape(x), np.asarray(none).dtype)
    if np.ndim(y) == 0:
        return tape.gradient(y, x)
    n = np.size(y)
    rows = []
    for k in range(n):
        weights = np.zeros(n)
        weights[k] = 1.0
        rows.append(tape.gradient(y, x, weights if np.ndim(y) == 1 else np.reshape(weights, np.shape(y))))
    return np.reshape(np.array(rows), np.shape(y) + np.shape(x))


def batch_jacobian(tape: Any, y: Any, x: Any, unconnected: str = "none") -> Any:
    """Return the derivatives of each row of y by the same row of x: the length, then the shapes of a row of y and x."""
    if tape.gradient(y, x) is None:
        return None if unconnected == "none" else np.zeros(np.shape(y) + np.shape(x)[1:], x.dtype)
    if np.shape(y)[0] != np.shape(x)[0]:
        raise ValueError("batch_jacobian: the target and the source have different numbers of rows")
    flat = np.reshape(y, (np.shape(y)[0], -1))
    n = flat.shape[1]
    rows = []
    for k in range(n):
        weights = np.zeros(flat.shape)
        weights[:, k] = 1.0
        rows.append(tape.gradient(y, x, np.reshape(weights, np.shape(y))))
    return np.reshape(np.stack(rows, axis=1), np.shape(y) + np.shape(x)[1:])
