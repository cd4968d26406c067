"""NumPy's objects that are subscripted, not called: np.mgrid, np.ogrid, np.r_, np.c_.

Each is a formula over what stands between the brackets. A slice arrives as a `Span`; `alone` says that there was no
comma.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from adgen.rules.registry import Formula

SUBSCRIPTS: dict[int, Formula] = {}


class Span(NamedTuple):
    start: Any
    stop: Any
    step: Any


def stands_for(thing: Any, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def mark(define: Callable[..., Any]) -> Callable[..., Any]:
        SUBSCRIPTS[id(thing)] = Formula(name, thing, define, ())
        return define

    return mark


def points(span: Span) -> Any:
    """Return the numbers of a slice; an imaginary step counts them."""
    start = 0 if span.start is None else span.start
    if span.step is None:
        return np.arange(start, span.stop)
    if isinstance(span.step, complex):
        return np.linspace(start, span.stop, int(abs(span.step)))
    return np.arange(start, span.stop, span.step)


@stands_for(np.mgrid, "np.mgrid")
def mgrid(*spans: Any, alone: bool = False) -> Any:
    if alone:
        return points(spans[0])
    return np.stack(np.meshgrid(*[points(s) for s in spans], indexing="ij"))


@stands_for(np.ogrid, "np.ogrid")
def ogrid(*spans: Any, alone: bool = False) -> Any:
    if alone:
        return points(spans[0])
    axes = [points(s) for s in spans]
    dtype = np.result_type(*axes)
    return tuple([a.astype(dtype) for a in np.meshgrid(*axes, indexing="ij", sparse=True)])


def parts_of(items: Any) -> Any:
    return [points(i) if isinstance(i, Span) else i for i in items]


@stands_for(np.r_, "np.r_")
def r_(*items: Any, alone: bool = False) -> Any:
    parts = parts_of(items)
    dtype = np.result_type(*parts)
    return np.concatenate([np.atleast_1d(np.asarray(p, dtype=dtype)) for p in parts])


@stands_for(np.c_, "np.c_")
def c_(*items: Any, alone: bool = False) -> Any:
    parts = parts_of(items)
    dtype = np.result_type(*parts)
    columns = [np.asarray(p, dtype=dtype) for p in parts]
    return np.concatenate([c if c.ndim > 1 else np.reshape(c, (-1, 1)) for c in columns], axis=-1)
