"""The builtins and functions of the library that a function of the interpreter carries out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Handler = Callable[..., Any]
HANDLERS: dict[Any, Handler] = {}


def handles(*fns: Any) -> Callable[[Handler], Handler]:
    """Mark what carries out calls of these functions: `handler(engine, args, kwargs, hint)`."""

    def mark(h: Handler) -> Handler:
        for fn in fns:
            HANDLERS[fn] = h
        return h

    return mark


def find(fn: Any) -> Handler | None:
    """Return what carries out calls of a function."""
    try:
        return HANDLERS.get(fn)
    except TypeError:
        return None
