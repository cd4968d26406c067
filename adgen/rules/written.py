"""What functions that write their first argument leave there, as new arrays: `infer/calls/writers.py` stores them."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.declare import static


def placed(a: Any, mask: Any, vals: Any) -> Any:
    """The elements under a mask, one after the other, get the values, which are repeated as needed."""
    flat = np.ravel(a).copy()
    at = np.nonzero(np.ravel(np.asarray(mask)))[0]
    vals = np.ravel(np.asarray(vals))
    flat[at] = vals[np.arange(np.size(at)) % np.size(vals)]
    return np.reshape(flat, np.shape(a))


def masked(a: Any, mask: Any, values: Any) -> Any:
    """Where the mask holds stands the value of the same place, the values being repeated to the array's size."""
    values = np.ravel(np.asarray(values))
    whole = np.reshape(values[np.arange(np.size(a)) % np.size(values)], np.shape(a))
    return np.where(mask, whole, a)


def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> Any:
    flat = np.ravel(a).copy()
    at, v = np.ravel(np.asarray(ind)), np.ravel(np.asarray(v))
    n = np.size(a)
    if known_mode(mode) == "wrap":
        at = np.mod(at, n)
    elif mode == "clip":
        at = np.clip(at, 0, n - 1)
    flat[at] = v[np.arange(np.size(at)) % np.size(v)]
    return np.reshape(flat, np.shape(a))


@static
def known_mode(mode: str) -> str:
    if mode not in ("raise", "wrap", "clip"):
        raise TypeError(f"np.put knows no mode {mode!r}")
    return mode


def put_along(arr: Any, indices: Any, values: Any, axis: Any) -> Any:
    if axis is None:
        flat = np.ravel(arr).copy()
        flat[indices] = values
        return np.reshape(flat, np.shape(arr))
    return put_along_last(np.moveaxis(arr, axis, -1), indices, values, axis)


def put_along_last(moved: Any, indices: Any, values: Any, axis: int) -> Any:
    shape = np.shape(indices)
    at = np.reshape(np.moveaxis(np.asarray(indices), axis, -1), (-1, shape[axis]))
    given = np.reshape(np.moveaxis(np.broadcast_to(values, shape), axis, -1), (-1, shape[axis]))
    rows = np.reshape(moved, (-1, moved.shape[-1])).copy()
    rows[np.arange(rows.shape[0])[:, np.newaxis], at] = given
    return np.moveaxis(np.reshape(rows, np.shape(moved)), -1, axis)
