"""Axes that a function reduces, merged into the first one, and put back."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import Axis, count, normal_axes, numbers, shaped_like
from adgen.rules.declare import static


def lanes(a: Any, axis: Axis) -> Any:
    """Return a with the axes to reduce merged into the first one."""
    if axis is None:
        return np.ravel(a)
    if isinstance(axis, int):
        return np.moveaxis(a, axis, 0)
    front = np.moveaxis(a, axis, numbers(len(axis)))
    return np.reshape(front, (count(a, axis), *front.shape[len(axis) :]))


def from_lanes(d: Any, a: Any, axis: Axis) -> Any:
    """Undo `lanes`: return d in the shape of a."""
    if axis is None:
        return shaped_like(np.reshape(d, np.shape(a)), a)
    if isinstance(axis, int):
        return np.moveaxis(d, 0, axis)
    front = np.moveaxis(a, axis, numbers(len(axis)))
    return shaped_like(np.moveaxis(np.reshape(d, np.shape(front)), numbers(len(axis)), axis), a)


@static
def kept_axes(axis: Axis, ndim: int, leading: int) -> tuple[int, ...]:
    """Return the axes of length 1 that `keepdims` keeps, in a result with some axes in front."""
    return tuple(k + leading for k in normal_axes(axis, ndim))


def restored(out: Any, a: Any, axis: Axis, keepdims: bool, leading: int = 0) -> Any:
    """Return a reduced result with the axes that `keepdims` keeps."""
    return np.expand_dims(out, kept_axes(axis, np.ndim(a), leading)) if keepdims else out
