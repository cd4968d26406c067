"""Rules of functions that rearrange axes and elements: reshape, transposes, broadcasts, flips, repeats, padding.

All are linear in the array, and each gradient is the rearrangement that undoes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Array, Int, Length, List, Scalar, Tuple, Type, is_floating, is_scalar
from adgen.rules.axes import from_front, inverse_permutation, numbers, of_lengths, shaped_like, to_front
from adgen.rules.declare import OtherForm, linear, sample, static
from adgen.rules.lengths import count_of, length_of
from adgen.rules.typing import Shape, array_dims, fresh_dim, known, normalize_axes, same_as

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)


def like(g: Any, a: Any) -> Any:
    """Return g with the shape of a."""
    return shaped_like(np.reshape(g, np.shape(a)), a)


# --- reshapes -------------------------------------------------------------------------------------


def shape_from(shape: Operand) -> Shape | None:
    """Return the lengths that a shape argument gives; one of -1 is not known."""
    if isinstance(shape, Const):
        lengths = shape.value if isinstance(shape.value, (tuple, list)) else (shape.value,)
        return Shape(tuple(fresh_dim() if n == -1 else int(n) for n in lengths))
    known = length_of(shape)
    if isinstance(shape.type, (Tuple, List)):
        count = count_of(shape)
        if count is None:
            raise TypeError("the number of axes is not known before the program runs: give the shape as a tuple")
        parts = known if isinstance(known, tuple) else (None,) * count
        return Shape(tuple(fresh_dim() if n is None or n == -1 or isinstance(n, tuple) else n for n in parts))
    if isinstance(shape.type, Array) and shape.type.dims:
        raise TypeError("an array as a shape has no rule: give the shape as a tuple")
    if not isinstance(shape.type, (Int, Scalar)):
        return None
    return Shape((fresh_dim() if known is None or isinstance(known, tuple) else known,))


def reshaped(a: Operand, shape: Operand) -> Any:
    answer = shape_from(shape)
    return answer and of_lengths(a, answer.dims)


def flat_shape(a: Operand) -> Shape:
    """Return the one length that all elements make, known if at most one axis is not of length 1."""
    dims = [n for n in array_dims(a.type) if n != 1]
    if all(isinstance(n, int) for n in dims):
        return Shape((int(np.prod([n for n in dims if isinstance(n, int)], dtype=int)),))
    return Shape((dims[0],)) if len(dims) == 1 else Shape((fresh_dim(),))


linear(
    np.reshape,
    "a shape /",
    memory="maybe",
    vjp=like,
    infer=reshaped,
    samples=(sample(M, (3, 2)), sample(M, -1), sample(STACK, (4, -1)), sample(M, (1, 2, 3))),
)
linear(np.ravel, "a", memory="maybe", vjp=like, infer=flat_shape, samples=(sample(M), sample(V), sample(STACK)))


# --- axes -----------------------------------------------------------------------------------------


def transposed_shape(a: Operand, axes: Operand) -> Shape:
    dims = array_dims(a.type)
    order = known(axes, "axes")
    return Shape(dims[::-1] if order is None else tuple(dims[k] for k in order))


def transpose_vjp(g: Any, a: Any, axes: Any) -> Any:
    if axes is None:
        return np.transpose(g)
    return np.transpose(g, inverse_permutation(axes, a.ndim))


linear(
    np.transpose,
    "a axes=None",
    static=("axes",),
    memory="view",
    vjp=transpose_vjp,
    infer=transposed_shape,
    samples=(sample(M), sample(STACK), sample(STACK, (1, 2, 0)), sample(STACK, axes=(-1, 0, 1))),
)


def swapped_shape(a: Operand, axis1: Operand, axis2: Operand) -> Shape:
    dims = list(array_dims(a.type))
    i, j = known(axis1), known(axis2)
    dims[i], dims[j] = dims[j], dims[i]
    return Shape(tuple(dims))


linear(
    np.swapaxes,
    "a axis1 axis2",
    static=("axis1", "axis2"),
    memory="view",
    vjp=lambda g, axis1, axis2: np.swapaxes(g, axis1, axis2),
    infer=swapped_shape,
    samples=(sample(M, 0, 1), sample(STACK, 0, -1)),
)


def moved_shape(a: Operand, source: Operand, destination: Operand) -> Shape:
    dims = array_dims(a.type)
    return Shape(tuple(dims[k] for k in moved_order(known(source), known(destination), len(dims))))


def moved_order(source: Any, destination: Any, ndim: int) -> tuple[int, ...]:
    """Return the transposition that `moveaxis` makes."""
    sources, places = normalize_axes(source, ndim), normalize_axes(destination, ndim)
    order = [k for k in range(ndim) if k not in sources]
    for place, axis in sorted(zip(places, sources)):
        order.insert(place, axis)
    return tuple(order)


linear(
    np.moveaxis,
    "a source destination",
    static=("source", "destination"),
    memory="view",
    vjp=lambda g, source, destination: np.moveaxis(g, destination, source),
    infer=moved_shape,
    samples=(sample(M, 0, 1), sample(STACK, 0, -1), sample(STACK, (0, 1), (-1, 0))),
)


def expanded_shape(a: Operand, axis: Operand) -> Shape:
    dims = array_dims(a.type)
    axes = known(axis) if isinstance(known(axis), (tuple, list)) else (known(axis),)
    new = normalize_axes(axes, len(dims) + len(axes))
    rest = iter(dims)
    return Shape(tuple(1 if k in new else next(rest) for k in range(len(dims) + len(axes))))


linear(
    np.expand_dims,
    "a axis",
    static=("axis",),
    memory="view",
    vjp=lambda g, axis: np.squeeze(g, axis=axis),
    infer=expanded_shape,
    samples=(sample(V, 0), sample(M, -1), sample(M, (0, 2)), sample(M, (-1, 0))),
)


def squeezed_shape(a: Operand, axis: Operand) -> Shape:
    dims = array_dims(a.type)
    if known(axis) is not None:
        gone = normalize_axes(known(axis), len(dims))
        return Shape(tuple(n for k, n in enumerate(dims) if k not in gone))
    if not all(isinstance(n, int) or n.nonunit for n in dims):
        raise TypeError("np.squeeze without axis needs lengths known to be 1 or not; give axis=")
    return Shape(tuple(n for n in dims if n != 1))


linear(
    np.squeeze,
    "a axis=None",
    static=("axis",),
    memory="view",
    vjp=like,
    infer=squeezed_shape,
    samples=(sample(M[None]), sample(M[:, None, :, None], axis=(1, -1)), sample(M[:, None], axis=1)),
)


def at_least(ndim: int) -> Any:
    def infer(arys: Operand) -> Shape:
        dims: tuple[Length, ...] = array_dims(arys.type)
        return Shape((1,) * (ndim - len(dims)) + dims)

    return infer


linear(
    np.atleast_1d,
    "arys /",
    memory="maybe",
    vjp=lambda g, arys: like(g, arys),
    infer=at_least(1),
    samples=(sample(np.array(2.0)), sample(V), sample(M)),
)
linear(
    np.atleast_2d,
    "arys /",
    memory="maybe",
    vjp=lambda g, arys: like(g, arys),
    infer=at_least(2),
    samples=(sample(np.array(2.0)), sample(V), sample(M), sample(STACK)),
)


# --- broadcasts and repeats -----------------------------------------------------------------------

linear(
    np.broadcast_to,
    "array shape",
    memory="view",
    vjp=lambda g: g,  # the driver sums to the operand's shape
    infer=lambda array, shape: shape_from(shape),
    samples=(sample(V, (3, 4)), sample(M[:, :1], (2, 3)), sample(np.array(2.0), (2, 2)), sample(2.0, 3)),
)


def repeat_vjp(g: Any, a: Any, repeats: Any, axis: int | None) -> Any:
    if axis is None:
        return like(unrepeated(g, np.ravel(a), repeats), a)
    return shaped_like(from_front(unrepeated(to_front(g, axis), to_front(a, axis), repeats), axis), a)


def unrepeated(g: Any, a: Any, repeats: Any) -> Any:
    """Sum g over the repeats of each row."""
    if isinstance(repeats, int):
        return np.sum(np.reshape(g, (a.shape[0], repeats, *a.shape[1:])), axis=1)
    d = np.zeros_like(a)
    np.add.at(d, np.repeat(np.arange(a.shape[0]), repeats), g)
    return d


def repeat_type(a: Operand, repeats: Operand, axis: Operand) -> Type | None:
    """Return the type of what is repeated by a count for each item; None for one count."""
    if not isinstance(a.type, Array) or is_scalar(repeats.type):
        return None
    k = known(axis)
    if k is None:
        return Array(a.type.dtype, (fresh_dim(),))
    dims = list(a.type.dims)
    dims[k] = fresh_dim()
    return Array(a.type.dtype, tuple(dims))


linear(
    np.repeat,
    "a repeats axis=None",
    static=("axis",),
    vjp=repeat_vjp,
    infer=repeat_type,
    samples=(
        sample(V, 3),
        sample(M, 2),
        sample(M, 2, axis=0),
        sample(STACK, 3, axis=-1),
        sample(STACK, 2, 1),
        sample(V, np.array([1, 0, 2, 3])),
        sample(M, np.array([1, 2]), axis=0),
        sample(M, np.array([2]), axis=-1),
    ),
)


@static
def tile_reps(reps: Any, ndim: int) -> tuple[int, ...]:
    """Return the repeats of each axis, with leading ones for axes that the array or `reps` lacks."""
    given = tuple(reps) if isinstance(reps, (tuple, list)) else (reps,)
    return (1,) * (ndim - len(given)) + given


@static
def tiled_axes(n: int) -> tuple[int, ...]:
    return tuple(range(0, 2 * n, 2))


def tile_vjp(g: Any, A: Any, reps: Any) -> Any:
    shape: tuple[Any, ...] = ()
    first = np.ndim(g) - np.ndim(A)
    counts = tile_reps(reps, np.ndim(A))
    for k in numbers(np.ndim(g)):
        shape += (counts[k], A.shape[k - first] if k >= first else 1)
    return like(np.sum(np.reshape(g, shape), axis=tiled_axes(np.ndim(g))), A)


linear(
    np.tile,
    "A reps",
    static=("reps",),
    vjp=tile_vjp,
    samples=(sample(V, 3), sample(M, 2), sample(M, (2, 1)), sample(V, (2, 3)), sample(M, (2, 1, 3))),
)


# --- flips and rolls ------------------------------------------------------------------------------

linear(
    np.flip,
    "m axis=None",
    static=("axis",),
    memory="view",
    vjp=lambda g, axis: np.flip(g, axis=axis),
    infer=same_as("m"),
    samples=(sample(V), sample(M), sample(M, 0), sample(STACK, axis=(0, -1))),
)
linear(np.flipud, "m", memory="view", vjp=lambda g: np.flipud(g), infer=same_as("m"), samples=(sample(V), sample(M)))
linear(np.fliplr, "m", memory="view", vjp=lambda g: np.fliplr(g), infer=same_as("m"), samples=(sample(M),))


@static
def negated(shift: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-k for k in shift)


def roll_vjp(g: Any, shift: Any, axis: Any) -> Any:
    if isinstance(shift, tuple):
        return np.roll(g, negated(shift), axis=axis)
    if isinstance(shift, list):
        return np.roll(g, -np.array(shift), axis=axis)
    return np.roll(g, -shift, axis=axis)


linear(
    np.roll,
    "a shift axis=None",
    static=("axis",),
    vjp=roll_vjp,
    infer=same_as("a"),
    samples=(
        sample(V, 1),
        sample(M, -2),
        sample(M, 1, axis=1),
        sample(STACK, (1, 2), axis=(0, -1)),
        sample(STACK, 1, (0, 1)),
    ),
)


# --- padding --------------------------------------------------------------------------------------


@static
def inside(pad_width: Any, ndim: int) -> tuple[slice, ...]:
    """Return the index of the part of a padded array that is not padding."""
    widths = np.broadcast_to(pad_width, (ndim, 2)).tolist()
    return tuple(slice(before or None, -after if after else None) for before, after in widths)


def padded_shape(array: Operand, pad_width: Operand, mode: Operand, constant_values: Operand) -> Shape:
    dims = array_dims(array.type)
    if is_floating(array.type) and (known(mode, "mode") != "constant" or not isinstance(constant_values, Const)):
        raise OtherForm("np.pad in another mode, or with values that have a gradient")
    widths = np.broadcast_to(known(pad_width, "pad_width"), (len(dims), 2)).sum(axis=1).tolist()
    return Shape(tuple(n + w if isinstance(n, int) else n if w == 0 else fresh_dim() for n, w in zip(dims, widths)))


linear(
    np.pad,
    "array pad_width mode='constant' * constant_values=0",
    static=("pad_width", "mode"),
    vjp=lambda g, array, pad_width: shaped_like(g[inside(pad_width, array.ndim)], array),
    jvp=lambda t, pad_width: np.pad(t, pad_width),
    infer=padded_shape,
    samples=(
        sample(V, 2),
        sample(V, (1, 3), constant_values=5),
        sample(M, ((1, 0), (0, 2))),
        sample(M, ((2, 1),), "constant"),
    ),
)
