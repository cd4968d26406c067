"""The Jacobian that a tape gives, as a program of its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np


def jacobian(tape: Any, y: Any, x: Any) -> Any:
    """Return the derivatives of each element of y: an array of y's shape, then x's."""
    if tape.gradient(y, x) is None:
        return None
    if np.ndim(y) == 0:
        return tape.gradient(y, x)
    n = np.size(y)
    rows = []
    for k in range(n):
        weights = np.zeros(n)
        weights[k] = 1.0
        rows.append(tape.gradient(y, x, np.reshape(weights, np.shape(y))))
    return np.reshape(np.array(rows), np.shape(y) + np.shape(x))
