"""Helpers that several rules share: axes, transposes, masks.

The `@static` ones run at compile time, on axes and ranks; an argument that a rule can't handle raises TypeError
there, which refuses the call. The others are inlined into the rule that calls them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.ir.types import Array, Complex, Float, Int, Length, Scalar
from adgen.rules.core import all_scalars, has_complex, or_one
from adgen.rules.declare import static
from adgen.rules.typing import Shape

Axis = int | tuple[int, ...] | None


def of_lengths(a: Operand, dims: tuple[Length, ...]) -> Array | Shape:
    """Answer of an `infer`: an array of these lengths and the dtype of a. No trial call is made, which could fail."""
    t = a.type
    if isinstance(t, (Array, Scalar)):
        return Array(t.dtype, dims)
    for weak, dtype in ((Float, "float64"), (Complex, "complex128"), (Int, "int64")):
        if isinstance(t, weak):
            return Array(dtype, dims)
    return Shape(dims)


@static
def is_complex(dtype: Any) -> bool:
    return bool(np.dtype(dtype).kind == "c")


@static
def numbers(n: int) -> tuple[int, ...]:
    """Return 0 to n - 1 as a tuple: a loop over it is unrolled."""
    return tuple(range(n))


@static
def normal_axis(axis: int, ndim: int) -> int:
    """Return the axis counted from the front."""
    if not -ndim <= axis < ndim:
        raise TypeError(f"axis {axis} is out of bounds for an array of {ndim} axes")
    return axis % ndim


@static
def normal_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Return the axes that an `axis` argument means, counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(normal_axis(k, ndim) for k in (axis if isinstance(axis, tuple) else (axis,)))


@static
def one_axis(axis: Axis, function: str) -> bool:
    """Return whether there is an axis; refuse several."""
    if isinstance(axis, tuple):
        raise TypeError(f"{function} along several axes at once has no gradient rule; use axis=None or one axis")
    return axis is not None


@static
def inverse_permutation(axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    """Return the axes that undo a transposition by `axes`."""
    normal = [k % ndim for k in axes]
    return tuple(normal.index(k) for k in range(ndim))


def shaped_like(d: Any, x: Any) -> Any:
    """Return d, which has the shape of x: a promise that the compiler can't derive from slices with computed ends."""
    return d


def keep(g: Any, axis: Axis, keepdims: bool) -> Any:
    """Give the result of a reduction axes of length 1 where it was reduced; one over all axes is a scalar already."""
    if axis is None or keepdims:
        return g
    return np.expand_dims(g, axis)


def count(x: Any, axis: Axis) -> Any:
    """Return how many elements of x go into one element of a reduction."""
    if axis is None:
        return np.size(x)
    if isinstance(axis, int):
        return x.shape[axis]
    n = 1
    for k in axis:
        n = n * x.shape[k]
    return n


def conjugate(x: Any) -> Any:
    if has_complex(x):
        return np.conj(x)
    return x


def real_part(total: Any, x: Any) -> Any:
    """Return the real part of what was made from x; for real x that is all of it."""
    if has_complex(x):
        return np.real(total)
    return total


def part_for(d: Any, x: Any) -> Any:
    """Return the part of a gradient that its argument takes: the real one of a real argument."""
    if has_complex(d):
        return d if has_complex(x) else np.real(d)
    return d


def transposed(x: Any) -> Any:
    """Swap the last two axes: the transposes of a stack of matrices."""
    if x.ndim == 2:
        return x.T
    return np.swapaxes(x, -1, -2)


def adjoint(x: Any) -> Any:
    """Return the conjugate transposes of a stack of matrices."""
    return conjugate(transposed(x))


def to_front(x: Any, axis: Any) -> Any:
    """Return x with one axis moved to the front."""
    if normal_axis(axis, x.ndim) == 0:
        return x
    return np.moveaxis(x, axis, 0)


def from_front(x: Any, axis: Any) -> Any:
    """Undo `to_front`."""
    if normal_axis(axis, x.ndim) == 0:
        return x
    return np.moveaxis(x, 0, axis)


def nonzero(x: Any) -> Any:
    """Return x with 1 in place of each 0: a divisor for numerators that are 0 there."""
    if all_scalars(x):
        return or_one(x)
    return np.where(x == 0.0, 1.0, x)
