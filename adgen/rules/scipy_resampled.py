"""Images at other places in `scipy.ndimage`, by the image and the places: splines of orders 0 to 5.

From order 2 on an image is filtered first: its coefficients are those of the spline that goes through it. What lies
outside is the mirrored image for the spline, as SciPy has it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.ndimage as nd
from scipy import special

from adgen.rules.axes import from_front, numbers, shaped_like, to_front
from adgen.rules.declare import formula, linear, sample, static
from adgen.rules.typing import same_as

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1])
M = np.linspace(-1.0, 2.0, 20).reshape(5, 4) ** 2
AT = np.array([[0.3, 1.6, 3.2], [2.4, 0.7, 1.1]])


# --- coefficients of splines --------------------------------------------------------------------------


@static
def mirrored(mode: str) -> bool:
    """Say whether the border itself is the mirror, not what lies between it and its image."""
    if mode in ("mirror", "constant"):
        return True
    if mode != "grid-wrap":
        raise TypeError(f"a spline filter of scipy.ndimage has no gradient rule for mode={mode!r}")
    return False


def filter_vjp(g: Any, input: Any, order: Any, axis: int, mode: str) -> Any:
    """The filter is symmetric, but for the weights 1/2 of elements that the mirror goes through."""
    if not mirrored(mode):
        return nd.spline_filter1d(g, order, axis, mode=mode)
    front = to_front(g, axis)
    n = front.shape[0]
    k = np.arange(n)
    w = np.where(np.logical_and(n > 1, np.logical_or(k == 0, k == n - 1)), 0.5, 1.0)
    w = np.reshape(w, lying(np.ndim(g)))
    inner = nd.spline_filter1d(from_front(front / w, axis), order, axis, mode=mode)
    return shaped_like(from_front(to_front(inner, axis) * w, axis), input)


@static
def lying(ndim: int) -> tuple[int, ...]:
    return (-1, *(1,) * (ndim - 1))


linear(
    nd.spline_filter1d,
    "input order=3 axis=-1 output=np.float64 mode='mirror'",
    name="scipy.ndimage.spline_filter1d",
    static=("order", "axis", "output", "mode"),
    vjp=filter_vjp,
    infer=same_as("input"),
    samples=(sample(V), sample(M, 2, 0), sample(M, 5), sample(M, 4), sample(V, 3, mode="grid-wrap")),
)


@formula(nd.spline_filter, sample(M), sample(M, 2), name="scipy.ndimage.spline_filter")
def spline_filter(input: Any, order: int = 3, output: Any = np.float64, mode: str = "mirror") -> Any:
    out = np.asarray(input)
    for axis in numbers(out.ndim):
        out = nd.spline_filter1d(out, order, axis, mode=mode)
    return out


def spline_of_padded(image: Any, order: int) -> Any:
    """Return the coefficients of a spline through an image whose margin is so wide that the filter is exact."""
    import scipy.ndimage

    return scipy.ndimage.spline_filter(image, order, mode="nearest")


linear(
    spline_of_padded,
    "image order",
    name="spline_of_padded",
    static=("order",),
    vjp=lambda g, order: spline_of_padded(g, order),
    infer=same_as("image"),
    samples=(sample(np.pad(V, 20), 3), sample(np.pad(M, 14), 2)),
)


# --- values at places -----------------------------------------------------------------------------------


@static
def known_order(order: Any, mode: Any, output: Any) -> int:
    if order not in range(6) or mode not in ("constant", "nearest") or output is not None:
        raise TypeError(
            "an interpolation of scipy.ndimage has a gradient rule for mode='constant' or 'nearest', without output="
        )
    return int(order)


@static
def margin(order: int, mode: str, prefilter: bool) -> int:
    """Return by how many elements SciPy goes on over the border before it filters."""
    return 12 if order > 1 and mode == "nearest" and prefilter else 0


@static
def truncated_powers(order: int) -> tuple[tuple[float, float], ...]:
    """Return weights and knots of the powers that a B-spline is the sum of."""
    half = 0.5 * (order + 1)
    scale = math.factorial(order)
    return tuple(((-1) ** k * math.comb(order + 1, k) / scale, half - k) for k in range(order // 2 + 1))


def basis(x: Any, order: int) -> Any:
    """Return the B-spline of an order (I. Schoenberg 1946), which is symmetric about 0."""
    x = np.where(x < 0.0, -x, x)  # with a slope at 0, where the spline is smooth
    total = 0.0
    for weight, knot in truncated_powers(order):
        total = total + weight * np.maximum(knot - x, 0.0) ** order
    return total


def by_splines(image: Any, places: Any, order: int) -> Any:
    """Return the sum of the coefficients around each place, times their splines."""
    out = image
    which: tuple[Any, ...] = ()
    weights: Any = 1.0
    for k in numbers(image.ndim):
        n = image.shape[k]
        first = np.floor(places[k] + (0.0 if order % 2 else 0.5)) - order // 2
        taps = np.expand_dims(first, 0) + np.reshape(np.arange(order + 1), tap_axes(places[k].ndim))
        period = max(2 * n - 2, 1)
        at = np.mod(taps.astype(int), period)
        which += (np.expand_dims(np.where(at < n, at, period - at), other_taps(k, image.ndim)),)
        weights = weights * np.expand_dims(basis(places[k] - taps, order), other_taps(k, image.ndim))
    return np.sum(out[which] * weights, axis=numbers(image.ndim))


@static
def tap_axes(ndim: int) -> tuple[int, ...]:
    return (-1, *(1,) * ndim)


@static
def other_taps(k: int, ndim: int) -> tuple[int, ...]:
    return tuple(j for j in range(ndim) if j != k)


@static
def floating(dtype: Any) -> Any:
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"an interpolation of scipy.ndimage has no gradient rule for images of {dtype}: it rounds")
    return np.dtype(dtype)


def at_places(image: Any, places: Any, order: int, mode: str, cval: Any, prefilter: bool = True) -> Any:
    """Return an image at places, an array for each axis, in its own precision."""
    out = interpolated(image, places, order, mode, cval, prefilter)
    return out if out.dtype == floating(image.dtype) else out.astype(image.dtype)


def interpolated(image: Any, places: Any, order: int, mode: str, cval: Any, prefilter: bool) -> Any:
    inside = np.ones(np.shape(places[0]), dtype=bool)
    wide = margin(order, mode, prefilter)
    if wide > 0:
        image = np.pad(image, wide, "edge")
        places = [p + wide for p in places]
    for k in numbers(image.ndim):
        if mode == "constant":
            inside = np.logical_and(inside, np.logical_and(places[k] >= 0, places[k] <= image.shape[k] - 1))
    if order > 1:
        if prefilter:
            image = nd.spline_filter(image, order, mode=mode) if wide == 0 else spline_of_padded(image, order)
        out = by_splines(image, [np.clip(places[k], 0, image.shape[k] - 1) for k in numbers(image.ndim)], order)
        return np.where(inside, out, cval) if mode == "constant" else out
    lows = []
    parts = []
    for k in numbers(image.ndim):
        top = image.shape[k] - 1
        c = np.clip(places[k], 0, top)
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
    sample(M, AT), sample(M, AT, order=2), sample(M, AT - 1.0, mode="nearest"), sample(M, AT, order=4, prefilter=False),
    name="scipy.ndimage.map_coordinates",
)  # fmt: skip
def map_coordinates(
    input: Any, coordinates: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:  # fmt: skip
    known_order(order, mode, output)
    image, places = np.asarray(input), np.asarray(coordinates)
    return at_places(image, [places[k] for k in numbers(image.ndim)], order, mode, cval, prefilter)


def grid_of(shape: Any) -> Any:
    return np.indices(shape, dtype=float)


@formula(
    nd.shift, sample(M, 0.4, order=1), sample(M, [0.4, -0.3], order=1, mode="nearest"), sample(V, 1.3, order=1),
    sample(M, [0.4, -0.3]), sample(V, 1.3, order=5),
    name="scipy.ndimage.shift",
)  # fmt: skip
def shift(
    input: Any, shift: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:  # fmt: skip
    known_order(order, mode, output)
    image, by = np.asarray(input), np.asarray(shift)
    grid = grid_of(image.shape)
    places = [grid[k] - (by if by.ndim == 0 else by[k]) for k in numbers(image.ndim)]
    return at_places(image, places, order, mode, cval, prefilter)


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
    known_order(order, mode, output)
    own_shape(output_shape)
    image, matrix, offset = np.asarray(input), np.asarray(matrix), np.asarray(offset)
    square_matrix(image.ndim, matrix.ndim)
    by = [offset if offset.ndim == 0 else offset[k] for k in numbers(image.ndim)]
    return at_places(image, moved(matrix, by, image.shape), order, mode, cval, prefilter)


@static
def square_matrix(ndim: int, axes: int) -> None:
    if axes != 2:
        raise TypeError("scipy.ndimage.affine_transform has a gradient rule for a square matrix")


# --- other sizes and angles ---------------------------------------------------------------------------


@static
def by_factor(zoom: Any, ndim: int, plain: bool) -> tuple[float, ...]:
    """Return the factor of each axis."""
    factors = tuple(zoom) if isinstance(zoom, (tuple, list)) else (zoom,) * ndim
    if not plain or len(factors) != ndim or not all(isinstance(z, (int, float)) for z in factors):
        raise TypeError("scipy.ndimage.zoom has a gradient rule for factors known when compiling, without grid_mode=")
    return tuple(float(z) for z in factors)


@formula(
    nd.zoom, sample(V, 2, order=1), sample(M, 2), sample(M, (1, 3), order=2, mode="nearest"),
    name="scipy.ndimage.zoom",
)  # fmt: skip
def zoom(
    input: Any, zoom: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True, *, grid_mode: bool = False,
) -> Any:  # fmt: skip
    known_order(order, mode, output)
    image = np.asarray(input)
    factors = by_factor(zoom, image.ndim, not grid_mode)
    shape = tuple([round(image.shape[k] * factors[k]) for k in numbers(image.ndim)])
    grid = np.indices(shape, dtype=float)
    places = [grid[k] * ((image.shape[k] - 1) / (shape[k] - 1) if shape[k] > 1 else 1.0) for k in numbers(image.ndim)]
    return at_places(image, places, order, mode, cval, prefilter)


@static
def plane(axes: Any, ndim: int) -> None:
    if ndim != 2 or tuple(axes) not in ((1, 0), (-1, -2)):
        raise TypeError("scipy.ndimage.rotate has a gradient rule for images of two axes and axes=(1, 0)")


@formula(
    nd.rotate, sample(M, 30.0, order=1), sample(M, 30.0, reshape=False), sample(M, -50.0, order=2, mode="nearest"),
    name="scipy.ndimage.rotate",
)  # fmt: skip
def rotate(
    input: Any, angle: Any, axes: Any = (1, 0), reshape: bool = True, output: Any = None, order: int = 3,
    mode: str = "constant", cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    known_order(order, mode, output)
    image = np.asarray(input)
    plane(axes, image.ndim)
    c, s = special.cosdg(angle), special.sindg(angle)
    m, n = image.shape[0], image.shape[1]
    shape = (m, n)
    if reshape:
        shape = (bounds(0.0, c * m, s * n, c * m + s * n), bounds(0.0, -s * m, c * n, c * n - s * m))
    rows, columns = 0.5 * (shape[0] - 1), 0.5 * (shape[1] - 1)
    offset = (0.5 * (m - 1) - (c * rows + s * columns), 0.5 * (n - 1) - (c * columns - s * rows))
    return at_places(image, moved(((c, s), (-s, c)), offset, shape), order, mode, cval, prefilter)


def bounds(*ends: Any) -> Any:
    return int(max(ends) - min(ends) + 0.5)


def moved(matrix: Any, offset: Any, shape: Any) -> Any:
    """Return where the elements of an image of a shape come from, added up as SciPy does: at a border it matters."""
    grid = np.indices(shape, dtype=float)
    places = []
    for k in numbers(len(shape)):
        at = offset[k]
        for j in numbers(len(shape)):
            at = at + grid[j] * matrix[k][j]
        places.append(at)
    return places
