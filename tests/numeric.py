"""Derivatives by differences, of functions of floats, arrays and structures of them.

A *direction* has the structure of the arguments, with None for leaves that can't be moved (ints, strings).
Differences are central, at shrinking steps, extrapolated; the estimate comes with its error.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STEP = 1e-2  # relative to a direction of length about 1
SHRINK = 1.7
STAGES = 9


def is_leaf(x: Any) -> bool:
    """Say whether x is a number or an array that can be moved."""
    if isinstance(x, np.ndarray):
        return x.dtype.kind in "fc"
    return isinstance(x, (float, complex, np.floating, np.complexfloating))


def combine(fn: Callable[..., Any], x: Any, *others: Any) -> Any:
    """Apply `fn` to the leaves of structures of one shape; other leaves give None (others may be None there)."""
    if isinstance(x, dict):
        return {k: combine(fn, v, *(_part(o, lambda o: o[k]) for o in others)) for k, v in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*(combine(fn, v, *(_part(o, lambda o: o[i]) for o in others)) for i, v in enumerate(x)))
    if isinstance(x, (list, tuple)):
        return type(x)(combine(fn, v, *(_part(o, lambda o: o[i]) for o in others)) for i, v in enumerate(x))
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        names = [f.name for f in dataclasses.fields(x)]
        new = copy.copy(x)
        for name in names:
            parts = [_part(o, lambda o: getattr(o, name)) for o in others]
            object.__setattr__(new, name, combine(fn, getattr(x, name), *parts))
        return new
    return fn(x, *others) if is_leaf(x) else None


def _part(x: Any, get: Callable[[Any], Any]) -> Any:
    return None if x is None else get(x)


def leaves(x: Any) -> list[Any]:
    """Return the leaves of a structure in order."""
    found: list[Any] = []
    combine(found.append, x)
    return found


def random_like(x: Any, rng: np.random.Generator) -> Any:
    """Return a random direction at x: its structure, standard normal leaves."""

    def draw(leaf: Any) -> Any:
        real = rng.standard_normal(np.shape(leaf))
        if np.iscomplexobj(leaf):
            real = real + 1j * rng.standard_normal(np.shape(leaf))
        return real if isinstance(leaf, np.ndarray) else real[()]

    return combine(draw, x)


def seed_like(value: Any, rng: np.random.Generator) -> Any:
    """Return a random cotangent for a result, with its types."""

    def draw(leaf: Any) -> Any:
        g = random_like(leaf, rng)
        if isinstance(leaf, np.ndarray):
            return np.asarray(g).astype(leaf.dtype)
        return leaf.dtype.type(g) if isinstance(leaf, np.generic) else type(leaf)(g)

    return combine(draw, value)


def moved(x: Any, direction: Any, t: float) -> Any:
    """Return a deep copy of x, moved by t along a direction."""
    if isinstance(x, dict):
        return {k: moved(v, _part(direction, lambda d: d[k]), t) for k, v in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*(moved(v, _part(direction, lambda d: d[i]), t) for i, v in enumerate(x)))
    if isinstance(x, (list, tuple)):
        return type(x)(moved(v, _part(direction, lambda d: d[i]), t) for i, v in enumerate(x))
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        new = copy.copy(x)
        for f in dataclasses.fields(x):
            part = _part(direction, lambda d: getattr(d, f.name))
            object.__setattr__(new, f.name, moved(getattr(x, f.name), part, t))
        return new
    if direction is None or not is_leaf(x):
        return copy.deepcopy(x)
    if isinstance(x, np.ndarray):
        return np.array(x + t * direction, dtype=x.dtype, order="K")
    return type(x)(x + t * direction)


def inner(a: Any, b: Any) -> float:
    """Return the real inner product of two structures; None counts as zero.

    Complex leaves follow the convention df = Re(sum(g * dz)).
    """
    total = 0.0

    def add(x: Any, y: Any) -> None:
        nonlocal total
        if y is not None:
            total += float(np.real(np.sum(np.asarray(x) * np.asarray(y))))

    if a is not None:
        combine(add, a, b)
    return total


def derivative(f: Callable[[float], float], step: float = STEP) -> tuple[float, float]:
    """Return f'(0) and an estimate of its error (Ridders: extrapolated central differences)."""
    table: list[float] = []
    best, error = float("nan"), float("inf")
    h = step
    for _ in range(STAGES):
        row = [(f(h) - f(-h)) / (2.0 * h)]
        factor = SHRINK * SHRINK
        for previous in table:
            row.append((row[-1] * factor - previous) / (factor - 1.0))
            factor *= SHRINK * SHRINK
            e = max(abs(row[-1] - row[-2]), abs(row[-1] - previous))
            if e <= error:
                best, error = row[-1], e
        if table and abs(row[-1] - table[-1]) >= 4.0 * error:
            break
        table = row
        h /= SHRINK
    return best, error


def directional(
    f: Callable[..., Any], args: Sequence[Any], direction: Any, seed: Any = 1.0, step: float = STEP
) -> tuple[float, float]:
    """Return the derivative of <seed, f(args)> along a direction, and its error."""
    args = tuple(args)
    size = max((float(np.max(np.abs(d), initial=0.0)) for d in leaves(direction)), default=0.0)
    if size == 0.0:
        return 0.0, 0.0
    return derivative(lambda t: inner(f(*moved(args, direction, t)), seed), step / max(size, 1.0))


