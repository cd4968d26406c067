"""Functions that generated code may call at run time. Each needs NumPy alone, so that its source can be exported."""

from __future__ import annotations

from typing import Any

import numpy as np


def unbroadcast(value: Any, like: Any) -> Any:
    """Sum a gradient over the axes that broadcasting stretched, back to the shape of `like`."""
    shape = np.shape(like)
    if np.shape(value) == shape:
        return value
    extra = np.ndim(value) - len(shape)
    if extra > 0:
        value = np.sum(value, axis=tuple(range(extra)))
    stretched = tuple(k for k, n in enumerate(shape) if n == 1 and np.shape(value)[k] != 1)
    if stretched:
        value = np.sum(value, axis=stretched, keepdims=True)
    return value


def ones_list(values: Any) -> Any:
    """Return a list of ones like the values of a list."""
    return [1.0 + 0.0 * v if np.ndim(v) == 0 else np.ones_like(v) for v in values]


def zeros_list(values: Any) -> Any:
    """Return a list of zeros like the values of a list."""
    return [0.0 * v if np.ndim(v) == 0 else np.zeros_like(v) for v in values]


def add_lists(a: Any, b: Any) -> Any:
    """Add two lists item by item; the items that one list lacks count as zero."""
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    return [x + y for x, y in zip(longer, shorter)] + longer[len(shorter) :]
