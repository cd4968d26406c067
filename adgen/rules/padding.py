"""The formula of np.pad: every mode is a sequence of joins along one axis after the other, as NumPy fills them."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import from_front, numbers, to_front
from adgen.rules.declare import formula, sample, static

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])


@static
def pairs(widths: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """Return how much goes before and after each axis."""
    return tuple((int(a), int(b)) for a, b in np.broadcast_to(np.asarray(widths), (ndim, 2)))


@static
def any_width(widths: tuple[tuple[int, int], ...]) -> bool:
    return any(map(any, widths))


@static
def lengths(stat_length: Any, ndim: int) -> tuple[tuple[int | None, int | None], ...]:
    return ((None, None),) * ndim if stat_length is None else pairs(stat_length, ndim)


@static
def known_form(mode: Any, reflect_type: str) -> str:
    if mode not in PLACES and mode not in ("constant", "linear_ramp", *STATISTICS):
        raise TypeError(f"np.pad has no gradient rule for mode={mode!r}")
    if reflect_type not in ("even", "odd"):
        raise TypeError(f"np.pad knows no reflect_type={reflect_type!r}")
    return str(mode)


PLACES = ("edge", "reflect", "symmetric", "wrap")
STATISTICS = ("mean", "maximum", "minimum", "median")


def pair_of(values: Any, axis: int, ndim: int) -> Any:
    """Return the numbers for both ends of an axis: given once, once for each end, or for each axis."""
    if not isinstance(values, (tuple, list)):
        return values, values
    if not isinstance(values[0], (tuple, list)):
        return (values[0], values[0]) if len(values) == 1 else (values[0], values[1])
    row = values[0] if len(values) == 1 else values[axis]
    return (row[0], row[0]) if len(row) == 1 else (row[0], row[1])


def spread(value: Any, n: int, f: Any) -> Any:
    """Return n rows of one value, like those of f."""
    return np.broadcast_to(np.asarray(value, dtype=f.dtype), (n, *f.shape[1:]))


def ramp(value: Any, to: Any, n: int) -> Any:
    """Return n steps from a value up to, but without, a row."""
    return np.linspace(spread(value, 1, to)[0], to[0], n, endpoint=False)


def statistic(part: Any, mode: str) -> Any:
    if mode == "mean":
        return np.mean(part, axis=0, keepdims=True)
    if mode == "maximum":
        return np.max(part, axis=0, keepdims=True)
    if mode == "minimum":
        return np.min(part, axis=0, keepdims=True)
    return np.median(part, axis=0, keepdims=True)


def padded(f: Any, before: int, after: int, mode: str, values: Any, ends: Any, stat: Any) -> Any:
    """Pad the first axis."""
    if mode == "constant":
        return np.concatenate((spread(values[0], before, f), f, spread(values[1], after, f)))
    if mode == "linear_ramp":
        return np.concatenate((ramp(ends[0], f[:1], before), f, np.flip(ramp(ends[1], f[-1:], after), axis=0)))
    low = statistic(f if stat[0] is None else f[: stat[0]], mode)
    high = statistic(f if stat[1] is None else f[-stat[1] :], mode)
    return np.concatenate((spread(low, before, f), f, spread(high, after, f)))


def mirrored(f: Any, place: Any, shared: int) -> Any:
    """Return the first axis continued by its point reflections in both ends, which are `shared` or repeated."""
    n = f.shape[0]
    period = np.maximum(2 * (n - shared), 1)
    turns, rest = np.floor_divide(place, period), np.mod(place, period)
    turned = rest >= n
    shape = (-1, *numbers_like(1, f.ndim - 1))
    there = np.take(f, np.where(turned, 2 * n - 1 - shared - rest, rest), axis=0)
    rise = f[-1:] - f[:1]
    along = np.where(np.reshape(turned, shape), 2.0 * f[-1:] - there, there)
    return along + np.asarray(2.0 * np.reshape(turns, shape), dtype=f.dtype) * rise


@static
def numbers_like(value: int, n: int) -> tuple[int, ...]:
    return (value,) * n


@formula(
    np.pad,
    sample(V, (2, 3), "reflect", reflect_type="odd"),
    sample(V, (9, 14), mode="symmetric", reflect_type="odd"),
    sample(M, ((1, 2), (4, 5)), mode="reflect", reflect_type="odd"),
    *(sample(V, (2, 1), mode) for mode in PLACES),
    *(sample(M, ((1, 2), (2, 1)), mode=mode) for mode in PLACES),
    *(sample(V, (6, 5), mode=mode) for mode in PLACES),
    sample(V, 0, "edge"),
    sample(V, (1, 2), constant_values=1.5),
    sample(V, (1, 2), constant_values=(1.5, 2.5)),
    sample(M, 1, constant_values=((1.5, 2.5), (0.5, -1.0))),
    sample(M, ((1, 0), (0, 2)), constant_values=((1.5, 2.5),)),
    sample(V, 2, mode="linear_ramp"),
    sample(M, ((2, 3), (1, 0)), mode="linear_ramp", end_values=(1.5, 0.5)),
    *(sample(M, ((2, 1), (1, 3)), mode=mode) for mode in STATISTICS),
    *(sample(V, (2, 1), mode=mode, stat_length=(2, 3)) for mode in STATISTICS),
)
def pad(
    array: Any,
    pad_width: Any,
    mode: Any = "constant",
    *,
    constant_values: Any = 0,
    end_values: Any = 0,
    stat_length: Any = None,
    reflect_type: str = "even",
) -> Any:
    array = np.asarray(array)
    widths = pairs(pad_width, array.ndim)
    known_form(mode, reflect_type)
    for k in numbers(array.ndim):
        before, after = widths[k]
        f = to_front(array, k)
        if before + after == 0:
            out = f
        elif reflect_type == "odd" and mode in ("reflect", "symmetric"):
            out = mirrored(f, np.arange(-before, f.shape[0] + after), 1 if mode == "reflect" else 0)
        elif mode in PLACES:
            out = np.take(f, np.pad(np.arange(f.shape[0]), (before, after), mode), axis=0)
        else:
            values, ends = pair_of(constant_values, k, array.ndim), pair_of(end_values, k, array.ndim)
            out = padded(f, before, after, mode, values, ends, lengths(stat_length, array.ndim)[k])
        array = from_front(out, k)
    return array if any_width(widths) else np.array(array)