def jump(f: Callable[..., Any], args: Sequence[Any], direction: Any, seed: Any = 1.0, step: float = 1e-5) -> float:
    """Return how much the one-sided derivatives along a direction differ: about 0 unless there is a kink."""
    args = tuple(args)
    size = max((float(np.max(np.abs(d), initial=0.0)) for d in leaves(direction)), default=0.0)
    h = step / max(size, 1.0)
    after, here, before = (inner(f(*moved(args, direction, t)), seed) for t in (h, 0.0, -h))
    return abs(after - 2.0 * here + before) / h


def gradient(f: Callable[..., Any], args: Sequence[Any], seed: Any = 1.0, step: float = STEP) -> tuple[Any, ...]:
    """Return the gradient of <seed, f(args)> for every argument, element by element (real leaves only)."""
    args = tuple(args)

    found: list[Any] = []
    for k, x in enumerate(leaves(args)):
        unit = np.zeros(np.shape(x))
        out = np.zeros(np.shape(x))
        for at in np.ndindex(out.shape):
            unit[at] = 1.0
            direction = _only(args, k, unit if isinstance(x, np.ndarray) else 1.0)
            out[at] = directional(f, args, direction, seed, step)[0]
            unit[at] = 0.0
        found.append(out[()])
    queue = iter(found)
    return tuple(combine(lambda _: next(queue), args))


def _only(args: Any, k: int, value: Any) -> Any:
    """Return the direction that moves leaf number k alone."""
    position = iter(range(10**9))

    def pick(x: Any) -> Any:
        chosen = next(position) == k
        return value if chosen else (np.zeros(np.shape(x)) if isinstance(x, np.ndarray) else 0.0)

    return combine(pick, args)


def mismatch(grad: Any, args: Any) -> str:
    """Say in which leaf a gradient does not have the type, shape or dtype of its argument ("" if in none)."""
    problems: list[str] = []

    def look(x: Any, g: Any) -> None:
        if g is None:
            return
        if isinstance(x, np.ndarray):
            if not isinstance(g, np.ndarray) or g.shape != x.shape or g.dtype != x.dtype:
                problems.append(f"{type(g).__name__} {getattr(g, 'dtype', '')}{np.shape(g)} for {x.dtype}{x.shape}")
        elif isinstance(x, np.generic):
            if np.shape(g) != () or np.asarray(g).dtype != x.dtype:
                problems.append(f"{type(g).__name__} for {type(x).__name__}")
        elif not isinstance(g, type(x)):
            problems.append(f"{type(g).__name__} for {type(x).__name__}")

    try:
        combine(look, args, grad)
    except (TypeError, KeyError, IndexError, AttributeError) as e:
        return f"structure: {type(e).__name__}: {e}"
    return "; ".join(problems)


def equal(a: Any, b: Any) -> bool:
    """Say whether two structures are the same, NaN equal to NaN."""
    try:
        np.testing.assert_equal(a, b)
    except AssertionError:
        return False
    return True


def close(a: Any, b: Any, rtol: float = 1e-9, atol: float = 1e-11) -> bool:
    """Say whether two structures of one shape are equal up to rounding; leaves that are not numbers must be equal."""
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(close(a[k], b[k], rtol, atol) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(close(x, y, rtol, atol) for x, y in zip(a, b))
    if dataclasses.is_dataclass(a) and not isinstance(a, type):
        return type(a) is type(b) and close(vars(a), vars(b), rtol, atol)
    if is_leaf(a) or isinstance(a, (int, np.ndarray, np.generic)):
        return np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol, atol, equal_nan=True))
    return bool(a == b)


def assert_gradient(
    f: Callable[..., Any],
    grads: Sequence[Any],
    args: Sequence[Any],
    seed: Any = 1.0,
    rtol: float = 1e-6,
    directions: int = 2,
) -> None:
    """Compare gradients (one per argument, None for none) with differences along random directions.

    A failure shows all elements of both.
    """
    args = tuple(args)
    rng = np.random.default_rng(20240229)
    for _ in range(directions):
        # Arguments that nobody asked about stand still.
        direction = tuple(None if g is None else random_like(a, rng) for a, g in zip(args, grads))
        expected, error = directional(f, args, direction, seed)
        found = inner(direction, tuple(grads))
        size = 1.0 + abs(expected)
        if not abs(found - expected) <= rtol * size + 4.0 * min(error, 1e-3 * size):
            elements = gradient(f, args, seed)
            raise AssertionError(
                f"directional derivative {found!r}, by differences {expected!r} (error {error:.1e})\n"
                f"gradient:       {tuple(grads)}\nby differences: {elements}"
            )


def is_beside_kink(
    f: Callable[..., Any],
    grads: Sequence[Any],
    args: Sequence[Any],
    seed: Any = 1.0,
    step: float = 1e-6,
    rtol: float = 1e-4,
) -> bool:
    """Say whether differences can't judge these gradients: a kink at the point, or a jump within the usual step.

    A jump within the usual step is only an excuse if tiny steps agree with the gradients.
    """
    args = tuple(args)
    rng = np.random.default_rng(20240229)
    direction = tuple(None if g is None else random_like(a, rng) for a, g in zip(args, grads))
    # One central difference: to extrapolate between steps this small would only enlarge their rounding.
    size = max((float(np.max(np.abs(d), initial=0.0)) for d in leaves(direction)), default=0.0)
    h = step / max(size, 1.0)
    after, before = (inner(f(*moved(args, direction, t)), seed) for t in (h, -h))
    slope = (after - before) / (2.0 * h)
    if abs(inner(direction, tuple(grads)) - slope) <= rtol * (1.0 + abs(slope)):
        return True
    return jump(f, args, direction, seed, step) > 1e-3 * (1.0 + abs(slope))
