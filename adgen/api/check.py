"""`check_grads`: derivatives against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any, Literal, NamedTuple

import numpy as np

from adgen.api.plain import attributes_of, is_plain
from adgen.api.request import Options
from adgen.api.resolve import Names
from adgen.api.signature import is_floating_key, key_of

Check = Literal["rev", "fwd"]
_STEPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


def check_grads(
    fn: Callable[..., Any],
    args: Sequence[Any],
    modes: Sequence[Check] = ("rev", "fwd"),
    order: int = 2,
    *,
    of: Names | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    seed: int = 0,
) -> None:
    """Compare a function's derivatives at `args` with central differences.

    Each floating-point argument is moved in a random direction (from `seed`); the difference quotient, taken at
    several step sizes of which the best counts, is compared with the forward mode's tangent ("fwd") and with the
    reverse mode's gradient ("rev"). `of` names what is differentiated in place of the result. With `order=2` the
    gradient is then checked as a function of its own. Tolerances are widened for float32. Raises `CheckError` (an
    `AssertionError`) with a report of every comparison that failed.

    >>> import adgen
    >>> adgen.check_grads(lambda x, y: x * y * y, (2.0, 3.0), order=1)
    """
    from adgen.api.grad import Gradient, make_options
    from adgen.errors import CheckError, UsageError

    args = tuple(args)
    floating = [i for i, x in enumerate(args) if is_floating_key(key_of(x))]
    if not floating:
        raise UsageError(what="check_grads: no argument is floating point, so there is nothing to check")
    unknown = set(modes) - {"rev", "fwd"}
    if unknown or order not in (1, 2):
        raise UsageError(what="check_grads: modes are 'rev' and 'fwd', order is 1 or 2")
    failures = [
        row
        for row in _compare(fn, args, floating, modes, np.random.default_rng(seed), of)
        if not row.is_close(rtol, atol)
    ]
    name = getattr(fn, "__qualname__", repr(fn)) + ("_grad" if isinstance(fn, Gradient) else "")
    if failures:
        raise CheckError(
            what=f"the derivative of {name} differs from finite differences",
            why="\n".join(_report(failures)),
            instead="look at the rules of the functions it calls, and for kinks near these arguments",
        )
    if order == 2:
        gradient: Gradient[Any, Any] = Gradient(fn, "grad", tuple(floating), make_options(of, (), "zero"))
        check_grads(gradient, args, modes, 1, rtol=rtol * 10, atol=atol * 100, seed=seed + 1)


class _Row(NamedTuple):
    mode: Check
    argument: str
    expected: float
    found: float
    exact: bool  # whether all numbers had double precision

    def is_close(self, rtol: float, atol: float) -> bool:
        if not self.exact:
            rtol, atol = max(rtol, 2e-2), max(atol, 1e-3)
        return bool(np.isclose(self.found, self.expected, rtol=rtol, atol=atol, equal_nan=True))


def _report(rows: list[_Row]) -> list[str]:
    lines = [f"  {'mode':<5}{'argument':<12}{'difference quotient':>24}{'adgen':>24}"]
    for r in rows:
        lines.append(f"  {r.mode:<5}{r.argument:<12}{r.expected:>24.12g}{r.found:>24.12g}")
    return lines


def _compare(
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    floating: list[int],
    modes: Sequence[Check],
    rng: np.random.Generator,
    of: Names | None,
) -> Iterator[_Row]:
    from adgen.api.grad import unwrap
    from adgen.api.names import parameters_of
    from adgen.api.products import jvp, vjp

    named: dict[str, Any] = {} if of is None else {"of": of}

    run = _runnable(fn, args) if of is None else fn

    def primal(*given: Any) -> Any:
        return run(*given) if of is None else vjp(fn, *given, **named)[0]

    value, pullback = vjp(fn, *_copy(args), **named) if "rev" in modes else (primal(*_copy(args)), None)
    names = [p.name for p in parameters_of(unwrap(fn, Options())[0])]
    exact = all(_is_double(x) for x in (*(args[i] for i in floating), value))
    seed = _direction(value, rng)
    gradients = pullback(seed) if pullback is not None else ()
    for i in floating:
        name = names[min(i, len(names) - 1)]
        v = _direction(args[i], rng)
        forward = None
        if "fwd" in modes:
            primals = _copy(args)
            forward = _dot(seed, jvp(fn, primals, tuple(v if j == i else None for j in range(len(args))), of=of)[1])
        reverse = _dot(gradients[i], v) if pullback is not None else None
        found = reverse if reverse is not None else forward
        expected = _difference(primal, args, i, v, seed, exact, 0.0 if found is None else found)
        if reverse is not None:
            yield _Row("rev", name, expected, reverse, exact)
        if forward is not None:
            yield _Row("fwd", name, expected, forward, exact)


def _runnable(fn: Callable[..., Any], args: tuple[Any, ...]) -> Callable[..., Any]:
    """Return what computes the values of a function: one that takes gradients of its own values must be compiled."""
    from adgen.api.compiled import compile as compiled
    from adgen.api.tapes import OutsideError

    try:
        fn(*_copy(args))
    except OutsideError:
        return compiled(fn)
    return fn


def _difference(
    fn: Callable[..., Any], args: tuple[Any, ...], i: int, v: Any, seed: Any, exact: bool, near: float
) -> float:
    """Return the quotient that lies nearest: the best step size is not known beforehand."""
    found: list[float] = []
    for h in _STEPS if exact else (3e-2, 1e-2, 3e-3):
        ahead, behind = list(_copy(args)), list(_copy(args))
        ahead[i], behind[i] = _move(args[i], v, h), _move(args[i], v, -h)
        found.append((_dot(seed, fn(*ahead)) - _dot(seed, fn(*behind))) / (2.0 * h))
    return min(found, key=lambda q: abs(q - near) if q == q else np.inf)


def _leaves(x: Any) -> Iterator[Any]:
    if isinstance(x, dict):
        for v in x.values():
            yield from _leaves(v)
    elif isinstance(x, (tuple, list)):
        for v in x:
            yield from _leaves(v)
    elif hasattr(x, "__dataclass_fields__"):
        for k in x.__dataclass_fields__:
            yield from _leaves(getattr(x, k))
    elif is_plain(type(x)):
        for k in attributes_of(x):
            yield from _leaves(getattr(x, k))
    else:
        yield x


def _map(f: Callable[..., Any], x: Any, *others: Any) -> Any:
    """Apply f to the leaves of a structure and of others that are shaped like it."""
    if isinstance(x, dict):
        return {k: _map(f, v, *[None if o is None else o[k] for o in others]) for k, v in x.items()}
    if isinstance(x, (tuple, list)):
        items = [_map(f, v, *[None if o is None else o[i] for o in others]) for i, v in enumerate(x)]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    if hasattr(x, "__dataclass_fields__"):
        import dataclasses

        fields = list(x.__dataclass_fields__)
        return dataclasses.replace(
            x, **{k: _map(f, getattr(x, k), *[None if o is None else getattr(o, k) for o in others]) for k in fields}
        )
    if is_plain(type(x)):
        made = copy(x)
        for k in attributes_of(x):
            setattr(made, k, _map(f, getattr(x, k), *[None if o is None else getattr(o, k) for o in others]))
        return made
    return f(x, *others)


def _is_leaf_floating(x: Any) -> bool:
    return isinstance(x, (float, complex, np.inexact)) or (isinstance(x, np.ndarray) and x.dtype.kind in "fc")


def _is_double(x: Any) -> bool:
    return all(
        not _is_leaf_floating(v) or np.result_type(v).itemsize >= (16 if np.iscomplexobj(v) else 8) for v in _leaves(x)
    )


def _copy(args: Any) -> Any:
    return _map(lambda x: x.copy() if isinstance(x, np.ndarray) else x, args)


def _direction(x: Any, rng: np.random.Generator) -> Any:
    def one(leaf: Any) -> Any:
        if not _is_leaf_floating(leaf):
            return None
        v: Any = rng.standard_normal(np.shape(leaf))
        if np.iscomplexobj(leaf):
            v = v + 1j * rng.standard_normal(np.shape(leaf))
        if isinstance(leaf, np.ndarray):
            return np.asarray(v, dtype=leaf.dtype)
        return type(leaf)(v)

    return _map(one, x)


def _move(x: Any, v: Any, h: float) -> Any:
    return _map(
        lambda a, d: (
            a if d is None else (a + h * d).astype(a.dtype) if isinstance(a, np.ndarray) else type(a)(a + h * d)
        ),
        x,
        v,
    )


def _dot(a: Any, b: Any) -> float:
    """Return the sum of products of the floating leaves; a missing one counts as zero.

    For complex numbers it is the real part of the product, as for gradients `df/dx - i df/dy`.
    """
    if a is None or b is None:
        return 0.0
    total = 0.0
    for x, y in zip(_leaves(a), _leaves(b), strict=True):
        if x is not None and y is not None and _is_leaf_floating(np.asarray(x)):
            total += float(np.real(np.sum(np.asarray(x, dtype=_wide(x)) * np.asarray(y))))
    return total


def _wide(x: Any) -> type:
    return complex if np.iscomplexobj(x) else float
