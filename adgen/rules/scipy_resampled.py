"""Formulas of images at other places in `scipy.ndimage`: interpolation of order 0 and 1, by image and places.

And extrema and medians of windows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage as nd

from adgen.rules.axes import numbers
from adgen.rules.declare import formula, sample, static

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1])
M = np.linspace(-1.0, 2.0, 20).reshape(5, 4) ** 2
AT = np.array([[0.3, 1.6, 3.2], [2.4, 0.7, 1.1]])


@static
def low_order(order: Any, mode: Any, output: Any) -> int:
    if order not in (0, 1) or mode not in ("constant", "nearest") or output is not None:
        raise TypeError(
            "an interpolation of scipy.ndimage has a gradient rule for order=0 or 1, mode='constant' or 'nearest', "
            "and without output="
        )
    return int(order)


def at_places(image: Any, places: Any, order: int, mode: str, cval: Any) -> Any:
    """Return an image at places, an array for each axis."""
    where = places
    inside = np.ones(np.shape(places[0]), dtype=bool)
    for k in numbers(image.ndim):
        if mode == "constant":
            inside = np.logical_and(inside, np.logical_and(places[k] >= 0, places[k] <= image.shape[k] - 1))
    lows = []
    parts = []
    for k in numbers(image.ndim):
        top = image.shape[k] - 1
        c = np.clip(where[k], 0, top)
        low = np.minimum(np.floor(c + 0.5 if order == 0 else c), top)
        lows.append(low.astype(int))
        parts.append(c - low)
    out = corners(image, lows, parts, 0, ()) if order == 1 else image[tuple(lows)]
    return np.where(inside, out, cval) if mode == "constant" else out


def corners(image: Any, lows: Any, parts: Any, k: Any, chosen: Any) -> Any:
    """Return the mean of the 2**n elements around each place."""
    if k == image.ndim:
        return image[chosen]
    up = np.minimum(lows[k] + 1, image.shape[k] - 1)
    left = corners(image, lows, parts, k + 1, (*chosen, lows[k]))
    right = corners(image, lows, parts, k + 1, (*chosen, up))
    return left * (1.0 - parts[k]) + right * parts[k]


@formula(
    nd.map_coordinates, sample(M, AT, order=1), sample(M, AT - 1.0, order=1, mode="nearest"), sample(M, AT, order=0),
    name="scipy.ndimage.map_coordinates",
)  # fmt: skip
def map_coordinates(
    input: Any, coordinates: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:  # fmt: skip
    low_order(order, mode, output)
    image, places = np.asarray(input), np.asarray(coordinates)
    return at_places(image, [places[k] for k in numbers(image.ndim)], order, mode, cval)


def grid_of(shape: Any) -> Any:
    return np.indices(shape, dtype=float)


@formula(
    nd.shift, sample(M, 0.4, order=1), sample(M, [0.4, -0.3], order=1, mode="nearest"), sample(V, 1.3, order=1),
    name="scipy.ndimage.shift",
)  # fmt: skip
def shift(
    input: Any, shift: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:  # fmt: skip
    low_order(order, mode, output)
    image, by = np.asarray(input), np.asarray(shift)
    grid = grid_of(image.shape)
    places = [grid[k] - (by if by.ndim == 0 else by[k]) for k in numbers(image.ndim)]
    return at_places(image, places, order, mode, cval)


@static
def own_shape(output_shape: Any) -> None:
    if output_shape is not None:
        raise TypeError("scipy.ndimage.affine_transform has a gradient rule without output_shape=")


@formula(
    nd.affine_transform, sample(M, np.array([[0.7, 0.2], [0.1, 0.6]]), 0.15, order=1),
    sample(M, np.array([[0.8, 0.2], [-0.1, 0.9]]), np.array([0.33, 0.17]), order=1, mode="nearest"),
    name="scipy.ndimage.affine_transform",
)  # fmt: skip
def affine_transform(
    input: Any, matrix: Any, offset: Any = 0.0, output_shape: Any = None, output: Any = None, order: int = 3,
    mode: str = "constant", cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    low_order(order, mode, output)
    own_shape(output_shape)
    image, matrix, offset = np.asarray(input), np.asarray(matrix), np.asarray(offset)
    square_matrix(image.ndim, matrix.ndim)
    places = np.tensordot(matrix, grid_of(image.shape), 1)
    found = [places[k] + (offset if offset.ndim == 0 else offset[k]) for k in numbers(image.ndim)]
    return at_places(image, found, order, mode, cval)


@static
def square_matrix(ndim: int, axes: int) -> None:
    if axes != 2:
        raise TypeError("scipy.ndimage.affine_transform has a gradient rule for a square matrix")


# --- order in windows -------------------------------------------------------------------------------


@static
def plain_window(size: Any, rest: Any, mode: Any, origin: Any) -> int:
    if not isinstance(size, int) or rest or mode not in ("reflect", "nearest") or origin != 0:
        raise TypeError(
            "a filter of extrema or medians has a gradient rule for size= an integer, mode='reflect' or 'nearest'"
        )
    return size


def windows(x: Any, size: int, mode: str) -> Any:
    """Return the window around each element, as further axes."""
    wide = np.pad(x, (size // 2, size - 1 - size // 2), "symmetric" if mode == "reflect" else "edge")
    return np.lib.stride_tricks.sliding_window_view(wide, (size,) * x.ndim)


@static
def last_axes(ndim: int) -> tuple[int, ...]:
    return tuple(range(-ndim, 0))


for _filter, _choose in ((nd.maximum_filter, np.max), (nd.minimum_filter, np.min), (nd.median_filter, np.median)):

    def _declare(of_window: Any, choose: Any) -> None:
        @formula(
            of_window, sample(V, 3), sample(M, size=3, mode="nearest", second=False),
            name=f"scipy.ndimage.{of_window.__name__}",
        )  # fmt: skip
        def in_windows(
            input: Any, size: Any = None, footprint: Any = None, output: Any = None, mode: str = "reflect",
            cval: Any = 0.0, origin: Any = 0, *, axes: Any = None,
        ) -> Any:  # fmt: skip
            x = np.asarray(input)
            width = plain_window(size, footprint is not None or output is not None or axes is not None, mode, origin)
            return choose(windows(x, width, mode), axis=last_axes(x.ndim))

    _declare(_filter, _choose)
