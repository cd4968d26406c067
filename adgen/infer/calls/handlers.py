"""The builtins and functions of the library that a function of the interpreter carries out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adgen.errors import AdgenError, UnsupportedError

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

Handler = Callable[..., Any]
HANDLERS: dict[Any, Handler] = {}

# How many arguments those take at least and at most that `inspect` knows nothing of.
COUNTS: dict[Any, tuple[int, int]] = {
    range: (1, 3), map: (2, 99), getattr: (2, 3), filter: (2, 2), iter: (1, 2), next: (1, 2), max: (1, 99),
    min: (1, 99), dict.pop: (2, 3),
}  # fmt: skip


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


def bind(e: Engine, name: str, params: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name: `"iterable func= * initial="`, where `=` marks what may be missing."""
    words = params.replace("*", "").split()
    names, needed = [w.rstrip("=") for w in words], [w for w in words if not w.endswith("=")]
    positional = names[: len(params.partition("*")[0].split())]
    given = dict(zip(positional, args, strict=False)) | dict(kwargs)
    wrong = [n for n in given if n not in names] or [n for n in needed if n not in given]
    if wrong or len(args) > len(positional) or len(given) < len(args) + len(kwargs):
        raise UnsupportedError(
            what=f"this call of {name}({', '.join(names)})",
            why="the program would raise TypeError here",
            origin=e.origin,
        )
    return given


def refuse_count(e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], error: Exception) -> None:
    """Refuse a call of a function of Python that failed, if it does not take these arguments."""
    if fn is not None and not isinstance(error, AdgenError) and not _takes(fn, args, kwargs):
        raise UnsupportedError(
            what=f"these arguments of {fn.__name__}()", why="the program would raise TypeError here", origin=e.origin
        ) from error


def _takes(fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    least, most = COUNTS.get(fn, (0, 99))
    if not least <= len(args) <= most:
        return False
    try:
        inspect.signature(fn).bind(*args, **kwargs)
    except TypeError:
        return False
    except ValueError:  # it has none
        return True
    return True
